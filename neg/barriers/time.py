"""Time in transit, at what a day is worth."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.barriers.pair import PAIR, PairLayer, with_sector
from neg.core.parameters import parameter
from neg.economy.scene import Scene

DAILY = {
    "primary": 0.006,
    "materials": 0.006,
    "light": 0.010,
    "machinery": 0.021,
    "services": 0.0,
}
"""Value of a day by kind of good, over the value of the good: an assumption within the range of
0.6 to 2.1 per cent that Hummels and Schaur (2013) find, highest for parts."""


class Time(PairLayer):
    """Door-to-door hours by pair times the value of time by sector.

        g = daily hours / 24

    ``daily`` is a share of value a day: 0.006 to 0.021 (:data:`DAILY`).

    Source: Hummels and Schaur (2013), American Economic Review 103(7).
    """

    label: ClassVar[str] = "time"
    lever: ClassVar[str] = "hours"
    scale: ClassVar[str] = "hours"
    source: ClassVar[str] = "Hummels and Schaur 2013"
    units: ClassVar[str] = "hours, at a share of value a day"

    hours: Float[Array, "origin destination"] = parameter(
        0.0, "hours from door to door", low=0.0, axes=PAIR, unit="hours"
    )
    daily: Float[Array, " sector"] = parameter(
        0.01, "share of value that a day costs", low=0.0, axes=("sector",), unit="1/day"
    )

    def log_rate(self, scene: Scene | None = None) -> Float[Array, "*axes"]:
        """Days times what one costs."""
        return with_sector(self.hours / 24.0, self.daily)

    def transit(self, scene: Scene) -> Float[Array, "origin destination"]:
        """Hours under way."""
        return jnp.broadcast_to(self.hours, (scene.places, scene.places))

    @property
    def words(self) -> str:
        """What is fixed."""
        return "hours in transit and the value of time"
