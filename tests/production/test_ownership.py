"""Ownership in an economy: the published menu at given wages, both limits, accounts, gradients."""

from __future__ import annotations

import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from neg import compose, general_economy, short_run
from neg.analysis import Lever, gradient
from neg.core.errors import InvalidParameterError
from neg.economy.general.technology import Technology
from neg.menus import Pareto, free_entry
from neg.production import Ownership, SetUp, property_rights_menu

SECTORS = ("parts", "assembly", "goods", "food")


@eqx.filter_jit
def seen_at(model, prices, x):
    return *model.evaluate(prices, x), model.outcomes(prices, x)


def economy(**given):
    rng = np.random.default_rng(8)
    inputs = np.zeros((4, 4))
    inputs[1, 2], inputs[3, 2], inputs[3, 0] = 0.2, 0.1, 0.2
    home = np.eye(2, dtype=bool)[..., None]
    settings = {
        "places": ("A", "B"),
        "sectors": SECTORS,
        "employment": 0.5 + rng.random((2, 4)),
        "theta": [5.0, 5.0, 3.0, 4.0],
        "alpha": [0.2, 0.0, 1.0, 0.0],
        "chains": [SECTORS[:2]],
        "own_share": [1.0, 0.4, 1.0, 1.0],
        "tau": np.where(home, 1.0, 1.1 + 0.2 * rng.random((2, 2, 4))),
        "tariff": 0.05,
        "productivity": 0.7 + rng.random((2, 4)),
        "input_share": inputs,
        "land_share": 0.05,
        "tax_share": [0.0, 0.02, 0.05, 0.0],
        "final_share": [0.0, 0.1, 0.5, 0.4],
    }
    return general_economy(**settings | given)


def moved(model, seed=1):
    x = model.initial_distribution()
    rng = np.random.default_rng(seed)
    start = model.initial_prices(x)
    return {k: v + 0.05 * rng.normal(size=v.shape) for k, v in start.items()}, x


def consistent(composed, prices, x):
    """The prices with unknowns of the part that are what they are taken to be."""
    names = [name for name in prices if "." in name]
    for _ in range(6):
        residual, *_ = seen_at(composed, prices, x)
        prices = prices | {name: prices[name] + residual[name] for name in names}
    residual, *_ = seen_at(composed, prices, x)
    assert max(float(jnp.abs(residual[name]).max()) for name in names) < 1e-12
    return prices


RIGHTS = {"keeps": [0.5, 0.6], "owned": 0.8, "owned_abroad": [0.65, 0.7], "integration": 0.1}
COSTS = {"set_up": [0.4, 0.6], "fixed": 1.0, "entry": 0.5}


@pytest.mark.slow  # compiles two economies
def test_with_complete_contracts_ownership_changes_nothing():
    """Firms buy at arm's length then: the economy of set-up costs, in every number."""
    base = economy()
    ours = compose(base, [Ownership(**RIGHTS, **COSTS, contracts=1.0)])
    theirs = compose(base, [SetUp(**COSTS)])
    prices, x = moved(base)
    starts = (model.initial_prices(x) for model in (ours, theirs))
    full, plain = (
        consistent(model, prices | {n: v for n, v in start.items() if n not in prices}, x)
        for model, start in zip((ours, theirs), starts, strict=True)
    )
    (found, value, out), (want, other, known) = seen_at(ours, full, x), seen_at(theirs, plain, x)
    for name in ("wage", "cost", "income"):
        np.testing.assert_allclose(found[name], want[name], atol=1e-12)
    np.testing.assert_allclose(value, other, atol=1e-12)
    np.testing.assert_allclose(out["trade"], known["trade"], rtol=1e-12, atol=1e-13)
    assert float(out["ownership.owned"].max()) == 0.0
    share = out["ownership.fragmented"]
    np.testing.assert_allclose(share, known["fragmentation.fragmented"], rtol=1e-12)
    assert 0.05 < float(share[0, 2]) < 0.95


@pytest.mark.slow  # compiles an economy
def test_at_given_wages_the_forms_are_those_of_the_menu():
    """Parts of South or North for a firm of North, bought or owned: Antras and Helpman (2004)."""
    sigma, share, wage = 4.0, 0.3, 0.4
    al = 1.0 - 1.0 / sigma
    base = general_economy(
        places=("North", "South"),
        sectors=("parts", "modules", "goods"),
        employment=[[0.2, 0.2, 0.5], [0.4, 0.0, 0.0]],
        productivity=[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]],
        theta=[300.0, 300.0, sigma - 1.0],  # draws hardly differ: in the source they do not
        alpha=[0.0, 0.0, 1.0],
        chains=[("parts", "modules")],
        own_share=[1.0, 0.05, 1.0],
        input_share=[[0, 0, 0], [0, 0, share], [0, 0, 0]],
        final_share=[0.0, 0.0, 1.0],
        numeraire="North",
    )
    part = Ownership(
        set_up=1.5,
        fixed=0.8,
        integration=0.2,
        entry=0.5,
        size=Pareto(1.5),
        keeps=0.5,
        owned=0.8,
        owned_abroad=0.65,
    )
    composed = compose(base, [part])
    x = composed.initial_distribution()
    start = composed.initial_prices(x)
    prices = start | {"wage": jnp.zeros((2, 3)).at[1, 0].set(np.log(wage))}
    for _ in range(12):  # unit costs follow from wages
        residual, *_ = seen_at(composed, prices, x)
        free = {k: v + residual[k] for k, v in prices.items() if k not in ("wage", "income")}
        prices = prices | free
    residual, _, out = seen_at(composed, prices, x)
    for name in ("cost", "ownership.saving", "ownership.relative"):
        assert float(jnp.abs(residual[name]).max()) < 1e-12, name
    # What the good of the chain costs a firm of North over its own wage, in the South and at home.
    saving = float(prices["ownership.saving"][0, 0, 0])
    abroad = float(jnp.exp(-prices["ownership.relative"][0, 2]))
    at_home = abroad * np.exp(saving)
    assert at_home == pytest.approx(1.0, rel=1e-2) and abroad < 0.5
    given = {
        "alpha": al,
        "eta": 1.0 - share / al,
        "keeps": {"NO": 0.5, "NV": 0.8, "SO": 0.5, "SV": 0.65},
        "fixed_cost": {"NO": 0.8, "NV": 1.0, "SO": 2.3, "SV": 2.7},
        "wage_south": abroad / at_home,
    }
    scale = float(free_entry(property_rights_menu(demand=1.0, **given), part.size, 0.5))
    menu = property_rights_menu(demand=scale, **given).choose(part.size)
    forms = out["ownership.firms_by_form"][0, 2].reshape(-1)
    np.testing.assert_allclose(forms, menu.active[1:], rtol=1e-12, atol=1e-14)
    assert (np.asarray(forms) > 0).sum() >= 3
    # Shares of profit before fixed costs: those of sales times what a form leaves of them.
    b = np.array([0.5, 0.8, 0.5, 0.65])
    left = 1.0 - b * (al - share) - (1.0 - b) * share
    profit = np.asarray(out["ownership.sales_by_form"][0, 2]).reshape(-1) * left
    np.testing.assert_allclose(profit / profit.sum(), menu.sales_share[1:], rtol=1e-12, atol=1e-14)
    bought = share * (1.0 - b) @ np.asarray(out["ownership.sales_by_form"][0, 2]).reshape(-1)
    assert float(out["ownership.bought"][0, 2]) == pytest.approx(bought, rel=1e-12)


@pytest.fixture(scope="module")
def solved():
    return short_run(compose(economy(), [Ownership(**RIGHTS, **COSTS, contracts=[0.2, 0.0])]))


@pytest.mark.slow
def test_every_account_pays_what_it_receives_and_no_profit_is_left(solved):
    paid, received = {}, {}
    for (payer, payee, _), flow in solved.model.ledger(solved.prices, solved.x).items():
        flow = np.asarray(flow)
        paid[payer] = paid.get(payer, 0.0) + flow.sum(axis=1)
        received[payee] = received.get(payee, 0.0) + flow.sum(axis=0)
    for account, total in paid.items():
        np.testing.assert_allclose(total, received[account], rtol=1e-11, atol=1e-12)
    out = {k.removeprefix("ownership."): np.asarray(v)[:, 2] for k, v in solved.outcomes.items()
           if k.startswith("ownership.")}  # fmt: skip
    assert ((out["owned"] > 0.01) & (out["owned"] < 0.99)).all()
    np.testing.assert_allclose(out["sales_by_form"].sum(axis=(1, 2)), 1.0, rtol=1e-12)
    # Own inputs less what variable cost takes of them is what entrants and firms pay.
    revenue = np.asarray(solved.outcomes["output"])[:, 2] * 0.95
    al, wm, c = 0.75, 0.2 / 0.95, np.array([0.2, 0.0])[:, None, None]
    keeps, owned, abroad = (
        np.broadcast_to(RIGHTS[name], 2)[:, None] for name in ("keeps", "owned", "owned_abroad")
    )
    b = np.stack([np.broadcast_to(keeps, (2, 2)), np.concatenate([owned, abroad], axis=1)], axis=2)
    some = (1 - (1 - c) * (b * (al - wm) + (1 - b) * wm)) / (1 - (1 - c) * al)
    variable = (al - wm) * ((1 - c) * b + c * some) + wm * ((1 - c) * (1 - b) + c * some)
    np.testing.assert_allclose(variable + (1 - al) * some, 1.0, rtol=1e-12)
    fixed_money = revenue * (out["sales_by_form"] * (1 - variable)).sum(axis=(1, 2))
    q = np.arange(2)[:, None]
    cost = 1.0 + q * np.array(COSTS["set_up"])[:, None, None] + np.arange(2) * (q + 1) * 0.1
    bundles = 0.5 + out["active"] * (out["firms_by_form"] * cost).sum(axis=(1, 2))
    price = fixed_money / (out["entrants"] * bundles)
    share = out["bought"]
    relative = np.asarray(solved.prices["ownership.relative"])[:, 2]
    unit = np.asarray(solved.prices["cost"])[:, 2]
    np.testing.assert_allclose(np.log(price), unit + share * relative, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["ownership.contracts", "ownership.integration", "tau"])
def test_gradients_are_those_of_differences(solved, path):
    def total(out):
        return jnp.sum(out["ownership.owned"][:, 2] + jnp.log(out["welfare"]))

    given = {"sectors": ("parts",)} if path == "tau" else {"places": ("A",)}
    lever = Lever(path, "times", **given)
    slope = float(np.nansum(gradient(solved.model, total, lever).values))
    step = 1e-5
    ends = [
        float(total(short_run(lever.put(solved.model, 1.0 + sign * step)).outcomes))
        for sign in (1.0, -1.0)
    ]
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)


def test_bent_shares_of_inputs_add_up():
    technology = economy().technology
    effect = jnp.asarray(np.random.default_rng(2).normal(size=(2, 4, 4)) * 0.3)
    bent = technology.bent({"inputs": effect})
    assert isinstance(bent, Technology) and technology.bent({}) is technology
    for one in (technology, bent):
        total = one.labour_share + one.land_share + one.tax_share + one.input_share.sum(axis=1)
        np.testing.assert_allclose(total, 1.0, rtol=1e-14)
    ratio = [one.labour_share / one.land_share for one in (technology, bent)]
    np.testing.assert_allclose(*ratio, rtol=1e-13)


def test_what_makes_no_sense_is_named():
    base = economy()
    for model, parts, told in (
        (economy(chains=(), own_share=1.0), [Ownership()], "has no chain of two blocks"),
        (economy(alpha=[0.2, 0.0, 0.5, 0.0]), [Ownership()], "part 'ownership'; must be 1"),
        (base, [Ownership(), SetUp()], "how firms cut chains"),
    ):
        with pytest.raises(InvalidParameterError, match=told):
            compose(model, parts)
    with pytest.raises(InvalidParameterError, match="keeps = 1"):
        Ownership(keeps=1.0)


def alone_by_hand(c, integration, wm=0.2, sigma=4.0, fixed=1.0, entry=0.5, kappa=1.5):
    """Log real income of a closed place whose workers stay, up to a constant; spending on chains.

    Forms: bought, owned in one place, owned in two. Between the scales at which two forms earn the
    same, integrals over the Pareto law are in closed form; free entry gives b, and fixed labour
    in both uses gives the prices that spending clears at.
    """
    al = 1.0 - 1.0 / sigma
    wh, keeps = al - wm, np.array([0.5, 0.8, 0.65])
    profit = (1 - (1 - c) * (keeps * wh + (1 - keeps) * wm)) / (1 - (1 - c) * al)
    made, supplied = ((side ** (1 - c) * profit**c) for side in (keeps, 1 - keeps))
    revenue = made ** (sigma * wh) * supplied ** (sigma * wm)
    bought = (1 - c) * (1 - keeps) + c * profit
    cost = fixed + integration * np.arange(3)

    def totals(b):
        slope = b * profit * revenue
        ends = [*(cost / slope)]
        for i, j in ((1, 0), (2, 0), (2, 1)):
            if slope[i] != slope[j]:
                ends.append((cost[i] - cost[j]) / (slope[i] - slope[j]))
        ends = np.unique([1.0, *(end for end in ends if end > 1.0), np.inf])
        gain = spent = sold = 0.0
        for low, high in itertools.pairwise(ends):
            x = 2.0 * low if np.isinf(high) else np.sqrt(low * high)
            k = int(np.argmax(slope * x - cost))
            if slope[k] * x > cost[k]:
                mass = kappa / (kappa - 1) * (low ** (1 - kappa) - high ** (1 - kappa))
                gain += slope[k] * mass - cost[k] * (low**-kappa - high**-kappa)
                sold += revenue[k] * mass
                spent += revenue[k] * bought[k] * mass
        return gain, spent / sold

    b = np.exp(brentq(lambda log_b: np.log(totals(np.exp(log_b))[0] / entry), -4, 8, xtol=1e-14))
    share = totals(b)[1]
    own = (1 - wm) * np.log(1 - wm * share) + wm * np.log(share)
    return (-np.log(b) - sigma * own) / (sigma - 1), wm * share


@pytest.mark.slow
def test_a_closed_place_is_that_by_hand():
    """A second route to real income, which falls before it rises as contracts improve.

    Contracts for a part of what is done leave the rest behind, out of proportion, and make firms
    buy what they owned.
    """
    far = [[1.0, 1e4], [1e4, 1.0]]
    base = general_economy(
        places=["a", "b"],
        sectors=["parts", "assembly", "goods"],
        theta=[5.0, 5.0, 3.0],
        employment=[[0.2, 0.2, 0.4]] * 2,
        alpha=[0.0, 0.0, 1.0],
        tau=far,
        chains=[("parts", "assembly")],
        own_share=[1.0, 0.5, 1.0],
        input_share=[[0, 0, 0], [0, 0, 0.2], [0, 0, 0]],
        final_share=[0, 0, 1.0],
    )
    model = compose(base, [Ownership(set_up=0.0, integration=0.2)])
    income, by_hand = [], []
    for integration in (0.2, 0.6):
        for c in (1.0, 0.5, 0.25, 0.05, 0.0):
            given = {"ownership.contracts": c, "ownership.integration": integration}
            found = short_run(model.with_(**given)).outcomes
            level, share = alone_by_hand(c, integration)
            assert found["ownership.bought"][0, 2] == pytest.approx(share, rel=1e-9)
            income.append(float(np.log(found["consumption"][0])))
            by_hand.append(level)
    np.testing.assert_allclose(np.diff(income), np.diff(by_hand), rtol=0, atol=1e-9)
    assert income[3] < income[4] < income[2] < income[0]
