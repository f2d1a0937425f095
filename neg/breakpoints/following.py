"""The branches on which thresholds are looked for, each followed by arclength from end to end.

Interior branches are those of the equilibria that Newton's method reaches from the model's initial
distribution at a grid of parameter values; corner branches those of full agglomeration in each
place. A branch is one continuous curve of equilibria: nothing on it jumps.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.bifurcation.arclength import Steps
from neg.bifurcation.branch import Branch
from neg.bifurcation.course import Course
from neg.bifurcation.line import line_symmetries
from neg.bifurcation.recognition import on_branch
from neg.bifurcation.reduction import Reduction, reduce
from neg.bifurcation.states import equilibrium_between
from neg.bifurcation.symmetry import Symmetry
from neg.breakpoints.crossings import gather
from neg.breakpoints.scale import ScaledPath
from neg.core.compilation import quick_jit
from neg.core.status import Status
from neg.economy.model import Model
from neg.solvers.long_run import equilibrium_at
from neg.solvers.newton import newton
from neg.solvers.replicator import average_payoff
from neg.solvers.short_run import market_system
from neg.solvers.system import flat_prices, payoff

_PRICES = 0.01
"""Weight of log prices in the length of a step: those of an empty place go far, and mean little."""
_MAX_POINTS = 2000
_MOST_BRANCHES = 8
_MOST_MASKS = 32
_MANY_CELLS = 60
_CORNER_STARTS = 9
_SAME = 1e-6
ENTRY = 1e-9
"""Payoff gaps up to this of a cell that may be entered still count as none."""


class Shares(Reduction):
    """A reduction in which the length of a step is measured by shares and position above all."""

    @property
    def weights(self) -> Float[Array, " unknown"]:
        """Weights of the squared length of a step."""
        a, b, _ = self.shape
        return super().weights.at[a : a + b].multiply(_PRICES)


def _shares(plain: Reduction, cells: int) -> Shares:
    """The same with as many columns whatever the symmetry, so that one program serves all."""

    def padded(members: Array, width: int) -> Array:
        return jnp.pad(members, ((0, 0), (0, width - members.shape[1])))

    prices, groups = plain.prices.shape[0], plain.values.shape[0]
    return Shares(
        padded(plain.cells, cells), padded(plain.prices, prices), padded(plain.values, groups)
    )


class Corner(NamedTuple):
    """Full agglomeration in the first of ``cells``, and by symmetry in the others.

    ``closed`` are the cells that industry has left, ``branches`` the equilibria without them.
    """

    cells: tuple[int, ...]
    closed: np.ndarray
    branches: tuple[Branch, ...]


class Found(NamedTuple):
    """An equilibrium from which a branch may be followed.

    ``moved`` is its largest distance in shares from where the search for it began.
    """

    v: float
    x: np.ndarray
    u: np.ndarray
    symmetry: Symmetry
    moved: float


class Follower:
    """Follows equilibria of one model along one scaled parameter; keeps what was left out."""

    def __init__(
        self, model: Model, path: ScaledPath, nodes: int, group: Symmetry | None = None
    ) -> None:
        self.model, self.path, self.nodes = model, path, nodes
        self.group = line_symmetries(model, path) if group is None else group
        self.first, self.last = float(path.low), float(path.high)
        self.steps = Steps(largest=jnp.asarray(1.0 / max(nodes - 1, 8)), smallest=jnp.asarray(1e-9))
        self.notes: list[str] = []
        self.middle = path.at(model, jnp.asarray(0.5 * (self.first + self.last)))
        self.reductions: dict[bytes, Reduction] = {}
        self.symmetries: dict[bytes, Symmetry] = {}

    def within(self, low: float, high: float) -> Follower:
        """The same on a part of the path, in steps as much shorter."""
        low, high = max(low, self.first), min(high, self.last)
        ends = (jnp.asarray(low), jnp.asarray(high))
        part = eqx.tree_at(lambda path: (path.low, path.high), self.path, ends)
        return Follower(self.model, part, self.nodes, self.group)

    def interior(self) -> list[Branch]:
        """Branches through the equilibria near the initial distribution, the most even first."""
        used = np.ones(self.model.groups.cells, dtype=bool)
        starts, lost = [], []
        for v in np.linspace(self.first, self.last, max(self.nodes // 4, 9)):
            found = self.near(float(v), used)
            if found is None:
                lost.append(float(v))
            else:
                away = abs(v - 0.5 * (self.first + self.last))
                starts.append((round(found.moved, 6), away, found))
        branches: list[Branch] = []
        for *_, found in sorted(starts, key=lambda start: start[:2]):
            self._add(branches, found, used)
        for v in lost:  # where damped steps may find what Newton's method does not
            if not any(branch.crossings(v) for branch in branches):
                here = self.path.at(self.model, jnp.asarray(v))
                x = here.initial_distribution()
                reached = np.asarray(equilibrium_at(here, x, used, throw=False).x)
                found = self.near(v, used, reached) if np.isfinite(reached).all() else None
                if found is not None:
                    self._add(branches, found, used)
        return branches

    def corners(self) -> list[Corner]:
        """Full agglomeration in every place, one for each class of places that are alike.

        None where industry has one place only: it is always there, and no place is left empty.
        """
        industry = np.asarray(self.model.industry, dtype=int)
        places = np.asarray(self.model.cell_places)
        firsts = industry[np.unique(places[industry], return_index=True)[1]]
        orbits = self.group.orbits
        found = []
        for orbit in dict.fromkeys(orbits[firsts]):
            cells = tuple(int(cell) for cell in firsts if orbits[cell] == orbit)
            closed = np.zeros(self.model.groups.cells, dtype=bool)
            closed[industry[places[industry] != places[cells[0]]]] = True
            if not closed.any():
                continue
            branches = self._corner(cells[0], closed)
            if branches:
                found.append(Corner(cells, closed, tuple(branches)))
        return found

    def near(self, v: float, used: np.ndarray, x: np.ndarray | None = None) -> Found | None:
        """The equilibrium near ``x`` (default: the initial distribution gathered in ``used``)."""
        key = used.tobytes()
        if x is None and key not in self.symmetries:
            even = gather(self.middle, self.middle.initial_distribution(), jnp.asarray(used))
            self.symmetries[key] = self._symmetry(np.asarray(even), used)
        symmetry = self.symmetries[key] if x is None else self._symmetry(x, used)
        reduction = self._reduction(symmetry, used)
        start = jnp.zeros(used.shape) if x is None else jnp.asarray(x)
        begun, mass, guess = _begin(
            self.model, self.path, reduction, jnp.asarray(v), start, jnp.asarray(x is None)
        )
        row = np.zeros(guess.shape[0])
        row[-1] = 1.0
        u, _, _, status, full = equilibrium_between(
            self.model, self.path, reduction, guess, jnp.asarray(row), jnp.asarray(row)
        )
        share = np.asarray(full.x) / np.asarray(mass)
        if int(status) != Status.CONVERGED or not (share[used] > 0.0).all():
            return None
        moved = float(np.abs(share - np.asarray(begun) / np.asarray(mass)).max())
        return Found(v, np.asarray(full.x), np.asarray(u), symmetry, moved)

    def _symmetry(self, x: np.ndarray, used: np.ndarray) -> Symmetry:
        share = x / np.asarray(self.middle.groups.cell_mass)
        return self.group.isotropy(share, used + 0.0, tolerance=_SAME)

    def _reduction(self, symmetry: Symmetry, used: np.ndarray) -> Reduction:
        key = symmetry.elements.tobytes() + used.tobytes()
        if key not in self.reductions:
            plain = reduce(self.middle, symmetry, used)
            self.reductions[key] = _shares(plain, self.model.groups.cells)
        return self.reductions[key]

    def _add(self, branches: list[Branch], found: Found, used: np.ndarray) -> None:
        """Follow the branch through an equilibrium, unless it was followed before."""
        reduction = self._reduction(found.symmetry, used)
        for branch in branches:
            if branch.reduction is reduction and _passes(branch, found):
                return
            if on_branch(found.x, used, found.v, branch, self.group):
                return
        if len(branches) >= _MOST_BRANCHES:
            self.note(f"more than {_MOST_BRANCHES} branches: some not followed")
            return
        course = Course(self.model, self.path, self.group, self.steps, _MAX_POINTS)
        followed = course.both_ways(reduction, found.symmetry, jnp.asarray(found.u))
        if followed is not None and len(followed) > 1:
            branches.append(followed)

    def _corner(self, cell: int, closed: np.ndarray) -> list[Branch]:
        """Branches with industry in ``cell`` alone, for different sets of the other cells."""
        grid = np.linspace(self.first, self.last, _CORNER_STARTS)
        left = sorted(grid, key=lambda v: abs(v - 0.5 * (self.first + self.last)))
        result: list[Branch] = []
        for used in _masks(self.model, cell, closed):
            for v in list(left):
                if v not in left:
                    continue
                found = self.near(float(v), used)
                if found is None:
                    continue
                before = len(result)
                self._add(result, found, used)
                for branch in result[before:]:
                    left = [w for w in left if not _holds(branch, w, used | closed)]
            if not left:
                break
        return [branch for branch in result if _holds_anywhere(branch, closed)]

    def note(self, text: str) -> None:
        """Keep a remark on what was not done, once."""
        if text not in self.notes:
            self.notes.append(text)


@quick_jit
def _begin(
    model: Model, path: ScaledPath, reduction: Reduction, v: Array, x: Array, even: Array
) -> tuple[Array, Array, Array]:
    """Distribution, masses and unknowns with cleared markets at which a search begins."""
    here = path.at(model, v)
    groups = here.groups
    used = reduction.used
    x = jnp.where(even, gather(here, here.initial_distribution(), used), x)
    p = newton(market_system, flat_prices(here, x)[0], (here, x)).z
    value = average_payoff(groups, x, jnp.where(used, payoff(here, p, x), 0.0))
    guess = jnp.append(reduction.gather(x / groups.cell_mass, p, value), v)
    return x, groups.cell_mass, guess


def _passes(branch: Branch, found: Found) -> bool:
    """Whether the curve through the points of a branch goes through an equilibrium."""
    for segment, fraction in branch.crossings(found.v):
        for _ in range(3):  # the crossing of the cubic, not of the chord
            guess = branch.interpolate(segment, fraction)
            left, right = branch.parameter[segment], branch.parameter[segment + 1]
            fraction += (found.v - guess[-1]) / (right - left)
        near = np.abs(guess - found.u)[: branch.reduction.cells.shape[1]]
        if near.max() < 1e-7:
            return True
    return False


def gaps(branch: Branch) -> np.ndarray:
    """What a unit gains in each cell over its group's value, at every point of a branch."""
    return branch.payoff - branch.value[:, np.asarray(branch.model.groups.index)]


def _holds(branch: Branch, v: float, decided: np.ndarray) -> bool:
    """Whether the branch passes ``v`` at points where nobody gains in an undecided cell."""
    inner = np.where(decided, -np.inf, gaps(branch)).max(axis=1, initial=-np.inf)
    return any(max(inner[i], inner[i + 1]) <= ENTRY for i, _ in branch.crossings(v))


def _holds_anywhere(branch: Branch, closed: np.ndarray) -> bool:
    inner = np.where(branch.used | closed, -np.inf, gaps(branch)).max(axis=1, initial=-np.inf)
    return bool((inner <= ENTRY).any())


def _masks(model: Model, cell: int, closed: np.ndarray) -> Iterator[np.ndarray]:
    """Sets of used cells with industry in ``cell`` alone, the largest first."""
    index = np.asarray(model.groups.index)
    choices = []
    for group in range(model.groups.count):
        inside = [int(i) for i in np.flatnonzero((index == group) & ~closed)]
        subsets = (
            subset
            for size in range(len(inside), 0, -1)
            for subset in itertools.combinations(inside, size)
            if cell not in inside or cell in subset
        )
        choices.append(list(itertools.islice(subsets, _MOST_MASKS)))
    most = _MOST_MASKS if len(index) <= _MANY_CELLS else 1
    for combination in itertools.islice(itertools.product(*choices), most):
        used = np.zeros(len(index), dtype=bool)
        used[list(itertools.chain(*combination))] = True
        yield used
