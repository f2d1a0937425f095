"""What is produced, earned, bought and sold in the general economy at given prices."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from neg.core.logs import EMPTY_LOG
from neg.core.numbers import if_given
from neg.economy.general.bent import Bent
from neg.economy.general.chained import along, log_weight
from neg.economy.general.closure import Closure
from neg.economy.general.connected import commuters, links, pooled, same_block
from neg.economy.general.household import Household
from neg.economy.general.kernels import arriving, kernels, leaving
from neg.economy.general.market import Market
from neg.economy.general.technology import Technology
from neg.economy.model import Prices

_LEAST_LOG = math.log(1e-300)
"""Log of the employment that an empty cell is taken to have where a first worker's wage is without
bound; what the wage gains below it is added to payoffs (``first_worker``)."""


class Flows(NamedTuple):
    """Everything that is bought and sold at given prices and employment."""

    people: Float[Array, "place sector"]  # who live there
    workers: Float[Array, "place sector"]  # who work there; the same without commuting
    labour: Float[Array, "place sector"]  # workers times hours
    revenue: Float[Array, "place sector"]  # Y
    log_supply_per_revenue: Float[Array, "place sector"]  # log(S / Y), finite in empty cells
    supply: Float[Array, "place sector"]  # S
    log_index: Float[Array, "destination sector use"]  # log P
    spending: Float[Array, "destination sector use"]  # E
    access: Float[Array, "place sector"]  # firm market access, sum_ju K P^theta E / wedges
    log_rent: Float[Array, " place"]  # log r, finite where nobody pays any
    log_earned: Float[Array, "place sector"]  # log pay of one worker of the place
    wages: Float[Array, " place"]  # earned by the people of the place
    income: Float[Array, " place"]  # I
    spendable: Float[Array, " place"]  # I less the value of stock changes and of needs
    earned: Float[Array, " place"]  # right-hand side of the income condition
    land_income: Float[Array, " place"]
    taxes: Float[Array, " place"]  # on production and final demand
    rents: Float[Array, " place"]  # received
    deficit: Float[Array, " place"]
    tariff_revenue: Float[Array, " place"]
    export_tax_revenue: Float[Array, " place"]
    stock_value: Float[Array, "place sector destination"] | None
    same_block: Float[Array, "place place"]  # one where trade ties two places together
    lives: Bool[Array, " place"]  # which places have any income
    shipped: Float[Array, "origin destination sector"] | None  # blocks of chains, buyers' prices
    margin: Float[Array, " sector"] | None = None  # share of sales paid where they are made
    needs: Float[Array, "place sector"] | None = None  # money that everybody spends first
    by_cuts: Float[Array, "place sector cut"] | None = None  # log price of last blocks of chains

    @property
    def disposable(self) -> Float[Array, " place"]:
        """What people may spend, needs and all."""
        if self.needs is None:
            return self.spendable
        return self.spendable + jnp.sum(self.needs, axis=1) * jnp.sum(self.people, axis=1)


def flows(economy: Any, prices: Prices, people: Float[Array, "place sector"]) -> Flows:
    """Evaluate every flow of a general economy once."""
    technology, market, household = economy.technology, economy.market, economy.household
    closure, bent, chains = economy.closure, economy.bent, economy.chains
    bilateral = kernels(market)
    uses = market.taste.shape[3]
    active, same = technology.active, technology.homogeneous_mask
    log_wage, log_cost = prices["wage"], prices["cost"]
    share = jnp.where(active, technology.labour_share, 1.0)
    workers, log_hours = people, if_given(bent.hours)
    commute = if_given(bent.commute)
    if commute is not None:
        workers = jnp.einsum("nis,ns->is", commute, people)
    labour = workers
    log_pay = log_wage
    if log_hours is not None:
        labour = workers * jnp.exp(jnp.where(workers > 0, log_hours, 0.0))
        log_pay = log_wage + log_hours
    bill = jnp.exp(log_wage) * labour
    revenue = jnp.where(active, bill / share, 0.0)
    pay = bill
    if commute is not None:
        pay = people * jnp.einsum("nis,is->ns", commute, jnp.exp(log_pay))
        log_pay = bent.access
    wages = jnp.sum(pay, axis=1)

    runs = active & (workers > 0)
    lives = lives_there(technology, market, closure, runs, people, bool(chains.blocks))
    income = jnp.where(lives, jnp.exp(prices["income"]), 0.0)
    stock = if_given(closure.stock_change)
    stock_value = None if stock is None else jnp.exp(log_cost)[:, :, None] * stock
    spendable = income if stock_value is None else income - jnp.sum(stock_value, axis=(0, 1))
    needs = if_given(bent.needs)
    if needs is not None:
        spendable = spendable - jnp.sum(needs, axis=1) * jnp.sum(people, axis=1)
    _, land_bill, inputs = technology.bills(revenue, uses)
    goods, housing = household.bills(spendable, uses)
    if needs is not None:
        goods = goods + needed(household, needs, people, uses)
    spending = inputs + goods

    log_supply = _log_supply(technology, market, bent, prices, workers)
    efficiency = if_given(bent.efficiency)
    if chains.blocks:
        log_supply = log_supply + log_weight(chains, technology, market, efficiency, log_cost)
    some = active & ~same & (workers > 0)
    # Sales of the firms of a cell, which also earns from firms that sell where it is.
    made = revenue if bent.made is None else revenue * jnp.exp(bent.made)
    supply = jnp.where(some, jnp.exp(jnp.where(some, log_supply, 0.0)), 0.0) * made
    reach = arriving(supply, bilateral.to_buyer)
    served = reach > 0
    log_reach = jnp.where(served, jnp.log(jnp.where(served, reach, 1.0)), 0.0)
    log_index = jnp.where(same[:, None], 0.0, -log_reach / market.theta[:, None])

    trade, shipped, by_cuts = spending, None, None
    if chains.blocks:
        blocks = chains.mask(log_cost.shape[1])
        at_cost = (chains, technology, market, efficiency, log_cost)
        chain = along(*at_cost, supply, spending, log_index, orders(technology, bent, revenue))
        by_cuts = chain.by_cuts
        log_index, spending, shipped = chain.log_index, chain.spending, chain.shipped
        trade = jnp.where(blocks[:, None], 0.0, trade)
        supply = jnp.where(blocks, 0.0, supply)

    # What a unit of freeness earns in each market; wedges on the way to the seller are in the
    # kernels, so that each line is a product of a matrix and a vector.
    pull = jnp.where(served, trade * jnp.exp(-log_reach), 0.0)
    access = leaving(bilateral.to_seller, pull)
    tariffs = jnp.sum(arriving(supply, bilateral.to_customs) * pull, axis=(1, 2))
    export_taxes = jnp.sum(supply * leaving(bilateral.to_port, pull), axis=1)
    if chains.blocks:
        access = jnp.where(blocks, chain.access, access)
        tariffs, export_taxes = tariffs + chain.tariffs, export_taxes + chain.export_taxes

    buys = spending > 0
    if not chains.blocks and needs is None:
        # Said by shares and people alone: an iteration over prices need not ask again.
        _, _, industry = technology.bills(runs.astype(float), uses)
        buys = industry + household.bills(lives.astype(float), uses)[0] > 0
    bought = jnp.transpose(buys, (1, 2, 0))[:, :, None, :]
    tied = pooled(closure, technology, household)
    tied = tied if commute is None else tied | commuters(commute, people)
    tied = tied | links(jnp.where(bought, bilateral.to_buyer, 0.0), runs)

    land_income = housing + land_bill
    rents = closure.rents(land_income, wages, jnp.sum(people, axis=1))
    taxes = jnp.sum(jnp.where(active, technology.tax_share, 0.0) * revenue, axis=1)
    taxes = taxes + household.final_tax * spendable
    earned = wages + rents + taxes + tariffs + export_taxes
    deficit = closure.deficits(wages, jnp.sum(economy.employment, axis=1), earned)
    transfer = if_given(bent.transfer)
    deficit = deficit if transfer is None else deficit + transfer
    return Flows(
        people,
        workers,
        labour,
        revenue,
        log_supply,
        supply,
        log_index,
        spending,
        access,
        _log_or_least(land_income / economy.land),
        log_pay,
        wages,
        income,
        spendable,
        earned + deficit,
        land_income,
        taxes,
        rents,
        deficit,
        tariffs,
        export_taxes,
        stock_value,
        same_block(tied),
        lives,
        shipped,
        bent.margin,
        needs,
        by_cuts,
    )


def orders(
    technology: Technology, bent: Bent, revenue: Array
) -> Float[Array, "place sector cut"] | None:
    """What sectors that take chains with at most so many cuts spend on each good."""
    if bent.cuts is None:
        return None
    return jnp.einsum("js,jks,jsq->jkq", revenue, technology.input_share, bent.cuts)


def needed(
    household: Household, needs: Array, people: Array, uses: int
) -> Float[Array, "place sector use"]:
    """What people of each place spend first, in the class of the first kind of final demand."""
    amount = needs * jnp.sum(people, axis=1, keepdims=True)
    first = jnp.arange(uses) == household.final_use[0]
    return amount[..., None] * first


def residual(
    technology: Technology,
    household: Household,
    closure: Closure,
    seen: Flows,
    prices: Prices,
) -> Prices:
    """Log excess of unit cost, of goods demanded, and of income earned."""
    active, same = technology.active, technology.homogeneous_mask
    reached = seen.access > 0
    log_access = jnp.where(reached, jnp.log(jnp.where(reached, seen.access, 1.0)), _LEAST_LOG)
    sold = seen.log_supply_per_revenue + log_access
    if seen.stock_value is not None:
        some = seen.revenue > 0
        stock = jnp.sum(seen.stock_value, axis=2) / jnp.where(some, seen.revenue, 1.0)
        share = jnp.where(some, stock, 0.0) * jnp.exp(jnp.where(some, -sold, 0.0))
        sold = sold + jnp.log1p(share)
    goods = jnp.where(active & ~same, sold, 0.0)
    if not any(technology.homogeneous):
        # Walras' law: the log of the numeraire, taken from every goods market, must be zero.
        goods = (
            goods
            - closure.log_numeraire(jnp.exp(prices["wage"]), seen.workers, seen.same_block)[:, None]
        )
    price_one = jnp.log(jnp.where(active, technology.productivity, 1.0)) - prices["cost"]
    goods = jnp.where(same, price_one, goods)
    lives = seen.lives
    earned = jnp.log(jnp.where(lives, seen.earned, 1.0))
    cost = technology.log_unit_cost(prices["wage"], seen.log_rent, seen.log_index)
    return {
        "wage": jnp.where(active, goods, -prices["wage"]),
        "cost": jnp.where(active, cost, 0.0) - prices["cost"],
        "income": jnp.where(lives, earned - prices["income"], -prices["income"]),
    }


def lives_there(
    technology: Technology,
    market: Market,
    closure: Closure,
    runs: Array,
    people: Array,
    chained: bool = False,
) -> Bool[Array, " place"]:
    """Which places have any income: people, transfers, or rents and taxes of firms.

    With commuting firms may be where nobody lives, and leave no income there. ``runs`` says which
    cells ``[place, sector]`` have workers.
    """
    collects = (jnp.sum(technology.land_share, axis=1) > 0) & (closure.rent_rule == 0)
    collects = collects | jnp.any(technology.tax_share > 0, axis=1)
    inputs = (jnp.sum(technology.input_share, axis=(1, 2)) > 0) | chained
    collects = collects | (inputs & jnp.any(market.tariff > 0, axis=(0, 2)))
    collects = collects | jnp.any(market.export_tax > 0, axis=(1, 2))
    lives = (jnp.sum(people, axis=1) > 0) | (jnp.any(runs, axis=1) & collects)
    return lives | ((closure.deficit > 0) & (closure.deficit_rule == 0))


def _log_supply(
    technology: Technology, market: Market, bent: Bent, prices: Prices, workers: Array
) -> Float[Array, "place sector"]:
    """log(S / Y): at alpha = 1 employment drops out, so that empty cells have a finite value."""
    active = technology.active
    share = jnp.where(active, technology.labour_share, 1.0)
    log_revenue = prices["wage"] + _log_or_least(workers) - jnp.log(share)
    hours = if_given(bent.hours)
    if hours is not None:
        log_revenue = log_revenue + hours
    scale = (market.alpha - 1.0) * log_revenue - market.alpha * (
        prices["cost"] + jnp.log(technology.reference)
    )
    shifter = jnp.log(jnp.where(active, technology.productivity, 1.0))
    efficiency = if_given(bent.efficiency)
    if efficiency is not None:
        shifter = shifter + market.theta * efficiency
    return shifter + scale - market.theta * prices["cost"]


def first_worker(
    technology: Technology, market: Market, household: Household, seen: Flows
) -> Float[Array, "place sector"]:
    """What a first worker gains where markets take the log of nothing to be ``log 1e-300``.

    In an empty cell with ``alpha < 1`` the wage is without bound; so are wages where a place's
    land costs nothing, and the value of its housing. Payoffs of empty cells hold all of it, by
    the one convention for the log of nothing (:mod:`neg.core.logs`). At given demand

        d log w / d log L = -(1 - alpha) / k,   d log w / d log r = -(alpha + theta) gH / k,
        k = 1 - alpha + (alpha + theta) gL
    """
    beyond = _LEAST_LOG - EMPTY_LOG
    share = jnp.where(technology.active, technology.labour_share, 1.0)
    own, steep = 1.0 - market.alpha, market.alpha + market.theta
    slope = own + steep * share
    open_cell = technology.active & ~technology.homogeneous_mask
    empty = open_cell & (seen.workers <= 0)
    free_land = (seen.land_income <= 0)[:, None]
    wage = jnp.where(empty, own / slope, 0.0)
    cheap = jnp.where(open_cell & free_land, steep * technology.land_share / slope, 0.0)
    housing = jnp.where(free_land[:, 0], household.housing_share / (1.0 - household.final_tax), 0.0)
    return beyond * (wage + cheap + housing[:, None])


def _log_or_least(value: Array) -> Array:
    some = value > 0
    return jnp.where(some, jnp.log(jnp.where(some, value, 1.0)), _LEAST_LOG)
