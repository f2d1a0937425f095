"""Leaving an unstable allocation: the adjustment dynamics of large economies, markets cleared.

The replicator dynamics in logs, one explicit step at a time whose error is kept small, with prices
accelerated from step to step: no matrix is formed on the way. The equilibrium at the end is found
by Newton's method on the payoffs of used cells.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array

from neg.core.compilation import quick_jit
from neg.core.errors import InvalidDataError
from neg.core.status import Status
from neg.economy.model import Model
from neg.solvers.anderson import anderson
from neg.solvers.hoist import hoist
from neg.solvers.matrix_free import market_step
from neg.solvers.newton import Root, undamped
from neg.solvers.replicator import (
    EMPTY,
    LOG_FLOOR,
    average_payoff,
    growth_of_shares,
    imbalance,
    log_shares,
)
from neg.solvers.solution import LongRun
from neg.solvers.stability import replicator_jacobian
from neg.solvers.system import distribution, flat_prices, slopes

MOST_STEPS = 1500
"""Steps after which a path is given up."""
_STEP_ERROR = 0.05  # of a log share in one step
_CLEARED = 1e-11
_ARRIVED = 1e-3  # payoff gap at the end of a path: Newton's method does the rest
_FADED = 0.1  # what the gap must have fallen to, from its peak: a slow start is no arrival
_NEWTON_STEPS = 30
_ENTRIES = 5  # times that unused cells may be let in
_BALANCED = 1e-10


class ReplicatorPath(NamedTuple):
    """Log shares over time, from the start to where payoffs are all but equal, if ``arrived``."""

    times: np.ndarray
    log_share: np.ndarray
    prices: Array
    payoff: Array
    arrived: bool


class Linearised(NamedTuple):
    """Payoffs, how they respond when markets clear, and the linearised replicator dynamics."""

    payoff: np.ndarray
    slope: np.ndarray
    replicator: np.ndarray


class _State(NamedTuple):
    y: Array
    p: Array
    payoff: Array
    velocity: Array
    gap: Array
    peak: Array
    length: Array
    time: Array
    steps: Array
    tries: Array
    times: Array
    shares: Array


def depart(
    model: Model, x: Any, prices: Array | None = None, *, until: float = np.inf
) -> ReplicatorPath:
    """Follow the replicator dynamics of ``model`` from the distribution ``x``, markets cleared.

        d log x_i / dt = V_i - mean V

    from flat log ``prices`` near those at ``x`` until payoff gaps have all but faded, or the time
    ``until``. Raises :class:`InvalidDataError` where markets at the start do not clear.
    """
    x = jnp.asarray(x, dtype=float)
    p = flat_start(model, x) if prices is None else prices
    end = _follow(model, x, p, jnp.asarray(float(until)))
    count = int(end.steps)
    if count == 0:
        raise InvalidDataError("markets do not clear at the start of the path")
    return ReplicatorPath(
        np.asarray(end.times[:count]),
        np.asarray(end.shares[:count]),
        end.p,
        end.payoff,
        bool(_faded(end)),
    )


def linearise(model: Model, x: Array, prices: Array, used: Any) -> Linearised:
    """Payoffs and their slopes at a distribution with cleared markets; see :class:`Linearised`."""
    found = _linearise(model, x, prices, jnp.asarray(used))
    return Linearised(*(np.asarray(part) for part in found))


def arrive(model: Model, x: Any, prices: Array) -> LongRun:
    """The equilibrium with the cells that are used at ``x``, by Newton's method on log shares.

        V_i = v_g in used cells of g,  sum_g x = m_g,    dV_i / d log x_j = (dV/dx)_ij x_j

    The status says whether payoffs are equal, masses add up, markets clear and no unused cell pays
    more; the growth rate is that of the linearised replicator dynamics.
    """
    groups = model.groups
    mass = groups.cell_mass
    start = jnp.asarray(x, dtype=float)
    used = start > EMPTY * mass
    x = groups.shared(jnp.where(used, start, 0.0))
    payoff, prices, _ = _cleared(model, x, prices, used)
    status, steps = Status.MAX_STEPS, 0
    for _ in range(_ENTRIES):
        root = _balance(model, x, prices, used, average_payoff(groups, x, payoff))
        steps += int(root.steps)
        x = groups.shared(distribution(model, root.z[: groups.cells], used))
        payoff, prices, matrix = _cleared(model, x, prices, used)
        wanted = ~used & (payoff - root.z[groups.cells :][groups.index] > _BALANCED)
        if int(root.status) != Status.CONVERGED or not bool(wanted.any()):
            status = Status(int(root.status))
            break
        # With falling returns to industry any cell pays, however small: it is used again.
        used = used | wanted
        x = groups.shared(jnp.where(wanted, jnp.maximum(start, 1e-13 * mass), x))
    good = 1.0 if status == Status.CONVERGED else np.nan
    growth = np.linalg.eigvals(np.asarray(matrix)).real.max() if good == 1.0 else np.nan
    unravel = ravel_pytree(_initial(model, x))[1]
    return LongRun(
        model=model,
        x=x * good,
        prices=unravel(prices * good),
        payoff=payoff * good,
        value=average_payoff(groups, x, payoff) * good,
        used=used,
        status=jnp.asarray(int(status)),
        residual=root.residual,
        growth=jnp.asarray(growth),
        steps=jnp.asarray(steps),
    )


def flat_start(model: Model, x: Array) -> Array:
    """The model's initial log prices as one vector."""
    return ravel_pytree(_initial(model, x))[0].astype(float)


@quick_jit
def _initial(model: Model, x: Array) -> Any:
    return model.initial_prices(x)


@quick_jit
def _linearise(model: Model, x: Array, p: Array, used: Array) -> tuple[Array, Array, Array]:
    found = slopes(model, p, x)
    matrix = replicator_jacobian(model.groups, x, found.payoff, found.total, used)
    return found.payoff, found.total, matrix


@quick_jit
def _cleared(model: Model, x: Array, prices: Array, used: Array) -> tuple[Array, Array, Array]:
    """Payoffs and prices where markets clear, and the linearised replicator dynamics there."""
    end = _follow(model, x, prices, jnp.asarray(0.0))
    payoff, _, matrix = _linearise(model, x, end.p, used)
    return payoff, end.p, matrix


@quick_jit
def _balance(model: Model, x: Array, prices: Array, used: Array, value: Array) -> Root:
    """Log shares, then values of groups, at which payoffs of used cells are equal."""
    groups, cells = model.groups, model.groups.cells
    member = (groups.index[None, :] == jnp.arange(groups.count)[:, None]) & used[None, :]

    def evaluate(z: Array) -> tuple[Array, Array]:
        x = distribution(model, z[:cells], used)
        end = _follow(model, x, prices, jnp.asarray(0.0))
        found = slopes(model, end.p, x)
        gap = jnp.where(used, found.payoff - z[cells:][groups.index], 0.0)
        value = jnp.concatenate([gap, groups.total(x) / groups.mass - 1.0])
        top = jnp.where(used[:, None], found.total * x, jnp.eye(cells))
        below = member * (x / groups.cell_mass)
        matrix = jnp.block([[top, -1.0 * member.T], [below, jnp.zeros((groups.count,) * 2)]])
        return jnp.where(end.steps > 0, value, jnp.nan), matrix

    share = jnp.where(used, jnp.log(jnp.where(used, x / groups.cell_mass, 1.0)), 0.0)
    return undamped(
        evaluate,
        jnp.concatenate([share, value]),
        tolerance=_BALANCED,
        max_steps=_NEWTON_STEPS,
        max_change=1.0,
    )


@quick_jit
def _follow(model: Model, x: Array, p: Array, until: Array) -> _State:
    groups = model.groups
    cells = groups.cells

    def stepped(point: Array) -> tuple[Array, Array]:
        return market_step(point[cells:], (model, point[:cells]))

    fast = hoist(stepped, jnp.concatenate([x, p]))

    def body(state: _State) -> _State:
        y = log_shares(groups, state.y + state.length * state.velocity)
        # An empty cell stays exactly empty unless its share is followed.
        at = jnp.where(x > 0, groups.cell_mass * jnp.exp(y), 0.0)
        root, _ = anderson(
            lambda z: fast(jnp.concatenate([at, z])), state.p, tolerance=_CLEARED, max_steps=200
        )
        value = model.payoff(flat_prices(model, at)[1](root.z), at)
        velocity = jnp.where(x > 0, growth_of_shares(groups, at, value), 0.0)
        velocity = jnp.where((y <= LOG_FLOOR) & (velocity < 0), 0.0, velocity)
        error = 0.5 * state.length * jnp.max(jnp.abs(velocity - state.velocity))
        good = (root.status == Status.CONVERGED) & (error <= 2.0 * _STEP_ERROR)
        first = state.steps == 0
        factor = jnp.clip(0.9 * jnp.sqrt(_STEP_ERROR / jnp.maximum(error, 1e-300)), 0.3, 2.0)
        longer = jnp.where(first, 0.5, state.length * factor)
        keep = lambda new, old: jnp.where(good, new, old)
        gap = keep(imbalance(groups, at, value), state.gap)
        slot = jnp.where(good, state.steps, MOST_STEPS - 1)
        time = keep(state.time + state.length, state.time)
        return _State(
            keep(y, state.y),
            keep(root.z, state.p),
            keep(value, state.payoff),
            keep(velocity, state.velocity),
            gap,
            jnp.where(good, jnp.maximum(state.peak, gap), state.peak),
            jnp.where(good, longer, 0.3 * state.length),
            time,
            state.steps + good,
            state.tries + 1,
            state.times.at[slot].set(time),
            state.shares.at[slot].set(y),
        )

    def unfinished(state: _State) -> Array:
        going = ~_faded(state) & (state.time < until) & (state.tries < MOST_STEPS)
        # The first step has no length: it clears the markets, and ends it all where it cannot.
        return (state.tries == 0) | ((state.steps > 0) & going)

    y = log_shares(groups, jnp.log(jnp.maximum(x / groups.cell_mass, 1e-300)))
    still, zero = jnp.zeros(cells), jnp.asarray(0)
    start = _State(
        y,
        p,
        still,
        still,
        jnp.asarray(jnp.inf),
        jnp.asarray(0.0),
        jnp.asarray(0.0),
        jnp.asarray(0.0),
        zero,
        zero,
        jnp.zeros(MOST_STEPS),
        jnp.zeros((MOST_STEPS, cells)),
    )
    return jax.lax.while_loop(unfinished, body, start)


def _faded(state: _State) -> Array:
    return (state.gap <= _ARRIVED) & (state.gap <= _FADED * state.peak)
