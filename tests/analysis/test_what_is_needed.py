"""What is asked of an economy that does not have it is refused by name, before any solve."""

import numpy as np
import pytest

from neg.analysis import (
    equilibria_beyond,
    gains_from_trade,
    incidence,
    market_access,
    nash_tariffs,
    optimal_tariffs,
    real_income_gradient,
    real_income_split,
    scale_limit,
)
from neg.core.errors import InvalidParameterError, InvalidShapeError, UnknownNameError
from neg.economy.composed import compose
from neg.economy.general import general_economy
from neg.estimation import atkinson, gap, real_income
from neg.models.core_periphery import CorePeriphery
from neg.parts import Hours
from neg.solvers.short_run import short_run

MODEL = CorePeriphery(tau=1.7)


def economy():
    return general_economy(
        places=["a", "b"], sectors=["goods"], employment=1.0, theta=4.0, tau=1.5, tariff=0.1
    )


@pytest.mark.parametrize(
    "asked",
    [
        lambda found: gains_from_trade(found),
        lambda found: market_access(found),
        lambda found: real_income_split(found, found),
        lambda found: incidence(found, found),
        lambda found: scale_limit(found.model),
        lambda found: equilibria_beyond(found.model),
        lambda found: optimal_tariffs(found.model, ["0"]),
        lambda found: nash_tariffs(found.model, [["0"], ["1"]]),
    ],
)
def test_a_canonical_model_has_no_flows_by_sector(asked):
    with pytest.raises(InvalidParameterError, match="is a CorePeriphery, without flows by sector"):
        asked(short_run(MODEL))


@pytest.mark.parametrize(
    "objective",
    [real_income(MODEL), atkinson(MODEL, 0.5), gap(MODEL, ["0"], ["1"])],
    ids=["real income", "atkinson", "gap"],
)
def test_welfare_that_a_model_does_not_report_is_named(objective):
    with pytest.raises(UnknownNameError, match="unknown outcome 'welfare'; allowed: "):
        objective(short_run(MODEL).outcomes)
    with pytest.raises(UnknownNameError, match="unknown outcome 'welfare'; allowed: "):
        real_income_gradient(MODEL, [1.0, 0.0])


def test_who_sets_tariffs_is_a_list_of_places():
    for places in ([], "ab", "a", None, 3):
        with pytest.raises(InvalidParameterError, match="must be a list with one place or more"):
            optimal_tariffs(economy(), places)
    for blocs in ([], "ab"):
        with pytest.raises(InvalidParameterError, match="must be lists of places"):
            nash_tariffs(economy(), blocs)
    with pytest.raises(InvalidParameterError, match="must be a list with one place or more"):
        nash_tariffs(economy(), ["a", "b"])
    with pytest.raises(UnknownNameError, match="place 'c'"):
        optimal_tariffs(economy(), ["c"])


def test_weights_of_welfare_are_one_per_place():
    with pytest.raises(InvalidShapeError, match="weights has shape"):
        real_income_gradient(economy(), [1.0])


def test_an_economy_with_parts_is_a_general_one():
    found = short_run(compose(economy(), [Hours(psi=0.5)]))
    assert np.isfinite(gains_from_trade(found)["gains_from_trade"]).all()
    assert float(np.abs(real_income_split(found, found)["exact_log_change"]).max()) == 0.0
