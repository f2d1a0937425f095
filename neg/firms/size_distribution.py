"""The size distribution of firms: shares of those up to each number of workers."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from neg.core.checks import check_range
from neg.core.errors import InvalidParameterError, InvalidShapeError
from neg.core.parameters import altered
from neg.firms.melitz import Melitz
from neg.firms.selection import Selection

_SHARES = ("enterprises", "jobs", "value_added", "exports", "productivity_gap")


def size_distribution(solution: Any, limits: Any) -> xr.Dataset:
    """Shares of firms with at most so many workers in enterprises, jobs, value added and exports.

    Args:
        solution: a short or long run of :class:`neg.firms.Melitz`, or of an economy with
            :class:`neg.firms.Selection` or :class:`neg.firms.FinancedSelection`.
        limits: numbers of workers, positive and rising ``[limit]``; those of the part or model
            itself do not matter.

    Returns a data set over ``limit`` and ``place`` (and ``sector``): distribution functions, so
    that a class of sizes is a difference. ``productivity_gap`` is value added per worker of firms
    above a limit over that of firms up to it; one where there are none on either side.

    Raises :class:`neg.core.errors.InvalidParameterError` for an economy whose firms do not differ
    and for limits that are not positive and rising.

    >>> from neg import short_run
    >>> from neg.menus import Pareto
    >>> economy = Melitz(workers=[1.0], fixed=[[0.5]], productivity=Pareto(4.5))
    >>> found = size_distribution(short_run(economy), [4.0, 8.0, 1e9])
    >>> [round(float(share), 4) for share in found["enterprises"][:, 0]]
    [0.7194, 0.9106, 1.0]
    """
    given = jnp.asarray(limits, dtype=float)
    if given.ndim != 1 or given.size == 0:
        raise InvalidShapeError(f"limits has shape {given.shape}; must be a list of one or more")
    check_range("limits", given, 0.0, low_open=True)
    if (np.diff(np.asarray(given)) <= 0).any():
        raise InvalidParameterError(
            f"limits = {np.asarray(given).tolist()} is not allowed; must rise"
        )
    model = solution.model
    axes: tuple[str, ...] = ("limit", "place")
    if isinstance(model, Melitz):

        def shares(limit: Any) -> Any:
            return altered(model, limit=limit).small(solution.prices)

    else:
        firms = next((p for p in getattr(model, "parts", ()) if isinstance(p, Selection)), None)
        if firms is None:
            raise InvalidParameterError(
                "firms of the economy do not differ; must be a Melitz model, or an economy with "
                "the part 'selection' or 'financed_selection'"
            )
        scene, axes = model.scene(solution.prices, solution.x), (*axes, "sector")

        def shares(limit: Any) -> Any:
            return altered(firms, limit=limit).small(scene)

    found = jax.vmap(shares)(given)
    labels = {axis: list(model.labels[axis]) for axis in axes[1:]}
    arrays = {name: (axes, np.asarray(getattr(found, name)), {"units": "1"}) for name in _SHARES}
    return xr.Dataset(arrays, coords=labels | {"limit": ("limit", given, {"units": "workers"})})
