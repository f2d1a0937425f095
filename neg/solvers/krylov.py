"""Newton's method without a matrix: directions from GMRES on derivative products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.status import Status
from neg.solvers.anderson import MatrixFreeRoot, Step

Linear = Callable[[Float[Array, " unknown"]], Float[Array, " unknown"]]

ADJOINT_TOLERANCE = 1e-9
"""Relative residual above which the linear solve of a derivative counts as failed: NaN."""
_HALVINGS = 10
_DECREASE = 1e-4
_MAX_CHANGE = 2.0  # of any log unknown in one Newton step


class _Krylov(NamedTuple):
    basis: Array  # orthonormal rows
    triangle: Array  # R of the QR decomposition of the Hessenberg matrix, by columns
    rotations: Array  # cosine and sine of every Givens rotation
    right: Array  # rotated right-hand side; its last used entry is the residual norm
    used: Array
    beside: Any  # what came with the product of every direction


def gmres(
    product: Linear,
    right: Float[Array, " unknown"],
    *,
    tolerance: Any = 1e-10,
    memory: int = 50,
    restarts: int = 6,
) -> tuple[Float[Array, " unknown"], Float[Array, ""]]:
    """Solve ``product(u) = right``; returns ``u`` and its true relative residual.

    Restarted GMRES with twice-repeated Gram-Schmidt. The residual returned is computed from
    ``u``, so that a caller can tell whether the solve is good. Traceable; never raises.

    Source: Saad and Schultz (1986), SIAM Journal on Scientific and Statistical Computing 7(3).
    """
    size = jnp.linalg.norm(right)
    scale = jnp.where(size > 0, size, 1.0)

    def further(state: tuple) -> tuple:
        u, rest, norm, count = state
        step, _ = cycle(lambda q: (product(q), ()), rest, tolerance * scale, memory)
        u = u + step
        rest = right - product(u)
        return u, rest, jnp.linalg.norm(rest) / scale, count + 1

    def unfinished(state: tuple) -> Array:
        _, _, norm, count = state
        return (norm > tolerance) & (count < restarts)

    start = (jnp.zeros_like(right), right, size / scale, jnp.asarray(0))
    u, _, norm, _ = jax.lax.while_loop(unfinished, further, start)
    return u, norm


def cycle(
    product: Callable[[Float[Array, " unknown"]], tuple[Float[Array, " unknown"], Any]],
    rest: Array,
    goal: Array,
    memory: int,
) -> tuple[Float[Array, " unknown"], Any]:
    """One cycle: the best correction of the residual ``rest`` in a Krylov space.

    Of at most ``memory`` directions; it ends early where the residual left is at most ``goal``.
    ``product`` also returns arrays that are linear in its argument; those of the correction, put
    together from those of the directions, are returned beside it.
    """
    memory = min(memory, rest.shape[0])
    norm = jnp.linalg.norm(rest)

    def unfinished(state: _Krylov) -> Array:
        return (state.used < memory) & (jnp.abs(state.right[state.used]) > goal)

    def body(state: _Krylov) -> _Krylov:
        j = state.used
        new, beside = product(state.basis[j])
        column = state.basis @ new
        new = new - column @ state.basis
        again = state.basis @ new
        new, column = new - again @ state.basis, column + again
        length = jnp.linalg.norm(new)
        basis = state.basis.at[j + 1].set(new / jnp.maximum(length, 1e-300))
        column = column.at[j + 1].set(length)

        def rotate(k: Array, column: Array) -> Array:
            cosine, sine = state.rotations[k]
            a, b = column[k], column[k + 1]
            return column.at[k].set(cosine * a + sine * b).at[k + 1].set(cosine * b - sine * a)

        column = jax.lax.fori_loop(0, j, rotate, column)
        radius = jnp.maximum(jnp.hypot(column[j], column[j + 1]), 1e-300)
        cosine, sine = column[j] / radius, column[j + 1] / radius
        column = column.at[j].set(radius).at[j + 1].set(0.0)
        value = state.right[j]
        turned = state.right.at[j].set(cosine * value).at[j + 1].set(-sine * value)
        return _Krylov(
            basis,
            state.triangle.at[:, j].set(column[:memory]),
            state.rotations.at[j].set(jnp.stack([cosine, sine])),
            turned,
            j + 1,
            jax.tree.map(lambda kept, one: kept.at[j].set(one), state.beside, beside),
        )

    nothing = jax.eval_shape(lambda q: product(q)[1], rest)
    start = _Krylov(
        jnp.zeros((memory + 1, rest.shape[0])).at[0].set(rest / jnp.maximum(norm, 1e-300)),
        jnp.eye(memory),
        jnp.zeros((memory, 2)),
        jnp.zeros(memory + 1).at[0].set(norm),
        jnp.asarray(0),
        jax.tree.map(lambda one: jnp.zeros((memory, *one.shape), one.dtype), nothing),
    )
    end = jax.lax.while_loop(unfinished, body, start)
    used = jnp.arange(memory) < end.used
    triangle = jnp.where(used[None, :], end.triangle, jnp.eye(memory))
    weight = jax.scipy.linalg.solve_triangular(triangle, jnp.where(used, end.right[:memory], 0.0))
    beside = jax.tree.map(lambda kept: jnp.tensordot(weight, kept, 1), end.beside)
    return weight @ end.basis[:memory], beside


def newton_krylov(
    step: Step,
    z: Float[Array, " unknown"],
    *,
    tolerance: Any = 1e-11,
    max_steps: Any = 40,
    memory: int = 50,
    correction: Linear = lambda value: value,
) -> MatrixFreeRoot:
    """Solve ``step(z) = 0`` by Newton's method with GMRES directions and backtracking.

    ``step`` returns the change of one damped iteration, which serves as the preconditioned
    residual, and the largest residual of the equations, by which convergence is judged.
    ``correction`` is a guess of the change that undoes a value of ``step``, linear in it. At
    convergence one more direction is computed: its size is the error that is reported, and it is
    taken if it does not raise the residual.

    Source: Knoll and Keyes (2004), Journal of Computational Physics 193(2).
    """

    def too_long(state: tuple) -> Array:
        length, count, norm, _, old, final = state
        good = norm <= (1.0 - _DECREASE * length) * old  # NaN compares false: not good
        return ~good & jnp.where(final, count < 1, count <= _HALVINGS)

    def body(state: tuple) -> tuple:
        point, _, steps, _, _ = state
        value, product, residual = jax.linearize(step, point, has_aux=True)
        norm, final = jnp.linalg.norm(value), residual <= tolerance
        # Rough directions far away, exact ones near: the classical forcing term.
        accuracy = jnp.where(final, 1e-3, jnp.clip(0.1 * residual, 1e-8, 1e-2))
        undo = lambda part: product(correction(part))
        undone, gap = gmres(undo, -value, tolerance=accuracy, memory=memory)
        change = correction(undone)
        largest = jnp.max(jnp.abs(change), initial=0.0)
        change = change * jnp.minimum(1.0, _MAX_CHANGE / jnp.maximum(largest, 1e-300))

        def shorten(state: tuple) -> tuple:
            length, count, _, _, old, final = state
            length = length / 2
            new, found = step(point + length * change)
            return length, count + 1, jnp.linalg.norm(new), found, old, final

        first = (jnp.asarray(2.0), 0, jnp.asarray(jnp.inf), residual, norm, final)
        length, _, new, found, *_ = jax.lax.while_loop(too_long, shorten, first)
        # At convergence, when all is rounding error, a step only must not raise the residual.
        good = (new <= (1.0 - _DECREASE * length) * norm) | (final & (found <= residual))
        failure = jnp.where(jnp.all(jnp.isfinite(change)), Status.STALLED, Status.SINGULAR)
        failure = jnp.where(jnp.isfinite(norm + residual), failure, Status.NON_FINITE)
        status = jnp.where(good, Status.MAX_STEPS, failure)
        return (
            jnp.where(good, point + length * change, point),
            jnp.where(good, found, residual),
            steps + ~final,
            jnp.where(final, Status.CONVERGED, status),
            jnp.where(final & (gap <= 1e-2), largest, jnp.nan),
        )

    def unfinished(state: tuple) -> Array:
        _, residual, steps, status, _ = state
        return (status == Status.MAX_STEPS) & ((steps < max_steps) | (residual <= tolerance))

    unknown, status = jnp.asarray(jnp.nan), jnp.asarray(int(Status.MAX_STEPS))
    start = (z, jnp.asarray(jnp.inf), jnp.asarray(0), status, unknown)
    point, residual, steps, status, error = jax.lax.while_loop(unfinished, body, start)
    return MatrixFreeRoot(point, residual, status, steps, error)


@eqx.filter_custom_jvp
def implicit_matrix_free(
    z: Float[Array, " unknown"],
    args: Any,
    ok: Any,
    *,
    step: Callable[[Array, Any], Array],
) -> Float[Array, " unknown"]:
    """A solution of ``step(z, args) = 0`` that knows its derivative with respect to ``args``.

    The derivative is one linear solve by GMRES, for a tangent or for a cotangent. Where the solve
    of the equations was not good (``ok``), or GMRES leaves a relative residual above
    :data:`ADJOINT_TOLERANCE` (as at a fold or break point), the derivative is NaN.
    """
    del args, step
    return jnp.where(ok, z, jnp.nan)


@implicit_matrix_free.def_jvp
def _implicit_jvp(primals: Any, tangents: Any, *, step: Any) -> Any:
    z, args, ok = primals
    _, tangent_args, _ = tangents
    solution = implicit_matrix_free(z, args, ok, step=step)
    if all(leaf is None for leaf in jax.tree.leaves(tangent_args, is_leaf=lambda t: t is None)):
        return solution, jnp.zeros_like(solution)
    _, change = eqx.filter_jvp(lambda a: step(solution, a), (args,), (tangent_args,))
    _, product = jax.linearize(lambda unknown: step(unknown, args), solution)

    def solve(operator: Linear, right: Array) -> Array:
        safe = jnp.where(jnp.isfinite(right), right, 0.0)
        found, gap = gmres(operator, safe, tolerance=ADJOINT_TOLERANCE / 100, restarts=10)
        good = (gap <= ADJOINT_TOLERANCE) & jnp.all(jnp.isfinite(right))
        return found * jnp.where(good, 1.0, jnp.nan)

    tangent = jax.lax.custom_linear_solve(product, -change, solve, transpose_solve=solve)
    return solution, tangent * jnp.where(ok, 1.0, jnp.nan)
