"""The general economy: places times sectors, input-output links, scale, tariffs, land, deficits."""

from neg.economy.composed import Economy
from neg.economy.general.build import general_economy
from neg.economy.general.closure import DEFICIT_RULES, REBATES, RENT_RULES
from neg.economy.general.general import GeneralEconomy
from neg.economy.general.mobility import Mobility

General = GeneralEconomy | Economy
"""A general economy, with or without parts."""

__all__ = [
    "DEFICIT_RULES",
    "REBATES",
    "RENT_RULES",
    "General",
    "GeneralEconomy",
    "Mobility",
    "general_economy",
]
