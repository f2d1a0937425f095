"""What a part of an economy may look at: who is where, what things cost, stocks, geography."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.errors import unknown_name
from neg.economy.groups import Groups
from neg.economy.model import Prices


class Scene(eqx.Module):
    """An economy at one distribution, at given prices and stocks.

    ``model`` is the economy's base as its parts have bent it, ``x`` the distribution, ``prices``
    the log prices of the base, ``named`` unknowns and log stocks of parts, as ``label.name``.
    """

    model: Any
    x: Float[Array, " cell"]
    prices: Prices
    named: dict[str, Array]

    @property
    def groups(self) -> Groups:
        """Who may choose among which cells."""
        return self.model.groups

    @property
    def cell_places(self) -> np.ndarray:
        """Place of every cell; -1 for cells that crowd no place."""
        return self.model.cell_places

    @property
    def places(self) -> int:
        """Number of places."""
        return int(self.cell_places.max()) + 1

    @property
    def distance(self) -> Float[Array, "origin destination"] | None:
        """How far places lie apart, in steps; None where the economy has no geography."""
        geography = getattr(self.model, "geography", None)
        return None if geography is None else geography.distance

    @property
    def mass(self) -> Float[Array, " place"]:
        """Mobile units that crowd each place."""
        crowd = self.cell_places >= 0
        return jnp.zeros(self.places).at[self.cell_places[crowd]].add(self.x[np.flatnonzero(crowd)])

    def at_cells(self, value: Float[Array, " place"]) -> Float[Array, " cell"]:
        """A value of each place, given to the cells that crowd it; zero for the others."""
        return jnp.where(self.cell_places >= 0, value[self.cell_places], 0.0)

    def own(self, part: Any, name: str) -> Array:
        """An unknown or log stock of a part."""
        return self.named[f"{part.label}.{name}"]

    @property
    def hours(self) -> Array | None:
        """Hours from door to door ``[origin, destination]``, or with sectors; None if nobody says.

        There for parts that wait (:attr:`neg.economy.part.Part.waits`). They are those of the parts
        that carry goods (:meth:`neg.economy.part.Part.transit`).
        """
        return self.named.get("hours")

    def quantity(self, name: str) -> Array:
        """An outcome of the base by its name, such as ``price_index``; what is not read is free."""
        found = self.model.outcomes(self.prices, self.x)
        if name not in found:
            raise unknown_name(f"quantity of {type(self.model).__name__}", name, sorted(found))
        return found[name]
