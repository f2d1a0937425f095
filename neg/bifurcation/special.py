"""Special points of a branch: found between computed points, then enclosed.

A fold turns the parameter around; at a branch point an eigenvalue passes zero; at a sustain point
the payoff gap of an unused cell changes sign. Each condition is followed along the arc between two
points, on equilibria that Newton's method finds there, until its zero is enclosed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from neg.bifurcation.branch import Branch, Kind, SpecialPoint
from neg.bifurcation.spectrum import eigenvalues, kernel, tangent_matrices
from neg.bifurcation.states import Details, Spectra, equilibrium_between
from neg.core.status import Status

_ROUNDS = 60
_PROBE = 1e-8
_NEAR = 0.5
"""A state belongs to a segment if it is this near to where it was expected, in its lengths."""
_ZERO = 1e-8
"""Eigenvalues and payoff gaps below this at an end of a branch belong to the meeting point."""

Located = tuple[float, SpecialPoint]
"""A special point and where on the branch it lies: segment plus fraction of it."""


def special_points(branch: Branch, spectrum: Spectra, gap: np.ndarray) -> list[SpecialPoint]:
    """All folds, branch points, Hopf points and sustain points of a branch, in order.

    ``gap`` is what a unit gains in each unused cell, shape (point, cell).
    """
    finder = _Finder(branch, spectrum, gap)
    found = sorted([*finder.folds(), *finder.modes(), *finder.entries()], key=lambda pair: pair[0])
    folds = [where for where, point in found if point.kind == Kind.FOLD]
    return [
        point
        for where, point in found
        # A fold brings its own eigenvalue along, which passes zero just there.
        if not (
            point.kind == Kind.BRANCH
            and point.multiplicity == 1
            and any(abs(where - fold) < 1e-5 for fold in folds)
        )
    ]


def enclose(
    function: Callable[[float], float], left_value: float, right_value: float
) -> tuple[float, float, float, float]:
    """Zero of a function on [0, 1] of known, opposite end values: point, enclosure, value.

    Inverse quadratic interpolation where it is safe, bisection where not (Chandrupatla 1997,
    Advances in Engineering Software 28(3)); then a probe on the open side of the zero tightens the
    enclosure. Stops early where the function is not a number.
    """
    new, old, older = 1.0, 0.0, 0.0
    f_new, f_old, f_older = right_value, left_value, left_value
    aim = 1e-13 * max(abs(left_value), abs(right_value))
    share = abs(left_value) / (abs(left_value) + abs(right_value))
    place = 1.0 - share  # the secant, seen from ``new``
    for _ in range(_ROUNDS):
        at = new + place * (old - new)
        value = function(at)
        if not np.isfinite(value):
            break
        if (value > 0) == (f_new > 0):
            older, f_older = new, f_new
        else:
            older, f_older = old, f_old
            old, f_old = new, f_new
        new, f_new = at, value
        if min(abs(f_new), abs(f_old)) <= aim or abs(new - old) < 1e-14:
            break
        xi = (new - old) / (older - old)
        ratio = (f_new - f_old) / (f_older - f_old)
        place = 0.5
        if ratio**2 < xi and (1 - ratio) ** 2 < 1 - xi:
            place = f_new / (f_old - f_new) * f_older / (f_old - f_older)
            place += (
                (older - new) / (old - new) * f_new / (f_older - f_new) * f_old / (f_older - f_old)
            )
    best, best_value = (new, f_new) if abs(f_new) <= abs(f_old) else (old, f_old)
    other, side = (old, f_old) if best == new else (new, f_new)
    probe = best + np.copysign(_PROBE, other - best)
    if abs(other - best) > _PROBE and function(probe) * np.sign(side) > 0:  # NaN compares false
        other = probe
    return best, min(best, other), max(best, other), best_value


class ArcState(NamedTuple):
    """An equilibrium between two points of a branch; ``matrix`` is its linearised dynamics."""

    u: np.ndarray
    tangent: np.ndarray
    good: bool
    residual: float
    x: np.ndarray
    prices: np.ndarray
    value: np.ndarray
    payoff: np.ndarray
    matrix: np.ndarray


def state_between(branch: Branch, segment: int, fraction: float) -> ArcState:
    """The equilibrium on the arc of a segment, as far along its chord as ``fraction`` says."""
    guess = branch.interpolate(segment, fraction)
    left, right = branch.points[segment : segment + 2]
    row = branch.metric * (right - left)
    level = row @ ((1 - fraction) * left + fraction * right)
    guess = guess + (right - left) * (level - row @ guess) / max(row @ (right - left), 1e-300)
    u, tangent, residual, status, details = equilibrium_between(
        branch.model, branch.line, branch.reduction, guess, row, branch.tangents[segment]
    )
    full = Details(*(np.asarray(a) for a in details))
    index = np.asarray(branch.model.groups.index)
    matrix = tangent_matrices(index, full.x[None], full.slope[None], branch.used)[0]
    good = int(status) == Status.CONVERGED
    return ArcState(np.asarray(u), np.asarray(tangent), good, float(residual), *full[:4], matrix)


class _Finder:
    """Looks for sign changes between successive points and encloses them."""

    def __init__(self, branch: Branch, spectrum: Spectra, gap: np.ndarray) -> None:
        self.branch, self.spectrum, self.gap = branch, spectrum, gap
        self.index = np.asarray(branch.model.groups.index)

    def folds(self) -> list[Located]:
        rate = self.branch.tangents[:, -1]
        turns = np.flatnonzero((rate[:-1] * rate[1:] < 0) & (np.abs(rate[:-1]) > 1e-10))
        return [
            self.pin(Kind.FOLD, int(i), lambda state: state.tangent[-1], rate[i : i + 2])
            for i in turns
        ]

    def modes(self) -> list[Located]:
        found = []
        for basis, values in zip(self.spectrum.bases, self.spectrum.values, strict=True):
            positive = (values.real > 0).sum(axis=1)
            for i in np.flatnonzero(positive[:-1] != positive[1:]):
                low, high = sorted((int(positive[i]), int(positive[i + 1])))
                located: list[float] = []
                for rank in range(low, high):
                    one = self.mode(int(i), rank, basis, values.real[i : i + 2, rank])
                    if one is None or any(abs(one[0] - other) < 1e-6 for other in located):
                        continue
                    located.append(one[0])
                    found.append(one)
        return found

    def mode(self, segment: int, rank: int, basis: np.ndarray, ends: np.ndarray) -> Located | None:
        if self.meets_here(segment, ends) or not np.isfinite(ends).all():
            return None

        def test(state: ArcState) -> float:
            return float(eigenvalues(basis, state.matrix[None])[0, rank].real)

        where, point = self.pin(Kind.BRANCH, segment, test, ends, basis)
        change = int(np.sign(ends[1] - ends[0])) * max(point.multiplicity, 1)
        return where, dataclasses.replace(point, change=change)

    def entries(self) -> list[Located]:
        found = []
        orbits = self.branch.symmetry.orbits
        for orbit in np.unique(orbits[~self.branch.used]):
            cells = np.flatnonzero(orbits == orbit)
            gap = self.gap[:, cells[0]]

            def test(state: ArcState, cell: int = int(cells[0])) -> float:
                return float(state.payoff[cell] - state.value[self.index[cell]])

            for i in np.flatnonzero(gap[:-1] * gap[1:] < 0):
                ends = gap[i : i + 2]
                if self.meets_here(int(i), ends):
                    continue
                where, point = self.pin(Kind.SUSTAIN, int(i), test, ends)
                change = int(np.sign(ends[1] - ends[0])) * len(cells)
                entering = tuple(int(cell) for cell in cells)
                found.append((where, dataclasses.replace(point, cells=entering, change=change)))
        return found

    def meets_here(self, segment: int, ends: np.ndarray) -> bool:
        """Whether a zero sits on an end of the branch, where other branches found it already."""
        first, last = segment == 0, segment + 2 == len(self.branch)
        return bool((first and abs(ends[0]) < _ZERO) or (last and abs(ends[1]) < _ZERO))

    def state(self, segment: int, fraction: float) -> ArcState:
        """The state between two points, if it is near to where it was expected."""
        state = state_between(self.branch, segment, fraction)
        # Newton's method may land on another branch, or where every distribution is at rest (free
        # trade): a zero found there would belong to neither.
        moved = state.u - self.branch.interpolate(segment, fraction)
        length = float(np.sqrt(np.sum(self.branch.metric * moved**2)))
        near = length <= _NEAR * self.branch.length_between(segment)
        return state._replace(good=state.good and near)

    def pin(
        self,
        kind: Kind,
        segment: int,
        test: Callable[[ArcState], float],
        ends: np.ndarray,
        basis: np.ndarray | None = None,
    ) -> Located:
        """Enclose the zero of a test function along a segment."""
        states: dict[float, ArcState] = {}

        def function(fraction: float) -> float:
            states[fraction] = self.state(segment, fraction)
            return test(states[fraction]) if states[fraction].good else float("nan")

        where, left, right, value = enclose(function, float(ends[0]), float(ends[1]))
        state = states[where] if where in states else self.state(segment, where)
        scale = float(np.abs(ends).max())
        modes = np.zeros((len(self.index), 0))
        if basis is not None:
            near = eigenvalues(basis, state.matrix[None])[0]
            largest = max(scale, float(np.abs(near).max()))
            if np.abs(near.imag[np.argmin(np.abs(near.real))]) > 1e-6 * largest:
                kind = Kind.HOPF
            size = int((np.abs(near.real) <= 1e-6 * largest).sum())
            modes = kernel(basis, state.matrix, max(size, 1))
        corners = {0.0: self.branch.parameter[segment], 1.0: self.branch.parameter[segment + 1]}
        known = {**corners, **{fraction: one.u[-1] for fraction, one in states.items()}}
        around = [known[left], known[right]]
        point = SpecialPoint(
            kind=kind,
            parameter=float(state.u[-1]),
            interval=(float(min(*around, state.u[-1])), float(max(*around, state.u[-1]))),
            converged=bool(state.good and abs(value) <= 1e-8 * max(scale, 1e-6)),
            index=segment,
            point=state.u,
            residual=state.residual,
            x=state.x,
            prices=state.prices,
            value=state.value,
            payoff=state.payoff,
            modes=modes,
            symmetry=self.branch.symmetry.name,
        )
        return segment + where, point
