"""The path of an economy in time as arrays: differentiable, also inside compiled code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from neg.core.checks import check_kind, check_labels
from neg.core.compilation import own_settings
from neg.core.numbers import as_float
from neg.economy.model import Model
from neg.solvers.dynamics import Dynamics, dynamics_of, follow_all
from neg.solvers.short_run import check_distribution


@own_settings
def trajectory(
    model: Model,
    start: Any,
    times: Any,
    dynamics: str | Dynamics = "replicator",
    *,
    stocks: Mapping[str, Any] | None = None,
    tolerance: float = 1e-8,
) -> dict[str, Array]:
    """What :func:`neg.paths` follows, as arrays that gradients pass through.

    ``start`` is one distribution, ``times`` increase from the start on, ``stocks`` are levels at
    the start, by ``label.name``; left out, they rest there (and their derivatives are those of the
    rest point). Returns ``x [time, cell]``, ``payoff [time, cell]`` and the level of each stock
    under its name, ``[time, ...]``; all NaN, and so all derivatives, where the path could not be
    followed to the end. Derivatives with respect to parameters, start and stocks are those of the
    steps taken (reverse mode), exact up to ``tolerance``.

    >>> import jax
    >>> from neg.firms import TakeOff
    >>> end = lambda lam: trajectory(TakeOff().with_(lam=lam), [0.3, 0.7], [0.0, 5.0])["x"][-1, 0]
    >>> bool(jax.grad(end)(0.25) > 0)
    True
    """
    check_kind("model", model, Model)
    x = check_distribution(model, as_float(start, "start"))
    if stocks is not None:
        check_labels("stocks", sorted(stocks), sorted(model.stock_names))
    given = {name: jnp.log(as_float(level, name)) for name, level in (stocks or {}).items()}
    times = as_float(times, "times")
    rule, close = dynamics_of(dynamics), jnp.asarray(tolerance)
    found, levels, value, ok = follow_all(model, x[None], given, times, rule, (), close)
    good = jnp.where(ok[0], 1.0, jnp.nan)
    held = {name: jnp.exp(level[0]) * good for name, level in levels.items()}
    return {"x": found[0] * good, "payoff": value[0] * good} | held
