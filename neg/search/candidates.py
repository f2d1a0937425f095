"""Candidates of a search for all equilibria: kept apart, mirrored, and put to the test.

Two candidates are the same if they use the same cells and the logs of their shares agree. A share
of 1e-12 beside an empty cell is no repetition: where the first entrant gains without bound, the
one is an equilibrium and the other is not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.bifurcation.symmetry import symmetries
from neg.core.compilation import quick_jit
from neg.core.status import Status
from neg.economy.model import Model
from neg.search.faces import cleared
from neg.solvers.long_run import LongRun, equilibrium_at
from neg.solvers.stability import index_of
from neg.solvers.system import flat_prices, market

SAME = 1e-6
"""Equilibria of one set of used cells whose log shares differ by less than this are one."""
SMALLEST_LOG_SHARE = -690.0
"""Log of the smallest share that is searched for: 1e-300, about the smallest double number."""
_SAME_DEGENERATE = 1e-2
"""Where the growth rate is zero a residual of 1e-13 leaves shares uncertain by up to this."""
_ZERO_GAIN = 1e-9
"""An empty cell that pays this much more or less than the used ones may as well be used."""


class Checked(NamedTuple):
    """Equilibria with their indices; what became of the other candidates.

    ``late`` counts equilibria that only the starts found, within reach of the certificate;
    ``unconfirmed`` candidates that could not be solved to 1e-10.
    """

    points: list[LongRun]
    indices: list[int | None]
    late: int
    unconfirmed: int


class Candidates:
    """Distributions at which the used cells of each group pay the same, without repetition."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.mass = np.asarray(model.groups.cell_mass)
        self.items: list[tuple[np.ndarray, np.ndarray]] = []
        self._by_support: dict[bytes, list[np.ndarray]] = {}

    def add(self, x: np.ndarray, used: np.ndarray) -> bool:
        """Whether the candidate is new."""
        x, used = np.asarray(x, dtype=float), np.asarray(used, dtype=bool)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.log(x[used] / self.mass[used])
        if not (share > SMALLEST_LOG_SHARE).all():
            return False
        known = self._by_support.setdefault(used.tobytes(), [])
        if any(np.abs(share - other).max() < SAME for other in known):
            return False
        known.append(share)
        self.items.append((x, used))
        return True

    def add_images(self) -> None:
        """Add what the symmetries of the model make of the candidates."""
        group = symmetries(self.model)
        for x, used in list(self.items):
            for image in group.elements:
                self.add(x[image], used[image])

    def checked(
        self, certified: int | None, reach: float, refuted: frozenset[int] = frozenset()
    ) -> Checked:
        """The candidates that are equilibria, each solved to 1e-10 and held to complementarity.

        Those after the first ``certified`` were found by starts alone; shares below ``reach`` lie
        beyond the certificate. Those ``refuted`` need no solving.
        """
        points: list[LongRun] = []
        late = unconfirmed = 0
        # Fewest used cells first: a share of zero is the better name for one that may be zero.
        order = sorted(range(len(self.items)), key=lambda k: int(self.items[k][1].sum()))
        for number in order:
            x, used = self.items[number]
            point = equilibrium_at(self.model, x, used, throw=False)
            if int(point.status) not in (Status.CONVERGED, Status.NOT_EQUILIBRIUM):
                # Near autarky the damped steps of a solve crawl; those of the search do not.
                prices = _prices(self.model, jnp.asarray(x))
                point = equilibrium_at(self.model, x, used, prices=prices, throw=False)
            status = int(point.status)
            failed = status not in (Status.CONVERGED, Status.NOT_EQUILIBRIUM)
            unconfirmed += failed and number not in refuted
            if status != Status.CONVERGED or any(self._same(point, other) for other in points):
                continue
            points.append(point)
            seen = certified is not None and number >= certified and point.stable is not None
            late += seen and bool((x[used] > reach * self.mass[used]).all())
        points.sort(key=self._order)
        return Checked(points, [index_of(point) for point in points], late, unconfirmed)

    def _same(self, point: LongRun, other: LongRun) -> bool:
        """Whether an equilibrium repeats another one, of as many used cells or fewer."""
        x, y = np.asarray(point.x) / self.mass, np.asarray(other.x) / self.mass
        used, fewer = np.asarray(point.used), np.asarray(other.used)
        if (used == fewer).all():
            degenerate = point.stable is None and other.stable is None
            apart = np.abs(np.log(x[used]) - np.log(y[used])).max()
            return bool(apart < (_SAME_DEGENERATE if degenerate else SAME))
        if (fewer & ~used).any() or np.abs(x - y).max() >= SAME:
            return False
        # The further cells pay what the others do even when they are empty: any tiny share passes.
        index = np.asarray(self.model.groups.index)
        gain = np.asarray(other.payoff) - np.asarray(other.value)[index]
        return bool((np.abs(gain[used & ~fewer]) <= _ZERO_GAIN).all())

    def _order(self, point: LongRun) -> tuple:
        share = np.asarray(point.x) / self.mass
        return (round(float((share**2).sum()), 6), *(-np.round(share, 6)).tolist())


@quick_jit
def _prices(model: Model, x: Array) -> Any:
    """Prices that clear markets at ``x``, by the same steps as in the search."""
    start, unravel = flat_prices(model, x)
    return unravel(cleared(lambda p: market(model, p, x), start))
