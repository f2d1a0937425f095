"""Embedded data and readers for users' own: labelled arrays with unit, year and source."""

from neg.data.embedded import asia7, facts, load_icio
from neg.data.groups import (
    ASEAN,
    ASEAN_PLUS_SIX,
    CLMV,
    EAST_ASIA,
    EAST_ASIA_PACIFIC,
    RCEP,
    REGIONS,
)
from neg.data.maps import borders, cities, distances, land, places
from neg.data.sources import sources
from neg.data.table import Table

__all__ = [
    "ASEAN",
    "ASEAN_PLUS_SIX",
    "CLMV",
    "EAST_ASIA",
    "EAST_ASIA_PACIFIC",
    "RCEP",
    "REGIONS",
    "Table",
    "asia7",
    "borders",
    "cities",
    "distances",
    "facts",
    "land",
    "load_icio",
    "places",
    "sources",
]
