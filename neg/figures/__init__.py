"""Arrays and records in, matplotlib axes out; nothing here solves anything."""

from neg.core.rooms import furnish

_OFFERED = {
    "Scale": "scale",
    "choropleth": "maps",
}

__all__, __getattr__, __dir__ = furnish(__name__, __path__, _OFFERED)
