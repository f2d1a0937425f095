"""Take-off: local suppliers learn from the plants of lead firms that buy from them."""

from __future__ import annotations

from typing import ClassVar, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.core.groups import group
from neg.core.numbers import if_given
from neg.core.parameters import Parametric, altered, parameter
from neg.economy.groups import Groups
from neg.economy.model import Model, Prices
from neg.economy.part import Part
from neg.economy.scene import Scene

_EDGE = 1e-12
"""Least productivity gap on either side, so that the rate of learning stays finite."""


class Suppliers(Parametric):
    """How local suppliers learn: ``a' = (iota + lam h X) (1 - a) - g a`` at exposure X."""

    within: ClassVar[str] = "suppliers"

    lam: Float[Array, ""] = parameter(0.25, "learning from exposure", low=0.0, unit="1 / year")
    h: Float[Array, ""] = parameter(1.0, "absorptive capacity: schooling, training", low=0.0)
    iota: Float[Array, ""] = parameter(
        0.01, "learning without exposure", low=0.0, low_open=True, unit="1 / year"
    )
    g: Float[Array, ""] = parameter(
        0.02, "growth of the frontier", low=0.0, low_open=True, unit="1 / year"
    )


class Sourcing(Parametric):
    """Where plants buy their parts: ``l = b a^theta / (1 + b a^theta)`` of them locally."""

    within: ClassVar[str] = "sourcing"

    mu: Float[Array, ""] = parameter(0.6, "share of parts in the cost of plants", low=0.0, high=1.0)
    theta: Float[Array, ""] = parameter(
        5.0, "elasticity of sourcing to cost", low=0.0, low_open=True
    )
    b: Float[Array, ""] = parameter(
        5.0, "(price of imported parts over the wage) ** theta", low=0.0, low_open=True
    )


class Settling(Parametric):
    """How many plants come at extra cost k: ``nbar A0 exp(-eps k) / (1 + A0 exp(-eps k))``."""

    within: ClassVar[str] = "settling"

    eps: Float[Array, ""] = parameter(10.0, "elasticity of plants to cost", low=0.0)
    attract: Float[Array, ""] = parameter(0.3, "host attractiveness A0", low=0.0, low_open=True)
    nbar: Float[Array, ""] = parameter(1.0, "plants that may come", low=0.0, low_open=True)


class HostRules(Parametric):
    """What the host asks of plants: an export zone, a local-content rule."""

    within: ClassVar[str] = "rules"

    zone: Float[Array, ""] = parameter(0.0, "share of plants in the export zone", low=0.0, high=1.0)
    rule: Float[Array, ""] = parameter(
        0.0, "local content that is required", low=0.0, high=1.0, high_open=True
    )
    forced: Float[Array, ""] = parameter(
        0.0, "exposure by forced purchases over that by others", low=0.0, high=1.0
    )


class TakeOff(Model):
    """Productivity a of local suppliers over the frontier's, in time (years).

        local share  l = b a^theta / (1 + b a^theta)
        extra cost   k = (mu / theta) ((1 - zone) log(1 - l) + KL(rule || l)^+)
        plants       n* = nbar A0 exp(-eps k) / (1 + A0 exp(-eps k))
        exposure     X = n (1 - zone) (l + forced (rule - l)^+)
        learning     a' = (iota + lam h X) (1 - a) - g a
        income       n (1 - mu + mu (1 - zone) (l + (rule - l)^+))

    ``KL(R || l) = R log(R / l) + (1 - R) log((1 - R) / (1 - l))`` where a local-content rule R
    binds (R > l), else zero. Plants in an export ``zone`` buy nothing here. Plants settle at once
    (n = n*), unless the part :class:`Plants` gives them a stock. Income is what plants pay in the
    host, to workers and for parts, in costs of a plant, on top of what the host earns without
    them. Prices are those of the world: consumption and welfare are that income.

    The state is the distribution of one unit over what has been learnt (a) and what has not: the
    replicator dynamics with the payoff below are exactly the equation of a, so that equilibria,
    their stability, thresholds, diagrams and paths are found as for any economy:

    >>> from neg import equilibria
    >>> sorted(round(float(point.x[0]), 6) for point in equilibria(TakeOff()).stable)
    [0.380919, 0.828351]

    Parameters stand in four groups and go by their own names:
    ``TakeOff(rules=HostRules(zone=0.5)).with_(h=1.2)``, ``Lever("zone")``.

    Source: Nelson and Phelps (1966); Findlay (1978), Quarterly Journal of Economics 92(1);
    Rodriguez-Clare (1996), American Economic Review 86(4); Benhabib and Spiegel (2005). Leaves out:
    crowding out of local firms, workers who change employer, plants that look ahead.
    """

    accepts: ClassVar[frozenset[str]] = frozenset({"plants"})
    source: ClassVar[str] = "Findlay 1978; Rodriguez-Clare 1996"

    suppliers: Suppliers = group(Suppliers, "how local suppliers learn")
    sourcing: Sourcing = group(Sourcing, "where plants buy their parts")
    settling: Settling = group(Settling, "how many plants come")
    rules: HostRules = group(HostRules, "what the host asks of plants")
    given: Float[Array, ""] | None = eqx.field(default=None, converter=if_given, repr=False)

    @property
    def groups(self) -> Groups:
        """One unit: what is learnt and what is not."""
        return Groups.single(2)

    @property
    def place_names(self) -> tuple[str, ...]:
        """The host."""
        return ("host",)

    @property
    def cell_places(self) -> np.ndarray:
        """What is learnt counts for the host."""
        return np.array([0, -1])

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """The two parts of the frontier."""
        return ("learnt", "not learnt")

    @property
    def cell_coordinates(self) -> dict[str, tuple[str, ...]]:
        """The host."""
        return {"place": ("host", "")}

    def bend(self, effects: dict[str, Array]) -> Self:
        """The host with its plants given."""
        return altered(self, given=effects["plants"]) if effects else self

    def initial_prices(self, x: Float[Array, " cell"]) -> Prices:
        """Log plants: half of those that may come."""
        return {"plants": jnp.log(0.5 * self.settling.nbar)}

    def market_residual(self, prices: Prices, x: Float[Array, " cell"]) -> Prices:
        """Plants are those that settle, or those of the stock."""
        settled = jnp.log(self.plants_at(self._state(x)))
        there = settled if self.given is None else jnp.log(self.given)
        return {"plants": there - prices["plants"]}

    def _state(self, x: Float[Array, " cell"]) -> Array:
        return jnp.clip(x[0], _EDGE, 1.0 - _EDGE)

    def local_share(self, a: Array) -> Array:
        """Share of parts bought locally."""
        cost = self.sourcing.b * a**self.sourcing.theta
        return cost / (1.0 + cost)

    def _bound(self, a: Array) -> tuple[Array, Array, Array]:
        """Local share, what a rule adds to it, and the divergence that it costs."""
        free = self.local_share(a)
        binds = self.rules.rule > free
        rule = jnp.where(binds, self.rules.rule, 0.5)
        share = jnp.where(binds, free, 0.5)
        cost = rule * jnp.log(rule / share) + (1.0 - rule) * jnp.log((1.0 - rule) / (1.0 - share))
        return free, jnp.where(binds, rule - share, 0.0), jnp.where(binds, cost, 0.0)

    def extra_cost(self, a: Array) -> Array:
        """Log unit cost of a plant against one without local sources; negative where they help."""
        free, _, divergence = self._bound(a)
        saved = (1.0 - self.rules.zone) * jnp.log1p(-free)
        return self.sourcing.mu / self.sourcing.theta * (saved + divergence)

    def rule_cost(self, a: Array) -> Array:
        """Log unit cost that the local-content rule adds."""
        return self.sourcing.mu / self.sourcing.theta * self._bound(a)[2]

    def plants_at(self, a: Array) -> Array:
        """Plants that settle where suppliers have come to a."""
        pull = self.settling.attract * jnp.exp(-self.settling.eps * self.extra_cost(a))
        return self.settling.nbar * pull / (1.0 + pull)

    def exposure(self, a: Array, plants: Array) -> Array:
        """Purchases from local suppliers, in plants."""
        free, added, _ = self._bound(a)
        return plants * (1.0 - self.rules.zone) * (free + self.rules.forced * added)

    def income(self, a: Array, plants: Array) -> Array:
        """What plants pay workers and suppliers of the host, in costs of a plant."""
        free, added, _ = self._bound(a)
        parts = (1.0 - self.rules.zone) * (free + added)
        return plants * (1.0 - self.sourcing.mu + self.sourcing.mu * parts)

    def learning(self, a: Array, plants: Array) -> Array:
        """``da / dt``, per year."""
        own = self.suppliers
        rate = own.iota + own.lam * own.h * self.exposure(a, plants)
        return rate * (1.0 - a) - own.g * a

    def plants_needed(self, a: Array) -> Array:
        """Plants with which suppliers at a just keep up: more of them start a take-off."""
        own = self.suppliers
        rate = own.lam * own.h * self.exposure(a, jnp.ones(()))
        return (own.g * a / (1.0 - a) - own.iota) / rate

    def payoff(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """``a' / (a (1 - a))`` for what is learnt: the replicator dynamics are then those of a."""
        a = self._state(x)
        rate = self.learning(a, jnp.exp(prices["plants"])) / (a * (1.0 - a))
        return jnp.stack([rate, jnp.zeros_like(rate)])

    def outcomes(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """The state and what follows from it."""
        a, plants = x[0], jnp.exp(prices["plants"])
        income = self.income(self._state(x), plants)[None]
        return {
            "payoff": self.payoff(prices, x),
            "productivity": a,
            "local_share": self.local_share(a),
            "plants": plants,
            "exposure": self.exposure(a, plants),
            "rule_cost": self.rule_cost(a),
            "income": income,
            "consumption": income,
            "welfare": income,
        }


class Plants(Part):
    """Plants of lead firms that come and go slowly: ``n' = rho (n* - n)``, on :class:`TakeOff`.

    Source: as there. Leaves out: expectations of where the host will be.
    """

    label: ClassVar[str] = "plants"
    lever: ClassVar[str] = "rho"
    source: ClassVar[str] = "Findlay 1978"
    says: ClassVar[frozenset[str]] = frozenset({"plants"})

    rho: Float[Array, ""] = parameter(
        0.2, "speed at which plants come and go", low=0.0, low_open=True, unit="1 / year"
    )

    def check(self, model: Model) -> None:
        """A host."""
        if not isinstance(model, TakeOff):
            raise InvalidParameterError(
                f"part 'plants' is not allowed on a {type(model).__name__}; must be on TakeOff"
            )

    def _rest(self, scene: Scene) -> Array:
        return scene.model.plants_at(jnp.clip(scene.x[0], _EDGE, 1.0 - _EDGE))

    def stocks(self, scene: Scene) -> dict[str, Array]:
        """Log number of plants at rest."""
        return {"number": jnp.log(self._rest(scene))}

    def drift(self, scene: Scene) -> dict[str, Array]:
        """Growth rate of the number of plants."""
        number = jnp.exp(scene.own(self, "number"))
        return {"number": self.rho * (self._rest(scene) / number - 1.0)}

    def effects(self, scene: Scene) -> dict[str, Array]:
        """The plants that are there."""
        return {"plants": jnp.exp(scene.own(self, "number"))}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Number of plants."""
        return {"number": jnp.exp(scene.own(self, "number"))}
