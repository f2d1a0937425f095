"""Mobility groups: which mobile units may choose among which cells."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


class Groups(eqx.Module):
    """Mobility groups: which mobile units may choose among which cells.

    ``index`` is the group of each cell, ``mass`` the number of units in each group. Units that
    cannot move form a group with a single cell.
    """

    index: Int[Array, " cell"]
    mass: Float[Array, " group"]

    @classmethod
    def single(cls, cells: int, mass: Any = 1.0) -> Groups:
        """One group of the given mass that may use every cell."""
        return cls(jnp.zeros(cells, dtype=int), jnp.reshape(jnp.asarray(mass, dtype=float), (1,)))

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.index.shape[0]

    @property
    def count(self) -> int:
        """Number of groups."""
        return self.mass.shape[0]

    @property
    def cell_mass(self) -> Float[Array, " cell"]:
        """Mass of the group to which each cell belongs."""
        return self.mass[self.index]

    def total(self, values: Float[Array, " cell"]) -> Float[Array, " group"]:
        """Sum of a quantity over the cells of each group."""
        return jax.ops.segment_sum(values, self.index, self.count)

    def shared(self, weight: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """The mass of each group spread over its cells in proportion to ``weight``."""
        return weight * (self.mass / self.total(weight))[self.index]

    def largest(self, values: Float[Array, " cell"]) -> Float[Array, " group"]:
        """Largest value of a quantity among the cells of each group."""
        return jax.ops.segment_max(values, self.index, self.count)

    def size(self) -> Float[Array, " group"]:
        """Number of cells open to each group."""
        return self.total(jnp.ones(self.cells))

    def uniform(self) -> Float[Array, " cell"]:
        """The distribution that spreads every group evenly over its cells."""
        return (self.mass / self.size())[self.index]
