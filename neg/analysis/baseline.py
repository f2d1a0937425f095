"""Calibrates the general economy to an input-output table, flow by flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neg.analysis.inversion import invert_moving_costs
from neg.barriers.layers import TradeCosts
from neg.core.checks import check_choice, check_labels
from neg.core.errors import InvalidDataError
from neg.data.table import Table
from neg.economy.general import GeneralEconomy
from neg.economy.general_build import fill, general_economy

USES = ("separate", "common")


def calibrate(
    table: Table,
    *,
    theta: Any = 4.0,
    alpha: Any = 0.0,
    costs: TradeCosts | None = None,
    uses: str = "separate",
    mobility: str | Mapping[str, str] = "immobile",
    areas: Mapping[str, Sequence[str]] | None = None,
    deficit_rule: str = "fixed",
    numeraire: str = "world",
    rebate: str = "proportional",
    residents: Any = None,
    moving_cost: Any = None,
    place_taste: Any = None,
    sector_taste: Any = None,
    labour_supply: Any = None,
) -> GeneralEconomy:
    """The general economy whose equilibrium at unit prices is the table, for any elasticities.

    Units are chosen so that every wage, unit cost and price index is one in the table's year:

        employment L = value added;  cost shares = columns of the table over output
        D_ijsu (tau_ijs (1 + t_ijs))^-theta = origin share in what use u of j buys
        reference quantity Q = Y,  productivity A = 1 / S with S = 1
        deficit_j = spending on final uses and their taxes - value added - all taxes

    ``costs`` gives the trade costs of the table's year by layer, so that scenarios can change
    them; without it every cost is one at the baseline and stands for a change. Solving the result
    after a change of parameters therefore is exact hat algebra. ``theta`` and ``alpha`` are one
    number or one per sector. With ``uses="separate"`` every industry and kind of final demand
    keeps its own mix of origins, so that every entry of the table is reproduced; with ``"common"``
    all uses of a sector share one mix, and bilateral flows by sector are. Value added counts as
    labour. Negative final flows become stock changes of fixed quantity. Tariffs (of ``costs``,
    else of the table) are paid on top of its flows and taken out of its net taxes.

    Who may move, by origin (``residents``), at what ``moving_cost``, with what tastes and labour
    supply, is said as in :func:`neg.economy.general_build.general_economy`. With residents or
    tastes, and no moving costs given, those under which the observed people stay where they are
    are inferred (:func:`neg.analysis.inversion.invert_moving_costs`), so that the table is a
    long-run equilibrium whatever the tastes; at prices of one hours are one.

    Source: Dekle, Eaton and Kortum (2008), IMF Staff Papers 55(3); Caliendo and Parro (2015);
    with people who move, Caliendo, Dvorkin and Parro (2019), Econometrica 87(3).
    """
    check_choice("uses", uses, USES)
    theta = fill("theta", theta, (len(table.sectors),))
    table = table.balanced()
    output = np.where(table.output > 0, table.output, 1.0)
    active = table.output > 0
    n, s = output.shape
    f = len(table.uses)
    tau, tariff = _baseline_costs(table, costs)
    paid = (1.0 + tariff).transpose(0, 2, 1)[..., None]  # [origin, sector, destination, 1]

    taken = np.minimum(table.final, 0.0)
    final = (table.final - taken) * paid
    intermediate = table.intermediate * paid
    bought = np.concatenate([intermediate, final], axis=3)  # [i, s, j, use]
    if uses == "common":
        bought = bought.sum(axis=3, keepdims=True)
    total = bought.sum(axis=0, keepdims=True)
    share = np.divide(bought, total, out=np.zeros_like(bought), where=total > 0)
    taste = share.transpose(0, 2, 1, 3) * ((tau * (1.0 + tariff)) ** theta)[..., None]

    # Tariffs on inputs are part of the net taxes of a balanced table; so are those on final uses.
    tax = table.net_taxes_industry - (intermediate - table.intermediate).sum(axis=(0, 1))
    final_tax = (table.net_taxes_final - (final - table.final + taken).sum(axis=(0, 1))).sum(axis=1)
    spent = final.sum(axis=(0, 1, 3)) + final_tax
    revenue = (table.flows * tariff).sum(axis=(0, 2))
    stock = taken.sum(axis=3)
    earned = table.value_added.sum(axis=1) + tax.sum(axis=1) + final_tax + revenue
    deficit = spent + stock.sum(axis=(0, 1)) - earned
    deficit = np.where(np.abs(deficit) > 1e-10 * earned, deficit, 0.0)  # rounding is no deficit
    economy = general_economy(
        places=table.places,
        sectors=table.sectors,
        kinds=table.uses,
        employment=table.value_added,
        theta=theta,
        alpha=alpha,
        taste=taste,
        tau=tau,
        tariff=tariff,
        productivity=active.astype(float),
        reference=output,
        labour_share=np.where(active, table.value_added / output, 1.0),
        tax_share=np.where(active, tax / output, 0.0),
        input_share=np.where(
            active[:, None, :],
            intermediate.sum(axis=0).transpose(1, 0, 2) / output[:, None, :],
            0.0,
        ),
        final_share=final.sum(axis=0).transpose(1, 0, 2) / spent[:, None, None],
        final_tax=final_tax / spent,
        stock_change=stock if stock.any() else None,
        deficit=deficit - deficit.mean(),
        industry_use=tuple(range(s)) if uses == "separate" else None,
        final_use=tuple(range(s, s + f)) if uses == "separate" else None,
        mobility=mobility,
        areas=areas,
        deficit_rule=deficit_rule,
        numeraire=numeraire,
        rebate=rebate,
        residents=residents,
        moving_cost=moving_cost,
        place_taste=place_taste,
        sector_taste=sector_taste,
        labour_supply=labour_supply,
    )
    chooses = any(part is not None for part in (residents, place_taste, sector_taste))
    if moving_cost is not None or not chooses:
        return economy
    one = {"wage": np.zeros((n, s)), "cost": np.zeros((n, s)), "index": np.zeros(n)}
    income = {"income": np.log(spent + stock.sum(axis=(0, 1)))}
    return invert_moving_costs(economy, prices=one | income)


def _baseline_costs(table: Table, costs: TradeCosts | None) -> tuple[np.ndarray, np.ndarray]:
    """Iceberg factors and tariffs of the table's year."""
    n, s = len(table.places), len(table.sectors)
    if costs is None:
        none = np.zeros((n, n, s))
        return none + 1.0, none if table.tariff is None else np.asarray(table.tariff)
    check_labels("places of costs", costs.places, table.places)
    check_labels("sectors of costs", costs.sectors, table.sectors)
    if bool((costs.export_tax != 0).any()):
        raise InvalidDataError("export taxes at the baseline are not read from a table; must be 0")
    return np.asarray(costs.tau), np.asarray(costs.tariff)
