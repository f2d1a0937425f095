"""A spatial economy: what it must say, how it is composed, the general economy."""

from neg.core.rooms import furnish

_OFFERED = {
    "Economy": "composed",
    "Groups": "groups",
    "Lever": "lever",
    "Model": "model",
    "Part": "part",
    "Scene": "scene",
    "compose": "composed",
}

__all__, __getattr__, __dir__ = furnish(__name__, __path__, _OFFERED)
