"""Tiers of a lead firm's chain in an economy: easy to supply low down, worth more higher up."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Self

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.groups import called, group
from neg.core.parameters import parameter
from neg.economy.general.outcomes import granted, sales
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene
from neg.firms.entering import check_entered, entered
from neg.firms.ladder import Ladder, ladder
from neg.firms.rungs import Rungs, TierPolicy
from neg.firms.tier_entry import free_entry_profit
from neg.menus import Choice, Menu, Pareto, Productivity
from neg.menus.given import law_of_size, sector_names


class Costs(NamedTuple):
    """Flow cost of every tier in each place: resources, and what the budget pays of them.

    ``left`` is the share of their surplus that suppliers of a tier keep.
    """

    resources: Float[Array, "place tier"]
    shared: Float[Array, "place tier"]
    left: Float[Array, "place tier"]


class Seen(NamedTuple):
    """Operating profit per unit of size, who is where, costs; per sales: grants, what leaders keep.

    The last two are over ``sales / sigma``.
    """

    profit: Float[Array, " place"]
    chosen: Choice
    costs: Costs
    paid: Float[Array, " place"]
    kept: Float[Array, " place"]


class Tiers(Part):
    """Firms of each place choose the tier of a chain that they supply, or to sell locally.

        S_it  = quality_t 2^(-training_i / halves) + standards_t (1 - harmonised_i)
                + certification_t (1 - recognised_i)                 what it takes to enter tier t
        f_it  = (interest + risk_t) S_it                             a year: the higher, the safer
        tier(x) = the best of b_i worth_t x - f_it + sharing_i g_it, and of not producing
        E[max(0, b_i worth_t x - f_it + sharing_i g_it)] = entry     free entry gives b_i
        log delivered cost = (log b_i / reference_i + log(1 + s_i)) / theta

    x is the size of a firm (z^(sigma - 1), of law ``size``), ``b`` operating profit per unit of
    size and worth over the price of the cost bundle, in which fixed costs are paid: the lower
    tiers cost, the lower is b, the more or the better firms a market carries, and the cheaper the
    place's goods. Tier 0 sells locally. The budget of the place pays a share ``sharing`` of the
    flow cost of quality above tier 0, ``g = (interest + risk) quality 2^(...)``: technology
    upgrading with cost sharing; per unit of sales that is s, in the ledger under ``grants``.
    ``training`` is money of the budget, spent on the basket of its people.

    Works on models with monopolistic competition (``alpha = 1`` in the chosen sectors of a general
    economy, which are no blocks of chains); ``sharing`` and ``training`` need a general economy.
    Reports firms, value added and cut-offs by tier, mean exit rate and expected life of suppliers,
    the budget.

    >>> from neg import compose, short_run
    >>> from neg.models.core_periphery import CorePeriphery
    >>> found = short_run(compose(CorePeriphery(tau=1.5), [Tiers()]), [0.5, 0.5]).outcomes
    >>> bool((found["tiers.firms"][:, 1:] > 0).all())
    True

    Source: Bustos (2011), American Economic Review 101(1), for the choice among technologies;
    tiers as in Melitz (2003) menus. The form in which training lowers cost is an assumption. Leaves
    out: bargaining with the lead firm; how long it takes to climb (:meth:`ladder`).
    """

    label: ClassVar[str] = "tiers"
    lever: ClassVar[str] = "harmonised"
    source: ClassVar[str] = "Bustos 2011; Melitz 2003"
    says: ClassVar[frozenset[str]] = frozenset({"tiers"})
    outcome_axes: ClassVar[dict[str, tuple[str, ...]]] = dict.fromkeys(
        ("firms", "value_added", "cutoff", "cost", "life"), ("place", "tier")
    )

    rungs: Rungs = group(Rungs, "what every tier is")
    policy: TierPolicy = group(TierPolicy, "what policy does for suppliers")
    interest: Float[Array, ""] = parameter(0.05, "interest", low=0.0, unit="1 / year")
    entry: Float[Array, " place"] = parameter(
        0.5, "flow cost of entry", low=0.0, low_open=True, axes=("place",), unit="cost bundles"
    )
    reference: Float[Array, " place"] = parameter(
        1.0, "profit b at which nothing is added", low=0.0, low_open=True, axes=("place",)
    )
    size: Productivity = eqx.field(default=Pareto(1.5), converter=law_of_size)
    sectors: tuple[str, ...] | None = eqx.field(default=None, static=True, converter=sector_names)

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Tiers by number; 0 sells locally."""
        return {"tier": tuple(str(t) for t in range(self.rungs.count))}

    def check(self, model: Model) -> None:
        """Monopolistic competition; budgets need incomes that pay them."""
        general = hasattr(model, "flows")
        if not general and not hasattr(model, "sigma"):
            raise InvalidParameterError(
                f"part '{self.label}' is not allowed on a {type(model).__name__}; must be on a "
                "model of monopolistic competition with an elasticity sigma, or on a general "
                "economy"
            )
        for name in self._from_income:
            if not general:
                raise InvalidParameterError(
                    f"{called(type(self), name)} is not allowed on a {type(model).__name__}; must "
                    "be left out, or on a general economy, where income pays for it"
                )
        known = model.labels.get("sector", ())
        for name in self.sectors or ():
            if name not in known:
                raise unknown_name(f"sector of {self.label}", name, known)
        if general:
            check_entered(self.label, model, self.sectors)
            seen: Any = model
            alpha, chosen = seen.market.alpha, self._mask(model)
            if is_concrete(alpha) and (np.asarray(alpha)[chosen] != 1.0).any():
                raise InvalidParameterError(
                    f"alpha = {np.asarray(alpha)[chosen].min():g} is not allowed under tiers; must "
                    "be 1 (free entry): name the sectors where it is"
                )

    @property
    def _from_income(self) -> tuple[str, ...]:
        """Parameters in use that move money between sellers and people."""
        return tuple(n for n in ("sharing", "training") if self.value(n) is not None)

    @property
    def _grants(self) -> bool:
        """Whether firms are paid, or pay, a part of sales."""
        return self.policy.sharing is not None

    def _mask(self, model: Any) -> np.ndarray:
        return entered(model, self.sectors)

    def costs(self, places: int) -> Costs:
        """Flow cost of every tier, and what the budget pays of it, in cost bundles a year."""

        def at(value: Any) -> Array:
            return jnp.broadcast_to(value, (places,))[:, None]

        stay, tiers = self.interest + self.rungs.risk, jnp.shape(self.rungs.worth)
        quality = jnp.broadcast_to(self.rungs.quality, tiers)
        if self.policy.training is not None:
            quality = quality * jnp.exp2(-at(self.policy.training) / self.policy.halves)
        entry = quality + self.rungs.standards * (1.0 - at(self.policy.harmonised))
        entry = entry + self.rungs.certification * (1.0 - at(self.policy.recognised))
        resources = jnp.broadcast_to(stay * entry, (places, *tiers))
        whole = jnp.ones_like(resources)
        if self.policy.sharing is None:
            return Costs(resources, jnp.zeros_like(resources), whole)
        above = jnp.arange(tiers[0]) > 0
        shared = jnp.where(above, at(self.policy.sharing) * stay * quality, 0.0)
        return Costs(resources, jnp.broadcast_to(shared, resources.shape), whole)

    def profit(self, places: int) -> Float[Array, " place"]:
        """Operating profit b per unit of size and value, over the cost bundle, at free entry."""
        return free_entry_profit(self, places)

    def choice(self, profit: Float[Array, " place"], costs: Costs) -> Choice:
        """Who is in which tier where a unit of size and value earns ``profit``."""
        slope = profit[:, None] * self.rungs.worth
        menu = Menu(costs.left * slope, costs.left * (costs.resources - costs.shared), sales=slope)
        return menu.choose(self.size)

    def ladder(self, up: Any, births: float = 1.0) -> Ladder:
        """Firms by tier in time, with these upward rates and the exit rates of the tiers."""
        return ladder(up, self.rungs.risk, births)

    def referred(self, places: int) -> Self:
        """The same tiers with what they now are as the reference: nothing is added until a change.

        >>> float(jnp.max(jnp.abs(Tiers().referred(2).profit(2) - Tiers().profit(2))))
        0.0
        """
        return self.with_(reference=self.profit(places))

    def _seen(self, scene: Scene) -> Seen:
        """Who is where, and what that costs."""
        profit, costs = self.profit(scene.places), self.costs(scene.places)
        chosen = self.choice(profit, costs)
        # Sales are sigma times operating profit; sigma comes in where grants are sector's.
        sold, firms = chosen.sales[:, 1:], chosen.firms[:, 1:]
        paid = jnp.sum(firms * costs.shared, axis=1)
        surplus = sold - firms * (costs.resources - costs.shared)
        kept = jnp.sum((1.0 - costs.left) * surplus, axis=1)
        whole = jnp.sum(sold, axis=1)
        return Seen(profit, chosen, costs, paid / whole, kept / whole)

    def _log_grant(self, scene: Scene, seen: Seen) -> Float[Array, "place sector"]:
        sigma = scene.model.market.theta + 1.0
        share = (seen.paid - seen.kept)[:, None]
        return jnp.where(self._mask(scene.model), jnp.log1p(share / sigma), 0.0)

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Cheaper deliveries where tiers are cheap, everywhere and at home; grants."""
        seen = self._seen(scene)
        lower = jnp.log(seen.profit / jnp.broadcast_to(self.reference, (scene.places,)))
        if not hasattr(scene.model, "flows"):
            dearer = lower / (scene.model.sigma - 1.0)
            return {"barrier": jnp.broadcast_to(dearer[:, None], (scene.places, scene.places))}
        shape = (scene.places, scene.places, len(scene.model.sectors))
        granted_log = self._log_grant(scene, seen)
        dearer = jnp.where(self._mask(scene.model), lower[:, None] + granted_log, 0.0)
        dearer = dearer / scene.model.market.theta
        found = {"barrier": jnp.broadcast_to(dearer[:, None], shape)}
        if self._grants:
            found["grant"] = jnp.broadcast_to(granted_log[:, None], shape)
        return found

    def outlay(self, scene: Scene) -> Float[Array, " place"] | None:
        """Training."""
        if self.policy.training is None:
            return None
        return jnp.broadcast_to(self.policy.training, (scene.places,))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """By place and tier: shares of firms and value added, cut-offs; exit, life, the budget."""
        seen = self._seen(scene)
        firms, value = seen.chosen.active[:, 1:], seen.chosen.sales_share[:, 1:]
        risk = jnp.broadcast_to(self.rungs.risk, jnp.shape(self.rungs.worth))
        some = firms > 0
        cut = jnp.where(some, seen.chosen.low[:, 1:], 0.0)
        found = {
            "firms": firms,
            "value_added": value,
            "cutoff": cut,
            "cost": seen.costs.resources,
            "exit": firms @ risk,
            "life": jnp.broadcast_to(1.0 / risk, firms.shape),
            "suppliers": jnp.sum(firms[:, 1:], axis=1),
            "profit": seen.profit,
        }
        paid = self.outlay(scene)
        if self._grants:
            spent = self._granted(scene, seen)
            paid = spent if paid is None else paid + spent
        return found if paid is None else found | {"budget": paid}

    def _granted(self, scene: Scene, seen: Seen) -> Float[Array, " place"]:
        """What the budget adds to sales: the net of it and of what leaders keep, and the latter."""
        own = self._log_grant(scene, seen)[:, None]
        own = jnp.broadcast_to(own, (scene.places, scene.places, len(scene.model.sectors)))
        return granted(scene, own) + self._kept(scene, seen)

    def _kept(self, scene: Scene, seen: Seen) -> Float[Array, " place"]:
        """Money that lead firms keep of what their suppliers earn."""
        model = scene.model
        sold = jnp.sum(sales(model.market, model.bent, model.flows(scene.prices, scene.x)), axis=1)
        profits = jnp.where(self._mask(model), sold / (model.market.theta + 1.0), 0.0)
        return seen.kept * jnp.sum(profits, axis=1)

    @property
    def words(self) -> str:
        """What is held fixed."""
        return "value and risk of tiers"
