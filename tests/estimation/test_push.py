"""A big push moves industry for good where history decides, and nowhere else."""

import numpy as np
import pytest

from neg.core.errors import InvalidDataError
from neg.estimation.push import big_push, least_push
from neg.models.core_periphery import CorePeriphery
from neg.solvers.long_run import equilibrium_at


def even(tau):
    return equilibrium_at(CorePeriphery(tau=tau), [0.5, 0.5], [True, True])


def test_cheap_trade_for_a_while_leaves_a_core_between_break_and_sustain_point():
    push = big_push(CorePeriphery(tau=1.7), {"tau": 1.5}, even(1.7))
    assert push.permanent and push.moved == pytest.approx(0.5)
    assert push.after.stable and max(np.asarray(push.after.x)) == pytest.approx(1.0)


def test_beyond_the_sustain_point_industry_comes_back():
    push = big_push(CorePeriphery(tau=1.9), {"tau": 1.5}, even(1.9))
    assert not push.permanent and max(np.asarray(push.during.x)) == pytest.approx(1.0)


def test_a_start_that_is_not_stable_is_refused():
    with pytest.raises(InvalidDataError, match="unstable"):
        big_push(CorePeriphery(tau=1.5), {"tau": 1.4}, even(1.5))


@pytest.mark.slow  # a bisection over long runs
def test_the_least_push_ends_where_the_even_distribution_breaks():
    found = least_push(CorePeriphery(tau=1.7), "tau", even(1.7), 1.7, 1.4, tolerance=1e-3)
    assert found == pytest.approx(1.626577, abs=3e-4)
    assert np.isnan(least_push(CorePeriphery(tau=1.9), "tau", even(1.9), 1.9, 1.4))
