"""All equilibria: counts, complementarity, symmetry, indices, and what is said of completeness."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neg.core.errors import InvalidParameterError
from neg.models.allen_arkolakis import AllenArkolakis
from neg.models.core_periphery import CorePeriphery
from neg.models.helpman import Helpman
from neg.models.vertical_linkages import VerticalLinkages
from neg.places.layouts import equidistant, from_distance, racetrack
from neg.search.equilibria import equilibria
from neg.search.result import Certificate, Completeness, Tried
from neg.solvers.long_run import long_run
from neg.solvers.short_run import short_run


def complementarity(point):
    """Largest violation of the equilibrium conditions, with prices solved anew."""
    model, x = point.model, np.asarray(point.x)
    payoff = np.asarray(short_run(model, x).payoff)
    index = np.asarray(model.groups.index)
    best = np.array([payoff[index == g].max() for g in range(model.groups.count)])[index]
    used = x > 0
    totals = np.bincount(index, x) - np.asarray(model.groups.mass)
    return max(np.abs(best - payoff)[used].max(), np.abs(totals).max())


@pytest.mark.parametrize(
    ("tau", "stable"),
    [(1.5, [False, True, True]), (1.7, [True, False, False, True, True]), (1.9, [True])],
)
def test_core_periphery_around_its_thresholds(tau, stable):
    found = equilibria(CorePeriphery(sigma=5.0, mu=0.4, tau=tau))
    assert [point.stable for point in found.points] == stable
    assert max(complementarity(point) for point in found.points) < 1e-9
    assert found.completeness.certified and found.completeness.certificate.undecided == 0
    assert found.completeness.index_sum == 1 and len(found) % 2 == 1
    assert "Certified" in str(found.completeness)


def test_at_the_break_point_the_search_says_that_it_cannot_decide():
    found = equilibria(CorePeriphery(sigma=5.0, mu=0.4, tau=1.6265765616977854))
    assert not found.completeness.certified
    assert "degenerate" in str(found.completeness)
    middle = [p for p in found.points if np.allclose(p.x, 0.5)]
    assert len(middle) == 1 and middle[0].stable is None


@pytest.mark.slow
def test_three_regions_are_certified_in_the_plane():
    found = equilibria(CorePeriphery(geography=equidistant(3), tau=1.85))
    assert found.completeness.certified and found.completeness.certificate.missed == 0
    assert found.completeness.index_sum == 1
    for point in found.points:  # every image under exchange of places is there
        for other in ([1, 0, 2], [1, 2, 0]):
            image = np.asarray(point.x)[other]
            assert min(np.abs(image - np.asarray(p.x)).max() for p in found.points) < 1e-8
    assert max(complementarity(point) for point in found.points) < 1e-9


@pytest.mark.slow
def test_several_groups():
    found = equilibria(VerticalLinkages(sigma=5.0, alpha=0.4, mu=0.3, tau=1.7))
    assert [point.stable for point in found.points] == [True, False, False, True, True]
    assert found.completeness.certified and found.completeness.index_sum == 1


@pytest.mark.slow
def test_unstable_symmetric_state_is_not_called_unique():
    """theta 4, alpha 0.2, beta -0.1, tau^-theta 0.2: 0.9 and 99.1 per cent of the people."""
    model = AllenArkolakis(sigma=5.0, alpha=0.2, beta=-0.1).with_(tau=0.2 ** (-1 / 4))
    found = equilibria(model)
    assert [point.stable for point in found.points] == [False, True, True]
    assert float(found.points[1].x.min()) == pytest.approx(0.009, abs=5e-4)
    assert found.completeness.index_sum == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "share"),
    [
        (Helpman(sigma=3.0, a=0.9, tau=6.0), 2.1268e-12),
        (Helpman(sigma=1.5, a=0.95, tau=3.0), 8.1833e-13),
        (Helpman(sigma=3.0, a=0.98, tau=6.0), 2.8248e-64),
        (Helpman(sigma=2.0, a=0.95, tau=2.0, rents="pooled"), 3.8886e-09),
        (AllenArkolakis(sigma=5.0, alpha=0.2, beta=-0.1, tau=3.0), 7.4221e-07),
    ],
    ids=["helpman", "low sigma", "deep", "pooled", "allen-arkolakis"],
)
def test_an_equilibrium_beside_a_corner_is_found_however_small_its_share(model, share):
    """Rents or amenities without a floor: the corner itself is no equilibrium."""
    found = equilibria(model)
    assert [point.stable for point in found.points] == [False, True, True]
    assert float(found.points[1].x.min()) == pytest.approx(share, rel=1e-4)
    assert found.indices == (-1, 1, 1) and found.completeness.certified
    reached = long_run(model, [0.9, 0.1])
    np.testing.assert_allclose(np.log(found.points[1].x), np.log(reached.x), atol=1e-8)
    assert max(complementarity(point) for point in found.points) < 1e-9


@pytest.mark.slow
def test_near_autarky_the_interior_equilibrium_is_not_lost():
    """Trade of one part in a million: the damped solve of prices crawls there and gives up."""
    distance = np.array([[0, 1.24635263], [1.01226045, 0]])
    model = Helpman(sigma=5.994, a=0.9629, tau=9.1771, geography=from_distance(distance))
    found = equilibria(model)
    assert [point.stable for point in found.points] == [False, True, True]
    assert found.completeness.certified, str(found.completeness)


@pytest.mark.parametrize("tau", [4.0, pytest.param(20.0, marks=pytest.mark.slow)])
def test_three_places_with_unbounded_amenities_have_seven_equilibria(tau):
    model = AllenArkolakis(sigma=5.0, alpha=0.2, beta=-0.1, tau=tau, geography=equidistant(3))
    found = equilibria(model)
    assert [point.stable for point in found.points] == [False] * 4 + [True] * 3
    assert found.indices == (1, -1, -1, -1, 1, 1, 1) and found.completeness.certified
    reached = long_run(model, [0.9, 0.05, 0.05])
    np.testing.assert_allclose(np.log(found.points[4].x), np.log(reached.x), atol=1e-8)
    if tau == 4.0:
        np.testing.assert_allclose(np.sort(found.points[4].x)[:2], 1.8212e-8, rtol=1e-4)


def test_shares_beyond_the_smallest_number_are_announced():
    """Two stable equilibria at shares of 1e-450: they exist, but no double number holds them."""
    found = equilibria(Helpman(sigma=3.0, a=0.993, tau=20.0))
    assert len(found) == 1 and found.completeness.index_sum == -1
    assert found.completeness.beyond == 2 and not found.completeness.certified
    assert "1e-300" in str(found.completeness) and "Not certified" in str(found.completeness)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"index_sum": -1}, "-1 instead of one"),
        ({"index_sum": None}, "degenerate"),
        ({"beyond": 1}, "too small"),
        ({"unconfirmed": 1}, "could not be solved"),
        ({"certificate": None}, "two degrees of freedom"),
        ({"certificate": Certificate(1, 10, 1e-5, 1e-26, 0.0)}, "stayed open"),
        ({"certificate": Certificate(0, 10, 1e-5, 1e-9, 1e-9)}, "did not clear"),
        ({"certificate": Certificate(0, 10, 1e-5, 1e-26, 0.0, missed=1)}, "starts alone"),
        ({"tried": Tried(3, 4, 24, 1, 0, 0)}, "1 of 4 sets"),
        ({"tried": Tried(4, 4, 24, 1, 0, 5)}, "5 entries"),
    ],
)
def test_nothing_is_certified_against_evidence(change, word):
    parts = {
        "certificate": Certificate(0, 10, 1e-5, 1e-26, 0.0),
        "tried": Tried(4, 4, 24, 1, 0, 0),
        "index_sum": 1,
    }
    good, bad = Completeness(**parts), Completeness(**(parts | change))
    assert good.certified and str(good).startswith("Certified") and not good.doubts
    assert not bad.certified and str(bad).startswith("Not certified") and word in str(bad)
    assert bad.to_dict()["certified"] is False and len(bad.doubts) == 1
    assert json.loads(json.dumps(bad.to_dict()))["statement"] == str(bad)


def test_the_result_prints_itself_and_becomes_a_table():
    found = equilibria(CorePeriphery(sigma=5.0, mu=0.4, tau=1.7))
    text = str(found)
    assert "5 long-run equilibria of core-periphery, 3 of them stable" in text
    assert "Certified" in text and text == repr(found)
    frame = found.to_frame()
    assert list(frame["stable"]) == [True, False, False, True, True]
    assert list(frame["index"]) == [1, -1, -1, 1, 1]
    np.testing.assert_allclose(frame["share 0"] + frame["share 1"], 1.0)
    np.testing.assert_allclose(frame["payoff"], [float(p.value[0]) for p in found.points])
    assert found._repr_html_().count("<tr") == 6
    data = json.loads(json.dumps(found.to_dict()))
    assert [one["growth"] for one in data["equilibria"]] == list(frame["growth"])
    assert data["completeness"]["certified"] is True and data["completeness"]["index_sum"] == 1


@pytest.mark.slow
def test_relabelling_permutes_the_set():
    distance = np.array([[0, 1.0, 1.4], [0.9, 0, 1.1], [1.5, 1.2, 0]])
    order = np.array([2, 0, 1])
    first = equilibria(CorePeriphery(geography=from_distance(distance), tau=1.8))
    second = equilibria(
        CorePeriphery(geography=from_distance(distance[np.ix_(order, order)]), tau=1.8)
    )
    assert len(first) == len(second) and first.completeness.index_sum == 1
    for point in first.points:
        image = np.asarray(point.x)[order]
        distances = [np.abs(image - np.asarray(other.x)).max() for other in second.points]
        twin = second.points[int(np.argmin(distances))]
        assert min(distances) < 1e-9 and twin.stable == point.stable


@pytest.mark.slow
def test_more_cells_are_searched_and_not_certified():
    found = equilibria(CorePeriphery(geography=racetrack(4), tau=1.85))
    assert not found.completeness.certified and "Not certified" in str(found.completeness)
    assert found.completeness.index_sum == 1
    assert max(complementarity(point) for point in found.points) < 1e-9
    assert {point.stable for point in found.points} == {True, False}


def test_bad_input_is_named():
    with pytest.raises(InvalidParameterError, match="starts"):
        equilibria(CorePeriphery(), starts=0)
