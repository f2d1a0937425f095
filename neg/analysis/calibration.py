"""Calibration: parameters that make an equilibrium match moments, by gradient through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from neg.core.compilation import quick_jit
from neg.core.errors import ConvergenceError, InvalidParameterError, LabelMismatchError

Unknowns = Mapping[str, tuple[Any, float, float]]
"""Start, lower and upper bound of every unknown, by name; bounds may be infinite."""
_ROUND = 8  # steps after which the unknowns are scaled anew
_FLAT = 1e-6  # relative size of a derivative below which a direction counts as flat
_TRIALS = 40
_DECREASE = 1e-4
_FLATTER = 0.9
_SEARCH = optax.scale_by_lbfgs(memory_size=20)
_update = jax.jit(_SEARCH.update)


class Calibration(NamedTuple):
    """What a calibration found, and whether to believe it.

    ``loss`` is the weighted sum of squared gaps between moments and targets, ``gradient`` the
    largest absolute derivative of it with respect to the transformed unknowns, ``converged``
    whether that is at most the tolerance. ``jacobian`` holds the derivative of each moment (flat,
    in the order of the names) with respect to each transformed unknown, and ``rank`` its numerical
    rank: less than the number of unknowns means that the moments cannot tell them apart.
    """

    values: dict[str, Array]
    moments: dict[str, Array]
    loss: float
    gradient: float
    steps: int
    converged: bool
    jacobian: Float[np.ndarray, "moment unknown"]
    rank: int


def match_moments(
    moments: Callable[[dict[str, Array]], dict[str, Array]],
    unknowns: Unknowns,
    targets: Mapping[str, Any],
    *,
    weights: Mapping[str, float] | None = None,
    tolerance: float = 1e-8,
    max_steps: int = 500,
    throw: bool = True,
) -> Calibration:
    """Find the unknowns whose ``moments`` are nearest to ``targets``.

        minimise sum_m weight_m |moment_m(unknowns) - target_m|^2

    ``moments`` maps named unknowns to named moments, and may solve an equilibrium: its gradient
    runs through the solve. Bounds hold exactly, since an unknown between two bounds is a
    logistic function of a free one (with one bound, an exponential). Steps are those of the
    limited-memory BFGS of optax with a line search, in unknowns scaled by the derivative of the
    moments (so that the first is that of Gauss and Newton); ``moments`` is compiled once, so that
    further targets cost only evaluations. Raises :class:`ConvergenceError` if ``throw``
    and the gradient stays above ``tolerance``, and named errors for bounds and names that make
    no sense.
    """
    for name, (start, low, high) in unknowns.items():
        if not np.all((np.asarray(start) > low) & (np.asarray(start) < high)):
            raise InvalidParameterError(
                f"{name} starts at {start}; must lie strictly inside ({low:g}, {high:g})"
            )
    unbound = {
        name: free(jnp.asarray(s, dtype=float), a, b) for name, (s, a, b) in unknowns.items()
    }
    bounds = {name: (low, high) for name, (_, low, high) in unknowns.items()}
    aims = {name: jnp.asarray(value, dtype=float) for name, value in targets.items()}
    scale = {name: jnp.asarray((weights or {}).get(name, 1.0)) for name in targets}
    start, unravel = ravel_pytree(unbound)

    def at_point(z: Array) -> _At:
        return _evaluate(moments, bounds, unravel(z), aims, scale)

    z, steps = _rounds(at_point, start, tolerance, max_steps)
    at = at_point(z)
    largest = float(jnp.max(jnp.abs(2.0 * at.gaps @ at.jacobian)))
    jacobian = np.asarray(at.jacobian)
    result = Calibration(
        values=at.values,
        moments=at.moments,
        loss=float(at.gaps @ at.gaps),
        gradient=largest,
        steps=steps,
        converged=bool(largest <= tolerance),
        jacobian=jacobian,
        rank=int(np.linalg.matrix_rank(jacobian, tol=1e-8 * max(np.abs(jacobian).max(), 1e-300)))
        if np.all(np.isfinite(jacobian))
        else 0,
    )
    if throw and not result.converged:
        raise ConvergenceError(
            f"calibration: gradient {largest:.3g} after {steps} steps; must be at most "
            f"{tolerance:g} (loss {result.loss:.3g})",
            result,
        )
    return result


class _At(NamedTuple):
    """What one evaluation tells."""

    values: dict[str, Array]
    moments: dict[str, Array]
    gaps: Float[Array, " moment"]
    jacobian: Float[Array, "moment unknown"]


@quick_jit
def _evaluate(
    moments: Callable[[dict[str, Array]], dict[str, Array]],
    bounds: dict[str, tuple[float, float]],
    unbound: dict[str, Array],
    aims: dict[str, Array],
    weights: dict[str, Array],
) -> _At:
    """Moments, gaps and the derivative of the gaps: one program, whatever start and targets."""
    start, unravel = ravel_pytree(unbound)

    def gaps(z: Array) -> tuple[Array, tuple]:
        values = {name: bounded(value, *bounds[name]) for name, value in unravel(z).items()}
        found = moments(values)
        if set(found) != set(aims):
            raise LabelMismatchError(
                f"moments are named {sorted(found)} and targets {sorted(aims)}; must be the same"
            )
        parts = [
            jnp.ravel((found[name] - aims[name]) * jnp.sqrt(weights[name])) for name in sorted(aims)
        ]
        gap = jnp.concatenate(parts)
        return gap, (values, found, gap)

    jacobian, (values, found, gap) = jax.jacrev(gaps, has_aux=True)(start)
    return _At(values, found, gap, jacobian)


def _rounds(
    at_point: Callable[[Array], _At], z: Array, tolerance: float, max_steps: int
) -> tuple[Array, int]:
    """A few quasi-Newton steps at a time, each round in newly scaled unknowns."""
    steps = 0
    while steps < max_steps:
        here = at_point(z)
        if not float(jnp.max(jnp.abs(2.0 * here.gaps @ here.jacobian))) > 0.1 * tolerance:
            break
        _, size, rows = np.linalg.svd(np.asarray(here.jacobian), full_matrices=False)
        if not (np.isfinite(size).all() and size[0] > 0):
            break
        wide = jnp.asarray(rows.T / np.maximum(size, _FLAT * size[0]) / np.sqrt(2.0))
        origin = z

        def objective(u: Array, origin: Array = origin, wide: Array = wide) -> tuple[float, Array]:
            at = at_point(origin + wide @ u)
            return float(at.gaps @ at.gaps), 2.0 * at.gaps @ at.jacobian @ wide

        most = min(_ROUND, max_steps - steps)
        u, taken = descend(objective, jnp.zeros(wide.shape[1]), 0.0, most)
        if not taken:
            break
        z, steps = origin + wide @ u, steps + taken
    return z, steps


def descend(
    objective: Callable[[Array], tuple[float, Array]],
    z: Float[Array, " unknown"],
    tolerance: float,
    max_steps: int,
) -> tuple[Float[Array, " unknown"], int]:
    """Lower ``objective`` (value and gradient) by quasi-Newton steps until the gradient is small.

    Directions are those of the limited-memory BFGS of optax. Steps satisfy the weak Wolfe
    conditions, found by bisection, so that the objective is called and never compiled again. Ends
    early where no such step is found; the caller judges the gradient.

    Source: Nocedal (1980), Mathematics of Computation 35(151); Lewis and Overton (2013),
    Mathematical Programming 141.
    """
    state = _SEARCH.init(z)
    value, slope = objective(z)
    for count in range(max_steps):
        if not float(jnp.max(jnp.abs(slope))) > 0.1 * tolerance:
            return z, count
        ahead, state = _update(slope, state, z)
        step = _wolfe(objective, z, -ahead, value, slope)
        if step is None:
            return z, count
        z, value, slope = step
    return z, max_steps


def _wolfe(
    objective: Callable[[Array], tuple[float, Array]],
    z: Array,
    direction: Array,
    value: float,
    slope: Array,
) -> tuple[Array, float, Array] | None:
    """A step along a direction that lowers the value enough and flattens the slope enough."""
    fall = float(slope @ direction)
    length, low, high = 1.0, 0.0, np.inf
    for _ in range(_TRIALS):
        new = z + length * direction
        there, tilt = objective(new)
        # At the bottom values are equal to rounding; then only the slope can tell.
        enough = there <= value + _DECREASE * length * fall + 1e-15 * abs(value)
        if not (enough and bool(jnp.all(jnp.isfinite(tilt)))):
            high = length
        elif float(tilt @ direction) < _FLATTER * fall:
            low = length
        else:
            return new, there, tilt
        length = 2.0 * low if np.isinf(high) else 0.5 * (low + high)
    return None


def free(value: Array, low: float, high: float) -> Array:
    """The unbounded number that stands for a value between two bounds (any may be infinite)."""
    if np.isinf(low) and np.isinf(high):
        return value
    if np.isinf(high):
        return jnp.log(value - low)
    if np.isinf(low):
        return -jnp.log(high - value)
    return jnp.log(value - low) - jnp.log(high - value)


def bounded(z: Array, low: float, high: float) -> Array:
    """The value between two bounds that an unbounded number stands for; undoes :func:`free`."""
    if np.isinf(low) and np.isinf(high):
        return z
    if np.isinf(high):
        return low + jnp.exp(z)
    if np.isinf(low):
        return high - jnp.exp(-z)
    return low + (high - low) * jax.nn.sigmoid(z)
