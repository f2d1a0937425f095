"""Bifurcation diagrams: what is searched for, the branches followed, basins, records, drawings."""

from neg.core.rooms import furnish

__all__, __getattr__, __dir__ = furnish(
    __name__,
    __path__,
    dict.fromkeys(("Diagram", "Most", "NOTHING", "Search"), "diagram"),
)
