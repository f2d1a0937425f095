"""Long-run equilibrium: nobody gains by moving. The one that the adjustment dynamics reach.

The replicator dynamics are followed in logs of the distribution by linearly implicit steps whose
length grows as payoffs equalise; cells that die out are emptied, the equilibrium with the cells
that remain is found by Newton's method, and the payoff of every empty cell is compared with what
the group earns: corners are equilibria like any other.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from neg.protocol import Groups, Model, Prices
from neg.solvers.implicit import SINGULAR_BELOW, implicit_solution, reciprocal_condition
from neg.solvers.newton import Root, newton
from neg.solvers.short_run import at_boundary, check_distribution, market_system
from neg.solvers.stability import average_payoff, growth_rate
from neg.solvers.system import (
    Unknowns,
    both,
    distribution,
    flat_prices,
    long_run_residual,
    pack,
    payoff,
    slopes_at_equilibrium,
    stop,
    unpack,
)
from neg.status import Status

EMPTY = 1e-8
"""Share of its group's mass below which a cell is a candidate for being empty."""
STABILITY_TOLERANCE = 1e-7
"""Growth rates closer to zero than this decide nothing about stability."""
_MAX_LOG_CHANGE = 1.5
_ROUNDS = 6
_FLOOR = 1e-14  # share at which a dying cell is held: a first entrant, ready to grow
_SHORTEST = 1e-9  # step in time below which the path is given up


class LongRun(eqx.Module):
    """A long-run equilibrium of ``model``.

    ``x`` distribution, ``prices`` log prices, ``payoff`` of every cell, ``value`` what each group
    earns, ``used`` which cells are used. ``residual`` is the largest violation of the equilibrium
    conditions in relative units (payoff gap of used cells, gain from moving to an unused one,
    excess demand), ``condition`` the reciprocal condition number, ``growth`` the largest growth
    rate of a small deviation under the replicator dynamics. Without convergence values are NaN.
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
    :class:`neg.errors.ConvergenceError` if ``throw`` and no equilibrium was reached.
    """
    if start is None:
        x = tilt(model.groups, model.initial_distribution())
    else:
        x = jnp.asarray(start, dtype=float)
        check_distribution(model, x)
    solution = _solve(model, x, jnp.asarray(tolerance), jnp.asarray(max_steps))
    return at_boundary(solution, throw)


def equilibrium_at(
    model: Model, x: Any, used: Any, *, tolerance: float = 1e-10, throw: bool = True
) -> LongRun:
    """The equilibrium with the cells ``used``, by Newton's method from the distribution ``x``.

    Stable or not; status ``NOT_EQUILIBRIUM`` if some unit would gain by moving to an unused cell.
    """
    solution = _polish_at(
        model, jnp.asarray(x, dtype=float), jnp.asarray(used, dtype=bool), jnp.asarray(tolerance)
    )
    return at_boundary(solution, throw)


def tilt(groups: Groups, x: Float[Array, " cell"], size: float = 1e-3) -> Float[Array, " cell"]:
    """The distribution moved a little, by a fixed irregular pattern, off any symmetry."""
    pattern = jnp.sin(1.0 + 2.3 * jnp.arange(x.shape[0]) ** 1.5)
    y = x * jnp.exp(size * pattern)
    return y * (groups.mass / groups.total(y))[groups.index]


@eqx.filter_jit
def _polish_at(model: Model, x: Array, used: Array, tolerance: Array) -> LongRun:
    frozen, x = stop(model), stop(x)
    p = flat_prices(frozen, x)[0]
    near = _polish(frozen, x, newton(market_system, p, (frozen, x)).z, used, tolerance)
    # Where markets at ``x`` are far from the equilibrium, prices of one may be the better start.
    root = jax.lax.cond(
        near.status == Status.CONVERGED,
        lambda: near,
        lambda: _polish(frozen, x, p, used, tolerance),
    )
    return _finish(model, root, used, tolerance, root.steps)


@eqx.filter_jit
def _solve(model: Model, x: Array, tolerance: Array, max_steps: Array) -> LongRun:
    frozen = stop(model)
    groups = frozen.groups
    x = stop(x)
    first = newton(market_system, flat_prices(frozen, x)[0], (frozen, x))
    cleared = first.status == Status.CONVERGED
    at_rest = cleared & (_imbalance(groups, x, payoff(frozen, first.z, x)) < 1e-9)

    def attempt(state: tuple) -> tuple:
        x, p, _, _, steps, _, rounds, target = state
        x, p, taken, broken = _follow(frozen, x, p, target, max_steps - steps)
        used = x > EMPTY * groups.cell_mass
        root = _polish(frozen, x, p, used, tolerance)
        share, prices, _ = unpack(frozen, root.z)
        found = distribution(frozen, share, used)
        value = payoff(frozen, prices, found)
        entry = _entry_gain(groups, found, value, used)
        slope = slopes_at_equilibrium(frozen, root.jacobian, found)
        unstable = growth_rate(groups, found, value, slope, used) > STABILITY_TOLERANCE
        near = jnp.max(jnp.abs(found - x) / groups.cell_mass) < 0.05
        near = near & (root.status == Status.CONVERGED)
        good = near & (entry <= tolerance) & (~unstable | at_rest)
        # Not there yet: let cells that pay more be entered, leave the unstable point, go on.
        again = jnp.maximum(jnp.where(near, found, x), 1e-6 * groups.cell_mass)
        again = jnp.where(good, x, tilt(groups, again, 1e-2))
        return again, p, root, used, steps + taken, good | broken, rounds + 1, target / 10

    def unfinished(state: tuple) -> Array:
        *_, steps, done, rounds, _ = state
        return ~done & (rounds < _ROUNDS) & (steps < max_steps)

    size = x.shape[0] + first.z.shape[0] + groups.count
    empty = Root(
        jnp.full(size, jnp.nan),
        jnp.asarray(jnp.inf),
        jnp.where(cleared, Status.MAX_STEPS, first.status),
        jnp.asarray(0),
        jnp.full((size, size), jnp.nan),
    )
    state = (x, first.z, empty, x > 0, jnp.asarray(0), ~cleared, jnp.asarray(0), jnp.asarray(1e-4))
    _, _, root, used, steps, _, _, _ = jax.lax.while_loop(unfinished, attempt, state)
    return _finish(model, root, used, tolerance, steps)


def _follow(model: Model, x: Array, p: Array, target: Array, max_steps: Array) -> tuple:
    """Follow the replicator dynamics until payoffs differ by less than ``target``.

    Distribution (in logs) and prices move together, one linearly implicit step of

        dy_i / dt = V_i - mean V,   0 = F(p, y)

    at a time; a step that leaves markets too far from clearing is halved and tried again.
    """
    groups = model.groups
    cells = x.shape[0]
    floor = jnp.log(_FLOOR)

    def stacked(point: Array) -> tuple[Array, Array]:
        value = both(model, point[cells:], groups.cell_mass * jnp.exp(point[:cells]))
        value = jnp.concatenate(value[::-1])
        return value, value

    def body(state: _Path) -> _Path:
        jacobian, value = jax.jacfwd(stacked, has_aux=True)(state.trial)
        x = groups.cell_mass * jnp.exp(state.trial[:cells])
        gap = _imbalance(groups, x, value[:cells])
        excess = jnp.max(jnp.abs(value[cells:]), initial=0.0)
        first = state.steps == 0
        good = (excess <= jnp.maximum(0.5 * state.excess, 1e-2)) & jnp.isfinite(gap) | first
        faster = jnp.clip(1.2 * state.gap / jnp.maximum(gap, 1e-300), 0.5, 2.5)
        longer = jnp.where(first, state.length, jnp.clip(state.length * faster, 1e-8, 1e6))
        length = jnp.where(good, longer, state.length / 4)
        point = jnp.where(good, state.trial, state.point)
        value = jnp.where(good, value, state.value)
        jacobian = jnp.where(good, jacobian, state.jacobian)
        return _Path(
            point=point,
            trial=ahead(point, value, jacobian, length),
            value=value,
            jacobian=jacobian,
            length=length,
            gap=jnp.where(good, gap, state.gap),
            excess=jnp.where(good, excess, state.excess),
            steps=state.steps + 1,
        )

    def ahead(point: Array, value: Array, jacobian: Array, length: Array) -> Array:
        """One linearly implicit step of the given length in time."""
        x = groups.cell_mass * jnp.exp(point[:cells])
        v_p = jacobian[:cells, cells:]
        excess_prices, response = _eliminate(value[cells:], jacobian[cells:], cells)
        total = jacobian[:cells, :cells] - v_p @ response
        velocity = value[:cells] - v_p @ excess_prices  # payoffs at the prices that clear markets
        velocity = velocity - average_payoff(groups, x, velocity)[groups.index]
        weight = x / groups.cell_mass
        mean = jnp.zeros((groups.count, cells)).at[groups.index].add(weight[:, None] * total)
        same = groups.index[:, None] == groups.index[None, :]
        pull = total - mean[groups.index] - same * (weight * velocity)[None, :]
        change = jnp.linalg.solve(jnp.eye(cells) / length - pull, velocity)
        # What is dead already must not shorten the step of the living.
        change = jnp.maximum(change, floor - point[:cells])
        change = change * jnp.minimum(1.0, _MAX_LOG_CHANGE / jnp.max(jnp.abs(change)))
        y = point[:cells] + change
        y = jnp.maximum(y - jnp.log(groups.total(jnp.exp(y)))[groups.index], floor)
        prices = point[cells:] - excess_prices - response @ (y - point[:cells])
        return jnp.concatenate([y, prices])

    def unfinished(state: _Path) -> Array:
        return (
            (jnp.maximum(state.gap, state.excess) > target)
            & (state.steps < max_steps)
            & (state.length > _SHORTEST)
        )

    y = jnp.maximum(jnp.log(jnp.maximum(x / groups.cell_mass, 1e-300)), floor)
    start = jnp.concatenate([y, p])
    size = start.shape[0]
    end = jax.lax.while_loop(
        unfinished,
        body,
        _Path(
            point=start,
            trial=start,
            value=jnp.full(size, jnp.nan),
            jacobian=jnp.full((size, size), jnp.nan),
            length=jnp.asarray(1.0),
            gap=jnp.asarray(jnp.inf),
            excess=jnp.asarray(jnp.inf),
            steps=jnp.asarray(0),
        ),
    )
    broken = end.length <= _SHORTEST
    return groups.cell_mass * jnp.exp(end.point[:cells]), end.point[cells:], end.steps, broken


class _Path(NamedTuple):
    point: Array
    trial: Array
    value: Array
    jacobian: Array
    length: Array
    gap: Array
    excess: Array
    steps: Array


def _eliminate(excess: Array, jacobian: Array, cells: int) -> tuple[Array, Array]:
    """What prices answer to excess demand, and to the distribution."""
    if excess.shape[0] == 0:
        return excess, jacobian[:, :cells]
    right = jnp.concatenate([excess[:, None], jacobian[:, :cells]], axis=1)
    solved = jnp.linalg.solve(jacobian[:, cells:], right)
    return solved[:, 0], solved[:, 1:]


def _imbalance(groups: Groups, x: Array, value: Array) -> Array:
    """Largest payoff gap that still moves anybody: of used cells, or of empty ones that pay."""
    gap = value - average_payoff(groups, x, value)[groups.index]
    matters = jnp.where(x > EMPTY * groups.cell_mass, jnp.abs(gap), jnp.maximum(gap, 0.0))
    return jnp.max(matters)


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
        x=jnp.where(ok, x, jnp.nan),
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
