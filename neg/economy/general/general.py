"""The general economy: places times sectors, input-output links, scale, tariffs, land, deficits."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.parameters import Alias, Parameter, altered, declared, parameter
from neg.economy.general import flows as equations
from neg.economy.general.bent import EFFECTS, Bent, bend
from neg.economy.general.bought import Buys
from neg.economy.general.cells import Cells
from neg.economy.general.chained import Chains, check_chains
from neg.economy.general.checks import check_economy
from neg.economy.general.closure import Closure
from neg.economy.general.fill import numeraire_weights, spread
from neg.economy.general.flows import Flows
from neg.economy.general.household import Household
from neg.economy.general.market import Market
from neg.economy.general.outcomes import ledger, outcomes
from neg.economy.general.response import log_consumption, relaxation, value_of_work
from neg.economy.general.technology import Technology
from neg.economy.groups import Groups
from neg.economy.model import PLACE_AXES, Model, Prices

_ROOMS = ("cells", "technology", "market", "household", "closure", "chains")


def _put_scale(model: Any, value: Any) -> Any:
    return model.with_(alpha=jnp.where(model.technology.homogeneous_mask, 0.0, value))


class GeneralEconomy(Buys):
    """Many places and sectors in one economy, of which the canonical models are corners.

    Shapes: N places, S sectors, U classes of use (one class, or one for each buying industry and
    kind of final demand), F kinds of final demand. Money is in units of the numeraire.

        c_is = (w_is^gL r_i^gH prod_k P_iks^g_iks)^(1 / (1 - taxes))          unit cost
        Y_is = w_is L_is / gL_is                                              revenue
        S_is = A_is (Y_is / (c_is Q_is))^alpha_s c_is^-theta_s                supply
        P_jsu^-theta_s = sum_i S_is K_ijsu                                    price index
        K_ijsu = D_ijsu (tau_ijs (1 + t_ijs) (1 + e_ijs))^-theta_s            freeness
        X_ijsu = S_is K_ijsu P_jsu^theta_s E_jsu                              spending
        E_jsu = sum g_jsk Y_jk + sum beta_jsf (I_j - stock changes)   over k and f of class u
        Y_is = sum_ju X_ijsu / ((1 + t_ijs) (1 + e_ijs)) + c_is sum_j Z_isj   goods market
        I_j = wages + rents + production, final, import and export taxes + deficit
        r_i H_i = h_i I_i + sum_s gH_is Y_is                                  land
        V_is = log(w_is I_i / wages_i) - sum beta log P - h log r + log B     real income

    Parts add the rest (:mod:`neg.parts`): hours, tastes, moving costs, density, spillovers,
    commuting, layers of trade cost, own ones. Its equations stand where they are made: technology,
    market, household and closure, each a module of its own; their fields are read and replaced
    here as well (``economy.theta``, ``economy.with_(theta=5.0)``), numbers for every entry.

    ``alpha = 1``, ``theta = sigma - 1`` is Dixit-Stiglitz with free entry; ``alpha = 0`` is
    Armington or Eaton-Kortum. The revenue condition is divided by the cell's own output, so that
    at ``alpha = 1`` the wage that a first firm could pay in an empty cell is finite and known;
    below, it is without bound, and payoffs there say so. Without a homogeneous good, the average
    wage of the numeraire places is one. Left out: dynamics, profits, unemployment.

    Sources: Krugman (1991); Krugman and Venables (1995); Puga (1999); Caliendo and Parro (2015);
    Kucheryavyy, Lyn and Rodriguez-Clare (2024), "Grounded by Gravity"; Allen and Arkolakis (2014).
    """

    accepts: ClassVar[frozenset[str]] = EFFECTS
    aliases: ClassVar[dict[str, Alias]] = {
        "scale": Alias(
            "scale elasticity alpha of every differentiated sector",
            lambda model: jnp.max(model.alpha),
            _put_scale,
            0.0,
            1.0,
        )
    }

    cells: Cells
    technology: Technology
    market: Market
    household: Household
    closure: Closure
    places: tuple[str, ...] = eqx.field(static=True)
    sectors: tuple[str, ...] = eqx.field(static=True)
    land: Float[Array, " place"] = parameter(
        meaning="land H", low=0.0, low_open=True, axes=("place",)
    )
    bent: Bent = eqx.field(default_factory=Bent)
    chains: Chains = eqx.field(default_factory=Chains)

    def __check_init__(self) -> None:
        check_economy(self)
        check_chains(self)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name not in (*_ROOMS, "land", "places", "sectors", "bent"):
            for room in _ROOMS:
                found = getattr(self, room)
                if name in _fields(type(found)):
                    return getattr(found, name)
        raise AttributeError(f"a general economy has no {name!r}")

    # Names and shapes -------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        """Number of places and sectors."""
        return len(self.places), len(self.sectors)

    @property
    def active(self) -> Array:
        """Which cells can produce at all, ``[place, sector]``."""
        return self.technology.active

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.places

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of the entries along every axis."""
        places = dict.fromkeys(PLACE_AXES, self.places)
        return {
            **places,
            "sector": self.sectors,
            "input": self.sectors,
            "kind": self.household.kinds,
            "use": self._uses,
            "cell": self.cell_labels,
            "group": self.cells.names,
        }

    @property
    def _uses(self) -> tuple[str, ...]:
        names: dict[int, list[str]] = {}
        industry, final = self.technology.industry_use, self.household.final_use
        for label, use in zip(
            (*self.sectors, *self.household.kinds), (*industry, *final), strict=True
        ):
            names.setdefault(use, []).append(label)
        if len(names) == 1:
            return ("all uses",)
        return tuple("+".join(names[use]) for use in sorted(names))

    def axes_of(self, name: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
        """Axes by shape, where the registry of quantities knows none."""
        places, sectors = self.shape
        pair = ("origin", "destination")
        known: dict[tuple[int, ...], tuple[str, ...]] = {
            (places, places): pair,
            (places, places, sectors): (*pair, "sector"),
            (places,): ("place",),
            (places, sectors): ("place", "sector"),
        }
        return known.get(shape)

    @property
    def held_fixed(self) -> str:
        """What a counterfactual holds fixed, and by which rules."""
        numeraire = self.closure.numeraire_name(self.places)
        if any(self.technology.homogeneous):
            numeraire = "price of the homogeneous good"
        origin = "" if self.cells.origin_share is None else "groups by place of origin, "
        return (
            f"{origin}{self.closure.words}; cost and spending shares, elasticities, productivity, "
            f"tastes for origins, land; numeraire: {numeraire}"
        )

    @property
    def says(self) -> frozenset[str]:
        """Land, where anybody spends on it."""
        household, technology = self.household, self.technology
        used = bool(jnp.any(household.housing_share > 0)) or bool(
            jnp.any(technology.land_share > 0)
        )
        return frozenset({"land"} if used else ())

    @property
    def groups(self) -> Groups:
        """Mobility groups over the active cells; their masses are those of ``employment``."""
        return self.cells.groups

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """``place:sector`` of every cell, and whose it is where several groups share one."""
        found = self.cell_coordinates
        names = [f"{p}:{s}" for p, s in zip(found["place"], found["sector"], strict=True)]
        if self.cells.origin_share is None:
            return tuple(names)
        return tuple(f"{name} {owner}" for name, owner in zip(names, found["group"], strict=True))

    @property
    def cell_coordinates(self) -> dict[str, tuple[str, ...]]:
        """Place, sector and group of every cell."""
        return self.cells.coordinates(self.places, self.sectors)

    @property
    def cell_places(self) -> np.ndarray:
        """The place that the workers of each cell crowd, whatever their sector and origin."""
        return self.cells.places

    @property
    def industry(self) -> tuple[int, ...]:
        """Cells of movers in sectors with returns to scale, if there are any."""
        return self.cells.industry(np.asarray(self.market.alpha))

    def initial_distribution(self) -> Float[Array, " cell"]:
        """Observed employment, split by group where several groups share a place and sector."""
        return self.cells.start()

    # The protocol -----------------------------------------------------------------------------

    def initial_prices(self, x: Float[Array, " cell"]) -> Prices:
        """Wages and costs of one; incomes that spending at these adds up to, but for tariffs."""
        technology, household, closure = self.technology, self.household, self.closure
        share = technology.labour_share + technology.land_share + technology.tax_share
        own = jnp.where(technology.active, share / technology.labour_share, 1.0)
        people = self.cells.by_sector(x)
        earned = jnp.maximum(jnp.sum(people * own, axis=1), 1e-12)
        stock = closure.stock_change
        taken = 0.0 if stock is None else jnp.sum(stock, axis=(0, 1))
        kept = 1.0 - household.housing_share - household.final_tax
        deficit = jnp.where(closure.deficit_rule == 3, 0.0, closure.deficit)
        # Where deficits are so negative that this leaves little, some income is a better start.
        spendable = jnp.maximum((earned + deficit - taken) / kept, 0.1 * earned / kept)
        return {
            "wage": jnp.zeros(self.shape),
            "cost": jnp.zeros(self.shape),
            "income": jnp.log(jnp.maximum(spendable + taken, 0.1 * earned)),
        }

    def flows(self, prices: Prices, x: Float[Array, " cell"]) -> Flows:
        """Everything that is bought and sold at given log prices and distribution."""
        return equations.flows(self, prices, self.cells.by_sector(x))

    def market_residual(self, prices: Prices, x: Float[Array, " cell"]) -> Prices:
        """Unit cost, goods market and income conditions, each a log ratio."""
        return self._residual(self.flows(prices, x), prices)

    def payoff(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """Log real income and amenity in each cell."""
        return self._value(self.flows(prices, x))

    def evaluate(
        self, prices: Prices, x: Float[Array, " cell"]
    ) -> tuple[Prices, Float[Array, " cell"]]:
        """Market residual and payoff from one evaluation of the flows."""
        seen = self.flows(prices, x)
        return self._residual(seen, prices), self._value(seen)

    def _residual(self, seen: Flows, prices: Prices) -> Prices:
        return equations.residual(self.technology, self.household, self.closure, seen, prices)

    def _value(self, seen: Flows) -> Float[Array, " cell"]:
        return self.cells.at_cells(self._worth(seen))

    def _worth(self, seen: Flows) -> Float[Array, "place sector"]:
        market = self.chains.steepness(self.market)
        return value_of_work(self.technology, market, self.household, self.closure, seen)

    def log_consumption(self, seen: Flows) -> Float[Array, "place sector"]:
        """Log consumption of one worker, in baskets."""
        return log_consumption(self.household, self.closure, seen)

    def relaxation(
        self,
        gap: Float[Array, " cell"] | None,
        residual: Prices,
        x: Float[Array, " cell"],
        **hints: Any,
    ) -> tuple[Float[Array, " cell"], Prices]:
        """Changes of log distribution and log prices by one damped iteration."""
        market = self.chains.steepness(self.market)
        return relaxation(self.cells, self.technology, market, gap, residual, x, **hints)

    def outcomes(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Outcomes by place, sector and pair; see ``docs/notation.md`` for symbols and units."""
        seen = self.flows(prices, x)
        found = outcomes(self.technology, self.market, self.household, self.bent, seen, prices)
        value = self._worth(seen)
        some = seen.people > 0
        felt = jnp.where(some, seen.people * jnp.exp(jnp.where(some, value, 0.0)), 0.0)
        found |= {"payoff": value, "welfare": jnp.sum(felt, axis=1)}
        if self.bent.hours is not None:
            found["hours"] = jnp.exp(self.bent.hours)
        if self.cells.origin_share is not None:
            living = jnp.zeros((len(self.cells.names), len(self.places)))
            found["residents"] = living.at[self.cells.group, self.cells.places].add(x)
        return found

    def ledger(self, prices: Prices, x: Float[Array, " cell"]) -> dict[tuple[str, str, str], Array]:
        """Every flow of money, by place of the payer and of the payee."""
        seen = self.flows(prices, x)
        return ledger(self.technology, self.market, self.household, self.bent, seen, prices)

    def bend(self, effects: dict[str, Array]) -> Self:
        """The economy under the effects of parts."""
        market, bent = bend(self.market, self.bent, self.shape, effects)
        return altered(self, technology=self.technology.bent(effects), market=market, bent=bent)

    # Parameters -------------------------------------------------------------------------------

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Parameters of all modules, by name."""
        found = declared(cls)
        for room in (Cells, Technology, Market, Household, Closure, Chains):
            found |= declared(room)
        return found

    def with_(self, **values: Any) -> Self:
        """The same with parameters, aliases or fields of any module replaced, and checked.

        Numbers hold for every entry, a vector over sectors for every place; for ``tau``, tariffs
        and export taxes they hold between different places, and sales at home stay as they are.
        Labelled arrays are read by their labels.
        """
        changed: dict[str, Any] = {}
        later: dict[str, Any] = {}
        rooms: dict[str, dict[str, Any]] = {}
        specs, labels = self.parameters(), self.labels
        for name, value in values.items():
            owner = next((r for r in _ROOMS if name in _fields(type(getattr(self, r)))), None)
            if name == "numeraire":
                value = numeraire_weights(value, self.places)
            if name in specs and value is not None:
                room = getattr(self, owner) if owner else self
                old = getattr(room, name)
                axes = {axis: labels[axis] for axis in specs[name].axes}
                shape = tuple(len(entry) for entry in axes.values())
                value = spread(name, value, axes, np.shape(old) or shape, old)
            if owner:
                rooms.setdefault(owner, {})[name] = value
            elif name in _fields(type(self)):
                changed[name] = value
            else:
                later[name] = value
        for room, fields in rooms.items():
            changed[room] = getattr(self, room).with_(**fields)
        model = super().with_(**changed) if changed else self
        return Model.with_(model, **later) if later else model


def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))
