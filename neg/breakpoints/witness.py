"""Gradients of thresholds: an explicit function whose zero is the threshold, frozen where found.

At a threshold ``lambda`` of the parameter the equilibrium ``z`` solves ``F(z; lambda, theta) = 0``
and a test value vanishes. With everything but ``lambda`` and the parameters ``theta`` frozen,

    g(lambda, theta) = l' J(z + dz; lambda, theta) r,   dz = -F_z^+ F(z; lambda, theta)   (break)
    g(lambda, theta) = gain(z + dz; lambda, theta)                                        (sustain)
    g(lambda, theta) = w' F(z; lambda, theta)                                             (fold)

where ``J`` is the linearised replicator dynamics, ``l`` and ``r`` its null vectors, ``w`` the left
null vector of ``F_z``, and ``dz`` the response of the equilibrium (the pseudo-inverse leaves out
the kernel, which symmetry decouples from parameters). Then

    d lambda / d theta = - g_theta / g_lambda
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from neg.breakpoints.crossings import NULL, model_at, null_free
from neg.core.compilation import quick_jit
from neg.economy.model import Model
from neg.solvers.implicit import implicit_solution
from neg.solvers.replicator import average_payoff
from neg.solvers.stability import replicator_jacobian
from neg.solvers.system import distribution, long_run_residual, payoff, slopes, stop, unpack


class Witness(eqx.Module):
    """What is frozen at a threshold; ``kind`` is ``break``, ``sustain`` or ``fold``."""

    value: Float[Array, ""]
    z: Float[Array, " unknown"]
    used: Bool[Array, " cell"]
    inverse: Float[Array, ...]  # [unknown, unknown]; not used at a fold, and zero
    left: Array
    right: Array
    cell: Int[Array, ""]
    kind: str = eqx.field(static=True)
    parameter: str = eqx.field(static=True)

    def test(self, value: Any, model: Model) -> Array:
        """The test function ``g`` at the parameter ``value`` and the other parameters of model."""
        here = model_at(model, self.parameter, value)
        violation = long_run_residual(self.z, (here, self.used))
        if self.kind == "fold":
            return jnp.vdot(self.left, violation)
        z = self.z - self.inverse @ violation
        share, p, _ = unpack(here, z)
        x = distribution(here, share, self.used)
        if self.kind == "sustain":
            earned = payoff(here, p, x)
            mean = average_payoff(here.groups, x, jnp.where(self.used, earned, 0.0))
            return earned[self.cell] - mean[here.groups.index[self.cell]]
        slope = slopes(here, p, x)
        matrix = replicator_jacobian(here.groups, x, slope.payoff, slope.total, self.used)
        return jnp.real(jnp.vdot(self.left, matrix @ self.right))


def break_witness(model: Model, parameter: str, value: Any, z: Any, used: Array) -> Witness:
    """The witness of a stability change of the equilibrium ``z``, with its unstable pattern."""
    matrix, inverse, _ = _linearised(model, parameter, jnp.asarray(value), z, used)
    left, right = null_vectors(np.asarray(matrix))
    return _witness("break", parameter, value, z, used, inverse, left, right)


def sustain_witness(
    model: Model, parameter: str, value: Any, z: Any, used: Array, closed: Array
) -> Witness:
    """The witness of the point where the first unit gains by leaving the used cells."""
    _, inverse, gap = _linearised(model, parameter, jnp.asarray(value), z, used)
    cell = jnp.argmax(jnp.where(closed, gap, -jnp.inf))
    none = jnp.zeros(())
    return _witness("sustain", parameter, value, z, used, inverse, none, none, cell)


@quick_jit
def _linearised(
    model: Model, parameter: str, value: Array, z: Array, used: Array
) -> tuple[Array, Array, Array]:
    """Replicator Jacobian, pseudo-inverse of the equilibrium conditions, payoff gaps."""
    here = model_at(model, parameter, value)
    share, p, earned = unpack(here, z)
    x = distribution(here, share, used)
    slope = slopes(here, p, x)
    matrix = replicator_jacobian(here.groups, x, slope.payoff, slope.total, used)
    inverse = null_free(jax.jacfwd(lambda y: long_run_residual(y, (here, used)))(z))
    return matrix, inverse, slope.payoff - earned[here.groups.index]


def fold_witness(model: Model, parameter: str, value: Any, z: Any, used: Array) -> Witness:
    """The witness of a fold, where two equilibria meet and vanish."""
    none = jnp.zeros(())
    left = _left_null(model, parameter, jnp.asarray(value), z, used)
    return _witness("fold", parameter, value, z, used, none, left, none)


@quick_jit
def _left_null(model: Model, parameter: str, value: Array, z: Array, used: Array) -> Array:
    """The left null vector of the equilibrium conditions."""
    here = model_at(model, parameter, value)
    return jnp.linalg.svd(jax.jacfwd(lambda y: long_run_residual(y, (here, used)))(z))[0][:, -1]


def _witness(
    kind: str,
    parameter: str,
    value: Any,
    z: Any,
    used: Any,
    inverse: Any,
    left: Any,
    right: Any,
    cell: Any = 0,
) -> Witness:
    return Witness(
        value=jnp.asarray(value),
        z=jnp.asarray(z),
        used=jnp.asarray(used),
        inverse=jnp.asarray(inverse),
        left=jnp.asarray(left),
        right=jnp.asarray(right),
        cell=jnp.asarray(cell),
        kind=kind,
        parameter=parameter,
    )


def null_vectors(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left and right null vector with ``l' r = 1``; complex at an oscillatory instability.

    Where symmetry gives a larger kernel, the right vector is the pattern in it with the highest
    peak at the first place that it moves, and the left one its mirror image.
    """
    u, s, vt = np.linalg.svd(matrix)
    null = s <= max(10 * NULL * s[0], 2.0 * s[-1])
    if s[-1] > 1e-5 * s[0]:  # no real eigenvalue near zero: a pair crosses the imaginary axis
        values, vectors = np.linalg.eig(matrix)
        k = int(np.argmin(np.abs(values.real)))
        right = vectors[:, k]
        values, vectors = np.linalg.eig(matrix.T)
        left = vectors[:, int(np.argmin(np.abs(values - values[k])))]
        left = np.conj(left / (left @ right))
        return left, right
    basis = vt[null].T
    projector = basis @ basis.T
    first = int(np.argmax(np.diag(projector) > 0.5 * np.diag(projector).max()))
    right = projector[:, first]
    right = right / right[np.argmax(np.abs(right) > (1 - 1e-6) * np.abs(right).max())]
    kernel = u[:, null]
    left = kernel @ (kernel.T @ right)
    return left / (left @ right), right


@quick_jit
def gradient_of(witness: Witness, model: Model, names: tuple[str, ...]) -> dict[str, Array]:
    """``- g_theta / g_lambda`` for the named scalar parameters of ``model``."""

    def test(value: Array, theta: dict[str, Array]) -> Array:
        return witness.test(value, model.with_(**theta))

    theta = {name: model.get(name) for name in names}
    by_value, by_theta = jax.jacfwd(test, argnums=(0, 1))(witness.value, theta)
    return {name: 0.0 - slope / by_value for name, slope in by_theta.items()}


@quick_jit
def differentiable(witness: Witness, model: Model, ok: Any) -> Float[Array, ""]:
    """The threshold as a scalar that knows its derivative with respect to every leaf of model."""
    args = (model, stop(witness))
    value = jnp.reshape(witness.value, (1,))
    slope = jax.jvp(lambda v: witness.test(v, stop(model)), (witness.value,), (jnp.ones(()),))[1]
    regular = jnp.isfinite(slope) & (slope != 0)
    return implicit_solution(value, args, jnp.asarray(ok), regular, residual=_residual)[0]


def _residual(z: Array, args: tuple[Model, Witness]) -> Array:
    model, witness = args
    return jnp.reshape(witness.test(z[0], model), (1,))
