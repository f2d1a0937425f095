"""Decompositions: exact where they say exact, first order where they say first order."""

import numpy as np
import pytest

from neg.analysis.decomposition import (
    dispersion,
    gains_from_trade,
    incidence,
    market_access,
    real_income_split,
)
from neg.analysis.hat import changes
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.economy.general.build import general_economy
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run

PLACES = ["a", "b", "c"]
OFF = ~np.eye(3, dtype=bool)[:, :, None]
RNG = np.random.default_rng(0)
TAU = 1 + RNG.uniform(0.2, 0.8, (3, 3, 2)) * OFF


def economy(**options):
    given = {
        "places": PLACES,
        "sectors": ["s", "t"],
        "employment": np.array([[1.0, 0.5], [2.0, 1.0], [0.7, 0.8]]),
        "theta": [4.0, 6.0],
        "tau": TAU,
        "input_share": [[0.2, 0.1], [0.2, 0.3]],
        "final_share": [0.4, 0.6],
    }
    return general_economy(**given | options)


@pytest.mark.parametrize("wall", [pytest.param(2.0, marks=pytest.mark.slow), 12.0])
def test_gains_formula_is_exact_between_any_two_solved_equilibria(wall):
    """Both are measured from autarky, so that the ratio of gains is that of real incomes."""
    model = economy(mobility="sectors")
    x, used = model.initial_distribution(), np.ones(6, bool)
    near = equilibrium_at(model, x, used)
    far = equilibrium_at(model.with_(tau=1 + wall * (TAU - 1)), x, used)
    ratio = np.asarray(near.outcomes["welfare"] / far.outcomes["welfare"])
    formula = [gains_from_trade(found)["gains_from_trade"] for found in (near, far)]
    np.testing.assert_allclose(formula[0] / formula[1], ratio, rtol=1e-9)
    assert np.all(ratio > 1.02) and np.all(formula[1] >= 1.0)
    if wall > 10:
        np.testing.assert_allclose(formula[1], 1.0, atol=1e-2)  # nearly autarky


def chained(blocks=("parts", "assembly"), draws="chain", **options):
    """Parts that become goods, beside a sector that buys and sells inputs as any other."""
    given = {
        "sectors": ["parts", "assembly", "other"],
        "employment": np.array([[0.3, 0.4, 0.5], [0.5, 0.2, 0.6], [0.2, 0.6, 0.4]]),
        "productivity": [[1.0, 1.3, 1.1], [1.5, 0.8, 0.9], [0.7, 1.6, 1.0]],
        "theta": 5.0,
        "tau": 1.3,
        "chains": [blocks],
        "own_share": [1.0, 0.45, 1.0],
        "draws": draws,
        "input_share": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.2], [0.3, 0.1, 0.1]],
        "final_share": [0.0, 0.7, 0.3],
    }
    return economy(**given | options)


@pytest.mark.slow
@pytest.mark.parametrize("draws", ["chain", "stage", "value-added"])
def test_gains_formula_is_exact_along_chains(draws):
    given = {"draws": draws, "mobility": "sectors"}
    trading, alone = (long_run(chained(tau=tau, **given)) for tau in (1.3, 1e9))
    ratio = np.asarray(trading.outcomes["welfare"] / alone.outcomes["welfare"])
    formula = gains_from_trade(trading)["gains_from_trade"]
    np.testing.assert_allclose(formula, ratio, rtol=1e-9)
    assert np.all(ratio > 1.05)
    np.testing.assert_allclose(gains_from_trade(alone)["gains_from_trade"], 1.0, rtol=1e-9)


@pytest.mark.slow
def test_gains_of_a_chain_are_the_share_of_chains_that_are_domestic_from_end_to_end():
    model = chained(
        sectors=["parts", "assembly"],
        employment=[[0.3, 0.4], [0.5, 0.2], [0.2, 0.6]],
        productivity=1.0,
        own_share=[1.0, 0.45],
        input_share=0.0,
        final_share=[0.0, 1.0],
    )
    found = short_run(model)
    trade = np.asarray(found.outcomes["trade"])
    domestic = np.einsum("jjs->js", trade) / trade.sum(axis=0)
    expected = np.prod(domestic, axis=1) ** (-1.0 / 5.0)
    np.testing.assert_allclose(gains_from_trade(found)["gains_from_trade"], expected, rtol=1e-12)


@pytest.mark.slow
def test_first_order_split_takes_the_price_of_what_blocks_sell():
    duty = 0.05 * OFF * np.array([1.0, 0.4, 0.8])
    before = short_run(chained(tariff=duty))
    left = []
    for size in (1e-2, 1e-3):
        split = real_income_split(before, short_run(chained(tariff=duty * (1 + size))))
        left.append(np.abs(split["not_in_first_order"]).max() / np.abs(split["exact_log_change"]))
    assert np.all(left[0] < 0.02)
    assert np.all(left[1] < 0.15 * left[0])  # falls with the size of the change


@pytest.mark.slow
def test_market_access_of_consumers_has_the_elasticity_of_the_link():
    found = short_run(chained())
    access = market_access(found)["consumer_market_access"]
    price = np.asarray(found.outcomes["price_index"])[:, :, 0]
    np.testing.assert_allclose(access, price ** -np.array([5.0 * 0.55, 5.0, 5.0]), rtol=1e-12)


def test_gains_formula_refuses_places_that_buy_nothing_at_home():
    with pytest.raises(InvalidDataError, match="nothing at home"):
        taste = np.ones((3, 3, 2))
        taste[0, 0, 1] = 0.0
        gains_from_trade(short_run(economy(taste=taste)))


def test_first_order_split_converges_to_the_exact_change_and_no_faster():
    tariff = RNG.uniform(0.05, 0.2, (3, 3, 2)) * OFF
    before = short_run(economy(tariff=tariff))
    left = []
    for size in (1e-2, 1e-3):
        after = short_run(economy(tariff=tariff * (1 + size)))
        split = real_income_split(before, after)
        exact = np.log(np.asarray(after.outcomes["welfare"] / before.outcomes["welfare"]))
        np.testing.assert_allclose(split["exact_log_change"], exact, rtol=1e-12)
        left.append(float(np.max(np.abs(split["not_in_first_order"]))))
    assert left[1] < 0.02 * left[0]  # second order in the size of the change
    assert left[0] > 1e-9


def test_market_access_incidence_and_changes():
    before, after = short_run(economy()), short_run(economy(tau=1 + 0.5 * (TAU - 1)))
    access = market_access(after)
    assert np.all(access["firm_market_access"] > 0)
    gain = incidence(before, after)
    assert gain.sizes["group"] == 6
    np.testing.assert_allclose(gain["exact_log_change"], after.payoff - before.payoff, atol=1e-12)
    hat = changes(before, after)
    expected = np.asarray(after.outcomes["welfare"] / before.outcomes["welfare"])
    np.testing.assert_allclose(hat["welfare"], expected)
    assert hat.attrs["held_fixed"]


def test_dispersion_adds_up():
    v, n = np.array([1.0, 2.0, 4.0, 3.0]), np.array([1.0, 2.0, 1.0, 3.0])
    areas = {"west": ["a", "b"], "east": ["c", "d"]}
    theil = dispersion(v, n, list("abcd"), areas)
    assert theil["total"] == pytest.approx(theil["between"] + theil["within"], rel=1e-12)
    share = n * v / (n * v).sum()
    assert theil["total"] == pytest.approx(np.sum(share * np.log(share / (n / n.sum()))))
    assert dispersion(np.ones(4), n, list("abcd"), areas)["total"] == pytest.approx(0, abs=1e-15)
    with pytest.raises(LabelMismatchError, match="no area"):
        dispersion(v, n, list("abcd"), {"west": ["a", "b"]})
