"""Trade costs from routes, inside compiled code: the cheapest, or all with tastes among them."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from neg.network.graph import Graph
from neg.network.kept import Kept
from neg.network.paths import along, kept_search, traced_search
from neg.network.sparse import route_sums

_FOUND = Kept(4)


class Found(NamedTuple):
    """The cheapest route of every pair: what it costs, and where it goes."""

    cost: Float[Array, "origin destination"]
    """Infinite where there is none, zero at home."""
    last: Int[Array, "origin state"]
    """Last arc of the route to every state, -1 at its start."""
    end: Int[Array, "origin destination"]
    """State in which the trip ends."""
    home: Bool[Array, "origin destination"]


def found_here(
    graph: Graph, total: Float[np.ndarray, " arc"], origins: np.ndarray, destinations: np.ndarray
) -> Found:
    """Routes at costs of arcs that are known, infinite for closed ones: outside compiled code."""

    def make() -> tuple[Array, ...]:
        cost, last = kept_search(graph, total, origins)
        to = graph.last[destinations]
        ends = np.where(to >= 0, cost[:, np.maximum(to, 0)], np.inf)
        choice = ends.argmin(axis=2)
        end = np.maximum(to, 0)[np.arange(len(to)), choice]
        least = np.take_along_axis(ends, choice[..., None], axis=2)[..., 0]
        home = origins[:, None] == destinations
        found = np.where(home, 0.0, least), last, end, home
        return tuple(jnp.asarray(one) for one in found)

    return Found(*_FOUND.get(graph, (total, origins, destinations), make))


def find(
    graph: Graph, total: Float[Array, " arc"], origins: np.ndarray, destinations: np.ndarray
) -> Found:
    """The same inside compiled code."""
    cost, last = traced_search(graph, total, origins)
    end, reached = _best_end(graph, cost, destinations)
    least = jnp.where(reached, jnp.take_along_axis(cost, end, axis=1), jnp.inf)
    home = jnp.asarray(origins[:, None] == destinations)
    return Found(jnp.where(home, 0.0, least), last, end, home)


def least_costs(graph: Graph, total: Float[Array, " arc"], found: Found) -> Array:
    """Cost of the cheapest routes, ``[origin, destination]``, when arcs cost ``total``.

    The derivative is that of the route found: at a tie of two, of one of them.
    """
    return _costs_of(total, found, graph=_Same(graph))


def sums_along(
    graph: Graph, rows: Float[Array, "row arc"], found: Found
) -> Float[Array, "row origin destination"]:
    """Values of arcs summed along the routes found: infinite where there is none, zero at home."""
    sums = jax.vmap(along(graph, found.last))(rows)
    end = jnp.broadcast_to(found.end, (len(rows), *found.end.shape))
    ended = jnp.take_along_axis(sums, end, axis=2)
    return jnp.where(found.home, 0.0, jnp.where(jnp.isfinite(found.cost), ended, jnp.inf))


class _Same(eqx.Module):
    """A graph that is no array."""

    it: Graph = eqx.field(static=True)


@eqx.filter_custom_jvp
def _costs_of(total: Array, found: Found, *, graph: _Same) -> Array:
    del total, graph
    return found.cost


@_costs_of.def_jvp
def _costs_of_jvp(primals: Any, tangents: Any, *, graph: _Same) -> tuple[Array, Array]:
    (total, found), (moved, _) = primals, tangents
    value = _costs_of(total, found, graph=graph)
    if moved is None:
        return value, jnp.zeros_like(value)
    by_state = along(graph.it, found.last)(moved)
    change = jnp.take_along_axis(by_state, found.end, axis=1)
    return value, jnp.where(jnp.isfinite(value) & ~found.home, change, 0.0)


def smooth_costs(
    graph: Graph,
    cost: Float[Array, " arc"],
    opened: Float[Array, " arc"],
    theta: Float[Array, ""],
    origins: np.ndarray,
    destinations: np.ndarray,
) -> Float[Array, "origin destination"]:
    """Log trade costs when shippers' tastes for routes differ.

        tau_od^-theta = B_od,   B = (I - A)^-1 = sum_K A^K,   A_kl = open_kl exp(-theta g_kl)

    summed over the modes in which trips start and end, at home too, where it is at most zero.
    Reduced costs (over the least ones) keep it from underflow. NaN where routes do not converge.
    """
    some = opened > 0
    safe = jnp.where(some, opened, 1.0)
    g = jnp.where(some, cost - jnp.log(safe) / theta, jnp.inf)
    # The level is any number: where part of the ways is closed g may be the larger.
    least, _ = traced_search(graph, jnp.where(some, cost, jnp.inf), origins)
    reached = jax.lax.stop_gradient(jnp.isfinite(least))
    broken = jnp.isnan(least).any()
    level = jnp.where(reached, jax.lax.stop_gradient(least), 0.0)
    start = jnp.asarray(graph.starts & (graph.place == origins[:, None]), dtype=float)
    y = route_sums(graph, g, theta, level, reached, start)
    last = graph.last[destinations]
    at = jnp.asarray(np.maximum(last, 0))
    member = jnp.asarray(last >= 0) & reached[:, at]
    ends = jnp.where(member, level[:, at], jnp.inf)
    home = origins[:, None] == destinations
    best = jnp.min(ends, axis=2)
    best = jnp.where(jnp.asarray(home), jnp.minimum(best, 0.0), best)
    there = jnp.isfinite(best)
    base = jnp.where(there, best, 0.0)
    over = jnp.where(member, jnp.where(member, ends, 0.0) - base[:, :, None], 0.0)
    weight = jnp.where(member, y[:, at] * jnp.exp(-theta * over), 0.0)
    stay = jnp.asarray(home * graph.stay[destinations], dtype=float)  # where base is zero
    total = jnp.sum(weight, axis=2) + stay
    fine = jnp.all(jnp.where(reached, jax.lax.stop_gradient(y), 1.0) > 1e-3) & ~broken
    # Within the reach of an origin weights that are positive are the sum of its routes.
    found = base - jnp.log(jnp.where(there, total, 1.0)) / theta
    return jnp.where(fine, jnp.where(there, found, jnp.inf), jnp.nan)


def _best_end(
    graph: Graph, cost: Float[Array, "origin state"], destinations: np.ndarray
) -> tuple[Array, Array]:
    """The state in which the cheapest trip to each destination ends, and whether there is one."""
    last = graph.last[destinations]
    ends = jnp.where(last >= 0, cost[:, np.maximum(last, 0)], jnp.inf)
    choice = jnp.argmin(ends, axis=2)
    end = jnp.take_along_axis(
        jnp.broadcast_to(np.maximum(last, 0), ends.shape), choice[..., None], axis=2
    )[..., 0]
    return end, jnp.isfinite(jnp.min(ends, axis=2))
