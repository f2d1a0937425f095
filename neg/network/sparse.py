"""The sum over all routes by a sparse factorisation, differentiable in the weight of every arc."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.linalg import splu

from neg.network.graph import Graph
from neg.network.kept import Kept

_RANGE = 600.0
"""Log range of the weights of routes that one solve covers: doubles reach to 708."""
_STILL = 1e-13
"""Error of an equation, over the terms in it, at which a solve ends."""
_SWEEPS = 60
_NOTHING = 1e-250
"""Over the largest right side: what is smaller is neither here nor there."""
_FACTORS = Kept(8)
_SUMS = Kept(4)


def factor(graph: Graph, weight: np.ndarray) -> Any:
    """Sparse factors of ``I - A``, kept for the next solve with the same weights.

    Pivots stay on the diagonal: for the matrices whose routes converge that is stable, entry by
    entry, however far the weights are apart.
    """
    return _FACTORS.get(graph, (weight,), lambda: _factored(graph, weight))


def _factored(graph: Graph, weight: np.ndarray) -> Any:
    shape = (graph.states, graph.states)
    matrix = csc_array((weight, (graph.tail, graph.head)), shape=shape)
    matrix = csc_array(eye_array(graph.states, format="csc") - matrix)
    try:
        return splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0)
    except RuntimeError:  # exactly singular: the spectral radius is one
        return None


def _solve(graph: Graph, cost: Any, theta: Any, level: Any, right: Any, turned: bool) -> np.ndarray:
    """Solve with the reduced matrix of every origin, or with its transpose."""
    cost, level, right = (np.asarray(a, dtype=float) for a in (cost, level, right))
    theta = float(theta)
    scaled = theta * level
    if not np.isfinite(cost[~np.isposinf(cost)]).all() or not np.isfinite(scaled).all():
        return np.full(right.shape, np.nan)
    trans = "N" if turned else "T"
    factors = factor(graph, np.exp(-theta * cost))
    if factors is None:
        return np.full(right.shape, np.nan)
    found = np.empty_like(right)
    near = scaled.max(axis=1, initial=0.0) < _RANGE
    if near.any():
        scale = np.exp(-scaled[near]) if turned else np.exp(scaled[near])
        trans = "N" if turned else "T"
        found[near] = scale * factors.solve((right[near] / scale).T, trans=trans).T
    for k in np.flatnonzero(~near):
        found[k] = _swept(graph, theta * cost, scaled[k], right[k], factors, turned)
    return found


def _swept(
    graph: Graph,
    cost: np.ndarray,
    scaled: np.ndarray,
    right: np.ndarray,
    factors: Any,
    turned: bool,
) -> np.ndarray:
    """Solve with the reduced matrix of one origin from which weights leave the range of doubles.

    The factors of ``I - A`` serve all the same: outwards from the origin (or back to it), each
    sweep solves for what the last ones left, in the scale of the nearest place that has an error.
    The errors of the reduced equations themselves say when it is done; if sweeps do not get there,
    the reduced matrix is factored.
    """
    reduced = np.exp(-(cost + scaled[graph.tail] - scaled[graph.head]))
    shape = (graph.states, graph.states)
    ends = (graph.tail, graph.head) if turned else (graph.head, graph.tail)
    matrix = csr_array((reduced, ends), shape=shape)
    ahead = -scaled if turned else scaled
    trans = "N" if turned else "T"
    y = np.zeros_like(right)
    size = np.zeros_like(right)
    floor = _NOTHING * np.abs(right).max(initial=0.0)
    for _ in range(_SWEEPS):
        error = right - y + matrix @ y
        if not np.isfinite(error).all():
            break
        wrong = np.abs(error) > _STILL * (np.abs(right) + size) + floor
        if not wrong.any():
            return y
        # Differences of logs: no more than the range, on either side of where it is wrong.
        log = ahead - ahead[wrong].min()
        inside = log < _RANGE
        scale = np.where(inside, np.exp(np.clip(log, -_RANGE, _RANGE)), 1.0)
        inside &= log > -_RANGE
        step = factors.solve(np.where(inside, error / scale, 0.0), trans=trans)
        y = y + np.where(inside, scale * step, 0.0)
        size = np.abs(y) + matrix @ np.abs(y)
    exact = factor(graph, reduced)
    return np.full(right.shape, np.nan) if exact is None else exact.solve(right, trans=trans)


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

            def host(*given: Any) -> np.ndarray:
                g, elasticity, m, b = (np.asarray(one, dtype=float) for one in given)
                asked = (g, elasticity, m, b, np.asarray(turned))
                return _SUMS.get(graph, asked, lambda: _solve(graph, g, elasticity, m, b, turned))

            shape = jax.ShapeDtypeStruct(right.shape, np.float64)
            return jax.pure_callback(host, shape, *constants, right, vmap_method="sequential")

        return solve

    return jax.lax.custom_linear_solve(product, start, through(False), through(True))
