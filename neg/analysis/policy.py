"""Policy by gradient: how to spend a budget of lower border costs so that incomes rise most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.analysis.calibration import descend
from neg.core.checks import check_range, check_shape
from neg.core.compilation import quick_jit
from neg.core.errors import ConvergenceError, InvalidDataError, unknown_name
from neg.economy.general import General
from neg.solvers.short_run import short_run


class BorderPolicy(NamedTuple):
    """The best cut of border costs under a budget beside equal cuts of the same budget.

    ``cut`` and ``equal`` are log cuts ``[origin, destination]``; ``gain`` and ``equal_gain`` the
    exact log changes of the members' total welfare. ``shadow_price`` is the derivative of the
    gain with respect to the budget; ``gradient`` what is left of the first-order conditions.
    """

    cut: Float[np.ndarray, "origin destination"]
    equal: Float[np.ndarray, "origin destination"]
    gain: float
    equal_gain: float
    shadow_price: float
    gradient: float
    steps: int


def best_border_cuts(
    economy: General,
    members: Sequence[str],
    *,
    budget: float,
    cap: float,
    pairs: Bool[Array, "origin destination"] | None = None,
    tolerance: float = 1e-9,
    max_steps: int = 400,
) -> BorderPolicy:
    """Spread cuts of bilateral costs over pairs so that welfare of ``members`` rises most.

        maximise log sum_members welfare    over log cuts c_ij in (0, cap)
        subject to sum_ij c_ij s_ij = budget,   s_ij = trade_ij / trade of all pairs at the start

    A cut lowers the iceberg of a pair in every sector by the factor ``exp(-c_ij)``; a unit of the
    budget is one per cent off the trade-weighted average cost. ``pairs`` says which pairs may be
    cut, by default all between different members. Employment is held fixed.

    Leaves out: what it costs to cut a cost, beyond the budget in these units.
    """
    places = list(economy.places)
    for name in members:
        if name not in places:
            raise unknown_name("place", name, places)
    belongs = np.isin(places, members)
    between = belongs[:, None] & belongs[None, :] & ~np.eye(len(places), dtype=bool)
    chosen = between if pairs is None else np.asarray(pairs, dtype=bool)
    check_shape("pairs", chosen, (len(places), len(places)))
    check_range("cap", cap, 0.0, low_open=True)
    inside = jnp.asarray(belongs)
    none = jnp.zeros((len(places), len(places)))
    start, _, before = _gain(none, economy, inside)
    weight = np.where(chosen, np.asarray(before), 0.0)
    if not weight.sum() > 0:
        raise InvalidDataError("the pairs that may be cut do not trade; there is nothing to cut")
    # Pairs without trade cost nothing and gain nothing: they are left alone.
    allowed, weight = weight > 0, weight / weight.sum()
    check_range("budget", budget, 0.0, cap, low_open=True, high_open=True)
    share = jnp.asarray(weight[allowed])
    limits = jnp.asarray(budget), jnp.asarray(cap)

    def gain(cut: Array) -> tuple[float, Array]:
        value, slope, _ = _gain(none.at[allowed].set(cut), economy, inside)
        return float(value - start), slope[allowed]

    def loss(z: Array) -> tuple[float, Array]:
        value, slope = gain(_on_budget(z, share, *limits))
        return -value, -_back(z, share, *limits, slope)

    z, steps = descend(loss, jnp.zeros(share.shape[0]), tolerance, max_steps)
    left = float(jnp.max(jnp.abs(loss(z)[1])))
    if not left <= tolerance:
        raise ConvergenceError(
            f"best border cuts: gradient {left:.3g} after {steps} steps; "
            f"must be at most {tolerance:g}"
        )
    even = jnp.full(share.shape, budget)
    found = _on_budget(z, share, *limits)
    best_gain, slope = gain(found)
    within = (found > 0.01 * cap) & (found < 0.99 * cap)
    price = float(jnp.sum(jnp.where(within, slope, 0.0)) / jnp.sum(share * within))
    matrices = []
    for cut in (found, even):
        matrix = np.zeros((len(places), len(places)))
        matrix[allowed] = np.asarray(cut)
        matrices.append(matrix)
    return BorderPolicy(matrices[0], matrices[1], best_gain, gain(even)[0], price, left, steps)


@quick_jit
def _gain(cut: Array, economy: Any, inside: Array) -> tuple[Array, Array, Array]:
    """Log welfare of the members under a matrix of cuts, its gradient, and trade by pair."""

    def value(cut: Array) -> tuple[Array, Array]:
        lower = economy.with_(tau=economy.tau * jnp.exp(-cut)[..., None])
        out = short_run(lower).outcomes
        total = jnp.sum(jnp.where(inside, out["welfare"], 0.0))
        return jnp.log(total), jnp.sum(out["trade"], axis=2)

    (found, trade), slope = jax.value_and_grad(value, has_aux=True)(cut)
    return found, slope, trade


@jax.jit
def _back(z: Array, share: Array, budget: Array, cap: Array, slope: Array) -> Array:
    """The gradient with respect to the free unknowns of that with respect to cuts."""
    return jax.vjp(lambda free: _on_budget(free, share, budget, cap), z)[1](slope)[0]


@jax.jit
def _on_budget(z: Array, share: Array, budget: Array, cap: Array) -> Array:
    """Cuts ``cap * sigmoid(z + level)`` with the level at which they use up the budget.

    The level is found by bisection; its derivative is that of the budget condition.
    """

    def used(level: Array, z: Array) -> Array:
        return jnp.sum(share * cap * jax.nn.sigmoid(z + level)) - budget

    def halve(_: int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low + high) / 2
        over = used(middle, jax.lax.stop_gradient(z)) > 0
        return jnp.where(over, low, middle), jnp.where(over, middle, high)

    ends = (-60.0 - jnp.max(jax.lax.stop_gradient(z)), 60.0 - jnp.min(jax.lax.stop_gradient(z)))
    low, high = jax.lax.fori_loop(0, 80, halve, ends)
    level = (low + high) / 2
    slope = jax.lax.stop_gradient(jax.grad(used)(level, z))
    level = level - used(level, z) / slope  # one Newton step: exact, and carries the derivative
    return cap * jax.nn.sigmoid(z + level)
