"""Clearance at the borders of economies: hours and fees that each adds to all its trade."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.barriers.barrier import Barrier
from neg.core.parameters import parameter
from neg.economy.scene import Scene

_PLACE, _SECTOR = ("place",), ("sector",)


class Clearance(Barrier):
    """Every economy clears what leaves and what enters, at its own speed and for its own fee.

        1 + rate_od,s = exp(daily_s (export_hours_o + import_hours_d) / 24
                            + (export_usd_o + import_usd_d) / shipment_s)

    Unlike a layer by pair it says whose border it is: bringing one economy to the level of another
    sets its hours. Fees are burnt (brokers, documents). Zero, the default, is no layer; sales at
    home are not cleared.

    Source of the value of time: Hummels and Schaur (2013), American Economic Review 103(7).

    >>> from neg import compose, get_model
    >>> two = compose(get_model("core-periphery")(), [Clearance(import_hours=[24.0, 48.0])])
    >>> two.value("clearance.import_hours").tolist()
    [24.0, 48.0]
    """

    label: ClassVar[str] = "clearance"
    lever: ClassVar[str] = "import_hours"
    source: ClassVar[str] = "Hummels and Schaur 2013"

    export_hours: Float[Array, " place"] = parameter(
        0.0, "clearance of exports", low=0.0, axes=_PLACE, unit="hours"
    )
    import_hours: Float[Array, " place"] = parameter(
        0.0, "clearance of imports", low=0.0, axes=_PLACE, unit="hours"
    )
    export_usd: Float[Array, " place"] = parameter(
        0.0, "fees on the export of a shipment", low=0.0, axes=_PLACE, unit="USD"
    )
    import_usd: Float[Array, " place"] = parameter(
        0.0, "fees on the import of a shipment", low=0.0, axes=_PLACE, unit="USD"
    )
    shipment: Float[Array, " sector"] = parameter(
        30_000.0, "value of a shipment", low=0.0, low_open=True, axes=_SECTOR, unit="USD"
    )
    daily: Float[Array, " sector"] = parameter(
        0.01, "share of value that a day costs", low=0.0, axes=_SECTOR, unit="1/day"
    )

    def ad_valorem(self, scene: Scene) -> Any:
        """The rate by pair, and by sector where sectors differ."""
        hours = self._both(self.export_hours, self.import_hours, scene.places) / 24.0
        fees = self._both(self.export_usd, self.import_usd, scene.places)
        if jnp.ndim(self.shipment) or jnp.ndim(self.daily):
            by_sector = hours[..., None] * self.daily + fees[..., None] / self.shipment
            return jnp.expm1(by_sector[..., 0] if by_sector.shape[-1] == 1 else by_sector)
        return jnp.expm1(hours * self.daily + fees / self.shipment)

    @staticmethod
    def _both(leaving: Array, entering: Array, places: int) -> Array:
        out, into = (jnp.broadcast_to(side, (places,)) for side in (leaving, entering))
        return out[:, None] + into[None, :]

    @property
    def words(self) -> str:
        """What is fixed."""
        return "clearance at borders and the value of shipments and of time"
