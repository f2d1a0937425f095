"""Land or housing whose rent rises with the people of a place."""

from __future__ import annotations

from typing import ClassVar

from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Land(Part):
    """Land or housing: mobile people spend the share ``h`` on it, in fixed or elastic supply.

        r_i = farm_rent + x_i / supply,   payoff - h / (1 - h) log r_i

    Urban land is won from farms: none at farm rent, at most ``supply`` per place as rent rises
    without bound; farm rent zero is Helpman's fixed stock. Rents stay with the people of the
    place, so demand for goods does not change; the payoff is log utility over ``1 - h``.

    Leaves out: what the farms lose, and owners elsewhere.
    """

    label: ClassVar[str] = "land"
    says: ClassVar[frozenset[str]] = frozenset({"land"})
    lever: ClassVar[str] = "supply"
    source: ClassVar[str] = "Helpman 1998; Redding and Sturm 2008"

    h: Float[Array, ""] = parameter(
        0.1, "expenditure share of land", low=0.0, high=1.0, high_open=True
    )
    supply: Float[Array, " place"] = parameter(
        1.0, "land of each place, per unit of people", low=0.0, low_open=True, axes=("place",)
    )
    farm_rent: Float[Array, ""] = parameter(1.0, "rent at the edge of the city", low=0.0)

    def rent(self, scene: Scene) -> Float[Array, " place"]:
        """Rent of land in each place."""
        return self.farm_rent + scene.mass / self.supply

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the log cost of land."""
        return scene.at_cells(-self.h / (1.0 - self.h) * log_mass(self.rent(scene)))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Rent of land in each place."""
        return {"rent": self.rent(scene)}
