"""Where things are and what it costs to move them: places, layouts, networks, trade costs."""

from neg.core.rooms import furnish

_OFFERED = {
    "Geography": "layouts",
    "equidistant": "layouts",
    "from_distance": "layouts",
    "hexagonal_torus": "layouts",
    "layout": "layouts",
    "line": "layouts",
    "racetrack": "layouts",
    "square_torus": "layouts",
    "star": "layouts",
}

__all__, __getattr__, __dir__ = furnish(__name__, __path__, _OFFERED)
