"""Symmetry groups of geographies, of distributions, and of models that break them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from neg.bifurcation.symmetry import Symmetry, automorphisms, clusters, pattern, symmetries
from neg.models.core_periphery import CorePeriphery
from neg.places.layouts import (
    equidistant,
    from_distance,
    hexagonal_torus,
    line,
    racetrack,
    square_torus,
    star,
)
from tests.solvers.toys import Three, Toy, fold


def levels(geography):
    return np.unique(np.asarray(geography.distance), return_inverse=True)[1].reshape(
        geography.places, -1
    )


@pytest.mark.parametrize(
    ("geography", "order", "name"),
    [
        (equidistant(2), 2, "Z2"),
        (equidistant(4), 24, "S4"),
        (racetrack(8), 16, "D8"),
        (racetrack(16), 32, "D16"),
        (line(5), 2, "D1"),
        (star(6), 120, "S5"),
        (square_torus(6), 288, "order 288"),
        (hexagonal_torus(6), 432, "order 432"),
    ],
)
def test_group_of_a_geography(geography, order, name):
    group = automorphisms(levels(geography))
    assert (group.order, group.name) == (order, name)
    distance = np.asarray(geography.distance)
    for g in group.elements[:: max(1, order // 20)]:
        np.testing.assert_array_equal(distance[np.ix_(g, g)], distance)


def test_backtracking_misses_no_permutation():
    rng = np.random.default_rng(3)
    for _ in range(20):
        matrix = rng.integers(0, 2, (5, 5))
        every = [
            g for g in itertools.permutations(range(5)) if (matrix[np.ix_(g, g)] == matrix).all()
        ]
        assert sorted(map(tuple, automorphisms(matrix).elements)) == sorted(every)


def test_isotropy_of_racetrack_patterns():
    group = automorphisms(levels(racetrack(8)))
    for x, name, images in [
        ([1, 0] * 4, "D4", 2),
        ([1, 0, 0, 0] * 2, "D2", 4),
        ([1, 0, 0, 0, 0, 0, 0, 0], "D1", 8),
        ([3, 2, 1, 0, 5, 0, 1, 7], "trivial", 16),
    ]:
        own = group.isotropy(np.array(x, dtype=float))
        assert own.name == name
        assert len(group.images(np.array(x, dtype=float))) == images == group.order // own.order


def test_average_is_the_nearest_symmetric_state():
    group = automorphisms(levels(racetrack(8))).isotropy(np.array([1.0, 0] * 4))
    x = np.arange(8.0)
    mean = group.average(x)
    np.testing.assert_allclose(mean, [3.0, 4.0] * 4)
    np.testing.assert_array_equal(group.orbits, [0, 1] * 4)


def test_group_too_large_to_list_still_finds_clusters():
    group = automorphisms(levels(equidistant(9)))
    assert not group.complete
    x = np.array([0.2] * 3 + [0.4 / 6] * 6)
    np.testing.assert_array_equal(group.isotropy(x).orbits, [0] * 3 + [1] * 6)
    shuffled = np.random.default_rng(0).permutation(x)
    np.testing.assert_allclose(shuffled[group.nearest(shuffled, x)], x)


def test_asymmetric_model_has_no_symmetry_that_its_distances_promise():
    assert symmetries(Three()).order == 6
    assert symmetries(Toy((0, 1, 0, 0, 0, 0, 0))).order == 2
    assert symmetries(fold()).order == 1  # the two cells differ in payoff, not in distance


def test_core_periphery_has_the_symmetries_of_its_geography():
    rng = np.random.default_rng(1)
    distance = rng.uniform(0.5, 1.5, (4, 4)) * (1 - np.eye(4))
    assert symmetries(CorePeriphery(geography=from_distance(distance + distance.T))).order == 1
    assert symmetries(CorePeriphery(geography=racetrack(4))).name == "D4"


def test_words_for_patterns():
    assert pattern(np.array([0.25, 0, 0.25, 0, 0.25, 0, 0.25, 0])) == "4 of 8"
    assert pattern(np.array([0.4, 0.2, 0.2, 0.2])) == "1+3"
    assert pattern(np.arange(40.0)) == "39 sizes of 40"
    assert clusters(np.array([0.1, 0.3, 0.1])) == [(0.3, 1), (pytest.approx(0.1), 2)]
    assert Symmetry.trivial(3).name == "trivial"
