"""Hours of work that answer real wages."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Hours(Part):
    """Labour supply of Greenwood, Hercowitz and Huffman: effort has a price in consumption.

        u = log(C - psi / (1 + psi) h^((1 + psi) / psi)),   h = (w R / P)^psi

    ``P`` is the consumer index. ``R`` is what a transfer in proportion to wages adds to each hour
    (spendable income over wages, to the power ``reach``): with ``reach`` zero people take
    transfers as given, whatever they do; with one an income-tax relief reaches hours in full.

    Source: Greenwood, Hercowitz and Huffman (1988), American Economic Review 78(3). Leaves out:
    effects of income on hours.
    """

    label: ClassVar[str] = "hours"
    lever: ClassVar[str] = "psi"
    source: ClassVar[str] = "Greenwood, Hercowitz and Huffman 1988"
    says: ClassVar[frozenset[str]] = frozenset({"hours"})

    psi: Float[Array, " place"] = parameter(
        0.5, "elasticity of hours to the real wage", low=0.0, axes=("place",)
    )
    reach: Float[Array, ""] = parameter(
        0.0, "share of a proportional transfer that hours answer", low=0.0, high=1.0
    )

    def _log_reward(self, scene: Scene) -> Float[Array, "place sector"]:
        """Log of what an hour buys, ``w R / P``."""
        return scene.prices["wage"] - scene.own(self, "index")[:, None]

    def _psi(self, scene: Scene) -> Float[Array, "place 1"]:
        return jnp.broadcast_to(self.psi, (scene.places,))[:, None]

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Log price of consumption, less what transfers add to an hour."""
        return {"index": jnp.zeros(scene.places)}

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Log hours of a worker."""
        return {"hours": self._psi(scene) * self._log_reward(scene)}

    def residual(self, scene: Scene) -> dict[str, Array]:
        """The index is that of the markets."""
        seen = scene.model.flows(scene.prices, scene.x)
        index = scene.model.household.log_expenditure(seen.log_index, seen.log_rent)
        some = seen.wages > 0
        gain = jnp.where(some, seen.disposable / jnp.where(some, seen.wages, 1.0), 1.0)
        return {"index": index - self.reach * jnp.log(gain) - scene.own(self, "index")}

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Log of utility over consumption: what effort takes away."""
        seen = scene.model.flows(scene.prices, scene.x)
        psi = self._psi(scene)
        log_effort = (1.0 + psi) * self._log_reward(scene)
        share = psi / (1.0 + psi) * jnp.exp(log_effort - scene.model.log_consumption(seen))
        return scene.model.cells.at_cells(jnp.log1p(-share))

    def hints(self, scene: Scene) -> dict[str, Array]:
        """The elasticity of labour supply."""
        return {"supply": jnp.broadcast_to(self.psi, (scene.places,))}

    @property
    def words(self) -> str:
        """The elasticity."""
        return "elasticity of hours to real wages"
