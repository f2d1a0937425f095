"""Whatever else density spoils."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Density(Part):
    """Everything else that density spoils: ``payoff - delta log((residents + x_i) / area)``.

    Leaves out: what it is that crowds; an area that is the same everywhere moves no location.
    """

    label: ClassVar[str] = "density"
    lever: ClassVar[str] = "area"
    source: ClassVar[str] = "Allen and Arkolakis 2014, with beta < 0"

    delta: Float[Array, ""] = parameter(0.1, "elasticity of the loss to density", low=0.0)
    residents: Float[Array, " place"] = parameter(
        0.5, "people who stay, in each place", low=0.0, axes=("place",)
    )
    area: Float[Array, " place"] = parameter(
        1.0, "area of each place", low=0.0, low_open=True, axes=("place",)
    )

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the loss."""
        log_density = log_mass(self.residents + scene.mass) - jnp.log(self.area)
        return scene.at_cells(-self.delta * log_density)

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Density of each place."""
        return {"density": (self.residents + scene.mass) / self.area}
