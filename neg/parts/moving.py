"""What it costs people to live elsewhere than where they come from."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_range
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.core.labels import align
from neg.core.parameters import parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene


class MovingCosts(Part):
    """Moving costs ``k_m`` of every cell, in log utility: payoff ``V_m - k_m (1 - free_m)``.

    Build it from costs by origin and place with :func:`moving_costs`. ``free`` is the share of
    them that free movement removes, by where people come from, where they go and the sector in
    which they work: ``Lever("moving.free", "set", among=members, sectors=skilled)``.

    Source: Tombe and Zhu (2019), American Economic Review 109(5). Leaves out: return migration.
    """

    label: ClassVar[str] = "moving"
    lever: ClassVar[str] = "cost"
    source: ClassVar[str] = "Tombe and Zhu 2019"
    says: ClassVar[frozenset[str]] = frozenset({"moving costs"})

    cost: Float[Array, " cell"] = parameter(
        0.0, "loss of log utility from living there", axes=("cell",)
    )

    free: Float[Array, "origin place sector"] | None = parameter(
        None,
        "share of moving costs that free movement removes",
        neutral=0.0,
        low=0.0,
        high=1.0,
        axes=("origin", "place", "sector"),
    )

    def check(self, model: Model) -> None:
        """Free movement is between places that people come from and go to."""
        cells = getattr(model, "cells", None)
        if self.free is not None and (cells is None or cells.origin_share is None):
            raise InvalidParameterError(
                "free is not allowed where people have no origin; must be left out, or residents "
                "by origin be given"
            )

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus what is left of the cost."""
        return scene.x * 0.0 - self.cost * (1.0 - self._freed(scene))

    def _freed(self, scene: Scene) -> Any:
        if self.free is None:
            return 0.0
        cells = scene.model.cells
        sizes = {axis: len(names) for axis, names in scene.model.labels.items()}
        origin = np.asarray(cells.origin)[np.asarray(cells.member)]
        at = (np.maximum(origin, 0), np.asarray(cells.place), np.asarray(cells.sector))
        return jnp.where(origin >= 0, self.full("free", sizes)[at], 0.0)

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
