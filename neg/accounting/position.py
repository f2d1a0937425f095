"""Where places and sectors stand in chains: distance to final use, crossings, trade of a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from neg.accounting.content import trade_by_origin
from neg.accounting.inverse import inverse
from neg.core.errors import unknown_name
from neg.data import Table


def position(table: Table) -> xr.Dataset:
    """Upstreamness and downstreamness of every place and sector, in stages.

        U = (I - Z / X by row)^-1 1          stages to final use (Antras and others 2012)
        D = (I - A')^-1 1                    stages behind it (Fally 2012)

    The mean of U by value added is that of D by final use: output over GDP. ``*_of_place`` and
    ``*_of_sector`` are means by output. Sectors without output have the value 1.

    >>> from neg import data
    >>> round(float(position(data.load_icio()).upstreamness_of_place.sel(place="CHN")), 6)
    2.57435
    """
    found = inverse(table)
    cells = len(found.output)
    rows = np.divide(
        found.Z, found.output[:, None], out=np.zeros_like(found.Z), where=found.output[:, None] > 0
    )
    ones = np.ones(cells)
    stages = {
        "upstreamness": np.linalg.solve(np.eye(cells) - rows, ones),
        "downstreamness": found.B.T @ ones,
    }
    weight = found.output.reshape(found.shape)
    result: dict[str, Any] = {}
    for name, values in stages.items():
        table_of = values.reshape(found.shape)
        result[name] = (("place", "sector"), table_of)
        result[f"{name}_of_place"] = (
            ("place",),
            (table_of * weight).sum(axis=1) / weight.sum(axis=1),
        )
        total = weight.sum(axis=0)
        mean = (table_of * weight).sum(axis=0) / np.where(total > 0, total, 1.0)
        result[f"{name}_of_sector"] = (("sector",), np.where(total > 0, mean, 1.0))
    return xr.Dataset(result, coords={"place": list(table.places), "sector": list(table.sectors)})


def crossings(table: Table) -> xr.Dataset:
    """Borders crossed per unit of final spending, by place, and in the world.

        (1' A_m B F_j + 1' Y_m,j) / sum F_j;         world: exports over final spending

    Own flows of regions of several countries count as domestic.
    """
    found = inverse(table)
    spent = found.final.sum(axis=0)
    inputs = (np.where(found.home, 0.0, found.A) @ (found.B @ found.final)).sum(axis=0)
    each = (inputs + found.abroad.sum(axis=0)) / spent
    world = found.exports.sum() / spent.sum()
    return xr.Dataset(
        {"crossings": ("place", each, {"units": "1"}), "world": ((), world, {"units": "1"})},
        coords={"place": list(table.places)},
    )


def group_trade(
    table: Table, members: Sequence[str], manufacturing: str = "manufacturing"
) -> xr.Dataset:
    """Trade inside a group of places: gross, in value added, and its parts and components.

    ``intra_share`` is trade inside over exports and imports of the members, ``parts_share`` what
    manufacturing of members buys of manufactures of other members over all trade in manufactures
    among them: a proxy, as tables have no classes of use by product.

    Raises :class:`neg.core.errors.UnknownNameError` for places and a sector that the table has not.
    """
    found = inverse(table)
    inside = found.members(tuple(members))
    if manufacturing not in table.sectors:
        raise unknown_name("sector", manufacturing, table.sectors)
    k = table.sectors.index(manufacturing)
    pair = inside[:, None] & inside & ~np.eye(len(inside), dtype=bool)
    trade = trade_by_origin(table)
    gross = trade.gross.values
    between = gross[pair].sum()
    value = trade.value_added.values[pair].sum()
    total = gross[inside].sum() + gross[:, inside].sum()
    manufactures = table.flows[:, :, k][pair].sum()
    parts = table.intermediate[:, k, :, k][pair].sum()
    return xr.Dataset(
        {
            "gross": ((), between, {"units": table.unit}),
            "value_added": ((), value, {"units": table.unit}),
            "value_added_over_gross": ((), value / between, {"units": "1"}),
            "intra_share": ((), 2.0 * between / total, {"units": "1"}),
            "parts_share": ((), parts / manufactures, {"units": "1"}),
        },
        attrs={"members": ", ".join(members)},
    )
