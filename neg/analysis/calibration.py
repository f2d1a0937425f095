"""Calibration: parameters that make an equilibrium match moments, by gradient through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from neg.errors import ConvergenceError, InvalidParameterError, LabelMismatchError

Unknowns = Mapping[str, tuple[Any, float, float]]
"""Start, lower and upper bound of every unknown, by name; bounds may be infinite."""


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
    limited-memory BFGS of optax with a line search. Raises :class:`ConvergenceError` if ``throw``
    and the gradient stays above ``tolerance``, and named errors for bounds and names that make
    no sense.
    """
    for name, (start, low, high) in unknowns.items():
        if not np.all((np.asarray(start) > low) & (np.asarray(start) < high)):
            raise InvalidParameterError(
                f"{name} starts at {start}; must lie strictly inside ({low:g}, {high:g})"
            )
    free = {name: _free(jnp.asarray(s, dtype=float), a, b) for name, (s, a, b) in unknowns.items()}
    bounds = {name: (low, high) for name, (_, low, high) in unknowns.items()}
    aims = {name: jnp.asarray(value, dtype=float) for name, value in targets.items()}

    def values(z: dict[str, Array]) -> dict[str, Array]:
        return {name: _bounded(z[name], *bounds[name]) for name in z}

    def gaps(z: dict[str, Array]) -> dict[str, Array]:
        found = moments(values(z))
        if set(found) != set(aims):
            raise LabelMismatchError(
                f"moments are named {sorted(found)} and targets {sorted(aims)}; must be the same"
            )
        return {
            name: (found[name] - aims[name]) * jnp.sqrt((weights or {}).get(name, 1.0))
            for name in sorted(aims)
        }

    def loss(z: dict[str, Array]) -> Array:
        return jnp.sum(jnp.concatenate([jnp.ravel(v**2) for v in gaps(z).values()]))

    z, steps = descend(loss, free, tolerance, max_steps)
    value, slope = eqx.filter_jit(jax.value_and_grad(loss))(z)
    largest = max(float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(slope))
    jacobian = _matrix(eqx.filter_jit(jax.jacrev(gaps))(z), z)
    result = Calibration(
        values=values(z),
        moments=moments(values(z)),
        loss=float(value),
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


def descend(loss: Any, z: Any, tolerance: float, max_steps: int) -> tuple[Any, int]:
    """Quasi-Newton steps until the gradient is small; a Python loop, one compiled step."""
    search = optax.lbfgs(memory_size=20)
    cached = optax.value_and_grad_from_state(loss)

    @eqx.filter_jit
    def step(z: Any, state: Any) -> tuple[Any, Any, Array]:
        value, slope = cached(z, state=state)
        change, state = search.update(slope, state, z, value=value, grad=slope, value_fn=loss)
        return optax.apply_updates(z, change), state, optax.tree.norm(slope, ord=jnp.inf)

    state = search.init(z)
    for count in range(max_steps):
        new, state, size = step(z, state)
        if not float(size) > 0.1 * tolerance:
            return z, count
        z = new
    return z, max_steps


def _free(value: Array, low: float, high: float) -> Array:
    if np.isinf(low) and np.isinf(high):
        return value
    if np.isinf(high):
        return jnp.log(value - low)
    if np.isinf(low):
        return -jnp.log(high - value)
    return jnp.log(value - low) - jnp.log(high - value)


def _bounded(z: Array, low: float, high: float) -> Array:
    if np.isinf(low) and np.isinf(high):
        return z
    if np.isinf(high):
        return low + jnp.exp(z)
    if np.isinf(low):
        return high - jnp.exp(-z)
    return low + (high - low) * jax.nn.sigmoid(z)


def _matrix(jacobian: dict, z: dict) -> np.ndarray:
    rows = []
    for name in sorted(jacobian):
        blocks = [
            np.asarray(jacobian[name][unknown]).reshape(-1, np.size(z[unknown])) for unknown in z
        ]
        rows.append(np.concatenate(blocks, axis=1))
    return np.concatenate(rows, axis=0)
