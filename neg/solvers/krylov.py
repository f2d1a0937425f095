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
    hessenberg: Array  # products of the directions in terms of the basis, one row a direction
    rotation: Array  # orthogonal; makes the Hessenberg matrix triangular
    used: Array
    beside: Any  # what came with the product of every direction


def gmres(
    product: Linear,
    right: Float[Array, " unknown"],
    *,
    tolerance: Any = 1e-10,
    memory: int = 50,
    restarts: int = 6,
    correction: Linear | None = None,
) -> tuple[Float[Array, " unknown"], Float[Array, ""]]:
    """Solve ``product(u) = right``; returns ``u`` and its true relative residual.

    Restarted GMRES with twice-repeated Gram-Schmidt, preconditioned from the right by
    ``correction``, a linear guess of the inverse. ``u`` and ``product(u)`` are put together from
    the directions and their products, so that the residual is that of ``u`` and each function is
    compiled once. Traceable; never raises.

    Source: Saad and Schultz (1986), SIAM Journal on Scientific and Statistical Computing 7(3).
    """
    size = jnp.linalg.norm(right)
    scale = jnp.where(size > 0, size, 1.0)

    def along(q: Array) -> tuple[Array, tuple[Array, Array | None]]:
        moved = q if correction is None else correction(q)
        image = product(moved)
        return image, (image, None if correction is None else moved)

    def further(state: tuple) -> tuple:
        u, rest, norm, count = state
        step, (closed, moved) = cycle(along, rest, tolerance * scale, memory)
        rest = rest - closed
        u = u + (step if moved is None else moved)
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
    row, put = jax.lax.dynamic_slice_in_dim, jax.lax.dynamic_update_slice_in_dim

    def unfinished(state: _Krylov) -> Array:
        left = row(state.rotation[:, 0], state.used, 1)[0]  # of a residual of one
        return (state.used < memory) & (jnp.abs(left) * norm > goal)

    def body(state: _Krylov) -> _Krylov:
        j = state.used
        new, beside = product(row(state.basis, j, 1)[0])
        column = state.basis @ new
        new = new - column @ state.basis
        again = state.basis @ new
        new, column = new - again @ state.basis, column + again
        length = jnp.linalg.norm(new)
        new = new / jnp.maximum(length, 1e-300)
        column = put(column, length[None], j + 1, 0)
        a, b = row(state.rotation @ column, j, 2)
        radius = jnp.maximum(jnp.hypot(a, b), 1e-300)
        turn = jnp.stack([a, b, -b, a]).reshape(2, 2) / radius
        return _Krylov(
            put(state.basis, new[None], j + 1, 0),
            put(state.hessenberg, column[None], j, 0),
            put(state.rotation, turn @ row(state.rotation, j, 2), j, 0),
            j + 1,
            jax.tree.map(lambda kept, one: put(kept, one[None], j, 0), state.beside, beside),
        )

    nothing = jax.eval_shape(lambda q: product(q)[1], rest)
    start = _Krylov(
        jnp.zeros((memory + 1, rest.shape[0])).at[0].set(rest / jnp.maximum(norm, 1e-300)),
        jnp.zeros((memory, memory + 1)),
        jnp.eye(memory + 1),
        jnp.asarray(0),
        jax.tree.map(lambda one: jnp.zeros((memory, *one.shape), one.dtype), nothing),
    )
    end = jax.lax.while_loop(unfinished, body, start)
    used = jnp.arange(memory) < end.used
    triangle = (end.rotation @ end.hessenberg.T)[:memory]
    # A direction whose product is nothing new, or that was not used, gets no weight.
    weighed = used & (jnp.diagonal(triangle) != 0.0)
    triangle = jnp.where(weighed[:, None] & weighed[None, :], triangle, jnp.eye(memory))
    right = jnp.where(weighed, norm * end.rotation[:memory, 0], 0.0)
    weight = jax.scipy.linalg.solve_triangular(triangle, right)
    beside = jax.tree.map(lambda kept: jnp.tensordot(weight, kept, 1), end.beside)
    return weight @ end.basis[:memory], beside


class _Newton(NamedTuple):
    point: Array
    residual: Array  # largest, of the equations at the point
    norm: Array  # of the step there
    change: Array  # the direction from there, and the part of it that is tried next
    length: Array
    error: Array
    steps: Array
    status: Array
    finished: Array


def newton_krylov(
    step: Step,
    z: Float[Array, " unknown"],
    *,
    tolerance: Any = 1e-11,
    max_steps: Any = 40,
    memory: int = 50,
    correction: Linear | None = None,
) -> MatrixFreeRoot:
    """Solve ``step(z) = 0`` by Newton's method with GMRES directions and backtracking.

    ``step`` returns the change of one damped iteration, which serves as the preconditioned
    residual, and the largest residual of the equations, by which convergence is judged.
    ``correction`` is a guess of the change that undoes a value of ``step``, linear in it. At
    convergence one more direction is computed: its size is the error that is reported, and it is
    taken if it does not raise the residual.

    Source: Knoll and Keyes (2004), Journal of Computational Physics 193(2).
    """

    def body(state: _Newton) -> _Newton:
        # One evaluation an iteration, whatever it is for: it keeps the compiled program small.
        trial = state.point + state.length * state.change
        value, product, found = jax.linearize(step, trial, has_aux=True)
        norm = jnp.linalg.norm(value)
        first, last = jnp.isinf(state.norm), state.residual <= tolerance
        good = norm <= (1.0 - _DECREASE * state.length) * state.norm  # NaN compares false
        # At convergence, when all is rounding error, a step only must not raise the residual.
        good = (good | (last & (found <= state.residual))) & jnp.isfinite(norm + found)
        there = found <= tolerance
        over = last | (good & ~there & (state.steps >= max_steps))
        asked = good & ~over
        # Rough directions far away, exact ones near: the classical forcing term.
        accuracy = jnp.where(there, 1e-3, jnp.clip(0.1 * found, 1e-8, 1e-2))
        accuracy = jnp.where(asked, accuracy, jnp.inf)  # met without a direction
        change, gap = gmres(
            product, -value, tolerance=accuracy, memory=memory, correction=correction
        )
        largest = jnp.max(jnp.abs(change), initial=0.0)
        change = change * jnp.minimum(1.0, _MAX_CHANGE / jnp.maximum(largest, 1e-300))
        lost = asked & ~there & ~jnp.all(jnp.isfinite(change))
        stuck = ~good & ~last & (state.length <= 2.0**-_HALVINGS)
        status = jnp.where(stuck, Status.STALLED, Status.MAX_STEPS)
        status = jnp.where(lost, Status.SINGULAR, status)
        status = jnp.where(first & ~good, Status.NON_FINITE, status)
        status = jnp.where(last, Status.CONVERGED, status)
        return _Newton(
            jnp.where(good, trial, state.point),
            jnp.where(good | first, found, state.residual),
            jnp.where(good, norm, state.norm),
            jnp.where(asked, change, state.change),
            jnp.where(asked, 1.0, state.length / 2),
            jnp.where(asked & there & (gap <= 1e-2), largest, state.error),
            state.steps + (asked & ~there),
            jnp.asarray(status, dtype=int),
            over | (status > Status.MAX_STEPS),
        )

    unknown = jnp.asarray(jnp.inf)
    start = _Newton(
        z,
        residual=unknown,
        norm=unknown,
        change=jnp.zeros_like(z),
        length=jnp.asarray(1.0),
        error=jnp.asarray(jnp.nan),
        steps=jnp.asarray(0),
        status=jnp.asarray(int(Status.MAX_STEPS)),
        finished=jnp.asarray(False),
    )
    end = jax.lax.while_loop(lambda state: ~state.finished, body, start)
    return MatrixFreeRoot(end.point, end.residual, end.status, end.steps, end.error)


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
