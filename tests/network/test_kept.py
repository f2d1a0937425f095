"""Routes that were found are kept, told apart by what they were found from."""

from __future__ import annotations

import numpy as np

from neg.economy.scene import Scene
from neg.network import Carriage, grid, paths, smooth_routes
from neg.network import sparse as factors
from neg.network.kept import Kept


def test_the_same_question_is_answered_once_and_the_oldest_forgotten():
    kept, asked = Kept(2), []

    def answer(value):
        asked.append(value)
        return np.full(3, value)

    graph, other = object(), object()
    first = kept.get(graph, (np.array([1.0]),), lambda: answer(1.0))
    assert kept.get(graph, (np.array([1.0]),), lambda: answer(2.0)) is first
    assert not first.flags.writeable
    kept.get(other, (np.array([1.0]),), lambda: answer(3.0))  # another graph
    kept.get(graph, (np.array([1]),), lambda: answer(4.0))  # whole numbers are not the same
    assert asked == [1.0, 3.0, 4.0]
    kept.get(graph, (np.array([1.0]),), lambda: answer(5.0))
    assert asked[-1] == 5.0


def test_what_is_too_large_is_not_kept():
    kept = Kept(2, largest=8)
    graph = object()
    for _ in range(2):
        found = kept.get(graph, (np.zeros(1),), lambda: np.zeros(2))
    assert kept.get(graph, (np.zeros(1),), lambda: np.ones(2))[0] == 1.0 and found[0] == 0.0


def test_kept_routes_are_those_found_anew():
    rng = np.random.default_rng(1)
    plain = grid(4, 4, 1.5)
    ends = [(int(a.origin), int(a.destination)) for a in plain.links]
    both = np.array(ends + [(b, a) for a, b in ends], dtype=float)
    net = grid(4, 4, np.column_stack([both, rng.uniform(1.2, 1.5, len(both))]).tolist())
    flows = rng.uniform(size=(16, 16))

    def traffic():
        return smooth_routes(net, theta=12.0).traffic(flows).to_numpy()

    first = traffic()
    np.testing.assert_array_equal(traffic(), first)
    for one in (factors._FACTORS, factors._SUMS, paths._SEARCHES):
        one.clear()
    np.testing.assert_array_equal(traffic(), first)


def test_sectors_that_are_not_carried_keep_their_costs():
    from types import SimpleNamespace

    net = grid(1, 3, 1.5)
    labels = {"sector": ("goods", "services")}
    scene = Scene(SimpleNamespace(place_names=net.names, labels=labels), np.zeros(0), {}, {})
    found = np.asarray(Carriage.on(net, carried=("goods",)).log_factor(scene))
    alone = np.asarray(Carriage.on(net).log_factor(scene))
    np.testing.assert_allclose(found[..., 0], alone)
    assert (found[..., 1] == 0).all() and found.shape == (3, 3, 2)
    apart = Carriage.on(net, carried=("goods",), daily=np.array([0.01, 0.02]))
    assert (np.asarray(apart.log_factor(scene))[..., 1] == 0).all()
