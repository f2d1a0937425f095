"""Growth of small deviations where stocks move in time together with the distribution."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.economy.model import Model, Prices
from neg.solvers.replicator import average_payoff
from neg.solvers.stability import growth_rate, replicator_jacobian
from neg.solvers.system import slopes_at_equilibrium


def growth_at(
    model: Model,
    jacobian: Float[Array, "unknown unknown"],
    x: Float[Array, " cell"],
    value: Float[Array, " cell"],
    used: Bool[Array, " cell"],
) -> Float[Array, ""]:
    """Largest growth rate of a deviation, read off the Jacobian of a long-run solve.

    Without stocks that of the replicator dynamics. With stocks k (in logs), which drift at rates
    ``D(p, x, k)`` while markets ``F(p, x, k) = 0`` clear at every moment, the spectrum is that of

        dx_i / dt = x_i (V_i - mean V),   dk / dt = D

    with prices eliminated: a stock that adjusts slowly may let a deviation grow that a stock at
    rest would not, and the other way round.
    """
    names = model.stock_names
    if names:  # stocks that are held are no unknowns: the distribution alone moves
        start: dict[str, Array] = model.initial_prices(x)
        names = tuple(name for name in names if name in start)
    if not names:
        slope = slopes_at_equilibrium(model, jacobian, x)
        return growth_rate(model.groups, x, value, slope, used)
    groups = model.groups
    cells, count = groups.cells, groups.count
    moves = _stock_entries(model.initial_prices(x), names)
    own = jacobian[cells + count :, cells : jacobian.shape[0] - count]
    scale = jnp.where(x > 0, 1.0 / jnp.where(x > 0, x, 1.0), 0.0)
    of_x = jacobian[cells + count :, :cells] * scale
    v_x, v_p = jacobian[:cells, :cells] * scale, jacobian[:cells, cells : -count or None]
    stock, price = np.flatnonzero(moves), np.flatnonzero(~moves)
    # Prices answer the distribution and the stocks at once.
    right = jnp.concatenate([of_x[price], own[price][:, stock]], axis=1)
    answer = -jnp.linalg.solve(own[price][:, price], right) if price.size else right[:0]
    payoffs = jnp.concatenate([v_x, v_p[:, stock]], axis=1) + v_p[:, price] @ answer
    drift = jnp.concatenate([of_x[stock], own[stock][:, stock]], axis=1)
    drift = drift + own[stock][:, price] @ answer
    inner = replicator_jacobian(groups, x, value, payoffs[:, :cells], used)
    by_stock = payoffs[:, cells:]
    mean = jnp.stack([average_payoff(groups, x, column) for column in by_stock.T], axis=1)
    outer = x[:, None] * (by_stock - mean[groups.index])
    top = jnp.concatenate([inner, jnp.where(used[:, None], outer, 0.0)], axis=1)
    matrix = jnp.concatenate([top, drift])
    safe = jnp.where(jnp.isfinite(matrix), matrix, 0.0)
    largest = jnp.max(jnp.real(jnp.linalg.eigvals(safe)))
    return jnp.where(jnp.all(jnp.isfinite(matrix)), largest, jnp.nan)


def _stock_entries(prices: Prices, names: tuple[str, ...]) -> Bool[np.ndarray, " price"]:
    """Which entries of the flat prices are stocks; flat prices go by the order of the names."""
    return np.concatenate(
        [np.full(int(np.size(prices[name])), name in names) for name in sorted(prices)]
    )
