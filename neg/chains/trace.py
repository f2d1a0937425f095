"""One chain at given costs: who makes which block for whom, what is earned and shipped."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.chains.chain import Chain
from neg.chains.messages import FAR, ChainBlocks, Messages, passed
from neg.core.checks import check_range, check_shape, is_concrete
from neg.core.errors import InvalidDataError, InvalidShapeError


class Trace(eqx.Module):
    """A chain traced through places; money is per unit of spending of each buyer unless said.

    ``price`` ``[place]`` is the index of the final good; ``bought`` ``[origin, destination,
    block]`` the share of what a place buys of a block that each origin sells; ``value_added``
    ``[place, block, buyer]``; ``shipped`` ``[origin, destination, block, buyer]`` at buyers'
    prices; ``customs`` ``[place, buyer]`` tariffs collected. Value added and customs add up to one.
    """

    price: Float[Array, " place"]
    theta: Float[Array, ""]
    bought: Float[Array, "origin destination block"]
    value_added: Float[Array, "place block buyer"]
    shipped: Float[Array, "origin destination block buyer"]
    customs: Float[Array, "place buyer"]

    @property
    def reach(self) -> Float[Array, " place"]:
        """``Theta = price^-theta``: all draws that a buyer has, in units of the best."""
        return self.price**-self.theta

    @property
    def located(self) -> Float[Array, "place block buyer"]:
        """Probability that a block is made in a place for a buyer; adds up to one over places.

        Paths weigh what buyers spend on them (:meth:`path_share`), whatever is levied on the way.
        """
        return jnp.sum(self._taken, axis=1)

    @property
    def crossings(self) -> Float[Array, " buyer"]:
        """Borders crossed on the way to a buyer, one for each link between two places.

        The mean over paths, by what buyers spend on them.
        """
        return jnp.sum(self._taken * self._apart, axis=(0, 1, 2))

    @property
    def gross_trade(self) -> Float[Array, " buyer"]:
        """Value that crosses borders, every time that it does, per unit of spending."""
        return jnp.sum(self.shipped * self._apart, axis=(0, 1, 2))

    @property
    def _apart(self) -> Array:
        return 1.0 - jnp.eye(self.bought.shape[0])[:, :, None, None]

    @property
    def _taken(self) -> Float[Array, "origin destination block buyer"]:
        """Probability that the way to a buyer takes a link."""

        def back(there: Array, bought: Array) -> tuple[Array, Array]:
            taken = bought[:, :, None] * there
            return jnp.sum(taken, axis=1), taken

        last, blocks = jnp.eye(self.bought.shape[0]), jnp.moveaxis(self.bought, 2, 0)
        _, taken = jax.lax.scan(back, last, blocks, reverse=True)
        return jnp.moveaxis(taken, 0, 2)

    def path_share(self, paths: Any, buyer: int) -> Float[Array, " path"]:
        """Share of a buyer's spending that goes to each path, ``paths[path, block]`` of places."""
        paths = jnp.asarray(paths, dtype=int)
        if paths.ndim != 2 or paths.shape[1] != self.bought.shape[2]:
            raise InvalidShapeError(
                f"paths has shape {paths.shape}; must be (paths, {self.bought.shape[2]}), one "
                "place for each block"
            )
        ends = jnp.concatenate([paths[:, 1:], jnp.full((paths.shape[0], 1), buyer)], axis=1)
        block = jnp.arange(paths.shape[1])
        return jnp.prod(self.bought[paths, ends, block], axis=1)

    @property
    def domestic(self) -> Float[Array, " place"]:
        """Share of the chain that stays at home from the first block to the buyer."""
        return jnp.prod(jnp.diagonal(self.bought, axis1=0, axis2=1), axis=0)


def trace(
    chain: Chain,
    cost: Any,
    link: Any,
    productivity: Any = 1.0,
    *,
    tariff: Any = 0.0,
    suppliers: Any = 1.0,
) -> Trace:
    """Who makes which block for whom at given costs.

        P_j: messages of :class:`Chain`;   d log P_j / d log c = value added,
        d log P_j / d log link = shipments (without tariffs; with them each step back loses t)

    Args:
        chain: shares of value, elasticity, kind of draws.
        cost: ``[place, block]`` unit cost of own inputs; money.
        link: ``[origin, destination, block]`` iceberg and service-link factor on what leaves a
            block, the last to the buyer; infinite where nothing passes.
        productivity: ``[place, block]`` or a number; zero where a block cannot be made.
        tariff: ``[origin, destination, block]`` or a number (then abroad only); ad valorem.
        suppliers: ``[place, block]`` number of draws, outside the power of productivity.

    Raises :class:`InvalidShapeError`, :class:`InvalidParameterError` for what has another shape
    or range, and :class:`InvalidDataError` for a buyer whom no chain reaches.

    Source: Antras and de Gortari (2020), Econometrica 88(4) [S].

    >>> found = trace(Chain([1.0, 0.5]), [[1.0, 1.0], [1.0, 1.0]], jnp.full((2, 2, 2), 1.0))
    >>> found.path_share([[0, 1]], 0).round(12).tolist()
    [0.25]
    """
    cost = jnp.asarray(cost, dtype=float)
    if cost.ndim != 2 or cost.shape[1] != chain.blocks:
        raise InvalidShapeError(
            f"cost has shape {cost.shape}; must be (places, {chain.blocks}), one column a block"
        )
    places, blocks = cost.shape
    link = jnp.asarray(link, dtype=float)
    check_shape("link", link, (places, places, blocks))
    check_range("cost", cost, 0.0, low_open=True)
    if is_concrete(link) and not bool(np.all(np.asarray(link) > 0)):
        raise InvalidDataError("link holds a factor that is not positive; must be in (0, inf]")
    weight = {"productivity": productivity, "suppliers": suppliers}
    for name, value in weight.items():
        check_range(name, value, 0.0)
        if jnp.ndim(value):
            check_shape(name, value, (places, blocks))
    duty = jnp.asarray(tariff, dtype=float)
    check_range("tariff", duty, -1.0, low_open=True)
    if duty.ndim:
        check_shape("tariff", duty, (places, places, blocks))
    else:
        duty = duty * (1.0 - jnp.eye(places))[..., None]
    full = {name: jnp.broadcast_to(jnp.asarray(v, float), cost.shape) for name, v in weight.items()}
    duty = jnp.broadcast_to(duty, link.shape)
    found = _trace(chain, cost, link, full["productivity"], duty, full["suppliers"])
    if is_concrete(found.price):
        lost = np.flatnonzero(~np.isfinite(np.asarray(found.price)))
        if lost.size:
            raise InvalidDataError(
                f"no chain reaches buyer {int(lost[0])}; must have a link of finite cost from "
                "places that can make each block"
            )
    return found


@eqx.filter_jit
def _trace(
    chain: Chain, cost: Array, link: Array, productivity: Array, duty: Array, suppliers: Array
) -> Trace:
    active = productivity > 0
    power = jnp.where(active, productivity, 1.0) ** chain.weight
    weight = jnp.where(active, power * suppliers, 0.0)
    open_link = jnp.isfinite(link)
    log_link = jnp.log(jnp.where(open_link, link, 1.0)) + jnp.log1p(duty)
    log_link = jnp.where(open_link, log_link, jnp.inf)

    def to(spending: Array) -> Messages:
        along = ChainBlocks(
            chain.own,
            chain.elasticity,
            jnp.log(cost).T,
            jnp.moveaxis(log_link, 2, 0),
            weight.T,
            jnp.moveaxis(1.0 + duty, 2, 0),
        )
        return passed(along, spending)

    places = cost.shape[0]
    by_buyer = jax.vmap(to)(jnp.eye(places))
    final = by_buyer.log_price[0, -1]
    price = jnp.where(final < 0.5 * FAR, jnp.exp(jnp.minimum(final, 700.0)), jnp.inf)
    paid = jnp.moveaxis(by_buyer.paid, 0, 3)  # [block, origin, destination, buyer]
    total = jnp.sum(to(jnp.ones(places)).paid, axis=1, keepdims=True)
    bought = to(jnp.ones(places)).paid / jnp.where(total > 0, total, 1.0)
    customs = jnp.sum(paid * (duty / (1.0 + duty)).transpose(2, 0, 1)[..., None], axis=(0, 1))
    return Trace(
        price,
        chain.theta,
        jnp.moveaxis(bought, 0, 2),
        jnp.transpose(by_buyer.earned, (2, 1, 0)),
        jnp.transpose(paid, (1, 2, 0, 3)),
        customs,
    )
