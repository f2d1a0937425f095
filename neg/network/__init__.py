"""Transport networks: places, links by mode, routes, traffic, and the trade costs they make."""

from neg.core.rooms import furnish

_OFFERED = {
    "Border": "objects",
    "Link": "objects",
    "Mode": "objects",
    "Network": "transport",
    "Place": "objects",
    "Transfer": "objects",
    "network": "transport",
    "grid": "transport",
    "least_routes": "least",
    "switch_values": "least",
    "smooth_routes": "smooth",
    "spectral_radius": "radius",
    "smallest_elasticity": "radius",
    "nested_cost": "nest",
    "Carriage": "carriage",
    "Crowding": "terms",
    "LinkCost": "objects",
    "RouteCosts": "terms",
    "Gates": "gates",
    "RoutedTrade": "routed",
    "improve_links": "investment",
    "time_layers": "transactions",
    "smooth_time_layers": "transactions",
}

__all__, __getattr__, __dir__ = furnish(__name__, __path__, _OFFERED)
