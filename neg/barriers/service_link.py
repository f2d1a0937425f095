"""Service links: what it costs to tie the stages of a chain together across borders."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.barriers.pair import PairLayer, with_sector
from neg.core.parameters import parameter
from neg.economy.scene import Scene


class ServiceLink(PairLayer):
    """Every crossing of a chain of K stages pays for coordination: K - 1 of them.

        1 + rate = (1 + link + fixed / worth)^(crossings)

    An assumption of the chain model, not a measured layer.
    """

    label: ClassVar[str] = "service_link"
    lever: ClassVar[str] = "link"
    units: ClassVar[str] = "ad valorem and USD a shipment, for each crossing"

    link: Float[Array, "origin destination"] = parameter(
        0.0,
        "coordination of one crossing",
        low=0.0,
        axes=("origin", "destination"),
        unit="ad valorem",
    )
    fixed: Float[Array, ""] = parameter(0.0, "fixed cost of a shipment", low=0.0, unit="USD")
    worth: Float[Array, ""] = parameter(
        30_000.0, "value of a shipment", low=0.0, low_open=True, unit="USD"
    )
    crossings: Float[Array, " sector"] = parameter(
        1.0, "borders that a chain crosses, K - 1", low=0.0, axes=("sector",)
    )

    def log_rate(self, scene: Scene | None = None) -> Float[Array, "*axes"]:
        """Crossings times the log of what one costs."""
        return with_sector(jnp.log1p(self.link + self.fixed / self.worth), self.crossings)
