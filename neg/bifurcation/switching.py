"""From a special point to the branches that meet there: at breaks and where cells enter."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import combinations

import jax.numpy as jnp
import numpy as np

from neg.bifurcation.branch import Branch, Kind, SpecialPoint, extended
from neg.bifurcation.course import Course, state_vector
from neg.bifurcation.directions import Direction, Directions, directions
from neg.bifurcation.reduction import reduce
from neg.bifurcation.symmetry import Symmetry

AMPLITUDES = (0.02, 0.005, 0.001, 0.0002)
"""Lengths of the first step off a branch point that are tried in turn."""
_MOST_ENTERING = 6


@dataclasses.dataclass(frozen=True)
class Exit:
    """One way to leave a special point: towards ``heading`` (a change of the distribution).

    ``used`` are the cells used on the branch that leaves, ``symmetry`` what it keeps.
    """

    point: SpecialPoint
    heading: np.ndarray
    used: np.ndarray
    symmetry: Symmetry


def exits(branch: Branch, point: SpecialPoint, group: Symmetry) -> tuple[list[Exit], Directions]:
    """All ways to leave a special point of a branch, up to symmetry.

    At a branch point: along the directions of the equivariant branching lemma, both ways unless
    they are mirror images. At a sustain point: into each set of entering cells that is different.
    """
    share = point.x / np.asarray(branch.model.groups.cell_mass)
    own = group.isotropy(share, branch.used + 0.0, tolerance=1e-5)
    if point.kind == Kind.BRANCH:
        leaving = directions(point.modes, own)
        ways = [exit for one in leaving.found for exit in _both_ways(branch, point, one)]
        return ways, leaving
    nothing = Directions([], [], True)
    if point.kind == Kind.SUSTAIN:
        return list(_entries(branch, point, own)), nothing
    return [], nothing


def leave(course: Course, exit: Exit) -> Branch | None:
    """Follow the branch through an exit; None if Newton's method finds none there."""
    point = exit.point
    here = course.line.at(course.model, jnp.asarray(point.parameter))
    mass = np.asarray(here.groups.cell_mass)
    reduction = reduce(here, exit.symmetry, exit.used)
    x0 = exit.symmetry.average(point.x)
    entering = exit.used & (x0 <= 1e-9 * mass)
    base = np.asarray(state_vector(here, reduction, x0, point.parameter))
    shares = reduction.cells.shape[1]
    toward = np.zeros_like(base)
    toward[:shares] = np.asarray(reduction.cells).T @ (exit.heading / mass)
    toward[:shares] /= np.maximum(np.asarray(reduction.cells).sum(axis=0), 1.0)
    row = np.append(np.asarray(reduction.weights), 0.0) * toward
    if entering.any():
        # The branch begins at the special point itself, where the new cells are still empty.
        column = np.asarray(reduction.cells)[entering].sum(axis=0) > 0
        row = np.append(column + 0.0, np.zeros(len(base) - shares))
        branch = course.one_way(reduction, exit.symmetry, base, row, toward)
        return branch if branch is not None and len(branch) > 1 else None
    room = np.min(x0[exit.used] / np.maximum(np.abs(exit.heading[exit.used]), 1e-12))
    largest = float(mass[np.abs(exit.heading) > 1e-12].max())
    for amplitude in AMPLITUDES:
        size = min(amplitude * largest, 0.3 * float(room))
        guess = state_vector(here, reduction, x0 + size * exit.heading, point.parameter)
        branch = course.one_way(reduction, exit.symmetry, guess, row, toward)
        if branch is not None and len(branch) > 1:
            return extended(branch, point, base, first=True)
    return None


def beyond_corner(course: Course, branch: Branch, point: SpecialPoint) -> Branch | None:
    """The branch on the smaller set of used cells, where a cell has emptied."""
    used = branch.used.copy()
    used[list(point.cells)] = False
    x = np.where(used, point.x, 0.0)
    return course.through(x, used, point.parameter)


def _both_ways(branch: Branch, point: SpecialPoint, direction: Direction) -> Iterator[Exit]:
    for sign in (1.0,) if direction.mirrored else (1.0, -1.0):
        yield Exit(point, sign * direction.mode, branch.used, direction.symmetry)


def _entries(branch: Branch, point: SpecialPoint, own: Symmetry) -> Iterator[Exit]:
    cells = point.cells
    sizes = range(1, len(cells) + 1) if len(cells) <= _MOST_ENTERING else (1, len(cells))
    seen: set[tuple[bool, ...]] = set()
    for size in sizes:
        for chosen in combinations(cells, size):
            mark = np.zeros(own.cells, dtype=bool)
            mark[list(chosen)] = True
            if tuple(mark) in seen:
                continue
            seen.update(tuple(image) for image in mark[own.elements])
            used = branch.used | mark
            keeps = own.isotropy(mark + 0.0)
            heading = mark / mark.sum() - point.x / max(point.x.sum(), 1e-300)
            yield Exit(point, heading, used, keeps)
