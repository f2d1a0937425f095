"""Chains in the general economy: sectors that pass their goods from block to block."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.chains.chain import DRAWS, check_first, elasticities, powers
from neg.chains.cuts import passed_by_cuts
from neg.chains.messages import ChainBlocks, passed
from neg.core.checks import check_range, is_concrete
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.core.numbers import if_given
from neg.core.parameters import Parametric, altered, option, parameter
from neg.economy.general.market import Market
from neg.economy.general.technology import Technology


class Chains(Parametric):
    """Which sectors are blocks of chains, in order, and how much value each adds.

        Y_in = sum_j own_n beta_n pi_n(i | j) E_j (less wedges on the way)      goods market
        P_jK = kappa (draws of all paths to j)^(-1/theta)                       price of the good

    A block has its own labour, land and input shares like any sector: they make the unit cost of
    its own inputs, and its revenue is what these earn. Its goods go to the next block only, those
    of the last to everybody. Trade costs, tariffs and tastes of a sector are those of the link
    after it; ``alpha`` is scale in the block, outside the power of productivity. A chain of one
    block is the ordinary sector.

    Source: Antras and de Gortari (2020), Econometrica 88(4) [S].
    """

    blocks: tuple[tuple[int, ...], ...] = eqx.field(static=True, default=())
    own_share: Float[Array, " sector"] | None = parameter(
        None,
        "share of own inputs in the value that leaves a block of a chain",
        low=0.0,
        high=1.0,
        low_open=True,
        axes=("sector",),
    )
    draws: str = option("chain", "what one draw of productivity is for", DRAWS)

    def mask(self, sectors: int) -> Bool[np.ndarray, " sector"]:
        """Which sectors are blocks of a chain."""
        return np.isin(np.arange(sectors), [s for chain in self.blocks for s in chain])

    def inner(self, sectors: int) -> Bool[np.ndarray, " sector"]:
        """Which sectors are blocks that sell to the next block only."""
        return np.isin(np.arange(sectors), [s for chain in self.blocks for s in chain[:-1]])

    def own(self, where: np.ndarray) -> Float[Array, " block"]:
        """Shares of own inputs of some sectors."""
        share = if_given(self.own_share)
        return jnp.ones(len(where)) if share is None else share[where]

    def steepness(self, market: Market) -> Market:
        """The market with the elasticity of revenue to own cost for theta, in blocks of chains."""
        steep = self.on_links(market).theta
        for chain in self.blocks:
            where = np.asarray(chain)
            steep = steep.at[where].set(steep[where] * self.own(where))
        return altered(market, theta=steep) if self.blocks else market

    def on_links(self, market: Market) -> Market:
        """The market with the elasticity of demand on the links after blocks for theta."""
        theta = market.theta
        for chain in self.blocks:
            where = np.asarray(chain)
            theta = theta.at[where].set(elasticities(self.own(where), theta[where], self.draws))
        return altered(market, theta=theta) if self.blocks else market

    def power(self, sectors: int) -> Float[Array, " sector"]:
        """Power of productivity in the weight of a place; one in sectors that are no blocks."""
        found = jnp.ones(sectors)
        for chain in self.blocks:
            where = np.asarray(chain)
            found = found.at[where].set(powers(self.own(where), self.draws))
        return found


class Along(NamedTuple):
    """What chains add to the flows; zero, or as given, in sectors that are no blocks."""

    log_index: Float[Array, "destination sector use"]
    access: Float[Array, "place sector"]
    spending: Float[Array, "destination sector use"]
    shipped: Float[Array, "origin destination sector"]  # at buyers' prices
    tariffs: Float[Array, " place"]
    export_taxes: Float[Array, " place"]
    by_cuts: Float[Array, "place sector cut"] | None = None  # log price of last blocks


def log_weight(
    chains: Chains, technology: Technology, market: Market, efficiency: Any, log_cost: Array
) -> Float[Array, "place sector"]:
    """What turns log supply of an ordinary sector into the log weight of a block.

    The own cost counts with the elasticity of what the block sells; productivity has a power of
    its own: ``S = A^power (Y / (c Q))^alpha c^(-e own)``.
    """
    change = jnp.zeros(log_cost.shape)
    log_a = jnp.log(jnp.where(technology.active, technology.productivity, 1.0))
    cost = log_cost - (0.0 if efficiency is None else efficiency)
    steep = chains.steepness(market).theta
    for chain in chains.blocks:
        where = np.asarray(chain)
        power = powers(chains.own(where), chains.draws)
        less = (market.theta - steep)[where] * cost[:, where]
        change = change.at[:, where].set(less + (power - 1.0) * log_a[:, where])
    return change


def along(
    chains: Chains,
    technology: Technology,
    market: Market,
    efficiency: Any,
    log_cost: Float[Array, "place sector"],
    weight: Float[Array, "place sector"],
    spending: Float[Array, "destination sector use"],
    log_index: Float[Array, "destination sector use"],
    orders: Float[Array, "place sector cut"] | None = None,
) -> Along:
    """Follow every chain from its first block to its buyers.

    ``orders`` are what buyers who take chains with at most so many cuts spend on the last blocks,
    out of ``spending``; the others take any chain.
    """
    places, sectors = log_cost.shape
    access = jnp.zeros((places, sectors))
    shipped = jnp.zeros((places, places, sectors))
    own_cost = log_cost - (0.0 if efficiency is None else efficiency)
    taste = market.taste[..., 0]
    some = taste > 0
    theta = market.theta
    # Messages take own costs apart from the weights, in logs: here they are put together again.
    cost_power = chains.steepness(market).theta * own_cost
    weight = jnp.where(technology.active, weight * jnp.exp(cost_power), 0.0)
    link = jnp.log(market.tau) + jnp.log1p(market.tariff) + jnp.log1p(market.export_tax)
    by_cuts = None if orders is None else jnp.zeros(orders.shape)
    for chain in chains.blocks:
        where = np.asarray(chain)
        share = chains.own(where)
        power = elasticities(share, theta[where], chains.draws)
        liked = jnp.log(jnp.where(some, taste, 1.0))[..., where] / power
        cost = jnp.where(some[..., where], link[..., where] - liked, jnp.inf)
        last = where[-1]
        given = ChainBlocks(
            share,
            power,
            own_cost[:, where].T,
            jnp.moveaxis(cost, 2, 0),
            weight[:, where].T,
            jnp.moveaxis(market.wedge[..., where], 2, 0),
        )
        if orders is None or by_cuts is None:
            found = passed(given, spending[:, last, 0])
        else:
            modes = slice(len(where))
            asked = orders[:, last, modes]
            asked = asked.at[:, -1].add(spending[:, last, 0] - jnp.sum(orders[:, last], axis=1))
            found, prices = passed_by_cuts(given, asked.T)
            by_cuts = by_cuts.at[:, last, modes].set(prices.T)
        log_index = log_index.at[:, where, 0].set(found.log_price.T)
        access = access.at[:, where].set(found.access.T * jnp.exp(cost_power[:, where]))
        spending = spending.at[:, where, 0].set(found.demanded.T)
        shipped = shipped.at[..., where].set(jnp.moveaxis(found.paid, 0, 2))
    duty = shipped * market.tariff / (1.0 + market.tariff)
    port = shipped * market.export_tax / market.wedge
    return Along(
        log_index,
        access,
        spending,
        shipped,
        jnp.sum(duty, axis=(0, 2)),
        jnp.sum(port, axis=(1, 2)),
        by_cuts,
    )


def blocks_of(model: Any) -> tuple[tuple[int, ...], ...]:
    """Chains of any model: none, where it knows no chains."""
    return getattr(getattr(model, "chains", None), "blocks", ())


def check_chains(model: Any) -> None:
    """Raise a named error for blocks that are no chain, or that somebody else buys."""
    chains, names = model.chains, model.sectors
    if not chains.blocks:
        return
    every = [s for chain in chains.blocks for s in chain]
    if len(set(every)) < len(every):
        twice = next(names[s] for s in every if every.count(s) > 1)
        raise InvalidParameterError(f"{twice!r} is a block twice; must be in one chain, once")
    if model.market.taste.shape[3] > 1:
        raise InvalidDataError(
            f"there are {model.market.taste.shape[3]} classes of use beside chains; must be one"
        )
    if chains.own_share is None:
        raise InvalidParameterError("own_share is not given; must be, where there are chains")
    check_range("own_share", chains.own_share, 0.0, 1.0, low_open=True)
    for chain in chains.blocks:
        check_first(f"own_share of {names[chain[0]]!r}", chains.own_share[np.asarray(chain)])
        if any(model.technology.homogeneous[s] for s in chain):
            raise InvalidParameterError("a homogeneous sector is no block; must be outside chains")
        _check_theta(model.market.theta, chain, names)
    inner = chains.inner(len(names))
    bought = {
        "final_share": model.household.final_share.sum(axis=(0, 2)),
        "input_share": model.technology.input_share.sum(axis=(0, 2)),
    }
    for name, total in bought.items():
        if is_concrete(total) and (wrong := np.flatnonzero((np.asarray(total) != 0) & inner)).size:
            raise InvalidDataError(
                f"{name} of {names[wrong[0]]!r} is positive; must be zero: a block sells to the "
                "next block of its chain only"
            )
    stock = model.closure.stock_change
    blocks = chains.mask(len(names))
    if stock is not None and is_concrete(stock) and np.any(np.asarray(stock)[:, blocks] != 0):
        raise InvalidDataError("stock_change of a block of a chain is given; must be zero")


def _check_theta(theta: Array, chain: tuple[int, ...], names: tuple[str, ...]) -> None:
    if is_concrete(theta) and np.ptp(np.asarray(theta)[list(chain)]) > 0:
        raise InvalidParameterError(
            f"theta differs along the chain {[names[s] for s in chain]}; must be one number: the "
            "draws of a chain have one dispersion"
        )


def chain_blocks(given: Any, sectors: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    """Numbers of the sectors of every chain, from their names."""
    for chain in given:
        for name in chain:
            if name not in sectors:
                raise InvalidParameterError(
                    f"block {name!r} of a chain is no sector; must be among {list(sectors)}"
                )
    return tuple(tuple(sectors.index(name) for name in chain) for chain in given)
