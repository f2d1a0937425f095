"""Damped Newton with a dense Jacobian: for small systems and where every digit matters."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neg.solvers.implicit import Residual
from neg.status import Status

_HALVINGS = 12
_DECREASE = 1e-4


class Root(eqx.Module):
    """Where a root finder ended: point, largest absolute residual, status code, steps taken."""

    z: Float[Array, " unknown"]
    residual: Float[Array, ""]
    status: Int[Array, ""]
    steps: Int[Array, ""]


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

    def function(point: Array) -> Array:
        return residual(point, args)

    def merit(value: Array) -> Array:
        return jnp.sqrt(jnp.sum(value**2))

    def direction(point: Array, value: Array) -> Array:
        step = jnp.linalg.solve(jax.jacfwd(function)(point), -value)
        largest = jnp.max(jnp.abs(step), initial=0.0)
        return step * jnp.minimum(1.0, max_change / jnp.maximum(largest, 1e-300))

    def backtrack(state: tuple) -> tuple:
        length, count, point, step, *_ = state
        length = length / 2
        value = function(point + length * step)
        return length, count + 1, point, step, value, state[5]

    def too_long(state: tuple) -> Array:
        length, count, _, _, value, old = state
        good = merit(value) <= (1.0 - _DECREASE * length) * old
        return ~good & (count < _HALVINGS)  # NaN compares false: not good, halve again

    def body(state: tuple) -> tuple:
        point, value, steps, _ = state
        step = direction(point, value)
        first = function(point + step)
        length, _, _, _, new, old = jax.lax.while_loop(
            too_long, backtrack, (jnp.asarray(1.0), 0, point, step, first, merit(value))
        )
        good = merit(new) <= (1.0 - _DECREASE * length) * old
        status = jnp.where(
            good,
            jnp.where(_largest(new) <= tolerance, Status.CONVERGED, Status.MAX_STEPS),
            jnp.where(jnp.all(jnp.isfinite(step)), Status.STALLED, Status.SINGULAR),
        )
        point = jnp.where(good, point + length * step, point)
        return point, jnp.where(good, new, value), steps + 1, status

    def unfinished(state: tuple) -> Array:
        _, _, steps, status = state
        return (status == Status.MAX_STEPS) & (steps < max_steps)

    start = function(z)
    initial = jnp.where(
        jnp.all(jnp.isfinite(start)),
        jnp.where(_largest(start) <= tolerance, Status.CONVERGED, Status.MAX_STEPS),
        Status.NON_FINITE,
    )
    point, value, steps, status = jax.lax.while_loop(
        unfinished, body, (z, start, 0, jnp.asarray(initial, dtype=int))
    )
    if z.shape[0]:
        polished = point + direction(point, value)
        finer = function(polished)
        better = (status == Status.CONVERGED) & (merit(finer) < merit(value))
        point = jnp.where(better, polished, point)
        value = jnp.where(better, finer, value)
    return Root(point, _largest(value), status, jnp.asarray(steps))


def _largest(value: Array) -> Array:
    return jnp.max(jnp.abs(value), initial=0.0)
