"""Branches of equilibria as parameters move: folds, branch points, their symmetries, diagrams."""

from neg.core.rooms import furnish

__all__, __getattr__, __dir__ = furnish(__name__, __path__)
