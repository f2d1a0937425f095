"""The people of a general economy: where they are, and among which cells they may choose."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.numbers import if_given
from neg.core.parameters import Parametric, parameter
from neg.economy.groups import Groups


class Cells(Parametric):
    """Cells (a place and sector, of one group) in a fixed order, and the people at the start.

    ``place``, ``sector`` and ``member`` number the place, sector and mobility group of every
    cell. Where several groups share a place and sector, ``origin_share`` is the share of the
    cell's group among the people there, and ``origin`` the place that each group comes from
    (-1 for none).
    """

    place: tuple[int, ...] = eqx.field(static=True)
    sector: tuple[int, ...] = eqx.field(static=True)
    member: tuple[int, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)  # of the groups
    origin: tuple[int, ...] = eqx.field(static=True)
    employment: Float[Array, "place sector"] = parameter(
        meaning="people at the start; where they cannot move, throughout",
        low=0.0,
        axes=("place", "sector"),
        unit="workers",
    )
    origin_share: Float[Array, " cell"] | None = eqx.field(converter=if_given, default=None)

    @property
    def cell(self) -> np.ndarray:
        """Flat (place, sector) index of every cell."""
        sectors = self.employment.shape[1]
        return np.asarray(self.place, dtype=int) * sectors + np.asarray(self.sector, dtype=int)

    @property
    def group(self) -> np.ndarray:
        """Mobility group of every cell."""
        return np.asarray(self.member, dtype=int)

    @property
    def groups(self) -> Groups:
        """Mobility groups; their masses are those of ``employment``."""
        mass = jnp.zeros(len(self.names)).at[self.group].add(self.start())
        return Groups(jnp.asarray(self.group), mass)

    @property
    def places(self) -> np.ndarray:
        """Place that the workers of each cell crowd, whatever their sector and origin."""
        return np.asarray(self.place, dtype=int)

    def industry(self, scale: np.ndarray) -> tuple[int, ...]:
        """Cells that may empty or fill where industry gathers: of people who have a choice.

        Of those, the cells of sectors with returns to ``scale``, if there are any.
        """
        free = np.bincount(self.group)[self.group] > 1
        growing = free & (scale > 0)[np.asarray(self.sector, dtype=int)]
        return tuple(np.flatnonzero(growing if growing.any() else free).tolist())

    def start(self) -> Float[Array, " cell"]:
        """Observed employment, split by group where several groups share a place and sector."""
        people = self.employment.reshape(-1)[self.cell]
        return people if self.origin_share is None else people * self.origin_share

    def by_sector(self, x: Float[Array, " cell"]) -> Float[Array, "place sector"]:
        """People by place and sector of a distribution over cells."""
        shape = self.employment.shape
        return jnp.zeros(self.employment.size).at[self.cell].add(x).reshape(shape)

    def at_cells(self, value: Float[Array, "place sector"]) -> Float[Array, " cell"]:
        """A value of each place and sector, at its cells."""
        return value.reshape(-1)[self.cell]

    def coordinates(
        self, places: Sequence[str], sectors: Sequence[str]
    ) -> dict[str, tuple[str, ...]]:
        """Place, sector and group of every cell."""
        names = self.names  # asked for once: there may be thousands of cells
        return {
            "place": tuple(places[i] for i in self.place),
            "sector": tuple(sectors[s] for s in self.sector),
            "group": tuple(names[g] for g in self.member),
        }
