"""Optimal tariffs against their closed form; Nash tariffs answer each other."""

import numpy as np
import pytest

from neg.analysis import calibrate
from neg.core.errors import ConvergenceError, InvalidParameterError, UnknownNameError
from neg.data.table import Table
from neg.economy.composed import compose
from neg.economy.general.build import general_economy
from neg.estimation import nash_tariffs, optimal_tariffs
from neg.parts import Hours
from neg.solvers.short_run import short_run


def two(theta: float, size: float):
    return general_economy(
        places=["home", "foreign"],
        sectors=["goods"],
        employment=np.array([[1.0], [size]]),
        theta=theta,
        tau=np.array([[1.0, 1.4], [1.2, 1.0]]),
    )


def home_share(result) -> float:
    trade = np.asarray(result.solution.outcomes["trade"])[:, 1, 0]
    tariff = np.asarray(result.solution.model.tariff)[:, 1, 0]
    spent = trade * (1 + tariff)
    return float(spent[1] / spent.sum())


@pytest.mark.parametrize(("theta", "size"), [(4.0, 1.0), (4.0, 5.0), (7.0, 0.5)])
def test_closed_form(theta, size):
    """t = 1 / (theta lambda_FF), with the foreigner's spending share at the optimum itself."""
    found = optimal_tariffs(two(theta, size), ["home"])
    assert found.tariff[1, 0, 0] == pytest.approx(1 / (theta * home_share(found)), rel=1e-6)
    assert found.tariff[0, 1, 0] == 0.0
    assert found.gradient < 1e-8


def test_nash_tariffs_are_best_answers_and_cost_both():
    model = two(4.0, 1.5)
    nash = nash_tariffs(model, [["home"], ["foreign"]])
    assert nash.rounds > 1
    for place in ("home", "foreign"):
        again = optimal_tariffs(model.with_(tariff=nash.tariff), [place])
        np.testing.assert_allclose(again.tariff, nash.tariff, atol=1e-5)
    free = np.asarray(short_run(model).outcomes["welfare"]).sum()
    assert np.asarray(nash.solution.outcomes["welfare"]).sum() < free


@pytest.mark.slow
def test_with_hours_the_optimum_is_that_of_utility():
    """Where hours answer wages consumption peaks at another tariff than what people maximise."""
    model = compose(two(4.0, 1.0), [Hours(psi=1.0)])
    found = optimal_tariffs(model, ["home"])
    best = float(found.tariff[1, 0, 0])

    def at(tariff):
        rate = np.zeros((2, 2, 1))
        rate[1, 0] = tariff
        out = short_run(model.with_(tariff=rate)).outcomes
        return float(out["welfare"][0]), float(out["consumption"][0])

    slopes = [(up - down) / 2e-4 for up, down in zip(at(best + 1e-4), at(best - 1e-4), strict=True)]
    assert abs(slopes[0]) < 1e-7
    assert abs(slopes[1]) > 1e-3


def test_blocs_that_overlap_are_refused():
    with pytest.raises(InvalidParameterError, match="'home' is in the blocs 0 and 1"):
        nash_tariffs(two(4.0, 1.0), [["home"], ["foreign", "home"]])


def test_unknown_places_and_details_are_refused():
    with pytest.raises(UnknownNameError, match="mars"):
        optimal_tariffs(two(4.0, 1.0), ["mars"])
    with pytest.raises(UnknownNameError, match="detail"):
        optimal_tariffs(two(4.0, 1.0), ["home"], detail="line")


def uneven(factors, seed=1):
    """Three places, two sectors, where the first buys more than it earns."""
    rng = np.random.default_rng(seed)
    home = np.where(np.eye(3, dtype=bool), 1.0, 0.25)
    inputs = 0.35 * rng.uniform(0.5, 1.5, (3, 2, 3, 2)) * home[:, None, :, None] / 2
    final = rng.uniform(0.5, 1.5, (3, 2, 3, 1)) * home[:, None, :, None]
    final = final * np.asarray(factors)[None, None, :, None]
    output = inputs.sum(axis=(2, 3)) + final.sum(axis=(2, 3))
    return Table(
        places=list("abc"),
        sectors=["x", "y"],
        uses=["final"],
        intermediate=inputs,
        final=final,
        value_added=output - inputs.sum(axis=(0, 1)),
        net_taxes_industry=np.zeros((3, 2)),
        net_taxes_final=np.zeros((3, 1)),
        unit="money",
        source="made up",
    )


@pytest.fixture(scope="module")
def deficits():
    return calibrate(uneven([1.3, 0.9, 0.8]), uses="common")


@pytest.mark.slow
def test_deficits_of_a_sixth_of_value_added_leave_an_optimum(deficits):
    """A long first step would jump over it, to where the transfer buys ever more."""
    share = np.asarray(deficits.deficit) / np.asarray(deficits.employment).sum(axis=1)
    assert share.max() > 0.15 and share.min() < -0.08
    nash = nash_tariffs(deficits, [["a"], ["b"], ["c"]])
    assert nash.gradient < 1e-8 and 0.2 < nash.tariff.max() < 0.4


@pytest.mark.slow
def test_a_deficit_that_forbids_an_optimum_is_named_and_so_is_the_remedy():
    """Welfare of the buyer rises without end in its tariff; with trade balanced it does not."""
    economy = calibrate(uneven([1.6, 0.8, 0.7]), uses="common")
    with pytest.raises(ConvergenceError, match=r"deficit of .*deficit_rule='zero'"):
        optimal_tariffs(economy, ["a"])
    with pytest.raises(ConvergenceError, match="answer of a in round 1.*deficit"):
        nash_tariffs(economy, [["a"], ["b"]])
    found = optimal_tariffs(economy.with_(deficit_rule="zero"), ["a"])
    assert 0.2 < found.tariff.max() < 0.4
