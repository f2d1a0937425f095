"""Who trades with whom: blocks of places, and what makes an equilibrium impossible or loose.

Places that no trade ties together keep wages of their own: nothing says how those of one block
compare with those of another. Each block then has its own numeraire, and deficits that would have
to cross between blocks, or that are stated in the money of another block, are refused.
"""

from __future__ import annotations

from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.core.compilation import plain_jit
from neg.core.numbers import if_given
from neg.core.status import Status
from neg.economy.model import Model, Prices

_LEAST = 1e-15
"""Share of a market below which a seller is none: less than the rounding of its sales."""
_BALANCED = 1e-9
"""Deficits of a block, relative to the people of the economy, that count as zero."""
_UNDERFLOW = 700.0
"""Log of costs, in the elasticity of trade, beyond which a share of sales is no number."""
_POOR = 0.05
"""Income over wages below which transfers leave a place next to nothing to spend."""


class Tied(Model):
    """What a model of places that trade knows of the ways in which it may have no equilibrium."""

    def obstacle(self, x: Float[Array, " cell"]) -> tuple[Status, str] | None:
        """Goods that nobody sells to who buys them, and blocks that no trade ties together."""
        return unserved(self, x) or obstacle(self)

    def eased(self, share: Float[Array, ""]) -> Self:
        """The same economy with deficits a ``share`` of what they are."""
        deficit = lambda model: model.closure.deficit
        return eqx.tree_at(deficit, self, deficit(self) * share)

    def impasse(self, prices: Prices, x: Float[Array, " cell"]) -> str:
        """The place whose income transfers bring to nothing, where there is one."""
        return impasse(self, prices, x)


def links(
    kernel: Float[Array, "sector use origin destination"], sells: Bool[Array, "place sector"]
) -> Bool[Array, "origin destination"]:
    """Which places sell to which, in any sector, at a share of the market that can be seen."""
    reach = jnp.where(sells.T[:, None, :, None], kernel, 0.0)
    market = jnp.sum(reach, axis=2, keepdims=True)
    return jnp.any(reach > _LEAST * jnp.where(market > 0, market, 1.0), axis=(0, 1))


def same_block(link: Bool[Array, "place place"]) -> Float[Array, "place place"]:
    """One where a chain of trade, either way, ties two places together."""
    tied = (link | link.T | jnp.eye(link.shape[0], dtype=bool)).astype(float)

    def further(state: tuple[Array, Array]) -> tuple[Array, Array]:
        reached = ((state[0] @ state[0]) > 0).astype(float)
        return reached, jnp.any(reached != state[0]) & jnp.any(reached == 0)

    # Nearly always everybody sells to everybody: then there is nothing to multiply.
    some_apart = jnp.any(tied == 0)
    return jax.lax.while_loop(lambda state: state[1], further, (tied, some_apart))[0]


def obstacle(model: Any) -> tuple[Status, str] | None:
    """Why this economy has no equilibrium, or more than can be told apart; None if nothing shows.

    Places are nodes, sales (of goods, and of labour by commuters) are arcs. A block that nothing
    ties to the others must have deficits of zero in all; deficits inside blocks are amounts of one
    numeraire and can be placed in one block only; places that sell to others and buy nothing from
    them must run a surplus.
    """
    link = _links(model)
    if link is None or (link | np.eye(len(link), dtype=bool)).all():
        return None
    rule = model.closure.named("deficit_rule")
    deficit = np.asarray(model.deficit) * (rule != "zero")
    least = _BALANCED * float(np.sum(np.asarray(model.employment)))
    blocks = _components(link | link.T)
    for block in blocks if len(blocks) > 1 else []:
        total = float(deficit[block].sum())
        if abs(total) > least:
            return Status.NO_EQUILIBRIUM, (
                f"{_names(model, block)} trade{'s' * (len(block) == 1)} with nobody else, and "
                f"the deficit there adds up to {total:.6g}; must be zero"
            )
    uneven = [block for block in blocks if np.abs(deficit[block]).max() > least]
    weight = np.asarray(model.numeraire)
    outside = any(not (weight[block] > 0).any() for block in uneven)
    if len(blocks) > 1 and uneven and (len(uneven) > 1 or outside or rule != "fixed"):
        listed = "; ".join(_names(model, block) for block in blocks)
        return Status.UNDETERMINED, (
            f"no trade ties these blocks of places together: {listed}. Deficits are amounts of "
            "one numeraire, and nothing says what it is worth in the other blocks; state deficits "
            "of zero in all blocks but the one of the numeraire, or solve each block by itself"
        )
    return _one_way(model, link, deficit, least)


def unserved(model: Any, x: Array) -> tuple[Status, str] | None:
    """Which good is bought in a place where nobody who makes it may sell; None if all are served.

    Its price there is infinite, and what people would spend on it is nobody's income. Blocks of
    chains are left out: they are reached along their chain. Nothing is said of a distribution
    that is no number, as after a failure.
    """
    if not np.isfinite(np.asarray(x)).all():
        return None
    people = np.bincount(model.cells.cell, np.asarray(x), model.employment.size)
    workers = _workers(model, people.reshape(model.shape))[0]
    technology, taste = model.technology, np.asarray(model.taste)
    same = np.asarray(technology.homogeneous) | model.chains.mask(model.shape[1])
    sells = (np.asarray(technology.productivity) > 0) & (workers > 0)
    made = np.any(sells, axis=0)
    far = _costs_apart(model) > _UNDERFLOW or not taste.min(initial=1.0) > 0.0
    if not far and np.all(made | same):
        return None
    bought = _demanded(model, workers)[:, :, 0] & ~np.reshape(
        same, (-1, 1, 1)
    )  # [sector, use, buyer]
    reached = np.broadcast_to(made[:, None, None], bought.shape)
    if far:
        kernel = np.asarray(_freeness(model.market)) > 0  # [seller, buyer, sector, use]
        reached = np.einsum("is,ijsu->suj", sells, kernel) > 0
    missing = np.argwhere(bought & ~reached)
    if not len(missing):
        return None
    sector, _, buyer = missing[0]
    others = f" (and {len(missing) - 1} more)" * (len(missing) > 1)
    return Status.NO_EQUILIBRIUM, (
        f"{model.sectors[sector]} is bought in {model.places[buyer]}, and nobody who makes it "
        f"sells there{others}; must be made by somebody at a finite cost of trade, or have no "
        "share in spending and inputs"
    )


def impasse(model: Any, prices: Prices, x: Array) -> str:
    """Which place transfers leave next to nothing to spend, in words; empty if none."""
    flows = model.flows(prices, x)
    wages = np.asarray(flows.wages)
    left = np.asarray(flows.spendable) / np.where(wages > 0, wages, np.inf)
    left = np.where(wages > 0, left, np.inf)
    place = int(np.argmin(left))
    if not left[place] < _POOR:
        return ""
    return (
        f"the income of {model.places[place]} falls to nothing: its deficit of "
        f"{float(model.deficit[place]):.6g} is more than it can pay out of what it earns; make "
        "deficits smaller, trade cheaper, or take a deficit rule in shares of income"
    )


def _one_way(
    model: Any, link: np.ndarray, deficit: np.ndarray, least: float
) -> tuple[Status, str] | None:
    reach = _closure(link)
    for part in _components(reach & reach.T):
        others = np.setdiff1d(np.arange(len(link)), part)
        sells = bool(link[np.ix_(part, others)].any())
        buys = bool(link[np.ix_(others, part)].any())
        total = float(deficit[part].sum())
        if sells and not buys and not total < -least:
            return Status.NO_EQUILIBRIUM, (
                f"{_names(model, part)} can sell to others and buy nothing from them, with a "
                f"deficit of {total:.6g}; must be negative"
            )
        if buys and not sells and not total > least:
            return Status.NO_EQUILIBRIUM, (
                f"{_names(model, part)} can buy from others and sell nothing to them, with a "
                f"deficit of {total:.6g}; must be positive"
            )
    return None


def _links(model: Any) -> np.ndarray | None:
    """Who sells to whom, by the same rule as :func:`links`; None where all trade, plainly."""
    taste = np.asarray(model.taste)
    workers, hires = _workers(model, np.asarray(model.employment))
    sells = (np.asarray(model.productivity) > 0) & (workers > 0)
    some = taste if taste.min(initial=0.0) > 0 else np.where(taste > 0, taste, np.inf)
    all_trade = some is taste or (taste.max(axis=3) > 0).any(axis=2).all()
    # Of n sellers the smallest has exp(-apart) / n of a market, or more.
    apart = _apart(some, taste) + _costs_apart(model) if all_trade and sells.all() else np.inf
    if apart < -np.log(_LEAST * len(taste)):
        return None
    found, shared = _sales(
        model.market,
        model.closure,
        model.technology,
        model.household,
        _demanded(model, workers),
        sells,
    )
    return np.asarray(found) | hires | np.asarray(shared)


def _apart(some: np.ndarray, taste: np.ndarray) -> float:
    """Log of the largest taste over the smallest of any market, among those that are ``some``."""
    low, high = some.min(axis=0), taste.max(axis=0)
    bought = high > 0
    return float(np.log(high[bought] / low[bought]).max(initial=0.0))


def _costs_apart(model: Any) -> float:
    """The same of what trade costs and duties leave of sales, or a bound of it."""
    response = if_given(model.market.tariff_response)
    steep = 1.0 if response is None else float(np.max(np.asarray(response)))
    weighted = (
        (1.0, _ends(model.tau)),
        (steep, 1.0 + _ends(model.tariff)),
        (1.0, 1.0 + _ends(model.export_tax)),
    )
    total = sum(weight * np.log(high / low) for weight, (low, high) in weighted)
    return float(np.max(np.asarray(model.theta)) * total)


def _ends(values: Any) -> np.ndarray:
    """The smallest and the largest."""
    found = np.asarray(values)
    return np.array([found.min(initial=np.inf), found.max(initial=-np.inf)])


@plain_jit
def _freeness(market: Any) -> Array:
    return market.freeness()


@plain_jit
def _sales(
    market: Any, closure: Any, technology: Any, household: Any, demanded: Any, sells: Any
) -> tuple[Array, Array]:
    kernel = jnp.transpose(market.freeness(), (2, 3, 0, 1)) * demanded
    return links(kernel, sells), pooled(closure, technology, household)


def commuters(
    commute: Float[Array, "residence workplace sector"], people: Float[Array, "place sector"]
) -> Bool[Array, "residence workplace"]:
    """From which places people go to work in which: they sell labour there."""
    return jnp.any((commute > 0) & (people > 0)[:, None, :], axis=2)


def _workers(model: Any, people: np.ndarray) -> tuple[np.ndarray, np.ndarray | bool]:
    """Workers by place and sector, and which places sell labour to which."""
    commute = model.bent.commute
    if commute is None:
        return people, False
    workers = np.einsum("nis,ns->is", np.asarray(commute), people)
    return workers, np.asarray(commuters(commute, jnp.asarray(people)))


def pooled(closure: Any, technology: Any, household: Any) -> Bool[Array, "place place"]:
    """Which places share rents."""
    some = jnp.any(technology.land_share > 0) | jnp.any(household.housing_share > 0)
    same = closure.rent_pool[:, None] == closure.rent_pool[None, :]
    return same & (closure.rent_rule != 0) & some


def _demanded(model: Any, workers: np.ndarray) -> np.ndarray:
    """Where anything of a sector is bought for a class of use: [sector, use, 1, destination]."""
    uses = model.market.taste.shape[3]
    places, sectors = model.shape
    bought = np.zeros((places, sectors, uses))
    for industry, use in enumerate(model.technology.industry_use):
        runs = workers[:, None, industry] > 0
        bought[:, :, use] += np.asarray(model.input_share)[:, :, industry] * runs
    for chain in model.chains.blocks:
        for block, after in zip(chain[:-1], chain[1:], strict=True):
            bought[:, block, 0] += workers[:, after] > 0
    # Who has no income buys nothing: an empty place is no market.
    earns = (workers.sum(axis=1) > 0) | (np.asarray(model.employment).sum(axis=1) > 0)
    earns = (earns | (np.asarray(model.deficit) > 0))[:, None]
    for kind, use in enumerate(model.household.final_use):
        bought[:, :, use] += np.asarray(model.final_share)[:, :, kind] * earns
    return (np.transpose(bought, (1, 2, 0)) > 0)[:, :, None, :]


def _closure(link: np.ndarray) -> np.ndarray:
    reach = link | np.eye(len(link), dtype=bool)
    while True:
        further = (reach.astype(float) @ reach.astype(float)) > 0
        if (further == reach).all():
            return reach
        reach = further


def _components(tied: np.ndarray) -> list[np.ndarray]:
    """Sets of places that are tied to each other, in order."""
    rows = _closure(tied)
    return [np.flatnonzero(row) for row in np.unique(rows, axis=0)[::-1]]


def _names(model: Any, places: np.ndarray) -> str:
    shown = ", ".join(model.places[i] for i in places[:8])
    return shown if len(places) <= 8 else f"{shown} and {len(places) - 8} more"
