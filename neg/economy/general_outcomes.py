"""Named outcomes of the general economy at given prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.general_index import log_consumer_index
from neg.economy.general_kernels import freeness
from neg.economy.general_people import log_hours, real_income

if TYPE_CHECKING:
    from neg.economy.general import GeneralEconomy
    from neg.economy.general_equations import Flows
    from neg.economy.model import Prices


def trade(model: GeneralEconomy, flows: Flows) -> Float[Array, "origin destination sector use"]:
    """Bilateral purchases at buyers' prices by class of use."""
    reach = jnp.exp(flows.log_index * -model.theta[:, None])
    pull = jnp.where(flows.spending != 0, flows.spending / reach, 0.0)
    return flows.supply[:, None, :, None] * freeness(model) * pull[None]


def outcomes(
    model: GeneralEconomy, flows: Flows, prices: Prices, x: Float[Array, " cell"]
) -> dict[str, Array]:
    """Named outcomes by place, by place and sector, by pair, and by group where there are many.

    ``payoff`` is that of a worker of each place and sector before moving costs and tastes, which
    differ between groups.
    """
    bought = trade(model, flows)
    wedge = ((1.0 + model.tariff) * (1.0 + model.export_tax))[..., None]
    sold = jnp.sum(bought / wedge, axis=3)
    if flows.stock_value is not None:
        sold = sold + jnp.transpose(flows.stock_value, (0, 2, 1))
    people = jnp.sum(flows.employment, axis=1)
    wages = jnp.sum(jnp.exp(prices["wage"]) * flows.labour, axis=1)
    index = jnp.exp(log_consumer_index(model, flows))
    cost = jnp.exp(prices["cost"])
    found = {
        "wage": jnp.exp(prices["wage"]),
        "mean_wage": wages / jnp.where(people > 0, people, 1.0),
        "unit_cost": cost,
        "price_index": jnp.exp(flows.log_index),
        "consumer_index": index,
        "output": flows.revenue,
        "output_share": flows.revenue / jnp.sum(flows.revenue, axis=0),
        "firms": flows.revenue / cost,
        "employment": flows.employment,
        "income": flows.income,
        "real_income": flows.spendable / index,
        "rent": flows.rent,
        "tariff_revenue": flows.tariff_revenue,
        "export_tax_revenue": flows.export_tax_revenue,
        "deficit": flows.deficit,
        "trade": sold,
        "market_access": flows.access,
        "payoff": real_income(model, flows, prices),
    }
    if model.labour_supply is not None:
        found["hours"] = jnp.exp(log_hours(model, prices))
    if model.origin_share is not None:
        living = jnp.zeros((len(model.group_names), len(model.places)))
        found["residents"] = living.at[model.group, model.cell // len(model.sectors)].add(x)
    return found
