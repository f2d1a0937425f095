"""Solvers that work for any model on the protocol."""

from neg.core.rooms import furnish

__all__, __getattr__, __dir__ = furnish(__name__, __path__)
