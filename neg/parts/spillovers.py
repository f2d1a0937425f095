"""Productivity that rises with the density of people."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Spillovers(Part):
    """Log efficiency of every producer in a place: ``rho log(x_i / area_i)``.

    Source: Ciccone and Hall (1996), American Economic Review 86(1); Allen and Arkolakis (2014).
    Leaves out: spillovers between places and between sectors.
    """

    label: ClassVar[str] = "spillovers"
    lever: ClassVar[str] = "rho"
    source: ClassVar[str] = "Ciccone and Hall 1996"

    rho: Float[Array, ""] = parameter(0.05, "elasticity of efficiency to density")
    area: Float[Array, " place"] = parameter(
        1.0, "area of each place", low=0.0, low_open=True, axes=("place",)
    )

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Efficiency of each place."""
        log_density = log_mass(scene.mass) - jnp.log(self.area)
        value = jnp.where(self.rho == 0, 0.0, self.rho * log_density)
        return {"productivity": value[:, None]}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Density of each place."""
        return {"density": scene.mass / self.area}
