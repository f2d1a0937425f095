"""Free entry where firms choose among tiers: what a unit of size earns."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.compilation import plain_jit


@plain_jit
def free_entry_profit(part: Any, places: int) -> Float[Array, " place"]:
    """Operating profit b per unit of size and value, over the cost bundle, at free entry.

    ``part.costs`` gives the costs of tiers, ``part.choice`` who is where at a profit, and
    ``part.entry`` what entry costs, which expected profit must pay. By halving, then two steps of
    Newton, whose derivative is that of the root.
    """
    costs, entry = part.costs(places), jnp.broadcast_to(part.entry, (places,))

    def expected(log_b: Array) -> tuple[Array, Array]:
        chosen = part.choice(jnp.exp(log_b), costs)
        return chosen.profit, jnp.sum(costs.left * chosen.sales[:, 1:], axis=1)

    def halve(_: Any, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = 0.5 * (low + high)
        enough = expected(middle)[0] > entry
        return jnp.where(enough, low, middle), jnp.where(enough, middle, high)

    ends = (jnp.full((places,), -40.0), jnp.full((places,), 40.0))
    start = jax.lax.fori_loop(0, 60, halve, jax.lax.stop_gradient(ends))
    log_b = jax.lax.stop_gradient(0.5 * (start[0] + start[1]))
    # At the root a step of Newton is zero and has the derivative of the root; the slope of
    # expected profit in log b is operating profit (envelope theorem).
    for _ in range(2):
        excess, slope = expected(log_b)
        log_b = log_b - (excess - entry) / slope
    return jnp.exp(log_b)
