"""Continuation: follow an equilibrium as a parameter moves, through folds, to where it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from neg.bifurcation.arclength import Steps
from neg.bifurcation.branch import Branch
from neg.bifurcation.course import Course
from neg.bifurcation.line import line_symmetries, parameter_line
from neg.bifurcation.symmetry import Symmetry
from neg.core.checks import check_range
from neg.core.compilation import own_settings
from neg.core.errors import ConvergenceError
from neg.economy.lever import Lever, in_hand
from neg.economy.model import Model
from neg.solvers.replicator import EMPTY
from neg.solvers.short_run import check_distribution


@own_settings
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
    max_points: int = 400,
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
    course = Course(model, line, group, steps or Steps(), max_points)
    branch = course.from_state(x, used, at)
    if branch is None:
        raise ConvergenceError(f"no equilibrium found near the start at {line.label} = {at:g}")
    return branch
