"""Messages along a chain by the number of its cuts: who buys chains with at most so many."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.chains.messages import FAR, ChainBlocks, Messages

_NONE = -1e30
"""Log of nothing: finite, so that sums of logs and their derivatives stay finite."""


class CutMessages(NamedTuple):
    """:class:`Messages` of all buyers together, and the price of the good by number of cuts."""

    messages: Messages
    log_price: Float[Array, "cut place"]


def passed_by_cuts(along: ChainBlocks, spending: Float[Array, "cut place"]) -> CutMessages:
    """Prices and payments of one chain whose buyers take chains with at most q cuts.

        f_n[q, k] = sum_i node_n[i] f_(n-1)[q - (i != k), i] link_n[i, k],   inner links
        Theta_j(q) = sum over paths to j with at most q cuts,   P_j(q) = Theta_j(q)^(-1 / e_K)

    A cut is a link between two different places; the way from the last block to the buyer is none.
    ``spending[q]`` is that of buyers with at most q cuts, q = 0 ... K - 1, at the last of which
    the chain is the whole one. Otherwise as :func:`neg.chains.messages.passed`.

    Polynomial messages with the state (cuts, place), ``O(K^2 N^2)``, in logs. They are exact where
    a draw is for the whole chain, ``e_n (1 - own_n) = e_(n-1)`` (draws ``chain``), and linear in
    weights: ``access`` of a place that makes nothing is what its first supplier would earn.
    """
    own, elasticity, log_cost, log_link, weight, wedge = along
    blocks, places = log_cost.shape
    home = jnp.eye(places, dtype=bool)
    gate = jnp.where(jnp.isfinite(log_link), -elasticity[:, None, None] * log_link, _NONE)
    node = -(elasticity * own)[:, None] * log_cost
    none = jnp.full((1, places), _NONE)
    start = jnp.concatenate([jnp.zeros((1, places)), jnp.full((blocks - 1, places), _NONE)])

    def arrives(before: Array, block: tuple[Array, ...]) -> tuple[Array, Array]:
        nodes, draws, ways = block
        there = nodes + before
        cut = jnp.concatenate([none, there[:-1]])
        value = jnp.where(home, there[:, :, None], cut[:, :, None]) + ways
        found = _log_sum(value, draws[:, None], 1)
        return found, before

    inner = (node[:-1], weight[:-1], gate[:-1])
    last, before = jax.lax.scan(arrives, start, inner)
    before = jnp.concatenate([before, last[None]])  # what arrives at each block
    sold = _log_sum((node[-1] + last)[:, :, None] + gate[-1], weight[-1][:, None], 1)
    upto = jnp.tril(jnp.ones((blocks, blocks)))[:, :, None]
    theta = _log_sum(jnp.broadcast_to(sold, (blocks, *sold.shape)), upto, 1)
    reached = theta > 0.5 * _NONE
    price = jnp.where(reached, -theta / elasticity[-1], FAR)

    # Backward: spending over draws, which is finite where nothing arrives.
    pull = _log_sum(
        jnp.broadcast_to(jnp.where(reached, -theta, _NONE)[:, None], (blocks, *theta.shape)),
        spending[:, None] * upto,
        0,
    )

    def paid_at(gain: Array, block: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
        share, nodes, draws, between, arrived = block
        earns = jnp.exp(nodes[:, None] + arrived[:, :, None] + gain)  # per draw
        received = draws[:, None] * jnp.sum(earns, axis=0)
        access = share * jnp.sum(earns, axis=(0, 2))
        kept = (1.0 - share) * draws
        some = kept > 0
        needs = jnp.where(some, jnp.log(jnp.where(some, kept, 1.0)) + nodes, _NONE)
        pull = needs + _log_sum(gain, jnp.ones(()), 2)
        paid = received * between
        earned = share * jnp.sum(received, axis=1)
        return pull, (paid, received, earned, access, jnp.sum(paid, axis=0))

    keeps = gate - jnp.log(wedge)
    pull, final = paid_at(
        keeps[-1] + pull[:, None], (own[-1], node[-1], weight[-1], wedge[-1], before[-1])
    )

    def back(pull: Array, block: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
        ways, *rest = block
        later = jnp.concatenate([pull[1:], none])
        gain = ways + jnp.where(home, pull[:, None], later[:, None])
        return paid_at(gain, tuple(rest))

    steps = (keeps[:-1], own[:-1], node[:-1], weight[:-1], wedge[:-1], before[:-1])
    _, found = jax.lax.scan(back, pull, steps, reverse=True)
    found = tuple(jnp.concatenate([a, b[None]]) for a, b in zip(found, final, strict=True))
    # Whatever the cuts, what arrives of a block is the best of the chains with each number.
    whole = _log_sum(before[1:], jnp.ones(()), 1)
    inner_price = jnp.where(whole > 0.5 * _NONE, -whole / elasticity[:-1, None], FAR)
    return CutMessages(Messages(jnp.concatenate([inner_price, price[-1:]]), *found), price)


def _log_sum(value: Array, weight: Array, axis: int) -> Array:
    """``log sum weight exp(value)`` along an axis; the log of nothing where there is nothing."""
    weight = jnp.broadcast_to(weight, value.shape)
    some = value > 0.5 * _NONE
    top = jnp.max(jnp.where(some & (weight > 0), value, _NONE), axis=axis, keepdims=True)
    top = jax.lax.stop_gradient(jnp.where(top > 0.5 * _NONE, top, 0.0))
    over = jnp.minimum(jnp.where(some, value - top, 0.0), 500.0)
    total = jnp.sum(jnp.where(some, weight * jnp.exp(over), 0.0), axis=axis)
    there = total > 0
    return jnp.where(there, jnp.log(jnp.where(there, total, 1.0)) + jnp.squeeze(top, axis), _NONE)
