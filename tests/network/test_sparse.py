"""Solves whose weights leave the range of doubles: in sweeps with the factors of I - A."""

import numpy as np
import pytest

from neg.network import grid, sparse
from neg.network.paths import search


@pytest.fixture(scope="module")
def wide():
    """A long grid: logs of weights of routes from its places reach down to some -2,000."""
    net = grid(40, 4, 1.6)
    rng = np.random.default_rng(5)
    cost = rng.uniform(0.4, 0.6, net.graph.arcs)
    origins = np.array([0, 77, 159])
    return net.graph, cost, search(net.graph, cost, origins)[0], rng


@pytest.mark.parametrize("turned", [False, True])
def test_sweeps_are_the_reduced_solve(wide, turned, monkeypatch):
    """Of either sign and both directions, without one more factorisation; the dense one agrees."""
    graph, cost, level, rng = wide
    theta = 100.0
    scaled = theta * level
    assert scaled.max() > 1500.0 and (scaled.max(axis=1) > 600.0).all()
    right = np.zeros_like(level)
    right[[0, 1, 2], [0, 77, 159]] = 1.0
    if turned:
        right[:, [3, 80, 155]] += rng.normal(size=(3, 3))
    factored = []
    real = sparse.factor
    monkeypatch.setattr(sparse, "factor", lambda *a: factored.append(1) or real(*a))
    found = sparse._solve(graph, cost, theta, level, right, turned)
    assert len(factored) == 1
    for k in range(3):
        reduced = np.zeros((graph.states, graph.states))
        logs = theta * cost + scaled[k][graph.tail] - scaled[k][graph.head]
        reduced[graph.tail, graph.head] = np.exp(-logs)
        matrix = np.eye(graph.states) - (reduced if turned else reduced.T)
        known = np.linalg.solve(matrix, right[k])
        np.testing.assert_allclose(found[k], known, rtol=1e-11, atol=1e-14)
    if not turned:
        assert (found > 0.999).all()


def test_without_sweeps_the_reduced_matrix_is_factored(wide, monkeypatch):
    graph, cost, level, _ = wide
    right = np.zeros_like(level)
    right[[0, 1, 2], [0, 77, 159]] = 1.0
    swept = sparse._solve(graph, cost, 100.0, level, right, False)
    monkeypatch.setattr(sparse, "_SWEEPS", 0)
    np.testing.assert_allclose(
        sparse._solve(graph, cost, 100.0, level, right, False), swept, rtol=1e-12
    )
