"""Local labour that grows dearer with the industry of a place."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Wages(Part):
    """Local labour: the more industry a place has, the dearer the labour that it hires there.

        log premium_i = omega log(1 + x_i / pool),   payoff - log premium_i

    ``pool`` is the labour that a place releases at its first wage; training and open labour
    markets widen it.

    Leaves out: what the local labour earns, and does with it.
    """

    label: ClassVar[str] = "wages"
    lever: ClassVar[str] = "pool"
    source: ClassVar[str] = "Upward-sloping labour supply to industry, as in Puga 1999"

    omega: Float[Array, ""] = parameter(0.1, "elasticity of local labour cost", low=0.0)
    pool: Float[Array, " place"] = parameter(
        1.0, "labour at hand in each place", low=0.0, low_open=True, axes=("place",)
    )

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the log premium."""
        return scene.at_cells(-self.omega * jnp.log1p(scene.mass / self.pool))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Premium over the first wage in each place."""
        return {"premium": (1.0 + scene.mass / self.pool) ** self.omega}
