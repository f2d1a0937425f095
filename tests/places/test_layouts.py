"""Stylised geographies: distances, symmetry, and what is refused."""

import numpy as np
import pytest

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
    UnknownNameError,
)
from neg.places.layouts import (
    Geography,
    equidistant,
    from_distance,
    hexagonal_torus,
    layout,
    line,
    racetrack,
    square_torus,
    star,
)

ALL = {
    "equidistant": equidistant(4),
    "racetrack": racetrack(7),
    "line": line(5),
    "star": star(6),
    "square": square_torus(3, 4),
    "hexagonal": hexagonal_torus(4),
}
ALIKE = ("equidistant", "racetrack", "square", "hexagonal")  # every place sees the same


@pytest.mark.parametrize("kind", ALL)
def test_distance_is_a_metric_between_neighbours_one_step_apart(kind):
    d = np.asarray(ALL[kind].distance)
    assert d.dtype == np.float64
    np.testing.assert_array_equal(d, d.T)
    np.testing.assert_array_equal(np.diag(d), 0.0)
    assert np.min(d + 9.0 * np.eye(len(d))) == 1.0
    assert np.all(d[:, None, :] <= d[:, :, None] + d[None, :, :])
    # Every distance is the number of steps of the shortest way along neighbours.
    steps = np.where(np.eye(len(d), dtype=bool), 0.0, np.where(d == 1.0, 1.0, np.inf))
    for k in range(len(d)):
        steps = np.minimum(steps, steps[:, k : k + 1] + steps[k : k + 1, :])
    np.testing.assert_array_equal(d, steps)


@pytest.mark.parametrize("kind", ALIKE)
def test_every_place_sees_the_same_distances(kind):
    rows = np.sort(np.asarray(ALL[kind].distance), axis=1)
    np.testing.assert_array_equal(rows, np.broadcast_to(rows[0], rows.shape))


@pytest.mark.parametrize(
    ("kind", "neighbours"), [("racetrack", 2), ("square", 4), ("hexagonal", 6)]
)
def test_number_of_neighbours(kind, neighbours):
    near = np.asarray(layout(kind, 16).distance) == 1.0
    np.testing.assert_array_equal(near.sum(axis=1), neighbours)


def test_known_distances():
    np.testing.assert_array_equal(racetrack(6).distance[0], [0, 1, 2, 3, 2, 1])
    np.testing.assert_array_equal(line(4).distance[0], [0, 1, 2, 3])
    np.testing.assert_array_equal(star(4).distance[1], [1, 0, 2, 2])
    np.testing.assert_array_equal(square_torus(2, 3).distance[0], [0, 1, 1, 1, 2, 2])
    assert float(hexagonal_torus(6).distance.max()) == 4.0


@pytest.mark.parametrize("kind", ALL)
def test_places_are_drawn_apart(kind):
    at = np.asarray(ALL[kind].coordinates)
    gaps = np.linalg.norm(at[:, None] - at[None], axis=2) + np.eye(len(at))
    assert gaps.min() > 1e-3


@pytest.mark.parametrize("kind", ["racetrack", "line", "star", "equidistant"])
def test_layout_by_name(kind):
    found = layout(kind, 5)
    assert found.kind == kind and found.places == 5 and len(found.names) == 5


@pytest.mark.parametrize("kind", ["square", "hexagonal"])
def test_lattices_by_name_count_all_places(kind):
    assert layout(kind, 9).places == 9
    with pytest.raises(InvalidParameterError, match="places = 10 .*square number"):
        layout(kind, 10)


def test_given_distances_and_icebergs():
    distance = np.array([[0.0, 1.0], [2.0, 0.0]])
    found = from_distance(distance, ["north", "south"])
    assert found.names == ("north", "south") and found.kind == "general"
    cost = np.array([[1.0, 1.3], [1.7, 1.0]])
    np.testing.assert_allclose(np.exp(Geography.from_iceberg(cost).distance), cost, rtol=1e-15)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: layout("ring", 4), UnknownNameError, "geography 'ring'; allowed: .*racetrack"),
        (lambda: racetrack(1), InvalidParameterError, "places = 1 .*integer >= 2"),
        (lambda: racetrack(4.5), InvalidParameterError, "places = 4.5 .*integer >= 2"),
        (lambda: equidistant(0), InvalidParameterError, "places = 0 .*integer >= 1"),
        (lambda: square_torus(3, 1), InvalidParameterError, "columns = 1"),
        (
            lambda: from_distance([[0.0, -1.0], [1.0, 0.0]]),
            *(InvalidDataError, r"distance\[0, 1\] = -1 .*finite and non-negative"),
        ),
        (
            lambda: from_distance([[0.0, np.nan], [1.0, 0.0]]),
            *(InvalidDataError, r"distance\[0, 1\] = nan"),
        ),
        (
            lambda: from_distance(np.zeros((2, 3))),
            *(InvalidShapeError, r"distance has shape \(2, 3\); must be \(2, 2\)"),
        ),
        (
            lambda: from_distance(np.zeros((2, 2)), ["a", "a"]),
            *(LabelMismatchError, "names holds the label 'a' twice"),
        ),
        (
            lambda: from_distance(np.zeros((2, 2)), ["a", "b", "c"]),
            *(InvalidShapeError, "distance has shape"),
        ),
        (
            lambda: Geography.from_iceberg([[1.0, 0.9], [1.1, 1.0]]),
            *(InvalidParameterError, r"iceberg\[0, 1\] = 0.9 .*\[1, inf\)"),
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call()
