"""The certified searches, held to dense scans and to models with known roots."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from neg.models.core_periphery import CorePeriphery
from neg.models.vertical_linkages import VerticalLinkages
from neg.places.layouts import from_distance
from neg.search.certify import search_line, starting_grid
from neg.search.certify_plane import search_plane
from neg.search.faces import dimension, face_of, gaps, supports
from neg.solvers.small import solve


def test_faces_count_and_split_mass():
    model = VerticalLinkages()
    sets = supports(model)
    assert len(sets) == 9
    assert sorted(dimension(model, used) for used in sets) == [0, 0, 0, 0, 1, 1, 1, 1, 2]
    face = face_of(model, np.ones(4, dtype=bool))
    x = face.distribution(jnp.array([0.3, -2.0]))
    np.testing.assert_allclose(model.groups.total(x), model.groups.mass, rtol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6])
def test_small_systems(size):
    generator = np.random.default_rng(size)
    matrix = generator.normal(size=(size, size))
    matrix[0, 0] = 0.0 if size > 1 else 1.0  # needs pivoting
    right = generator.normal(size=(size, 2))
    np.testing.assert_allclose(
        solve(jnp.asarray(matrix), jnp.asarray(right)), np.linalg.solve(matrix, right), rtol=1e-9
    )


def test_no_node_of_the_grid_is_the_even_split():
    for cells in (40, 100, 101, 200):
        grid = starting_grid(cells)
        assert (np.diff(grid) > 0).all() and np.abs(grid).min() > 1e-3


def test_line_finds_what_a_dense_scan_finds():
    """Random asymmetric two-region economies: sign changes of the gap on 4,000 points."""
    generator = np.random.default_rng(0)
    dense = np.sort(np.concatenate([np.linspace(-59, 59, 1000), np.linspace(-6, 6, 3000) + 1e-4]))
    roots = 0
    for _ in range(12):
        distance = np.array([[0, 1.0], [generator.uniform(0.8, 1.2), 0]])
        model = CorePeriphery(
            sigma=generator.uniform(3, 7),
            mu=generator.uniform(0.2, 0.6),
            tau=generator.uniform(1.2, 2.5),
            geography=from_distance(distance),
        )
        face = face_of(model, np.ones(2, dtype=bool))
        line = search_line(model, face)
        values = np.zeros(4096)
        points = np.full((4096, 1), dense[-1])
        points[:4000, 0] = dense
        gap, _ = gaps(
            model, None, face, jnp.asarray(values), jnp.asarray(points), jnp.asarray(4000)
        )
        sign = np.sign(np.asarray(gap)[:4000, 0])
        assert len(line.u) == (sign[1:] != sign[:-1]).sum()
        assert not len(line.undecided)
        roots += len(line.u)
    assert roots > 6


def test_a_batch_of_parameters_gives_the_same_as_one_by_one():
    model = CorePeriphery()
    face = face_of(model, np.ones(2, dtype=bool))
    values = np.array([1.5, 1.7, 1.9])
    batch = search_line(model, face, parameter="tau", values=values)
    for k, value in enumerate(values):
        alone = search_line(model.with_(tau=value), face)
        np.testing.assert_allclose(batch.u[batch.owner == k], alone.u, atol=1e-10)
    assert list(np.bincount(batch.owner)) == [1, 3, 1]


def test_plane_keeps_the_certificate_near_degenerate_points():
    """Close to the break point of three regions, the sharpest case for a sampled bound."""
    from neg.places.layouts import equidistant

    for tau, count in ((1.6, 1), (1.85, 7), (3.0, 1)):
        model = CorePeriphery(geography=equidistant(3), tau=tau)
        plane = search_plane(model, face_of(model, np.ones(3, dtype=bool)))
        assert len(plane.u) == count and not len(plane.undecided)
