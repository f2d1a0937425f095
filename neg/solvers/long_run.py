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
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int

from neg.core.checks import check_choice
from neg.core.status import Status
from neg.economy.model import Groups, Model, Prices
from neg.solvers.implicit import SINGULAR_BELOW, implicit_solution, reciprocal_condition
from neg.solvers.matrix_free import METHODS, settle
from neg.solvers.newton import Root, newton
from neg.solvers.path import EMPTY, follow, imbalance
from neg.solvers.short_run import (
    at_boundary,
    check_distribution,
    initial_prices,
    market_system,
)
from neg.solvers.stability import average_payoff, growth_rate
from neg.solvers.system import (
    Unknowns,
    distribution,
    flat_prices,
    long_run_residual,
    pack,
    payoff,
    slopes_at_equilibrium,
    stop,
    unpack,
)

STABILITY_TOLERANCE = 1e-7
"""Growth rates closer to zero than this decide nothing about stability."""
DENSE_UP_TO = 1000
"""Unknowns up to which ``auto`` takes the dense method, which also tells stability."""
_NEWTON_STEPS = 40
_ROUNDS = 6
_SUPPORTS = 4


class LongRun(eqx.Module):
    """A long-run equilibrium of ``model``.

    ``x`` distribution, ``prices`` log prices, ``payoff`` of every cell, ``value`` what each group
    earns, ``used`` which cells are used. ``residual`` is the largest violation of the equilibrium
    conditions in relative units (payoff gap of used cells, gain from moving to an unused one,
    excess demand), ``condition`` the reciprocal condition number, ``growth`` the largest growth
    rate of a small deviation under the replicator dynamics, ``error`` the largest change of a log
    unknown that one more Newton step would make; NaN where they were not computed (condition and
    growth: matrix-free, error: dense). Without convergence values are NaN.
    """

    model: Model
    x: Float[Array, " cell"]
    prices: Prices
    payoff: Float[Array, " cell"]
    value: Float[Array, " group"]
    used: Bool[Array, " cell"]
    status: Int[Array, ""]
    residual: Float[Array, ""]
    condition: Float[Array, ""]
    growth: Float[Array, ""]
    steps: Int[Array, ""]
    error: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.asarray(jnp.nan))

    @property
    def stable(self) -> bool | None:
        """True, False, or None where the growth rate is too close to zero to tell."""
        growth = float(self.growth)
        if not abs(growth) > STABILITY_TOLERANCE:
            return None
        return growth < 0

    @property
    def outcomes(self) -> dict[str, Array]:
        """Named outcomes of the model."""
        return self.model.outcomes(self.prices, self.x)


def long_run(
    model: Model,
    start: Any = None,
    *,
    tolerance: float = 1e-10,
    max_steps: int = 2000,
    throw: bool = True,
) -> LongRun:
    """The long-run equilibrium that the replicator dynamics reach from ``start``.

    ``start`` is a distribution; a cell that starts empty is entered only if it pays more than its
    group earns. Without a start, the model's initial distribution with a small tilt is
    taken, so that the dynamics leave it if it is unstable; a start that is itself an equilibrium
    is returned, stable or not. Differentiable along the equilibrium found; value and derivative
    are NaN without convergence, the derivative also at a fold or break point. Raises
    :class:`neg.core.errors.ConvergenceError` if ``throw`` and no equilibrium was reached.
    """
    if start is None:
        x = tilt(model.groups, model.initial_distribution())
    else:
        x = check_distribution(model, jnp.asarray(start, dtype=float))
    solution = _solve(model, x, jnp.asarray(tolerance), jnp.asarray(max_steps))
    return at_boundary(solution, throw)


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
    ``method`` is ``dense`` (from the prices that clear markets at ``x``), ``matrix-free`` (from
    ``prices``, by default the model's initial ones; condition and growth are then not computed:
    NaN), or ``auto``: dense up to :data:`DENSE_UP_TO` unknowns.
    """
    check_choice("method", method, METHODS)
    x, used = jnp.asarray(x, dtype=float), jnp.asarray(used, dtype=bool)
    start = initial_prices(model, x) if prices is None else prices
    size = sum(leaf.size for leaf in jax.tree.leaves(start))
    unknowns = model.groups.cells + size + model.groups.count
    if method == "dense" or (method == "auto" and unknowns <= DENSE_UP_TO):
        solution = _polish_at(model, x, used, jnp.asarray(tolerance))
    else:
        p = ravel_pytree(start)[0].astype(float)
        solution = _settle_at(model, x, used, p, jnp.asarray(tolerance))
    return at_boundary(solution, throw)


def tilt(groups: Groups, x: Float[Array, " cell"], size: float = 1e-3) -> Float[Array, " cell"]:
    """The distribution moved a little, by a fixed irregular pattern, off any symmetry."""
    pattern = jnp.sin(1.0 + 2.3 * jnp.arange(x.shape[0]) ** 1.5)
    y = x * jnp.exp(size * pattern)
    return y * (groups.mass / groups.total(y))[groups.index]


@eqx.filter_jit
def _polish_at(model: Model, x: Array, used: Array, tolerance: Array) -> LongRun:
    frozen, x = stop(model), stop(x)
    ones = flat_prices(frozen, x)[0]
    cleared = newton(market_system, ones, (frozen, x)).z

    def body(state: tuple) -> tuple:
        # Where markets at ``x`` are far from the equilibrium, the prices at which they clear may
        # be the worse start; the model's own initial prices are tried second.
        _, count = state
        p = jnp.where(count == 0, cleared, ones)
        return _polish(frozen, x, p, used, tolerance), count + 1

    def unfinished(state: tuple) -> Array:
        root, count = state
        return (root.status != Status.CONVERGED) & (count < 2)

    size = x.shape[0] + ones.shape[0] + frozen.groups.count
    root, _ = jax.lax.while_loop(unfinished, body, (_no_root(size, Status.MAX_STEPS), 0))
    return _finish(model, root, used, tolerance, root.steps)


@eqx.filter_jit
def _settle_at(model: Model, x: Array, used: Array, p: Array, tolerance: Array) -> LongRun:
    found, p, root = settle(model, stop(x), used, stop(p), tolerance, _NEWTON_STEPS)
    value = payoff(model, p, found)
    groups = model.groups
    entry = jnp.where(jnp.any(used), _entry_gain(groups, found, value, used), jnp.inf)
    missed = (root.status == Status.CONVERGED) & ~(entry <= tolerance)
    good = jnp.where(missed, jnp.nan, 1.0)
    return LongRun(
        model=model,
        x=found * good,
        prices=flat_prices(model, found)[1](p * good),
        payoff=value * good,
        value=average_payoff(groups, found, value) * good,
        used=used,
        status=jnp.where(missed, Status.NOT_EQUILIBRIUM, root.status),
        residual=jnp.maximum(root.residual, entry),
        condition=jnp.asarray(jnp.nan),
        growth=jnp.asarray(jnp.nan),
        steps=root.steps,
        error=root.error,
    )


@eqx.filter_jit
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
        root, used = _settle(frozen, x, p, tolerance)
        share, prices, _ = unpack(frozen, root.z)
        found = distribution(frozen, share, used)
        value = payoff(frozen, prices, found)
        entry = _entry_gain(groups, found, value, used)
        slope = slopes_at_equilibrium(frozen, root.jacobian, found)
        unstable = growth_rate(groups, found, value, slope, used) > STABILITY_TOLERANCE
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
    empty = _no_root(size, jnp.where(cleared, Status.MAX_STEPS, first.status))
    state = (x, first.z, empty, x > 0, jnp.asarray(0), ~cleared, jnp.asarray(0), jnp.asarray(1e-4))
    _, _, root, used, steps, _, _, _ = jax.lax.while_loop(unfinished, attempt, state)
    return _finish(model, root, used, tolerance, steps)


def _settle(model: Model, x: Array, p: Array, tolerance: Array) -> tuple[Root, Array]:
    """The equilibrium near the end of a path, and its used cells.

    Cells that all but vanished are taken for empty at first; those that would gain by being used
    (with falling returns to industry, any cell) are then used again, however small.
    """
    groups = model.groups

    def body(state: tuple) -> tuple:
        _, used, _, count = state
        root = _polish(model, x, p, used, tolerance)
        share, prices, _ = unpack(model, root.z)
        found = distribution(model, share, used)
        value = payoff(model, prices, found)
        gap = value - average_payoff(groups, found, value)[groups.index]
        wanted = ~used & (gap > tolerance) & (root.status == Status.CONVERGED)
        return root, used | wanted, jnp.any(wanted), count + 1

    size = x.shape[0] + p.shape[0] + groups.count
    used = x > EMPTY * groups.cell_mass
    start = (_no_root(size, Status.MAX_STEPS), used, jnp.asarray(True), 0)
    root, used, _, _ = jax.lax.while_loop(lambda s: s[2] & (s[3] < _SUPPORTS), body, start)
    return root, used


def _no_root(size: int, status: Any) -> Root:
    """What a solve that was never begun returns."""
    return Root(
        jnp.full(size, jnp.nan),
        jnp.asarray(jnp.inf),
        jnp.asarray(status, dtype=int),
        jnp.asarray(0),
        jnp.full((size, size), jnp.nan),
    )


def _entry_gain(groups: Groups, x: Array, value: Array, used: Array) -> Array:
    """Largest gain of a unit that moves to an unused cell."""
    gap = value - average_payoff(groups, x, value)[groups.index]
    return jnp.max(jnp.where(used, 0.0, gap), initial=0.0)


def _polish(model: Model, x: Array, p: Array, used: Array, tolerance: Array) -> Root:
    share = jnp.where(used, x / model.groups.cell_mass, 1.0)
    value = average_payoff(model.groups, x, payoff(model, p, x))
    start = pack(Unknowns(jnp.log(jnp.maximum(share, 1e-300)), p, value))
    return newton(long_run_residual, start, (model, used), tolerance=tolerance, max_change=5.0)


def _finish(model: Model, root: Root, used: Array, tolerance: Array, steps: Any) -> LongRun:
    """Check the equilibrium conditions, attach the derivative, and give everything its name."""
    frozen = stop(model)
    condition = reciprocal_condition(root.jacobian)
    share, p, _ = unpack(frozen, root.z)
    x = distribution(frozen, share, used)
    value = payoff(frozen, p, x)
    slope = slopes_at_equilibrium(frozen, root.jacobian, x)
    growth = growth_rate(frozen.groups, x, value, slope, used)
    entry = _entry_gain(frozen.groups, x, value, used)
    status = jnp.where(
        (root.status == Status.CONVERGED) & ~(entry <= tolerance),
        Status.NOT_EQUILIBRIUM,
        root.status,
    )
    ok = status == Status.CONVERGED
    regular = condition > SINGULAR_BELOW
    z = implicit_solution(root.z, (model, used), ok, regular, residual=long_run_residual)
    share, p, earned = unpack(model, z)
    x = distribution(model, share, used)
    return LongRun(
        model=model,
        x=x * jnp.where(ok, 1.0, jnp.nan),  # a factor, so that derivatives are NaN as well
        prices=flat_prices(model, x)[1](p),
        payoff=payoff(model, p, x),
        value=earned,
        used=used,
        status=status,
        residual=jnp.maximum(root.residual, entry),
        condition=condition,
        growth=growth,
        steps=jnp.asarray(steps),
    )
