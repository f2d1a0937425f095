"""Least-cost routes in the graph of states, by scipy; sums along them, in JAX."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from neg.network.graph import Graph
from neg.network.kept import Kept

_SEARCHES = Kept(4)


def search(
    graph: Graph, cost: np.ndarray, origins: np.ndarray
) -> tuple[Float[np.ndarray, "origin state"], Int[np.ndarray, "origin state"]]:
    """Least cost to every state and the last arc of the route there, -1 at its start.

    ``cost`` is that of every arc, not negative, infinite where it is closed. States out of reach
    cost infinity. Trips start in any state of their origin.
    """
    states = graph.states
    at = np.flatnonzero(np.isfinite(cost))
    order = at[np.lexsort((cost[at], graph.head[at], graph.tail[at]))]
    pair = graph.tail[order] * (states + len(origins)) + graph.head[order]
    best = order[np.concatenate([[True], pair[1:] != pair[:-1]])] if len(order) else order
    # An origin is a state of its own that leads to the states in which its trips start.
    member = [np.flatnonzero(graph.starts & (graph.place == place)) for place in origins]
    gate = np.repeat(states + np.arange(len(origins)), [len(one) for one in member])
    into = np.concatenate(member) if member else np.zeros(0, dtype=int)
    rows = np.concatenate([graph.tail[best], gate])
    columns = np.concatenate([graph.head[best], into])
    values = np.concatenate([cost[best], np.zeros(len(gate))])
    arc = np.concatenate([best, np.full(len(gate), -1)])
    size = states + len(origins)
    sort = np.lexsort((columns, rows))
    start = np.searchsorted(rows[sort], np.arange(size + 1))
    matrix = csr_array((values[sort], columns[sort], start), shape=(size, size))
    found, before = dijkstra(
        matrix, indices=states + np.arange(len(origins)), return_predecessors=True
    )
    found, before = np.ascontiguousarray(found[:, :states]), before[:, :states]
    key = rows[sort] * size + columns[sort]
    wanted = np.maximum(before, 0).astype(np.int64) * size + np.arange(states)
    last = arc[sort][np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))]
    return found, np.where(before >= 0, last, -1).astype(np.int64)


def kept_search(
    graph: Graph, cost: Float[np.ndarray, " arc"], origins: np.ndarray
) -> tuple[Float[np.ndarray, "origin state"], Int[np.ndarray, "origin state"]]:
    """The search at costs that may be anything, unless it was one of the latest; NaN without."""
    if np.isnan(cost).any() or (cost < 0).any():
        shape = len(origins), graph.states
        return np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    return _SEARCHES.get(graph, (cost, origins), lambda: search(graph, cost, origins))


def traced_search(
    graph: Graph, cost: Float[Array, " arc"], origins: np.ndarray
) -> tuple[Float[Array, "origin state"], Int[Array, "origin state"]]:
    """The same inside compiled code. The route is a constant: derivatives go through its arcs."""

    shape = (len(origins), graph.states)
    return jax.pure_callback(
        lambda given: kept_search(graph, np.asarray(given), origins),
        (jax.ShapeDtypeStruct(shape, np.float64), jax.ShapeDtypeStruct(shape, np.int64)),
        jax.lax.stop_gradient(cost),
        vmap_method="sequential",
    )


def along(graph: Graph, last: Int[Array, "origin state"]) -> Callable[[Array], Array]:
    """How to sum values of arcs along the routes to every state: ``[arc] -> [origin, state]``.

    Pointers are doubled, so that a route of n arcs takes log2(n) steps.
    """
    count = graph.states
    steps = max(1, int(np.ceil(np.log2(max(count, 2)))))
    tail = jnp.asarray(graph.tail)
    here = jnp.broadcast_to(jnp.arange(count), last.shape)
    first = jnp.where(last >= 0, tail[jnp.maximum(last, 0)], here)

    # Loops, not unrolled: the compiler would fuse gathers of gathers, twice as many at each step.
    def double(jump: Array, _: None) -> tuple[Array, Array]:
        return jnp.take_along_axis(jump, jump, axis=1), jump

    _, jumps = jax.lax.scan(double, first, None, length=steps)

    def total(values: Float[Array, " arc"]) -> Float[Array, "origin state"]:
        found = jnp.where(last >= 0, values[jnp.maximum(last, 0)], 0.0)

        def add(found: Array, jump: Array) -> tuple[Array, None]:
            more = jnp.where(jump != here, jnp.take_along_axis(found, jump, axis=1), 0.0)
            return found + more, None

        return jax.lax.scan(add, found, jumps)[0]

    return total
