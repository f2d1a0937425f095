"""Menus: firms that differ in productivity choose the best of some lines of profit, or none."""

from neg.menus.entry import break_even, free_entry
from neg.menus.menu import Choice, Menu, envelope
from neg.menus.productivity import LogNormal, Pareto, Productivity

__all__ = [
    "Choice",
    "LogNormal",
    "Menu",
    "Pareto",
    "Productivity",
    "break_even",
    "envelope",
    "free_entry",
]


def __dir__() -> list[str]:
    return list(__all__)
