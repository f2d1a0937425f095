"""People of the general economy: hours, what a worker gets, tastes, and how people answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.economy.general_index import log_consumer_index, log_finite

if TYPE_CHECKING:
    from neg.economy.general import GeneralEconomy
    from neg.economy.general_equations import Flows
    from neg.economy.model import Prices

_LEAST_OWN = 0.25  # response of sales per unit of output to output that an iteration assumes
_LEAST_SPREAD = 0.25  # dispersion of tastes that an iteration assumes


def log_hours(model: GeneralEconomy, prices: Prices) -> Float[Array, "place sector"]:
    """Log hours of a worker: ``psi log(w / P)``; ``model.labour_supply`` must be given."""
    assert model.labour_supply is not None
    return model.labour_supply[:, None] * (prices["wage"] - prices["index"][:, None])


def real_income(
    model: GeneralEconomy, flows: Flows, prices: Prices
) -> Float[Array, "place sector"]:
    """Log real income of a worker in each place and sector, used or not.

    Rents, taxes and deficits reach people in proportion to what they earn, or as one amount per
    head of the place (``rebate``). With a labour supply, hours are those of Greenwood, Hercowitz
    and Huffman: utility ``log(C - psi / (1 + psi) h^((1 + psi) / psi))`` is highest at
    ``h = (w / P)^psi``, whatever the transfer, so that effort costs ``psi / (1 + psi) (w / P) h``.
    """
    wages = jnp.sum(jnp.exp(prices["wage"]) * flows.labour, axis=1)
    people = jnp.sum(flows.employment, axis=1)
    density = log_finite(people / model.land)
    crowd = jnp.where(model.amenity_density == 0, 0.0, model.amenity_density * density)
    place = jnp.log(model.amenity) - crowd - log_consumer_index(model, flows)
    earned, effort = prices["wage"], jnp.zeros(len(model.places))
    if model.labour_supply is not None:
        earned = earned + log_hours(model, prices)
        effort = model.labour_supply / (1.0 + model.labour_supply)
    some = wages > 0
    if model.rebate == "proportional":
        transfer = jnp.where(some, flows.spendable / jnp.where(some, wages, 1.0), 1.0)
        return earned + (jnp.log(transfer - effort) + place)[:, None]
    amount = jnp.where(some, (flows.spendable - wages) / jnp.where(some, people, 1.0), 0.0)
    net = 1.0 - effort[:, None] + amount[:, None] * jnp.exp(-earned)
    return earned + jnp.log(net) + place[:, None]


def payoff(
    model: GeneralEconomy, flows: Flows, prices: Prices, x: Float[Array, " cell"]
) -> Float[Array, " cell"]:
    """What the marginal member of a group gets in each cell: real income, moving cost, taste."""
    value = real_income(model, flows, prices).reshape(-1)[model.cell]
    if model.moving_cost is not None:
        value = value - model.moving_cost
    if model.place_taste is None and model.sector_taste is None:
        return value
    there = people_there(model, x)
    if model.sector_taste is not None:
        value = _taste_for_sectors(model, value, x, there)
    if model.place_taste is not None:
        value = value - model.place_taste * log_mass(there / model.groups.cell_mass)
    return value


def people_there(model: GeneralEconomy, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
    """People of a cell's group who live in its place, in any sector."""
    return jax.ops.segment_sum(x, model.nest, x.shape[0])[model.nest]


def _taste_for_sectors(model: GeneralEconomy, value: Array, x: Array, there: Array) -> Array:
    """Less the draw of the marginal worker of a sector; an empty place offers its best mix."""
    eta = jnp.asarray(model.sector_taste)
    some = there > 0
    share = jnp.where(some, x / jnp.where(some, there, 1.0), 0.0)
    used = value - eta * log_mass(share)
    scale = jnp.where(eta > 0, eta, 1.0)
    best = jax.lax.stop_gradient(jax.ops.segment_max(value, model.nest, x.shape[0])[model.nest])
    pull = people_there(model, jnp.exp((value - best) / scale))
    return jnp.where(some, used, jnp.where(eta > 0, best + scale * jnp.log(pull), value))


def relaxation(
    model: GeneralEconomy, gap: Array | None, residual: Prices, x: Array
) -> tuple[Float[Array, " cell"], Prices]:
    """One damped iteration: wages take up payoff gaps, wage bills excess demand for goods.

    Sales above output raise the wage bill at once where scale is low. Workers follow the bill at
    wages that have closed the payoff gap; if a group cannot supply them its wages rise, by as
    much as lowers demand with the trade elasticity. With tastes people close part of the gap by
    moving, as much as their dispersion ``t`` allows:

        own (dw + dl) + k dw = excess demand,   gap + dw = t dl
    """
    goods, cost = residual["wage"], residual["cost"]
    own = jnp.maximum(1.0 - model.alpha, _LEAST_OWN)
    same = model.homogeneous_mask
    share = jnp.where(model.active, model.labour_share, 1.0)
    wanted = jnp.where(same, 0.0, goods / own).reshape(-1)[model.cell]
    demand = wanted
    by_cell = jnp.zeros(goods.size).at[model.cell]
    if gap is not None:
        groups = model.groups
        if _simple(model):
            wanted, gap = wanted + gap, by_cell.set(gap).reshape(goods.shape)
        else:
            wanted, gap = _moves(model, gap, jnp.where(same, 0.0, goods), own, share, x)
        demand = jnp.log(groups.total(x * jnp.exp(wanted)) / groups.mass)[groups.index]
        demand = jnp.where(x > 0, demand, wanted)  # an empty cell's wage is what a firm could pay
    if _simple(model) or gap is None:
        short = by_cell.set(demand).reshape(goods.shape)
    else:
        short = average(model, demand, x)
    answer = own
    if model.labour_supply is not None:
        answer = own * (1.0 + model.labour_supply[:, None])
    slope = own / (answer + (model.alpha + model.theta) * share)
    wage = slope * short
    if gap is not None:
        wage = wage - gap
    wage = jnp.where(same, (goods - cost) / share, wage)
    changes = {**residual, "wage": jnp.where(model.active, wage, goods)}
    return wanted - demand, changes


def average(
    model: GeneralEconomy, values: Float[Array, " cell"], x: Float[Array, " cell"]
) -> Float[Array, "place sector"]:
    """Average over the people of each place and sector, of whatever group; zero without cells."""
    places, sectors = model.shape
    weight = x + 1e-12 * model.groups.cell_mass
    none = jnp.zeros(places * sectors)
    total = none.at[model.cell].add(weight)
    mean = none.at[model.cell].add(weight * values) / jnp.where(total > 0, total, 1.0)
    return mean.reshape(places, sectors)


def _simple(model: GeneralEconomy) -> bool:
    """Whether every place and sector holds people of one group, without tastes."""
    return model.origin_share is None and model.place_taste is None and model.sector_taste is None


def _moves(
    model: GeneralEconomy, gap: Array, goods: Array, own: Array, share: Array, x: Array
) -> tuple[Array, Array]:
    """Log movement of every cell, and the fall of wages, if markets and gaps are to close."""
    there = people_there(model, x)
    inside = x / jnp.where(there > 0, there, 1.0)
    place = jnp.asarray(0.0 if model.place_taste is None else model.place_taste)
    sector = jnp.asarray(0.0 if model.sector_taste is None else model.sector_taste)
    # Where tastes differ little, people would all move at once: an iteration lets only some.
    spread = jnp.maximum(place * inside + sector * (1.0 - inside), _LEAST_SPREAD)
    k = (model.alpha + model.theta) * share
    mean_gap, mean_spread = average(model, gap, x), average(model, spread, x)
    fall = (own * mean_gap - mean_spread * goods) / (mean_spread * (own + k) + own)
    follow = ((goods + (own + k) * fall) / own).reshape(-1)[model.cell]
    apart = gap - mean_gap.reshape(-1)[model.cell]
    return follow + apart / spread, fall
