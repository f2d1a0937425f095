"""A table as matrices, and its inverse: the first step of every account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neg.core.errors import InvalidDataError, unknown_name
from neg.data import Table

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Inverse:
    """Matrices of a table of N places and S sectors, cells in the order (place, sector).

        A = Z / X by column,   v = 1 - column sum of A,   B = (I - A)^-1,   v B = 1

    ``v`` holds net taxes with value added, or the shares would not add up. ``final`` adds all uses,
    ``[cell, place]``. All in the table's unit per year.
    """

    table: Table
    Z: Array
    final: Array
    output: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Number of places and sectors."""
        return len(self.table.places), len(self.table.sectors)

    @cached_property
    def A(self) -> Array:
        """Inputs per unit of output."""
        return np.divide(self.Z, self.output, out=np.zeros_like(self.Z), where=self.output > 0)

    @cached_property
    def v(self) -> Array:
        """Value added and net taxes per unit of output."""
        return 1.0 - self.A.sum(axis=0)

    @cached_property
    def B(self) -> Array:
        """Output needed, everywhere, for a unit of final use."""
        return np.linalg.inv(np.eye(len(self.output)) - self.A)

    @cached_property
    def place(self) -> Array:
        """Place of each cell."""
        return np.repeat(np.arange(self.shape[0]), self.shape[1])

    @cached_property
    def home(self) -> Array:
        """Whether two cells lie in one place."""
        return self.place[:, None] == self.place

    @cached_property
    def L(self) -> Array:
        """Inverse of the inputs that come from the own place."""
        return np.linalg.inv(np.eye(len(self.output)) - np.where(self.home, self.A, 0.0))

    @cached_property
    def abroad(self) -> Array:
        """Final use of each place's goods elsewhere, ``[cell, place]``."""
        return np.where(self.place[:, None] == np.arange(self.shape[0]), 0.0, self.final)

    @cached_property
    def exports(self) -> Array:
        """Sales of each cell to other places."""
        return np.where(self.home, 0.0, self.Z).sum(axis=1) + self.abroad.sum(axis=1)

    def by_place(self, values: Array) -> Array:
        """Sums over the sectors of each place, along the first axis."""
        return values.reshape(self.shape[0], self.shape[1], *values.shape[1:]).sum(axis=1)

    def members(self, names: tuple[str, ...]) -> Array:
        """Which places are named; a name that is none raises."""
        for name in names:
            if name not in self.table.places:
                raise unknown_name("place", name, self.table.places)
        return np.isin(self.table.places, names)


def inverse(table: Table) -> Inverse:
    """The matrices of a table.

    Raises :class:`InvalidDataError` where inputs of a cell exceed its output, so that value added
    with net taxes is not positive.

    >>> from neg import data
    >>> found = inverse(data.load_icio())
    >>> float(abs(found.v @ found.B - 1.0).max()) < 1e-14
    True
    """
    n, s = len(table.places), len(table.sectors)
    cells = n * s
    found = Inverse(
        table,
        table.intermediate.reshape(cells, cells),
        table.final.sum(axis=3).reshape(cells, n),
        table.output.reshape(cells),
    )
    if (found.v <= 0).any():
        i, k = divmod(int(np.argmin(found.v)), s)
        raise InvalidDataError(
            f"inputs of {table.places[i]}:{table.sectors[k]} are {1 - found.v.min():.6g} of its "
            "output; must be below 1"
        )
    return found
