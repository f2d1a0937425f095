"""A branch of equilibria as arrays, and the special points on it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np

from neg.bifurcation.arclength import End
from neg.bifurcation.line import ParameterLine
from neg.bifurcation.reduction import Reduction
from neg.bifurcation.symmetry import Symmetry, pattern
from neg.core.status import Status
from neg.economy.model import Model, Prices
from neg.solvers.long_run import STABILITY_TOLERANCE
from neg.solvers.system import flat_prices


class Kind(StrEnum):
    """What happens at a special point."""

    FOLD = "fold"
    BRANCH = "branch point"
    HOPF = "hopf"
    SUSTAIN = "sustain"
    EMPTIED = "emptied"
    JOINED = "joined"


@dataclasses.dataclass(frozen=True)
class SpecialPoint:
    """A point where the number of equilibria or their stability changes.

    ``interval`` encloses the parameter value as far as it was bracketed; ``converged`` says whether
    both the equilibrium and the condition that defines the point hold within tolerance. ``modes``
    holds, as columns over cells, the changes of the distribution that neither grow nor die out;
    ``cells`` the cells whose payoff gap changes sign (sustain) or that empty; ``change`` by how
    many the unstable directions increase along the branch.
    """

    kind: Kind
    parameter: float
    interval: tuple[float, float]
    converged: bool
    index: int
    point: np.ndarray
    residual: float
    x: np.ndarray
    prices: np.ndarray
    value: np.ndarray
    payoff: np.ndarray
    modes: np.ndarray
    cells: tuple[int, ...] = ()
    change: int = 0
    symmetry: str = ""

    @property
    def multiplicity(self) -> int:
        """Dimension of the kernel: how many independent modes are critical at once."""
        return self.modes.shape[1]

    @property
    def pattern(self) -> str:
        """The distribution in words."""
        return pattern(self.x)


@dataclasses.dataclass(frozen=True)
class Branch:
    """Equilibria along a line of parameters, at one set of used cells, with one symmetry.

    Arrays have one row per point: ``parameter``, distribution ``x``, flat log ``prices``, group
    ``value``, ``payoff`` of every cell, ``growth`` (largest growth rate of a small deviation under
    the replicator dynamics), ``unstable`` (number of directions that grow among used cells),
    ``entering`` (number of unused cells that would pay more), and how each point was reached:
    ``residual``, Newton ``iterations``, failed attempts ``failures`` and step ``length``.
    ``start`` and ``end`` say why the branch ends there, ``trouble`` how the last failed step ended.
    """

    model: Model
    line: ParameterLine
    reduction: Reduction
    symmetry: Symmetry
    points: np.ndarray
    tangents: np.ndarray
    x: np.ndarray
    prices: np.ndarray
    value: np.ndarray
    payoff: np.ndarray
    growth: np.ndarray
    unstable: np.ndarray
    entering: np.ndarray
    residual: np.ndarray
    iterations: np.ndarray
    failures: np.ndarray
    length: np.ndarray
    special: tuple[SpecialPoint, ...]
    start: End | None
    end: End
    trouble: Status
    start_trouble: Status = Status.CONVERGED

    def __len__(self) -> int:
        return self.points.shape[0]

    @property
    def parameter(self) -> np.ndarray:
        """Value of the parameter (position on the line) at each point."""
        return self.points[:, -1]

    @functools.cached_property
    def used(self) -> np.ndarray:
        """Which cells are used on this branch."""
        return np.asarray(self.reduction.used)

    @property
    def stable(self) -> np.ndarray:
        """1.0 where deviations die out, 0.0 where one grows, NaN where it cannot be told."""
        told = np.abs(self.growth) > STABILITY_TOLERANCE
        return np.where(told, (self.growth < 0).astype(float), np.nan)

    @property
    def label(self) -> str:
        """Symmetry and sizes of the clusters of equal cells, at the middle of the branch."""
        return f"{self.symmetry.name}: {pattern(self.x[len(self) // 2])}"

    @property
    def converged(self) -> bool:
        """Whether the branch was followed to an end that has a meaning, on both sides."""
        return not {self.start, self.end} & {End.FAILED, End.MAX_POINTS}

    def of_kind(self, kind: Kind | str) -> tuple[SpecialPoint, ...]:
        """Special points of one kind."""
        return tuple(point for point in self.special if point.kind == kind)

    def named_prices(self, index: int) -> Prices:
        """Log prices at a point, in the form and with the names that the model gives them."""
        model = self.line.at(self.model, self.points[index, -1])
        return flat_prices(model, self.x[index])[1](self.prices[index])

    def crossings(self, parameter: float) -> list[tuple[int, float]]:
        """Where the branch passes a parameter value: segment and fraction along it.

        A segment that starts exactly there counts; the last point of the branch counts too.
        """
        values = self.parameter - parameter
        found = []
        for i, (left, right) in enumerate(zip(values[:-1], values[1:], strict=True)):
            if left == 0.0:
                found.append((i, 0.0))
            elif left * right < 0.0:
                found.append((i, float(left / (left - right))))
        if len(values) and values[-1] == 0.0 and self.end != End.CLOSED:
            found.append((max(len(values) - 2, 0), 1.0))
        return found

    def outline(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Parameter, distribution and stability for drawing: with the special points inserted.

        Each special point inside the branch occurs twice, with the stability on either side, so
        that stretches of one stability reach exactly to it; an end that lies on a special point
        takes the stability of its neighbour. Where an unused cell would pay more the state is no
        equilibrium: the parameter is NaN there, which interrupts a line.
        """
        stable, held = _ends_filled(self.stable), (self.entering == 0).astype(float)
        inside = [p for p in self.special if p.kind not in (Kind.EMPTIED, Kind.JOINED)]
        rows: list[tuple[float, np.ndarray, float, float]] = []
        for i in range(len(self)):
            # Where a branch was started on a special point, that is a point in the middle.
            open_ = np.isnan(stable[i]) and 0 < i < len(self) - 1
            for k in (i - 1, i + 1) if open_ else (i,):
                rows.append((self.parameter[i], self.x[i], stable[k], held[k]))
            here = [p for p in inside if p.index == i]
            growing, wanting = int(self.unstable[i]), int(self.entering[i])
            for number, point in enumerate(here):
                rows.append((point.parameter, point.x, *rows[-1][2:]))
                growing += point.change * (point.kind != Kind.SUSTAIN)
                wanting += point.change * (point.kind == Kind.SUSTAIN)
                if number + 1 < len(here):  # of several in one segment: by what they change
                    after = float(growing <= 0 and wanting <= 0), float(wanting <= 0)
                else:
                    after = stable[i + 1], held[i + 1]
                rows.append((point.parameter, point.x, *after))
        parameter, x, calm, kept = (np.array(column) for column in zip(*rows, strict=True))
        return np.where(kept > 0, parameter, np.nan), x, calm

    def interpolate(self, segment: int, fraction: float) -> np.ndarray:
        """Point on the branch between two computed points, by cubic Hermite interpolation."""
        return hermite(
            self.points[segment : segment + 2],
            self.tangents[segment : segment + 2],
            self.length_between(segment),
            fraction,
        )

    def length_between(self, segment: int) -> float:
        """Length of the chord between two successive points."""
        change = self.points[segment + 1] - self.points[segment]
        return float(np.sqrt(np.sum(self.metric * change**2)))

    @functools.cached_property
    def metric(self) -> np.ndarray:
        """Weights of the squared length of a step in unknowns and position."""
        width = float(self.line.high) - float(self.line.low)
        return np.append(np.asarray(self.reduction.weights), width**-2)


def hermite(points: np.ndarray, tangents: np.ndarray, length: float, fraction: float) -> np.ndarray:
    """Cubic through two points with given unit tangents."""
    t = fraction
    rise = (1 - t) ** 2 * t * tangents[0] - (1 - t) * t**2 * tangents[1]
    return (1 - 3 * t**2 + 2 * t**3) * points[0] + (3 * t**2 - 2 * t**3) * points[1] + length * rise


def _ends_filled(stable: np.ndarray) -> np.ndarray:
    stable = stable.copy()
    if len(stable) > 1:
        for end, near in ((0, 1), (-1, -2)):
            if np.isnan(stable[end]):
                stable[end] = stable[near]
    return stable


ROWS = (
    "points",
    "tangents",
    "x",
    "prices",
    "value",
    "payoff",
    "growth",
    "unstable",
    "entering",
    "residual",
    "iterations",
    "failures",
    "length",
)
"""Fields of a branch that have one row per point."""


def join(backward: Branch, forward: Branch) -> Branch:
    """One branch of two that leave the same point in opposite directions."""
    rows: dict[str, Any] = {}
    for name in ROWS:
        back, on = getattr(backward, name), getattr(forward, name)
        back = -back if name == "tangents" else back
        rows[name] = np.concatenate([back[:0:-1], on])
    count = len(backward) - 1
    turned = [
        dataclasses.replace(point, index=count - 1 - point.index, change=-point.change)
        for point in reversed(backward.special)
    ]
    moved = [dataclasses.replace(point, index=count + point.index) for point in forward.special]
    return dataclasses.replace(
        forward,
        **rows,
        special=(*turned, *moved),
        start=backward.end,
        start_trouble=backward.trouble,
    )


def trimmed(branch: Branch, count: int, special: Sequence[SpecialPoint], end: End) -> Branch:
    """The first ``count`` points of a branch, with a new end."""
    rows: dict[str, Any] = {name: getattr(branch, name)[:count] for name in ROWS}
    return dataclasses.replace(branch, **rows, special=tuple(special), end=end)


def extended(branch: Branch, point: SpecialPoint, u: np.ndarray, *, first: bool) -> Branch:
    """The branch with the special point at which it begins or ends as its first or last point.

    ``u`` are the point's unknowns on this branch. A mode neither grows nor dies out there: the
    growth rate is at least zero, and the counts of growing modes are those next to the point.
    """
    near = 0 if first else -1
    chord = (branch.points[near] - u) if first else (u - branch.points[near])
    length = float(np.sqrt(np.sum(branch.metric * chord**2)))
    row = {
        "points": u,
        "tangents": chord / max(length, 1e-300),
        "x": point.x,
        "prices": point.prices,
        "value": point.value,
        "payoff": point.payoff,
        "growth": max(float(branch.growth[near]), 0.0) if branch.unstable[near] > 1 else 0.0,
        "unstable": branch.unstable[near],
        "entering": branch.entering[near],
        "residual": point.residual,
        "iterations": 0,
        "failures": 0,
        "length": length,
    }
    rows: dict[str, Any] = {}
    for name in ROWS:
        one, many = np.asarray(row[name])[None], getattr(branch, name)
        rows[name] = np.concatenate([one, many] if first else [many, one])
    shift = int(first)
    special = [dataclasses.replace(p, index=p.index + shift) for p in branch.special]
    return dataclasses.replace(branch, **rows, special=tuple(special))
