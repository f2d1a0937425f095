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
    if not near.all():
        far = ~near
        found[far] = _swept(graph, theta * cost, scaled[far], right[far], factors, turned)
    return found


class _Sweep:
    """The reduced equations of one origin, and how far they are solved."""

    def __init__(
        self, graph: Graph, cost: np.ndarray, scaled: np.ndarray, right: np.ndarray, turned: bool
    ) -> None:
        self.reduced = np.exp(-(cost + scaled[graph.tail] - scaled[graph.head]))
        ends = (graph.tail, graph.head) if turned else (graph.head, graph.tail)
        self.matrix = csr_array((self.reduced, ends), shape=(graph.states, graph.states))
        self.ahead = -scaled if turned else scaled
        self.right, self.y = right, np.zeros_like(right)
        self.size = np.zeros_like(right)
        self.floor = _NOTHING * np.abs(right).max(initial=0.0)
        self.scale = np.ones_like(right)
        self.solved = self.broken = False

    def asked(self) -> np.ndarray:
        """What is left to solve for, in the scale of the nearest place that has an error."""
        error = self.right - self.y + self.matrix @ self.y
        self.broken = not np.isfinite(error).all()
        wrong = np.abs(error) > _STILL * (np.abs(self.right) + self.size) + self.floor
        self.solved = not (self.broken or wrong.any())
        if self.broken or self.solved:
            return error
        # Differences of logs: no more than the range, on either side of where it is wrong.
        log = self.ahead - self.ahead[wrong].min()
        near = log < _RANGE
        scale = np.where(near, np.exp(np.clip(log, -_RANGE, _RANGE)), 1.0)
        self.scale = np.where(near & (log > -_RANGE), scale, 0.0)
        return np.where(near, error / scale, 0.0)

    def take(self, step: np.ndarray) -> None:
        """Add what was solved for."""
        self.y = self.y + np.where(self.scale > 0, self.scale * step, 0.0)
        self.size = np.abs(self.y) + self.matrix @ np.abs(self.y)


def _swept(
    graph: Graph,
    cost: np.ndarray,
    scaled: np.ndarray,
    right: np.ndarray,
    factors: Any,
    turned: bool,
) -> np.ndarray:
    """Solve with the reduced matrices of origins from which weights leave the range of doubles.

    The factors of ``I - A`` serve all the same: outwards from each origin (or back to it), each
    sweep solves for what the last ones left, for all origins at once. The errors of the reduced
    equations themselves say when an origin is done; where sweeps do not get there, its reduced
    matrix is factored.
    """
    trans = "N" if turned else "T"
    origins = [_Sweep(graph, cost, *one, turned) for one in zip(scaled, right, strict=True)]
    going = origins
    for _ in range(_SWEEPS):
        asked = [one.asked() for one in going]
        open_ = [k for k, one in enumerate(going) if not (one.solved or one.broken)]
        if not open_:
            break
        going = [going[k] for k in open_]
        steps = factors.solve(np.stack([asked[k] for k in open_], axis=1), trans=trans)
        for one, step in zip(going, steps.T, strict=True):
            one.take(step)
    found = np.empty_like(right)
    for k, one in enumerate(origins):
        exact = None if one.solved else factor(graph, one.reduced)
        other = np.nan if exact is None else exact.solve(one.right, trans=trans)
        found[k] = one.y if one.solved else other
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

            def host(*given: Any) -> np.ndarray:
                g, elasticity, m, b = (np.asarray(one, dtype=float) for one in given)
                asked = (g, elasticity, m, b, np.asarray(turned))
                return _SUMS.get(graph, asked, lambda: _solve(graph, g, elasticity, m, b, turned))

            shape = jax.ShapeDtypeStruct(right.shape, np.float64)
            return jax.pure_callback(host, shape, *constants, right, vmap_method="sequential")

        return solve

    return jax.lax.custom_linear_solve(product, start, through(False), through(True))
