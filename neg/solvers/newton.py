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
    """Where a root finder ended: point, largest absolute residual, status code, steps taken.

    ``jacobian`` is that of the last step (at a converged start, of the start): near enough to the
    solution to tell its condition and, for an equilibrium, its spectrum.
    """

    z: Float[Array, " unknown"]
    residual: Float[Array, ""]
    status: Int[Array, ""]
    steps: Int[Array, ""]
    jacobian: Float[Array, "unknown unknown"]


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
    more step with the last Jacobian is then taken and kept if it lowers the residual. A start that
    already satisfies the tolerance also gets that step. ``max_change`` bounds the change of any
    unknown in one step. Traceable; never raises.
    """

    def function(point: Array) -> Array:
        return residual(point, args)

    def merit(value: Array) -> Array:
        return jnp.sqrt(jnp.sum(value**2))

    def direction(jacobian: Array, value: Array) -> Array:
        step = jnp.linalg.solve(jacobian, -value)
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
        point, value, steps, _, _ = state
        jacobian = jax.jacfwd(function)(point)
        step = direction(jacobian, value)
        there = _largest(value) <= tolerance  # only on entry: one step to learn the Jacobian
        first = function(point + step)
        length, _, _, _, new, old = jax.lax.while_loop(
            too_long, backtrack, (jnp.asarray(1.0), 0, point, step, first, merit(value))
        )
        good = merit(new) <= (1.0 - _DECREASE * length) * old
        converged = there | (good & (_largest(new) <= tolerance))
        failure = jnp.where(jnp.all(jnp.isfinite(step)), Status.STALLED, Status.SINGULAR)
        status = jnp.where(converged, Status.CONVERGED, jnp.where(good, Status.MAX_STEPS, failure))
        point = jnp.where(good, point + length * step, point)
        return point, jnp.where(good, new, value), steps + ~there, status, jacobian

    def unfinished(state: tuple) -> Array:
        _, _, steps, status, _ = state
        return (status == Status.MAX_STEPS) & (steps < max_steps)

    start = function(z)
    initial = jnp.where(jnp.all(jnp.isfinite(start)), Status.MAX_STEPS, Status.NON_FINITE)
    unknown = jnp.full((z.shape[0], z.shape[0]), jnp.nan)
    point, value, steps, status, jacobian = jax.lax.while_loop(
        unfinished, body, (z, start, jnp.asarray(0), jnp.asarray(initial, dtype=int), unknown)
    )
    if z.shape[0] == 0:
        status = jnp.asarray(int(Status.CONVERGED))
    else:
        polished = point + direction(jacobian, value)
        finer = function(polished)
        better = (status == Status.CONVERGED) & (merit(finer) < merit(value))
        point = jnp.where(better, polished, point)
        value = jnp.where(better, finer, value)
    return Root(point, _largest(value), status, steps, jacobian)


def _largest(value: Array) -> Array:
    return jnp.max(jnp.abs(value), initial=0.0)
