"""Zeros of growth rates and payoff gaps along a branch: found, and put to the test on both sides.

A zero counts where the test value vanishes, is seen to have opposite signs on its two sides, and
the equilibria there lie on one continuous piece of branch. Where it changes sign through infinity
(market clearing is singular) nothing vanishes: a pole.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from neg.bifurcation.branch import Branch, Kind, SpecialPoint
from neg.bifurcation.special import ArcState, state_between
from neg.bifurcation.spectrum import eigenvalues
from neg.breakpoints.following import ENTRY, Corner, gaps
from neg.breakpoints.scale import ScaledPath
from neg.breakpoints.witness import null_vectors
from neg.solvers.stability import tangent_basis

UNDECIDED = 1e-12
"""Test values below this are rounding errors: their sign says nothing."""
_ZERO = 1e-8
"""Share of the largest growth rate below which one counts as zero."""
_RESIDUAL = 1e-10
_WIDEST = 1e-8
"""Largest width of a bracket, relative to the parameter, around a zero that converged."""


class Zero(NamedTuple):
    """A zero on a branch: where on the arc, parameter value and checked bracket, and verdict.

    ``test`` is the test value at the point, ``below`` its sign at smaller parameter values (at a
    fold: whether the equilibria exist there), ``rank`` the number of growth rates that are larger.
    """

    kind: str
    branch: Branch
    state: ArcState
    value: float
    interval: tuple[float, float]
    test: float
    converged: bool
    below: float
    rank: int = 0
    oscillates: bool = False


class Arc:
    """Equilibria at any place of a branch: the place is the number of a point plus a fraction."""

    def __init__(self, branch: Branch) -> None:
        self.branch = branch
        self.end = float(len(branch) - 1)
        self.index = np.asarray(branch.model.groups.index)
        self.basis = tangent_basis(branch.model.groups, branch.used)
        self.state = functools.lru_cache(maxsize=None)(self._state)

    def _state(self, place: float) -> ArcState:
        segment = min(int(place), len(self.branch) - 2)
        return state_between(self.branch, segment, place - segment)

    def growth(self, place: float) -> np.ndarray:
        """Growth rates at a place of the branch, the largest real part first."""
        return eigenvalues(self.basis, self.state(place).matrix[None])[0]

    def rate(self, rank: int, place: float) -> float:
        """The real part of one growth rate, number ``rank`` from the largest; NaN if unknown."""
        return float(self.growth(place)[rank].real) if self.state(place).good else float("nan")

    def gain(self, cells: np.ndarray, place: float) -> float:
        """The largest gain of a unit that moves to one of these cells."""
        state = self.state(place)
        return float((state.payoff - state.value[self.index])[cells].max(initial=-np.inf))

    def value(self, place: float) -> float:
        """The parameter at a place of the branch."""
        return _value(self.branch, self.state(place).u[-1])

    def scale(self, place: float) -> float:
        """The largest growth rate at the points around: at the place itself all may vanish."""
        around = [self.growth(p) for p in (float(int(place)), min(int(place) + 1.0, self.end))]
        return float(np.abs(around).max())

    def explodes(self, place: float) -> bool:
        """Whether growth rates are far larger here than at the points of the branch around."""
        return bool(np.abs(self.growth(place)).max() > 100.0 * self.scale(place))

    def place_of(self, point: SpecialPoint) -> float:
        """Where on the branch a special point lies."""
        left, right = self.branch.points[point.index : point.index + 2]
        row = self.branch.metric * (right - left)
        fraction = row @ (point.point - left) / max(row @ (right - left), 1e-300)
        return point.index + float(np.clip(fraction, 0.0, 1.0))

    def one_piece(self, left: float, right: float) -> bool:
        """Whether the states at two places are as near to each other as the places are."""
        a, b = self.state(left), self.state(right)
        apart = float(np.sqrt(np.sum(self.branch.metric * (a.u - b.u) ** 2)))
        first, last = int(left), min(int(right) + 1, len(self.branch) - 1)
        chord = max(self.branch.length_between(i) for i in range(first, max(last, first + 1)))
        return a.good and b.good and apart <= 3.0 * chord * (right - left) + 1e-7


class OnInterior(NamedTuple):
    """Breaks and folds of interior branches, poles, and intervals of the position in doubt.

    In doubt are sign changes of a growth rate between points of a branch with no zero on the arc
    between them: the steps were too long there, and jumped from one branch to another.
    """

    zeros: list[Zero]
    poles: list[float]
    doubtful: list[tuple[float, float]]


def on_interior(branch: Branch, ranks: int) -> OnInterior:
    """Breaks (of the ``ranks`` leading modes) and folds of an interior branch."""
    arc = Arc(branch)
    found = OnInterior([], [], [])
    places = [
        (arc.place_of(point), point.kind)
        for point in branch.special
        if point.kind in (Kind.FOLD, Kind.BRANCH, Kind.HOPF)
    ]
    pairs = _pairs(branch.growth, functools.partial(arc.rate, 0))
    places += [(place, Kind.BRANCH) for place in pairs]
    for place, kind in places:
        if kind != Kind.FOLD and arc.state(place).good and arc.explodes(place):
            found.poles.append(arc.value(place))
            continue
        growth = arc.growth(place)
        if not (arc.state(place).good and np.isfinite(growth).all()):
            if _differ(branch, place):
                found.doubtful.append(_around(branch, place))
            continue
        scale = max(float(np.abs(growth).max()), arc.scale(place))
        near = np.flatnonzero(np.abs(growth.real) <= _ZERO * scale)
        rank = int(near[0]) if len(near) else int(np.argmin(np.abs(growth.real)))
        zero = _examine(arc, place, functools.partial(arc.rate, rank), kind == Kind.FOLD)
        if zero is not None and zero.converged:
            if rank < ranks or zero.kind == "fold":
                turning = bool(abs(growth[rank].imag) > 1e-6 * scale)
                found.zeros.append(zero._replace(rank=rank, oscillates=turning))
        elif kind == Kind.FOLD or _differ(branch, place):
            found.doubtful.append(_around(branch, place))
    return found


def _around(branch: Branch, place: float) -> tuple[float, float]:
    first = min(int(place), len(branch) - 2)
    near = branch.parameter[max(first - 1, 0) : first + 3]
    return float(near.min()), float(near.max())


def _differ(branch: Branch, place: float) -> bool:
    """Whether more modes grow on one side of a place than on the other."""
    # A place that is a point of the branch may belong to the segment before it.
    first = max(int(place) - 1, 0)
    return bool(np.ptp(branch.unstable[first : int(place) + 2]) > 0)


def on_corner(corner: Corner) -> list[Zero]:
    """Sign changes of what the first unit gains by leaving an agglomeration."""
    closed = np.flatnonzero(corner.closed)
    found = []
    for branch in corner.branches:
        arc = Arc(branch)
        inner = np.flatnonzero(~corner.closed & ~branch.used)
        places = [
            arc.place_of(point)
            for point in branch.special
            if point.kind == Kind.SUSTAIN and corner.closed[list(point.cells)].all()
        ]
        leaving = gaps(branch)[:, closed].max(axis=1, initial=-np.inf)
        test = functools.partial(arc.gain, closed)
        places += _pairs(leaving, test)
        for place in places:
            if arc.gain(inner, place) > ENTRY or test(place) > _ZERO:
                continue  # somebody else gains already: no equilibrium changes here
            zero = _examine(arc, place, test, False)
            if zero is not None:
                found.append(zero._replace(kind="sustain"))
    return found


def distinct(zeros: list[Zero]) -> list[Zero]:
    """Zeros by parameter value, without those seen twice."""
    kept: list[Zero] = []
    for zero in sorted(zeros, key=lambda zero: (not zero.converged, zero.rank, zero.value)):
        same = (
            zero.kind == other.kind
            and abs(zero.value - other.value) <= _WIDEST * max(1.0, abs(zero.value))
            and np.abs((zero.state.x - other.state.x) / _mass(zero)).max() < 1e-6
            for other in kept
        )
        if not any(same):
            kept.append(zero)
    return sorted(kept, key=lambda zero: zero.value)


def _mass(zero: Zero) -> np.ndarray:
    return np.asarray(zero.branch.model.groups.cell_mass)


def critical_mode(zero: Zero) -> np.ndarray:
    """The change of the distribution that neither grows nor dies out, largest entry one."""
    groups = zero.branch.model.groups
    index = np.asarray(groups.index)
    size = np.abs(zero.state.matrix).max(initial=0.0)
    # Off the simplex nothing is critical: those directions are moved far to the left.
    share = zero.state.x / np.bincount(index, zero.state.x)[index]
    off = share[:, None] * (index[:, None] == index[None, :])
    right = null_vectors(zero.state.matrix - 4.0 * len(index) * (1.0 + size) * off)[1]
    return np.real(right)


def _value(branch: Branch, position: float) -> float:
    path = branch.line
    return path.value(position) if isinstance(path, ScaledPath) else float(position)


def _pairs(values: np.ndarray, test: Callable[[float], float]) -> list[float]:
    """Places of pairs of zeros between points of a branch, where the test has one sign at both."""
    found = []
    for i in range(1, len(values) - 1):
        a, b, c = values[i - 1 : i + 2]
        same = bool(np.isfinite([a, b, c]).all() and a * b > 0 and b * c > 0)
        # By its curvature the test value can fall by a fraction of the second difference at most.
        if not same:
            continue
        near = abs(b) <= min(abs(a), abs(c)) and UNDECIDED < abs(b) <= abs(a - 2 * b + c)
        if near:
            found += _pair_within(test, i - 1.0, i + 1.0)
    return found


class _SignChange(Exception):
    def __init__(self, at: float) -> None:
        self.at = at


def _pair_within(test: Callable[[float], float], low: float, high: float) -> list[float]:
    sign = np.sign(test(low))

    def distance(place: float) -> float:
        value = sign * test(place)
        if value < -UNDECIDED:
            raise _SignChange(place)
        return value

    try:
        minimize_scalar(distance, bounds=(low, high), method="bounded", options={"xatol": 1e-7})
    except _SignChange as change:
        pair = (low, change.at), (change.at, high)
        return [float(brentq(test, *ends, xtol=1e-14)) for ends in pair]
    return []


def _examine(arc: Arc, place: float, test: Callable[[float], float], fold: bool) -> Zero | None:
    """The zero at a place of a branch with its bracket; None where no sign changes."""
    low, high = max(int(place) - 1.0, 0.0), min(int(place) + 2.0, arc.end)
    width = 1e-10
    while True:
        left, right = max(place - width, low), min(place + width, high)
        a, b = test(left), test(right)
        if min(abs(a), abs(b)) > UNDECIDED and a * b < 0:
            break
        if left == low and right == high or not np.isfinite([a, b]).all():
            return None
        width *= 8.0
    here = test(place)
    value, ends = arc.value(place), sorted((arc.value(left), arc.value(right)))
    outside = max(abs(test(low)), abs(test(high)))
    if abs(here) > outside:
        return None  # the sign changes through infinity
    tight = ends[1] - ends[0] <= _WIDEST * max(1.0, abs(value))
    vanishes = abs(here) <= _ZERO * max(outside, UNDECIDED / _ZERO)
    state = arc.state(place)
    good = state.good and state.residual <= _RESIDUAL and arc.one_piece(left, right)
    slopes = arc.state(left).tangent[-1], arc.state(right).tangent[-1]
    if fold:
        turns = slopes[0] * slopes[1] < 0
        exists_below = slopes[0] > 0
        interval = (min(*ends, value), max(*ends, value))
        verdict = bool(tight and vanishes and good and turns)
        return Zero(
            "fold", arc.branch, state, value, interval, here, verdict, 1.0 if exists_below else -1.0
        )
    below = a if arc.value(left) <= arc.value(right) else b
    inside = ends[0] <= value <= ends[1]
    verdict = bool(tight and vanishes and good and inside)
    return Zero(
        "break", arc.branch, state, value, (ends[0], ends[1]), here, verdict, float(np.sign(below))
    )
