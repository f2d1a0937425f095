"""A model with blocks: any economy of the library plus forces that hold industry back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_labels
from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Alias, Groups, Model, Parameter, Prices
from neg.parts.blocks import Block, Scene


class Congested(Model):
    """``model`` with ``blocks`` switched on; itself a model, so every solver takes it.

        payoff = model.payoff + sum of the blocks' payoffs
        markets = those of the model, with distances lengthened by the blocks' delays

    Parameters of the model keep their names, those of a block carry its label:
    ``Congested(CorePeriphery(), [Land()]).with_(**{"land.supply": 0.5, "tau": 1.3})``.

    Raises :class:`neg.core.errors.LabelMismatchError` for two blocks of one label,
    :class:`neg.core.errors.InvalidParameterError` for traffic in a model without geography.
    """

    model: Model
    blocks: tuple[Block, ...] = eqx.field(converter=tuple)

    def __check_init__(self) -> None:
        check_labels("blocks", [block.label for block in self.blocks])
        if self._distance is None:
            x = self.model.initial_distribution()
            for block in self.blocks:
                if block.delay(self._scene(x)) is not None:
                    raise InvalidParameterError(
                        f"block {block.label} is not allowed for {type(self.model).__name__}; "
                        "must be a model with a geography"
                    )

    # The model, as the blocks leave it -------------------------------------------------------

    @property
    def groups(self) -> Groups:
        """Those of the model."""
        return self.model.groups

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """Those of the model."""
        return self.model.cell_labels

    @property
    def cell_places(self) -> np.ndarray:
        """Those of the model."""
        return self.model.cell_places

    @property
    def industry(self) -> tuple[int, ...]:
        """That of the model."""
        return self.model.industry

    @property
    def geography(self) -> Any:
        """That of the model; None where it has none."""
        return getattr(self.model, "geography", None)

    def initial_distribution(self) -> Float[Array, " cell"]:
        """That of the model."""
        return self.model.initial_distribution()

    def agglomerated(self, place: int = 0) -> Float[Array, " cell"]:
        """That of the model."""
        return self.model.agglomerated(place)

    def initial_prices(self, x: Float[Array, " cell"]) -> Prices:
        """Those of the model on congested links."""
        return self._on_congested_links(x).initial_prices(x)

    def market_residual(self, prices: Prices, x: Float[Array, " cell"]) -> Prices:
        """That of the model on congested links."""
        return self._on_congested_links(x).market_residual(prices, x)

    def payoff(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """Payoff of the model on congested links, plus what each block adds."""
        scene = self._scene(x)
        added = sum((block.payoff(scene) for block in self.blocks), jnp.zeros_like(x))
        return self._on_congested_links(x).payoff(prices, x) + added

    def outcomes(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Outcomes of the model, payoff with the blocks, and what blocks report by their label."""
        scene = self._scene(x)
        result = dict(self._on_congested_links(x).outcomes(prices, x))
        for block in self.blocks:
            found = block.quantities(scene)
            result |= {f"{block.label}.{name}": value for name, value in found.items()}
        return result | {"payoff": self.payoff(prices, x)}

    @property
    def _distance(self) -> Array | None:
        return None if self.geography is None else self.geography.distance

    def _scene(self, x: Float[Array, " cell"]) -> Scene:
        return Scene(x, self.groups, self.cell_places, self._distance)

    def _on_congested_links(self, x: Float[Array, " cell"]) -> Model:
        distance = self._distance
        if distance is None:
            return self.model
        for block in self.blocks:
            delay = block.delay(self._scene(x))
            distance = distance if delay is None else distance * delay
        return eqx.tree_at(lambda model: model.geography.distance, self.model, distance)

    # Parameters by name ----------------------------------------------------------------------

    @property
    def aliases(self) -> dict[str, Alias]:  # type: ignore[override]
        """Those of the model."""
        return self.model.aliases

    def parameters(self) -> dict[str, Parameter]:  # type: ignore[override]
        """Parameters of the model, then those of the blocks with their labels."""
        result = dict(self.model.parameters())
        for block in self.blocks:
            for name, spec in block.parameters().items():
                full = f"{block.label}.{name}"
                result[full] = spec._replace(name=full)
        return result

    def options(self) -> dict[str, tuple[str, tuple[str, ...]]]:  # type: ignore[override]
        """Those of the model."""
        return self.model.options()

    def get(self, name: str) -> Float[Array, ""]:
        """Value of a scalar parameter or alias, such as ``tau``, ``phi`` or ``land.supply``."""
        if name not in self.parameters() and name not in self.aliases:
            raise unknown_name("parameter", name, [*self.parameters(), *self.aliases])
        label, dot, inner = name.partition(".")
        if not dot:
            return self.model.get(name)
        return next(block for block in self.blocks if block.label == label).get(inner)

    def with_(self, **values: Any) -> Self:
        """The same with parameters, aliases or fields of the model or its blocks replaced."""
        model, blocks = values.pop("model", self.model), values.pop("blocks", self.blocks)
        inner: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            label, dot, key = name.partition(".")
            inner.setdefault(label if dot else "", {})[key if dot else name] = value
        labels = [block.label for block in blocks]
        for label in inner:
            if label and label not in labels:
                raise unknown_name("block", label, labels)
        model = model.with_(**inner[""]) if "" in inner else model
        blocks = tuple(block.with_(**inner.get(block.label, {})) for block in blocks)
        return type(self)(model, blocks)


def congested(model: Model, values: Mapping[str, Any] | Iterable[str]) -> Model:
    """The model with the blocks that these names call for, such as ``{"land.h": 0.2}``.

    A label alone (``["land", "tastes"]``) switches a block on with its defaults. Raises
    :class:`neg.core.errors.UnknownNameError` for a block or parameter that does not exist.
    """
    labels: list[str] = []
    for name in values:
        label = name.partition(".")[0]
        if label not in Block.registry:
            raise unknown_name("block", label, sorted(Block.registry))
        if label not in labels:
            labels.append(label)
    if not labels:
        return model
    settings = values if isinstance(values, Mapping) else {}
    composed = Congested(model, tuple(Block.registry[label]() for label in labels))
    return composed.with_(**{name: v for name, v in settings.items() if "." in name})
