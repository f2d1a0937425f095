"""Registry of quantities: label, unit, axes and meaning, for tables, records and axis labels."""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """What a named outcome is: label for people, unit, axes of its array, one-line meaning.

    ``change`` says how two values compare: by their ``ratio``, by the ``difference`` of what may
    have either sign, or by the exponential of the difference of a ``log``.
    """

    label: str
    unit: str
    axes: tuple[str, ...]
    meaning: str
    change: str = "ratio"


_PLACE = ("place",)
_CELL = ("place", "sector")
_PAIR = ("origin", "destination", "sector")
_WAYS = ("residence", "workplace")
_MONEY = "units of the numeraire"

QUANTITIES: dict[str, Quantity] = {
    "wage": Quantity("wage", _MONEY, _CELL, "pay of one worker"),
    "mean_wage": Quantity("mean wage", _MONEY, _PLACE, "average pay of the workers of a place"),
    "unit_cost": Quantity("unit cost", _MONEY, _CELL, "cost of one unit of output"),
    "price_index": Quantity(
        "price index", _MONEY, ("place", "sector", "use"), "price of the composite good delivered"
    ),
    "consumer_index": Quantity(
        "consumer price index", _MONEY, _PLACE, "price of one unit of final consumption"
    ),
    "output": Quantity("output", _MONEY, _CELL, "revenue of the firms of a cell"),
    "output_share": Quantity(
        "share of output", "1", _CELL, "share of the place in the world's output of the sector"
    ),
    "firms": Quantity("number of firms", "baseline = output", _CELL, "output over unit cost"),
    "employment": Quantity("employment", "workers", _CELL, "people at work in a cell"),
    "hours": Quantity("hours", "baseline = 1", _CELL, "work of one worker"),
    "residents": Quantity(
        "residents", "workers", ("group", "place"), "people of a group who live in a place"
    ),
    "workers": Quantity("workers", "workers", _PLACE, "people who work in a place"),
    "residential_income": Quantity(
        "income of a resident", _MONEY, _PLACE, "average pay of those who live in a place"
    ),
    "commuting": Quantity("commuters", "workers", _WAYS, "people by where they live and work"),
    "commuting.flow": Quantity("commuters", "workers", _WAYS, "people by where they live and work"),
    "income": Quantity("income", _MONEY, _PLACE, "wages, rents, taxes and transfers of a place"),
    "consumption": Quantity(
        "consumption", "consumption baskets", _PLACE, "spendable income over consumer price index"
    ),
    "welfare": Quantity(
        "welfare",
        "consumption baskets",
        _PLACE,
        "utility of the people of a place: consumption less effort, times what else they feel",
    ),
    "gdp": Quantity("GDP", _MONEY, _PLACE, "wages, rents and taxes earned in a place"),
    "trade_balance": Quantity(
        "trade balance", _MONEY, _PLACE, "exports less imports, at the gate", "difference"
    ),
    "equivalent_variation": Quantity(
        "equivalent variation",
        _MONEY,
        _PLACE,
        "money at the baseline's prices that is worth the change of welfare",
        "difference",
    ),
    "rent": Quantity("land rent", _MONEY, _PLACE, "rent of one unit of land"),
    "tariff_revenue": Quantity("tariff revenue", _MONEY, _PLACE, "tariffs collected on imports"),
    "export_tax_revenue": Quantity(
        "export tax revenue", _MONEY, _PLACE, "taxes collected on exports"
    ),
    "grants": Quantity("grants", _MONEY, _PLACE, "what the budget adds to sales", "difference"),
    "deficit": Quantity(
        "trade deficit", _MONEY, _PLACE, "spending in excess of income earned", "difference"
    ),
    "trade": Quantity("trade flow", _MONEY, _PAIR, "sales at the factory gate"),
    "market_access": Quantity(
        "market access", "sales per unit of supply", _CELL, "what one unit of supply sells for"
    ),
    "payoff": Quantity(
        "payoff", "log real income", _CELL, "what a mobile unit earns in a cell", "log"
    ),
    "cell_payoff": Quantity(
        "payoff by cell", "log real income", ("cell",), "what the last one to come gets", "log"
    ),
    "industry_share": Quantity("share of industry", "1", _PLACE, "share of the world's industry"),
}


def describe(name: str) -> Quantity:
    """The registered quantity of this name, or a plain entry for a model's own outcome.

    >>> describe("market_access").axes, describe("tobin_q").label
    (('place', 'sector'), 'tobin q')
    """
    return QUANTITIES.get(name, Quantity(name.replace("_", " "), "model units", (), ""))
