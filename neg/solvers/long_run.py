"""Long-run equilibrium: nobody gains by moving. The one that the adjustment dynamics reach.

The replicator dynamics are followed in logs of the distribution by linearly implicit steps whose
length grows as payoffs equalise; cells that die out are emptied, the equilibrium with the cells
that remain is found by Newton's method, and the payoff of every empty cell is compared with what
the group earns: corners are equilibria like any other.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from neg.core.checks import check_choice, check_kind, is_concrete
from neg.core.compilation import own_settings, quick_jit
from neg.core.errors import InvalidDataError
from neg.core.numbers import as_float
from neg.core.status import STABILITY_TOLERANCE, Stability, Status
from neg.economy.model import Groups, Model, Prices
from neg.solvers.departure import arrive, depart, flat_start
from neg.solvers.growth import largest_growth
from neg.solvers.joint import growth_at
from neg.solvers.matrix_free import METHODS
from neg.solvers.newton import newton
from neg.solvers.path import follow
from neg.solvers.replicator import EMPTY, imbalance
from neg.solvers.rescue import can_look, checked, follow_eased
from neg.solvers.short_run import (
    at_boundary,
    check_distribution,
    initial_prices,
    market_system,
)
from neg.solvers.solution import LongRun
from neg.solvers.support import entry_gain, finish, near_path, no_root, polish_at, settle_at
from neg.solvers.system import (
    distribution,
    flat_prices,
    payoff,
    stop,
    unpack,
)

DENSE_UP_TO = 1000
"""Unknowns up to which ``auto`` takes the dense method."""
_ROUNDS = 6


@own_settings
def long_run(
    model: Model,
    start: Any = None,
    *,
    tolerance: float = 1e-10,
    max_steps: int = 2000,
    method: str = "auto",
    throw: bool = True,
) -> LongRun:
    """The long-run equilibrium that the replicator dynamics reach from ``start``.

    ``start`` is a distribution; a cell that starts empty is entered only if it pays more than its
    group earns. Without a start, the model's initial distribution with a small tilt is
    taken, so that the dynamics leave it if it is unstable; a start that is itself an equilibrium
    is returned, stable or not. Differentiable along the equilibrium found; value and derivative
    are NaN without convergence, the derivative also at a fold or break point. ``method`` is
    ``dense``, ``matrix-free`` (explicit steps with prices accelerated along the way, outside
    compiled code only), or ``auto``: dense up to :data:`DENSE_UP_TO` unknowns. Raises
    :class:`neg.core.errors.ConvergenceError` if ``throw`` and no equilibrium was reached.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> found = long_run(CorePeriphery(tau=1.7), [0.9, 0.1])
    >>> [round(float(share), 6) for share in found.x], found.stable
    ([1.0, 0.0], True)
    """
    check_kind("model", model, Model)
    if start is None:
        x = tilt(model.groups, model.initial_distribution())
    else:
        x = check_distribution(model, as_float(start, "start"))
    check_choice("method", method, METHODS)
    large = method == "matrix-free" or (method == "auto" and _unknowns(model, x) > DENSE_UP_TO)
    large = large and can_look(model, x)

    def solve(economy: Model, near: LongRun | None) -> LongRun:
        here = x if near is None else near.x
        if large:
            return _along_path(economy, here, tolerance)
        return _solve(economy, here, jnp.asarray(tolerance), jnp.asarray(max_steps))

    solution = checked(model, solve(model, None))
    return at_boundary(follow_eased(model, solution, solve), throw)


def _unknowns(model: Model, x: Array) -> int:
    """Number of unknowns of a long-run equilibrium."""
    prices = jax.eval_shape(model.initial_prices, x)
    return model.groups.cells + sum(p.size for p in jax.tree.leaves(prices)) + model.groups.count


def _along_path(model: Model, x: Array, tolerance: float) -> LongRun:
    """The equilibrium at the end of the path from ``x``, without a matrix where possible."""
    try:
        path = depart(model, x)
    except InvalidDataError:  # markets do not clear at the start: no step may call that solved
        return settle_at(model, x, x > 0, flat_start(model, x), jnp.asarray(-1.0))
    mass = np.asarray(model.groups.cell_mass)
    end = np.exp(path.log_share[-1]) * mass
    used = end > EMPTY * mass
    unravel = flat_prices(model, x)[1]
    near = equilibrium_at(
        model,
        np.where(used, end, 0.0),
        used,
        prices=unravel(path.prices),
        tolerance=tolerance,
        method="matrix-free",
        throw=False,
    )
    if int(near.status) != Status.CONVERGED:
        found = arrive(model, end, path.prices)
        if int(found.status) == Status.CONVERGED:
            near = equilibrium_at(
                model,
                found.x,
                found.used,
                prices=found.prices,
                tolerance=tolerance,
                method="matrix-free",
                throw=False,
            )
    at_rest = bool(jnp.max(jnp.abs(near.x - x) / mass) < 1e-6)
    lost = near.stability is Stability.UNSTABLE and not at_rest
    if int(near.status) == Status.CONVERGED and (lost or not path.arrived):
        near = eqx.tree_at(lambda s: s.status, near, jnp.asarray(int(Status.MAX_STEPS)))
    return near


@own_settings
def equilibrium_at(
    model: Model,
    x: Any,
    used: Any,
    *,
    prices: Prices | None = None,
    tolerance: float = 1e-10,
    method: str = "auto",
    throw: bool = True,
) -> LongRun:
    """The equilibrium with the cells ``used``, by Newton's method from the distribution ``x``.

    Stable or not; status ``NOT_EQUILIBRIUM`` if some unit would gain by moving to an unused cell.
    ``method`` is ``dense`` (from the prices that clear markets at ``x``, sought from ``prices``),
    ``matrix-free`` (from ``prices``; the condition is then not computed, and the growth rate
    comes from Arnoldi's method, outside compiled code), or ``auto``: dense up to
    :data:`DENSE_UP_TO` unknowns. ``prices`` are by default the model's initial ones.

    Raises :class:`neg.core.errors.ConvergenceError` if ``throw`` and none was found.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> equilibrium_at(CorePeriphery(tau=1.5), [0.5, 0.5], [True, True]).stable
    False
    """
    check_kind("model", model, Model)
    check_choice("method", method, METHODS)
    x, used = as_float(x, "x"), jnp.asarray(used, dtype=bool)
    start = initial_prices(model, x) if prices is None else prices
    dense = method == "dense" or (method == "auto" and _unknowns(model, x) <= DENSE_UP_TO)

    def solve(economy: Model, near: LongRun | None) -> LongRun:
        here = x if near is None else near.x
        p = ravel_pytree(start if near is None else near.prices)[0].astype(float)
        if dense:
            return polish_at(economy, here, used, p, jnp.asarray(tolerance))
        return settle_at(economy, here, used, p, jnp.asarray(tolerance))

    solution = follow_eased(model, checked(model, solve(model, None)), solve)
    return at_boundary(solution if dense else with_growth(solution), throw)


def with_growth(solution: LongRun) -> LongRun:
    """The solution with its growth rate, where it can be computed: outside compiled code."""
    numbers = (solution.x, solution.prices, solution.status, solution.model.groups)
    if not is_concrete(numbers) or int(solution.status) != Status.CONVERGED:
        return solution
    if solution.model.stock_names:  # stocks move beside the distribution: judged jointly, or not
        return solution
    found = largest_growth(solution.model, solution.x, solution.prices, solution.used)
    rate, error = jnp.asarray(found.rate), jnp.asarray(found.error)
    return eqx.tree_at(lambda s: (s.growth, s.growth_error), solution, (rate, error))


def tilt(groups: Groups, x: Float[Array, " cell"], size: float = 1e-3) -> Float[Array, " cell"]:
    """The distribution moved a little, by a fixed irregular pattern, off any symmetry."""
    pattern = jnp.sin(1.0 + 2.3 * jnp.arange(x.shape[0]) ** 1.5)
    return groups.shared(x * jnp.exp(size * pattern))


@quick_jit
def _solve(model: Model, x: Array, tolerance: Array, max_steps: Array) -> LongRun:
    frozen = stop(model)
    groups = frozen.groups
    x = stop(x)
    first = newton(market_system, flat_prices(frozen, x)[0], (frozen, x))
    cleared = first.status == Status.CONVERGED
    at_rest = cleared & (imbalance(groups, x, payoff(frozen, first.z, x)) < 1e-9)

    def attempt(state: tuple) -> tuple:
        x, p, _, _, steps, _, rounds, target = state
        x, p, taken, broken = follow(frozen, x, p, target, max_steps - steps)
        root, used = near_path(frozen, x, p, tolerance)
        share, prices, _ = unpack(frozen, root.z)
        found = distribution(frozen, share, used)
        value = payoff(frozen, prices, found)
        entry = entry_gain(groups, found, value, used)
        unstable = growth_at(frozen, root.jacobian, found, value, used) > STABILITY_TOLERANCE
        near = jnp.max(jnp.abs(found - x) / groups.cell_mass) < 0.05
        near = near & (root.status == Status.CONVERGED)
        good = near & (entry <= tolerance) & (~unstable | at_rest)
        # An equilibrium to which the path does not lead is not what was asked for.
        late = jnp.where(broken, Status.STALLED, Status.MAX_STEPS)
        lost = (root.status == Status.CONVERGED) & ~good
        root = eqx.tree_at(lambda r: r.status, root, jnp.where(lost, late, root.status))
        # Not there yet: let cells that pay more be entered, leave the unstable point, go on.
        again = jnp.maximum(jnp.where(near, found, x), 1e-6 * groups.cell_mass)
        again = jnp.where(good, x, tilt(groups, again, 1e-2))
        return again, p, root, used, steps + taken, good | broken, rounds + 1, target / 10

    def unfinished(state: tuple) -> Array:
        *_, steps, done, rounds, _ = state
        return ~done & (rounds < _ROUNDS) & (steps < max_steps)

    size = x.shape[0] + first.z.shape[0] + groups.count
    empty = no_root(size, jnp.where(cleared, Status.MAX_STEPS, first.status))
    state = (x, first.z, empty, x > 0, jnp.asarray(0), ~cleared, jnp.asarray(0), jnp.asarray(1e-4))
    _, _, root, used, steps, _, _, _ = jax.lax.while_loop(unfinished, attempt, state)
    return finish(model, root, used, tolerance, steps)
