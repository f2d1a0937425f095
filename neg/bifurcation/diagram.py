"""Bifurcation diagrams: the tree of branches that grows from known equilibria."""

from __future__ import annotations

import dataclasses
import functools
import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from neg.bifurcation.arclength import End, Steps
from neg.bifurcation.branch import Branch, Kind, SpecialPoint
from neg.bifurcation.continuation import MAX_POINTS, path_symmetries, through
from neg.bifurcation.recognition import on_branch, polished, repeats, starts_or_ends_here
from neg.bifurcation.reduction import Path, parameter_path
from neg.bifurcation.switching import beyond_corner, exits, leave
from neg.bifurcation.symmetry import Symmetry
from neg.economy.model import Model
from neg.solvers.long_run import EMPTY, STABILITY_TOLERANCE, equilibrium_at, long_run


@dataclasses.dataclass(frozen=True)
class Crossing:
    """One equilibrium of a diagram at a parameter value."""

    x: np.ndarray
    growth: float
    branch: int

    @property
    def stable(self) -> bool | None:
        """True, False, or None where the growth rate is too close to zero to tell."""
        if not abs(self.growth) > STABILITY_TOLERANCE:
            return None
        return self.growth < 0


@dataclasses.dataclass(frozen=True)
class Diagram:
    """The tree of branches found, one of each class of mirror images.

    ``parents`` gives for each branch the branch that it left and the place of the special point in
    its list (-1, -1 for a start); ``depth`` how many branch points lie between it and a start;
    ``images`` how many mirror images it has. ``notes`` say what was not followed and why.
    """

    model: Model
    path: Path
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
        """Every equilibrium of the diagram at a parameter value, by Newton's method there.

        With ``mirrored`` all images under the symmetries of the model are listed. Points with a
        gain from moving to an unused cell are equilibria of the used cells only: not listed.
        """
        found: list[Crossing] = []
        for number, branch in enumerate(self.branches):
            for segment, fraction in branch.crossings(value):
                state = polished(branch, branch.interpolate(segment, fraction), value)
                if state is None:
                    continue
                gap = np.where(branch.used, -np.inf, state.payoff - state.value[_index(branch)])
                if gap.max() > STABILITY_TOLERANCE:
                    continue
                images = self.group.images(state.x) if mirrored else state.x[None, :]
                found.extend(Crossing(x, state.growth, number) for x in images)
        return _distinct(found)

    def to_dataset(self) -> Any:
        """The diagram as a labelled :class:`xarray.Dataset`."""
        from neg.bifurcation.diagram_record import to_dataset

        return to_dataset(self)

    def save(self, path: Any) -> Any:
        """Write the labelled data set as netCDF, whole or not at all; returns the path."""
        from neg.core.records import write_record

        return write_record(path, self.to_dataset())


def load(path: Any) -> Any:
    """The labelled data set that :meth:`Diagram.save` wrote."""
    from neg.core.records import read_record

    return read_record(path)


def diagram(
    model: Model,
    parameter: str | Mapping[str, tuple[float, float]],
    low: float | None = None,
    high: float | None = None,
    *,
    starts: Iterable[Any] = (),
    at: float | None = None,
    corners: bool = True,
    max_branches: int = 40,
    max_depth: int = 6,
    max_points: int = MAX_POINTS,
    steps: Steps | None = None,
    group: Symmetry | None = None,
) -> Diagram:
    """Follow equilibria over an interval of a parameter, and every branch that leaves them.

    Starts are the equilibrium near the even distribution, full agglomeration in each cell up to
    symmetry (unless not ``corners``), the distributions in ``starts`` and, if one of these is near
    no equilibrium, what the dynamics reach; all at the parameter value ``at`` (default: the
    model's own if it lies inside, else the middle). At most ``max_branches`` branches
    are kept, at most ``max_depth`` branch points from a start. Arguments otherwise as in
    :func:`neg.bifurcation.continuation.continuation`.
    """
    path = parameter_path(model, parameter, low, high)
    position = _position(model, path, at, isinstance(parameter, str))
    group = path_symmetries(model, path) if group is None else group
    grower = _Grower(model, path, group, steps or Steps(), max_points, max_branches, max_depth)
    grower.begin(position, [np.asarray(getattr(x, "x", x)) for x in starts], corners)
    return grower.grow()


def _position(model: Model, path: Path, at: float | None, single: bool) -> float:
    low, high = float(path.low), float(path.high)
    if at is not None:
        return at
    own = float(model.get(path.names[0])) if single else low
    return own if low <= own <= high else 0.5 * (low + high)


class _Task(NamedTuple):
    """How to find a branch, what it hangs on, and what to call it if it is not found."""

    find: Callable[[], Branch | None]
    parent: tuple[int, int]
    depth: int
    words: str


class _Grower:
    """A queue of branches to follow, and the branches that have been found."""

    def __init__(
        self,
        model: Model,
        path: Path,
        group: Symmetry,
        steps: Steps,
        max_points: int,
        max_branches: int,
        max_depth: int,
    ) -> None:
        self.model, self.path, self.group = model, path, group
        self.control = (steps, max_points)
        self.max_branches, self.max_depth = max_branches, max_depth
        self.branches: list[Branch] = []
        self.parents: list[tuple[int, int]] = []
        self.depth: list[int] = []
        self.notes: list[str] = []
        self.tasks: list[tuple[int, int, _Task]] = []
        self.counter = 0
        self.too_deep = 0

    def begin(self, position: float, starts: list[np.ndarray], corners: bool) -> None:
        """Queue the starts: even, those given, corners; what dynamics reach if one fails."""
        here = self.path.at(self.model, jnp.asarray(position))

        def from_state(x: np.ndarray) -> Branch | None:
            used = x > EMPTY * np.asarray(here.groups.cell_mass)
            return self.through(x, position, used)

        def from_even() -> Branch | None:
            even = np.asarray(here.groups.uniform())
            found = from_state(even)
            if found is None:  # sectors of different size: even places, not even cells
                near = np.asarray(equilibrium_at(here, even, even > 0, throw=False).x)
                found = from_state(self.group.average(near)) if np.isfinite(near).all() else None
            return found

        def from_dynamics() -> Branch | None:
            if not self.notes:
                return None
            reached = np.asarray(long_run(here, throw=False).x)
            return from_state(reached) if np.isfinite(reached).all() else None

        self.queue(-1, _Task(from_even, (-1, -1), 0, "the even distribution"))
        states = [*starts, *(agglomerated(here, self.group) if corners else [])]
        for x in states:
            words = f"the start {np.array2string(x, precision=3, max_line_width=1000)}"
            self.queue(-1, _Task(functools.partial(from_state, x), (-1, -1), 0, words))
        self.queue(-1, _Task(from_dynamics, (-1, -1), 0, ""))

    def queue(self, urgency: int, task: _Task) -> None:
        """The least unstable first: where growth is slow or nil is where economies are."""
        heapq.heappush(self.tasks, (urgency, self.counter, task))
        self.counter += 1

    def through(self, x: np.ndarray, position: float, used: np.ndarray) -> Branch | None:
        return through(self.model, self.path, x, position, used, self.group, *self.control)

    def grow(self) -> Diagram:
        while self.tasks and len(self.branches) < self.max_branches:
            task, parent, depth, words = heapq.heappop(self.tasks)[-1]
            branch = task()
            if branch is None:
                if words:
                    self.notes.append(f"no branch found from {words}")
                continue
            if len(branch) < 2 or repeats(branch, self.branches, self.group):
                continue
            self.branches.append(branch)
            self.parents.append(parent)
            self.depth.append(depth)
            if not branch.converged:
                number = len(self.branches) - 1
                self.notes.append(f"branch {number} ({branch.label}) ended early: {_why(branch)}")
            self.plan(len(self.branches) - 1)
        if self.too_deep:
            self.notes.append(
                f"{self.too_deep} special points not followed: max_depth = {self.max_depth}"
            )
        if self.tasks:
            self.notes.append(
                f"{len(self.tasks)} further starts not followed: max_branches = {self.max_branches}"
            )
        return Diagram(
            self.model,
            self.path,
            self.group,
            tuple(self.branches),
            tuple(self.parents),
            tuple(self.depth),
            tuple(len(self.group.images(b.x[len(b) // 2])) for b in self.branches),
            tuple(self.notes),
        )

    def plan(self, number: int) -> None:
        """Queue what leaves the special points of a branch."""
        branch, depth = self.branches[number], self.depth[number]
        for place, point in enumerate(branch.special):
            urgency = int(branch.unstable[point.index] + branch.entering[point.index])
            where = f"{point.kind} of branch {number} at {self.path.label} = {point.parameter:.6g}"
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
            if depth >= self.max_depth:
                self.too_deep += 1
                continue
            for way in ways:
                words = f"{where}, towards {way.symmetry.name}" * (point.kind == Kind.BRANCH)

                def task(way: Any = way) -> Branch | None:
                    if starts_or_ends_here(way, self.branches, self.group, self.path):
                        return self.branches[0]  # already known: dropped as a repetition
                    return leave(self.model, self.path, self.group, way, *self.control)

                self.queue(urgency, _Task(task, (number, place), depth + 1, words))

    def meeting(self, branch: Branch, point: SpecialPoint) -> Callable[[], Branch | None]:
        """The branch that another one runs into, at a corner or where symmetry grows."""

        def task() -> Branch | None:
            used = branch.used.copy()
            used[list(point.cells)] = False
            x = np.where(used, point.x, 0.0)
            if any(on_branch(x, used, point.parameter, b, self.group) for b in self.branches):
                return self.branches[0]
            if point.kind == Kind.EMPTIED:
                return beyond_corner(
                    self.model, self.path, self.group, branch, point, *self.control
                )
            larger = self.group.isotropy(point.x, tolerance=1e-5)
            return self.through(larger.average(point.x), point.parameter, used)

        return task


def agglomerated(model: Model, group: Symmetry) -> list[np.ndarray]:
    """Full agglomeration, one of each class of images: every group in its cell of one rank."""
    index, mass = np.asarray(model.groups.index), np.asarray(model.groups.mass)
    members = [np.flatnonzero(index == k) for k in range(len(mass))]
    most = max(len(cells) for cells in members)
    found: list[np.ndarray] = []
    for rank in range(most if most > 1 else 0):
        x = np.zeros(len(index))
        for k, cells in enumerate(members):
            x[cells[rank % len(cells)]] = mass[k]
        if not any(np.abs(group.images(y) - x).max(axis=1).min() < 1e-9 for y in found):
            found.append(x)
    return found


def _index(branch: Branch) -> np.ndarray:
    return np.asarray(branch.model.groups.index)


def _why(branch: Branch) -> str:
    early = (End.FAILED, End.MAX_POINTS)
    parts = [end.reason for end in (branch.start, branch.end) if end in early and end is not None]
    return "; ".join(parts)


def _distinct(found: list[Crossing]) -> list[Crossing]:
    kept: list[Crossing] = []
    for one in found:
        if not any(np.abs(one.x - other.x).max() < 1e-6 for other in kept):
            kept.append(one)
    return kept
