"""Where a change of real income comes from, what trade is worth, and who gains.

Exact changes and first-order splits carry different names here: ``exact_...`` is the change that
the model says, ``first_order_...`` a linear approximation around the baseline.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from neg.core.checks import check_general, check_shape
from neg.core.errors import InvalidDataError, LabelMismatchError, unknown_name
from neg.economy.general import General

Solution = Any
"""A solution of a general economy."""


def real_income_split(before: Solution, after: Solution) -> xr.Dataset:
    """Exact change of welfare of every place beside its first-order split.

        exact_log_change_j = log(welfare after / before)
        first_order_terms_of_trade_j = 1/I_j sum_is (X_jis dlog c_js - X_ijs dlog c_is)
        first_order_volume_of_trade_j = 1/I_j sum_is t_ijs X_ijs (dlog X_ijs - dlog c_is)

    with sales ``X`` at the exporter's border (export taxes included) over pairs of different
    places, tariffs ``t`` and spending ``I`` of the baseline, logs of both solutions. ``c`` is what
    it costs to make what is sold: that of a block of a chain is ``own log unit cost + (1 - own)
    log price`` of what comes from the block before. The last variable says how much of the exact
    change the split leaves unexplained: it holds only for small changes without other distortions
    and with hours that do not answer wages, and is not the change of real income.

    Source: Caliendo and Parro (2015), Review of Economic Studies 82(1), section 5.
    """
    model = before.model
    check_general("before", model)
    old, new = (_numpy(solution.outcomes) for solution in (before, after))
    exact = np.log(new["welfare"] / old["welfare"])
    abroad = ~np.eye(len(model.places), dtype=bool)[:, :, None]
    market = _market(before)
    border = old["trade"] * (1.0 + np.asarray(market.export_tax)) * abroad
    later = new["trade"] * (1.0 + np.asarray(_market(after).export_tax)) * abroad
    cost = (_log_cost(model, new) - _log_cost(model, old))[:, None, :]
    both = (border > 0) & (later > 0)
    growth = np.log(np.where(both, later, 1.0) / np.where(both, border, 1.0))
    income = old["income"]
    terms = ((border * cost).sum(axis=(1, 2)) - (border * cost).sum(axis=(0, 2))) / income
    tariff = np.asarray(market.tariff)
    volume = (tariff * border * np.where(both, growth - cost, 0.0)).sum(axis=(0, 2)) / income
    return _by_place(
        model,
        exact_log_change=(exact, "exact log change of welfare"),
        first_order_terms_of_trade=(terms, "first-order effect of terms of trade"),
        first_order_volume_of_trade=(volume, "first-order effect of the volume of trade"),
        first_order_sum=(terms + volume, "first-order approximation of the log change"),
        not_in_first_order=(exact - terms - volume, "exact change less first-order sum"),
    )


def gains_from_trade(solution: Solution) -> xr.Dataset:
    """Real income over what it would be without trade, from domestic shares alone.

        log gains_j = - sum_s beta_js sum_k [(I - G_j^T)^-1]_sk log(lambda_jjk) / theta_k

    with cost shares of inputs ``G_j``, final shares ``beta`` and domestic shares ``lambda`` in the
    spending of each sector. A block of a chain takes the share ``1 - own_share`` from the block
    before it, its other inputs share what is left, and ``theta`` is the elasticity of demand on
    the link after it: under draws for whole chains this is the share of chains that are domestic
    from end to end, to the power ``-1 / theta``. Exact for ``alpha = 0``, one use per sector,
    workers mobile between the sectors of a place, no tariffs, taxes, land or deficits, and hours
    that do not answer wages; where that does not hold it is the formula's value and not the
    model's (where hours answer, that of what an hour buys).

    Source: Arkolakis, Costinot and Rodriguez-Clare (2012), American Economic Review 102(1);
    Costinot and Rodriguez-Clare (2014), Handbook of International Economics 4, eq. 29; with chains
    Antras and de Gortari (2020), Econometrica 88(4), eq. 15.
    """
    check_general("solution", solution.model)
    model, out = solution.model, _numpy(solution.outcomes)
    trade = out["trade"] * np.asarray(_market(solution).wedge)
    own = np.einsum("jjs->js", trade) / np.where(trade.sum(axis=0) > 0, trade.sum(axis=0), 1.0)
    if np.any((own <= 0) & (trade.sum(axis=0) > 0)):
        place, sector = np.argwhere((own <= 0) & (trade.sum(axis=0) > 0))[0]
        raise InvalidDataError(
            f"{model.places[place]} buys nothing at home in {model.sectors[sector]}: "
            "without trade it could not live; the formula has no value"
        )
    used = np.asarray(_bent(solution).inputs(solution.prices, solution.x).used)
    links = np.eye(len(model.sectors)) - np.transpose(used, (0, 2, 1))
    pull = np.log(np.where(own > 0, own, 1.0)) / _elasticity(model)
    beta = np.asarray(model.final_share).sum(axis=2)
    beta = beta / beta.sum(axis=1, keepdims=True)
    log_gains = -np.sum(beta * np.linalg.solve(links, pull[..., None])[..., 0], axis=1)
    return _by_place(
        model, gains_from_trade=(np.exp(log_gains), "real income over that of autarky, formula")
    )


def market_access(solution: Solution) -> xr.Dataset:
    """What a unit of freeness earns a seller, and what origins within reach give a buyer.

        firm_i = sum_ju K_ijsu P_jsu^theta E_jsu / wedges,   consumer_j = P_jsu^-theta

    In blocks of chains ``theta`` is the elasticity of demand on the link after the block.

    Source: Redding and Venables (2004), Journal of International Economics 62(1).
    """
    check_general("solution", solution.model)
    model, out = solution.model, _numpy(solution.outcomes)
    consumer = out["price_index"][:, :, model.final_use[0]] ** -_elasticity(model)
    dims = ("place", "sector")
    return xr.Dataset(
        {
            "firm_market_access": (dims, out["market_access"]),
            "consumer_market_access": (dims, consumer),
        },
        coords={"place": list(model.places), "sector": list(model.sectors)},
    )


def incidence(before: Solution, after: Solution) -> xr.Dataset:
    """Exact log change of the average real income of each mobility group's workers.

    Averages weigh cells by the group's workers there, before and after.
    """
    model = before.model
    check_general("before", model)
    index, count = np.asarray(model.groups.index), model.groups.count

    def mean(solution: Solution) -> np.ndarray:
        x, value = np.asarray(solution.x), np.exp(np.asarray(solution.payoff))
        total = np.bincount(index, x * np.where(x > 0, value, 0.0), count)
        return total / np.bincount(index, x, count)

    change = np.log(mean(after) / mean(before))
    return xr.Dataset(
        {"exact_log_change": ("group", change)}, coords={"group": list(model.cells.names)}
    )


def dispersion(
    values: Any, weights: Any, places: Sequence[str], areas: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Theil's index of a quantity per head, split exactly between and within areas.

        T = sum_i (x_i / X) log(v_i / V) = between + within,   x_i = weight_i v_i

    ``values`` are per head and positive, ``weights`` heads. Every place must be in one area.

    Source: Theil (1967), Economics and Information Theory, ch. 4.
    """
    v, n = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    check_shape("values", v, (len(places),))
    check_shape("weights", n, (len(places),))
    if np.any(v <= 0) or np.any(n <= 0):
        raise InvalidDataError("values and weights must be positive")
    member = np.full(len(places), -1)
    for k, (area, names) in enumerate(areas.items()):
        for name in names:
            if name not in places:
                raise unknown_name(f"place in area {area}", name, places)
            member[list(places).index(name)] = k
    if np.any(member < 0):
        missing = [name for name, k in zip(places, member, strict=True) if k < 0]
        raise LabelMismatchError(f"places {missing} are in no area; every place must be in one")
    share = n * v / np.sum(n * v)
    total = float(np.sum(share * np.log(v / (np.sum(n * v) / n.sum()))))
    area_share = np.bincount(member, share)
    area_mean = np.bincount(member, n * v) / np.bincount(member, n)
    between = float(np.sum(area_share * np.log(area_mean / (np.sum(n * v) / n.sum()))))
    within = float(np.sum(share * np.log(v / area_mean[member])))
    return {"total": total, "between": between, "within": within}


def _numpy(outcomes: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in outcomes.items()}


def _bent(solution: Solution) -> Any:
    """The economy of a solution with all that its parts do to it."""
    return solution.model.bent_at(solution.prices, solution.x)


def _market(solution: Solution) -> Any:
    """The market of a solution's economy, with all layers of trade cost in it."""
    return _bent(solution).market


def _elasticity(model: General) -> np.ndarray:
    """Elasticity of demand by sector: in blocks of chains, that on the link after the block."""
    return np.asarray(model.chains.on_links(model.market).theta)


def _log_cost(model: General, outcomes: Mapping[str, np.ndarray]) -> np.ndarray:
    """Log cost of what is sold, of own inputs and of what comes from the block before."""
    log_cost = np.log(outcomes["unit_cost"])
    for chain in model.chains.blocks:
        for before, block in itertools.pairwise(chain):
            own = float(np.asarray(model.chains.own_share)[block])
            came = np.log(outcomes["price_index"][:, before, 0])
            log_cost[:, block] = own * log_cost[:, block] + (1.0 - own) * came
    return log_cost


def _by_place(model: General, **variables: tuple[np.ndarray, str]) -> xr.Dataset:
    data = {
        name: ("place", value, {"label": label, "units": "1"})
        for name, (value, label) in variables.items()
    }
    return xr.Dataset(data, coords={"place": list(model.places)})
