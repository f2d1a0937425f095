"""What a Lever costs: stated assumptions that users replace."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from neg.core.checks import check_range
from neg.core.errors import InvalidParameterError
from neg.economy.lever import Lever
from neg.economy.model import Model
from neg.solvers.short_run import ShortRun, short_run

PRICES = {"trade costs": 2.0, "productivity": 3.0, "land": 4.0}
"""Assumed: what the first per cent costs, over one per cent of the yearly flow it works on."""
STEEP = 2.0
"""Assumed: one more unit at the end of the reach costs this much more than the first one."""
REACH = 0.05
"""Assumed: how far one programme reaches, as a share of costs, productivity or land."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Money that it takes to move an instrument away from where it starts.

        cost(v) = base d (1 + steep d / (2 reach)),    d = |v - start|

    ``base`` is the price of the first unit; at a distance ``reach`` one more unit costs
    ``1 + steep`` times as much: the cheap changes are made first. Of this the budget pays
    ``share``; the rest is paid by those who use the programme (cost sharing).

    >>> Cost(10.0, steep=2.0, reach=0.5, share=0.25).at(1.5, 1.0, 1.0, 2.0)
    (2.5, 7.5)
    """

    base: float
    steep: float = 0.0
    reach: float = 1.0
    share: float = 1.0

    def __post_init__(self) -> None:
        check_range("base", self.base, 0.0)
        check_range("steep", self.steep, 0.0)
        check_range("reach", self.reach, 0.0, low_open=True)
        check_range("share", self.share, 0.0, 1.0)

    def at(self, value: float, start: float, low: float, high: float) -> tuple[float, float]:
        """What the budget pays and its derivative; at the start that of the side inside the bounds.

        Where both sides are inside, the derivative at the start is that of moving up.
        """
        side = 1.0 if value > start else -1.0
        if value == start:
            side = -1.0 if start >= high else 1.0
        distance = abs(value - start)
        bend = self.steep / self.reach
        base = self.base * self.share
        total = base * distance * (1.0 + 0.5 * bend * distance)
        return total, side * base * (1.0 + bend * distance)


def cost_of(given: Cost | float) -> Cost:
    """A cost, or the price of every unit."""
    return given if isinstance(given, Cost) else Cost(float(given))


def usual_cost(
    economy: Model, lever: Lever, *, at: ShortRun | None = None, price: float | None = None
) -> Cost:
    """The assumed cost of a lever where nobody says another one, from the flows that it works on.

        base = price x yearly flow,   flow: trade (costs), output (productivity), rent (land)

    of the entries that the lever moves, at the equilibrium ``at`` (default: the short run of the
    economy), in the economy's money. One per cent less costs of delivery cost ``price`` times one
    per cent of the yearly trade; likewise for more productivity and land. Prices, the rise by
    :data:`STEEP` over the :data:`REACH` of five per cent are assumptions of this library
    (:data:`PRICES`), not estimates: they decide rankings, and are there to be replaced. Levers of
    which there is no such flow (hours, fees, parts) have no usual cost: raises
    :class:`InvalidParameterError`.
    """
    lever.check(economy)
    spec = economy.parameters().get(lever.path)
    axes = spec.axes if spec is not None else ()
    name = lever.path.rpartition(".")[2]
    kind = {"cost": "trade costs", "tau": "trade costs", "rate": "trade costs"}.get(name, name)
    moves = "plus" if name == "rate" else "times"
    out = (short_run(economy) if at is None else at).outcomes
    flows = {
        "trade costs": ("trade", ("origin", "destination", "sector")),
        "productivity": ("output", ("place", "sector")),
        "land": ("rent", ("place",)),
    }
    if kind not in flows or lever.operation != moves or flows[kind][0] not in out or not axes:
        raise InvalidParameterError(
            f"lever {lever!r} has no usual cost; its cost must be given (usual ones are of "
            "'times' on trade costs, productivity and land, and of 'plus' on rates)"
        )
    outcome, wanted = flows[kind]
    assert spec is not None
    flow: Any = np.asarray(out[outcome])
    mask = lever.mask(economy, spec)
    if kind == "land":
        flow = flow * np.asarray(economy.value("land"))
    if axes != wanted[: len(axes)] or mask.ndim > flow.ndim:
        raise InvalidParameterError(
            f"{lever.path} has the axes {list(axes)}; a usual cost needs {list(wanted)}"
        )
    flow = flow.sum(axis=tuple(range(mask.ndim, flow.ndim)))
    reach: float = REACH
    each: Any = 1.0
    if kind == "productivity":
        # The parameter shifts sales: it is productivity to the power of the trade elasticity.
        theta = np.broadcast_to(np.asarray(economy.value("theta")), mask.shape)
        each = 1.0 / theta
        reach = float((1.0 + REACH) ** np.max(theta[mask]) - 1.0)
    base = float(np.sum(np.where(mask, flow * each, 0.0)))
    return Cost((PRICES[kind] if price is None else price) * base, STEEP, reach)
