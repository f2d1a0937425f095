"""Messages along a chain: prices forward, payments backward by the derivative of each step.

Both passes are ``lax.scan`` over blocks, ``O(K N^2)`` in time, in logs.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

FAR = 1e6
"""Log price of what reaches a place from nowhere: no share of it is left in double precision."""


class Messages(NamedTuple):
    """What passes along a chain, block first; money as the buyer pays it unless named otherwise."""

    log_price: Float[Array, "block place"]
    paid: Float[Array, "block origin destination"]
    received: Float[Array, "block origin destination"]
    earned: Float[Array, "block place"]  # by own inputs
    access: Float[Array, "block place"]  # earned per unit of weight, in used and empty places
    demanded: Float[Array, "block place"]  # spending of each place on the block's good


class ChainBlocks(NamedTuple):
    """What a chain is made of, block first.

    ``own`` is the share of own inputs in the value that leaves each block, ``elasticity`` that of
    demand for it, ``log_cost`` the log unit cost of own inputs. ``log_link`` is the log factor on
    the price of what leaves a block, wedges included; infinite where nothing passes; the last link
    goes to the buyer. ``weight`` is the number of draws of each place, zero where nobody makes the
    block; ``wedge`` what buyers pay over what sellers get (tariffs and export taxes).
    """

    own: Float[Array, " block"]
    elasticity: Float[Array, " block"]
    log_cost: Float[Array, "block place"]
    log_link: Float[Array, "block origin destination"]
    weight: Float[Array, "block place"]
    wedge: Float[Array, "block origin destination"]


def passed(along: ChainBlocks, spending: Float[Array, " place"]) -> Messages:
    """Prices and payments of one chain.

    ``spending`` is money spent on the final good, by the place of the buyer.
    """
    own, elasticity, log_cost, log_link, weight, wedge = along
    start = jnp.zeros_like(spending)

    def forward(before: Array, block: tuple) -> tuple[Array, tuple[Array, Array]]:
        share, power, cost, link, draws = block
        price = _arriving(_unit(share, cost, before)[:, None] + link, _pairs(draws, link), power)
        return price, (before, price)

    blocks = (own, elasticity, log_cost, log_link, weight)
    _, (before, price) = jax.lax.scan(forward, start, blocks)

    def backward(demand: Array, block: tuple) -> tuple[Array, tuple]:
        (share, power, cost, link, draws), price_before, between = block
        unit, spread = jax.vjp(lambda c, p: _unit(share, c, p), cost, price_before)
        delivered, pairs = unit[:, None] + link, _pairs(draws, link)
        _, pull = jax.vjp(lambda d, a: _arriving(d, a, power), delivered, pairs)
        paid, marginal = pull(demand)
        received = paid / between
        earned, needed = spread(jnp.sum(received, axis=1))
        access = -share * power * jnp.sum(marginal / between, axis=1)
        return needed, (paid, received, earned, access, demand)

    _, found = jax.lax.scan(backward, spending, (blocks, before, wedge), reverse=True)
    return Messages(price, *found)


def _pairs(draws: Array, link: Array) -> Array:
    return jnp.broadcast_to(draws[:, None], link.shape)


def _unit(share: Array, log_cost: Array, before: Array) -> Array:
    """Log unit cost of what leaves a block; out of reach where what it needs does not arrive."""
    needs = (before >= 0.5 * FAR) & (share < 1.0)
    return jnp.where(needs, FAR, share * log_cost + (1.0 - share) * jnp.where(needs, 0.0, before))


def _arriving(log_delivered: Array, weight: Array, power: Array) -> Array:
    """Log price of the best of all draws; places that cannot be reached take no part."""
    open_link = jnp.isfinite(log_delivered) & (log_delivered < 0.5 * FAR)
    value = -power * jnp.where(open_link, log_delivered, 0.0)
    used = open_link & (weight > 0)
    top = jax.lax.stop_gradient(jnp.max(jnp.where(used, value, -jnp.inf), axis=0))
    top = jnp.where(jnp.isfinite(top), top, 0.0)
    total = jnp.sum(jnp.where(open_link, weight * jnp.exp(value - top), 0.0), axis=0)
    served = total > 0
    return jnp.where(served, -(top + jnp.log(jnp.where(served, total, 1.0))) / power, FAR)
