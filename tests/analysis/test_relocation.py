"""Relocation in time: published take-offs, thresholds, frozen costs, the order of steps."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy, get_model, long_run, paths, thresholds
from neg.analysis import Lever, relocation, take_offs
from neg.core.errors import (
    ConvergenceError,
    InvalidDataError,
    InvalidParameterError,
    NegError,
)
from neg.firms import TakeOff
from neg.parts import Efficiency, Knowledge, Learning, Subsistence

# Take-offs of the published setting, by root finding on its own equations: country 1 while
# industry is in country 0 only, country 2 while it is in both.
FIRST, SECOND = 1.3467866373717678, 2.8151719233976826
SHARE = 0.5541394299420905
COSTS = ((1.0, 1.3, 1.4), (1.3, 1.0, 1.35), (1.4, 1.35, 1.0))


def spread_of_industry(tau=COSTS, need=0.75):
    """Fujita, Krugman and Venables, ch. 15, in the general economy."""
    n, land, linked, industry = len(tau), 0.3, 0.45, 0.4
    base = general_economy(
        places=[f"country {k}" for k in range(n)],
        sectors=["farms", "industry"],
        homogeneous=["farms"],
        employment=np.full((n, 2), 0.5),
        mobility="sectors",
        theta=4.0,
        alpha=[0.0, 1.0],
        land_share=[land, 0.0],
        input_share=[[0.0, 0.0], [0.0, linked]],
        final_share=[1.0 - industry, industry],
        productivity=[(1 - land) ** (1 - land) * land**land, 1.0 - linked],
        tau=np.asarray(tau),
    )
    return compose(base, [Efficiency(), Subsistence(need=need)])


@pytest.fixture(scope="module")
def three():
    return spread_of_industry()


def follow(economy, dates, start):
    schedule = {"efficiency.level": lambda date: date}
    return relocation(economy, schedule, dates, np.ravel(start), precision=1e-6)


@pytest.mark.slow
def test_the_published_take_offs(three):
    only = [[0.62, 0.38], [1.0, 0.0], [1.0, 0.0]]
    path = follow(three, [1.0, 1.2, 1.36], only)
    assert path["event_date"].values == pytest.approx([FIRST], abs=1e-6)
    before = path["before"].values.reshape(3, 2)
    assert before[:, 1] == pytest.approx([SHARE, 0.0, 0.0], abs=1e-6)
    assert path["after"].values.reshape(3, 2)[1, 1] > 0.3
    table = take_offs(path)
    arrived = table[table["what"] == "arrives"]
    assert list(arrived["place"]) == ["country 1"]
    assert arrived["date"].values == pytest.approx([FIRST], abs=1e-6)
    both = [[0.55, 0.45], [0.52, 0.48], [1.0, 0.0]]
    later = follow(three, [2.7, 2.85], both)
    assert later["event_date"].values == pytest.approx([SECOND], abs=1e-6)
    start = later["before"].values.reshape(3, 2)[:, 1]
    assert start == pytest.approx([0.4532244833332338, 0.4856901438454516, 0.0], abs=1e-5)
    assert (path["growth"].values < 1e-9).all() and (later["growth"].values < 1e-9).all()


@pytest.mark.slow
def test_spreading_starts_at_the_break_point_of_thresholds():
    model = get_model("vertical-linkages")(alpha=0.4, mu=0.3)
    (found,) = thresholds(model, "tau", 1.3, 3.0).of_kind("break")
    dates = np.linspace(0.0, 1.0, 4)
    path = relocation(model, {"tau": lambda date: 1.9 - 0.4 * date}, dates)
    at = 1.9 - 0.4 * float(path["event_date"][0])
    assert path.sizes["event"] == 1
    assert at == pytest.approx(found.value, abs=1e-5)
    even, uneven = path["before"].values[0, 1::2], path["after"].values[0, 1::2]
    assert even[0] == pytest.approx(even[1], abs=1e-9)
    assert uneven.max() > 2.0 * uneven.min()


def with_learning(**given):
    part = Learning(lam=0.1, iota=0.01, g=0.02, gamma=0.15, **given)
    base = spread_of_industry(((1.0, 1.3), (1.3, 1.0)), need=0.2)
    return compose(base, [part])


@pytest.fixture(scope="module")
def learners():
    return with_learning()


BOTH = np.array([0.6, 0.4, 0.6, 0.4])


@pytest.mark.slow
def test_with_frozen_costs_the_path_ends_where_the_long_run_rests(learners):
    low = {"learning.level": np.array([0.6, 0.3])}
    path = relocation(learners, {}, np.linspace(0.0, 800.0, 81), BOTH, stocks=low)
    # The same by one solve in which stocks rest: what is followed in time is no unknown there.
    rest = long_run(learners, path["x"].values[-1])
    assert np.abs(np.diff(path["learning.level"].values[[0, -1]], axis=0)).max() > 0.02
    assert path["x"].values[-1] == pytest.approx(np.asarray(rest.x), abs=1e-7)
    level = np.exp(np.asarray(rest.prices["learning.level"]))
    assert path["learning.level"].values[-1] == pytest.approx(level, abs=1e-7)
    # In closed form: q / (q + g).
    exposure = np.asarray(rest.outcomes["learning.exposure"])
    rate = 0.01 + 0.1 * exposure
    assert level == pytest.approx(rate / (rate + 0.02), rel=1e-12)
    # Left out, stocks rest at the first date, and nothing moves.
    still = relocation(learners, {}, [0.0, 50.0], rest.x)
    assert np.ptp(still["x"].values, axis=0).max() < 1e-9


@pytest.mark.slow
def test_stocks_are_followed_to_second_order(learners):
    low = {"learning.level": np.array([0.6, 0.3])}

    def end(steps):
        path = relocation(learners, {}, np.linspace(0.0, 8.0, steps + 1), BOTH, stocks=low)
        return path["learning.level"].values[-1]

    exact = end(32)
    errors = [np.abs(end(steps) - exact).max() for steps in (2, 4)]
    assert 3.0 < errors[0] / errors[1] < 6.5


@pytest.mark.slow
def test_slow_change_is_the_limit_of_paths():
    """Where knowledge moves slowly, the replicator's path is that of the equilibrium."""
    model = get_model("pflueger")(tau=1.9)
    slow = Knowledge(gamma=0.05, learning=0.002, forgetting=0.002, start=0.002, acts="payoff")
    economy = compose(model, [slow])
    x, dates = np.array([0.5, 0.5]), np.linspace(0.0, 400.0, 9)
    stocks = {"knowledge.level": np.array([1.5, 1.2])}
    first = relocation(economy, {}, dates, x, stocks=stocks)
    other = paths(economy, first["x"].values[0], dates, stocks=stocks)
    gap = np.abs(first["x"].values - other["x"].values[0]).max()
    moved = np.abs(np.diff(first["x"].values[[0, -1]], axis=0)).max()
    assert moved > 0.01
    assert gap < 0.1 * moved


def test_bad_input_is_named(three):
    with pytest.raises(InvalidDataError, match="increasing"):
        relocation(three, {}, [1.0, 1.0])
    with pytest.raises(NegError, match="efficiency.speed"):
        relocation(three, {"efficiency.speed": lambda date: 1.0}, [0.0, 1.0])
    with pytest.raises(NegError, match="precision"):
        relocation(three, {}, [0.0, 1.0], precision=0.0)
    model = get_model("core-periphery")()
    with pytest.raises(InvalidParameterError, match="'subsistence' is not allowed"):
        compose(model, [Subsistence()])
    with pytest.raises(InvalidParameterError, match="'learning' is not allowed"):
        compose(model, [Learning()])
    plain = relocation(model.with_(tau=1.9), {}, [0.0, 1.0], [0.5, 0.5])
    with pytest.raises(InvalidDataError, match="no sectors"):
        take_offs(plain)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "begins"),
    [
        (lambda t: 0.25 + 0.1 * np.exp(-(((t - 7.0) / 2.0) ** 2)), 5.3925),
        (lambda t: 0.35 if 6.0 < t < 9.0 else 0.25, 6.0),
    ],
)
def test_what_a_lever_does_between_dates_is_not_skipped(law, begins):
    """The low state of suppliers is gone while they learn fast, and does not come back."""
    for many in (2, 7):
        path = relocation(TakeOff(), {"lam": law}, np.linspace(0.0, 30.0, many), [0.35, 0.65])
        assert path["event_date"].values == pytest.approx([begins], abs=1e-4)
        assert path["x"].values[-1, 0] == pytest.approx(0.828351, abs=1e-6)


@pytest.mark.slow
def test_a_path_that_is_lost_never_looks_followed(three):
    """Needs that nobody can pay: no equilibrium is left, and dates from there on are no numbers."""
    only = np.ravel([[0.53, 0.47], [1.0, 0.0], [1.0, 0.0]])
    schedule = {
        "efficiency.level": lambda date: 1.2,
        "subsistence.need": lambda date: 0.75 + date,
    }
    with pytest.raises(ConvergenceError, match="branch of equilibria ends"):
        relocation(three, schedule, [0.0, 0.1, 1.0], only, precision=0.1)
    path = relocation(three, schedule, [0.0, 0.1, 1.0], only, precision=0.1, throw=False)
    assert path.attrs["status"].startswith("lost after date")
    assert np.isfinite(path["x"].values[0]).all() and np.isnan(path["x"].values[-1]).all()
    assert np.isfinite(take_offs(path)["date"].astype(float)).all()


@pytest.mark.slow
def test_levers_of_many_entries(three):
    lever = Lever("tau", "times", among=("country 0", "country 1"))
    only = np.ravel([[0.53, 0.47], [1.0, 0.0], [1.0, 0.0]])
    schedule = {"efficiency.level": lambda date: 1.2, "cheaper": (lever, lambda date: 1.0 - date)}
    path = relocation(three, schedule, [0.0, 0.02], only)
    assert path["cheaper"].values == pytest.approx([1.0, 0.98])
    start = long_run(three.with_(**{"efficiency.level": 1.2}), only)
    assert path["x"].values[0] == pytest.approx(np.asarray(start.x), abs=1e-9)
    assert jnp.isfinite(path["payoff"].values).all()
