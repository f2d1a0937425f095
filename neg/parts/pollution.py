"""Emissions that hurt where they are made and elsewhere."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.core.logs import log_mass
from neg.core.parameters import parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene


class Pollution(Part):
    """Emissions of industry that hurt where they are made and, with distance, elsewhere.

        c_i = (1 - abatement) sum_j reach^distance_ij x_j
        payoff - damage c_i - cost abatement^2 / 2

    Leaves out: dynamics of the stock, and output lost to abatement other than its cost.
    """

    label: ClassVar[str] = "pollution"
    lever: ClassVar[str] = "abatement"
    source: ClassVar[str] = (
        "Lange and Quaas 2007, B.E. Journal of Economic Analysis and Policy 7(1)"
    )

    damage: Float[Array, ""] = parameter(0.1, "loss per unit of concentration", low=0.0)
    abatement: Float[Array, ""] = parameter(0.0, "share of emissions avoided", low=0.0, high=1.0)
    cost: Float[Array, ""] = parameter(0.0, "cost of avoiding emissions", low=0.0)
    reach: Float[Array, ""] = parameter(
        0.0, "share of emissions that arrives one step away", low=0.0, high=1.0
    )

    def check(self, model: Model) -> None:
        """Emissions that reach other places need distances."""
        if getattr(model, "geography", None) is None and bool(jnp.any(self.reach > 0)):
            raise InvalidParameterError(
                f"pollution.reach = {float(self.reach):g} is not allowed: "
                f"{type(model).__name__} has no distances between places; must be 0"
            )

    def concentration(self, scene: Scene) -> Float[Array, " place"]:
        """Concentration in each place."""
        emissions = (1.0 - self.abatement) * scene.mass
        if scene.distance is None:
            return emissions
        decay = jnp.exp(scene.distance * log_mass(self.reach))
        return emissions @ jnp.where(scene.distance == 0, 1.0, decay)

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the damage and the cost of abatement."""
        loss = self.damage * self.concentration(scene) + self.cost * self.abatement**2 / 2.0
        return scene.at_cells(-loss)

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Concentration in each place."""
        return {"concentration": self.concentration(scene)}
