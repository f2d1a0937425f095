"""What small firms do: their shares of enterprises, jobs, value added and exports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.menus import Productivity


class Sales(NamedTuple):
    """What the firms of a place do in each market, in the last axis.

    ``cut`` is the size x at which a firm serves the market (infinite where nobody does), ``labour``
    the workers that a unit of size takes, ``overhead`` those that serving it takes, ``revenue``
    money per unit of size.
    """

    cut: Float[Array, "*place market"]
    labour: Float[Array, "*place market"]
    overhead: Float[Array, "*place market"]
    revenue: Float[Array, "*place market"]


class Census(NamedTuple):
    """Shares of firms with at most ``limit`` workers, and the size x that this is.

    ``productivity_gap`` is value added per worker of the others over that of these firms; one where
    either are missing.
    """

    enterprises: Float[Array, "*place"]
    jobs: Float[Array, "*place"]
    value_added: Float[Array, "*place"]
    exports: Float[Array, "*place"]
    largest: Float[Array, "*place"]
    productivity_gap: Float[Array, "*place"]


def census(
    sales: Sales, size: Productivity, limit: Any, premium: Any, home: Float[Array, "*place market"]
) -> Census:
    """Shares of firms with at most ``limit`` workers.

        workers(x) = sum over markets served of (labour x (x / x_0)^-premium + overhead)

    with x_0 the smallest firm of the place: ``premium`` is how fast value added per worker rises
    with size (dearer or more skilled workers, more capital), zero in the plain model. ``home`` is
    one for markets that are no exports.
    """
    order = jnp.argsort(sales.cut, axis=-1)
    cut, labour, overhead = (
        jnp.take_along_axis(part, order, axis=-1)
        for part in (sales.cut, sales.labour, sales.overhead)
    )
    least = jnp.where(jnp.isfinite(cut[..., :1]), cut[..., :1], 1.0)  # of nobody: any number
    slope = jnp.cumsum(labour, axis=-1) * least**premium
    fixed = jnp.cumsum(overhead, axis=-1)
    above = jnp.concatenate([cut[..., 1:], jnp.full_like(least, jnp.inf)], axis=-1)
    room = limit - fixed
    start = slope * cut ** (1.0 - premium)
    # Where nobody makes anything (an empty cell) a unit of size takes no workers: any number will
    # do, but not the derivative of a division by zero.
    inside = (room >= start) & (slope > 0)
    per_worker = jnp.where(inside, room, 1.0) / jnp.where(slope > 0, slope, 1.0)
    reached = per_worker ** (1.0 / (1.0 - premium))
    largest = jnp.max(jnp.where(inside, jnp.minimum(reached, above), least), axis=-1, keepdims=True)

    def small(power: Any) -> tuple[Array, Array]:
        whole = size.above(power, sales.cut)
        return whole - size.above(power, jnp.maximum(sales.cut, largest)), whole

    weight = sales.labour * least**premium
    heads = [
        sales.overhead * n + weight * v
        for n, v in zip(small(0.0), small(1.0 - premium), strict=True)
    ]
    value = [sales.revenue * v for v in small(1.0)]
    first = size.above(0.0, least[..., 0])
    firms = 1.0 - size.above(0.0, largest[..., 0]) / first

    def share(parts: list[Array], where: Any = 1.0) -> Array:
        some, whole = (jnp.sum(part * where, axis=-1) for part in parts)
        return some / jnp.where(whole > 0, whole, 1.0)

    jobs, sold = share(heads), share(value)
    both = (firms > 0) & (firms < 1) & (jobs > 0) & (jobs < 1) & (sold > 0)
    over, under = (1.0 - sold) * jobs, (1.0 - jobs) * sold
    gap = jnp.where(both, over, 1.0) / jnp.where(both, under, 1.0)
    return Census(firms, jobs, sold, share(value, 1.0 - home), largest[..., 0], gap)


def by_sector(
    law: Callable[[Array], Productivity],
    shape: Float[Array, " sector"],
    by_pair: tuple[Array, Array, Array, Array],
    sigma: Any,
    limit: Any,
    premium: Any,
) -> Census:
    """The census of every place and sector, from what entrants do in every market.

    ``by_pair`` holds, ``[origin, destination, sector]``, the least size that serves a market,
    sales per entrant, workers for serving it, and workers per money of cost; ``law`` gives the
    distribution of size of a sector from its ``shape``.
    """
    home = jnp.eye(by_pair[0].shape[0])

    def one(shape: Array, *pairs: Array) -> Census:
        cut, sold, overhead, hired = pairs
        size = law(shape)
        volume = size.above(1.0, cut)
        revenue = jnp.where(volume > 0, sold / jnp.where(volume > 0, volume, 1.0), 0.0)
        labour = (sigma - 1.0) / sigma * revenue * hired
        return census(Sales(cut, labour, overhead, revenue), size, limit, premium, home)

    return jax.vmap(one, in_axes=(0, 2, 2, 2, 2), out_axes=1)(shape, *by_pair)
