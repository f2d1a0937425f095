"""Borders: a fee for each shipment, and the hours that clearance takes."""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from neg.barriers.layer import KINDS
from neg.barriers.pair import PAIR, PairLayer, with_sector
from neg.barriers.time import Time
from neg.core.checks import check_choice
from neg.core.parameters import parameter
from neg.economy.scene import Scene


class BorderFee(PairLayer):
    """Fees of all borders on the way over the value of a shipment.

        g = fee / worth

    Paid to brokers and for documents it is burnt; ``paid_to="destination"`` makes it an official
    fee, which is revenue.
    """

    label: ClassVar[str] = "border_fee"
    lever: ClassVar[str] = "fee"
    scale: ClassVar[str] = "fee"
    units: ClassVar[str] = "USD a shipment, over its value in USD"

    fee: Float[Array, "origin destination"] = parameter(
        0.0, "fees of a shipment", low=0.0, axes=PAIR, unit="USD"
    )
    worth: Float[Array, " sector"] = parameter(
        30_000.0, "value of a shipment", low=0.0, low_open=True, axes=("sector",), unit="USD"
    )
    paid_to: str = eqx.field(static=True, default="nobody")

    def __check_init__(self) -> None:
        check_choice("paid_to", self.paid_to, sorted(set(KINDS.values())))

    @property
    def kind(self) -> str:  # type: ignore[override]  # follows from who is paid
        """Resources, or a tariff or export tax where somebody gets the fee."""
        return next(kind for kind, payee in KINDS.items() if payee == self.paid_to)

    def log_rate(self, scene: Scene | None = None) -> Float[Array, "*axes"]:
        """Fee over value."""
        return with_sector(self.fee, 1.0 / self.worth)

    @property
    def words(self) -> str:
        """What is fixed."""
        return "border fees and the value of shipments"


class BorderTime(Time):
    """Hours of clearance at all borders on the way times the value of time.

    g = daily hours / 24
    """

    label: ClassVar[str] = "border_time"

    hours: Float[Array, "origin destination"] = parameter(
        0.0, "hours of clearance", low=0.0, axes=PAIR, unit="hours"
    )

    @property
    def words(self) -> str:
        """What is fixed."""
        return "hours of clearance and the value of time"
