"""Embedded data and readers for users' own: labelled arrays with unit, year and source."""

from neg.data.blocks import split_chain
from neg.data.countries import country_codes
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
from neg.data.maps import borders, cities, distances, land, places, ports
from neg.data.readers import (
    FileFormat,
    PairColumns,
    Regions,
    merge_small_flows,
    read_commuting,
    read_gravity,
    read_icio,
    read_matrix,
    read_pairs,
    read_regions,
    read_wiod,
)
from neg.data.sources import sources
from neg.data.table import Table
from neg.data.treatments import from_flows, merge_small
from neg.data.write import save, write_csv, write_latex, write_netcdf

__all__ = [
    "ASEAN",
    "ASEAN_PLUS_SIX",
    "CLMV",
    "EAST_ASIA",
    "EAST_ASIA_PACIFIC",
    "RCEP",
    "REGIONS",
    "FileFormat",
    "PairColumns",
    "Regions",
    "Table",
    "asia7",
    "borders",
    "cities",
    "country_codes",
    "distances",
    "facts",
    "from_flows",
    "land",
    "load_icio",
    "merge_small",
    "merge_small_flows",
    "places",
    "ports",
    "read_commuting",
    "read_gravity",
    "read_icio",
    "read_matrix",
    "read_pairs",
    "read_regions",
    "read_wiod",
    "save",
    "sources",
    "split_chain",
    "write_csv",
    "write_latex",
    "write_netcdf",
]


def __dir__() -> list[str]:
    return list(__all__)
