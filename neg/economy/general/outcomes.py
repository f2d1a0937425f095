"""Named outcomes of the general economy at given prices, and its ledger."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.numbers import if_given
from neg.economy.general.flows import Bent, Flows, needed
from neg.economy.general.household import Household
from neg.economy.general.market import Market
from neg.economy.general.technology import Technology
from neg.economy.ledger import Ledger
from neg.economy.model import Prices


def trade(market: Market, seen: Flows) -> Float[Array, "origin destination sector use"]:
    """Bilateral purchases at buyers' prices by class of use."""
    reach = jnp.exp(seen.log_index * -market.theta[:, None])
    pull = jnp.where(seen.spending != 0, seen.spending / reach, 0.0)
    bought = seen.supply[:, None, :, None] * market.freeness() * pull[None]
    return bought if seen.shipped is None else bought + seen.shipped[..., None]


def sales(market: Market, bent: Bent, seen: Flows) -> Float[Array, "origin destination sector"]:
    """Sales at sellers' prices: without tariffs and export taxes, and before grants."""
    sold = jnp.sum(trade(market, seen) / market.wedge[..., None], axis=3)
    return sold if bent.grant is None else sold * jnp.exp(-bent.grant)


def grants(market: Market, bent: Bent, seen: Flows) -> Float[Array, "origin destination sector"]:
    """What the budgets of origins add to sales."""
    if bent.grant is None:
        return jnp.zeros(market.tau.shape)
    return sales(market, bent, seen) * jnp.expm1(bent.grant)


def granted(scene: Any, own: Array) -> Float[Array, " place"]:
    """What the budget of each origin pays for one part of all grants, ``own`` in logs."""
    model, total = scene.model, scene.model.bent.grant
    paid = grants(model.market, model.bent, model.flows(scene.prices, scene.x))
    own = own if own.ndim == 3 else own[..., None]
    some = total != 0
    share = jnp.where(some, own / jnp.where(some, total, 1.0), 0.0)
    return jnp.sum(paid * share, axis=(1, 2))


def outcomes(
    technology: Technology,
    market: Market,
    household: Household,
    bent: Bent,
    seen: Flows,
    prices: Prices,
) -> dict[str, Array]:
    """Named outcomes by place, by place and sector, and by pair."""
    sold = sales(market, bent, seen)
    paid = jnp.sum(grants(market, bent, seen), axis=(1, 2))
    if seen.stock_value is not None:
        sold = sold + jnp.transpose(seen.stock_value, (0, 2, 1))
    workers = jnp.sum(seen.workers, axis=1)
    bill = jnp.sum(jnp.exp(prices["wage"]) * seen.labour, axis=1)
    index = jnp.exp(household.log_expenditure(seen.log_index, seen.log_rent))
    cost = jnp.exp(prices["cost"])
    abroad = sold * (1.0 - jnp.eye(sold.shape[0]))[..., None]
    exports, imports = jnp.sum(abroad, axis=(1, 2)), jnp.sum(abroad, axis=(0, 2))
    taxes = seen.taxes + seen.tariff_revenue + seen.export_tax_revenue
    services = paid_to_destinations(seen, sold)
    balance = exports - imports + _homogeneous(technology, seen)
    granted = {} if bent.grant is None else {"grants": paid}
    return granted | {
        "wage": jnp.exp(prices["wage"]),
        "mean_wage": bill / jnp.where(workers > 0, workers, 1.0),
        "unit_cost": cost,
        "price_index": jnp.exp(seen.log_index),
        "consumer_index": index,
        "output": seen.revenue,
        "output_share": seen.revenue / jnp.sum(seen.revenue, axis=0),
        "firms": seen.revenue / cost,
        "employment": seen.workers,
        "income": seen.income,
        "consumption": seen.spendable / index,
        "gdp": bill + seen.land_income + taxes,
        "trade_balance": balance + jnp.sum(services - services.T, axis=0),
        "rent": jnp.where(seen.land_income > 0, jnp.exp(seen.log_rent), 0.0),
        "tariff_revenue": seen.tariff_revenue,
        "export_tax_revenue": seen.export_tax_revenue + paid,
        "deficit": seen.deficit,
        "trade": sold,
        "market_access": seen.access,
    }


def paid_to_destinations(seen: Flows, sold: Array) -> Float[Array, "origin destination"]:
    """What sellers pay, out of sales ``[origin, destination, sector]``, where they sell."""
    if seen.margin is None:
        return jnp.zeros(sold.shape[:2])
    return jnp.sum(seen.margin * sold, axis=2)


def _homogeneous(technology: Technology, seen: Flows) -> Float[Array, " place"]:
    """Net sales of the homogeneous good, which has no origin and no destination."""
    net = seen.revenue - jnp.sum(seen.spending, axis=2)
    return jnp.sum(jnp.where(technology.homogeneous_mask, net, 0.0), axis=1)


def ledger(
    technology: Technology,
    market: Market,
    household: Household,
    bent: Bent,
    seen: Flows,
    prices: Prices,
) -> Ledger:
    """Every flow of money, ``(payer, payee, what)`` to ``[place of payer, place of payee]``.

    Accounts of each place: firms, people, landowners, customs (taxes of every kind), the fund
    through which deficits and pooled rents pass, and the exchange on which the homogeneous good
    is traded. Each account pays what it receives; the last two do so in the world as a whole.
    """
    uses = market.taste.shape[3]
    bought = trade(market, seen)
    _, land_bill, inputs = technology.bills(seen.revenue, uses)
    goods, housing = household.bills(seen.spendable, uses)
    if seen.needs is not None:
        goods = goods + needed(household, seen.needs, seen.people, uses)
    if seen.shipped is not None:
        inputs = seen.spending - goods  # with what blocks buy from the blocks before them
    total = inputs + goods
    of_firms = jnp.where(total != 0, inputs / jnp.where(total != 0, total, 1.0), 0.0)
    duty = market.tariff / (1.0 + market.tariff)
    before = 1.0 if bent.grant is None else jnp.exp(-bent.grant)  # sales over receipts
    port = (1.0 + market.export_tax) * (1.0 if bent.grant is None else jnp.exp(bent.grant)) - 1.0
    port = port * before / market.wedge

    def by_pair(share: Array, part: Array) -> Array:
        """Payments of buyers [destination] to sellers or customs [origin]."""
        return jnp.sum(bought * share[..., None] * part[None], axis=(2, 3)).T

    def at_home(amount: Array) -> Array:
        return jnp.diag(amount)

    def to_importer(part: Array) -> Array:
        return at_home(jnp.sum(bought * duty[..., None] * part[None], axis=(0, 2, 3)))

    commute = if_given(bent.commute)
    bill = jnp.exp(prices["wage"]) * seen.labour
    wages = at_home(jnp.sum(bill, axis=1))
    if commute is not None:
        pay = jnp.exp(prices["wage"] + (0.0 if bent.hours is None else bent.hours))
        wages = jnp.einsum("nis,ns,is->in", commute, seen.people, pay)
    production = jnp.where(technology.active, technology.tax_share, 0.0) * seen.revenue
    found = {
        ("firms", "people", "wages"): wages,
        ("firms", "landowners", "rent of land"): at_home(land_bill),
        ("firms", "customs", "production taxes"): at_home(jnp.sum(production, axis=1)),
        ("firms", "firms", "inputs"): by_pair(before / market.wedge, of_firms),
        ("firms", "customs", "tariffs on inputs"): to_importer(of_firms),
        ("firms", "customs", "export taxes on inputs"): by_pair(port, of_firms),
        ("people", "firms", "consumption"): by_pair(before / market.wedge, 1.0 - of_firms),
        ("people", "customs", "tariffs on consumption"): to_importer(1.0 - of_firms),
        ("people", "customs", "export taxes on consumption"): by_pair(port, 1.0 - of_firms),
        ("people", "customs", "final taxes"): at_home(household.final_tax * seen.spendable),
        ("people", "landowners", "rent of housing"): at_home(housing),
        ("landowners", "fund", "rents"): at_home(seen.land_income),
        ("fund", "people", "rents"): at_home(seen.rents),
        ("customs", "people", "rebates"): at_home(
            seen.taxes + seen.tariff_revenue + seen.export_tax_revenue
        ),
        ("fund", "people", "deficits"): at_home(seen.deficit),
    }
    if bent.grant is not None:
        paid = jnp.sum(grants(market, bent, seen), axis=(1, 2))
        found["customs", "firms", "grants"] = at_home(paid)
    if seen.margin is not None:
        sold = sales(market, bent, seen)
        found["firms", "firms", "services at destinations"] = paid_to_destinations(seen, sold)
    if any(technology.homogeneous):
        same = technology.homogeneous_mask
        by_use = {"firms": inputs, "people": goods}
        for payer, bill in by_use.items():
            paid = jnp.sum(jnp.where(same[:, None], bill, 0.0), axis=(1, 2))
            found[payer, "exchange", "homogeneous good"] = at_home(paid)
        made = jnp.sum(jnp.where(same, seen.revenue, 0.0), axis=1)
        found["exchange", "firms", "homogeneous good"] = at_home(made)
    if seen.stock_value is not None:
        found["people", "firms", "stock changes"] = jnp.sum(seen.stock_value, axis=1).T
    return found
