"""Trade costs from routes, inside compiled code: the cheapest, or all with tastes among them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.network.graph import Graph
from neg.network.paths import along, traced_search
from neg.network.sparse import route_sums


def least_costs(
    graph: Graph,
    layers: Float[Array, "layer arc"],
    opened: Float[Array, " arc"],
    origins: np.ndarray,
    destinations: np.ndarray,
    beside: Float[Array, "row arc"] | None = None,
) -> Float[Array, "every origin destination"]:
    """What the cheapest route costs, layer by layer: infinite where there is none.

    Rows ``beside`` are summed along the route too, but do not weigh in its choice.

    The derivative is that of the route found: at a tie of two, of one of them.
    """
    total = jnp.where(opened > 0, jnp.sum(layers, axis=0), jnp.inf)
    cost, last = traced_search(graph, total, origins)
    end, reached = _best_end(graph, cost, destinations)
    rows = layers if beside is None else jnp.concatenate([layers, beside])
    sums = jax.vmap(along(graph, last))(rows)
    found = jnp.take_along_axis(sums, jnp.broadcast_to(end, (len(rows), *end.shape)), axis=2)
    home = jnp.asarray(origins[:, None] == destinations)
    return jnp.where(home, 0.0, jnp.where(reached, found, jnp.inf))


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
