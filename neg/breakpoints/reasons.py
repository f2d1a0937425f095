"""Why there is no threshold, or none of a kind: what holds everywhere instead."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from neg.bifurcation.arclength import End
from neg.bifurcation.branch import Branch, Kind
from neg.breakpoints.entry import unbounded_entry
from neg.breakpoints.following import Corner, gaps
from neg.breakpoints.scale import ScaledPath
from neg.breakpoints.zeros import UNDECIDED
from neg.economy.model import Model

ONE_PLACE = "industry has one place only, and so no full agglomeration that it could leave"
UNBOUNDED = (
    "where the marginal entrant into an empty place gains without bound, full agglomeration is "
    "no equilibrium"
)


class Seeking:
    """What was found along all branches, for reasons and remarks."""

    def __init__(
        self,
        model: Model,
        path: ScaledPath,
        interior: list[Branch],
        corners: list[Corner],
        poles: list[float],
    ) -> None:
        self.path, self.interior, self.corners, self.poles = path, interior, corners, poles
        low, high = path.value(path.low), path.value(path.high)
        self.searched = f"at every {path.label} searched, from {low:.7g} to {high:.7g}"
        growth = np.concatenate([branch.growth for branch in interior] or [np.zeros(0)])
        gain = np.concatenate([_gain(corner) for corner in corners] or [np.zeros(0)])
        self.growth = growth[np.abs(growth) > UNDECIDED]
        self.gain = gain[np.abs(gain) > UNDECIDED]
        self.unbounded = any(_unbounded(model, path, corner) for corner in corners)
        self.one_place = np.unique(_industry_places(model)).size < 2
        self.lost = _lost(path, interior)
        self.lost_corners = _lost(path, [b for corner in corners for b in corner.branches])

    def of_breaks(self) -> str:
        """Why no break point was found, and where one may have been missed."""
        return self._of_growth(self._where(self.lost)) + self._unless(self.lost)

    def _where(self, lost: list[float]) -> str:
        """Where a reason holds, given the ends of branches that could not be followed."""
        return "as far as branches could be followed" if lost else self.searched

    def _unless(self, lost: list[float]) -> str:
        """Where there may be a threshold in spite of a reason."""
        return f"; there may be one at {self.path.label} = {_listed(lost)}" if lost else ""

    def _of_growth(self, where: str) -> str:
        path, growth = self.path, self.growth
        if not growth.size:
            return f"no interior equilibrium was found {where}"
        if self.poles:
            poles = ", ".join(f"{value:.7g}" for value in sorted(self.poles))
            return (
                f"the growth rate changes sign only through infinity, where market clearing is "
                f"singular ({path.label} = {poles}), {where}"
            )
        if (growth < 0).all():
            return f"the most symmetric state is stable, and so nothing breaks, {where}"
        if (growth > 0).all():
            return f"the most symmetric state is unstable, and so never regains stability, {where}"
        return f"no growth rate that could be decided changes sign along a branch {where}"

    def of_sustains(self) -> str:
        """Why no sustain point was found, and where one may have been missed."""
        if self.one_place:
            return ONE_PLACE
        if self.unbounded:
            return UNBOUNDED
        return self._of_gain(self._where(self.lost_corners)) + self._unless(self.lost_corners)

    def _of_gain(self, where: str) -> str:
        gain = self.gain
        if not gain.size:
            return f"full agglomeration was not found {where}"
        if (gain < 0).all():
            return f"full agglomeration is an equilibrium {where}"
        if (gain > 0).all():
            return f"full agglomeration is no equilibrium {where}"
        return f"no payoff gap that could be decided changes sign along a branch {where}"

    def of_all(self) -> str:
        """Why there is no threshold at all."""
        growth, gain = self.growth, self.gain
        if self.lost or self.lost_corners:
            kinds = "no break point or fold", "no sustain point"
            reasons = self.of_breaks(), self.of_sustains()
            return "; ".join(f"{kind}: {why}" for kind, why in zip(kinds, reasons, strict=True))
        if growth.size and gain.size and (growth > 0).all() and (gain < 0).all():
            return (
                f"black hole: full agglomeration is an equilibrium and the most symmetric state is "
                f"unstable {self.searched}"
            )
        if growth.size and gain.size and (growth < 0).all() and (gain > 0).all():
            return (
                f"no agglomeration: the most symmetric state is stable and full agglomeration is "
                f"no equilibrium {self.searched}"
            )
        if self.unbounded:
            return f"{self.of_breaks()}; {UNBOUNDED}"
        return self.of_breaks()

    def notes(self) -> list[str]:
        """Where interior branches end inside the interval."""
        found = []
        for branch in self.interior:
            names = branch.model.cell_labels
            for point in branch.of_kind(Kind.EMPTIED):
                cells = ", ".join(names[cell] for cell in point.cells)
                at = self.path.value(point.parameter)
                found.append(
                    f"an interior equilibrium leaves through the boundary at {self.path.label} = "
                    f"{at:.7g}, where nobody is left in {cells}"
                )
        if self.lost:
            found.append(
                f"interior branches could not be followed beyond {self.path.label} = "
                f"{_listed(self.lost)}"
            )
        return found


def _lost(path: ScaledPath, branches: list[Branch]) -> list[float]:
    """Values of the parameter at which branches end for no reason that is known."""
    return [
        path.value(branch.parameter[row])
        for branch in branches
        for end, row in ((branch.start, 0), (branch.end, -1))
        if end in (End.FAILED, End.MAX_POINTS)
    ]


def _listed(values: list[float]) -> str:
    """The first three different ones, as they are shown, and how many others there are."""
    shown = [f"{value:.7g}" for value in sorted(values)]
    shown = list(dict.fromkeys(shown))
    more = f" and {len(shown) - 3} others" if len(shown) > 3 else ""
    return ", ".join(shown[:3]) + more


def _industry_places(model: Model) -> np.ndarray:
    """Places in which industry may be, by cell of industry."""
    return np.asarray(model.cell_places)[np.asarray(model.industry, dtype=int)]


def _gain(corner: Corner) -> np.ndarray:
    rows = []
    for branch in corner.branches:
        gap = gaps(branch)
        inner = np.where(branch.used | corner.closed, -np.inf, gap).max(axis=1, initial=-np.inf)
        leaving = np.where(corner.closed, gap, -np.inf).max(axis=1, initial=-np.inf)
        rows.append(leaving[inner <= UNDECIDED])
    return np.concatenate(rows)


def _unbounded(model: Model, path: ScaledPath, corner: Corner) -> bool:
    branch = corner.branches[0]
    closed = np.flatnonzero(corner.closed)
    rows = {len(branch) // 8, len(branch) // 4, len(branch) // 2}
    return any(
        unbounded_entry(path.at(model, jnp.asarray(branch.parameter[row])), branch.x[row], closed)
        for row in sorted(rows)
    )
