"""Fits where there are several equilibria: they know their branch and stay on it."""

import numpy as np
import pytest

from neg.core.errors import ConvergenceError
from neg.core.status import Stability
from neg.estimation import Unknown, branch, fit, fit_from
from neg.models.core_periphery import CorePeriphery
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

EVEN = np.array([0.5, 0.5])
UNKNOWN = {"tau": Unknown("tau", 1.0, 3.0)}


def even(tau):
    return equilibrium_at(CorePeriphery(tau=tau), EVEN, [True, True])


def index(out):
    return {"index": out["price_index"][0]}


@pytest.fixture(scope="module")
def found():
    start = even(2.0)
    return fit(start.model, UNKNOWN, index, index(even(1.7).outcomes), at=start)


@pytest.mark.slow
def test_a_fit_in_the_long_run_stays_stable_and_says_so(found):
    assert float(found.values["tau"]) == pytest.approx(1.7, rel=1e-8)
    here = branch(found)
    assert here.kind == "long run" and here.stability is Stability.STABLE
    assert here.used == ("0", "1")


@pytest.mark.slow  # searches all equilibria
def test_the_other_equilibria_are_found_where_history_decides(found):
    """Between break and sustain point there are five: four others, of which two are stable."""
    here = branch(found, search=True)
    assert len(here.others) == 4 and here.stable_others == 2 and here.searched


@pytest.mark.slow
def test_a_fit_does_not_step_across_the_end_of_its_branch(found):
    """At the target the even distribution is an equilibrium, but no longer a stable one."""
    start = even(2.0)
    beyond = index(even(1.4).outcomes)
    with pytest.raises(ConvergenceError, match="stays on its branch") as raised:
        fit(start.model, UNKNOWN, index, beyond, at=start)
    reached = raised.value.solution
    assert 1.626576 <= float(reached.values["tau"]) < 1.7
    assert reached.solution.stability is not Stability.UNSTABLE


@pytest.mark.slow
def test_starts_in_one_batch_agree_and_a_prior_pulls():
    model = CorePeriphery(tau=1.7)
    aim = index(short_run(CorePeriphery(tau=1.5)).outcomes)
    exact = fit(model, UNKNOWN, index, aim, starts=4)
    assert float(exact.values["tau"]) == pytest.approx(1.5, rel=1e-8)
    pulled = {"tau": Unknown("tau", 1.0, 3.0, prior=(2.0, 0.1))}
    drawn = fit(model, pulled, index, aim, covariance={"index": 0.05})
    assert 1.5 < float(drawn.values["tau"]) < 2.0
    gap = (float(drawn.moments["index"]) - float(aim["index"])) / 0.05
    # First-order condition: the pull of the data equals that of the prior.
    pull = (float(drawn.values["tau"]) - 2.0) / 0.1
    slope = drawn.jacobian[list(drawn.moments).index("index"), 0]
    assert gap * slope / 0.05 + pull / 0.1 == pytest.approx(0.0, abs=1e-5)


@pytest.mark.slow
def test_plain_data_say_the_same():
    target = {"outcome": "price_index", "places": ["0"], "value": 0.8}
    data = {"unknowns": {"tau": {"path": "tau", "low": 1.0, "high": 3.0}}, "targets": {"i": target}}
    found = fit_from(CorePeriphery(tau=1.7), data)
    again = fit(CorePeriphery(tau=1.7), UNKNOWN, index, {"index": 0.8})
    assert float(found.values["tau"]) == pytest.approx(float(again.values["tau"]), rel=1e-9)
