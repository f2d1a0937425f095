"""The equilibrium with given used cells, by Newton's method, checked against unused ones."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from neg.core.compilation import quick_jit
from neg.core.status import Status
from neg.economy.model import Groups, Model
from neg.solvers.implicit import SINGULAR_BELOW, implicit_solution, reciprocal_condition
from neg.solvers.joint import growth_at
from neg.solvers.matrix_free import settle_all
from neg.solvers.newton import Root, newton
from neg.solvers.replicator import EMPTY, average_payoff, growth_of_shares
from neg.solvers.short_run import market_system
from neg.solvers.solution import LongRun
from neg.solvers.system import (
    Unknowns,
    distribution,
    flat_prices,
    long_run_residual,
    pack,
    payoff,
    stop,
    unpack,
)

_NEWTON_STEPS = 40
_SUPPORTS = 4


@quick_jit
def polish_at(model: Model, x: Array, used: Array, p: Array, tolerance: Array) -> LongRun:
    """The equilibrium near ``x`` with a dense Jacobian."""
    frozen, x, ones = stop(model), stop(x), stop(p)
    cleared = newton(market_system, ones, (frozen, x)).z

    def body(state: tuple) -> tuple:
        # Where markets at ``x`` are far from the equilibrium, the prices at which they clear may
        # be the worse start; the prices given are tried second.
        _, count = state
        p = jnp.where(count == 0, cleared, ones)
        return _polish(frozen, x, p, used, tolerance), count + 1

    def unfinished(state: tuple) -> Array:
        root, count = state
        return (root.status != Status.CONVERGED) & (count < 2)

    size = x.shape[0] + ones.shape[0] + frozen.groups.count
    root, _ = jax.lax.while_loop(unfinished, body, (no_root(size, Status.MAX_STEPS), 0))
    return finish(model, root, used, tolerance, root.steps)


@quick_jit
def settle_at(model: Model, x: Array, used: Array, p: Array, tolerance: Array) -> LongRun:
    """The equilibrium near ``x`` and log prices ``p``, without a matrix; growth is left open."""
    found, p, root = settle_all(model, stop(x), used, stop(p), tolerance, _NEWTON_STEPS)
    value = payoff(model, p, found)
    groups = model.groups
    entry = jnp.where(jnp.any(used), entry_gain(groups, found, value, used), jnp.inf)
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
        growth_error=jnp.asarray(jnp.nan),
        steps=root.steps,
        error=root.error,
    )


def near_path(model: Model, x: Array, p: Array, tolerance: Array) -> tuple[Root, Array]:
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
        gap = growth_of_shares(groups, found, value)
        wanted = ~used & (gap > tolerance) & (root.status == Status.CONVERGED)
        return root, used | wanted, jnp.any(wanted), count + 1

    size = x.shape[0] + p.shape[0] + groups.count
    used = x > EMPTY * groups.cell_mass
    start = (no_root(size, Status.MAX_STEPS), used, jnp.asarray(True), 0)
    root, used, _, _ = jax.lax.while_loop(lambda s: s[2] & (s[3] < _SUPPORTS), body, start)
    return root, used


def no_root(size: int, status: Any) -> Root:
    """What a solve that was never begun returns."""
    return Root(
        jnp.full(size, jnp.nan),
        jnp.asarray(jnp.inf),
        jnp.asarray(status, dtype=int),
        jnp.asarray(0),
        jnp.full((size, size), jnp.nan),
    )


def entry_gain(groups: Groups, x: Array, value: Array, used: Array) -> Array:
    """Largest gain of a unit that moves to an unused cell."""
    gap = growth_of_shares(groups, x, value)
    return jnp.max(jnp.where(used, 0.0, gap), initial=0.0)


def _polish(model: Model, x: Array, p: Array, used: Array, tolerance: Array) -> Root:
    share = jnp.where(used, x / model.groups.cell_mass, 1.0)
    value = average_payoff(model.groups, x, payoff(model, p, x))
    start = pack(Unknowns(jnp.log(jnp.maximum(share, 1e-300)), p, value))
    return newton(long_run_residual, start, (model, used), tolerance=tolerance, max_change=5.0)


def finish(model: Model, root: Root, used: Array, tolerance: Array, steps: Any) -> LongRun:
    """Check the equilibrium conditions, attach the derivative, and give everything its name."""
    frozen = stop(model)
    condition = reciprocal_condition(root.jacobian)
    share, p, _ = unpack(frozen, root.z)
    x = distribution(frozen, share, used)
    value = payoff(frozen, p, x)
    growth = growth_at(frozen, root.jacobian, x, value, used)
    entry = entry_gain(frozen.groups, x, value, used)
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
