"""Parts between economies in an economy of places: cities inherit what their economy has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.parameters import Parameter, altered
from neg.economy.general.bought import Inputs
from neg.economy.part import Part
from neg.economy.scene import Scene

AXES = {"place": "economy", "origin": "exporter", "destination": "importer"}
"""What the axes of a part between economies are called where places are cities."""


class Seen:
    """A model of cities as a part between economies sees it: its places are their economies."""

    def __init__(self, model: Any, member: tuple[str, ...]) -> None:
        self.cities = model
        self.names = tuple(dict.fromkeys(member))
        self.index = np.array([self.names.index(one) for one in member])

    @property
    def place_names(self) -> tuple[str, ...]:
        """The economies."""
        return self.names

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Those of the model, with economies for its places."""
        return {**self.cities.labels, **dict.fromkeys(AXES, self.names)}

    @property
    def cell_places(self) -> np.ndarray:
        """A cell for every economy: parts ask how many places there are."""
        return np.arange(len(self.names))

    @property
    def market(self) -> Any:
        """Elasticities of the model; trade costs of one, of the shape of pairs of economies."""
        market = self.cities.market
        shape = (len(self.names), len(self.names), market.tau.shape[2])
        one, none = jnp.ones(shape), jnp.zeros(shape)
        return altered(market, tau=one, tariff=none, export_tax=none, taste=one[..., None])

    def inputs(self, prices: Any, x: Any) -> Inputs:
        """Input shares of economies: places weigh by what they buy of a class, and by output."""
        own, seen = self.cities.inputs(prices, x), self.cities.flows(prices, x)
        paid, output = self.summed(seen.spending), self.summed(seen.revenue)
        bought = self.merged(own.bought * seen.spending[None])
        bought = jnp.where(paid > 0, bought / jnp.where(paid > 0, paid, 1.0), 0.0)
        used = self.summed(own.used * seen.revenue[:, None, :])
        some = (output > 0)[:, None, :]
        used = jnp.where(some, used / jnp.where(output > 0, output, 1.0)[:, None, :], 0.0)
        return Inputs(bought, used, own.use)

    def paid(self, prices: Any, x: Any) -> Array:
        """What buyers pay, by pair of economies and sector."""
        return self.merged(self.cities.paid(prices, x))

    def merged(self, pairs: Float[Array, "origin destination *rest"]) -> Array:
        """Sums over the cities of pairs of economies."""
        of = jnp.asarray(np.eye(len(self.names))[self.index])
        return jnp.einsum("io,ij...,jd->od...", of, pairs, of)

    def summed(self, values: Float[Array, " place *rest"]) -> Array:
        """Sums over the cities of economies."""
        of = jnp.asarray(np.eye(len(self.names))[self.index])
        return jnp.einsum("io,i...->o...", of, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cities, name)


class Inherited(Part):
    """A part between economies, in an economy of which every place lies in one of them.

        log factor_ij = log factor of the part between the economies of i and j

    and that at home, which is one for layers, between two places of one economy. Its parameters are
    those of the part, by economy: axes ``economy``, ``exporter`` and ``importer``, which Levers
    select as ``places``, ``origins`` and ``destinations``. So are its outcomes by pair. A rule of
    origin counts what the whole economy of a city buys and makes.

    Args:
        part: a part that bends trade costs, tariffs and export taxes alone, such as
            :class:`neg.barriers.Clearance`, :class:`neg.barriers.Layer` or
            :class:`neg.agreements.Agreements`.
        member: the economy of every place, in their order.
    """

    part: Part
    member: tuple[str, ...] = eqx.field(static=True, converter=tuple)

    @property
    def label(self) -> str:  # type: ignore[override]  # that of the part, not of the class
        """That of the part."""
        return self.part.label

    @property
    def says(self) -> frozenset[str]:  # type: ignore[override]  # that of the part
        """What the part speaks for."""
        return self.part.says

    @property
    def bare(self) -> Part:
        """The part between economies."""
        return self.part

    @property
    def economies(self) -> tuple[str, ...]:
        """Names of the economies."""
        return tuple(dict.fromkeys(self.member))

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Those of the part, and economies along its own axes."""
        return {**self.part.labels, **dict.fromkeys(AXES.values(), self.economies)}

    @property
    def words(self) -> str:
        """What the part holds fixed."""
        return self.part.words

    # Parameters --------------------------------------------------------------------------------

    def parameters(self) -> dict[str, Parameter]:  # type: ignore[override]  # those of the part
        """Those of the part, by economy."""
        return {
            name: spec._replace(axes=tuple(AXES.get(axis, axis) for axis in spec.axes))
            for name, spec in self.part.parameters().items()
        }

    def value(self, name: str) -> Array:
        """Value of a parameter with all its entries."""
        return self.part.value(name)

    def full(self, name: str, sizes: Mapping[str, int]) -> Array:
        """The same, a number taken for every entry."""
        return self.part.full(name, self._sizes(sizes))

    def with_(self, **values: Any) -> Self:
        """The same with parameters of the part replaced, and checked."""
        return altered(self, part=self.part.with_(**values))

    def check_axes(self, sizes: Mapping[str, int], prefix: str = "") -> None:
        """Raise a named error unless arrays have the sizes of their axes."""
        self.part.check_axes(self._sizes(sizes), prefix)

    def _sizes(self, sizes: Mapping[str, int]) -> dict[str, int]:
        return {**sizes, **dict.fromkeys(AXES, len(self.economies))}

    # As the part sees it -----------------------------------------------------------------------

    def seen(self, scene: Scene) -> Scene:
        """The scene with economies for places."""
        return altered(scene, model=Seen(scene.model, self.member))

    def check(self, model: Any) -> None:
        """Raise a named error where the part makes no sense between these economies."""
        seen: Any = Seen(model, self.member)
        self.part.check(seen)

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Those between economies, of every pair of their places."""
        at = np.array([self.economies.index(one) for one in self.member])
        found = self.part.effects(self.seen(scene))
        return {name: value[at][:, at] for name, value in found.items()}

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Those of the part."""
        return self.part.unknowns(self.seen(scene))

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Those of the part."""
        return self.part.residual(self.seen(scene))

    def axes_of(self, name: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
        """Axes of an outcome of the part, by economy."""
        own = self.part.axes_of(name, shape)
        if own is None and shape[:2] == (len(self.economies),) * 2:
            own = ("origin", "destination", "sector")[: len(shape)]
        elif own is None and shape[:1] == (len(self.economies),):
            own = ("place", "sector")[: len(shape)]
        return None if own is None else tuple(AXES.get(axis, axis) for axis in own)

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Those of the part, by pair of economies."""
        return self.part.outcomes(self.seen(scene))
