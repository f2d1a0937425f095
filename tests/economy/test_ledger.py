"""The ledger: every account of every economy pays what it receives, whatever was changed."""

import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate
from neg.economy.composed import compose
from neg.economy.general import DEFICIT_RULES, REBATES, RENT_RULES, Mobility, general_economy
from neg.economy.ledger import imbalances
from neg.parts import Commuting, Density, Hours, Spillovers, Tastes, moving_costs
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

RNG = np.random.default_rng(21)
ABROAD = ~np.eye(3, dtype=bool)[:, :, None]
TAXED = random_table(seed=4)
PLAIN = random_table(seed=6, tariffs=False)
RESIDENTS = np.array([[0.9, 0.1, 0.2], [0.2, 1.5, 0.3], [0.1, 0.4, 0.8]])
LAYERS = {
    "freight": (0.2 * ABROAD * np.ones(2), "resource"),
    "duty": (RNG.uniform(0.0, 0.2, (3, 3, 2)) * ABROAD, "tariff"),
    "port": (0.0, "export-tax"),
}
TAX = RNG.uniform(0.0, 0.1, (3, 3, 2)) * ABROAD


def returning(table):
    """The table with some sales taken out of stocks, and some put into them."""
    final = table.final.copy()
    final[0, 0, 1, 0], final[1, 1, 1, 0] = -0.05, -0.02
    output = table.intermediate.sum(axis=(2, 3)) + final.sum(axis=(2, 3))
    spent = table.intermediate.sum(axis=(0, 1)) + table.net_taxes_industry
    return table.replace(final=final, value_added=output - spent)


def of_the_table():
    given = {"theta": [4.0, 6.0], "alpha": [0.0, 0.4], "uses": "common"}
    return calibrate(TAXED, **given).with_(export_tax=TAX)


def with_stocks():
    return calibrate(returning(PLAIN), theta=4.0)


def on_land(**options):
    rng = np.random.default_rng(2)
    given = {
        "places": list("abc"),
        "sectors": ["s", "t"],
        "employment": rng.uniform(0.5, 2.0, (3, 2)),
        "theta": [4.0, 6.0],
        "alpha": [0.0, 0.4],
        "tau": 1 + rng.uniform(0.1, 0.6, (3, 3, 2)) * ABROAD,
        "tariff": rng.uniform(0.0, 0.3, (3, 3, 2)) * ABROAD,
        "export_tax": TAX,
        "productivity": rng.uniform(0.6, 1.6, (3, 2)),
        "input_share": [[0.2, 0.1], [0.15, 0.3]],
        "land_share": 0.1,
        "tax_share": 0.05,
        "housing_share": 0.2,
        "final_tax": 0.1,
        "final_share": [0.3, 0.4],
        "land": rng.uniform(0.5, 2.0, 3),
        "deficit": [0.2, -0.3, 0.1],
    }
    return general_economy(**given | options)


def crowded():
    parts = [Density(delta=0.1, residents=0.0), Spillovers(rho=0.05)]
    return on_land(parts=parts, rent_pools={"west": ["a", "b"]})


def with_hours():
    model = calibrate(PLAIN, theta=5.0, alpha=0.2, uses="common", layers=LAYERS)
    return compose(model, [Hours(psi=0.6, reach=0.5)]).with_(**{"port.rate": TAX})


def commuting():
    return on_land(parts=[Commuting(matrix=0.1 + np.eye(3)), Hours(psi=0.3)])


def by_origin():
    base = on_land(mobility=Mobility("free", residents=RESIDENTS))
    cost = 0.3 * (1.0 - np.eye(3))
    return compose(base, [moving_costs(base, cost), Tastes(kappa=0.5, sectors=0.2)])


def with_farms():
    return general_economy(
        places=["a", "b", "c"],
        sectors=["farms", "industry"],
        employment=[[0.22, 0.08], [0.21, 0.19], [0.22, 0.08]],
        theta=4.0,
        alpha=1.0,
        tau=1 + 0.6 * ABROAD[..., 0],
        input_share=[[0.0, 0.1], [0.0, 0.2]],
        final_share=[0.6, 0.4],
        homogeneous=["farms"],
        mobility="sectors",
    )


CHANGES = [
    *({"deficit_rule": rule} for rule in DEFICIT_RULES),
    *({"rent_rule": rule} for rule in RENT_RULES),
    *({"rebate": rebate} for rebate in REBATES),
    {"numeraire": [0.0, 1.0, 0.5]},
    {"tariff": [0.1, 0.3], "export_tax": 0.05},
    {"theta": 3.0, "tau": 1 + 0.4 * ABROAD[..., 0], "land": [1.0, 3.0, 0.2]},
    {"tariff_response": [1.5, 0.8], "tariff": 0.2, "amenity": [1.0, 1.2, 0.8]},
]
"""Changes of any kind; those that alter no shape compile nothing (all but the last)."""


def unbalanced(model, solution):
    """By how much, relative to what passes through it, each account pays more than it gets."""
    ledger = model.ledger(solution.prices, solution.x)
    assert all(np.shape(flow) == (3, 3) and np.all(np.isfinite(flow)) for flow in ledger.values())
    return imbalances(ledger)


def check(model, solution):
    found = unbalanced(model, solution)
    assert {"firms", "people", "landowners", "customs", "fund"} <= set(found)
    assert {k: v for k, v in found.items() if not v <= 1e-12} == {}


@pytest.mark.parametrize(
    "make",
    [
        of_the_table,
        pytest.param(with_stocks, marks=pytest.mark.slow),
        pytest.param(with_hours, marks=pytest.mark.slow),
        pytest.param(crowded, marks=pytest.mark.slow),
        pytest.param(commuting, marks=pytest.mark.slow),
        pytest.param(on_land, marks=pytest.mark.slow),
    ],
)
def test_every_account_balances_at_every_equilibrium(make):
    model = make()
    check(model, short_run(model, tolerance=1e-13))
    for change in CHANGES[:-1]:
        changed = model.with_(**change)
        check(changed, short_run(changed, tolerance=1e-13))


@pytest.mark.slow
def test_every_account_balances_where_imports_answer_tariffs_more_than_costs():
    model = of_the_table().with_(**CHANGES[-1])
    check(model, short_run(model, tolerance=1e-13))


@pytest.mark.parametrize("make", [with_farms, pytest.param(by_origin, marks=pytest.mark.slow)])
def test_every_account_balances_in_the_long_run(make):
    model = make()
    x = model.initial_distribution()
    changes = [{}, {"tau": 1 + 0.65 * ABROAD[..., 0]}]
    for changed in (model.with_(**change) for change in changes):
        check(changed, equilibrium_at(changed, x, x > 0, tolerance=1e-13))


def test_the_ledger_shows_markets_that_do_not_clear():
    """The check can fail: at prices of one a changed economy has accounts out of balance."""
    model = of_the_table()
    x = model.initial_distribution()

    class At:
        prices = model.initial_prices(x)

    At.x = x
    changed = model.with_(productivity=np.array([[2.0, 1.0], [1.0, 1.0], [1.0, 3.0]]))
    assert max(unbalanced(changed, At).values()) > 1e-2


def test_the_ledger_is_that_of_the_economy_with_its_parts():
    """Tariffs of a layer and hours are in it."""
    model = with_hours()
    found = short_run(model)
    book = {k: np.asarray(v).sum() for k, v in model.ledger(found.prices, found.x).items()}
    out = found.outcomes
    duties = book["firms", "customs", "tariffs on inputs"]
    duties += book["people", "customs", "tariffs on consumption"]
    assert duties == pytest.approx(float(out["tariff_revenue"].sum()), rel=1e-12)
    wages = float((out["wage"] * model.employment * out["hours"]).sum())
    assert book["firms", "people", "wages"] == pytest.approx(wages, rel=1e-12)
    assert duties > 0 and np.ptp(out["hours"]) > 1e-3
