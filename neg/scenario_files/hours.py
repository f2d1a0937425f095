"""Time layers of a file: which shares of trade on its network take how many hours."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr


def joined(economy: Any) -> np.ndarray:
    """Pairs of different places that the network of an economy joins ``[origin, destination]``.

    Where places trade through gates of the network, those without a gate are not on it.
    """
    part = next(part for part in economy.parts if part.label == "network")
    names = economy.labels["place"]
    gates = getattr(part, "gates", None)
    on = np.isin(names, [place for place, _, _ in gates] if gates is not None else names)
    return np.outer(on, on) & ~np.eye(len(names), dtype=bool)


def layers_of_hours(hours: Any, trade: Any, pairs: np.ndarray) -> xr.DataArray:
    """Share of transactions by hours from door to door, of ``pairs``; NaN where not solved.

    ``hours`` and ``trade`` are ``[origin, destination]``, or with a last axis of sectors.
    """
    from neg.network import time_layers
    from neg.network.transactions import NAMES

    hours, trade = np.asarray(hours, dtype=float), np.asarray(trade, dtype=float)
    if hours.ndim < trade.ndim:
        trade = trade.sum(axis=2)
    hours, trade = hours[pairs], trade[pairs]
    if np.isfinite(hours).all() and np.isfinite(trade).all() and trade.sum() > 0:
        found = time_layers(hours, trade)
    else:
        found = xr.DataArray(
            np.full(len(NAMES), np.nan), dims="layer", coords={"layer": list(NAMES)}
        )
    return found.rename({"layer": "time_layer"})


def side_by_side(rows: list[xr.DataArray], along: xr.DataArray) -> xr.DataArray:
    """Time layers of several economies as one variable of a data set."""
    return xr.concat(rows, along).assign_attrs(
        units="1",
        label="share of transactions",
        description="by hours from door to door, pairs of different places on the network only",
    )
