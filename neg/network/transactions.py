"""Transactions by how long they take from door to door: local, neighbouring, regional, world."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from neg.core.checks import check_finite, check_range, check_shape
from neg.core.errors import InvalidDataError

NAMES = ("local", "neighbouring", "regional", "world")
EDGES = (2.5, 168.0, 336.0)
"""Hours at which the layers meet: two and a half hours, a week, two weeks."""
KM = (100.0, 1500.0, 6000.0)
"""The same by distance."""


def time_layers(
    hours: Any, value: Any, *, edges: tuple[float, ...] = EDGES, names: tuple[str, ...] = NAMES
) -> xr.DataArray:
    """Share of each layer in the value of transactions.

        share_b = sum of value with edge_(b-1) <= hours < edge_b, over the total

    Half-open bins: what takes exactly an edge belongs to the layer above. Between two and a half
    hours and a day, and beyond two months, transactions count with their neighbours. Sales of a
    place to itself count with whatever hours are given for them.

    Args:
        hours: from door to door (or km, with ``edges=KM``), any shape, not negative.
        value: of each transaction, the same shape, not negative.
        edges: where layers meet, rising.
        names: of the layers, one more than edges.

    >>> time_layers([1.0, 2.5, 400.0], [1, 2, 1]).values.tolist()
    [0.25, 0.5, 0.0, 0.25]
    """
    _check(hours, value, edges, names)
    bins = layer_index(hours, edges)
    total = np.bincount(
        bins.ravel(), np.asarray(value, dtype=float).ravel(), minlength=len(edges) + 1
    )
    return xr.DataArray(
        total / total.sum(),
        dims=("layer",),
        coords={"layer": list(names)},
        name="share of transactions",
        attrs={"units": "1"},
    )


def layer_index(hours: Any, edges: tuple[float, ...] = EDGES) -> np.ndarray:
    """Number of the layer of each transaction.

    >>> layer_index([1.0, 2.5, 167.9, 168.0]).tolist()
    [0, 1, 1, 2]
    """
    return np.digitize(np.asarray(hours, dtype=float), np.asarray(edges))


def smooth_time_layers(
    hours: Any, value: Any, *, edges: tuple[float, ...] = EDGES, width: float = 0.1
) -> Float[Array, " layer"]:
    """The same shares with soft edges, for gradients: logistic in log hours, of this width.

        above_b = 1 / (1 + (edge_b / hours)^(1 / width));   share_b = mean of above_(b-1) - above_b

    Tends to :func:`time_layers` as the width falls.
    """
    check_range("width", width, 0.0, low_open=True)
    h, v = jnp.asarray(hours, dtype=float), jnp.asarray(value, dtype=float)
    logs = jnp.where(h > 0, jnp.log(jnp.where(h > 0, h, 1.0)), -jnp.inf)
    gap = (logs[..., None] - jnp.log(jnp.asarray(edges))) / width
    above = jax.nn.sigmoid(gap)
    ones = jnp.ones((*h.shape, 1))
    share = jnp.concatenate([ones, above], axis=-1) - jnp.concatenate([above, 0.0 * ones], axis=-1)
    axes = tuple(range(h.ndim))
    return jnp.sum(share * v[..., None], axis=axes) / jnp.sum(v)


def _check(hours: Any, value: Any, edges: tuple[float, ...], names: tuple[str, ...]) -> None:
    check_shape("value", value, np.shape(hours))
    check_finite("value", value, nonnegative=True)
    if np.any(~(np.asarray(hours, dtype=float) >= 0)):
        raise InvalidDataError("hours must be numbers, not negative")
    if not np.sum(value) > 0:
        raise InvalidDataError("value adds up to nothing; must be positive somewhere")
    if list(edges) != sorted(set(edges)) or len(names) != len(edges) + 1:
        raise InvalidDataError(
            f"edges {edges} and names {names} do not fit: edges must rise, with one name more"
        )
