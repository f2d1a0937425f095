"""Branches of equilibria as parameters move: folds, branch points, their symmetries, diagrams."""
