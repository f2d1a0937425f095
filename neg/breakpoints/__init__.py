"""Break and sustain points of a parameter, and their derivatives."""

from neg.core.rooms import furnish

__all__, __getattr__, __dir__ = furnish(__name__, __path__)
