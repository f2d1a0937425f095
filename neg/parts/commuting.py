"""People who live in one place and work in another."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Commuting(Part):
    """Residents choose a workplace by wage, cost of the way, and taste.

        pi_ni|s = B_ni (w_is / kappa_ni)^epsilon / sum_k B_nk (w_ks / kappa_nk)^epsilon
        L_is = sum_n pi_ni|s x_ns                                            workers
        earned in n: sum_i pi_ni|s w_is
        access: 1/epsilon log sum_i B_ni (w_is / kappa_ni)^epsilon

    ``x`` are residents; the value of jobs in reach takes the place of the wage in their payoff.
    ``matrix`` holds ``B_ni kappa_ni^-epsilon`` by ``[origin, destination]`` (residence, workplace).

    Source: Monte, Redding and Rossi-Hansberg (2018), American Economic Review 108(12), eqs. 9-14.
    Leaves out: congestion on the way, and commuting costs that take working time.
    """

    label: ClassVar[str] = "commuting"
    lever: ClassVar[str] = "matrix"
    source: ClassVar[str] = "Monte, Redding and Rossi-Hansberg 2018"

    epsilon: Float[Array, ""] = parameter(
        3.3, "elasticity of commuting (shape of tastes)", low=0.0, low_open=True
    )
    matrix: Float[Array, "residence workplace"] = parameter(
        1.0,
        "ease of commuting: amenity over cost to the power epsilon",
        low=0.0,
        axes=("origin", "destination"),
    )

    def _pull(self, scene: Scene) -> Float[Array, "residence workplace sector"]:
        wage = scene.prices["wage"]
        ease = jnp.broadcast_to(self.matrix, (scene.places, scene.places))
        return ease[..., None] * jnp.exp(self.epsilon * wage)[None]

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Shares of workplaces among residents, and what jobs in reach are worth."""
        pull = self._pull(scene)
        total = jnp.sum(pull, axis=1)
        return {
            "commute": pull / total[:, None],
            "access": jnp.log(total) / self.epsilon,
        }

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Commuters by residence and workplace."""
        pull = self._pull(scene)
        residents = scene.model.cells.by_sector(scene.x)
        share = pull / jnp.sum(pull, axis=1, keepdims=True)
        return {"flow": jnp.einsum("nis,ns->ni", share, residents)}

    @property
    def words(self) -> str:
        """Ease and elasticity of commuting."""
        return "ease and elasticity of commuting"
