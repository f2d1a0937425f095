"""Followers learn from the industry that has come to them: efficiency as a stock in time."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.core.parameters import parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene

_LEAST = 1e-9


class Learning(Part):
    """Producers of each place learn from the sectors that teach there, towards a frontier.

        da_i / dt = (iota + lam h_i X_i) (1 - a_i) - g a_i,   X_i = sum_s teaches_s L_is / L_i
        log efficiency_is + gamma_s log a_i

    a is a share of the frontier, which moves away at the rate g; at rest
    ``a = q / (q + g)`` with ``q = iota + lam h X``. Efficiency of the homogeneous good stays.

    Source: Nelson and Phelps (1966), American Economic Review 56(1/2); Benhabib and Spiegel (2005),
    Handbook of Economic Growth 1A. Leaves out: what places learn from each other.
    """

    label: ClassVar[str] = "learning"
    lever: ClassVar[str] = "lam"
    source: ClassVar[str] = "Nelson and Phelps 1966; Benhabib and Spiegel 2005"

    lam: Float[Array, ""] = parameter(0.25, "learning from exposure", low=0.0, unit="1 / year")
    h: Float[Array, " place"] = parameter(
        1.0, "absorptive capacity: schooling, training", low=0.0, axes=("place",)
    )
    iota: Float[Array, ""] = parameter(
        0.01, "learning without exposure", low=0.0, low_open=True, unit="1 / year"
    )
    g: Float[Array, ""] = parameter(
        0.02, "growth of the frontier", low=0.0, low_open=True, unit="1 / year"
    )
    gamma: Float[Array, " sector"] = parameter(
        1.0, "elasticity of efficiency to what is learnt", low=0.0, axes=("sector",)
    )
    teaches: Float[Array, " sector"] = parameter(
        1.0, "exposure by a worker of each sector", low=0.0, axes=("sector",)
    )

    def check(self, model: Model) -> None:
        """A general economy, of which sectors are known."""
        if not hasattr(model, "technology"):
            raise InvalidParameterError(
                f"part 'learning' is not allowed on a {type(model).__name__}; must be on a "
                "general economy"
            )

    def exposure(self, scene: Scene) -> Float[Array, " place"]:
        """Workers of the sectors that teach over the people of each place."""
        workers = scene.model.cells.by_sector(scene.x)
        same = scene.model.technology.homogeneous_mask
        people = jnp.sum(workers, axis=1)
        taught = workers @ jnp.where(same, 0.0, jnp.broadcast_to(self.teaches, same.shape))
        return taught / jnp.where(people > 0, people, 1.0)

    def _rate(self, scene: Scene) -> Float[Array, " place"]:
        return self.iota + self.lam * self.h * self.exposure(scene)

    def stocks(self, scene: Scene) -> dict[str, Array]:
        """Log of what is learnt at rest."""
        rate = self._rate(scene)
        return {"level": jnp.log(jnp.maximum(rate / (rate + self.g), _LEAST))}

    def drift(self, scene: Scene) -> dict[str, Array]:
        """Growth rate of what is learnt."""
        rate = self._rate(scene)
        return {"level": rate * jnp.expm1(-scene.own(self, "level")) - self.g}

    def effects(self, scene: Scene) -> dict[str, Array]:
        """What has been learnt, as efficiency."""
        same = scene.model.technology.homogeneous_mask
        gamma = jnp.where(same, 0.0, jnp.broadcast_to(self.gamma, same.shape))
        return {"productivity": scene.own(self, "level")[:, None] * gamma}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """What is learnt, and from how much."""
        level = jnp.exp(scene.own(self, "level"))
        return {"level": level, "exposure": self.exposure(scene)}
