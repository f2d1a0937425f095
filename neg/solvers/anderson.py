"""Anderson acceleration of a damped fixed-point iteration: for systems of hundreds and more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neg.status import Status

Step = Callable[[Float[Array, " unknown"]], tuple[Float[Array, " unknown"], Float[Array, ""]]]
"""From a point: the change that one damped iteration makes, and the largest residual there."""

_MAX_CHANGE = 1.0  # of any log unknown in one step: beyond it the linear model means nothing
_WORSE = 10.0  # a residual this much above the best one forgets the history
_RELATIVE = 1e-14  # squared, relative to the diagonal: history that adds nothing is left out


class MatrixFreeRoot(eqx.Module):
    """Where a matrix-free root finder ended.

    ``residual`` is the largest absolute residual of the equations in their own units; ``error``
    the largest change of any unknown that a Newton step from here would still make (NaN where
    none was computed): an estimate of the distance to the solution, not of the last step.
    """

    z: Float[Array, " unknown"]
    residual: Float[Array, ""]
    status: Int[Array, ""]
    steps: Int[Array, ""]
    error: Float[Array, ""]


class _State(NamedTuple):
    z: Array
    step: Array
    residual: Array
    points: Array  # differences of points, one row for each of the last steps
    changes: Array  # differences of steps
    gram: Array  # products of the differences of steps
    filled: Array
    steps: Array
    best: Array  # best residual, where it was, and the step from there
    best_z: Array
    best_step: Array


def anderson(
    step: Step,
    z: Float[Array, " unknown"],
    *,
    tolerance: Any = 1e-11,
    max_steps: Any = 300,
    memory: int = 30,
) -> MatrixFreeRoot:
    """Accelerate ``z <- z + step(z)`` by the last ``memory`` differences, from ``z``.

        z+ = z + f - (dZ + dF) gamma,   gamma = argmin |f - dF gamma|

    Converged means that the residual that ``step`` reports is finite and at most ``tolerance``.
    A change of more than one log unit is shortened; a residual ten times the best one returns to
    the best point and forgets the history. Traceable; never raises.

    Source: Anderson (1965), Journal of the ACM 12(4); Walker and Ni (2011), SIAM Journal on
    Numerical Analysis 49(4).
    """

    def unfinished(state: _State) -> Array:
        going = jnp.isfinite(state.best) | (state.steps == 0)
        return going & ~(state.residual <= tolerance) & (state.steps < max_steps)

    def body(state: _State) -> _State:
        mixed = _mix(state)
        largest = jnp.max(jnp.abs(mixed))
        change = mixed * jnp.minimum(1.0, _MAX_CHANGE / jnp.maximum(largest, 1e-300))
        new_z = state.z + change
        new_step, new_residual = step(new_z)
        lost = ~(new_residual <= _WORSE * state.best)
        better = new_residual < state.best
        slot = (state.steps - 1) % memory  # the first visit, to the start, makes no difference
        points = state.points.at[slot].set(change)
        difference = new_step - state.step
        changes = state.changes.at[slot].set(difference)
        products = changes @ difference
        gram = state.gram.at[slot].set(products).at[:, slot].set(products)
        # After a failure the plain step is shortened, or the same failure would follow.
        shorter = 0.3 * state.best_step
        return _State(
            jnp.where(lost, state.best_z, new_z),
            jnp.where(lost, shorter, new_step),
            jnp.where(lost, state.best, new_residual),
            jnp.where(lost, jnp.zeros_like(points), points),
            jnp.where(lost, jnp.zeros_like(changes), changes),
            jnp.where(lost, jnp.zeros_like(gram), gram),
            jnp.where(lost | (state.steps == 0), 0, jnp.minimum(state.filled + 1, memory)),
            state.steps + 1,
            jnp.where(better, new_residual, state.best),
            jnp.where(better, new_z, state.best_z),
            jnp.where(better, new_step, jnp.where(lost, shorter, state.best_step)),
        )

    history, gram = jnp.zeros((memory, z.shape[0])), jnp.zeros((memory, memory))
    zero, unknown, still = jnp.asarray(0), jnp.asarray(jnp.inf), jnp.zeros_like(z)
    start = _State(z, still, unknown, history, history, gram, zero, zero, unknown, z, still)
    end = jax.lax.while_loop(unfinished, body, start)
    converged = end.best <= tolerance
    failure = jnp.where(jnp.isfinite(end.best), Status.MAX_STEPS, Status.NON_FINITE)
    return MatrixFreeRoot(
        end.best_z,
        end.best,
        jnp.where(converged, Status.CONVERGED, failure),
        end.steps,
        jnp.asarray(jnp.nan),
    )


def _mix(state: _State) -> Array:
    """The accelerated change: least squares over the history by its small normal equations."""
    memory = state.points.shape[0]
    scale = jnp.sqrt(jnp.maximum(jnp.diagonal(state.gram), 1e-300))
    unit = state.gram / scale[:, None] / scale[None, :]
    used = jnp.arange(memory) < state.filled
    unit = jnp.where(used[:, None] & used[None, :], unit, 0.0)
    unit = unit + jnp.diag(jnp.where(used, _RELATIVE, 1.0))
    right = jnp.where(used, (state.changes @ state.step) / scale, 0.0)
    gamma = jnp.linalg.solve(unit, right) / scale
    gamma = jnp.where(used & jnp.all(jnp.isfinite(gamma)), gamma, 0.0)
    return state.step - gamma @ (state.points + state.changes)
