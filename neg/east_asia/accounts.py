"""The accounts of places: a table of economies split over their places."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from neg import data
from neg.core.checks import check_range
from neg.core.errors import InvalidDataError
from neg.data import Table
from neg.east_asia.places import FAR

SECTORS: dict[str, tuple[str, ...]] = {
    "primary": ("food_primary",),
    "manufacturing": ("manufacturing",),
    "utilities_construction": ("utilities", "construction"),
    "trade_transport": ("trade", "transport"),
    "services": (
        *("hospitality_ict", "finance_property", "business_government", "education_health"),
        "other_services",
    ),
}
"""Five sectors of the 11 of the table."""
CARRIED = ("primary", "manufacturing")
"""Those whose goods travel on the network: the others trade without freight (assumed)."""


class Accounts(NamedTuple):
    """People and money of places (million workers, million USD) and of the table behind them."""

    table: Table
    names: tuple[str, ...]
    member: Int[np.ndarray, " place"]
    """Economy of every place, in the order of the table."""
    share: Float[np.ndarray, " place"]
    """Of the place in the output of its economy, in every sector."""
    workers: Float[np.ndarray, " place"]
    wage: Float[np.ndarray, " place"]
    """Value added over workers: USD a year."""

    def by_place(self, values: np.ndarray) -> np.ndarray:
        """Values of economies, split over their places."""
        return np.asarray(values)[self.member] * self.share.reshape(-1, *[1] * (values.ndim - 1))


def split(table: Table, places: pd.DataFrame, *, size_premium: float = 0.05) -> Accounts:
    """Split a table of economies over their places.

        share_i ~ people_i^(1 + premium),   workers_i ~ people_i      within every economy

    so that output per worker rises with the size of a place by ``size_premium``; the mix of
    sectors, costs and final uses is that of the economy everywhere. Workers are those of the Penn
    World Table. A region far away is one place; its workers are counted in units of the mean wage
    of the 18 economies.

    Raises:
        InvalidDataError: the table has other economies than the places and the regions far away.
    """
    check_range("size_premium", size_premium)
    wanted = list(dict.fromkeys(places["economy"]))
    if set(table.places) != {*wanted, *FAR}:
        other = sorted(set(table.places) ^ {*wanted, *FAR})
        raise InvalidDataError(
            f"the table and the places differ by {other}; the table must have the economies of "
            f"the places and {list(FAR)}"
        )
    names = (*(str(name) for name in places.index), *FAR)
    economy = [*places["economy"], *FAR]
    member = np.array([table.places.index(one) for one in economy])
    count = len(table.places)
    people = np.concatenate([places["population"].to_numpy(float), np.ones(len(FAR))])
    big = people ** (1.0 + size_premium)
    share = big / np.bincount(member, big, count)[member]
    facts = data.facts()["employment"].to_series()
    value_added = table.value_added.sum(axis=1)
    here = facts.reindex(table.places).to_numpy(dtype=float)
    mean = np.nansum(np.where(np.isnan(here), 0.0, value_added)) / np.nansum(here)
    workers = np.where(np.isnan(here), value_added / mean, here)
    own = workers[member] * people / np.bincount(member, people, count)[member]
    return Accounts(table, names, member, share, own, value_added[member] * share / own)
