"""Best paths of a chain: the cheapest, the cheapest with a number of cuts, the largest shares."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from neg.chains.chain import Chain
from neg.chains.trace import Trace
from neg.core.checks import check_range, check_shape


class CheapestPath(NamedTuple):
    """The cheapest chain to a buyer: its cost, and the place of every block."""

    cost: Float[Array, "*case"]
    path: Int[Array, "*case block"]


def cheapest_path(chain: Chain, cost: Any, link: Any, buyer: int) -> CheapestPath:
    """The path of least cost, the limit of all draws as theta goes to infinity.

        log C = min over l of sum_n own_n beta_n log c[l(n), n] + beta_n log link[l(n), l(n+1), n]

    Args as :func:`neg.chains.trace`; productivity belongs into ``cost``. The cost is differentiable
    where one path alone is cheapest; at a tie the derivative is that of the path returned.
    """
    found = cheapest_by_cuts(chain, cost, link, buyer)
    best = jnp.argmin(found.cost)
    return CheapestPath(found.cost[best], found.path[best])


def cheapest_by_cuts(chain: Chain, cost: Any, link: Any, buyer: int) -> CheapestPath:
    """The cheapest chain with exactly q links between two different places, q = 0 ... K - 1.

    The way from the last block to the buyer is no cut. Min-plus messages with the state (place,
    cuts): ``O(K^2 N^2)``. Not monotone in q; infinite where no such chain exists. Args and
    derivative as :func:`cheapest_path`.

    >>> chain = Chain([1.0, 0.5])
    >>> found = cheapest_by_cuts(chain, [[1.0, 1.0], [0.5, 3.0]], jnp.full((2, 2, 2), 1.2), 0)
    >>> found.path.tolist()
    [[0, 0], [1, 0]]
    """
    cost, link = jnp.asarray(cost, dtype=float), jnp.asarray(link, dtype=float)
    places = cost.shape[0]
    check_shape("cost", cost, (places, chain.blocks))
    check_shape("link", link, (places, places, chain.blocks))
    path = _by_cuts(chain, cost, link, buyer)
    ends = jnp.concatenate([path[:, 1:], jnp.full((chain.blocks, 1), buyer)], axis=1)
    block = jnp.arange(chain.blocks)
    own = chain.own * chain.beta * jnp.log(cost[path, block])
    total = jnp.sum(own + chain.beta * jnp.log(link[path, ends, block]), axis=1)
    cuts = jnp.sum(path[:, 1:] != path[:, :-1], axis=1)
    return CheapestPath(jnp.where(cuts == jnp.arange(chain.blocks), jnp.exp(total), jnp.inf), path)


@jax.jit
def _by_cuts(chain: Chain, cost: Array, link: Array, buyer: Int[Array, ""]) -> Array:
    places, blocks = cost.shape
    node = chain.own * chain.beta * jnp.log(cost)
    edge = chain.beta * jnp.log(link)
    home = jnp.eye(places, dtype=bool)
    none = jnp.full((1, places), jnp.inf)
    start = jnp.concatenate([node[None, :, 0], jnp.tile(none, (blocks - 1, 1))])

    def step(value: Array, block: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        nodes, edges = block
        stay = value + jnp.diagonal(edges)
        apart = value[:, :, None] + jnp.where(home, jnp.inf, edges)  # [cuts, from, to]
        moved = jnp.concatenate([none, jnp.min(apart, axis=1)[:-1]])
        origin = jnp.concatenate([jnp.zeros((1, places), int), jnp.argmin(apart, axis=1)[:-1]])
        cut = moved < stay
        return jnp.minimum(stay, moved) + nodes, (cut, origin)

    last, (cut, origin) = jax.lax.scan(step, start, (node.T[1:], jnp.moveaxis(edge, 2, 0)[:-1]))
    end = jnp.argmin(last + edge[:, buyer, -1], axis=1)

    def back(state: tuple[Array, Array], block: tuple[Array, Array]) -> tuple[Any, Array]:
        place, cuts = state
        was_cut, source = block
        moved = was_cut[cuts, place]
        before = jnp.where(moved, source[cuts, place], place)
        return (before, jnp.maximum(cuts - moved, 0)), before

    state = (end, jnp.arange(blocks))
    _, before = jax.lax.scan(back, state, (cut, origin), reverse=True)
    return jnp.concatenate([before, end[None]]).T


def best_paths(trace: Trace, buyer: int, count: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """The paths with the largest shares of a buyer's spending, and these shares, largest first.

    Messages with the ``count`` best ways into every place: exact, and never all N^K paths. Fewer
    than ``count`` where no more have a share.

    Raises :class:`neg.core.errors.InvalidParameterError` for a count below one.

    >>> from neg.chains import trace
    >>> found = trace(Chain([1.0]), [[1.0], [1.0]], jnp.full((2, 2, 1), 1.2))
    >>> best_paths(found, 0)[0].tolist()
    [[0], [1]]
    """
    check_range("count", count, 1.0)
    with np.errstate(divide="ignore"):  # nothing is bought: no way there
        bought = np.log(np.asarray(trace.bought))
    places, _, blocks = bought.shape
    value = np.where(np.arange(places) == buyer, 0.0, -np.inf)[:, None]  # [place, way]
    ways = [[()] for _ in range(places)]
    for n in range(blocks - 1, -1, -1):
        total = bought[:, :, n, None] + value[None]  # [origin, destination, way]
        flat = total.reshape(places, -1)
        keep = np.argsort(-flat, axis=1, kind="stable")[:, :count]
        width = value.shape[1]
        ways = [
            [(i, *ways[pick // width][pick % width]) for pick in keep[i]] for i in range(places)
        ]
        value = np.take_along_axis(flat, keep, axis=1)
    found = ((v, way) for i in range(places) for v, way in zip(value[i], ways[i], strict=True))
    every = sorted((pair for pair in found if pair[0] > -np.inf), key=lambda pair: -pair[0])[:count]
    return np.array([way for _, way in every]), np.exp([v for v, _ in every])
