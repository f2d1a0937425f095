"""Links that congest."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Traffic(Part):
    """Congested links: trips take longer where industry at their two ends is large.

        distance_ij (1 + slope (v_ij / capacity)^power),   v_ij = (x_i + x_j) / 2

    The volume-delay function of the US Bureau of Public Roads (1964), whose usual values are
    slope 0.15 and power 4. The cost of trade rises through distance, iceberg or additive.

    Leaves out: choice among routes, and volumes other than industry at the ends.
    """

    label: ClassVar[str] = "traffic"
    lever: ClassVar[str] = "capacity"
    source: ClassVar[str] = "Bureau of Public Roads 1964"

    slope: Float[Array, ""] = parameter(0.15, "delay at capacity, over the free trip", low=0.0)
    power: Float[Array, ""] = parameter(4.0, "how sharply delay sets in", low=1.0)
    capacity: Float[Array, ""] = parameter(
        0.5, "industry at the ends that a link carries", low=0.0, low_open=True
    )

    def log_delay(self, scene: Scene) -> Float[Array, "origin destination"]:
        """Log factor by which trips take longer."""
        mass = scene.mass
        load = log_mass((mass[:, None] + mass[None, :]) / 2.0) - jnp.log(self.capacity)
        return jnp.log1p(self.slope * jnp.exp(self.power * load))

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Trips take longer."""
        return {"delay": self.log_delay(scene)}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Factor by which trips take longer, for each pair."""
        return {"delay": jnp.exp(self.log_delay(scene))}
