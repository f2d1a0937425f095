"""Menus: firms that differ in scale choose the best of some lines of profit, or none."""

from neg.menus.entry import free_entry
from neg.menus.menu import Choice, Menu, envelope
from neg.menus.sizes import LogNormal, Pareto, Sizes

__all__ = ["Choice", "LogNormal", "Menu", "Pareto", "Sizes", "envelope", "free_entry"]
