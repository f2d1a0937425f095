"""East Asia as cities: real places on a network of roads, ports and airports, and their economy.

    from neg.east_asia import city_economy

    cities = city_economy()
    found = cities.solve()

Which numbers have a source and which are assumed stands in :mod:`neg.east_asia.assumptions`.
"""

from neg.core.rooms import furnish

_OFFERED = {
    "Cities": "economy",
    "Strengths": "economy",
    "Where": "economy",
    "city_economy": "economy",
    "city_network": "network",
    "city_places": "places",
    "fit_blocks": "gravity",
    "roads": "network",
    "ASSUMPTIONS": "assumptions",
    "SOURCES": "assumptions",
}

__all__, __getattr__, __dir__ = furnish(__name__, __path__, _OFFERED)
