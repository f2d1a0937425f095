"""Following branches: one economy along one line, with the same steps and symmetries throughout."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.bifurcation.arclength import End, Steps, trace
from neg.bifurcation.branch import Branch, join
from neg.bifurcation.legs import branch_of
from neg.bifurcation.line import ParameterLine
from neg.bifurcation.reduction import Reduction, reduce
from neg.bifurcation.symmetry import Symmetry, cleared
from neg.core.compilation import quick_jit
from neg.core.status import STABILITY_TOLERANCE
from neg.economy.model import Model
from neg.solvers.replicator import average_payoff


@dataclasses.dataclass(frozen=True)
class Course:
    """An economy along a line, and how its branches are followed.

    Symmetries are taken from ``group``; ``max_points`` limits the points of a branch each way. All
    methods give None where Newton's method finds no equilibrium to begin with.
    """

    model: Model
    line: ParameterLine
    group: Symmetry
    steps: Steps = Steps()
    max_points: int = 400

    def from_state(self, x: np.ndarray, used: np.ndarray, at: float) -> Branch | None:
        """The branch :meth:`through` a state, again from beside it where the state is special.

        At a state with zero growth what happens there is hidden: a break point, and all beyond.
        """
        found = self.through(x, used, at)
        beside = None if found is None else _beside(found, at)
        if found is None or beside is None:
            return found
        again = self.through(found.x[beside], used, float(found.parameter[beside]))
        return found if again is None else again

    def through(self, x: np.ndarray, used: np.ndarray, at: float) -> Branch | None:
        """The branch through the equilibrium near ``x`` at a position, both ways."""
        here = self.line.at(self.model, jnp.asarray(at))
        share = x / np.asarray(here.groups.cell_mass)
        symmetry = self.group.isotropy(share, used + 0.0, tolerance=1e-6)
        reduction = reduce(here, symmetry, used)
        guess = state_vector(here, reduction, symmetry.average(x), at)
        return self.both_ways(reduction, symmetry, guess)

    def both_ways(self, reduction: Reduction, symmetry: Symmetry, guess: Any) -> Branch | None:
        """The branch through the equilibrium near ``guess`` at its position, both ways."""
        onward = np.zeros(guess.shape[0])
        onward[-1] = 1.0
        legs = []
        for way in (1.0, -1.0):
            leg = self.one_way(reduction, symmetry, guess, onward, way * onward)
            if leg is None:
                return None
            if leg.end == End.CLOSED:
                return leg
            legs.append(leg)
        return join(legs[1], legs[0])

    def one_way(
        self, reduction: Reduction, symmetry: Symmetry, guess: Any, row: Any, heading: Any
    ) -> Branch | None:
        """The branch through the equilibrium in the hyperplane ``row`` near ``guess``, one way."""
        guess, row, heading = (jnp.asarray(a, dtype=float) for a in (guess, row, heading))
        found = trace(
            self.model, self.line, reduction, guess, row, heading, self.steps, self.max_points
        )
        if int(found.count) == 0:
            return None
        return branch_of(self.model, self.line, reduction, symmetry, self.group, found)


def _beside(branch: Branch, position: float) -> int | None:
    """A point well away from one at this position where growth is zero; None without such a one."""
    told = np.abs(branch.growth) > STABILITY_TOLERANCE
    critical = np.flatnonzero(~told & (np.abs(branch.parameter - position) <= 1e-12))
    clear = np.flatnonzero(told)
    if not len(critical) or not len(clear):
        return None
    apart = np.abs(clear - critical[0])
    return int(clear[np.argmin(np.abs(apart - apart.max() // 2))])


def state_vector(
    model: Model, reduction: Reduction, x: Any, position: float
) -> Float[Array, " unknown"]:
    """Unknowns and position of a distribution, with the prices that clear its markets."""
    x = jnp.asarray(x, dtype=float)
    return _state_vector(model, reduction, x, jnp.asarray(position), *cleared(model, x))


@quick_jit
def _state_vector(
    model: Model, reduction: Reduction, x: Array, position: Array, p: Array, value: Array
) -> Array:
    mean = average_payoff(model.groups, x, jnp.where(x > 0, value, 0.0))
    return jnp.append(reduction.gather(x / model.groups.cell_mass, p, mean), position)
