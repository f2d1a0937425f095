"""Equilibria of large economies: the equations of a model as one damped iteration, accelerated.

Anderson acceleration goes first, Newton's method with GMRES finishes, or takes over where the
acceleration stalls. Nothing of the size of a matrix over the unknowns is ever formed.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from neg.core.status import Status
from neg.economy.model import Model
from neg.solvers.anderson import MatrixFreeRoot, Step, anderson
from neg.solvers.hoist import hoist
from neg.solvers.krylov import implicit_matrix_free, newton_krylov
from neg.solvers.replicator import growth_of_shares
from neg.solvers.system import flat_prices, stop

METHODS = ("auto", "dense", "matrix-free")
DENSE_PRICES_UP_TO = 300
"""Unknowns up to which a dense Jacobian is faster than derivative products."""
_ACCELERATED = 150  # steps of the acceleration before Newton's method takes over


def solve_step(
    step: Step, z: Float[Array, " unknown"], tolerance: Any, max_steps: Any
) -> MatrixFreeRoot:
    """Zero of one damped iteration: accelerated first, then by Newton's method from there.

    The secants of an acceleration that converged precondition Newton's method, whose last step
    tells the error: they hold the slow directions, which cost GMRES the most.
    """
    fast = hoist(step, z)
    first, secants = anderson(fast, z, tolerance=tolerance, max_steps=_ACCELERATED)
    secants = secants.forget(first.status != Status.CONVERGED)
    root = newton_krylov(
        fast, first.z, tolerance=tolerance, max_steps=max_steps, correction=secants.mix
    )
    return MatrixFreeRoot(root.z, root.residual, root.status, first.steps + root.steps, root.error)


def market_step(p: Float[Array, " price"], args: tuple[Model, Array]) -> tuple[Array, Array]:
    """Change of log prices by one damped iteration, and the largest market residual."""
    model, x = args
    _, unravel = flat_prices(model, x)
    residual = model.market_residual(unravel(p), x)
    _, change = model.relaxation(None, residual, x)
    return ravel_pytree(change)[0], _largest(ravel_pytree(residual)[0])


def clear_markets(
    model: Model, x: Array, p: Array, tolerance: Any, max_steps: Any
) -> tuple[Array, MatrixFreeRoot]:
    """Log prices that clear the markets at ``x``, with derivatives, and how the solve ended."""
    frozen = stop((model, x))
    root = solve_step(lambda z: market_step(z, frozen), stop(p), tolerance, max_steps)
    z = implicit_matrix_free(root.z, (model, x), root.status == 0, step=_market_change)
    return z, root


def _market_change(p: Array, args: tuple[Model, Array]) -> Array:
    return market_step(p, args)[0]


def settle_step(z: Float[Array, " unknown"], args: tuple[Model, Array]) -> tuple[Array, Array]:
    """Change of log distribution and log prices by one damped iteration, and what it corrects.

    The distribution is that of log weights ``l`` over the used cells of each group,

        x = m exp(l) / sum_g exp(l),

    and the weights are pinned by asking that they add up to one.
    """
    model, used = args
    weight, p = z[: model.groups.cells], z[model.groups.cells :]
    x, total = spread(model, weight, used)
    _, unravel = flat_prices(model, x)
    prices = unravel(p)
    residual, value = model.evaluate(prices, x)
    gap = jnp.where(used, growth_of_shares(model.groups, x, value), 0.0)
    moved, change = model.relaxation(gap, residual, x)
    moved = jnp.where(used, moved - jnp.log(total)[model.groups.index], -weight)
    excess = jnp.maximum(_largest(gap), _largest(ravel_pytree(residual)[0]))
    return jnp.concatenate([moved, ravel_pytree(change)[0]]), excess


def spread(model: Model, weight: Array, used: Array) -> tuple[Array, Array]:
    """Distribution of log weights over the used cells, and the sum of weights of each group."""
    groups = model.groups
    raw = jnp.where(used, jnp.exp(jnp.where(used, weight, 0.0)), 0.0)
    total = groups.total(raw)
    return groups.cell_mass * raw / total[groups.index], total


def settle_all(
    model: Model, x: Array, used: Array, p: Array, tolerance: Any, max_steps: Any
) -> tuple[Array, Array, MatrixFreeRoot]:
    """Distribution and log prices of the equilibrium near ``x``, with derivatives."""
    frozen = stop(model)
    share = jnp.where(used, x / frozen.groups.cell_mass, 1.0)
    start = stop(jnp.concatenate([jnp.log(jnp.maximum(share, 1e-300)), p]))
    root = solve_step(lambda z: settle_step(z, (frozen, used)), start, tolerance, max_steps)
    z = implicit_matrix_free(root.z, (model, used), root.status == 0, step=_settle_change)
    cells = frozen.groups.cells
    return spread(model, z[:cells], used)[0], z[cells:], root


def _settle_change(z: Array, args: tuple[Model, Array]) -> Array:
    return settle_step(z, args)[0]


def _largest(value: Array) -> Array:
    return jnp.max(jnp.abs(value), initial=0.0)
