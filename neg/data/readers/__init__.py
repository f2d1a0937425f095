"""Readers for users' own files, one per layout; errors name the file and the row."""

from neg.data.readers.commuting import read_commuting
from neg.data.readers.files import FileFormat
from neg.data.readers.flows import merge_small_flows
from neg.data.readers.gravity import read_gravity
from neg.data.readers.icio import read_icio
from neg.data.readers.pairs import PairColumns, read_matrix, read_pairs
from neg.data.readers.regions import Regions, read_regions
from neg.data.readers.wiod import read_wiod

__all__ = [
    "FileFormat",
    "PairColumns",
    "Regions",
    "merge_small_flows",
    "read_commuting",
    "read_gravity",
    "read_icio",
    "read_matrix",
    "read_pairs",
    "read_regions",
    "read_wiod",
]
