"""A model that stands on another one and answers as that one does, where it says nothing itself."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from jaxtyping import Array, Float

from neg.core.compilation import quick_jit
from neg.core.parameters import Alias
from neg.core.status import Status
from neg.economy.groups import Groups
from neg.economy.ledger import Ledger
from neg.economy.model import Model, Prices


class Delegate(Model):
    """Whatever is asked of it, :attr:`base` answers; subclasses say what they change."""

    @property
    @abstractmethod
    def base(self) -> Model:
        """The model that it stands on."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "base":
            raise AttributeError(name)
        return getattr(self.base, name)

    @property
    def groups(self) -> Groups:
        """Those of the base."""
        return self.base.groups

    def initial_prices(self, x: Float[Array, " cell"]) -> Prices:
        """Those of the base."""
        return self.base.initial_prices(x)

    def market_residual(self, prices: Prices, x: Float[Array, " cell"]) -> Prices:
        """That of the base."""
        return self.base.market_residual(prices, x)

    def payoff(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """That of the base."""
        return self.base.payoff(prices, x)

    def evaluate(
        self, prices: Prices, x: Float[Array, " cell"]
    ) -> tuple[Prices, Float[Array, " cell"]]:
        """Residual and payoff of the base."""
        return self.base.evaluate(prices, x)

    def outcomes(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Those of the base."""
        return self.base.outcomes(prices, x)

    def ledger(self, prices: Prices, x: Float[Array, " cell"]) -> Ledger:
        """That of the base."""
        return self.base.ledger(prices, x)

    def relaxation(
        self,
        gap: Float[Array, " cell"] | None,
        residual: Prices,
        x: Float[Array, " cell"],
        **hints: Any,
    ) -> tuple[Float[Array, " cell"], Prices]:
        """That of the base."""
        return self.base.relaxation(gap, residual, x, **hints)

    def initial_distribution(self) -> Float[Array, " cell"]:
        """That of the base."""
        return self.base.initial_distribution()

    def agglomerated(self, place: int = 0) -> Float[Array, " cell"]:
        """That of the base."""
        return self.base.agglomerated(place)

    def bend(self, effects: dict[str, Array]) -> Self:
        """Effects reach the base through the parts of an economy only."""
        raise NotImplementedError(f"{type(self).__name__} is bent through its base")

    def obstacle(self, x: Float[Array, " cell"]) -> tuple[Status, str] | None:
        """That of the base, as it is bent where everybody starts."""
        return _at_start(self).obstacle(x)

    def impasse(self, prices: Prices, x: Float[Array, " cell"]) -> str:
        """That of the base."""
        return self.base.impasse(prices, x)

    @property
    def stock_names(self) -> tuple[str, ...]:
        """Those of the base."""
        return self.base.stock_names

    def holding(self, stocks: dict[str, Array]) -> Model:
        """The base with its stocks given."""
        return self.base.holding(stocks)

    def drift(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """That of the base."""
        return self.base.drift(prices, x)

    def bent_at(self, prices: Prices, x: Float[Array, " cell"]) -> Any:
        """That of the base."""
        return self.base.bent_at(prices, x)

    def axes_of(self, name: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
        """Those of the base."""
        return self.base.axes_of(name, shape)

    # Of types: of an instance; of other models, of the class.
    def options(self) -> dict[str, tuple[str, tuple[str, ...]]]:  # type: ignore[override]
        """Those of the base."""
        return self.base.options()

    @property
    # Of types: of an instance; of other models, of the class.
    def aliases(self) -> dict[str, Alias]:  # type: ignore[override]
        """Those of the base."""
        return self.base.aliases

    @property
    # Of types: of an instance; of other models, of the class.
    def accepts(self) -> frozenset[str]:  # type: ignore[override]
        """What the base takes up."""
        return self.base.accepts

    @property
    def says(self) -> frozenset[str]:
        """What the base speaks for."""
        return self.base.says

    @property
    def place_names(self) -> tuple[str, ...]:
        """Those of the base."""
        return self.base.place_names

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Those of the base."""
        return self.base.labels

    @property
    def held_fixed(self) -> str:
        """What the base holds fixed."""
        return self.base.held_fixed

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """Those of the base."""
        return self.base.cell_labels

    @property
    def cell_coordinates(self) -> dict[str, tuple[str, ...]]:
        """Those of the base."""
        return self.base.cell_coordinates

    @property
    def cell_places(self) -> np.ndarray:
        """Those of the base."""
        return self.base.cell_places

    @property
    def industry(self) -> tuple[int, ...]:
        """That of the base."""
        return self.base.industry


@quick_jit
def _at_start(model: Model) -> Any:
    x = model.initial_distribution()
    return model.bent_at(model.initial_prices(x), x)
