"""Levers: what moves, how, and what is refused."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from economies import random_table

from neg.analysis import calibrate, gradient, real_income_gradient, scenario
from neg.core.errors import InvalidParameterError, LabelMismatchError, UnknownNameError
from neg.economy.composed import compose
from neg.economy.lever import Lever, in_hand
from neg.models.core_periphery import CorePeriphery
from neg.parts import Land
from neg.solvers.short_run import short_run

TABLE = random_table(seed=5, tariffs=False)
MODEL = calibrate(TABLE, theta=4.0, uses="common", layers={"border": (0.2, "resource")})


def test_a_lever_moves_what_it_names_and_nothing_else():
    lever = Lever("border.cost", "times", origins="p0", destinations=["p1"], sectors="s1")
    moved = np.asarray(lever.put(MODEL, 0.9).value("border.cost"))
    expected = np.ones((3, 3, 2))
    expected[0, 1, 1] = 0.9
    np.testing.assert_array_equal(moved, expected)
    home = Lever("border.cost", "times", among="p0", abroad_only=False)
    assert float(home.put(MODEL, 0.9).value("border.cost")[0, 0, 0]) == 0.9
    plus = Lever("productivity", "plus", places="p2").put(MODEL, 0.5)
    np.testing.assert_allclose(plus.productivity - MODEL.productivity, [[0, 0], [0, 0], [0.5, 0.5]])
    assert (
        float(
            Lever("land.supply", "times")
            .put(compose(CorePeriphery(), [Land()]), 3.0)
            .get("land.supply")
        )
        == 3.0
    )
    assert float(Lever("phi").put(CorePeriphery(), 0.3).get("phi")) == pytest.approx(0.3)


def test_values_with_labels_are_read_by_their_labels():
    shuffled = xr.DataArray([3.0, 1.0, 2.0], dims="place", coords={"place": ["p2", "p0", "p1"]})
    found = Lever("land", "set").put(MODEL, shuffled)
    np.testing.assert_array_equal(found.land, [1.0, 2.0, 3.0])
    strange = shuffled.assign_coords(place=["p2", "p0", "x"])
    with pytest.raises(LabelMismatchError, match="missing.*p1"):
        Lever("land").put(MODEL, strange)


@pytest.mark.parametrize(
    ("lever", "error", "words"),
    [
        ({"path": "border.speed"}, UnknownNameError, "border.speed"),
        ({"path": "border.cost", "among": ["p0", "XX"]}, UnknownNameError, "XX"),
        (
            {"path": "border.cost", "places": ["p0"]},
            InvalidParameterError,
            "places must be left out",
        ),
        ({"path": "border.cost", "among": ["p0"]}, InvalidParameterError, "selects nothing"),
        ({"path": "border.cost", "among": []}, InvalidParameterError, "among .* is empty"),
        ({"path": "border.cost", "sectors": []}, InvalidParameterError, "sectors .* is empty"),
        (
            {"path": "border.cost", "among": ["p0"], "origins": ["p1"]},
            InvalidParameterError,
            "among and origins",
        ),
        ({"path": "land", "operation": "add"}, UnknownNameError, "operation"),
    ],
)
def test_levers_that_would_do_nothing_or_something_else_are_refused(lever, error, words):
    with pytest.raises(error, match=words):
        Lever(**lever).put(MODEL, 1.1)


def test_edits_are_levers_with_a_value():
    tariff = np.full((3, 3, 2), 0.1) * (1 - np.eye(3))[..., None]
    made = scenario({"name": "x", "edits": [{"path": "tariff", "set": tariff}]})
    np.testing.assert_array_equal(made.apply(MODEL).tariff, tariff)
    short = scenario({"name": "x", "edits": [{"layer": "border", "rate": 0.3}]}).apply(MODEL)
    np.testing.assert_allclose(np.asarray(short.value("border.rate"))[0, 1], 0.3)
    for edits in ([{"path": "tariff"}], [{"layer": "border", "path": "x", "set": 1}], [{"set": 1}]):
        with pytest.raises(InvalidParameterError, match="exactly one"):
            scenario({"name": "x", "edits": edits})


@pytest.mark.slow
def test_a_lever_in_hand_is_one_more_parameter():
    lever = Lever("border.cost", "times", among=["p0", "p1"])
    held, name = in_hand(MODEL, lever)
    assert float(held.get(name)) == 1.0
    at = held.with_(**{name: 0.9})
    edited = lever.put(MODEL, 0.9)
    np.testing.assert_allclose(
        short_run(at).outcomes["welfare"], short_run(edited).outcomes["welfare"]
    )
    exact = gradient(held, lambda out: out["welfare"][0], name)
    ends = [short_run(lever.put(MODEL, v)).outcomes["welfare"][0] for v in (1.0001, 0.9999)]
    assert float(exact) == pytest.approx(float(ends[0] - ends[1]) / 2e-4, rel=1e-5)


def test_gradients_to_every_entry_equal_differences():
    def outcome(out):
        return jnp.log(out["welfare"][2])

    lever = Lever("border.cost", "times", destinations="p2")
    found = gradient(MODEL, outcome, lever)
    assert found.dims == ("origin", "destination", "sector")
    assert np.isnan(found.sel(destination="p0")).all() and np.isnan(found.values[2, 2]).all()
    one = Lever("border.cost", "times", origins="p0", destinations="p2", sectors="s1")
    ends = [float(outcome(short_run(one.put(MODEL, v)).outcomes)) for v in (1.0001, 0.9999)]
    exact = float(found.sel(origin="p0", destination="p2", sector="s1"))
    assert exact == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-5)


def test_weights_of_zero_or_nan_are_refused():
    for weights in ([0.0, 0.0, 0.0], [1.0, np.nan, 0.0], [1.0, -1.0, 0.0]):
        with pytest.raises(InvalidParameterError, match="weights"):
            real_income_gradient(MODEL, weights)
    labelled = xr.DataArray([0.0, 1.0, 0.0], dims="place", coords={"place": ["p2", "p0", "p1"]})
    np.testing.assert_allclose(
        real_income_gradient(MODEL, labelled), real_income_gradient(MODEL, [1.0, 0.0, 0.0])
    )
