"""Pseudo-arclength continuation: a whole branch of equilibria in one compiled loop.

From a point with unit tangent ``t`` the next is predicted at ``u + ds t`` and corrected by Newton's
method in the hyperplane through the prediction, so that the branch may turn back in the parameter.
The step grows while Newton needs few iterations and is halved where it fails; a step that would
pass an end of the parameter's interval or empty a cell is shortened to end exactly there.
"""

from __future__ import annotations

from enum import IntEnum

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from neg.bifurcation.line import ParameterLine
from neg.bifurcation.reduction import Reduction, reduced_residual
from neg.core.compilation import quick_jit
from neg.core.status import Status
from neg.economy.model import Model
from neg.solvers.newton import undamped

_NEWTON = 8
_TURN = 0.9
"""Smallest cosine between successive tangents: sharper turns may be a jump to another branch."""
_NEGATIVE = 1e-10
"""Shares may be negative by this much: rounding, no economic meaning."""


class End(IntEnum):
    """Why a branch ends."""

    MAX_POINTS = 0
    LOW = 1
    HIGH = 2
    EMPTIED = 3
    CLOSED = 4
    FAILED = 5
    JOINED = 6

    @property
    def reason(self) -> str:
        """The reason in words."""
        return _REASONS[self]


_REASONS = {
    End.MAX_POINTS: "the limit on the number of points was reached",
    End.LOW: "the parameter reached its lower bound",
    End.HIGH: "the parameter reached its upper bound",
    End.EMPTIED: "a cell emptied: the branch goes on with fewer used cells",
    End.CLOSED: "the branch returned to its start: a closed loop",
    End.FAILED: "no step, however short, led to a further equilibrium",
    End.JOINED: "the branch met a branch of higher symmetry",
}


class Steps(eqx.Module):
    """Step control: first, smallest and largest step length, tolerance of the residual.

    Lengths are in units of (shares, root mean square log price, parameter interval).
    """

    first: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=0.01)
    smallest: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=1e-7)
    largest: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=0.05)
    tolerance: Float[Array, ""] = eqx.field(converter=jnp.asarray, default=1e-10)


class Trace(eqx.Module):
    """The points of a branch as padded arrays: the first ``count`` rows are converged points.

    ``points`` and ``tangents`` hold the unknowns and, last, the position; ``iterations`` and
    ``failures`` count, for each point, Newton steps and failed attempts before it was reached;
    ``trouble`` is the status of the last failed attempt.
    """

    points: Float[Array, "point unknown"]
    tangents: Float[Array, "point unknown"]
    lengths: Float[Array, " point"]
    residuals: Float[Array, " point"]
    iterations: Int[Array, " point"]
    failures: Int[Array, " point"]
    count: Int[Array, ""]
    end: Int[Array, ""]
    trouble: Int[Array, ""]


def evaluate(u: Array, args: tuple[Model, ParameterLine, Reduction]) -> tuple[Array, Array]:
    """Residual at ``u`` (unknowns and position) and its derivative, one column more than rows."""
    z, position = u[:-1], u[-1]

    def twice(z: Array) -> tuple[Array, Array]:
        value = reduced_residual(z, position, args)
        return value, value

    by_unknowns, value = jax.jacfwd(twice, has_aux=True)(z)
    _, by_position = jax.jvp(
        lambda s: reduced_residual(z, s, args), (position,), (jnp.ones_like(position),)
    )
    return value, jnp.concatenate([by_unknowns, by_position[:, None]], axis=1)


def correct(
    u: Array,
    row: Array,
    level: Array,
    args: tuple[Model, ParameterLine, Reduction],
    tolerance: Array,
) -> tuple[Array, Array, Array, Array, Array]:
    """Newton's method for ``residual(u) = 0, row @ u = level``.

    Returns point, a vector along the branch there, largest residual, iterations and status.
    """

    def bordered(u: Array) -> tuple[Array, Array]:
        value, jacobian = evaluate(u, args)
        matrix = jnp.concatenate([jacobian, row[None, :]])
        return jnp.append(value, row @ u - level), matrix

    root = undamped(bordered, u, tolerance=tolerance, max_steps=_NEWTON + 1)
    along = jnp.linalg.solve(root.jacobian, jnp.zeros_like(u).at[-1].set(1.0))
    return root.z, along, root.residual, root.steps, root.status


def unit_tangent(along: Array, heading: Array, metric: Array) -> Array:
    """The vector made a unit tangent that points the way of ``heading``."""
    forward = jnp.where(jnp.sum(metric * along * heading) < 0.0, -1.0, 1.0)
    return forward * along / jnp.sqrt(jnp.sum(metric * along * along))


def metric_of(line: ParameterLine, reduction: Reduction) -> Array:
    """Weights of the squared length of a change of unknowns and position."""
    return jnp.append(reduction.weights, (line.high - line.low) ** -2)


@quick_jit
def trace(
    model: Model,
    line: ParameterLine,
    reduction: Reduction,
    guess: Float[Array, " unknown"],
    row: Float[Array, " unknown"],
    heading: Float[Array, " unknown"],
    steps: Steps,
    max_points: int,
) -> Trace:
    """Follow the branch through the point near ``guess`` in the hyperplane ``row``.

    The branch is followed the way of ``heading`` until it ends. Nothing found: ``count`` is zero.
    """
    args = (model, line, reduction)
    metric = metric_of(line, reduction)
    shares = reduction.cells.shape[1]
    real = reduction.cells.sum(axis=0) > 0

    def body(state: tuple) -> tuple:
        u, t, ds, tried, out = state
        begin = out.count == 0
        bound = jnp.where(t[-1] > 0, line.high, line.low)
        to_bound = jnp.where(jnp.abs(t[-1]) > 1e-12, (bound - u[-1]) / t[-1], jnp.inf)
        y, dy = u[:shares], t[:shares]
        to_corner = jnp.where((dy < -1e-12) & real, jnp.maximum(y, 0.0) / -dy, jnp.inf)
        ahead = jnp.append(to_corner, to_bound)
        which = jnp.argmin(ahead)
        hit = (ahead[which] <= 1.2 * ds) & ~begin
        corner = which < shares
        step = jnp.where(hit, ahead[which], jnp.where(begin, 0.0, ds))
        predicted = u + step * t
        coordinate = jnp.where(corner, which, u.shape[0] - 1)
        plane = jnp.where(hit, jnp.zeros_like(u).at[coordinate].set(1.0), metric * t)
        plane = jnp.where(begin, row, plane)
        level = jnp.where(hit, jnp.where(corner, 0.0, bound), plane @ predicted)
        new, along, residual, iterations, status = correct(
            predicted, plane, level, args, steps.tolerance
        )
        turned = unit_tangent(along, t, metric)
        slack = 1e-9 * (line.high - line.low)
        inside = (new[-1] >= line.low - slack) & (new[-1] <= line.high + slack)
        inside = inside & (jnp.min(new[:shares], initial=jnp.inf) >= -_NEGATIVE)
        inside = inside & jnp.all(jnp.isfinite(turned))
        smooth = begin | (jnp.sum(metric * t * turned) >= _TURN)
        status = jnp.where(
            (status == Status.CONVERGED) & ~(inside & smooth),
            jnp.where(inside, Status.STALLED, Status.LEFT_DOMAIN),
            status,
        )
        good = status == Status.CONVERGED

        first, back = out.points[0], out.tangents[0]
        gap = jnp.sqrt(jnp.sum(metric * (new - first) ** 2))
        closed = good & ~hit & (out.count >= 6) & (gap < step)
        closed = closed & (jnp.sum(metric * turned * back) > _TURN)
        new = jnp.where(closed, first, new)

        here = jnp.where(hit & (ahead[which] <= 1e-13), -1, out.count)  # no step at all: no point
        out = jax.lax.cond(
            good & (here >= 0),
            lambda: _store(out, new, turned, step, residual, iterations, tried),
            lambda: out,
        )
        which_end = jnp.where(corner, End.EMPTIED, jnp.where(t[-1] > 0, End.HIGH, End.LOW))
        growth = jnp.where(iterations <= 2, 1.6, jnp.where(iterations <= 4, 1.15, 0.7))
        longer = jnp.clip(step * growth, steps.smallest, steps.largest)
        ds = jnp.where(begin, ds, jnp.where(good, longer, step / 2))
        end = jnp.where(
            good,
            jnp.where(closed, End.CLOSED, jnp.where(hit, which_end, -1)),
            jnp.where(begin | (ds < steps.smallest), End.FAILED, -1),
        )
        out = eqx.tree_at(
            lambda o: (o.end, o.trouble), out, (end, jnp.where(good, out.trouble, status))
        )
        u, t = jnp.where(good, new, u), jnp.where(good, turned, t)
        return u, t, ds, jnp.where(good, 0, tried + 1), out

    def unfinished(state: tuple) -> Array:
        out = state[-1]
        return (out.end < 0) & (out.count < max_points)

    empty = Trace(
        points=jnp.full((max_points, guess.shape[0]), jnp.nan),
        tangents=jnp.full((max_points, guess.shape[0]), jnp.nan),
        lengths=jnp.full(max_points, jnp.nan),
        residuals=jnp.full(max_points, jnp.nan),
        iterations=jnp.zeros(max_points, dtype=int),
        failures=jnp.zeros(max_points, dtype=int),
        count=jnp.asarray(0),
        end=jnp.asarray(-1),
        trouble=jnp.asarray(int(Status.CONVERGED)),
    )
    first_step = jnp.minimum(steps.first, steps.largest)
    state = (guess, heading, first_step, jnp.asarray(0), empty)
    *_, out = jax.lax.while_loop(unfinished, body, state)
    return eqx.tree_at(lambda o: o.end, out, jnp.where(out.end < 0, End.MAX_POINTS, out.end))


def _store(
    out: Trace,
    u: Array,
    t: Array,
    length: Array,
    residual: Array,
    iterations: Array,
    failures: Array,
) -> Trace:
    i = out.count
    return Trace(
        points=out.points.at[i].set(u),
        tangents=out.tangents.at[i].set(t),
        lengths=out.lengths.at[i].set(length),
        residuals=out.residuals.at[i].set(residual),
        iterations=out.iterations.at[i].set(iterations),
        failures=out.failures.at[i].set(failures),
        count=i + 1,
        end=out.end,
        trouble=out.trouble,
    )
