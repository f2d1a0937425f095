"""Closures: each deficit rule, rent rule and numeraire does what it says, and is data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate
from neg.core.errors import InvalidParameterError, InvalidShapeError, UnknownNameError
from neg.economy.general import DEFICIT_RULES, REBATES, RENT_RULES, general_economy
from neg.solvers.short_run import short_run

RNG = np.random.default_rng(11)
ABROAD = ~np.eye(3, dtype=bool)[:, :, None]
TAU = RNG.uniform(0.9, 1.3, (3, 3, 2))
TARIFF = RNG.uniform(0.0, 0.3, (3, 3, 2)) * ABROAD
BASE = calibrate(random_table(seed=4), theta=[4.0, 6.0], alpha=[0.0, 0.4], uses="common")
DEFICIT = np.asarray(BASE.deficit)
START = np.asarray(BASE.employment).sum(axis=1)


def numbers(model):
    return {name: np.asarray(value) for name, value in short_run(model).outcomes.items()}


# Deficits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", DEFICIT_RULES)
def test_each_deficit_rule_is_what_it_says(rule):
    """After a shock of every trade cost and tariff; the table's deficits are large."""
    assert np.abs(DEFICIT / START).max() > 0.02
    # With the world as numeraire a fixed deficit and a share of the world's wages are the same.
    shock = {"tau": TAU, "tariff": TARIFF, "numeraire": "p1"}
    out = numbers(BASE.with_(**shock, deficit_rule=rule))
    wages = (out["wage"] * np.asarray(BASE.employment)).sum(axis=1)
    earned = out["income"] - out["deficit"]
    own = DEFICIT * wages / START
    phi = 1 + DEFICIT / np.asarray(BASE.income_start)
    expected = {
        "fixed": DEFICIT,
        "world-share": DEFICIT * wages.sum() / START.sum(),
        "own-share": own - own.sum() * wages / wages.sum(),
        "zero": np.zeros(3),
        "spending-share": phi * earned * earned.sum() / (phi * earned).sum() - earned,
    }
    np.testing.assert_allclose(out["deficit"], expected[rule], rtol=1e-9, atol=1e-13)
    assert abs(out["deficit"].sum()) < 1e-12
    others = [value for name, value in expected.items() if name != rule]
    assert all(np.abs(value - expected[rule]).max() > 1e-5 for value in others)


def test_spending_shares_are_kept_and_the_world_spends_its_income():
    """E_j = k phi_j Y_j: ratios of spending over income earned are those of the start."""
    model = BASE.with_(tau=TAU, tariff=TARIFF, deficit_rule="spending-share")
    before, after = numbers(BASE), numbers(model)
    phi = [out["income"] / (out["income"] - out["deficit"]) for out in (before, after)]
    np.testing.assert_allclose(phi[0], 1 + DEFICIT / np.asarray(BASE.income_start), rtol=1e-9)
    np.testing.assert_allclose(phi[1] / phi[1][0], phi[0] / phi[0][0], rtol=1e-9)
    scale = phi[1][0] / phi[0][0]
    assert abs(scale - 1) > 1e-5  # the world's weights have moved
    earned = after["income"] - after["deficit"]
    assert after["income"].sum() == pytest.approx(earned.sum(), rel=1e-12)


@pytest.mark.parametrize("rule", DEFICIT_RULES[:3] + DEFICIT_RULES[4:])
def test_every_rule_keeps_the_deficits_of_the_table_at_the_baseline(rule):
    out = numbers(BASE.with_(deficit_rule=rule))
    np.testing.assert_allclose(out["deficit"], DEFICIT, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(out["wage"], 1.0, rtol=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"tau": 5.0},
        {"tariff": 2.0},
        {"tau": 5.0, "tariff": 2.0},
        pytest.param({"tau": 50.0}, marks=pytest.mark.slow),  # followed in small steps
    ],
    ids=str,
)
def test_large_changes_are_reached_under_large_deficits(change):
    """Every cost five or fifty times as high, tariffs of 200 %: money still adds up."""
    deficit = 0.26 * START.min() * np.array([-0.5, 1.0, -0.5])
    assert np.abs(deficit / START).max() > 0.15
    changed = BASE.with_(deficit=deficit, **change)
    out = numbers(changed)
    abroad = out["trade"] * ABROAD
    bought = abroad.sum(axis=(0, 2)) - abroad.sum(axis=(1, 2))
    np.testing.assert_allclose(bought, deficit, rtol=1e-8, atol=1e-12)
    duties = np.asarray(changed.tariff) * out["trade"]
    np.testing.assert_allclose(out["tariff_revenue"], duties.sum(axis=(0, 2)), rtol=1e-9)
    assert np.all(out["wage"] > 0)


def test_rules_are_numbers_with_names():
    for name, choices in (
        ("deficit_rule", DEFICIT_RULES),
        ("rent_rule", RENT_RULES),
        ("rebate", REBATES),
    ):
        for number, choice in enumerate(choices):
            for given in (choice, number):
                assert BASE.with_(**{name: given}).closure.named(name) == choice
        with pytest.raises(UnknownNameError, match=rf"{name} 9; allowed: {choices[0]}"):
            BASE.with_(**{name: 9})


# Rents ------------------------------------------------------------------------------------------


def on_land(rule):
    return general_economy(
        places=["a", "b", "c"],
        sectors=["goods"],
        employment=[[1.0], [2.0], [0.5]],
        theta=4.0,
        tau=1 + 0.5 * ABROAD[..., 0],
        productivity=[[1.0], [0.5], [3.0]],
        housing_share=0.2,
        land=[1.0, 2.0, 0.7],
        rent_rule=rule,
        rent_pools={"west": ["a", "b"]},
    )


@pytest.mark.slow
@pytest.mark.parametrize("rule", RENT_RULES)
def test_rents_are_paid_out_in_their_pool(rule):
    model = on_land(rule)
    found = short_run(model)
    book = model.ledger(found.prices, found.x)
    collected = np.diag(book["landowners", "fund", "rents"])
    received = np.diag(book["fund", "people", "rents"])
    people = np.array([1.0, 2.0, 0.5])
    claim = people if rule == "per-head" else people * np.asarray(found.outcomes["wage"])[:, 0]
    expected = collected.copy()
    if rule != "local":  # c is alone in its pool
        expected[:2] = collected[:2].sum() * claim[:2] / claim[:2].sum()
    np.testing.assert_allclose(received, expected, rtol=1e-12)
    assert received.sum() == pytest.approx(collected.sum(), rel=1e-12)


# The numeraire ----------------------------------------------------------------------------------


def test_the_numeraire_is_a_weighted_wage():
    people = np.asarray(BASE.employment)
    for given, weight in (
        ("world", np.ones(3)),
        ("p2", np.array([0.0, 0.0, 1.0])),
        ([0.0, 2.0, 1.0], np.array([0.0, 2.0, 1.0])),
    ):
        out = numbers(BASE.with_(tau=TAU, tariff=TARIFF, numeraire=given))
        wages = (out["wage"] * people).sum(axis=1)
        assert (weight @ wages) / (weight @ START) == pytest.approx(1.0, abs=1e-10)
    for given, error, words in (
        (np.zeros(3), InvalidParameterError, "numeraire has no place of positive weight"),
        ([1.0, -1.0, 1.0], InvalidParameterError, r"numeraire\[1\] = -1 .*\[0, inf\)"),
        ([1.0, 1.0], InvalidShapeError, r"numeraire has shape \(2,\)"),
    ):
        with pytest.raises(error, match=words):
            BASE.with_(numeraire=given)


# Tariffs that imports answer more than other costs ----------------------------------------------

RESPONSE = np.array([1.5, 0.8])


def test_freeness_falls_with_tariffs_by_theta_times_the_response():
    market = BASE.with_(tau=TAU, tariff=TARIFF, tariff_response=RESPONSE).market

    def log_freeness(log_tau, log_duty):
        moved = market.with_(tau=jnp.exp(log_tau), tariff=jnp.expm1(log_duty))
        return jnp.log(moved.freeness()[0, 1, :, 0])

    at = jnp.log(market.tau), jnp.log1p(market.tariff)
    by_tau, by_duty = (np.asarray(s) for s in jax.jacfwd(log_freeness, argnums=(0, 1))(*at))
    for s, theta in enumerate((4.0, 6.0)):
        assert by_tau[s, 0, 1, s] == pytest.approx(-theta, rel=1e-12)
        assert by_duty[s, 0, 1, s] == pytest.approx(-theta * RESPONSE[s], rel=1e-12)


def test_elasticity_of_imports_to_tariffs():
    """Imports over home sales at buyers' prices fall by theta k log(1 + t), at given unit costs."""
    theta, k, rate = 4.0, 1.6, 0.25
    model = general_economy(
        places=["a", "b", "c"],
        sectors=["goods"],
        employment=[[1.0], [2.0], [0.5]],
        theta=theta,
        tau=1 + 0.5 * ABROAD[..., 0],
        tariff_response=k,
    )
    duty = np.zeros((3, 3, 1))
    duty[1, 0] = rate
    logs = []
    for tariff in (0.0 * duty, duty):
        out = numbers(model.with_(tariff=tariff))
        paid = (out["trade"] * (1 + tariff))[:, 0, 0]
        supply = np.log(out["unit_cost"][:, 0]) * -theta
        logs.append(np.log(paid[1] / paid[0]) - (supply[1] - supply[0]))
    assert logs[1] - logs[0] == pytest.approx(-theta * k * np.log1p(rate), rel=1e-9)


@pytest.mark.slow
def test_a_response_of_one_is_none_and_the_table_is_kept_under_any():
    one = numbers(BASE.with_(tau=TAU, tariff=TARIFF, tariff_response=1.0))
    none = numbers(BASE.with_(tau=TAU, tariff=TARIFF))
    np.testing.assert_allclose(one["trade"], none["trade"], rtol=1e-10)
    table = random_table(seed=4)
    model = calibrate(table, theta=4.0, uses="common", tariff_response=RESPONSE)
    np.testing.assert_array_equal(model.tariff_response, RESPONSE)
    np.testing.assert_allclose(numbers(model)["trade"], table.flows, rtol=1e-9)
    with pytest.raises(InvalidParameterError, match=r"tariff_response\[0\] = 0 .*\(0, inf\)"):
        BASE.with_(tariff_response=[0.0, 1.0])
