"""People who live in one place and work in another."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidDataError
from neg.core.logs import EMPTY_LOG
from neg.core.parameters import parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene

_NOWHERE = 10.0 * EMPTY_LOG
"""Log of income where no job is in reach: below all that empty land and a first comer gain."""


class Commuting(Part):
    """Residents choose a workplace by wage, cost of the way, and taste.

        pi_ni|s = B_ni (w_is / kappa_ni)^epsilon / sum_k B_nk (w_ks / kappa_nk)^epsilon
        L_is = sum_n pi_ni|s x_ns                                            workers
        earned in n: sum_i pi_ni|s w_is
        access: 1/epsilon log sum_i B_ni (w_is / kappa_ni)^epsilon

    ``x`` are residents; the value of jobs in reach takes the place of the wage in their payoff.
    ``matrix`` holds ``B_ni kappa_ni^-epsilon`` by ``[residence, workplace]``. Where a row is zero
    no job is in reach: nobody moves there, and nobody may be there at the start.

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
        axes=("residence", "workplace"),
    )

    def _pull(self, scene: Scene) -> Float[Array, "residence workplace sector"]:
        wage = scene.prices["wage"]
        ease = jnp.broadcast_to(self.matrix, (scene.places, scene.places))
        return ease[..., None] * jnp.exp(self.epsilon * wage)[None]

    def _shares(self, scene: Scene) -> tuple[Array, Array, Array]:
        """Shares of workplaces, what they are shares of, and whether any job is in reach."""
        pull = self._pull(scene)
        total = jnp.sum(pull, axis=1)
        reached = total > 0
        total = jnp.where(reached, total, 1.0)
        return pull / total[:, None], total, reached

    def check(self, model: Model) -> None:
        """Raise a named error where people live out of reach of any job."""
        people = model.initial_distribution()
        if not is_concrete((people, self.matrix)) or not self.matrix.ndim:
            return
        stuck = np.asarray(self.matrix).sum(axis=1)[model.cell_places] <= 0
        if np.any(stuck & (np.asarray(people) > 0)):
            place = model.place_names[model.cell_places[np.argmax(stuck)]]
            raise InvalidDataError(
                f"people live in {place!r}, whose row of commuting.matrix is zero: no job is in "
                "their reach; must be positive for some workplace"
            )

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Shares of workplaces among residents, and what jobs in reach are worth."""
        share, total, reached = self._shares(scene)
        return {
            "commute": share,
            "access": jnp.where(reached, jnp.log(total) / self.epsilon, _NOWHERE),
        }

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Commuters by residence and workplace."""
        share, _, _ = self._shares(scene)
        residents = scene.model.cells.by_sector(scene.x)
        return {"flow": jnp.einsum("nis,ns->ni", share, residents)}

    @property
    def words(self) -> str:
        """Ease and elasticity of commuting."""
        return "ease and elasticity of commuting"
