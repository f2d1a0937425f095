"""Tastes and productivity under which a table is the equilibrium of an economy of places."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from neg.analysis.baseline import check_untaxed
from neg.core.compilation import quick_jit
from neg.core.numbers import if_given
from neg.data import Table
from neg.east_asia.accounts import Accounts
from neg.east_asia.gravity import fit_blocks
from neg.economy.general import Mobility
from neg.economy.general.build import general_economy
from neg.economy.general.fill import spread
from neg.economy.part import Part


class Baseline(NamedTuple):
    """An economy of which a table is the equilibrium, and what is known of it."""

    economy: Any
    prices: Any
    """Log prices of the equilibrium."""
    money: float
    """USD (a worker and year) that a unit of the numeraire is worth."""
    gap: float
    """Largest gap of flows to the sums of the table, over that sum."""


class _Paid(NamedTuple):
    """What places pay with duties, over the output or the final spending of their economy."""

    inputs: Float[np.ndarray, "place input sector"]
    tax: Float[np.ndarray, "place sector"]
    final: Float[np.ndarray, "place sector"]
    final_tax: Float[np.ndarray, " place"]
    duty: Float[np.ndarray, "place sector"]
    """One plus the duty on what a place buys of a sector, of all origins."""


def fitted(
    own: Accounts,
    near: Float[np.ndarray, "origin destination"],
    parts: tuple[Part, ...],
    theta: Any,
    alpha: Any,
    mobility: str,
    **closure: Any,
) -> Baseline:
    """The economy with tastes and productivity that make the table its equilibrium.

    With ``t`` the duties that parts levy at the baseline, flows before duty are

        X_ijs = S_is D_ijs (tau_ijs (1 + t_ijs))^-theta_s P_js^theta_s E_js / (1 + t_ijs)

    and add up to the table's. Duties are part of the table's net taxes: what industries and people
    pay for goods rises by them, net taxes fall, and the revenue stays with the place that buys.

    Raises:
        InvalidDataError: export taxes or grants at the baseline, which a table does not show.
    """
    table, member = own.table, own.member
    n, s = len(own.names), len(table.sectors)
    scale = float((own.wage * own.workers).sum() / own.workers.sum())
    output, added = table.output, table.value_added
    some = np.where(output > 0, output, 1.0)
    spent = table.final_use.sum(axis=1) + table.net_taxes_final.sum(axis=1)
    earned = added.sum(axis=1) + table.net_taxes_industry.sum(axis=1)
    earned = earned + table.net_taxes_final.sum(axis=1)
    wage = own.wage / scale
    people = own.by_place(added) / own.wage[:, None]
    deficit = own.by_place(spent - earned) / scale
    named = {"sector": table.sectors}
    theta = np.asarray(spread("theta", theta, named, (s,)))
    alpha = np.asarray(spread("alpha", alpha, named, (s,)))
    areas = {
        name: [own.names[i] for i in np.flatnonzero(member == k)]
        for k, name in enumerate(table.places)
    }
    paid = _paid(table, member, np.zeros((n, n, s)), [])
    first = general_economy(
        places=own.names,
        sectors=table.sectors,
        employment=people,
        theta=theta,
        alpha=alpha,
        taste=np.broadcast_to(near[..., None], (n, n, s)),
        productivity=(own.by_place(output) > 0).astype(float),
        labour_share=(added / some)[member],
        tax_share=paid.tax,
        input_share=paid.inputs,
        final_share=paid.final,
        final_tax=paid.final_tax,
        deficit=deficit - deficit.mean(),
        income_start=own.by_place(earned) / scale,
        mobility=Mobility(mobility, areas),
        parts=parts,
        **closure,
    )
    freeness, tariff, *levied = _at_start(first)
    check_untaxed(*levied)
    freeness, tariff = np.asarray(freeness), np.asarray(tariff)
    kernel = freeness / (1.0 + tariff)
    made = own.by_place(output) / scale
    flows = table.flows / scale
    bought = own.by_place(flows.sum(axis=0))
    fits = [
        fit_blocks(kernel[..., k], made[:, k], bought[:, k], flows[..., k], member)
        for k in range(s)
    ]
    if tariff.any():
        sold = [
            one.origin[:, None]
            * one.destination
            * one.pair[np.ix_(member, member)]
            * kernel[..., k]
            for k, one in enumerate(fits)
        ]
        paid = _paid(table, member, tariff, sold)
    weight = np.stack([one.destination for one in fits], axis=1)
    log_index = -np.log(bought * paid.duty / weight) / theta
    log_cost = (added / some)[member] * np.log(wage)[:, None]
    log_cost = log_cost + np.einsum("iks,ik->is", paid.inputs, log_index)
    log_cost = log_cost / (1.0 - paid.tax)
    supply = np.stack([one.origin for one in fits], axis=1)
    pair = np.stack([one.pair for one in fits], axis=2)[member][:, member]
    economy = first.with_(
        taste=(near[..., None] * pair)[..., None],
        productivity=supply * np.exp(theta * log_cost),
        reference=made / np.exp(log_cost),
        tax_share=paid.tax,
        input_share=paid.inputs,
        final_share=paid.final[..., None],
        final_tax=paid.final_tax,
    )
    income = np.log(own.by_place(spent) / scale)
    known = {"wage": np.repeat(np.log(wage)[:, None], s, axis=1), "cost": log_cost}
    x = economy.initial_distribution()
    prices = economy.initial_prices(x) | known | {"income": income}
    return Baseline(economy, prices, scale, max(one.gap for one in fits))


def _paid(table: Table, member: np.ndarray, tariff: np.ndarray, sold: list[np.ndarray]) -> _Paid:
    """Cost shares of places with the duties on what they buy, taken out of their net taxes.

    The duty of a use in an economy is that on its own origins, as the table has them; that of a
    place differs from its economy's as the flows ``sold [origin, destination]`` of a sector do.
    """
    some = np.where(table.output > 0, table.output, 1.0)
    count, sectors = len(table.places), len(table.sectors)
    of = np.eye(count)[member]
    between = np.ones((count, count, sectors))  # one plus duty, of pairs of economies
    duty = np.ones((len(member), sectors))
    for k, flow in enumerate(sold):
        whole = of.T @ flow @ of
        total = of.T @ (flow * (1.0 + tariff[..., k])) @ of
        between[..., k] = np.divide(total, whole, out=np.ones_like(whole), where=whole > 0)
        duty[:, k] = _ratio((flow * (1.0 + tariff[..., k])).sum(axis=0), flow.sum(axis=0))
    over = between.transpose(0, 2, 1)[..., None]  # [origin, sector, destination, 1]
    inputs = (table.intermediate * over).sum(axis=0).transpose(1, 0, 2)
    final = (table.final * over).sum(axis=(0, 3)).T
    mean = _ratio((table.flows * between).sum(axis=0), table.flows.sum(axis=0))
    apart = duty / mean[member]  # what a place pays over what its economy does
    inputs = (inputs / some[:, None, :])[member] * apart[..., None]
    final = final[member] * apart
    tax = (table.net_taxes_industry + table.inputs.sum(axis=1)) / some
    spent = table.final_use.sum(axis=1) + table.net_taxes_final.sum(axis=1)
    spent = spent[member]
    return _Paid(
        inputs,
        tax[member] - inputs.sum(axis=1),
        final / spent[:, None],
        1.0 - final.sum(axis=1) / spent,
        duty,
    )


def _ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.divide(one, other, out=np.ones_like(one), where=other > 0)


@quick_jit
def _at_start(economy: Any) -> Any:
    """Freeness, tariffs, export taxes and grants at the start."""
    x = economy.initial_distribution()
    seen = economy.bent_at(economy.initial_prices(x), x)
    market = seen.market
    return market.freeness()[..., 0], market.tariff, market.export_tax, if_given(seen.bent.grant)
