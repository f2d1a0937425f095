"""How to spend a budget of lower border costs over pairs so that incomes rise most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.core.checks import check_range, check_shape
from neg.core.compilation import quick_jit
from neg.core.errors import ConvergenceError, InvalidDataError, unknown_name
from neg.economy.general import General
from neg.estimation.equilibrium import Near, near, solve_near
from neg.estimation.program import Seen, solve_program


class BorderPolicy(NamedTuple):
    """The best cut of border costs under a budget beside equal cuts of the same budget.

    ``cut`` and ``equal`` are log cuts ``[origin, destination]``; ``gain`` and ``equal_gain`` the
    exact log changes of the members' total welfare. ``shadow_price`` is the derivative of the
    gain with respect to the budget; ``gradient`` what is left of the first-order conditions, per
    full range of a cut.
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

        maximise log sum_members welfare    over log cuts c_ij in [0, cap]
        subject to sum_ij c_ij s_ij <= budget,   s_ij = trade_ij / trade of all pairs at the start

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
    inside, none = jnp.asarray(belongs), jnp.zeros((len(places), len(places)))
    here = near(economy)
    start, _, before, here = _gain(none, economy, inside, here)
    weight = np.where(chosen, np.asarray(before), 0.0)
    if not weight.sum() > 0:
        raise InvalidDataError("the pairs that may be cut do not trade; there is nothing to cut")
    # Pairs without trade cost nothing and gain nothing: they are left alone.
    allowed, weight = weight > 0, weight / weight.sum()
    check_range("budget", budget, 0.0, cap, low_open=True, high_open=True)
    share = weight[allowed]

    def look(cut: np.ndarray) -> Seen:
        nonlocal here
        value, slope, _, here = _gain(none.at[allowed].set(cut), economy, inside, here)
        left = np.asarray([budget - share @ cut])
        return Seen(float(value - start), np.asarray(slope)[allowed], left, -share[None])

    even = np.full(share.shape, budget)
    low, high = np.zeros(share.shape), np.full(share.shape, cap)
    end = solve_program(look, even, low, high, tolerance=tolerance, max_steps=max_steps)
    if not end.residual <= tolerance:
        raise ConvergenceError(
            f"best border cuts: gradient {end.residual:.3g} after {end.steps} steps; "
            f"must be at most {tolerance:g}"
        )
    matrices = []
    for cut in (end.v, even):
        matrix = np.zeros((len(places), len(places)))
        matrix[allowed] = cut
        matrices.append(matrix)
    price, gain = float(end.multipliers[0]), look(even).value
    return BorderPolicy(
        matrices[0], matrices[1], end.seen.value, gain, price, end.residual, end.steps
    )


@quick_jit
def _gain(cut: Array, economy: Any, inside: Array, start: Near) -> tuple[Array, Array, Array, Near]:
    """Log welfare of the members under a matrix of cuts, its gradient, and trade by pair."""

    def value(cut: Array) -> tuple[Array, tuple[Array, Near]]:
        lower = economy.with_(tau=economy.tau * jnp.exp(-cut)[..., None])
        solution, after, good = solve_near(lower, start)
        out = solution.outcomes
        total = jnp.sum(jnp.where(inside, out["welfare"], 0.0)) * jnp.where(good, 1.0, jnp.nan)
        return jnp.log(total), (jnp.sum(out["trade"], axis=2), after)

    (found, (trade, after)), slope = jax.value_and_grad(value, has_aux=True)(cut)
    return found, slope, trade, after
