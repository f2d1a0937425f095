"""Continuation: follow an equilibrium as a parameter moves, through folds, to where it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.bifurcation.arclength import End, Steps, trace
from neg.bifurcation.branch import Branch, join
from neg.bifurcation.legs import branch_of
from neg.bifurcation.line import ParameterLine, line_symmetries, parameter_line
from neg.bifurcation.reduction import Reduction, reduce
from neg.bifurcation.symmetry import Symmetry, cleared
from neg.core.checks import check_range
from neg.core.compilation import quick_jit
from neg.core.errors import ConvergenceError
from neg.core.status import STABILITY_TOLERANCE
from neg.economy.lever import Lever, in_hand
from neg.economy.model import Model
from neg.solvers.replicator import EMPTY, average_payoff
from neg.solvers.short_run import check_distribution

MAX_POINTS = 400


def continuation(
    model: Model,
    parameter: str | Lever | Mapping[str, tuple[float, float]],
    start: Any = None,
    *,
    low: float | None = None,
    high: float | None = None,
    at: float | None = None,
    used: Any = None,
    group: Symmetry | None = None,
    steps: Steps | None = None,
    max_points: int = MAX_POINTS,
) -> Branch:
    """Follow the equilibrium near the distribution ``start`` over an interval of a parameter.

    ``parameter`` is a scalar parameter, alias or lever, followed from its present value (or ``at``)
    both ways to ``low`` and ``high``; or a mapping from several parameters to their values at the
    two ends of a straight line, followed from position ``at`` (default 0) within [0, 1]. ``used``
    are the cells used (default: those not empty in ``start``; default start: the even
    distribution). The branch keeps the symmetry of the start within ``group`` (default: all
    symmetries of the model; ``Symmetry.trivial`` uses none). Points per direction are at most
    ``max_points``. Raises :class:`neg.core.errors.ConvergenceError` if there is no equilibrium near
    the start; how and why the branch ends is said by ``start``, ``end`` and ``trouble``.
    """
    if isinstance(parameter, Lever):
        model, parameter = in_hand(model, parameter, parameter.path)
    line = parameter_line(model, parameter, low, high)
    x = np.asarray(model.groups.uniform() if start is None else getattr(start, "x", start))
    if at is None:
        at = float(model.get(line.names[0])) if isinstance(parameter, str) else float(line.low)
    check_range("at", at, float(line.low), float(line.high))
    here = line.at(model, jnp.asarray(at))
    x = np.asarray(check_distribution(here, jnp.asarray(x)))
    used = x > EMPTY * np.asarray(here.groups.cell_mass) if used is None else np.asarray(used)
    if group is None:
        group = line_symmetries(model, line)
    branch = followed(model, line, x, at, used, group, steps or Steps(), max_points)
    if branch is None:
        raise ConvergenceError(f"no equilibrium found near the start at {line.label} = {at:g}")
    return branch


def followed(
    model: Model,
    line: ParameterLine,
    x: np.ndarray,
    at: float,
    used: np.ndarray,
    group: Symmetry,
    steps: Steps,
    max_points: int,
) -> Branch | None:
    """The branch :func:`through` a start, again from beside it where the start is special.

    At a start with zero growth what happens there is hidden: a break point, and all beyond.
    """
    found = through(model, line, x, at, used, group, steps, max_points)
    beside = None if found is None else _beside(found, at)
    if found is None or beside is None:
        return found
    start = found.x[beside], float(found.parameter[beside])
    again = through(model, line, *start, used, group, steps, max_points)
    return found if again is None else again


def _beside(branch: Branch, position: float) -> int | None:
    """A point well away from one at this position where growth is zero; None without such a one."""
    told = np.abs(branch.growth) > STABILITY_TOLERANCE
    critical = np.flatnonzero(~told & (np.abs(branch.parameter - position) <= 1e-12))
    clear = np.flatnonzero(told)
    if not len(critical) or not len(clear):
        return None
    apart = np.abs(clear - critical[0])
    return int(clear[np.argmin(np.abs(apart - apart.max() // 2))])


def through(
    model: Model,
    line: ParameterLine,
    x: np.ndarray,
    at: float,
    used: np.ndarray,
    group: Symmetry,
    steps: Steps,
    max_points: int,
) -> Branch | None:
    """The branch through the equilibrium near ``x``, both ways; None if there is none."""
    here = line.at(model, jnp.asarray(at))
    share = x / np.asarray(here.groups.cell_mass)
    symmetry = group.isotropy(share, used + 0.0, tolerance=1e-6)
    reduction = reduce(here, symmetry, used)
    guess = state_vector(here, reduction, symmetry.average(x), at)
    return both_ways(model, line, reduction, symmetry, group, guess, steps, max_points)


def both_ways(
    model: Model,
    line: ParameterLine,
    reduction: Reduction,
    symmetry: Symmetry,
    group: Symmetry,
    guess: Any,
    steps: Steps,
    max_points: int,
) -> Branch | None:
    """The branch through the equilibrium near ``guess`` at its position, onward and backward."""
    onward = np.zeros(guess.shape[0])
    onward[-1] = 1.0
    legs = []
    for way in (1.0, -1.0):
        leg = one_way(
            model, line, reduction, symmetry, group, guess, onward, way * onward, steps, max_points
        )
        if leg is None:
            return None
        if leg.end == End.CLOSED:
            return leg
        legs.append(leg)
    return join(legs[1], legs[0])


def one_way(
    model: Model,
    line: ParameterLine,
    reduction: Reduction,
    symmetry: Symmetry,
    group: Symmetry,
    guess: Any,
    row: Any,
    heading: Any,
    steps: Steps,
    max_points: int,
) -> Branch | None:
    """The branch through the equilibrium in the hyperplane ``row`` near ``guess``, one way."""
    guess, row, heading = (jnp.asarray(a, dtype=float) for a in (guess, row, heading))
    found = trace(model, line, reduction, guess, row, heading, steps, max_points)
    if int(found.count) == 0:
        return None
    return branch_of(model, line, reduction, symmetry, group, found)


def state_vector(
    model: Model, reduction: Reduction, x: Any, position: float
) -> Float[Array, " unknown"]:
    """Unknowns and position of a distribution, with the prices that clear its markets."""
    x = jnp.asarray(x, dtype=float)
    return _state_vector(model, reduction, x, jnp.asarray(position), *cleared(model, x))


@quick_jit
def _state_vector(
    model: Model, reduction: Reduction, x: Array, position: Array, p: Array, value: Array
) -> Array:
    mean = average_payoff(model.groups, x, jnp.where(x > 0, value, 0.0))
    return jnp.append(reduction.gather(x / model.groups.cell_mass, p, mean), position)
