"""Newton's method with a dense Jacobian; what a step is, is a rule.

:func:`newton` backtracks until the residual falls: for starts far from the root. :func:`undamped`
takes the steps as they are, one evaluation each: for starts next to it, and for batches.

direct            s = - J^-1 F
pseudo_inverse    s = - J^+ F, the shortest step, where J is not square or has no inverse
regularised       s = argmin |J s + F|^2 + |F|^2 |s|^2, where J is nearly singular: directions
                  that the residual hardly feels wait until the others have closed
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neg.core.status import Status
from neg.solvers.implicit import Residual

StepRule = Callable[[Float[Array, "equation unknown"], Float[Array, " equation"]], Array]
"""From Jacobian and residual to the full step."""

_HALVINGS = 12
_DECREASE = 1e-4
_CRAWL = 0.99  # steps that leave more of the residual than this, six in a row, lead nowhere
_CRAWLS = 6
_FINE = 1e-14  # residual that the last steps of a nearly singular system are asked for
_MAX_CHANGE = 0.5  # of any unknown in one of them


def direct(jacobian: Array, value: Array) -> Array:
    """Newton's own step."""
    return jnp.linalg.solve(jacobian, -value)


def pseudo_inverse(jacobian: Array, value: Array) -> Array:
    """The shortest step that solves the linear system, or comes closest to it."""
    return jnp.linalg.lstsq(jacobian, -value)[0]


def regularised(jacobian: Array, value: Array) -> Array:
    """The step of Levenberg and Marquardt with damping ``|F|^2``.

    Converges quadratically also to roots at which the Jacobian is singular, as long as the residual
    bounds the distance to the set of roots.

    Source: Yamashita and Fukushima (2001), Computing Supplement 15.
    """
    size = jnp.sqrt(jnp.sum(value**2))
    unknowns = jacobian.shape[1]
    stacked = jnp.concatenate([jacobian, size * jnp.eye(unknowns)])
    q, r = jnp.linalg.qr(stacked)
    right = q[: value.shape[0]].T @ -value
    return jax.scipy.linalg.solve_triangular(r, right)


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
    rule: StepRule = direct,
    natural: bool = False,
) -> Root:
    """Solve ``residual(z, args) = 0`` from ``z`` by Newton's method with backtracking.

    Converged means that the largest absolute residual is finite and at most ``tolerance``; one
    more step is then taken and kept if it lowers the residual. ``max_change`` bounds the change of
    any unknown in one step; ``rule`` makes the step from Jacobian and residual. Steps must lower
    the residual, or, if ``natural``, the next step that the same Jacobian asks for: a measure in
    units of unknowns, for systems that are nearly singular, where a step to the root may well
    raise the residual on its way. Traceable; never raises.

    Source of the natural test: Deuflhard (2011), Newton Methods for Nonlinear Problems, ch. 3.
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
        finishing = state.status == Status.CONVERGED
        asked = merit(rule(state.jacobian, value)) if natural else merit(value)
        good = asked <= (1.0 - _DECREASE * state.length) * state.norm  # false where NaN
        if natural:  # where rounding blurs the steps, the residual still tells
            good = good | (merit(value) <= 0.5 * merit(state.value))
        there = _largest(value) <= tolerance
        good = jnp.where(finishing, (asked <= state.norm) & there, good) | (state.tries == 0)
        good = good & jnp.all(jnp.isfinite(value))
        full = rule(jacobian, value)
        norm = merit(full) if natural else asked
        step = full * jnp.minimum(1.0, max_change / jnp.maximum(_largest(full), 1e-300))
        crawls = jnp.where(asked > _CRAWL * state.norm, state.crawls + 1, 0)
        crawls = jnp.where(good & (not natural), crawls, state.crawls)
        stuck = (~good & (state.length <= 2.0**-_HALVINGS)) | (crawls >= _CRAWLS)
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


def undamped(
    evaluate: Callable[[Float[Array, " unknown"]], tuple[Array, Array]],
    z: Float[Array, " unknown"],
    *,
    tolerance: Any,
    max_steps: Any,
    max_change: Any = jnp.inf,
    rule: StepRule = direct,
    last: bool = False,
) -> Root:
    """Newton's method from next to a root: full steps, no unknown changed by over ``max_change``.

    ``evaluate`` gives the value at a point and the matrix of the step there: the Jacobian, or one
    that leads away from known roots. Converged means that the largest absolute value is at most
    ``tolerance``; with ``last`` the step asked for there is taken as well, unseen. Traceable;
    never raises.
    """

    def unfinished(state: tuple) -> Array:
        *_, error, count = state
        return (error > tolerance) & (count < max_steps) & (error < jnp.inf)

    def body(state: tuple) -> tuple:
        # Evaluated at this one place, as every copy of a model would have to be compiled again.
        point, change, _, _, count = state
        point = point + change
        value, matrix = evaluate(point)
        error = _largest(value)
        error = jnp.where(jnp.isfinite(error), error, jnp.inf)
        full = rule(matrix, value)
        change = full * jnp.minimum(1.0, max_change / jnp.maximum(_largest(full), 1e-300))
        return point, change, matrix, error, count + 1

    n = z.shape[0]
    nothing, unseen = jnp.zeros_like(z), jnp.full((n, n), jnp.nan, dtype=z.dtype)
    state = (z, nothing, unseen, jnp.asarray(1e300), jnp.asarray(-1))
    z, change, matrix, error, count = jax.lax.while_loop(unfinished, body, state)
    found = error <= tolerance
    if last:
        z = jnp.where(found & jnp.all(jnp.isfinite(change)), z + change, z)
    lost = jnp.where(jnp.isfinite(error), Status.MAX_STEPS, Status.NON_FINITE)
    status = jnp.where(found, Status.CONVERGED, lost)
    return Root(z, error, status, count, matrix)


def stubborn(
    residual: Residual, z: Float[Array, " unknown"], args: Any, *, tolerance: Any, max_steps: Any
) -> Root:
    """Solve a nearly singular system, such as markets that hardly trade with each other.

    Regularised steps first close what the residual feels strongly; Newton's own steps, judged in
    units of unknowns, then close the rest as far as rounding allows.
    """
    near = newton(residual, z, args, tolerance=tolerance, max_steps=max_steps, rule=regularised)
    fine = jnp.minimum(tolerance, _FINE)
    root = newton(
        residual,
        near.z,
        args,
        tolerance=fine,
        max_steps=max_steps,
        max_change=_MAX_CHANGE,
        natural=True,
    )
    better = root.residual <= jnp.maximum(near.residual, tolerance)
    best = jax.tree.map(lambda a, b: jnp.where(better, a, b), root, near)
    status = jnp.where(best.residual <= tolerance, Status.CONVERGED, best.status)
    return Root(best.z, best.residual, status, near.steps + root.steps, best.jacobian)


def _largest(value: Array) -> Array:
    return jnp.max(jnp.abs(value), initial=0.0)
