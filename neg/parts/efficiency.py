"""What a worker of each place is worth in efficiency units: growth that comes from outside."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Efficiency(Part):
    """Every worker of a place supplies ``level`` efficiency units of labour, in any sector.

        labour_is = level_i L_is,  pay of a worker = level_i w_is

    Wages are paid by the unit. Where land is fixed, growth of ``level`` is not neutral: farms run
    into falling returns and let labour go to industry.

    Source: exogenous growth of Fujita, Krugman and Venables (1999), The Spatial Economy, ch. 15.
    Leaves out: why efficiency grows (see :class:`neg.parts.Learning` for what is learnt).
    """

    label: ClassVar[str] = "efficiency"
    lever: ClassVar[str] = "level"
    source: ClassVar[str] = "Fujita, Krugman and Venables 1999, ch. 15"

    level: Float[Array, " place"] = parameter(
        1.0,
        "efficiency units of labour of a worker",
        low=0.0,
        low_open=True,
        axes=("place",),
    )

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Log efficiency units of a worker, as hours are."""
        return {"hours": jnp.broadcast_to(jnp.log(self.level), (scene.places,))[:, None]}

    @property
    def words(self) -> str:
        """What is given."""
        return "efficiency units of labour of a worker"
