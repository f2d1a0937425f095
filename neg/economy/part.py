"""Parts: one mechanism each, switched on by standing in an economy's list."""

from __future__ import annotations

from typing import Any, ClassVar

from jaxtyping import Array, Float

from neg.core.checks import check_kind
from neg.core.errors import InvalidDataError
from neg.core.parameters import Parametric
from neg.economy.model import Model
from neg.economy.scene import Scene


class Part(Parametric):
    """One mechanism: what it adds to payoffs, what it bends, what it solves for, what it reports.

    ``label`` names its parameters from outside (``land.supply``), ``lever`` is the one that policy
    moves, ``says`` what it speaks for: two parts, or a part and the model, that say the same are
    refused. Every method may be left out; log factors, log unknowns and log stocks throughout.

    =============  ==============================================================================
    ``payoff``     ``[cell]``: added to what a mobile unit earns
    ``marginal``   payoff of the last unit to come, where units differ in tastes
    ``effects``    log factors on what the model accepts, by name: ``barrier`` and ``tariff``
                   ``[origin, destination]`` (or with sectors), ``delay`` of trips,
                   ``productivity`` and ``hours`` ``[place, sector]``,
                   ``grant``: what the budget of the origin adds to sales, with their shape,
                   ``transfer``: money ``[place]`` that a place gets from others
    ``unknowns``   start of the part's own unknowns, by name; ``residual`` is shaped like them
    ``stocks``     start of stocks that move in time, by name; ``drift`` is the growth rate of
                   each. In the long run stocks rest; in time they move with the distribution
    ``transit``    ``[origin, destination]`` or with sectors: hours under way, for other parts
    ``outlay``     ``[place]``: money that the budget of a place spends on the part, out of income
    ``outcomes``   what the part reports, as ``label.name``
    =============  ==============================================================================
    """

    label: ClassVar[str] = ""
    lever: ClassVar[str] = ""
    source: ClassVar[str] = ""
    says: ClassVar[frozenset[str]] = frozenset()
    outcome_axes: ClassVar[dict[str, tuple[str, ...]]] = {}
    """Axes of outcomes by name, where their shape does not tell them."""
    registry: ClassVar[dict[str, type[Part]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        label = cls.__dict__.get("label")
        if isinstance(label, str) and label and cls.__module__.startswith("neg."):
            Part.registry[label] = cls

    def check(self, model: Model) -> None:
        """Raise a named error where the part makes no sense on this model."""

    def enters(self, model: Model) -> tuple[str, ...]:
        """Sectors of this model of whose firms no other part may say how they enter."""
        return ()

    def notice(self, model: Model) -> None:
        """Warn of what the numbers of the part do on this model; whenever they are given."""

    def off(self, name: str) -> bool:
        """Whether a parameter, in a group or not, or a field is switched off (None)."""
        if name in self.parameters():
            return self.value(name) is None
        return getattr(self, name, 0) is None

    @property
    def bare(self) -> Part:
        """The part itself, where another carries it over to more places than it knows."""
        return self

    def seen(self, scene: Scene) -> Scene:
        """The scene as the bare part sees it."""
        return scene

    def ahead(self, model: Model) -> Part:
        """The part with what it can find out before compiled code; see :class:`Economy`."""
        return self

    def behind(self) -> Part:
        """The part without."""
        return self

    def payoff(self, scene: Scene) -> Float[Array, " cell"] | None:
        """What the part adds to the payoff of each cell."""
        return None

    def marginal(self, scene: Scene, value: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """Payoff of the marginal unit of each cell, given the payoff that everybody there has."""
        return value

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Log factors on what the model accepts; ``scene.model`` is the model before them."""
        return {}

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Starts of the part's own unknowns."""
        return {}

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Conditions on the unknowns, zero at an equilibrium."""
        return {}

    def stocks(self, scene: Scene) -> dict[str, Array]:
        """Starts of the log stocks."""
        return {}

    def drift(self, scene: Scene) -> dict[str, Array]:
        """Growth rates of the stocks, zero at rest."""
        return {}

    def outlay(self, scene: Scene) -> Float[Array, " place"] | None:
        """Money that the budget of each place spends on the part; None where there is none."""
        return None

    def transit(self, scene: Scene) -> Array | None:
        """Hours from door to door that goods are under way; None for what carries none."""
        return None

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """What the part reports, by name."""
        return {}

    def axes_of(self, name: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
        """Axes of an outcome of this shape; None where the model knows them by the shape."""
        return self.outcome_axes.get(name)

    def hints(self, scene: Scene) -> dict[str, Array]:
        """What large solves should know: ``spread`` of tastes ``[cell]``, labour ``supply``."""
        return {}

    @property
    def waits(self) -> bool:
        """Whether the part goes by the hours that goods are under way (``scene.hours``)."""
        return False

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names along axes that the part brings with it, such as the links of a network."""
        return {}

    @property
    def words(self) -> str:
        """What the part holds fixed, for the sentence that says so of the economy."""
        return ""


def parts_given(base: Any, parts: Any) -> list[Any]:
    """The parts of a list; a named error for a base that is no model, or what is no part."""
    check_kind("base", base, Model)
    if isinstance(parts, Part):
        raise InvalidDataError(f"parts is one part, {parts.label!r}; must be a list of parts")
    given = list(parts)
    for k, part in enumerate(given):
        check_kind(f"parts[{k}]", part, Part)
    return given
