"""Levers: what moves, how, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from economies import random_table

from neg.analysis import calibrate, gradient, real_income_gradient, scenario
from neg.analysis.scenarios import Edit
from neg.core.errors import InvalidParameterError, LabelMismatchError, UnknownNameError
from neg.core.parameters import parameter
from neg.economy.composed import compose
from neg.economy.general import general_economy
from neg.economy.lever import _AXIS, SELECTORS, Lever, in_hand
from neg.economy.model import Model
from neg.economy.part import Part
from neg.firms import WorkingCapital
from neg.models.core_periphery import CorePeriphery
from neg.parts import Land
from neg.scenario_files.edits import ParameterEdit
from neg.scenario_files.searches import LeverEntry
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


def test_builders_read_labels_in_any_order_and_the_names_of_rows_and_columns():
    two = {"places": ["a", "b"], "sectors": ["g", "h"], "employment": 1.0, "theta": 4.0}
    shares = pd.DataFrame([[0.9, 0.1], [0.2, 0.8]], index=["a", "b"], columns=["g", "h"])
    turned = shares.T.rename_axis(index="sector", columns="place")
    for given in (
        shares,
        shares.loc[["b", "a"], ["h", "g"]],
        turned,
        shares.to_xarray().to_array("sector").rename(index="place"),
    ):
        made = general_economy(**two, final_share=given)
        np.testing.assert_array_equal(made.final_share[..., 0], [[0.9, 0.1], [0.2, 0.8]])
    for given in (pd.Series({"h": 0.3, "g": 0.7}), {"h": 0.3, "g": 0.7}):
        made = general_economy(**two, final_share=given)
        np.testing.assert_array_equal(made.final_share[..., 0], [[0.7, 0.3]] * 2)
    cost = pd.DataFrame([[1.0, 2.0], [5.0, 1.0]], index=["a", "b"], columns=["a", "b"])
    for rows, columns in (("destination", "origin"), ("importer", "exporter"), ("to", None)):
        made = general_economy(**two, tau=cost.rename_axis(index=rows, columns=columns))
        np.testing.assert_array_equal(made.tau[..., 0], cost.T)
    for rows, columns in (("origin", "destination"), ("exporter", None), ("iso", "iso")):
        made = general_economy(**two, tau=cost.rename_axis(index=rows, columns=columns))
        np.testing.assert_array_equal(made.tau[..., 0], cost)
    inputs = pd.DataFrame([[0.1, 0.2], [0.3, 0.05]], index=["g", "h"], columns=["g", "h"])
    made = general_economy(**two, input_share=inputs.rename_axis(index="input", columns="sector"))
    np.testing.assert_array_equal(made.input_share[1], inputs)
    made = general_economy(**two, numeraire=pd.Series({"b": 1.0, "a": 0.0}))
    np.testing.assert_array_equal(made.numeraire, [0.0, 1.0])


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


@pytest.mark.slow
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


def test_every_axis_has_a_selector():
    """Whatever a parameter of a part or of a model is a list over, a Lever can name its entries."""
    known = {axis for axes in _AXIS.values() for axis in axes}
    for kind in [*Part.registry.values(), *Model.registry.values()]:
        for name, spec in kind.parameters().items():
            assert set(spec.axes) <= known, (kind.__name__, name)
    assert set(_AXIS) == set(SELECTORS)
    fields = {*ParameterEdit.model_fields} & {*LeverEntry.model_fields} & {*Edit.model_fields}
    assert set(SELECTORS) <= fields


def test_inputs_and_uses_are_selected():
    lever = Lever("input_share", "times", places="p0", inputs="s0", sectors="s1")
    mask = lever.mask(MODEL, MODEL.parameters()["input_share"])
    np.testing.assert_array_equal(np.argwhere(mask), [[0, 0, 1]])
    use = MODEL.labels["use"][0]
    moved = Lever("taste", "times", origins="p0", destinations="p1", uses=use).put(MODEL, 0.5)
    assert (moved.taste[0, 1] == 0.5 * MODEL.taste[0, 1]).all()
    with pytest.raises(UnknownNameError, match="use 'x'"):
        Lever("taste", "times", uses="x").check(MODEL)


def test_what_is_switched_off_starts_from_the_value_of_no_effect():
    model = compose(MODEL, [WorkingCapital()])
    lever = Lever("working_capital.subsidy", "plus", places="p1")
    np.testing.assert_allclose(lever.put(model, 0.3).value(lever.path), [0.0, 0.3, 0.0])
    assert Lever("working_capital.subsidy", "set").start(model) == 0.0
    assert Lever("tariff_response", "times", sectors="s0").put(MODEL, 1.2).tariff_response[1] == 1.0
    capped = compose(MODEL, [Rule()])
    for lever in (Lever("rule.cap", "times"), Lever("rule.each", "set", places="p1")):
        with pytest.raises(InvalidParameterError, match=r"is switched off \(None\).*\[0, inf\)"):
            lever.put(capped, 0.5)
    assert Lever("rule.cap", "set").put(capped, 0.5).get("rule.cap") == 0.5
    with pytest.raises(InvalidParameterError, match="grant"):  # nobody pays for it there
        Lever("working_capital.subsidy").put(compose(CorePeriphery(), [WorkingCapital()]), 0.5)


class Rule(Part):
    """Parameters without a value of no effect."""

    label = "rule"
    cap: jax.Array | None = parameter(None, "a cap", low=0.0)
    each: jax.Array | None = parameter(None, "one a place", low=0.0, axes=("place",))
