"""Who serves a market: cut-offs of firms that differ, and what those that serve it are and pay."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from neg.menus import Productivity

CLOSED = 300.0
"""Minus the log of the freeness of a market that nobody may serve: nothing is sold there."""


class Terms(NamedTuple):
    """What serving a market takes, ``[origin, destination, sector]``.

    ``fixed`` is the money that resources for it cost, ``threshold`` the operating profit that a
    firm needs over it, ``support`` the share of it that a budget pays, ``open`` whether anybody
    may serve it.
    """

    fixed: Float[Array, "origin destination sector"]
    threshold: Float[Array, "origin destination sector"]
    support: Float[Array, "origin destination sector"]
    open: Bool[Array, "origin destination sector"]


class Served(NamedTuple):
    """Who serves which market: sales before grants, terms, entrants, share of them, least size.

    Where nobody serves a market the share is zero and the least size without bound.
    """

    sold: Float[Array, "origin destination sector"]
    terms: Terms
    entrants: Float[Array, "place sector"]
    number: Float[Array, "origin destination sector"]
    cut: Float[Array, "origin destination sector"]

    @property
    def firms(self) -> Float[Array, "origin destination sector"]:
        """Firms that serve each market."""
        return self.entrants[:, None] * self.number

    def cutoff(self, sigma: Array) -> Float[Array, "origin destination sector"]:
        """Productivity of the least firm that serves each market."""
        some = jnp.isfinite(self.cut)
        return jnp.where(some, jnp.where(some, self.cut, 1.0) ** (1.0 / (sigma - 1.0)), jnp.inf)

    @property
    def granted(self) -> Float[Array, "origin destination sector"]:
        """Money that the budget of the origin pays towards fixed costs."""
        return self.firms * self.terms.fixed * self.terms.support


def pareto(
    sold: Array, terms: Terms, entry: Array, shape: Array, overhead: Array, sigma: Array
) -> Served:
    """Who serves what under Pareto sizes of ``shape``, in closed form.

    firms F threshold = overhead sold,       overhead = (1 - 1 / shape) / sigma
    entrants entry    = sum_j sold (1 / sigma - overhead (1 - support) / threshold)
    """
    firms = sold * overhead / (terms.fixed * terms.threshold)
    left = sold * (1.0 / sigma - overhead * (1.0 - terms.support) / terms.threshold)
    entrants = jnp.sum(left, axis=1) / entry
    serves = terms.open & (overhead > 0) & (firms > 0)
    number = jnp.where(serves, firms / jnp.where(entrants > 0, entrants, 1.0)[:, None], 1.0)
    # Powers of what is not there have no derivative: one stands for it.
    cut = number ** (-1.0 / shape)
    return Served(sold, terms, entrants, *_nobody(serves, number, cut))


def any_law(
    sold: Array, terms: Terms, entry: Array, size: Productivity, cut: Array, sigma: Array
) -> Served:
    """Who serves what above given cut-offs, whatever the distribution of ``size``.

    entrants (entry + sum_j P(x > cut) F (1 - support)) = sum_j sold / sigma
    """
    number, cut = _nobody(terms.open & (sold > 0), size.above(0.0, cut), cut)
    spent = entry + jnp.sum(number * terms.fixed * (1.0 - terms.support), axis=1)
    return Served(sold, terms, jnp.sum(sold, axis=1) / sigma / spent, number, cut)


def _nobody(serves: Array, number: Array, cut: Array) -> tuple[Array, Array]:
    """Share and least size of those that serve a market, where somebody does."""
    return jnp.where(serves, number, 0.0), jnp.where(serves, cut, jnp.inf)


def least_size(size: Productivity, fixed: Any, entry: Any) -> Array:
    """The cut-off of a market on its own under free entry, by halving.

        fixed (E[x; x > cut] / cut - P(x > cut)) = entry

    For starts: nothing is differentiated through it.
    """
    shape = jnp.broadcast_shapes(jnp.shape(fixed), jnp.shape(entry))

    def halve(_: Any, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        cut = jnp.exp(0.5 * (low + high))
        more = fixed * (size.above(1.0, cut) / cut - size.above(0.0, cut)) > entry
        middle = jnp.log(cut)
        return jnp.where(more, middle, low), jnp.where(more, high, middle)

    ends = (jnp.full(shape, -60.0), jnp.full(shape, 60.0))
    return jnp.exp(jax.lax.stop_gradient(jax.lax.fori_loop(0, 60, halve, ends)[0]))


def log_or_zero(value: Array) -> Array:
    """Log, and zero for the log of nothing; differentiable in both cases."""
    some = value > 0
    return jnp.where(some, jnp.log(jnp.where(some, value, 1.0)), 0.0)
