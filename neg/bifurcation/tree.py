"""The tree of branches that grows from known equilibria."""

from __future__ import annotations

import dataclasses
import functools
import heapq
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from neg.bifurcation.arclength import End
from neg.bifurcation.branch import Branch, Kind, SpecialPoint
from neg.bifurcation.course import Course
from neg.bifurcation.line import ParameterLine
from neg.bifurcation.recognition import on_branch, polished, repeats, starts_or_ends_here
from neg.bifurcation.switching import beyond_corner, exits, leave
from neg.bifurcation.symmetry import Symmetry, distributions
from neg.core.checks import check_range
from neg.economy.model import Model
from neg.solvers.long_run import STABILITY_TOLERANCE, equilibrium_at, long_run
from neg.solvers.replicator import EMPTY

STARTS = -1
STABLE = 0
"""Urgency of what a tree may follow: starts, then what leaves branches beside stable states; above
that, the number of directions in which the states beside a special point are unstable."""


@dataclasses.dataclass(frozen=True)
class Crossing:
    """One equilibrium of a tree at a parameter value."""

    x: np.ndarray
    growth: float
    branch: int

    @property
    def stable(self) -> bool | None:
        """True, False, or None where the growth rate is too close to zero to tell."""
        if not abs(self.growth) > STABILITY_TOLERANCE:
            return None
        return self.growth < 0


@dataclasses.dataclass(frozen=True, repr=False)
class Tree:
    """The branches found, one of each class of mirror images.

    ``parents`` gives for each branch the branch that it left and the place of the special point in
    its list (-1, -1 for a start); ``depth`` how many branch points lie between it and a start;
    ``images`` how many mirror images it has. ``notes`` say what was searched, what was not followed
    and why.
    """

    model: Model
    line: ParameterLine
    group: Symmetry
    branches: tuple[Branch, ...]
    parents: tuple[tuple[int, int], ...]
    depth: tuple[int, ...]
    images: tuple[int, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.branches)

    @property
    def special(self) -> list[tuple[int, SpecialPoint]]:
        """All special points with the number of their branch."""
        return [(i, point) for i, branch in enumerate(self.branches) for point in branch.special]

    def equilibria(self, value: float, *, mirrored: bool = True) -> list[Crossing]:
        """Every equilibrium of the tree at a parameter value, by Newton's method there.

        With ``mirrored`` all images under the symmetries of the model are listed. Points with a
        gain from moving to an unused cell are equilibria of the used cells only: not listed.
        Raises :class:`InvalidParameterError` for a value outside the interval that was followed.
        """
        check_range(self.line.label, value, float(self.line.low), float(self.line.high))
        found: list[Crossing] = []
        for number, branch in enumerate(self.branches):
            for segment, fraction in branch.crossings(value):
                state = polished(branch, branch.interpolate(segment, fraction), value)
                if state is None:
                    continue
                gap = np.where(branch.used, -np.inf, state.payoff - state.value[_index(branch)])
                if gap.max() > STABILITY_TOLERANCE:
                    continue
                images = (
                    distributions(self.group, self.model, state.x) if mirrored else state.x[None, :]
                )
                found.extend(Crossing(x, state.growth, number) for x in images)
        return _distinct(found, np.asarray(self.model.groups.cell_mass))


class _Task(NamedTuple):
    """How to find a branch, what it hangs on, and what to call it if it is not found."""

    find: Callable[[], Branch | None]
    parent: tuple[int, int]
    depth: int
    words: str


@dataclasses.dataclass(frozen=True)
class Most:
    """How much of a tree is followed: branches that leave special points, and their depth.

    ``depth`` counts branch points from a start.

    >>> Most(branches=10).depth
    6

    Raises :class:`neg.core.errors.InvalidParameterError` for numbers below zero.
    """

    branches: int = 40
    depth: int = 6

    def __post_init__(self) -> None:
        check_range("most.branches", self.branches, 0)
        check_range("most.depth", self.depth, 0)


class Grower:
    """A queue of branches to follow, and the branches that have been found.

    ``most`` limits what grows from special points; a state that is known
    to exist (:meth:`add`) is followed whatever the number of branches.
    """

    def __init__(self, course: Course, most: Most = Most()) -> None:  # noqa: B008  (frozen)
        self.course = course
        self.model, self.line, self.group = course.model, course.line, course.group
        self.most = most
        self.branches: list[Branch] = []
        self.parents: list[tuple[int, int]] = []
        self.depth: list[int] = []
        self.notes: list[str] = []
        self.tasks: list[tuple[int, int, _Task]] = []
        self.counter = 0
        self.too_deep = 0

    def begin(self, position: float, starts: Iterable[np.ndarray] = ()) -> None:
        """Queue the starts: the model's own, even, those given; what dynamics reach if one fails.

        The own start of an economy with data is what was observed; of the others, the even
        distribution.
        """
        here = self.line.at(self.model, jnp.asarray(position))
        even = np.asarray(here.groups.uniform())
        own = np.asarray(here.initial_distribution())

        def from_state(x: np.ndarray) -> Branch | None:
            used = x > EMPTY * np.asarray(here.groups.cell_mass)
            return self.course.from_state(x, used, position)

        def near(x: np.ndarray) -> Branch | None:
            found = from_state(x)
            if found is None:  # sectors of different size: even places, not even cells
                solved = np.asarray(equilibrium_at(here, x, x > 0, throw=False).x)
                found = (
                    from_state(self.group.average(solved)) if np.isfinite(solved).all() else None
                )
            return found

        def from_dynamics() -> Branch | None:
            if not self.notes:
                return None
            reached = np.asarray(long_run(here, throw=False).x)
            return from_state(reached) if np.isfinite(reached).all() else None

        firsts = [] if np.allclose(own, even, rtol=1e-9) else [(own, "the model's own start")]
        for x, words in (*firsts, (even, "the even distribution")):
            self.queue(STARTS - 1, _Task(functools.partial(near, x), (-1, -1), 0, words))
        for x in starts:
            shares = np.array2string(x, precision=3, max_line_width=1000, threshold=12)
            words = f"the start {shares}"
            self.queue(STARTS, _Task(functools.partial(from_state, x), (-1, -1), 0, words))
        self.queue(STARTS, _Task(from_dynamics, (-1, -1), 0, ""))

    def queue(self, urgency: int, task: _Task) -> None:
        """The least unstable first: where growth is slow or nil is where economies are."""
        heapq.heappush(self.tasks, (urgency, self.counter, task))
        self.counter += 1

    def number_of(self, x: np.ndarray, used: np.ndarray, position: float) -> int | None:
        """The branch on which an equilibrium lies, mirror images included; None if on none."""
        for number, branch in enumerate(self.branches):
            if on_branch(x, used, position, branch, self.group):
                return number
        return None

    def add(self, x: np.ndarray, used: np.ndarray, position: float) -> int | None:
        """The branch of an equilibrium known from elsewhere; followed if it is new.

        None where Newton's method finds no branch through it.
        """
        known = self.number_of(x, used, position)
        if known is not None:
            return known
        branch = self.course.from_state(x, used, position)
        if branch is None or len(branch) < 2:
            return None
        for number, other in enumerate(self.branches):
            if repeats(branch, [other], self.group):
                return number
        return self.keep(branch, (-1, -1), 0)

    def keep(self, branch: Branch, parent: tuple[int, int], depth: int) -> int:
        """Enter a branch, queue what leaves it, and return its number."""
        number = len(self.branches)
        self.branches.append(branch)
        self.parents.append(parent)
        self.depth.append(depth)
        if not branch.converged:
            self.notes.append(f"branch {number} ({branch.label}) ended early: {_why(branch)}")
        self.plan(number)
        return number

    def grow(self, up_to: int | None = None) -> None:
        """Follow what is queued, in order of urgency, up to one urgency if that is given."""
        while self.tasks and len(self.branches) < self.most.branches:
            if up_to is not None and self.tasks[0][0] > up_to:
                return
            task, parent, depth, words = heapq.heappop(self.tasks)[-1]
            branch = task()
            if branch is None:
                if words:
                    self.notes.append(f"no branch found from {words}")
            elif len(branch) > 1 and not repeats(branch, self.branches, self.group):
                self.keep(branch, parent, depth)

    def tree(self) -> Tree:
        """What has been found, with notes on what was not followed."""
        notes = list(self.notes)
        if self.too_deep:
            notes.append(
                f"{self.too_deep} special points not followed: most.depth = {self.most.depth}"
            )
        if self.tasks:
            notes.append(
                f"{len(self.tasks)} further starts not followed: "
                f"most.branches = {self.most.branches}"
            )
        return Tree(
            self.model,
            self.line,
            self.group,
            tuple(self.branches),
            tuple(self.parents),
            tuple(self.depth),
            tuple(
                len(distributions(self.group, self.model, b.x[len(b) // 2])) for b in self.branches
            ),
            tuple(notes),
        )

    def plan(self, number: int) -> None:
        """Queue what leaves the special points of a branch."""
        branch, depth = self.branches[number], self.depth[number]
        growing = branch.unstable + branch.entering
        for place, point in enumerate(branch.special):
            urgency = int(growing[point.index : point.index + 2].min())
            where = f"{point.kind} of branch {number} at {self.line.label} = {point.parameter:.6g}"
            if point.kind in (Kind.EMPTIED, Kind.JOINED):
                meeting = self.meeting(branch, point)
                self.queue(urgency, _Task(meeting, (number, place), depth, ""))
                continue
            ways, leaving = exits(branch, point, self.group)
            if leaving.larger or not leaving.complete:
                self.notes.append(
                    f"{where}: fixed spaces of dimension {leaving.larger} not searched"
                )
            if not ways:
                continue
            if depth >= self.most.depth:
                self.too_deep += 1
                continue
            for way in ways:
                words = f"{where}, towards {way.symmetry.name}" * (point.kind == Kind.BRANCH)

                def task(way: Any = way) -> Branch | None:
                    if starts_or_ends_here(way, self.branches, self.group, self.line):
                        return self.branches[0]  # already known: dropped as a repetition
                    return leave(self.course, way)

                self.queue(urgency, _Task(task, (number, place), depth + 1, words))

    def meeting(self, branch: Branch, point: SpecialPoint) -> Callable[[], Branch | None]:
        """The branch that another one runs into, at a corner or where symmetry grows."""

        def task() -> Branch | None:
            used = branch.used.copy()
            used[list(point.cells)] = False
            x = np.where(used, point.x, 0.0)
            if self.number_of(x, used, point.parameter) is not None:
                return self.branches[0]
            if point.kind == Kind.EMPTIED:
                return beyond_corner(self.course, branch, point)
            larger = self.group.isotropy(
                point.x / np.asarray(self.model.groups.cell_mass), tolerance=1e-5
            )
            return self.course.from_state(larger.average(point.x), used, point.parameter)

        return task


def _index(branch: Branch) -> np.ndarray:
    return np.asarray(branch.model.groups.index)


def _why(branch: Branch) -> str:
    early = (End.FAILED, End.MAX_POINTS)
    parts = [end.reason for end in (branch.start, branch.end) if end in early and end is not None]
    return "; ".join(parts)


def _distinct(found: list[Crossing], mass: np.ndarray) -> list[Crossing]:
    kept: list[Crossing] = []
    for one in found:
        if not any(np.abs((one.x - other.x) / mass).max() < 1e-6 for other in kept):
            kept.append(one)
    return kept
