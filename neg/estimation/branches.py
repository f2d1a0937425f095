"""Which of several equilibria a fit or a policy is on, and which others there are."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from neg.core.errors import InvalidDataError
from neg.core.status import Stability
from neg.estimation.result import Result
from neg.search.equilibria import equilibria
from neg.solvers.long_run import LongRun, equilibrium_at


@dataclasses.dataclass(frozen=True)
class Branch:
    """The branch of a result.

    ``kind`` is ``short run`` (people are given) or ``long run``; ``used`` the cells that are used;
    ``condition`` the reciprocal condition number: near zero the branch ends. ``others`` are the
    other long-run equilibria found at the same values, ``searched`` how completely (empty: not).
    """

    kind: str
    used: tuple[str, ...]
    stability: Stability
    growth: float
    condition: float
    others: tuple[Any, ...] = ()
    searched: str = ""

    @property
    def stable_others(self) -> int:
        """How many of the other equilibria are stable: history chooses among them."""
        return sum(other.stability is Stability.STABLE for other in self.others)


def branch(result: Result, *, search: bool = False, starts: int = 24) -> Branch:
    """Which branch a result is on, whether its equilibrium is stable, and whether others exist.

    A short-run result holds people where they are: whether they would stay is judged where they
    could move and the data are an equilibrium; otherwise its stability is not computed.
    ``search`` looks for all long-run equilibria (:func:`neg.search.equilibria.equilibria`).
    """
    solution = result.solution
    if solution is None:
        raise InvalidDataError("the result has no equilibrium: it was made from plain moments")
    model = result.economy
    here = solution
    long = isinstance(solution, LongRun)
    if not long and int(np.asarray(model.groups.size()).max()) > 1:
        here = equilibrium_at(
            model, solution.x, np.asarray(solution.x) > 0, prices=solution.prices, throw=False
        )
        moved = float(np.nanmax(np.abs(np.asarray(here.x) - np.asarray(solution.x))))
        if int(here.status) != 0 or not moved <= 1e-6 * float(np.max(np.asarray(solution.x))):
            here = solution
    stability = here.stability if isinstance(here, LongRun) else Stability.NOT_COMPUTED
    used = np.asarray(here.used) if isinstance(here, LongRun) else np.asarray(here.x) > 0
    found: tuple[Any, ...] = ()
    words = ""
    if search:
        every = equilibria(model, starts=starts)
        same = lambda one: np.allclose(one.x, here.x, atol=1e-6)
        found = tuple(one for one in every.points if not same(one))
        words = str(every.completeness)
    return Branch(
        "long run" if long else "short run",
        tuple(name for name, on in zip(model.cell_labels, used, strict=True) if on),
        stability,
        float(here.growth) if isinstance(here, LongRun) else float("nan"),
        float(solution.condition),
        found,
        words,
    )
