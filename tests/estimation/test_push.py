"""A big push moves industry for good where history decides, and nowhere else."""

from types import SimpleNamespace

import numpy as np
import pytest

from neg.barriers import Layer
from neg.core.errors import ConvergenceError, InvalidDataError
from neg.economy.composed import compose
from neg.economy.lever import Lever
from neg.estimation import push
from neg.estimation.push import big_push, least_push
from neg.models.core_periphery import CorePeriphery
from neg.solvers.long_run import equilibrium_at


def even(tau):
    return equilibrium_at(CorePeriphery(tau=tau), [0.5, 0.5], [True, True])


def test_cheap_trade_for_a_while_leaves_a_core_between_break_and_sustain_point():
    found = big_push(CorePeriphery(tau=1.7), {"tau": 1.5}, even(1.7))
    assert found.permanent and found.moved == pytest.approx(0.5)
    assert found.after.stable and max(np.asarray(found.after.x)) == pytest.approx(1.0)


def test_beyond_the_sustain_point_industry_comes_back():
    found = big_push(CorePeriphery(tau=1.9), {"tau": 1.5}, even(1.9))
    assert not found.permanent and max(np.asarray(found.during.x)) == pytest.approx(1.0)


def test_a_start_that_is_not_stable_is_refused():
    with pytest.raises(InvalidDataError, match="unstable"):
        big_push(CorePeriphery(tau=1.5), {"tau": 1.4}, even(1.5))


def test_values_at_which_nothing_ever_settles_are_left_for_others(monkeypatch):
    """Values within 1e-3 of 1.6, the middle of the range, are not decided; 1.6 is what moves."""

    def pushed(economy, levers, at):
        (value,) = levers.values()
        if abs(value - 1.6) < 1e-3:
            raise ConvergenceError("neither here nor there")
        return SimpleNamespace(permanent=value < 1.6)

    monkeypatch.setattr(push, "big_push", pushed)
    model, at = CorePeriphery(tau=1.7), even(1.7)
    found = push.least_push(model, "tau", at, 1.8, 1.4, tolerance=0.02)
    assert 1.6 - 0.008 <= found <= 1.6 - 1e-3
    with pytest.raises(ConvergenceError):  # an interval of which nothing can be decided
        push.least_push(model, "tau", at, 1.6005, 1.5985, tolerance=1e-3)


@pytest.mark.slow  # compiles a model with a part
def test_the_least_push_is_found_next_to_the_sustain_point():
    """Under the least push the even state ends in a fold, next to which nothing ever settles."""
    tau = 1.79  # the sustain point is 1.8072
    base = CorePeriphery(sigma=5.0, mu=0.4, tau=tau)
    model, lever = compose(base, [Layer("road", 0.0)]), Lever("road.cost", "times", origins="0")
    start = equilibrium_at(model, [0.5, 0.5], [True, True])
    found = least_push(model, lever, start, 1.0, 0.9, tolerance=4e-3)
    assert big_push(model, {lever: found}, start).permanent
    assert not big_push(model, {lever: found + 8e-4}, start).permanent


@pytest.mark.slow  # a bisection over long runs
def test_the_least_push_ends_where_the_even_distribution_breaks():
    found = least_push(CorePeriphery(tau=1.7), "tau", even(1.7), 1.7, 1.4, tolerance=1e-3)
    assert found == pytest.approx(1.626577, abs=3e-4)
    assert np.isnan(least_push(CorePeriphery(tau=1.9), "tau", even(1.9), 1.9, 1.4))
