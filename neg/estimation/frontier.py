"""Trade-offs: the Pareto front of two aims, and the best packages at several budgets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neg.core.checks import check_range
from neg.core.compilation import own_settings
from neg.core.errors import InvalidParameterError
from neg.economy.model import Model
from neg.estimation.costs import Cost, cost_of
from neg.estimation.levers import Levers, in_hands
from neg.estimation.policy import Objective, maximise, value_at
from neg.estimation.result import Result

_OTHER = "the other aim"


def pareto(
    economy: Model | Sequence[Model],
    instruments: Levers,
    first: Objective,
    second: Objective,
    *,
    points: int = 5,
    **options: Any,
) -> tuple[Result, ...]:
    """Policies of which none is better in both aims than another, from best first to best second.

        maximise first   subject to second >= a level, for levels between both ends

    which finds fronts that bend inwards as well. The slope of the front, what one more of the
    second aim costs of the first, is the shadow price ``the other aim``. Each policy starts from
    the best one of the second aim, which meets every level. ``options`` are those of
    :func:`neg.estimation.policy.maximise`.
    """
    check_range("points", points, 2)
    if options.get("floors"):
        raise InvalidParameterError("floors are set by the front itself; must be left out")
    start = maximise(economy, instruments, first, **options)
    end = maximise(economy, instruments, second, **options)
    low, high = (float(value_at(result, second).min()) for result in (start, end))
    if not high > low + 1e-12:
        return (start,)
    found = [start]
    for share in np.linspace(0.0, 1.0, points)[1:-1]:
        level = low + float(share) * (high - low)
        floors = {_OTHER: (second, level)}
        found.append(maximise(economy, instruments, first, floors=floors, **options))
    return (*found, end)


@dataclasses.dataclass(frozen=True)
class Package:
    """The best mix of instruments at one budget, what each costs it, and what it gains.

    ``shared`` is what those who use a programme pay for it, where the budget pays a share only.
    """

    budget: float
    result: Result
    spending: dict[str, float]
    shared: dict[str, float]

    @property
    def gain(self) -> float:
        """Rise of the objective."""
        return self.result.gain


@own_settings
def packages(
    economy: Model | Sequence[Model],
    instruments: Levers,
    objective: Objective,
    budgets: Sequence[float],
    costs: Mapping[str, Cost | float],
    **options: Any,
) -> tuple[Package, ...]:
    """The best mix of instruments at each budget, smallest first, each from the one before.

    What instruments cost is the assumption that ``costs`` states. The shadow price ``budget`` of
    each is what one more unit of money adds to the objective.
    """
    found: list[Package] = []
    first = economy if isinstance(economy, Model) else list(economy)[0]
    point = in_hands(first, instruments, inside=False)
    for budget in sorted(float(b) for b in budgets):
        check_range("budgets", budget, 0.0, low_open=True)
        result = maximise(economy, instruments, objective, budget=budget, costs=costs, **options)
        spent, shared = {}, {}
        ends = zip(point.names, point.start, point.low, point.high, strict=True)
        for name, start, low, high in ends:
            cost = cost_of(costs[name])
            rest = dataclasses.replace(cost, share=1.0 - cost.share)
            spent[name], shared[name] = (
                one.at(result.values[name], start, low, high)[0] for one in (cost, rest)
            )
        found.append(Package(budget, result, spent, shared))
    return tuple(found)
