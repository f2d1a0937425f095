"""An economy composed of a model and parts; itself a model, so everything works on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_labels
from neg.core.compilation import LooksAhead
from neg.core.errors import unknown_name
from neg.core.parameters import Parameter, altered
from neg.economy.adding import (
    add,
    bought_by_budget,
    check_effects,
    log_left,
    outlays,
    say,
    under_way,
    welfare,
)
from neg.economy.delegate import Delegate
from neg.economy.ledger import Ledger
from neg.economy.model import Model, Prices
from neg.economy.part import Part, parts_given
from neg.economy.scene import Scene


class Economy(Delegate, LooksAhead):
    """A model, its ``base``, with parts switched on (build it with :func:`compose`).

        payoff = base.payoff + sum of the parts' payoffs
        markets = those of the base as the parts' effects bend it, and the parts' own conditions
        drift = growth rates of the parts' stocks, zero in the long run

    Parameters of the base keep their names, those of a part carry its label:
    ``economy(CorePeriphery(), [Land()]).with_(**{"land.supply": 0.5, "tau": 1.3})``.
    Anything else that is asked of the economy, its base answers.
    """

    model: Model
    parts: tuple[Part, ...] = eqx.field(converter=tuple)
    held: dict[str, Array] | None = None
    """Log stocks where they are given (in time, in the short run); None: at rest."""

    @property
    def base(self) -> Model:
        """The model that the parts are composed onto."""
        return self.model

    def __check_init__(self) -> None:
        check_labels("parts", [part.label for part in self.parts])

    def part(self, label: str) -> Part:
        """The part of this label."""
        for part in self.parts:
            if part.label == label:
                return part
        raise unknown_name("part", label, [part.label for part in self.parts])

    def ahead(self) -> Self:
        """The economy with what its parts find out before compiled code, such as routes.

        Compiled programs then hold no call back, and are kept between processes. What parts have
        found is dropped where their parameters change, and before a program's results are seen.
        """
        return altered(self, parts=tuple(part.ahead(self.base) for part in self.parts))

    def behind(self) -> Self:
        """The economy without it."""
        return altered(self, parts=tuple(part.behind() for part in self.parts))

    # The base, as the parts leave it ---------------------------------------------------------

    def scene(self, prices: Prices, x: Float[Array, " cell"]) -> Scene:
        """What the parts see: the base bent by their effects, at these prices and stocks."""
        own = set(self._own(x))
        named = {name: value for name, value in prices.items() if name in own}
        named |= self.held or {}
        rest = {name: value for name, value in prices.items() if name not in own}
        before = under_way(self.parts, Scene(self.base, x, rest, named))
        effects: dict[str, Array] = {}
        for part in self.parts:
            for name, value in part.effects(before).items():
                effects[name] = add(effects[name], value) if name in effects else value
        return Scene(self.base.bend(effects) if effects else self.base, x, rest, before.named)

    def bent_at(self, prices: Prices, x: Float[Array, " cell"]) -> Any:
        """The base as the parts leave it at this point."""
        return self.scene(prices, x).model

    def flows(self, prices: Prices, x: Float[Array, " cell"]) -> Any:
        """What is bought and sold (of a general economy), as the parts leave it."""
        scene = self.scene(prices, x)
        return scene.model.flows(scene.prices, x)

    def ledger(self, prices: Prices, x: Float[Array, " cell"]) -> Ledger:
        """Every flow of money (of a general economy), as the parts leave it."""
        scene = self.scene(prices, x)
        found, paid = scene.model.ledger(scene.prices, x), outlays(self.parts, scene)
        if paid is None:
            return found
        return bought_by_budget(found, paid, scene.model.flows(scene.prices, x).spendable)

    def eased(self, share: Float[Array, ""]) -> Self | None:
        """The same parts on the base eased."""
        base = self.base.eased(share)
        return None if base is None else altered(self, model=base)

    def impasse(self, prices: Prices, x: Float[Array, " cell"]) -> str:
        """That of the base as the parts leave it."""
        scene = self.scene(prices, x)
        return scene.model.impasse(scene.prices, x)

    def _own(self, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Starts of the unknowns of the parts, and of stocks that are not held."""
        scene = Scene(self.base, x, {}, {})
        found: dict[str, Array] = {}
        for part in self.parts:
            found |= {f"{part.label}.{name}": v for name, v in part.unknowns(scene).items()}
            if self.held is None:
                found |= {f"{part.label}.{name}": v for name, v in part.stocks(scene).items()}
        return found

    def initial_prices(self, x: Float[Array, " cell"]) -> Prices:
        """Those of the base, and the starts of what the parts solve for."""
        return self.base.initial_prices(x) | self._own(x)

    def market_residual(self, prices: Prices, x: Float[Array, " cell"]) -> Prices:
        """That of the bent base, the parts' own conditions, and the drift of stocks at rest."""
        return self._residual(self.scene(prices, x))

    def payoff(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """That of the bent base, plus what each part adds."""
        scene = self.scene(prices, x)
        return self._marginal(scene, self._felt(scene, scene.model.payoff(scene.prices, x)))

    def evaluate(
        self, prices: Prices, x: Float[Array, " cell"]
    ) -> tuple[Prices, Float[Array, " cell"]]:
        """Market residual and payoff from one evaluation of the base."""
        scene = self.scene(prices, x)
        residual, value = scene.model.evaluate(scene.prices, x)
        return self._residual(scene, residual), self._marginal(scene, self._felt(scene, value))

    def outcomes(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Outcomes of the bent base, payoff and welfare with parts, what parts report by label."""
        scene = self.scene(prices, x)
        found = dict(scene.model.outcomes(scene.prices, x))
        for part in self.parts:
            found |= {f"{part.label}.{name}": v for name, v in part.outcomes(scene).items()}
        if (paid := outlays(self.parts, scene)) is not None:
            index = found["consumer_index"]
            found |= {"consumption": found["consumption"] - paid / index, "outlays": paid}
        plain = scene.model.payoff(scene.prices, x)
        felt = self._felt(scene, plain)
        if "welfare" in found and felt is not plain:
            found["welfare"] = welfare(x, felt, self.cell_places, found["welfare"].shape[0])
        # By cell: groups of one place and sector may differ in what moving there is worth.
        name = "payoff" if found["payoff"].shape == felt.shape else "cell_payoff"
        cells = getattr(self.base, "cells", None)
        if name == "cell_payoff" and cells is not None and cells.origin_share is None:
            there = found["payoff"].reshape(-1).at[cells.cell].set(felt)
            found["payoff"] = there.reshape(found["payoff"].shape)
        return found | {name: self._marginal(scene, felt)}

    def relaxation(
        self,
        gap: Float[Array, " cell"] | None,
        residual: Prices,
        x: Float[Array, " cell"],
        **hints: Any,
    ) -> tuple[Float[Array, " cell"], Prices]:
        """That of the base, told what the parts hint at."""
        scene = Scene(self.base, x, {}, {})
        for part in self.parts:
            for name, value in part.hints(scene).items():
                hints[name] = hints[name] + value if name in hints else value
        own = self._own(x)
        base = {name: value for name, value in residual.items() if name not in own}
        moved, changes = self.base.relaxation(gap, base, x, **hints)
        return moved, {**residual, **changes}

    def _felt(self, scene: Scene, value: Array) -> Float[Array, " cell"]:
        """Payoff with what parts add for everybody."""
        for part in self.parts:
            added = part.payoff(scene)
            value = value if added is None else value + added
        paid = outlays(self.parts, scene)
        return value if paid is None else value + log_left(scene, paid)

    def _marginal(self, scene: Scene, value: Array) -> Float[Array, " cell"]:
        """Payoff of the marginal unit: with its own tastes."""
        for part in self.parts:
            value = part.marginal(scene, value)
        return value

    def _residual(self, scene: Scene, base: Prices | None = None) -> Prices:
        found = scene.model.market_residual(scene.prices, scene.x) if base is None else base
        for part in self.parts:
            own = part.residual(scene)
            if self.held is None:
                own = own | part.drift(scene)
            found = found | {f"{part.label}.{name}": value for name, value in own.items()}
        return found

    # Stocks ----------------------------------------------------------------------------------

    @property
    def stock_names(self) -> tuple[str, ...]:
        """Names of the stocks that move in time, as ``label.name``."""
        scene = Scene(self.base, self.initial_distribution(), {}, {})
        return tuple(f"{part.label}.{name}" for part in self.parts for name in part.stocks(scene))

    def holding(self, stocks: dict[str, Array]) -> Economy:
        """The economy with its log stocks given, not at rest: for the short run and in time."""
        check_labels("stocks", sorted(stocks), sorted(self.stock_names))
        return altered(self, held={k: jnp.asarray(v, dtype=float) for k, v in stocks.items()})

    def drift(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Growth rate of every stock."""
        scene = self.scene(prices, x)
        return {
            f"{part.label}.{name}": rate
            for part in self.parts
            for name, rate in part.drift(scene).items()
        }

    # Names -----------------------------------------------------------------------------------

    # Of types: of an instance; of other models, of the class.
    def parameters(self) -> dict[str, Parameter]:  # type: ignore[override]
        """Parameters of the base, then those of the parts with their labels."""
        found = dict(self.base.parameters())
        for part in self.parts:
            for name, spec in part.parameters().items():
                full = f"{part.label}.{name}"
                found[full] = spec._replace(name=full)
        return found

    def get(self, name: str) -> Float[Array, ""]:
        """Value of a parameter or alias as one number, such as ``tau`` or ``land.supply``."""
        label, dot, inner = name.partition(".")
        if not dot:
            return self.base.get(name)
        if name not in self.parameters():
            raise unknown_name("parameter", name, [*self.parameters(), *self.aliases])
        return self.part(label).get(inner)

    def value(self, name: str) -> Array:
        """Value of a parameter with all its entries."""
        label, dot, inner = name.partition(".")
        return self.part(label).value(inner) if dot else self.base.value(name)

    def full(self, name: str, sizes: Mapping[str, int]) -> Array:
        """Value of a parameter with all its entries, a number taken for each."""
        label, dot, inner = name.partition(".")
        return self.part(label).full(inner, sizes) if dot else self.base.full(name, sizes)

    def with_(self, **values: Any) -> Self:
        """The same with parameters, aliases or fields of the base or its parts replaced."""
        base, parts = values.pop("base", self.base), values.pop("parts", self.parts)
        inner: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            label, dot, key = name.partition(".")
            inner.setdefault(label if dot else "", {})[key if dot else name] = value
        labels = [part.label for part in parts]
        for label in inner:
            if label and label not in labels:
                raise unknown_name("part", label, labels)
        base = base.with_(**inner[""]) if "" in inner else base
        changed = tuple(
            part.with_(**inner[part.label]) if part.label in inner else part for part in parts
        )
        sizes = {axis: len(names) for axis, names in base.labels.items()}
        new = type(self)(base, changed, self.held)
        for before, part in zip(parts, changed, strict=True):
            if part.label in inner:
                own = {axis: len(names) for axis, names in part.labels.items()}
                part.check_axes(sizes | own, f"{part.label}.")
                if any(before.off(name) for name in inner[part.label]):
                    part.check(base)  # what was switched off may make no sense here
                    check_effects(new)
                part.notice(base)
        return new

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of the entries along the axes of the base, and along those that parts bring."""
        own = {axis: names for part in self.parts for axis, names in part.labels.items()}
        return {**self.base.labels, **own}

    def axes_of(self, name: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
        """Axes of an outcome: those that its part states, else as the base says."""
        label, _, inner = name.rpartition(".")
        for part in self.parts:
            own = part.axes_of(inner, shape) if part.label == label else None
            if own is not None:
                return own
        return self.base.axes_of(name, shape)

    @property
    def says(self) -> frozenset[str]:
        """What the base and the parts speak for."""
        return self.base.says.union(*(part.says for part in self.parts))

    @property
    def held_fixed(self) -> str:
        """What the base and the parts hold fixed."""
        words = [part.words for part in self.parts if part.words]
        return "; ".join([self.base.held_fixed, *words])


def compose(base: Model, parts: Iterable[Part] = ()) -> Economy:
    """The economy of a model and a list of parts; parts of an economy are added to its own.

    Raises :class:`neg.core.errors.LabelMismatchError` for two parts of one label,
    :class:`neg.core.errors.InvalidParameterError` for a part that says again what the model or
    another part says, or whose effects the model does not take up.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> from neg.parts import Land
    >>> float(compose(CorePeriphery(), [Land(h=0.2)]).get("land.h"))
    0.2
    """
    model, all_parts = base, parts_given(base, parts)
    if isinstance(base, Economy):
        model, all_parts = base.base, [*base.parts, *all_parts]
    check_labels("parts", [part.label for part in all_parts])
    said = dict.fromkeys(model.says, type(model).__name__)
    sizes = {axis: len(names) for axis, names in model.labels.items()}
    for part in all_parts:
        say(said, part.label, part.says)
        own = {axis: len(names) for axis, names in part.labels.items()}
        part.check_axes(sizes | own, f"{part.label}.")
        part.check(model)
        say(said, part.label, (f"how firms enter {name!r}" for name in part.enters(model)))
        part.notice(model)
    composed = Economy(model, tuple(all_parts))
    check_effects(composed)
    return composed
