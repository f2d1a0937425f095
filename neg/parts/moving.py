"""What it costs people to live elsewhere than where they come from."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_range
from neg.core.errors import InvalidDataError
from neg.core.labels import align
from neg.core.parameters import parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene


class MovingCosts(Part):
    """Moving costs ``k_m`` of every cell, in log utility: payoff ``V_m - k_m``.

    Build it from costs by origin and place with :func:`moving_costs`.

    Source: Tombe and Zhu (2019), American Economic Review 109(5). Leaves out: return migration.
    """

    label: ClassVar[str] = "moving"
    lever: ClassVar[str] = "cost"
    source: ClassVar[str] = "Tombe and Zhu 2019"
    says: ClassVar[frozenset[str]] = frozenset({"moving costs"})

    cost: Float[Array, " cell"] = parameter(
        0.0, "loss of log utility from living there", axes=("cell",)
    )

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the cost."""
        return scene.x * 0.0 - self.cost

    @property
    def words(self) -> str:
        """Moving costs."""
        return "moving costs"


def moving_costs(economy: Model, cost: Any) -> MovingCosts:
    """Moving costs of an economy whose groups have an origin.

    ``cost`` is by ``[origin, place]`` or ``[origin, place, sector]``, or a number that is paid
    everywhere but at home. Raises :class:`InvalidDataError` where groups have no origin.
    """
    cells = getattr(economy, "cells", None)
    if cells is None or cells.origin_share is None:
        raise InvalidDataError("moving costs are by origin; residents by origin must be given too")
    places, sectors = economy.labels["place"], economy.labels["sector"]
    axes = {"origin": places, "place": places, "sector": sectors}
    if np.ndim(cost) == 0 and not hasattr(cost, "keys"):
        check_range("cost", cost)
        cost = float(cost) * (1.0 - np.eye(len(places)))
    full = np.broadcast_to(
        align("moving costs", cost, axes), (len(places), len(places), len(sectors))
    )
    origin = np.asarray(cells.origin)[np.asarray(cells.member)]
    paid = full[np.maximum(origin, 0), np.asarray(cells.place), np.asarray(cells.sector)]
    return MovingCosts(jnp.where(origin >= 0, paid, 0.0))
