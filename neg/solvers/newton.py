"""Damped Newton with a dense Jacobian: for small systems and where every digit matters."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neg.core.status import Status
from neg.solvers.implicit import Residual

_HALVINGS = 12
_DECREASE = 1e-4
_CRAWL = 0.99  # steps that leave more of the residual than this, six in a row, lead nowhere
_CRAWLS = 6


class Root(eqx.Module):
    """Where a root finder ended: point, largest absolute residual, status code, steps taken.

    ``jacobian`` is taken at ``z``.
    """

    z: Float[Array, " unknown"]
    residual: Float[Array, ""]
    status: Int[Array, ""]
    steps: Int[Array, ""]
    jacobian: Float[Array, "unknown unknown"]


class _State(NamedTuple):
    point: Array
    value: Array
    jacobian: Array
    norm: Array
    step: Array
    length: Array
    status: Array
    tries: Array
    crawls: Array
    steps: Array
    finished: Array


def newton(
    residual: Residual,
    z: Float[Array, " unknown"],
    args: Any,
    *,
    tolerance: Any = 1e-11,
    max_steps: Any = 50,
    max_change: Any = jnp.inf,
) -> Root:
    """Solve ``residual(z, args) = 0`` from ``z`` by Newton's method with backtracking.

    Converged means that the largest absolute residual is finite and at most ``tolerance``; one
    more step is then taken and kept if it lowers the residual. ``max_change`` bounds the change of
    any unknown in one step. Traceable; never raises.
    """

    def value_and_jacobian(point: Array) -> tuple[Array, Array]:
        jacobian, value = jax.jacfwd(lambda at: (residual(at, args),) * 2, has_aux=True)(point)
        return value, jacobian

    def merit(value: Array) -> Array:
        return jnp.sqrt(jnp.sum(value**2))

    def body(state: _State) -> _State:
        # One evaluation an iteration, whatever it is for: it keeps the compiled program small.
        trial = state.point + state.length * state.step
        value, jacobian = value_and_jacobian(trial)
        norm = merit(value)
        finishing = state.status == Status.CONVERGED
        good = norm <= (1.0 - _DECREASE * state.length) * state.norm  # false where NaN
        good = jnp.where(finishing, norm <= state.norm, good) | (state.tries == 0)
        good = good & jnp.all(jnp.isfinite(value))
        step = jnp.linalg.solve(jacobian, -value)
        step = step * jnp.minimum(1.0, max_change / jnp.maximum(_largest(step), 1e-300))
        crawls = jnp.where(norm > _CRAWL * state.norm, state.crawls + 1, 0)
        crawls = jnp.where(good, crawls, state.crawls)
        stuck = (~good & (state.length <= 2.0**-_HALVINGS)) | (crawls >= _CRAWLS)
        there = _largest(value) <= tolerance
        status = jnp.where(good & there, Status.CONVERGED, Status.MAX_STEPS)
        status = jnp.where(stuck & (status == Status.MAX_STEPS), Status.STALLED, status)
        status = jnp.where(good & ~there & ~jnp.all(jnp.isfinite(step)), Status.SINGULAR, status)
        status = jnp.where((state.tries == 0) & ~good, Status.NON_FINITE, status)
        status = jnp.where(finishing, Status.CONVERGED, status)
        return _State(
            point=jnp.where(good, trial, state.point),
            value=jnp.where(good, value, state.value),
            jacobian=jnp.where(good, jacobian, state.jacobian),
            norm=jnp.where(good, norm, state.norm),
            step=jnp.where(good, step, state.step),
            length=jnp.where(good, 1.0, state.length / 2),
            status=jnp.asarray(status, dtype=int),
            tries=state.tries + 1,
            crawls=crawls,
            steps=state.steps + (good & (state.tries > 0) & ~finishing),
            finished=finishing | (status > Status.MAX_STEPS),
        )

    def unfinished(state: _State) -> Array:
        out_of_steps = (state.steps >= max_steps) & (state.status == Status.MAX_STEPS)
        return ~state.finished & ~(out_of_steps & (state.tries > 0))

    n = z.shape[0]
    if n == 0:
        done = jnp.asarray(int(Status.CONVERGED))
        return Root(z, jnp.asarray(0.0), done, jnp.asarray(0), jnp.zeros((0, 0)))
    nothing = jnp.zeros(n)
    start = _State(
        point=z,
        value=jnp.full(n, jnp.nan),
        jacobian=jnp.full((n, n), jnp.nan),
        norm=jnp.asarray(jnp.inf),
        step=nothing,
        length=jnp.asarray(1.0),
        status=jnp.asarray(int(Status.MAX_STEPS)),
        tries=jnp.asarray(0),
        crawls=jnp.asarray(0),
        steps=jnp.asarray(0),
        finished=jnp.asarray(False),
    )
    end = jax.lax.while_loop(unfinished, body, start)
    return Root(end.point, _largest(end.value), end.status, end.steps, end.jacobian)


def _largest(value: Array) -> Array:
    return jnp.max(jnp.abs(value), initial=0.0)
