"""Anderson acceleration of a damped fixed-point iteration: for systems of hundreds and more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neg.core.status import Status
from neg.solvers.small import solve

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


class Secants(NamedTuple):
    """What the last steps taught about the derivative of ``step``: pairs of differences.

    Differences of points ``dZ`` and of steps ``dF``, one row a pair; old pairs are written over.
    """

    changes: Float[Array, "memory unknown"]  # dF
    moves: Float[Array, "memory unknown"]  # dZ + dF
    gram: Float[Array, "memory memory"]  # dF dF'
    added: Int[Array, ""]

    @classmethod
    def none(cls, memory: int, unknowns: int) -> Secants:
        """No pair yet."""
        empty = jnp.zeros((memory, unknowns))
        return cls(empty, empty, jnp.zeros((memory, memory)), jnp.asarray(0))

    def add(self, point: Array, change: Array) -> Secants:
        """One pair more, or in place of the oldest."""
        slot = self.added % len(self.gram)
        put = jax.lax.dynamic_update_slice_in_dim
        changes = put(self.changes, change[None], slot, 0)
        products = changes @ change
        gram = put(self.gram, products[None], slot, 0)
        return Secants(
            changes,
            put(self.moves, (point + change)[None], slot, 0),
            put(gram, products[:, None], slot, 1),
            self.added + 1,
        )

    def forget(self, when: Any) -> Secants:
        """The same pairs, or none: what is left behind is not read any more."""
        return self._replace(added=jnp.where(when, 0, self.added))

    def mix(self, step: Float[Array, " unknown"]) -> Float[Array, " unknown"]:
        """The change that undoes ``step`` where the derivative is known, ``step`` itself elsewhere.

            step - (dZ + dF) gamma,   gamma = argmin |step - dF gamma|

        Least squares by the small normal equations, in units of the differences. Linear in
        ``step``.
        """
        scale = jnp.sqrt(jnp.maximum(jnp.diagonal(self.gram), 1e-300))
        used = jnp.arange(len(self.gram)) < self.added
        unit = self.gram / scale[:, None] / scale[None, :]
        unit = jnp.where(used[:, None] & used[None, :], unit, 0.0)
        unit = unit + jnp.diag(jnp.where(used, _RELATIVE, 1.0))
        right = jnp.where(used, (self.changes @ step) / scale, 0.0)
        gamma = solve(unit, right[:, None])[:, 0] / scale
        gamma = jnp.where(used & jnp.all(jnp.isfinite(gamma)), gamma, 0.0)
        return step - gamma @ self.moves


class _State(NamedTuple):
    z: Array
    step: Array
    residual: Array
    secants: Secants
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
) -> tuple[MatrixFreeRoot, Secants]:
    """Accelerate ``z <- z + step(z)`` by the last ``memory`` differences, from ``z``.

        z+ = z + f - (dZ + dF) gamma,   gamma = argmin |f - dF gamma|

    Converged means that the residual that ``step`` reports is finite and at most ``tolerance``.
    A change of more than one log unit is shortened; a residual ten times the best one returns to
    the best point and forgets the history. Also returns the memory, which preconditions further
    linear solves there. Traceable; never raises.

    Source: Anderson (1965), Journal of the ACM 12(4); Walker and Ni (2011), SIAM Journal on
    Numerical Analysis 49(4).
    """

    def unfinished(state: _State) -> Array:
        going = jnp.isfinite(state.best) | (state.steps == 0)
        return going & ~(state.residual <= tolerance) & (state.steps < max_steps)

    def body(state: _State) -> _State:
        mixed = state.secants.mix(state.step)
        largest = jnp.max(jnp.abs(mixed))
        change = mixed * jnp.minimum(1.0, _MAX_CHANGE / jnp.maximum(largest, 1e-300))
        new_z = state.z + change
        new_step, new_residual = step(new_z)
        lost = ~(new_residual <= _WORSE * state.best)
        better = new_residual < state.best
        # The first visit, to the start, makes no difference; a failure may hold infinities.
        void = lost | (state.steps == 0)
        pair = (jnp.where(void, 0.0, part) for part in (change, new_step - state.step))
        # After a failure the plain step is shortened, or the same failure would follow.
        shorter = 0.3 * state.best_step
        return _State(
            jnp.where(lost, state.best_z, new_z),
            jnp.where(lost, shorter, new_step),
            jnp.where(lost, state.best, new_residual),
            state.secants.add(*pair).forget(void),
            state.steps + 1,
            jnp.where(better, new_residual, state.best),
            jnp.where(better, new_z, state.best_z),
            jnp.where(better, new_step, jnp.where(lost, shorter, state.best_step)),
        )

    zero, unknown, still = jnp.asarray(0), jnp.asarray(jnp.inf), jnp.zeros_like(z)
    secants = Secants.none(memory, z.shape[0])
    start = _State(z, still, unknown, secants, zero, unknown, z, still)
    end = jax.lax.while_loop(unfinished, body, start)
    converged = end.best <= tolerance
    failure = jnp.where(jnp.isfinite(end.best), Status.MAX_STEPS, Status.NON_FINITE)
    status = jnp.where(converged, Status.CONVERGED, failure)
    error = jnp.asarray(jnp.nan)
    return MatrixFreeRoot(end.best_z, end.best, status, end.steps, error), end.secants
