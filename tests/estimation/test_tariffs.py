"""Optimal tariffs against their closed form; Nash tariffs answer each other."""

import numpy as np
import pytest

from neg.core.errors import InvalidParameterError, UnknownNameError
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
