"""All equilibria: counts, complementarity, symmetry, indices, and what is said of completeness."""

from __future__ import annotations

import numpy as np
import pytest

from neg.core.errors import InvalidParameterError
from neg.models.allen_arkolakis import AllenArkolakis
from neg.models.core_periphery import CorePeriphery
from neg.models.vertical_linkages import VerticalLinkages
from neg.places.layouts import equidistant, from_distance, racetrack
from neg.search.equilibria import equilibria
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


def test_unstable_symmetric_state_is_not_called_unique():
    """theta 4, alpha 0.2, beta -0.1, tau^-theta 0.2: 0.9 and 99.1 per cent of the people."""
    model = AllenArkolakis(sigma=5.0, alpha=0.2, beta=-0.1).with_(tau=0.2 ** (-1 / 4))
    found = equilibria(model)
    assert [point.stable for point in found.points] == [False, True, True]
    assert float(found.points[1].x.min()) == pytest.approx(0.009, abs=5e-4)
    assert found.completeness.index_sum == 1


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
