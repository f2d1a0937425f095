"""Who buys what from whom, and what goods are made of: what rules of origin ask an economy."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.economy.general.connected import Tied
from neg.economy.general.outcomes import trade
from neg.economy.model import Prices


class Inputs(NamedTuple):
    """What goods are made of: where buyers get each good from, and what industries use.

    ``bought[m, i, k, u]`` is the value before import duty of what place i buys of good k from m
    in class of use u, over what it pays for k; ``used[i, k, s]`` what industry s of i pays for k,
    over its output. Their product over k and u(s) is the input share ``a[m, k, i, s]``.
    """

    bought: Float[Array, "origin place input use"]
    used: Float[Array, "place input sector"]
    use: tuple[int, ...]

    def foreign(self, weight: Float[Array, "member input use"], member: int) -> Array:
        """Value over output of inputs of this weight, by sector of a member."""
        return jnp.sum(self.used[member] * weight[:, np.asarray(self.use)], axis=0)


class Buys(Tied):
    """What a general economy reports of purchases, to parts that go by them."""

    def inputs(self, prices: Prices, x: Float[Array, " cell"]) -> Inputs:
        """Input shares at these prices, from the economy's own trade shares.

        Duties that are paid on inputs are not in the value of what is not originating: they count
        as content (build-down). So does a homogeneous good, which has no origin.

        A block of a chain uses what comes from the block before it: the share ``1 - own_share`` of
        its output, in the mix of origins in which it is shipped; its other inputs are shares of
        what is left.
        """
        return inputs(self, prices, x)

    def paid(self, prices: Prices, x: Float[Array, " cell"]) -> Array:
        """What buyers pay, ``[origin, destination, sector]``."""
        return paid(self, prices, x)


def inputs(model: Any, prices: Prices, x: Array) -> Inputs:
    """Input shares of a general economy at these prices."""
    seen, market = model.flows(prices, x), model.market
    served = jnp.exp(market.theta[:, None] * seen.log_index)  # over what reaches the buyer
    share = seen.supply[:, None, :, None] * market.freeness() * served[None]
    used, chains = model.technology.input_share, model.chains
    if chains.blocks:
        spent = seen.spending[None]  # one class of use
        shipped = seen.shipped[..., None] / jnp.where(spent > 0, spent, 1.0)
        blocks = chains.mask(len(model.sectors))
        share = jnp.where(blocks[:, None], jnp.where(spent > 0, shipped, 0.0), share)
        used = used * jnp.where(blocks, chains.own(np.arange(len(blocks))), 1.0)
        for chain in chains.blocks:
            for before, after in itertools.pairwise(chain):
                used = used.at[:, before, after].set(1.0 - chains.own_share[after])
    bought = share / (1.0 + market.tariff)[..., None]
    return Inputs(bought, used, model.technology.industry_use)


def paid(model: Any, prices: Prices, x: Array) -> Float[Array, "origin destination sector"]:
    """What buyers of a general economy pay at these prices."""
    return jnp.sum(trade(model.market, model.flows(prices, x)), axis=3)
