"""Firms that differ: productivity, menus of modes, ladders, entry, finance, clusters."""

from neg.firms.menu import Menu, menu
from neg.firms.productivity import LogNormal, Pareto, Productivity

__all__ = ["LogNormal", "Menu", "Pareto", "Productivity", "menu"]
