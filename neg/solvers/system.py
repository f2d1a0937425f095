"""The equations of a model as flat vectors, and their derivatives: what every solver reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float

from neg.economy.model import Model, Prices


class Slopes(NamedTuple):
    """How payoffs respond to the distribution when markets clear, and what it was made of."""

    payoff: Float[Array, " cell"]
    total: Float[Array, "cell cell"]
    prices: Float[Array, "price cell"]


def flat_prices(model: Model, x: Float[Array, " cell"]) -> tuple[Array, Callable[[Array], Prices]]:
    """Initial log prices as one vector, and the function that gives them their names back."""
    flat, unravel = ravel_pytree(model.initial_prices(x))
    return flat.astype(float), unravel  # without prices the vector is empty, and float32


def market(model: Model, p: Float[Array, " price"], x: Float[Array, " cell"]) -> Array:
    """Market residual as one vector."""
    _, unravel = flat_prices(model, x)
    return ravel_pytree(model.market_residual(unravel(p), x))[0].astype(float)


def payoff(model: Model, p: Float[Array, " price"], x: Float[Array, " cell"]) -> Array:
    """Payoff of every cell at flat log prices."""
    _, unravel = flat_prices(model, x)
    return model.payoff(unravel(p), x)


def both(model: Model, p: Float[Array, " price"], x: Float[Array, " cell"]) -> tuple[Array, Array]:
    """Market residual and payoffs at flat log prices, evaluated together."""
    _, unravel = flat_prices(model, x)
    residual, value = model.evaluate(unravel(p), x)
    return ravel_pytree(residual)[0].astype(float), value


def slopes(model: Model, p: Float[Array, " price"], x: Float[Array, " cell"]) -> Slopes:
    """Derivative of payoffs with respect to the distribution through the short-run equilibrium.

    dV/dx = V_x - V_p (F_p)^-1 F_x,   dp/dx = - (F_p)^-1 F_x
    """

    def stacked(point: Array) -> tuple[Array, tuple[Array, Array]]:
        pair = both(model, point[: p.shape[0]], point[p.shape[0] :])
        return jnp.concatenate(pair), pair

    jacobian, (_, value) = jax.jacfwd(stacked, has_aux=True)(jnp.concatenate([p, x]))
    f_p, f_x = jnp.split(jacobian[: p.shape[0]], [p.shape[0]], axis=1)
    v_p, v_x = jnp.split(jacobian[p.shape[0] :], [p.shape[0]], axis=1)
    response = -jnp.linalg.solve(f_p, f_x) if p.shape[0] else jnp.zeros((0, x.shape[0]))
    return Slopes(value, v_x + v_p @ response, response)


class Unknowns(NamedTuple):
    """The unknowns of a long-run equilibrium with a given set of used cells."""

    log_share: Float[Array, " cell"]
    prices: Float[Array, " price"]
    value: Float[Array, " group"]


def pack(unknowns: Unknowns) -> Float[Array, " unknown"]:
    """The unknowns as one vector."""
    return jnp.concatenate(unknowns)


def unpack(model: Model, z: Float[Array, " unknown"]) -> Unknowns:
    """The unknowns of the vector ``z``."""
    cells, groups = model.groups.cells, model.groups.count
    return Unknowns(z[:cells], z[cells : z.shape[0] - groups], z[z.shape[0] - groups :])


def distribution(model: Model, log_share: Array, used: Bool[Array, " cell"]) -> Array:
    """Distribution of log shares of each group's mass; unused cells are exactly empty."""
    safe = jnp.where(used, log_share, 0.0)
    return jnp.where(used, model.groups.cell_mass * jnp.exp(safe), 0.0)


def long_run_residual(z: Float[Array, " unknown"], args: tuple[Model, Any]) -> Array:
    """Equilibrium conditions at a given set of used cells, in relative units.

    Used cells pay their group's value, unused cells are empty, masses add up, markets clear:

        V_i - v_g = 0 (used),  log share = 0 (unused),  sum_g x / m_g - 1 = 0,  F(p, x) = 0
    """
    model, used = args
    log_share, prices, value = unpack(model, z)
    x = distribution(model, log_share, used)
    excess, paid = both(model, prices, x)
    gap = paid - value[model.groups.index]
    return jnp.concatenate(
        [
            jnp.where(used, gap, log_share),
            model.groups.total(x) / model.groups.mass - 1.0,
            excess,
        ]
    )


def stop(tree: Any) -> Any:
    """The same tree without derivative: solvers run on it, the implicit rule adds derivatives."""
    return jax.tree.map(lambda a: jax.lax.stop_gradient(a) if eqx.is_inexact_array(a) else a, tree)


def slopes_at_equilibrium(
    model: Model, jacobian: Float[Array, "unknown unknown"], x: Float[Array, " cell"]
) -> Float[Array, "cell cell"]:
    """Total derivative of payoffs among used cells, read off the Jacobian of a long-run solve.

    Rows and columns of unused cells hold no information: their rows of the long-run residual pin
    an empty cell. Stability needs only their payoff gaps.
    """
    cells, groups = model.groups.cells, model.groups.count
    prices = slice(cells, jacobian.shape[0] - groups)
    markets = slice(cells + groups, None)
    scale = jnp.where(x > 0, 1.0 / jnp.where(x > 0, x, 1.0), 0.0)
    v_x = jacobian[:cells, :cells] * scale
    f_x = jacobian[markets, :cells] * scale
    if f_x.shape[0] == 0:
        return v_x
    response = -jnp.linalg.solve(jacobian[markets, prices], f_x)
    return v_x + jacobian[:cells, prices] @ response
