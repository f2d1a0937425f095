"""Freight as money per shipment."""

from __future__ import annotations

from typing import ClassVar

from jaxtyping import Array, Float

from neg.barriers.pair import PAIR, PairLayer, with_sector
from neg.core.parameters import parameter
from neg.economy.scene import Scene

_SHIPMENT = 30_000.0


class Freight(PairLayer):
    """What carriage costs, by pair, over what a shipment is worth, by sector.

        g = money / worth,   worth = value per kg x kg per shipment

    A cost in money falls in importance as goods get dearer: ``worth`` is kept explicit.
    """

    label: ClassVar[str] = "freight"
    lever: ClassVar[str] = "money"
    scale: ClassVar[str] = "money"
    units: ClassVar[str] = "USD a shipment, over its value in USD"

    money: Float[Array, "origin destination"] = parameter(
        0.0, "carriage of a shipment", low=0.0, axes=PAIR, unit="USD"
    )
    worth: Float[Array, " sector"] = parameter(
        _SHIPMENT, "value of a shipment", low=0.0, low_open=True, axes=("sector",), unit="USD"
    )

    def log_rate(self, scene: Scene | None = None) -> Float[Array, "*axes"]:
        """Money over value."""
        return with_sector(self.money, 1.0 / self.worth)

    @property
    def words(self) -> str:
        """What is fixed."""
        return "carriage and value of shipments"
