"""Thresholds of unequal regions, of any parameter, and what a result says of itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neg.breakpoints.results import moved_by
from neg.breakpoints.thresholds import threshold, thresholds
from neg.core.errors import BlackHoleError
from neg.economy.composed import compose
from neg.models.core_periphery import CorePeriphery
from neg.models.helpman import Helpman
from neg.parts import Land
from neg.places.layouts import from_distance, line
from neg.solvers.long_run import equilibrium_at


def unequal(model, back, **values):
    return model(geography=from_distance(np.array([[0.0, 1.0], [back, 0.0]])), **values)


@pytest.fixture(scope="module")
def uneven():
    return thresholds(unequal(CorePeriphery, 1.01))


@pytest.mark.parametrize(
    "search", [{}, {"low": 1.2, "high": 3.0}, {"low": 1.5, "high": 1.8}, {"nodes": 257}]
)
def test_a_fold_is_found_whatever_the_interval_or_the_number_of_nodes(search):
    found = thresholds(unequal(CorePeriphery, 1.01), **search)
    assert found.of_kind("break") == ()
    (fold,) = found.of_kind("fold")
    assert fold.converged and fold.rank == 0 and fold.below == "vanishes"
    assert fold.value == pytest.approx(1.641597213, abs=1e-9)
    assert abs(fold.growth) < 1e-12
    assert fold.interval[0] <= fold.value <= fold.interval[1]


def test_at_a_fold_a_stable_equilibrium_meets_a_saddle(uneven):
    """Checked without the search: two equilibria just above, with growth of opposite signs."""
    (fold,) = uneven.of_kind("fold")
    here = uneven.model.with_(tau=fold.value * (1 + 1e-6))
    mode = fold.pattern / np.abs(fold.pattern).max()
    ends = [
        equilibrium_at(here, fold.equilibrium + s * 3e-3 * mode, np.ones(2, bool)) for s in (1, -1)
    ]
    growth = sorted(float(end.growth) for end in ends)
    assert growth[0] < 0 < growth[1]
    assert float(np.abs(ends[0].x - ends[1].x).max()) > 1e-4


def test_the_gradient_of_a_fold_agrees_with_folds_searched_anew(uneven):
    (fold,) = uneven.of_kind("fold")
    found = fold.gradient()
    assert found["mu"] == pytest.approx(2.3760, abs=1e-4)
    for name, step in (("mu", 1e-5), ("sigma", 1e-4)):
        low, high = (
            thresholds(
                uneven.model.with_(**{name: uneven.model.get(name) + s}), low=1.5, high=1.8
            ).of_kind("fold")[0]
            for s in (-step, step)
        )
        assert found[name] == pytest.approx((high.value - low.value) / (2 * step), rel=1e-6)
    with pytest.raises(BlackHoleError, match="there is no break point of tau"):
        threshold(uneven.model, "break", low=1.5, high=1.8)


@pytest.mark.parametrize("back", [1.003, pytest.param(1.0001, marks=pytest.mark.slow)])
def test_a_step_over_a_narrow_gap_between_branches_is_noticed(back):
    """The gap at an almost perfect pitchfork closes about as the power 2/3 of the imperfection."""
    found = thresholds(unequal(CorePeriphery, back))
    (fold,) = found.of_kind("fold")
    assert fold.converged and found.of_kind("break") == ()
    perfect, known = 1.626576561697782, 1.641597213424434
    expected = (known - perfect) * ((back - 1) / 0.01) ** (2 / 3)
    assert fold.value - perfect == pytest.approx(expected, rel=0.2)
    if back == 1.003:
        assert fold.value == pytest.approx(1.633793427, abs=1e-9)
    again = thresholds(found.model, low=1.5, high=1.8).of_kind("fold")[0]
    assert again.value == pytest.approx(fold.value, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("back", [1.003, pytest.param(1.0001, marks=pytest.mark.slow)])
def test_helpman_folds_too_and_has_no_corner(back):
    found = thresholds(unequal(Helpman, back, sigma=4.0, a=0.8))
    assert [point.kind for point in found.points] == ["fold"]
    assert found.points[0].converged
    within = thresholds(found.model, low=1.4, high=1.9)
    assert within.points[0].value == pytest.approx(found.points[0].value, rel=1e-10)
    assert "gains without bound" in found.missing["sustain"]


def test_where_a_branch_leaves_through_the_boundary_it_neither_breaks_nor_folds():
    """On a line the even branch ends at 1.103033, where the middle place empties."""
    found = thresholds(CorePeriphery(geography=line(3)), low=1.02, high=3.0)
    assert not any(abs(point.value - 1.103033) < 1e-4 for point in found.points)
    assert any("1.103033" in note and "boundary" in note for note in found.notes)
    (fold,) = found.of_kind("fold")
    assert fold.value == pytest.approx(1.925453321, abs=1e-9)


@pytest.mark.slow
def test_any_parameter_of_an_economy_with_parts():
    land = compose(CorePeriphery(), [Land(h=0.1)])
    first, second = thresholds(land, low=1.05, high=3.0).of_kind("break")
    there = land.with_(tau=second.value)
    (back,) = thresholds(there, "land.h", 0.02, 0.3).of_kind("break")
    assert back.value == pytest.approx(0.1, abs=1e-9)
    slopes = second.gradient()
    assert set(slopes) >= {"sigma", "mu", "land.h"} and "tau" not in slopes
    # The same surface, solved for the other coordinate: the slopes are reciprocals.
    assert slopes["land.h"] * back.gradient()["tau"] == pytest.approx(1.0, rel=1e-7)
    assert first.value < second.value


def test_an_alias_is_not_differentiated_by_what_it_stands_for():
    assert moved_by(CorePeriphery(), "phi") == {"tau"}
    assert moved_by(CorePeriphery(), "mu") == {"mu"}


def test_a_result_prints_itself_and_goes_into_json(uneven):
    content = json.loads(json.dumps(uneven.as_dict()))
    assert content["parameters"] == {"sigma": 5.0, "mu": 0.4}
    assert content["places"] == ["0", "1"] and content["parameter"] == "tau"
    assert content["searched"]["low"] < 1.001 and content["searched"]["interior_branches"] == 2
    assert [point["kind"] for point in content["thresholds"]] == ["fold", "sustain", "sustain"]
    frame = uneven.to_frame()
    assert list(frame["kind"]) == ["fold", "sustain", "sustain"]
    np.testing.assert_array_equal(frame["tau"], [point.value for point in uneven.points])
    assert "1.641597213" in str(uneven) and "sustain" in str(uneven)
    assert "<table" in uneven._repr_html_() and "1.641597213" in uneven._repr_html_()
    assert "1.641597213" in repr(uneven.points[0])
