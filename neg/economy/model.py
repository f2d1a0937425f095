"""The protocol: a spatial economy says which markets clear and what a mobile unit earns.

A model is a subclass of :class:`Model` that states two functions of *who is where* (the
distribution ``x`` of mobile units over cells) and *what things cost* (``prices``, in logs):

    market_residual(prices, x) = 0      which markets clear (the short-run equilibrium)
    payoff(prices, x)                   what a unit earns in each cell

and, through :attr:`Model.groups`, who may choose among which cells. Equilibria, stability,
bifurcations, gradients, scenarios and figures are derived from these by the rest of the library.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from neg.core.parameters import (
    Alias,
    Parameter,
    Parametric,
    altered,
    as_float,
    if_given,
    option,
    parameter,
)
from neg.core.status import Status
from neg.economy.groups import Groups
from neg.economy.ledger import Ledger
from neg.places.layouts import Geography, equidistant

__all__ = [
    "FREENESS",
    "PLACE_AXES",
    "Alias",
    "Groups",
    "Model",
    "Parameter",
    "Parametric",
    "Prices",
    "SpatialModel",
    "as_float",
    "option",
    "parameter",
]

PLACE_AXES = ("place", "origin", "destination", "residence", "workplace")
"""Axes whose entries are places: of sellers and buyers, of people at home and at work."""

Prices = PyTree[Float[Array, "..."]]


class Model(Parametric):
    """A spatial economy: markets, payoffs and mobility groups.

    Subclasses with a class attribute ``name`` enter the registry that :func:`get_model` and the
    command line read, so adding a model is adding one file to ``neg/models``.
    """

    name: ClassVar[str] = ""
    source: ClassVar[str] = ""
    registry: ClassVar[dict[str, type[Model]]] = {}
    accepts: ClassVar[frozenset[str]] = frozenset()
    """Effects of parts that the model takes up (see :meth:`bend`); payoffs it always does."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__ and cls.name:
            Model.registry[cls.name] = cls

    # What a model must say ------------------------------------------------------------------

    @property
    @abstractmethod
    def groups(self) -> Groups:
        """Who may choose among which cells."""

    @abstractmethod
    def initial_prices(self, x: Float[Array, " cell"]) -> Prices:
        """A start for the log prices that clear the markets, any pytree of arrays."""

    @abstractmethod
    def market_residual(self, prices: Prices, x: Float[Array, " cell"]) -> Prices:
        """Log excess demand (or relative price gap) of every market, shaped like the prices."""

    @abstractmethod
    def payoff(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """What one mobile unit earns in each cell, used or not: log real income."""

    # What a model may say -------------------------------------------------------------------

    def evaluate(
        self, prices: Prices, x: Float[Array, " cell"]
    ) -> tuple[Prices, Float[Array, " cell"]]:
        """Market residual and payoff at once; override where the two share costly work."""
        return self.market_residual(prices, x), self.payoff(prices, x)

    def outcomes(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Quantities of interest at an equilibrium, by name (see ``neg.core.quantities``)."""
        return {"payoff": self.payoff(prices, x)}

    def ledger(self, prices: Prices, x: Float[Array, " cell"]) -> Ledger:
        """Every flow of money, ``(payer, payee, what)`` to ``[place of payer, place of payee]``.

        See :mod:`neg.economy.ledger`. Empty in a model that states none.
        """
        return {}

    def relaxation(
        self,
        gap: Float[Array, " cell"] | None,
        residual: Prices,
        x: Float[Array, " cell"],
        **hints: Any,
    ) -> tuple[Float[Array, " cell"], Prices]:
        """Changes of log distribution and log prices by one damped fixed-point iteration.

        ``gap`` is the payoff of each cell above its group's average (None in the short run, when
        nobody moves), ``residual`` the market residual at ``x``. A model that knows how strongly
        its markets respond says so here; large systems then converge in far fewer steps. What is
        returned must be zero only where gap and residual are. Parts hint at how people answer
        (``spread`` of tastes by cell, ``supply`` elasticity of labour by place).
        """
        return (jnp.zeros_like(x) if gap is None else gap), residual

    def obstacle(self, x: Float[Array, " cell"]) -> tuple[Status, str] | None:
        """Why this economy has no equilibrium at ``x``, or a whole family of them; the remedy.

        None where nothing can be said. Solvers ask of what they found, outside compiled code.
        """
        return None

    def eased(self, share: Float[Array, ""]) -> Model | None:
        """The economy a ``share`` of the way from one that is easy to solve; None if unknown.

        At one it is the economy itself. A solve that fails is tried again along this way.
        """
        return None

    def impasse(self, prices: Prices, x: Float[Array, " cell"]) -> str:
        """What stops equilibria near these prices from going further, in words; empty if unknown.

        Asked where the way of :meth:`eased` ends before this economy is reached.
        """
        return ""

    def bend(self, effects: dict[str, Array]) -> Self:
        """The model under the effects of parts, each a log factor by the name of what it moves.

        Names are those of :attr:`accepts`; ``delay`` lengthens distances, ``barrier`` makes trade
        dearer (both ``[origin, destination]``).
        """
        if effects:
            raise NotImplementedError(f"{type(self).__name__} takes up no {sorted(effects)}")
        return self

    @property
    def stock_names(self) -> tuple[str, ...]:
        """Names, among the prices, of log stocks that move in time; none without parts."""
        return ()

    def holding(self, stocks: dict[str, Array]) -> Model:
        """The economy with its log stocks given, in the short run and in time."""
        return self

    def drift(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Growth rate of every stock; zero in the long run."""
        return {}

    def bent_at(self, prices: Prices, x: Float[Array, " cell"]) -> Any:
        """The model as the parts of its economy leave it at this point; itself without parts."""
        return self

    @property
    def says(self) -> frozenset[str]:
        """What the model itself speaks for, such as ``land``: no part may say it again."""
        return frozenset()

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the places."""
        return tuple(str(i) for i in range(int(self.cell_places.max()) + 1))

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of the entries along every axis that outcomes and parameters may have."""
        places = self.place_names
        axes = dict.fromkeys(PLACE_AXES, places)
        # A model without sectors has one of them, so that layers by sector fit every economy.
        return axes | {"sector": ("industry",), "cell": self.cell_labels}

    def axes_of(self, name: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
        """Axes of an outcome of this shape, where the model knows better than its registry."""
        sizes = {axis: len(names) for axis, names in self.labels.items()}
        known = {
            (sizes["cell"],): ("cell",),
            (sizes["place"],): ("place",),
            (sizes["place"], sizes["place"]): ("origin", "destination"),
        }
        return known.get(shape)

    @property
    def held_fixed(self) -> str:
        """What a counterfactual of this economy holds fixed, in one sentence."""
        return "all parameters but those edited"

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """A name for each cell."""
        return tuple(str(i) for i in range(self.groups.cells))

    @property
    def cell_coordinates(self) -> dict[str, tuple[str, ...]]:
        """Labels of each cell by kind, such as its place, its sector and whose it is."""
        names = (*self.place_names, "")  # -1 reads the last: a cell that crowds no place
        return {"place": tuple(names[place] for place in self.cell_places)}

    @property
    def cell_places(self) -> np.ndarray:
        """Place that the units of each cell crowd; -1 for cells outside, such as farms."""
        return np.arange(self.groups.cells)

    @property
    def industry(self) -> tuple[int, ...]:
        """The cells of each place where industry gathers when it agglomerates."""
        return tuple(int(cell) for cell in np.flatnonzero(self.cell_places >= 0))

    def initial_distribution(self) -> Float[Array, " cell"]:
        """Where solvers start when the user names no start: every group spread evenly."""
        return self.groups.uniform()

    def agglomerated(self, place: int = 0) -> Float[Array, " cell"]:
        """Where to start for the equilibrium with everybody in one place, or all who can be."""
        groups = self.groups
        here = jnp.asarray(self.cell_places == place, dtype=float)
        weight = jnp.where(groups.total(here)[groups.index] > 0, here, 1.0)
        return groups.shared(weight)


class SpatialModel(Model):
    """A model whose cells are the places of a geography with iceberg trade costs.

    The iceberg cost from place i to place j is ``tau ** distance[i, j]``: ``tau`` is the cost
    between neighbours, one unit of distance apart. Any matrix of iceberg costs is reached with
    :meth:`neg.places.layouts.Geography.from_iceberg`.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"delay", "barrier"})

    geography: Geography = eqx.field(default_factory=lambda: equidistant(2), kw_only=True)
    barrier: Float[Array, "origin destination"] | None = eqx.field(
        default=None, kw_only=True, converter=if_given
    )  # log factor on icebergs, from layers of trade cost
    tau: Float[Array, ""] = eqx.field(
        default=1.5,
        kw_only=True,
        converter=as_float,
        metadata={
            "neg": Parameter(
                "", "iceberg trade cost between neighbours", 1.5, 1.0, None, False, False, cost=True
            )
        },
    )

    @property
    def places(self) -> int:
        """Number of places."""
        return self.geography.places

    @property
    def iceberg(self) -> Float[Array, "origin destination"]:
        """Iceberg trade costs ``tau ** distance``, times what layers add."""
        return jnp.exp(self._log_iceberg)

    def freeness(self, theta: Any) -> Float[Array, "origin destination"]:
        """Freeness of trade ``iceberg ** -theta`` at trade elasticity ``theta``."""
        return jnp.exp(-theta * self._log_iceberg)

    @property
    def _log_iceberg(self) -> Float[Array, "origin destination"]:
        log_cost = jnp.log(self.tau) * self.geography.distance
        return log_cost if self.barrier is None else log_cost + self.barrier

    def bend(self, effects: dict[str, Array]) -> Self:
        """The model with distances lengthened and trade made dearer."""
        fields: dict[str, Any] = {}
        if "delay" in effects:
            distance = self.geography.distance * jnp.exp(effects["delay"])
            fields["geography"] = altered(self.geography, distance=distance)
        if "barrier" in effects:
            fields["barrier"] = effects["barrier"]
        return altered(self, **fields) if fields else self

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.geography.names

    @property
    def groups(self) -> Groups:
        """One group of mass one over all places; override where it differs."""
        return Groups.single(self.places)

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.geography.names


def _put_freeness(model: Any, phi: Any) -> Any:
    return model.with_(tau=phi ** (1.0 / (1.0 - model.sigma)))


FREENESS = Alias(
    "freeness of trade between neighbours, tau ** (1 - sigma)",
    lambda model: model.tau ** (1.0 - model.sigma),
    _put_freeness,
    0.0,
    1.0,
    of="tau",
)
"""Alias for models whose trade elasticity is ``sigma - 1``."""
