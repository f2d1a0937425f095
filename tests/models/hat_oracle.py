"""Exact hat algebra of the general economy in plain numpy: the oracle for solving in levels.

Written from the equations in changes (Dekle, Eaton and Kortum 2008; Caliendo and Parro 2015, with
a scale elasticity), it shares no code with the library: baseline shares are taken from a table,
the system in changes is solved by scipy.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import root

from neg.data.table import Table


def hat_counterfactual(
    table: Table,
    theta: np.ndarray,
    alpha: np.ndarray,
    tau_hat: np.ndarray,
    tariff_new: np.ndarray,
    deficit_new: np.ndarray | None = None,
    *,
    mobile: bool,
) -> dict[str, np.ndarray]:
    """Changes of wages, output, prices and real income; ``mobile`` across sectors of a place.

    Fixed: deficits in units of the world's average wage, tax shares, cost and spending shares.
    """
    n, s = table.output.shape
    t0 = np.zeros((n, n, s)) if table.tariff is None else table.tariff
    paid0 = (1 + t0).transpose(0, 2, 1)
    spent = (table.intermediate * paid0[..., None]).sum(axis=3)
    spent = (spent + (table.final * paid0[..., None]).sum(axis=3)).transpose(0, 2, 1)
    share = spent / spent.sum(axis=0)
    output, value = table.output, table.value_added
    by_input = (table.intermediate * paid0[..., None]).sum(axis=0)  # [sector, place, industry]
    cost_input = by_input.transpose(1, 0, 2) / output[:, None, :]  # [place, input, industry]
    cost_labour = value / output
    cost_tax = 1 - cost_labour - cost_input.sum(axis=1)
    final = (table.final * paid0[..., None]).sum(axis=(0, 3)).T
    final_tax = table.net_taxes_final.sum(axis=1) + table.final.sum(axis=(0, 1, 3)) - final.sum(1)
    income0 = final.sum(axis=1) + final_tax
    beta, tax = final / income0[:, None], final_tax / income0
    duties0 = (spent * t0 / (1 + t0)).sum(axis=(0, 2))
    deficit = income0 - value.sum(1) - (cost_tax * output).sum(1) - final_tax - duties0
    deficit = deficit if deficit_new is None else deficit_new
    ratio = (1 + tariff_new) / (1 + t0) * tau_hat

    def prices(wage: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        price = np.ones((n, s))
        for _ in range(4000):
            log = cost_labour * np.log(wage) + np.einsum("iks,ik->is", cost_input, np.log(price))
            cost = np.exp(log / (1 - cost_tax))
            supply = (made / cost) ** alpha * cost**-theta
            new_share = share * supply[:, None, :] * ratio**-theta
            new = new_share.sum(axis=0) ** (-1 / theta)
            done = np.max(np.abs(new / price - 1)) < 1e-15
            price = new
            if done:
                break
        return cost, price, new_share / new_share.sum(axis=0)

    def unpack(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if mobile:
            wage = np.repeat(np.exp(z[:n])[:, None], s, axis=1)
            return wage, np.exp(z[n : n + n * s]).reshape(n, s), np.exp(z[n + n * s :])
        wage = np.exp(z[: n * s]).reshape(n, s)
        return wage, wage, np.exp(z[n * s :])  # labour is fixed: output moves with the wage

    def system(z: np.ndarray) -> np.ndarray:
        wage, made, income_hat = unpack(z)
        _, _, new = prices(wage, made)
        income, made_new = income0 * income_hat, output * made
        demand = beta * income[:, None] + np.einsum("iks,is->ik", cost_input, made_new)
        bought = new * demand
        sales = (bought / (1 + tariff_new)).sum(axis=1)
        duties = (bought * tariff_new / (1 + tariff_new)).sum(axis=(0, 2))
        wages = (value * made).sum(axis=1)
        earned = wages + (cost_tax * made_new).sum(axis=1) + tax * income + duties + deficit
        goods = (np.log(sales) - np.log(made_new)).ravel()
        # One goods market is redundant; the world's average wage is the numeraire instead.
        goods[0] = np.log((value * made).sum() / value.sum())
        parts = [goods, np.log(earned) - np.log(income)]
        if mobile:
            parts.insert(0, np.log(wages / (value.sum(1) * wage[:, 0])))
        return np.concatenate(parts)

    size = n + n * s + n if mobile else n * s + n
    found = root(system, np.zeros(size), method="hybr", tol=1e-14)
    assert np.max(np.abs(system(found.x))) < 1e-12, "the oracle did not converge"
    wage, made, income_hat = unpack(found.x)
    cost, price, new = prices(wage, made)
    index = np.exp((beta * np.log(price)).sum(axis=1) / (1 - tax))
    return {
        "wage": wage,
        "output": made,
        "unit_cost": cost,
        "price_index": price,
        "share": new,
        "income": income_hat,
        "real_income": income_hat / index,
    }
