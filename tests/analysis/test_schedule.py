"""Laws over time: where they turn between dates, and what is no law."""

from __future__ import annotations

import numpy as np
import pytest

from neg import Lever, compose, get_model
from neg.analysis import relocation
from neg.analysis.schedule import Schedule
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.firms import Plants, TakeOff

DATES = np.linspace(0.0, 30.0, 4)


def stops(law, samples=32, dates=DATES):
    plan = Schedule({"lam": law}, dates, samples)
    return [plan.stops(*ends) for ends in zip(dates[:-1], dates[1:], strict=True)]


def test_straight_laws_take_one_step_from_date_to_date():
    table = np.arange(6.0).reshape(2, 3)
    for law in (lambda t: 0.25, lambda t: 2.0 - 0.1 * t, lambda t: table * t):
        assert stops(law) == [[10.0], [20.0], [30.0]]
    slow = stops(lambda t: np.exp(0.03 * t), dates=np.linspace(0.0, 30.0, 16))
    assert all(len(found) == 1 for found in slow)  # bent by less than a hundredth of its way
    assert Schedule({}, DATES, 32).stops(0.0, 10.0) == [10.0]


def test_a_step_ends_where_a_law_turns():
    pulse = stops(lambda t: 0.35 if 6.0 < t < 9.0 else 0.25)
    assert pulse[1:] == [[20.0], [30.0]] and pulse[0][-1] == 10.0
    assert any(6.0 < date < 9.0 for date in pulse[0])
    first, *_, last = pulse[0][:-1]
    assert 6.0 - 10.0 / 32 <= first <= 6.0 and 9.0 <= last <= 9.0 + 10.0 / 32
    hill = stops(lambda t: 0.25 + 0.1 * np.exp(-(((t - 7.0) / 2.0) ** 2)))[0]
    assert min(abs(date - 7.0) for date in hill) <= 10.0 / 32  # its top is one of them
    brief = lambda t: float(2.4 < t < 2.6)
    assert stops(brief, samples=3)[0] == [10.0]  # no look falls into it
    assert 2.5 in stops(brief, samples=40)[0]


def test_one_entry_of_many_is_enough():
    entries = lambda t: np.array([1.0, 1.0 + (4.0 < t < 6.0)])
    assert any(4.0 < date < 6.0 for date in stops(entries)[0])


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"tau": 0.3}, r"schedule\['tau'\] = 0.3 is not allowed; must be a law"),
        ({"cost": (Lever("tau"), 0.3)}, r"schedule\['cost'\].*must be a law .* or a Lever"),
        ({"cost": ("tau", lambda t: 2.0)}, r"schedule\['cost'\].*or a Lever and a law"),
        ({"tau": lambda t: None}, "law of 'tau' at date 0 is None; must be a number"),
        ({"tau": lambda t: "low"}, "law of 'tau' at date 0 = 'low' is not allowed"),
        ({"tau": lambda t: np.nan}, "law of 'tau' at date 0 = nan is not allowed"),
        (["tau"], "schedule is a list"),
    ],
)
def test_what_is_no_law_is_named(schedule, words):
    with pytest.raises(InvalidDataError, match=words):
        relocation(get_model("core-periphery")(), schedule, [0.0, 1.0])


@pytest.mark.parametrize("samples", [0, 2.5, True])
def test_samples_are_counted(samples):
    with pytest.raises(InvalidDataError, match="samples = .* must be an integer >= 1"):
        relocation(get_model("core-periphery")(), {}, [0.0, 1.0], samples=samples)


@pytest.mark.parametrize(
    ("stocks", "error", "words"),
    [
        (0.5, InvalidDataError, "stocks is a float"),
        ({"plants.number": -0.5}, InvalidParameterError, r"stocks\['plants.number'\] = -0.5"),
        ({"plants.number": "few"}, InvalidDataError, r"stocks\['plants.number'\] = 'few'"),
    ],
)
def test_what_is_no_stock_is_named(stocks, error, words):
    with pytest.raises(error, match=words):
        relocation(compose(TakeOff(), [Plants()]), {}, [0.0, 1.0], stocks=stocks)
    with pytest.raises(InvalidDataError, match="dates = 'soon'"):
        relocation(TakeOff(), {}, "soon")
