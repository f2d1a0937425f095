"""Routes on a map of 100,000 places: the cheapest and all of them, and the use of every link.

Peers: scipy's search with plain arrays, and scipy's sparse factorisation of the same matrix with
the same right sides, forward and transposed. Nobody else's program does what ours adds to them:
checks, reduced costs, gradients. The gradient of trade costs to every link is timed beside the
costs themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.csgraph import dijkstra
from scipy.sparse.linalg import splu

from benchmarks._timing import Pair
from neg.network import grid, least_routes, paths, smooth_routes
from neg.network import sparse as factors

SIDE, ORIGINS, THETA = 316, 8, 60.0


def forget() -> None:
    """Forget routes and factors of earlier solves, which a second one would find ready."""
    for kept in (factors._FACTORS, factors._SUMS, paths._SEARCHES):
        kept.clear()


def cases() -> list[Pair]:
    """Least cost and smooth routing from eight places to all, with traffic for the second."""
    rng = np.random.default_rng(0)
    plain = grid(SIDE, SIDE, 1.5)
    ends = np.array([(int(one.origin), int(one.destination)) for one in plain.links])
    factor = rng.uniform(1.04, 1.12, len(ends))
    both = np.concatenate([ends, ends[:, ::-1]])
    twice = np.concatenate([factor, factor])
    net = grid(SIDE, SIDE, np.column_stack([both, twice]).tolist())
    places = np.linspace(0, SIDE**2 - 1, ORIGINS).astype(int)
    names = [str(k) for k in places]
    size = (SIDE**2, SIDE**2)
    return [
        _least(net, both, np.log(twice), places, names, size),
        _smooth(net, both, np.log(twice), places, names, size),
        _gradient(net, names, size),
    ]


def _least(net: Any, both: Any, cost: Any, places: Any, names: Any, size: Any) -> Pair:
    matrix = csr_array((cost, (both[:, 0], both[:, 1])), shape=size)
    return Pair(
        f"{size[0]} places, cheapest routes from {ORIGINS}",
        lambda: least_routes(net, shipment=1.0, daily=0.0, origins=names).cost.values,
        lambda: dijkstra(matrix, indices=places, return_predecessors=True)[0],
        lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=1e-11),
        peer_name="scipy dijkstra",
        repeats=3,
        note="ours reads the costs of links and keeps the routes; the peer holds its matrix ready",
    )


def _smooth(net: Any, both: Any, cost: Any, places: Any, names: Any, size: Any) -> Pair:
    flows = np.full((ORIGINS, ORIGINS), 1.0 / ORIGINS**2)

    def ours() -> Any:
        forget()
        found = smooth_routes(net, theta=THETA, origins=names, destinations=names)
        return found.log_tau.values, found.traffic(flows).values

    def peer() -> Any:
        weight = np.exp(-THETA * cost)
        matrix = eye_array(size[0], format="csc") - csc_array(
            (weight, (both[:, 0], both[:, 1])), shape=size
        )
        solver = splu(csc_array(matrix), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0)
        start = np.zeros((size[0], ORIGINS))
        start[places, np.arange(ORIGINS)] = 1.0
        solver.solve(start, trans="N")
        return solver.solve(start, trans="T")

    def agree(found: Any, columns: Any) -> None:
        near = np.arange(ORIGINS)
        home = -np.log(columns[places[near], near]) / THETA
        np.testing.assert_allclose(np.diag(found[0]), home, atol=1e-12)
        assert np.isfinite(found[0]).all() and (found[1] >= 0).all()

    return Pair(
        f"{size[0]} places, smooth routes from {ORIGINS} and traffic of every link",
        ours,
        peer,
        agree,
        peer_name="scipy splu",
        repeats=2,
        note="far weights underflow: ours solves in sweeps, and checks; the peer does not",
    )


def _gradient(net: Any, names: Any, size: Any) -> Pair:
    """Sum of all log trade costs: its derivative to the cost of every link, beside its value."""
    ones = np.ones((ORIGINS, ORIGINS))

    def value() -> Any:
        forget()
        return smooth_routes(net, theta=THETA, origins=names, destinations=names).log_tau.values

    def both() -> Any:
        forget()
        found = smooth_routes(net, theta=THETA, origins=names, destinations=names)
        return found.log_tau.values.sum(), found.traffic(ones).values

    def agree(ours: Any, theirs: Any) -> None:
        np.testing.assert_allclose(ours[0], theirs.sum(), rtol=1e-12)
        # Costs rise in proportion: log tau is homogeneous but for the entropy of routes.
        assert (ours[1] >= 0).all() and ours[1].sum() > len(names)

    return Pair(
        f"{size[0]} places, value and gradient to every link",
        both,
        value,
        agree,
        peer_name="the value alone",
        repeats=2,
        note="a ratio above 0.5: the gradient adds less than the value takes",
    )
