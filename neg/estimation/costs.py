"""What a Lever costs: a stated assumption that users replace."""

from __future__ import annotations

import dataclasses

from neg.core.checks import check_range


@dataclasses.dataclass(frozen=True)
class Cost:
    """Money that it takes to move an instrument away from where it starts.

        cost(v) = base d (1 + steep d / (2 reach)),    d = |v - start|

    ``base`` is the price of the first unit; at a distance ``reach`` one more unit costs
    ``1 + steep`` times as much: the cheap changes are made first.
    """

    base: float
    steep: float = 0.0
    reach: float = 1.0

    def __post_init__(self) -> None:
        check_range("base", self.base, 0.0)
        check_range("steep", self.steep, 0.0)
        check_range("reach", self.reach, 0.0, low_open=True)

    def at(self, value: float, start: float, low: float, high: float) -> tuple[float, float]:
        """Cost and its derivative; at the start that of the side inside the bounds (else up)."""
        side = 1.0 if value > start else -1.0
        if value == start:
            side = -1.0 if start >= high else 1.0
        distance = abs(value - start)
        bend = self.steep / self.reach
        total = self.base * distance * (1.0 + 0.5 * bend * distance)
        return total, side * self.base * (1.0 + bend * distance)


def cost_of(given: Cost | float) -> Cost:
    """A cost, or the price of every unit."""
    return given if isinstance(given, Cost) else Cost(float(given))
