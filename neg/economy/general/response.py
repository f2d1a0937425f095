"""What work is worth in the general economy, and how markets and people answer in one iteration."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.general.cells import Cells
from neg.economy.general.closure import Closure
from neg.economy.general.flows import Flows, first_worker
from neg.economy.general.household import Household
from neg.economy.general.market import Market
from neg.economy.general.technology import Technology
from neg.economy.model import Prices

_LEAST_OWN = 0.25  # response of sales per unit of output to output that an iteration assumes
_LEAST_SPREAD = 0.25  # dispersion of tastes that an iteration assumes


def log_consumption(
    household: Household, closure: Closure, seen: Flows
) -> Float[Array, "place sector"]:
    """Log consumption of a worker of each place and sector, used or not.

    Rents, taxes, deficits and the cost of what everybody needs first reach people in proportion to
    what they earn, or as one amount per head of the place.
    """
    people = jnp.sum(seen.people, axis=1)
    some = (seen.wages > 0) & (people > 0)
    index = household.log_expenditure(seen.log_index, seen.log_rent)
    ratio = jnp.where(some, seen.spendable / jnp.where(some, seen.wages, 1.0), 1.0)
    amount = jnp.where(some, (seen.spendable - seen.wages) / jnp.where(some, people, 1.0), 0.0)
    lump = closure.rebate == 1
    net = 1.0 + jnp.where(lump, amount, 0.0)[:, None] * jnp.exp(-seen.log_earned)
    factor = jnp.where(lump, jnp.log(net), jnp.log(ratio)[:, None])
    return seen.log_earned + factor - index[:, None]


def value_of_work(
    technology: Technology, market: Market, household: Household, closure: Closure, seen: Flows
) -> Float[Array, "place sector"]:
    """Log real income and amenity of a worker in each place and sector, used or not."""
    value = log_consumption(household, closure, seen) + jnp.log(household.amenity)[:, None]
    return value + first_worker(technology, market, household, seen)


def relaxation(
    cells: Cells,
    technology: Technology,
    market: Market,
    gap: Array | None,
    residual: Prices,
    x: Array,
    *,
    spread: Float[Array, " cell"] | None = None,
    supply: Float[Array, " place"] | None = None,
) -> tuple[Float[Array, " cell"], Prices]:
    """One damped iteration: wages take up payoff gaps, wage bills excess demand for goods.

    Sales above output raise the wage bill at once where scale is low. Workers follow the bill at
    wages that have closed the payoff gap; if a group cannot supply them its wages rise, by as
    much as lowers demand with the trade elasticity. With tastes people close part of the gap by
    moving, as much as their dispersion ``t`` (``spread``) allows:

        own (dw + dl) + k dw = excess demand,   gap + dw = t dl

    ``supply`` is the elasticity of hours to wages.
    """
    goods, cost = residual["wage"], residual["cost"]
    own = jnp.maximum(1.0 - market.alpha, _LEAST_OWN)
    same = technology.homogeneous_mask
    share = jnp.where(technology.active, technology.labour_share, 1.0)
    wanted = cells.at_cells(jnp.where(same, 0.0, goods / own))
    demand = wanted
    by_cell = jnp.zeros(goods.size).at[cells.cell]
    simple = cells.origin_share is None and spread is None
    if gap is not None:
        groups = cells.groups
        if simple:
            wanted, gap = wanted + gap, by_cell.set(gap).reshape(goods.shape)
        else:
            excess = jnp.where(same, 0.0, goods)
            steep = (market.alpha + market.theta) * share
            spread = jnp.zeros_like(x) if spread is None else spread
            wanted, gap = _moves(cells, gap, excess, own, steep, spread, x)
        demand = jnp.log(groups.total(x * jnp.exp(wanted)) / groups.mass)[groups.index]
        demand = jnp.where(x > 0, demand, wanted)  # an empty cell's wage is what a firm could pay
    if simple or gap is None:
        short = by_cell.set(demand).reshape(goods.shape)
    else:
        short = average(cells, demand, x)
    answer = own if supply is None else own * (1.0 + supply[:, None])
    slope = own / (answer + (market.alpha + market.theta) * share)
    wage = slope * short
    if gap is not None:
        wage = wage - gap
    wage = jnp.where(same, (goods - cost) / share, wage)
    return wanted - demand, {**residual, "wage": jnp.where(technology.active, wage, goods)}


def average(
    cells: Cells, values: Float[Array, " cell"], x: Float[Array, " cell"]
) -> Float[Array, "place sector"]:
    """Average over the people of each place and sector, of whatever group; zero without cells."""
    weight = x + 1e-12 * cells.groups.cell_mass
    none = jnp.zeros(cells.employment.size)
    total = none.at[cells.cell].add(weight)
    mean = none.at[cells.cell].add(weight * values) / jnp.where(total > 0, total, 1.0)
    return mean.reshape(cells.employment.shape)


def _moves(
    cells: Cells, gap: Array, goods: Array, own: Array, steep: Array, spread: Array, x: Array
) -> tuple[Array, Array]:
    """Log movement of every cell, and the fall of wages, if markets and gaps are to close."""
    # Where tastes differ little, people would all move at once: an iteration lets only some.
    spread = jnp.maximum(spread, _LEAST_SPREAD)
    mean_gap, mean_spread = average(cells, gap, x), average(cells, spread, x)
    fall = (own * mean_gap - mean_spread * goods) / (mean_spread * (own + steep) + own)
    follow = cells.at_cells((goods + (own + steep) * fall) / own)
    apart = gap - cells.at_cells(mean_gap)
    return follow + apart / spread, fall
