"""The sum over all routes by a sparse factorisation, differentiable in the weight of every arc."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import splu

from neg.network.graph import Graph

_RANGE = 300.0
"""Log range of the weights of routes up to which one factorisation serves every origin: doubles
reach to 708."""
_KEPT = 8
_FACTORS: OrderedDict[Any, Any] = OrderedDict()


def factor(graph: Graph, weight: np.ndarray) -> Any:
    """Sparse factors of ``I - A``, kept for the next solve with the same weights.

    Pivots stay on the diagonal: for the matrices whose routes converge that is stable, entry by
    entry, however far the weights are apart.
    """
    key = (id(graph), weight.tobytes())
    if key in _FACTORS:
        _FACTORS.move_to_end(key)
        return _FACTORS[key][0]
    shape = (graph.states, graph.states)
    matrix = csc_array((weight, (graph.tail, graph.head)), shape=shape)
    matrix = csc_array(eye_array(graph.states, format="csc") - matrix)
    try:
        found = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0)
    except RuntimeError:  # exactly singular: the spectral radius is one
        found = None
    _FACTORS[key] = (found, graph)  # the graph too, so that its number is not given to another
    while len(_FACTORS) > _KEPT:
        _FACTORS.popitem(last=False)
    return found


def _solve(graph: Graph, cost: Any, theta: Any, level: Any, right: Any, turned: bool) -> np.ndarray:
    """Solve with the reduced matrix of every origin, or with its transpose."""
    cost, level, right = (np.asarray(a, dtype=float) for a in (cost, level, right))
    theta = float(theta)
    scaled = theta * level
    if not np.isfinite(cost[~np.isposinf(cost)]).all() or not np.isfinite(scaled).all():
        return np.full(right.shape, np.nan)
    trans = "N" if turned else "T"
    if scaled.max(initial=0.0) < _RANGE:
        factors = factor(graph, np.exp(-theta * cost))
        if factors is None:
            return np.full(right.shape, np.nan)
        scale = np.exp(-scaled) if turned else np.exp(scaled)
        return scale * factors.solve((right / scale).T, trans=trans).T
    found = np.empty_like(right)
    for k, row in enumerate(scaled):
        reduced = np.exp(-(theta * cost + row[graph.tail] - row[graph.head]))
        factors = factor(graph, reduced)
        found[k] = np.nan if factors is None else factors.solve(right[k], trans=trans)
    return found


def route_sums(
    graph: Graph,
    cost: Float[Array, " arc"],
    theta: Float[Array, ""],
    level: Float[Array, "origin state"],
    reached: Any,
    start: Float[Array, "origin state"],
) -> Float[Array, "origin state"]:
    """Weight of all routes from each origin to each state, over that of the best: not below one.

        y_l = start_l + sum_k y_k exp(-theta (g_kl + m_k - m_l)) = B_ol exp(theta m_l)

    ``level`` m is the least log cost from the origin, ``cost`` g infinite for closed arcs. It
    holds for any level, which is a constant: derivatives are those of the sum itself. States that
    are not ``reached`` weigh nothing. NaN where routes do not converge. Derivatives forward and
    reverse, of any order, are solves with the same factors.
    """
    tail, head = jnp.asarray(graph.tail), jnp.asarray(graph.head)
    open_ = jnp.isfinite(cost)
    finite = jnp.where(open_, cost, 0.0)
    gap = finite + level[:, tail] - level[:, head]
    used = open_ & reached[:, tail] & reached[:, head]
    weight = jnp.where(used, jnp.exp(-theta * jnp.where(used, gap, 0.0)), 0.0)

    def product(y: Array) -> Array:
        return y - jnp.zeros_like(y).at[:, head].add(y[:, tail] * weight)

    def through(turned: bool) -> Any:
        def solve(_: Any, right: Array) -> Array:
            constants = jax.lax.stop_gradient((cost, theta, level))

            def host(g: Any, elasticity: Any, m: Any, b: Any) -> np.ndarray:
                return _solve(graph, g, elasticity, m, b, turned)

            shape = jax.ShapeDtypeStruct(right.shape, np.float64)
            return jax.pure_callback(host, shape, *constants, right, vmap_method="sequential")

        return solve

    return jax.lax.custom_linear_solve(product, start, through(False), through(True))
