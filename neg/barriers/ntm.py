"""Non-tariff measures."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.barriers.pair import WAYS, PairLayer
from neg.core.parameters import parameter
from neg.economy.scene import Scene


class NTM(PairLayer):
    """Standards, tests, licences: resources burnt to meet them.

        g = log(1 + size)

    No rate that could be cited by pair and sector was found: none by default, the user's data. A
    quota rent is not this: somebody gets it. Where agreements cut them, they stand in
    ``agreements.ntm`` instead.
    """

    label: ClassVar[str] = "ntm"
    lever: ClassVar[str] = "size"
    scale: ClassVar[str] = "size"

    size: Float[Array, "origin destination sector"] = parameter(
        0.0, "cost of meeting measures", low=0.0, axes=WAYS, unit="ad valorem"
    )

    def log_rate(self, scene: Scene | None = None) -> Float[Array, "*axes"]:
        """Log of one plus the rate."""
        return jnp.log1p(self.size)
