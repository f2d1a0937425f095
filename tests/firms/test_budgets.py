"""Support of firms in an economy: who pays, what it buys, what is the same as what."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy, short_run
from neg.barriers import ExchangeRisk
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.ledger import largest_imbalance
from neg.economy.lever import Lever
from neg.economy.scene import Scene
from neg.firms import (
    BusinessServices,
    Clusters,
    Credit,
    FinancedSelection,
    FinanceSupport,
    Selection,
    WaysIn,
    WorkingCapital,
)
from neg.models.core_periphery import CorePeriphery

FIXED = np.array([[0.5, 0.8], [0.9, 0.6]])


def economy(**changes):
    given = {"employment": [[1.0, 0.4], [2.0, 0.9]], "theta": [4.5, 4.0], "alpha": [1.0, 0.0]}
    given |= {"tau": [[1.0, 1.3], [1.25, 1.0]], "input_share": [[0.1, 0.1], [0.1, 0.0]]}
    return general_economy(places=["a", "b"], sectors=["goods", "services"], **(given | changes))


def loans(**credit):
    given = {"fixed": FIXED, "entry": [1.0, 1.2], "interest": 0.05, "monitoring": 0.05}
    return FinancedSelection(sectors=("goods",)).with_(**(given | credit))


def solved(*parts, **changes):
    model = compose(economy(**changes), parts)
    found = short_run(model)
    return model, found, found.outcomes


NONE = {"collateral": 0.1, "guarantee": 0.0, "subsidy": 0.0}
NONE |= {"platform": np.zeros(2), "information": np.zeros(2)}
LOANS = {
    "guarantee": {"guarantee": 0.6},
    "interest subsidy": {"subsidy": 0.05},
    "credit information": {"information": np.array([0.02, 0.0])},
    "platform": {"platform": np.array([0.0, 0.03])},
}
SWAP = ExchangeRisk(premium=0.03, coverage=0.5, line=0.01)
MANAGER = Clusters(fee=0.05, cut=0.6, support=0.8, members="managed")
TRADE = {
    "working capital": [WorkingCapital(support=FinanceSupport(subsidy=[0.5, 0.0]))],
    "supply-chain finance": [
        WorkingCapital(finance="supply chain", support=FinanceSupport(subsidy=0.8))
    ],
    "guarantee": [WorkingCapital(support=FinanceSupport(guarantee=[0.5, 0.0], hazard=0.02))],
    "fairs": [WaysIn(fairs=[0.01, 0.0], doubles=0.02)],
    "business services": [BusinessServices(support=[0.0, 0.02], sectors=("services",))],
    "everything": [
        WorkingCapital(
            terms="letter of credit", support=FinanceSupport(subsidy=0.2, letter_subsidy=0.5)
        ),
        SWAP,
        MANAGER,
        WaysIn(fairs=[0.01, 0.0], process="stages"),
        BusinessServices(support=0.01),
        loans(guarantee=0.3, platform=[0.01, 0.02]),
    ],
}


def check_budget(parts):
    """Accounts add up, budgets are what the ledger says, and people consume what is left."""
    model, found, out = solved(*parts, tariff=0.1, export_tax=0.05)
    assert largest_imbalance(found.ledger) <= 1e-12
    ledger = found.ledger
    paid = np.zeros(2)
    for key in (("customs", "firms", "grants"), ("people", "budget", "taxes for outlays")):
        if key in ledger:
            paid = paid + np.sum(ledger[key], axis=1)
    stated = sum(np.asarray(out[f"{part.label}.budget"]) for part in parts)
    assert stated == pytest.approx(np.asarray(paid), rel=1e-9, abs=1e-14)
    assert paid.max() > 1e-4
    people = sum(np.sum(v, axis=0) for (_, payee, _), v in ledger.items() if payee == "people")
    consumed = np.asarray(out["consumption"] * out["consumer_index"])
    taxed = np.sum(ledger.get(("people", "budget", "taxes for outlays"), np.zeros((2, 2))), axis=1)
    assert consumed == pytest.approx(np.asarray(people - taxed), rel=1e-12)
    return out


@pytest.mark.parametrize("name", LOANS)
def test_support_of_loans_is_paid_from_income(name):
    found = check_budget([loans(**(NONE | LOANS[name]))])
    _, _, without = solved(loans(**NONE), tariff=0.1, export_tax=0.05)
    firms = "financed_selection.firms"
    paying = np.asarray(found["financed_selection.budget"]) > 0
    assert (found[firms][paying, :, 0] > without[firms][paying, :, 0]).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n != "everything")) for n in TRADE]
)
def test_trade_finance_and_clusters_are_paid_from_income(name):
    found = check_budget(TRADE[name])
    if name == "supply-chain finance":
        _, _, bank = solved(WorkingCapital(), tariff=0.1, export_tax=0.05)
        factor = "working_capital.factor"
        assert (found[factor][0, 1] < bank[factor][0, 1]).all()


def test_fairs_and_services_lift_what_they_say():
    """Fairs double the lift at ``doubles``; services reach half of their gain at ``halves``."""
    part = WaysIn(fairs=jnp.array([0.02, 0.0]), doubles=0.02, lift=1.5)
    scene = Scene(compose(economy(), []), jnp.ones(4), {}, {})
    twice = WaysIn(lift=jnp.array([3.0, 1.5]))
    for name, value in twice.stocks(scene).items():
        assert part.stocks(scene)[name] == pytest.approx(np.asarray(value), rel=1e-14), name
    assert WaysIn().outlay(scene) is None
    services = BusinessServices(support=jnp.array([0.02, 1e3]), gain=0.1, sectors=("services",))
    rise = services.effects(scene)["productivity"]
    assert rise == pytest.approx(np.array([[0.0, 0.05], [0.0, 0.1]]), rel=1e-12)
    with pytest.raises(InvalidParameterError, match="fairs is not allowed on a CorePeriphery"):
        compose(CorePeriphery(), [WaysIn(fairs=0.1)])
    with pytest.raises(InvalidParameterError, match="'business_services' is not allowed"):
        compose(CorePeriphery(), [BusinessServices()])
    with pytest.raises(UnknownNameError, match="cars"):
        compose(economy(), [BusinessServices(sectors=("cars",))])


@pytest.mark.slow  # two more compilations
def test_grants_leave_the_price_of_buyers_and_trade_pays():
    free = WorkingCapital(days=0.0)
    half = WorkingCapital(support=FinanceSupport(subsidy=1.0))
    _, _, without = solved(free)
    _, _, found = solved(half)
    # The whole cost is paid: buyers pay what they would without it at the same costs of firms.
    index = np.asarray(found["price_index"] / without["price_index"])
    cost = np.asarray(found["unit_cost"] / without["unit_cost"])
    assert index.min() >= cost.min() - 1e-12 and index.max() <= cost.max() + 1e-12
    assert (found["welfare"] < without["welfare"]).any()
    assert found["trade_balance"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("repaid", "monitoring"), [(0.7, 0.0), (0.9, 0.04)])
def test_guarantee_and_subsidy_of_the_same_cut_off_are_the_same(repaid, monitoring):
    given = {"repaid": repaid, "monitoring": monitoring, "collateral": 0.0, "fixed": 0.7}
    bare = {"interest": 0.05, "share": 0.7, "collateral": 0.0}
    plain = Credit(repaid=repaid, monitoring=monitoring, **bare).loan(0.7, 1.0)
    backed = Credit(repaid=repaid, monitoring=monitoring, guarantee=0.5, **bare).loan(0.7, 1.0)
    saved = float(plain.effective - backed.effective)
    _, _, one = solved(loans(guarantee=0.5, **given))
    _, _, other = solved(loans(subsidy=saved, **given))
    for name, value in one.items():
        assert other[name] == pytest.approx(np.asarray(value), rel=1e-9, abs=1e-12), name
    _, _, risky = solved(loans(guarantee=0.5, hazard=0.05, **given))
    sums = "financed_selection.budget"
    assert (risky[sums] > one[sums]).all()  # moral hazard: dearer, and fewer firms
    name = "financed_selection.firms"
    assert (risky[name][:, :, 0] < one[name][:, :, 0]).all()


@pytest.mark.slow
@pytest.mark.parametrize("free", [{"share": 0.0, "subsidy": 0.0}, {"repaid": 1.0}])
def test_without_constraints_it_is_selection(free):
    costless = {"interest": 0.0, "monitoring": 0.0}
    _, _, found = solved(loans(**(costless | free)))
    _, _, plain = solved(Selection(fixed=FIXED, entry=[1.0, 1.2], sectors=("goods",)))
    for name, value in plain.items():
        twin = name.replace("selection.", "financed_selection.")
        assert found[twin] == pytest.approx(np.asarray(value), rel=1e-10, abs=1e-13), name


@pytest.mark.parametrize("support", [{"guarantee": 0.6}, {"subsidy": 0.08, "collateral": 0.1}])
def test_entrants_earn_what_entry_costs(support):
    """Sales pay for production, entry and resources of serving markets, less the budget's part."""
    part = loans(**(NONE | {"collateral": Credit().collateral} | support))
    _, _, found = solved(part, tariff=0.0, export_tax=0.0)
    loan = part.credit.loan(FIXED, np.array([[1.0], [1.2]]))
    cost = np.asarray(found["unit_cost"][:, 0])
    firms = np.asarray(found["financed_selection.firms"][:, :, 0])
    entrants = np.asarray(found["financed_selection.entrants"][:, 0])
    resources = FIXED + 0.05 * np.asarray(loan.amount) + 0.05
    paid = cost[:, None] * firms * (resources - np.asarray(loan.budget))
    sold = np.asarray(found["trade"][:, :, 0])
    profit = sold.sum(axis=1) / 4.0 - paid.sum(axis=1)
    assert profit == pytest.approx(entrants * cost * np.array([1.0, 1.2]), rel=1e-9)
    # Firms at the cut-off earn what they need: sales of the smallest are sigma f_eff.
    mean = sold / firms
    least = mean * (4.5 - 3.0) / 4.5  # Pareto: mean sales over the least
    assert least == pytest.approx(4.0 * cost[:, None] * np.asarray(loan.effective), rel=1e-9)
    spent = np.asarray(found["financed_selection.budget"])
    assert spent == pytest.approx((cost[:, None] * firms * np.asarray(loan.budget)).sum(1))


@pytest.mark.slow
def test_support_per_unit_of_budget_has_derivatives():
    base = compose(economy(), [loans(guarantee=0.2, subsidy=0.02, platform=0.01, information=0.01)])
    names = ("guarantee", "subsidy", "platform", "information")

    def outcome(values):
        model = base
        for name, value in zip(names, values, strict=True):
            model = Lever(f"financed_selection.{name}", "plus").put(model, value)
        found = short_run(model).outcomes
        picked = [found[f"financed_selection.{n}"] for n in ("budget", "entrants", "small_jobs")]
        return jnp.stack([p.reshape(-1)[0] for p in picked] + [found["welfare"][0]])

    at = jnp.zeros(4)
    slopes = jax.jacrev(outcome)(at)
    for k in range(4):
        step = 1e-5 * np.eye(4)[k]
        numeric = (outcome(at + step) - outcome(at - step)) / 2e-5
        assert slopes[:, k] == pytest.approx(np.asarray(numeric), rel=2e-5, abs=1e-8), names[k]
    assert (slopes[0] > 0).all()  # each costs the budget


@pytest.mark.slow  # three economies
@pytest.mark.parametrize("terms", ["open account", "letter of credit"])
def test_guarantee_of_working_capital_is_a_subsidy_of_interest(terms):
    given = {"riskless": 0.06, "repaid": 0.8, "default": 0.02, "terms": terms}
    interest = float(WorkingCapital(**given).interest)
    paid = interest - 0.2 * 0.7 / 0.8
    # The bank gets back what it lends and the interest on it.
    assert 0.8 * (1.0 + paid) + 0.2 * 0.7 == pytest.approx(1.06, rel=1e-14)
    _, _, backed = solved(WorkingCapital(support=FinanceSupport([0.7, 0.0]), **given))
    share = [1.0 - paid / interest, 0.0]
    _, _, cheaper = solved(WorkingCapital(support=FinanceSupport(subsidy=share), **given))
    for name, value in cheaper.items():
        assert backed[name] == pytest.approx(np.asarray(value), rel=1e-9, abs=1e-12), name
    assert backed["working_capital.budget"][0] > 0
    _, _, risky = solved(WorkingCapital(support=FinanceSupport([0.7, 0.0], 0.1), **given))
    sums = "working_capital.budget"
    bought = np.asarray(risky["trade"] / backed["trade"])[0, 1, 0]
    assert risky[sums][0] > backed[sums][0] and bought < 1.0


def test_bad_finance_is_named():
    with pytest.raises(UnknownNameError, match="threshold"):  # loans say what firms need
        loans(threshold=1.1)
    with pytest.raises(UnknownNameError, match="destination"):
        loans(destination=0.5)
    with pytest.raises(InvalidParameterError, match="grant"):
        compose(CorePeriphery(), [WorkingCapital(support=FinanceSupport(subsidy=0.5))])
    with pytest.raises(InvalidParameterError, match="grant"):
        Lever("working_capital.guarantee", "set").put(
            compose(CorePeriphery(), [WorkingCapital()]), 0.5
        )
    with pytest.raises(InvalidParameterError, match="guarantee is not allowed with finance"):
        WorkingCapital(finance="supply chain", support=FinanceSupport(guarantee=0.5))
    with pytest.raises(InvalidParameterError, match=r"hazard = 1 is not allowed"):
        WorkingCapital(support=FinanceSupport(guarantee=1.0, hazard=1.0))
    with pytest.raises(InvalidParameterError, match="support is not allowed on a CorePeriphery"):
        compose(CorePeriphery(), [Clusters(support=0.5)])
