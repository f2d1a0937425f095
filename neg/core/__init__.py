"""What knows no economics: errors, statuses, checks, named parameters, records."""

from neg.core.rooms import furnish

__all__, __getattr__, __dir__ = furnish(__name__, __path__)
