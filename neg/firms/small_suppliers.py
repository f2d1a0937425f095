"""Shares of small firms where firms choose among tiers."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.menus import Choice, Productivity


class SmallSuppliers(NamedTuple):
    """Shares of firms with at most so many workers in all that are active, by place and sector."""

    enterprises: Float[Array, "place sector"]
    jobs: Float[Array, "place sector"]
    value_added: Float[Array, "place sector"]


def small_suppliers(
    chosen: Choice,
    size: Productivity,
    cost: Float[Array, "place tier"],
    hired: Float[Array, "place sector"],
    sigma: Float[Array, " sector"],
    limit: Any,
) -> SmallSuppliers:
    """Shares of firms with at most ``limit`` workers.

        workers(x, t) = hired ((sigma - 1) b worth_t x + f_t),   small: x at most
        x_t = (limit / hired - f_t) / ((sigma - 1) b worth_t)

    Args:
        chosen: who is in which tier, the first mode out; its sales are ``b worth_t x`` per firm.
        size: the distribution of x.
        cost: flow cost f of each tier, in cost bundles.
        hired: workers of a unit of the cost bundle.
        sigma: elasticity of substitution of each sector.
        limit: workers of the largest small firm.
    """
    low, high = chosen.low[:, None, 1:], chosen.high[:, None, 1:]
    scale, firms = chosen.scale[:, None, 1:], chosen.firms[:, None, 1:]
    some = scale > 0
    slope = jnp.where(some, chosen.sales[:, None, 1:] / jnp.where(some, scale, 1.0), 1.0)
    steep, cost = (sigma - 1.0)[:, None] * slope, cost[:, None]
    workers = hired[..., None]
    room = limit / jnp.where(workers > 0, workers, 1.0) - cost
    largest = jnp.clip(room / jnp.where(steep > 0, steep, 1.0), low, high)
    few, volume = (jnp.where(some, size.between(p, low, largest), 0.0) for p in (0.0, 1.0))

    def share(small: Array, whole: Array) -> Array:
        total = jnp.sum(whole, axis=-1)
        return jnp.sum(small, axis=-1) / jnp.where(total > 0, total, 1.0)

    everywhere = jnp.broadcast_to(firms, few.shape)
    return SmallSuppliers(
        share(few, everywhere),
        share(steep * volume + cost * few, steep * scale + cost * everywhere),
        share(slope * volume, jnp.broadcast_to(slope * scale, volume.shape)),
    )
