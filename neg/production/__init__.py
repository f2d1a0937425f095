"""How firms organise chains: set-up costs, make or buy, ownership, magnification."""

from neg.production.fragmentation import NorthSouth, fragmentation_menu, north_south
from neg.production.magnification import Magnification, magnification
from neg.production.make_or_buy import MakeOrBuy, Modes, modes, quadrants
from neg.production.ownership import Ownership
from neg.production.property_rights import property_rights_menu
from neg.production.set_up import SetUp
from neg.production.spider import spider

__all__ = [
    "Magnification",
    "MakeOrBuy",
    "Modes",
    "NorthSouth",
    "Ownership",
    "SetUp",
    "fragmentation_menu",
    "magnification",
    "modes",
    "north_south",
    "property_rights_menu",
    "quadrants",
    "spider",
]


def __dir__() -> list[str]:
    return list(__all__)
