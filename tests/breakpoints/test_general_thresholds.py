"""Thresholds and diagrams of the general economy: those of the canonical model, in any units."""

import numpy as np
import pytest

from neg.breakpoints.thresholds import thresholds
from neg.diagrams.diagram import NOTHING, diagram
from neg.economy.general import general_economy
from neg.economy.lever import Lever
from neg.models.core_periphery import CorePeriphery
from neg.places.layouts import equidistant
from neg.solvers.dynamics import paths


def core_periphery(people=1.0, mu=0.4, places=2):
    """Farmers who stay and workers who move, as two sectors of the general economy."""
    return general_economy(
        places=["a", "b", "c"][:places],
        sectors=["farms", "industry"],
        employment=people * np.array([[1 - mu, mu]] * places) / places,
        theta=4.0,
        alpha=1.0,
        tau=1.7,
        productivity=[1.0, 1.0 / mu],
        final_share=[1 - mu, mu],
        homogeneous=["farms"],
        mobility={"farms": "immobile", "industry": "places"},
    )


@pytest.mark.slow
@pytest.mark.parametrize("people", [1.0, 1e6, 1e-4])
def test_break_and_sustain_points_are_those_of_the_canonical_model_in_any_units(people):
    canon = thresholds(CorePeriphery(sigma=5.0, mu=0.4), "tau").points
    found = thresholds(core_periphery(people), "tau", low=1.2, high=3.0).points
    assert [point.kind for point in found] == [point.kind for point in canon]
    for ours, theirs in zip(found, canon, strict=True):
        assert ours.value == pytest.approx(theirs.value, rel=1e-9) and ours.converged
    assert found[1].places == ("a:industry", "b:industry")


@pytest.mark.slow
def test_where_all_modes_vanish_at_once_the_break_point_is_found():
    """With three equidistant places both modes are critical together, and all rates are zero."""
    model = core_periphery(places=3)
    canon = thresholds(CorePeriphery(sigma=5.0, mu=0.4, geography=equidistant(3)), "tau").points
    found = thresholds(model, "tau", low=1.2, high=3.0).points
    assert [point.kind for point in found] == ["break", "sustain"]
    for ours, theirs in zip(found, canon, strict=True):
        assert ours.value == pytest.approx(theirs.value, rel=1e-9)
        assert ours.converged and ours.rank == 0


@pytest.mark.slow
def test_a_lever_is_a_parameter_of_thresholds():
    base = core_periphery()
    lever = Lever("tau", "plus", sectors=("industry",))
    found = thresholds(base, lever, low=-0.5, high=1.0)
    assert [round(1.7 + point.value, 8) for point in found.points] == [1.62657656, 1.80731272]
    assert found.parameter == "tau" and "plus" in str(found.model.parameters()["tau"].meaning)


@pytest.mark.slow
@pytest.mark.parametrize("people", [1.0, 1e6, 1e-4])
def test_branches_are_told_apart_in_any_units(people):
    tree = diagram(core_periphery(people), "tau", 1.4, 2.0, search=NOTHING)
    kinds = sorted(point.kind.name for _, point in tree.special)
    assert len(tree.branches) == 3 and kinds == ["BRANCH", "EMPTIED", "SUSTAIN"]
    shares = sorted(round(float(one.x[1] / people), 3) for one in tree.equilibria(1.75))
    assert len(shares) == 5 and shares[2] == 0.2 and shares[0] == 0.0 and shares[4] == 0.4
    assert shares[1] + shares[3] == pytest.approx(0.4, abs=2e-3)


@pytest.mark.slow
def test_paths_in_time_are_alike_in_any_units():
    ends = []
    for people in (1.0, 1e6, 1e-4):
        model = core_periphery(people)
        start = people * np.array([0.3, 0.22, 0.3, 0.18])
        ends.append(paths(model, start, [0.0, 50.0, 100.0])["x"].values[0, -1] / people)
    np.testing.assert_allclose(ends[1:], [ends[0]] * 2, rtol=1e-9)


def test_one_number_for_trade_costs_holds_between_places():
    """What is sold at home pays nothing, or what it paid before."""
    model = core_periphery()
    off = ~np.eye(2, dtype=bool)
    np.testing.assert_array_equal(model.tau[..., 1], np.where(off, 1.7, 1.0))
    home = model.with_(tau=np.array([[1.1, 1.7], [1.7, 1.2]]))
    moved = home.with_(tau=1.5)
    np.testing.assert_array_equal(moved.tau[..., 1], [[1.1, 1.5], [1.5, 1.2]])
    np.testing.assert_array_equal(home.with_(tau=[1.3, 1.5]).tau[0], [[1.1, 1.1], [1.3, 1.5]])
