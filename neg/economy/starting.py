"""An economy that starts from a distribution of one's own, or stays there."""

from __future__ import annotations

from typing import Any, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.numbers import as_float
from neg.core.parameters import Parameter, altered
from neg.economy.delegate import Delegate
from neg.economy.groups import Groups
from neg.economy.model import Model


class Starting(Delegate):
    """An economy whose solvers start from ``start``; nobody moves from there if ``held``.

    Where there are several equilibria the start says which one is taken: the stable one next to
    it, or that which the adjustment dynamics reach. ``start`` adds up to the mass of each group.
    """

    inner: Model
    start: Float[Array, " cell"] = eqx.field(converter=as_float)
    held: bool = eqx.field(default=False, static=True)

    @property
    def base(self) -> Model:
        """The economy."""
        return self.inner

    @property
    def groups(self) -> Groups:
        """Those of the economy; one for each cell where nobody moves."""
        if self.held:
            return Groups(jnp.arange(self.start.shape[0]), self.start)
        return self.base.groups

    def initial_distribution(self) -> Float[Array, " cell"]:
        """The start."""
        return self.start

    # Of types: of an instance; of other models, of the class.
    def parameters(self) -> dict[str, Parameter]:  # type: ignore[override]
        """Those of the economy."""
        return self.base.parameters()

    def get(self, name: str) -> Float[Array, ""]:
        """Value of a parameter, as one number."""
        return self.base.get(name)

    def value(self, name: str) -> Array:
        """Value of a parameter with all its entries."""
        return self.base.value(name)

    def with_(self, **values: Any) -> Self:
        """The same with the economy under it changed."""
        return altered(self, inner=self.base.with_(**values))
