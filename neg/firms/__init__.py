"""Firms that differ: productivity, menus of modes, ladders, entry, finance, clusters."""

from neg.firms.census import Census, Sales, census
from neg.firms.cluster import Cluster, Hub
from neg.firms.credit import Credit
from neg.firms.facts import size_facts
from neg.firms.joining import Clusters
from neg.firms.ladder import Ladder, ladder
from neg.firms.melitz import Melitz
from neg.firms.menu import Menu, menu
from neg.firms.processes import BornGlobal, Contacts, Stages
from neg.firms.productivity import LogNormal, Pareto, Productivity
from neg.firms.selection import Selection
from neg.firms.takeoff import Plants, TakeOff
from neg.firms.ways_in import WaysIn
from neg.firms.working_capital import WorkingCapital

__all__ = [
    "BornGlobal",
    "Census",
    "Cluster",
    "Clusters",
    "Contacts",
    "Credit",
    "Hub",
    "Ladder",
    "LogNormal",
    "Melitz",
    "Menu",
    "Pareto",
    "Plants",
    "Productivity",
    "Sales",
    "Selection",
    "Stages",
    "TakeOff",
    "WaysIn",
    "WorkingCapital",
    "census",
    "ladder",
    "menu",
    "size_facts",
]


def __dir__() -> list[str]:
    return list(__all__)
