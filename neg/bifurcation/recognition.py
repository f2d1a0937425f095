"""Recognising branches: the same equilibria, perhaps as a mirror image, found before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from neg.bifurcation.branch import Branch
from neg.bifurcation.line import ParameterLine
from neg.bifurcation.states import Details, equilibrium_between, spectra
from neg.bifurcation.switching import Exit
from neg.bifurcation.symmetry import Symmetry
from neg.core.status import Status

_NEAR = 1e-2
"""Interpolated states at most so far apart are compared after polishing."""
_SAME = 1e-6


class State(NamedTuple):
    """An equilibrium on a branch."""

    x: np.ndarray
    value: np.ndarray
    payoff: np.ndarray
    growth: float


def polished(branch: Branch, guess: np.ndarray, parameter: float) -> State | None:
    """The equilibrium of a branch at a parameter value, near a guess; None without convergence."""
    guess = np.append(guess[:-1], parameter)
    row = np.zeros(len(guess))
    row[-1] = 1.0
    _, _, _, status, details = equilibrium_between(
        branch.model,
        branch.line,
        branch.reduction,
        jnp.asarray(guess),
        jnp.asarray(row),
        jnp.asarray(row),
    )
    if int(status) != Status.CONVERGED:
        return None
    full = Details(*(np.asarray(a)[None] for a in details))
    spectrum = spectra(branch.model, branch.symmetry, branch.used, full)
    gap = full.payoff[0] - full.value[0][np.asarray(branch.model.groups.index)]
    entry = np.where(branch.used, -np.inf, gap).max()
    growth = max(float(np.max(spectrum.largest)), float(entry))
    return State(full.x[0], full.value[0], full.payoff[0], growth)


def on_branch(
    x: np.ndarray, used: np.ndarray, parameter: float, branch: Branch, group: Symmetry
) -> bool:
    """Whether an image of the distribution ``x`` lies on a branch at this parameter value."""
    if used.sum() != branch.used.sum():
        return False
    span = float(branch.line.high) - float(branch.line.low)
    mass = np.asarray(branch.model.groups.cell_mass)
    share = np.asarray(x) / mass
    for segment, fraction in _touching(branch, parameter, 1e-7 * span):
        guess = branch.interpolate(segment, fraction)
        nearest = _expand(branch, guess) / mass
        image = share[group.nearest(share, nearest)]
        if np.abs(image - nearest).max() > _NEAR:
            continue
        state = polished(branch, guess, parameter)
        exact = nearest if state is None else state.x / mass
        if np.abs(image - exact).max() < (_SAME if state is not None else 1e-4):
            return True
    return False


def repeats(branch: Branch, others: Sequence[Branch], group: Symmetry) -> bool:
    """Whether a branch was found before: two of its inner points lie on known branches."""
    if any(branch is other for other in others):
        return True
    count = len(branch)
    inner = sorted({min(2, count - 1), count // 2})
    return all(
        any(
            on_branch(branch.x[i], branch.used, branch.parameter[i], other, group)
            for other in others
        )
        for i in inner
    )


def starts_or_ends_here(
    exit: Exit, branches: Sequence[Branch], group: Symmetry, line: ParameterLine
) -> bool:
    """Whether a known branch has an end at a special point and leaves it through this exit."""
    span = float(line.high) - float(line.low)
    point = exit.point
    for branch in branches:
        if branch.used.sum() != exit.used.sum():
            continue
        for end, inward in ((0, 1), (len(branch) - 1, -1)):
            if abs(branch.parameter[end] - point.parameter) > 1e-5 * span:
                continue
            mass = np.asarray(branch.model.groups.cell_mass)
            share, own = branch.x / mass, point.x / mass
            heading = exit.heading / mass
            heading = heading / max(float(np.linalg.norm(heading)), 1e-300)
            moved = np.linalg.norm(share - share[end], axis=1)
            away = np.flatnonzero(moved > 0.01)
            if len(away) == 0:
                continue
            step = share[away[0] if inward > 0 else away[-1]] - share[end]
            step = step / max(float(np.linalg.norm(step)), 1e-300)
            images = share[end][group.elements]
            here = np.abs(images - own).max(axis=1) < 1e-4
            same_cells = (branch.used[group.elements] == exit.used).all(axis=1)
            along = step[group.elements] @ heading > 0.97
            entering = (exit.used & (own < 1e-9)).any()
            if (here & same_cells & (along | entering)).any():
                return True
    return False


def _touching(branch: Branch, parameter: float, slack: float) -> list[tuple[int, float]]:
    """Segments that pass the parameter value, and ends that lie on it up to rounding."""
    found = branch.crossings(parameter)
    for segment, fraction, end in ((0, 0.0, 0), (len(branch) - 2, 1.0, len(branch) - 1)):
        if abs(branch.parameter[end] - parameter) <= slack and len(branch) > 1:
            found.append((segment, fraction))
    return found


def _expand(branch: Branch, u: np.ndarray) -> np.ndarray:
    share = np.asarray(branch.reduction.cells) @ u[: branch.reduction.cells.shape[1]]
    here = branch.line.at(branch.model, jnp.asarray(u[-1]))
    return share * np.asarray(here.groups.cell_mass)
