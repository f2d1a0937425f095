"""Inversion of trade flows: tastes that make observed flows exact at given wages and people."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, identity
from scipy.sparse.linalg import spsolve

from neg.analysis.inversion import checked_data
from neg.core.checks import check_finite, check_shape
from neg.core.errors import InvalidDataError
from neg.core.parameters import altered
from neg.economy.general import General

_TOLERANCE = 1e-8  # to which sales must be wage bills over labour shares


def invert_tastes(economy: General, wage: Any, employment: Any, flows: Any) -> General:
    """Tastes, spending shares and deficits under which these flows are an equilibrium, exactly.

    ``wage`` and ``employment`` are ``[place, sector]``, ``flows`` sales at the factory gate by
    ``[origin, destination, sector]`` or, where uses have tastes of their own, with a last axis of
    uses; stock changes are not among them. Zeros stay zeros: there the taste is zero. From shares
    ``lam`` of what each destination pays,

        D_ij / D_jj = (lam_ij / lam_jj) (S_j k_jj) / (S_i k_ij),   k = (tau (1 + t) (1 + e))^-theta

    and from the same shares of the destination itself its price indices and, through the linear
    system of input costs, unit costs and supplies ``S``. Normalisation: ``D_jj = 1`` in every
    destination, sector and use (where it buys nothing at home, its largest origin has one).
    Productivity is that of ``economy``: flows cannot tell it from tastes. What flows leave of
    spending after inputs gives final shares, the trade balance gives deficits. Money is rescaled to
    the numeraire. Solving the result returns the flows.

    Refused, by name: sales that are not the wage bill over the labour share, flows from cells
    that cannot produce, and spending below what the inputs cost.

    Source: Head and Mayer (2014), Handbook of International Economics 4, section 3 (ratios of
    shares); Redding and Rossi-Hansberg (2017), Annual Review of Economics 9.
    """
    if "hours" in economy.says:
        raise InvalidDataError("with the part 'hours' hours are an outcome; leave it out first")
    scaled, wage, employment = checked_data(economy, wage, employment)
    flows = _flows(economy, flows) * scaled
    economy = economy.with_(employment=employment)
    n, s = economy.shape
    active = np.asarray(economy.active)
    theta, alpha = np.asarray(economy.theta), np.asarray(economy.alpha)
    share_of_labour = np.where(active, economy.labour_share, 1.0)
    revenue = np.where(active, wage * employment / share_of_labour, 0.0)

    start = {"wage": np.log(wage), "cost": np.zeros((n, s)), "income": np.zeros(n)}
    x = economy.initial_distribution()
    seen_by_parts = economy.bent_at(economy.initial_prices(x) | start, x)
    market = seen_by_parts.market
    wedge = np.asarray(market.wedge)
    paid = flows * wedge[..., None]
    spent = paid.sum(axis=0)
    share = np.divide(paid, spent, out=np.zeros_like(paid), where=spent > 0)
    final = _final_spending(economy, spent, revenue)
    kept = 1.0 - np.asarray(economy.housing_share) - np.asarray(economy.final_tax)
    spendable = final.sum(axis=(1, 2)) / kept

    # Everything below is in logs; unit costs enter supply with slope -(alpha + theta).
    ease = np.log(np.asarray(altered(market, taste=np.ones((n, n, s, 1))).freeness()))[..., 0]
    rest = _log_supply_at_cost_one(seen_by_parts, revenue)
    home = np.broadcast_to(np.arange(n)[:, None, None], share.shape[1:])
    own = np.take_along_axis(share, home[None], axis=0)[0]
    origin = np.where(own > 0, home, share.argmax(axis=0))
    bought = spent > 0
    place, sector = np.arange(n)[:, None, None], np.arange(s)[None, :, None]
    first = np.where(bought, share[origin, place, sector, np.arange(share.shape[3])], 1.0)
    known = rest[origin, sector] + ease[origin, place, sector] - np.log(first)
    index = np.where(bought, -known / theta[:, None], 0.0)  # log price index at costs of one
    land = spendable * np.asarray(economy.housing_share)
    land = (land + (np.asarray(economy.land_share) * revenue).sum(axis=1)) / economy.land
    cost = _unit_costs(economy, np.log(wage), np.asarray(land), index, origin, bought)

    log_s = rest - (alpha + theta) * cost
    level = log_s[origin, sector] + ease[origin, place, sector] - np.log(first)
    there = log_s[:, None, :, None] + ease[..., None]
    taste = np.where(paid > 0, share * np.exp(np.where(paid > 0, level[None] - there, 0.0)), 0.0)

    kept_back = np.zeros((n, s, n)) if economy.stock_change is None else economy.stock_change
    stock = np.asarray(kept_back) * np.exp(cost)[..., None]
    _check_sales(economy, flows.sum(axis=(1, 3)) + stock.sum(axis=2), revenue)
    shares = np.asarray(final / spendable[:, None, None])
    economy = economy.with_(taste=taste, final_share=shares)
    income = spendable + stock.sum(axis=(0, 1))
    prices = {"wage": np.log(wage), "cost": cost, "income": np.log(income)}
    seen = economy.bent_at(economy.initial_prices(x) | prices, x).flows(prices, x)
    earned = np.asarray(seen.earned - seen.deficit)
    deficit = _deficits(economy, income - earned, np.sum(wage * employment, axis=1))
    return economy.with_(deficit=deficit, income_start=earned)


def _flows(economy: General, flows: Any) -> np.ndarray:
    """Flows with an axis of uses, checked."""
    n, s = economy.shape
    uses = economy.taste.shape[3]
    flows = np.asarray(flows, dtype=float)
    if flows.ndim == 3 and uses == 1:
        flows = flows[..., None]
    check_shape("flows", flows, (n, n, s, uses))
    check_finite("flows", flows, nonnegative=True)
    silent = flows.sum(axis=(1, 3)) > 0
    if (silent & ~np.asarray(economy.active)).any():
        i, k = np.argwhere(silent & ~np.asarray(economy.active))[0]
        raise InvalidDataError(
            f"flows leave {economy.places[i]}:{economy.sectors[k]}, which cannot produce; "
            "must be zero, or its productivity positive"
        )
    return flows


def _final_spending(economy: General, spent: np.ndarray, revenue: np.ndarray) -> Any:
    """Final spending [place, sector, kind]: what inputs leave, split as the economy splits it."""
    left = spent.copy()
    inputs = np.asarray(economy.input_share) * revenue[:, None, :]
    for industry, use in enumerate(economy.industry_use):
        left[:, :, use] -= inputs[:, :, industry]
    small = _TOLERANCE * spent.sum(axis=2, keepdims=True)
    buys = np.isin(np.arange(left.shape[2]), economy.final_use)
    wrong = (left < -small) | (~buys & (np.abs(left) > small))
    if wrong.any():
        j, k, _ = np.argwhere(wrong)[0]
        raise InvalidDataError(
            f"{economy.places[j]} buys {spent[j, k].sum():.6g} of {economy.sectors[k]}; its "
            f"inputs cost {inputs[j, k].sum():.6g} and must be covered, use by use"
        )
    old = np.asarray(economy.final_share)
    final = np.zeros_like(old)
    for use in set(economy.final_use):
        kinds = [kind for kind, of in enumerate(economy.final_use) if of == use]
        total = old[:, :, kinds].sum(axis=2, keepdims=True)
        even = np.full_like(old[:, :, kinds], 1.0 / len(kinds))
        mix = np.divide(old[:, :, kinds], total, out=even, where=total > 0)
        final[:, :, kinds] = mix * np.maximum(left[:, :, use, None], 0.0)
    return final


def _log_supply_at_cost_one(economy: Any, revenue: np.ndarray) -> np.ndarray:
    theta, alpha = np.asarray(economy.theta), np.asarray(economy.alpha)
    active = np.asarray(economy.active)
    efficiency = economy.bent.efficiency
    return (
        np.log(np.where(active, economy.productivity, 1.0))
        + theta * (0.0 if efficiency is None else np.asarray(efficiency))
        + alpha * np.log(np.where(active, revenue / np.asarray(economy.reference), 1.0))
    )


def _unit_costs(
    economy: General,
    log_wage: np.ndarray,
    rent: np.ndarray,
    index: np.ndarray,
    origin: np.ndarray,
    bought: np.ndarray,
) -> np.ndarray:
    """Log unit costs, linear in each other: an index moves with the cost of its first origin."""
    n, s = economy.shape
    active = np.asarray(economy.active)
    kept = np.where(active, 1.0 - np.asarray(economy.tax_share), 1.0)
    uses = list(economy.industry_use)
    inputs = np.asarray(economy.input_share) * active[:, None, :]
    log_rent = np.where(rent > 0, np.log(np.where(rent > 0, rent, 1.0)), 0.0)[:, None]
    known = np.asarray(economy.labour_share) * log_wage
    known = known + np.asarray(economy.land_share) * log_rent
    known = (known + (inputs * index[:, :, uses]).sum(axis=1)) * active / kept
    slope = (1.0 + np.asarray(economy.alpha) / np.asarray(economy.theta))[None, :, None]
    entry = inputs * slope * bought[:, :, uses] / kept[:, None, :]
    j, k, industry = np.nonzero(entry)
    of = np.asarray(uses)[industry]
    column = origin[j, k, of] * s + k
    links = csr_matrix((entry[j, k, industry], (j * s + industry, column)), shape=(n * s, n * s))
    cost = np.asarray(spsolve((identity(n * s) - links).tocsc(), known.ravel()))
    if not np.isfinite(cost).all():
        raise InvalidDataError("input links leave unit costs undetermined at these flows")
    return cost.reshape(n, s)


def _check_sales(economy: General, sales: Any, revenue: np.ndarray) -> None:
    gap = np.abs(np.asarray(sales) - revenue)
    wrong = gap > _TOLERANCE * np.maximum(revenue, revenue.mean())
    if wrong.any():
        i, k = np.unravel_index(np.argmax(gap), gap.shape)
        raise InvalidDataError(
            f"sales of {economy.places[i]}:{economy.sectors[k]} add up to "
            f"{np.asarray(sales)[i, k]:.10g}; must be its wage bill over its labour share, "
            f"{revenue[i, k]:.10g}"
        )


def _deficits(economy: General, needed: np.ndarray, wages: np.ndarray) -> np.ndarray:
    """The deficits that the economy's rule turns into those needed."""
    needed = needed - needed.mean()  # rounding
    start = np.asarray(economy.employment).sum(axis=1)
    rule = economy.closure.named("deficit_rule")
    if rule == "zero" and (np.abs(needed) > _TOLERANCE * wages.sum()).any():
        raise InvalidDataError("flows are not balanced; deficit_rule 'zero' needs balanced trade")
    if rule == "world-share":
        return needed * start.sum() / wages.sum()
    if rule == "own-share":  # scaled to add up by the rule; must add up here too
        paid, part = wages / start, wages / wages.sum()
        return (needed - np.sum(needed / paid) / np.sum(part / paid) * part) / paid
    return np.zeros_like(needed) if rule == "zero" else needed
