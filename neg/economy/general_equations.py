"""Equations of the general economy, as functions of its parameters, prices and employment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.connected import links, same_block
from neg.economy.general_index import log_consumer_index, log_finite
from neg.economy.general_kernels import arriving, kernels, leaving
from neg.economy.general_people import log_hours

if TYPE_CHECKING:
    from neg.economy.general import GeneralEconomy
    from neg.economy.model import Prices


class Flows(NamedTuple):
    """What is produced, earned, bought and sold at given prices and employment."""

    employment: Float[Array, "place sector"]  # people
    labour: Float[Array, "place sector"]  # people times hours
    revenue: Float[Array, "place sector"]  # Y
    log_supply_per_revenue: Float[Array, "place sector"]  # log(S / Y), finite in empty cells
    supply: Float[Array, "place sector"]  # S
    log_index: Float[Array, "destination sector use"]  # log P
    spending: Float[Array, "destination sector use"]  # E
    access: Float[Array, "place sector"]  # firm market access, sum_ju K P^theta E / wedges
    rent: Float[Array, " place"]  # r
    income: Float[Array, " place"]  # I
    spendable: Float[Array, " place"]  # I less the value of stock changes
    earned: Float[Array, " place"]  # right-hand side of the income condition
    deficit: Float[Array, " place"]
    tariff_revenue: Float[Array, " place"]
    export_tax_revenue: Float[Array, " place"]
    stock_value: Float[Array, "place sector destination"] | None
    same_block: Float[Array, "place place"]  # one where trade ties two places together


def flows(model: GeneralEconomy, prices: Prices, employment: Float[Array, "place sector"]) -> Flows:
    """Evaluate every flow of the economy once."""
    parts = kernels(model)
    active, same = model.active, model.homogeneous_mask
    wage, cost = jnp.exp(prices["wage"]), prices["cost"]
    share = jnp.where(active, model.labour_share, 1.0)
    labour, hours = employment, jnp.zeros(())
    if model.labour_supply is not None:
        hours = log_hours(model, prices)
        labour = employment * jnp.exp(jnp.where(employment > 0, hours, 0.0))
    revenue = jnp.where(active, wage * labour / share, 0.0)
    log_supply = _log_supply_per_revenue(model, prices, employment, hours, share)
    supply = jnp.where(active & ~same, jnp.exp(log_supply), 0.0) * revenue

    reach = arriving(supply, parts.to_buyer)
    served = reach > 0
    log_reach = jnp.where(served, jnp.log(jnp.where(served, reach, 1.0)), 0.0)
    log_index = jnp.where(same[:, None], 0.0, -log_reach / model.theta[:, None])

    income = jnp.where(_lives(model, revenue), jnp.exp(prices["income"]), 0.0)
    stock = model.stock_change
    stock_value = None if stock is None else jnp.exp(cost)[:, :, None] * stock
    spendable = income if stock_value is None else income - jnp.sum(stock_value, axis=(0, 1))
    spending = _spending(model, revenue, spendable)

    # What a unit of freeness earns in each market; wedges on the way to the seller are in the
    # kernels, so that each line is a product of a matrix and a vector.
    pull = jnp.where(served, spending * jnp.exp(-log_reach), 0.0)
    access = leaving(parts.to_seller, pull)
    tariffs = jnp.sum(arriving(supply, parts.to_customs) * pull, axis=(1, 2))
    export_taxes = jnp.sum(supply * leaving(parts.to_port, pull), axis=1)

    wages = jnp.sum(wage * labour, axis=1)
    land_income = model.housing_share * spendable + jnp.sum(model.land_share * revenue, axis=1)
    deficit = _deficit(model, wages)
    earned = (
        wages
        + _rents(model, land_income, wages, jnp.sum(employment, axis=1))
        + jnp.sum(jnp.where(active, model.tax_share, 0.0) * revenue, axis=1)
        + model.final_tax * spendable
        + tariffs
        + export_taxes
        + deficit
    )
    return Flows(
        employment,
        labour,
        revenue,
        log_supply,
        supply,
        log_index,
        spending,
        access,
        land_income / model.land,
        income,
        spendable,
        earned,
        deficit,
        tariffs,
        export_taxes,
        stock_value,
        _same_block(model, parts.to_buyer, employment, spending),
    )


def residual(model: GeneralEconomy, flows: Flows, prices: Prices) -> Prices:
    """Log excess of unit cost, of goods demanded, of income earned, and of the consumer index."""
    active, same = model.active, model.homogeneous_mask
    sold = jnp.exp(flows.log_supply_per_revenue) * flows.access
    if flows.stock_value is not None:
        some = flows.revenue > 0
        stock = jnp.sum(flows.stock_value, axis=2) / jnp.where(some, flows.revenue, 1.0)
        sold = sold + jnp.where(some, stock, 0.0)
    goods = jnp.log(jnp.where(active & ~same, sold, 1.0))
    if not any(model.homogeneous):
        goods = goods - jnp.log(_numeraire(model, flows, prices))[:, None]
    price_one = jnp.log(jnp.where(active, model.productivity, 1.0)) - prices["cost"]
    goods = jnp.where(same, price_one, goods)
    lives = _lives(model, flows.revenue)
    earned = jnp.log(jnp.where(lives, flows.earned, 1.0))
    excess = {
        "wage": jnp.where(active, goods, -prices["wage"]),
        "cost": jnp.where(active, log_unit_cost(model, flows, prices), 0.0) - prices["cost"],
        "income": jnp.where(lives, earned - prices["income"], -prices["income"]),
    }
    if model.labour_supply is not None:
        excess["index"] = log_consumer_index(model, flows) - prices["index"]
    return excess


def log_unit_cost(
    model: GeneralEconomy, flows: Flows, prices: Prices
) -> Float[Array, "place sector"]:
    """Log unit cost from factor prices and price indices of inputs."""
    inputs = flows.log_index[:, :, list(model.industry_use)]
    materials = jnp.sum(model.input_share * inputs, axis=1)
    rent = log_finite(flows.rent)[:, None]
    kept = 1.0 - model.tax_share
    total = model.labour_share * prices["wage"] + model.land_share * rent + materials
    return total / kept


def _log_supply_per_revenue(
    model: GeneralEconomy, prices: Prices, employment: Array, hours: Array, share: Array
) -> Array:
    """log(S / Y): at alpha = 1 employment drops out, so that empty cells have a finite value."""
    log_revenue = prices["wage"] + log_finite(employment) + hours - jnp.log(share)
    scale = (model.alpha - 1.0) * log_revenue - model.alpha * (
        prices["cost"] + jnp.log(model.reference)
    )
    shifter = jnp.log(jnp.where(model.active, model.productivity, 1.0))
    people = jnp.sum(employment, axis=1)
    density = log_finite(people / model.land)[:, None]
    spill = jnp.where(
        model.productivity_density == 0,
        0.0,
        model.productivity_density * model.theta * density,
    )
    return shifter + spill + scale - model.theta * prices["cost"]


def _spending(model: GeneralEconomy, revenue: Array, income: Array) -> Array:
    uses = max((*model.industry_use, *model.final_use)) + 1
    industry = jnp.eye(uses)[jnp.asarray(model.industry_use)]
    final = jnp.eye(uses)[jnp.asarray(model.final_use)]
    return jnp.einsum("jks,js,su->jku", model.input_share, revenue, industry) + jnp.einsum(
        "jkf,j,fu->jku", model.final_share, income, final
    )


def _lives(model: GeneralEconomy, revenue: Array) -> Array:
    """Which places have any income."""
    return (jnp.sum(revenue, axis=1) > 0) | (model.deficit > 0)


def _rents(model: GeneralEconomy, land_income: Array, wages: Array, people: Array) -> Array:
    """Rents received: those of the own place, or a share of what the pool of places collects."""
    if model.rent_rule == "local":
        return land_income
    claim = wages if model.rent_rule == "pooled" else people
    pool = jnp.asarray(model.rent_pool or (0,) * len(model.places))
    count = max(model.rent_pool, default=0) + 1
    collected = jnp.zeros(count).at[pool].add(land_income)
    claims = jnp.zeros(count).at[pool].add(claim)
    return collected[pool] * claim / jnp.where(claims > 0, claims, 1.0)[pool]


def _same_block(
    model: GeneralEconomy, kernel: Array, employment: Array, spending: Array
) -> Float[Array, "place place"]:
    """One where trade, or shared rents, tie two places together."""
    bought = jnp.transpose(spending > 0, (1, 2, 0))[:, :, None, :]
    sold = links(jnp.where(bought, kernel, 0.0), model.active & (employment > 0))
    pool = jnp.asarray(model.rent_pool or (0,) * len(model.places))
    some = jnp.any(model.land_share > 0) | jnp.any(model.housing_share > 0)
    shared = (pool[:, None] == pool[None, :]) & (model.rent_rule != "local") & some
    return same_block(sold | shared)


def _deficit(model: GeneralEconomy, wages: Array) -> Array:
    """Deficits under the rule: fixed, a share of world or of own wages, or zero."""
    if model.deficit_rule in ("fixed", "zero"):
        return model.deficit
    start = jnp.sum(model.employment, axis=1)
    if model.deficit_rule == "world-share":
        return model.deficit * jnp.sum(wages) / jnp.sum(start)
    own = model.deficit * wages / jnp.where(start > 0, start, 1.0)
    return own - jnp.sum(own) * wages / jnp.sum(wages)


def _numeraire(model: GeneralEconomy, flows: Flows, prices: Prices) -> Float[Array, " place"]:
    """Average wage of the world or of the numeraire place; of its own block in places apart."""
    # By people, not by hours: the same for all who work as much.
    bill = jnp.sum(jnp.exp(prices["wage"]) * flows.employment, axis=1)
    people = jnp.sum(flows.employment, axis=1)
    same = flows.same_block
    there = same @ people
    apart = jnp.where(there > 0, (same @ bill) / jnp.where(there > 0, there, 1.0), 1.0)
    if model.numeraire == "world":
        return apart
    place = model.places.index(model.numeraire)
    return jnp.where(same[place] > 0, bill[place] / people[place], apart)
