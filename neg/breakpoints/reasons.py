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
        self.where = f"at every {path.label} searched, from {low:.7g} to {high:.7g}"
        growth = np.concatenate([branch.growth for branch in interior] or [np.zeros(0)])
        gain = np.concatenate([_gain(corner) for corner in corners] or [np.zeros(0)])
        self.growth = growth[np.abs(growth) > UNDECIDED]
        self.gain = gain[np.abs(gain) > UNDECIDED]
        self.unbounded = any(_unbounded(model, path, corner) for corner in corners)

    def of_breaks(self) -> str:
        """Why no break point was found."""
        path, growth = self.path, self.growth
        if not growth.size:
            return f"no interior equilibrium was found {self.where}"
        if self.poles:
            poles = ", ".join(f"{value:.7g}" for value in sorted(self.poles))
            return (
                f"the growth rate changes sign only through infinity, where market clearing is "
                f"singular ({path.label} = {poles}), {self.where}"
            )
        if (growth < 0).all():
            return f"the most symmetric state is stable, and so nothing breaks, {self.where}"
        if (growth > 0).all():
            return (
                f"the most symmetric state is unstable, and so never regains stability, "
                f"{self.where}"
            )
        return f"no growth rate that could be decided changes sign along a branch {self.where}"

    def of_sustains(self) -> str:
        """Why no sustain point was found."""
        gain = self.gain
        if self.unbounded:
            return UNBOUNDED
        if not gain.size:
            return f"full agglomeration was not found {self.where}"
        if (gain < 0).all():
            return f"full agglomeration is an equilibrium {self.where}"
        if (gain > 0).all():
            return f"full agglomeration is no equilibrium {self.where}"
        return f"no payoff gap that could be decided changes sign along a branch {self.where}"

    def of_all(self) -> str:
        """Why there is no threshold at all."""
        growth, gain = self.growth, self.gain
        if growth.size and gain.size and (growth > 0).all() and (gain < 0).all():
            return (
                f"black hole: full agglomeration is an equilibrium and the most symmetric state is "
                f"unstable {self.where}"
            )
        if growth.size and gain.size and (growth < 0).all() and (gain > 0).all():
            return (
                f"no agglomeration: the most symmetric state is stable and full agglomeration is "
                f"no equilibrium {self.where}"
            )
        if self.unbounded:
            return f"{self.of_breaks()}; {UNBOUNDED}"
        return self.of_breaks()

    def notes(self) -> list[str]:
        """Where interior branches end inside the interval."""
        found, lost = [], []
        for branch in self.interior:
            names = branch.model.cell_labels
            for point in branch.of_kind(Kind.EMPTIED):
                cells = ", ".join(names[cell] for cell in point.cells)
                at = self.path.value(point.parameter)
                found.append(
                    f"an interior equilibrium leaves through the boundary at {self.path.label} = "
                    f"{at:.7g}, where nobody is left in {cells}"
                )
            for end, row in ((branch.start, 0), (branch.end, -1)):
                if end in (End.FAILED, End.MAX_POINTS):
                    lost.append(self.path.value(branch.parameter[row]))
        if lost:
            ends = ", ".join(f"{value:.7g}" for value in sorted(lost)[:3])
            more = f" and {len(lost) - 3} others" if len(lost) > 3 else ""
            found.append(
                f"interior branches could not be followed beyond {self.path.label} = {ends}{more}"
            )
        return found


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
