"""Free entry where firms choose among tiers: what a unit of size earns."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.compilation import plain_jit
from neg.menus.entry import paid_for


@plain_jit
def free_entry_profit(part: Any, places: int) -> Float[Array, " place"]:
    """Operating profit b per unit of size and value, over the cost bundle, at free entry.

    ``part.costs`` gives the costs of tiers, ``part.choice`` who is where at a profit, and
    ``part.entry`` what entry costs, which expected profit must pay.
    """
    costs, entry = part.costs(places), jnp.broadcast_to(part.entry, (places,))

    def expected(log_b: Array) -> tuple[Array, Array]:
        chosen = part.choice(jnp.exp(log_b), costs)
        return chosen.profit, jnp.sum(costs.left * chosen.sales[:, 1:], axis=1)

    return paid_for(expected, entry)
