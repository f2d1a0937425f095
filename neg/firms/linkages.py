"""Vertical against horizontal linkages: a lead firm's chain, or peers that share costs."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError
from neg.core.groups import group
from neg.core.parameters import Parametric, altered, option, parameter
from neg.economy.model import Model
from neg.economy.scene import Scene
from neg.firms.small_suppliers import small_suppliers
from neg.firms.tiers import Costs, Tiers


class LeadFirms(Parametric):
    """What lead firms bring their suppliers, what they keep, and who owns them.

    >>> LeadFirms(kept=0.2).owners is None
    True
    """

    within: ClassVar[str] = "lead"

    kept: Float[Array, " place"] = parameter(
        0.3,
        "share of the suppliers' surplus that the lead firm keeps",
        low=0.0,
        high=1.0,
        high_open=True,
        axes=("place",),
    )
    brought: Float[Array, " place"] = parameter(
        0.5,
        "share of standards and certification that the lead firm brings",
        low=0.0,
        high=1.0,
        axes=("place",),
    )
    link: Float[Array, " place"] = parameter(
        0.0,
        "flow cost of a link to the lead firm",
        low=0.0,
        axes=("place",),
        unit="cost bundles / year",
    )
    owners: Float[Array, " place"] | None = parameter(
        None, "weight of each place among the owners of all lead firms", low=0.0, axes=("place",)
    )


class Peers(Parametric):
    """How peers share what the upper tiers cost: coordination, a manager, who decides on members.

    >>> Peers(fee=0.1, cut=0.6).members
    'managed'
    """

    within: ClassVar[str] = "cluster"

    coordination: Float[Array, ""] = parameter(
        0.02,
        "flow cost that each further member adds",
        low=0.0,
        low_open=True,
        unit="cost bundles / year",
    )
    fee: Float[Array, ""] = parameter(
        0.0, "flow cost of a manager", low=0.0, unit="cost bundles / year"
    )
    cut: Float[Array, ""] = parameter(
        0.0, "share by which a manager cuts coordination", low=0.0, high=1.0, high_open=True
    )
    distance: Float[Array, " place"] = parameter(
        1.0, "factor on coordination", low=0.0, low_open=True, axes=("place",)
    )
    support: Float[Array, " place"] | None = parameter(
        None,
        "share of the manager's fee that the budget pays",
        low=0.0,
        high=1.0,
        axes=("place",),
        neutral=0.0,
    )
    members: str = option("managed", "who decides on members", ("open", "managed"))


class _Linked(Tiers):
    """Tiers that report the shares of small firms."""

    limit: Float[Array, ""] = parameter(
        10.0, "workers of the largest small firm", low=0.0, low_open=True, unit="workers"
    )

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Those of tiers, and the shares of firms of at most ``limit`` workers."""
        found = super().outcomes(scene)
        if not hasattr(scene.model, "flows"):
            return found
        model, seen = scene.model, self._seen(scene)
        hired = jnp.exp(scene.prices["cost"] - scene.prices["wage"])
        hired = hired * model.technology.labour_share  # workers of a unit of the cost bundle
        sigma, size = model.market.theta + 1.0, self.size
        few = small_suppliers(seen.chosen, size, seen.costs.resources, hired, sigma, self.limit)
        on = self._mask(model)
        return found | {f"small_{name}": jnp.where(on, v, 0.0) for name, v in few._asdict().items()}


class VerticalLinks(_Linked):
    """Small firms of a place linked to the hub of a lead firm: its tiers, and its share.

        S_it  = quality_t 2^(-training_i / halves) + (1 - brought_i) A_it,     t >= 1
        A_it  = standards_t (1 - harmonised_i) + certification_t (1 - recognised_i)
        f_it  = (interest + risk_t) S_it + link_i,    tier 0 as in :class:`Tiers`
        supplier of tier t earns (1 - kept_i) (b_i worth_t x - f_it + sharing_i g_it)

    The lead firm brings its own standards and buyers, which saves its suppliers the share
    ``brought`` of what those cost alone; n suppliers need n links, not n (n - 1) / 2, and do not
    coordinate with each other. It keeps the share ``kept`` of what they earn beyond their costs:
    income of the people of the place itself, under the closure's rule for rebates; or, with
    ``owners``, of the places that own the lead firms, all of them in these proportions. In the
    ledger it is a negative part of ``grants``, and what other places get a part of ``deficits``.
    Outcomes: those of tiers, ``kept`` as money by place, and the shares of firms of at most
    ``limit`` workers.

    With ``kept = brought = link = 0`` it is :class:`Tiers`. A general economy whose chosen sectors
    have free entry (``alpha = 1``).

    Source: Antras and Chor (2022), Handbook of International Economics 5, for lead firms and
    suppliers; the split of the surplus is a parameter. Leaves out: bargaining; suppliers who go
    to the upper tiers alone.
    """

    label: ClassVar[str] = "vertical"
    lever: ClassVar[str] = "kept"
    source: ClassVar[str] = "Bustos 2011; Antras and Chor 2022"

    lead: LeadFirms = group(LeadFirms, "what lead firms bring and keep")

    def check(self, model: Model) -> None:
        """As tiers; lead firms have owners."""
        super().check(model)
        if self.lead.owners is None or not is_concrete(self.lead.owners):
            return
        if not np.asarray(self.lead.owners).any():
            raise InvalidParameterError(
                "lead.owners = 0 is not allowed; must be above 0 in some place, or left out where "
                "each place owns its lead firms"
            )

    @property
    def _from_income(self) -> tuple[str, ...]:
        return ("kept",)

    @property
    def _grants(self) -> bool:
        return True

    def costs(self, places: int) -> Costs:
        """Flow costs under the lead firm, and what suppliers keep."""

        def at(value: Any) -> Array:
            return jnp.broadcast_to(value, (places,))[:, None]

        above = jnp.arange(self.rungs.count) > 0
        left = jnp.where(above, 1.0 - at(self.lead.brought), 1.0)
        rungs = altered(
            self.rungs,
            standards=self.rungs.standards * left,
            certification=self.rungs.certification * left,
        )
        alone = altered(self, rungs=rungs)
        plain = Tiers.costs(alone, places)
        resources = plain.resources + jnp.where(above, at(self.lead.link), 0.0)
        return Costs(resources, plain.shared, jnp.where(above, 1.0 - at(self.lead.kept), 1.0))

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """What lead firms of another place keep, if any."""
        return {} if self.lead.owners is None else {"kept": jnp.zeros(scene.places)}

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Owners receive what lead firms keep."""
        if self.lead.owners is None:
            return {}
        return {"kept": self._kept(scene, self._seen(scene)) - scene.own(self, "kept")}

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Those of tiers, and what leaves the place."""
        found = super().effects(scene)
        if self.lead.owners is None:
            return found
        away, weight = scene.own(self, "kept"), jnp.broadcast_to(self.lead.owners, (scene.places,))
        return found | {"transfer": jnp.sum(away) * weight / jnp.sum(weight) - away}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Those of tiers, small firms' shares, and what lead firms keep."""
        return super().outcomes(scene) | {"kept": self._kept(scene, self._seen(scene))}


class HorizontalLinks(_Linked):
    """Small firms of a place that share what the upper tiers cost, in clusters of peers.

        C_it(m) = (f_it + fee) / m + chi_i (m - 1),   chi_i = coordination (1 - cut) distance_i
        cost of tier t >= 1 = C_it(m_it) where that is less than alone, f_it, else f_it

    f_it are the costs of :class:`Tiers`, which m members share, all in cost bundles of the place
    (its labour, where labour is all that firms use). ``members = "managed"``: a manager keeps the
    size of least cost; ``"open"``: whoever gains joins, until nobody does (the larger root of ``C =
    f``): without a budget that is :class:`Tiers`, the gain of sharing is lost. ``fee`` and ``cut``
    are those of a manager; the budget of the place pays the share ``support`` of the fee, in the
    ledger under ``grants``. ``distance`` multiplies coordination, for clusters that cross borders,
    languages and standards. Outcomes: those of tiers, ``members`` by place and tier (one where
    firms are alone), and the shares of firms of at most ``limit`` workers.

    A general economy whose chosen sectors have free entry (``alpha = 1``).

    Source: as :class:`neg.firms.Cluster` and :class:`Tiers`. Leaves out: free riding on quality,
    who sorts into which cluster, that members are whole numbers.
    """

    label: ClassVar[str] = "horizontal"
    lever: ClassVar[str] = "support"
    source: ClassVar[str] = "Buchanan 1965; Henderson 1974; Bustos 2011"
    outcome_axes: ClassVar[dict[str, tuple[str, ...]]] = Tiers.outcome_axes | {
        "members": ("place", "tier")
    }

    cluster: Peers = group(Peers, "how peers share")

    @property
    def _from_income(self) -> tuple[str, ...]:
        names = ("sharing", "training", "support")
        return tuple(n for n in names if self.value(n) is not None)

    @property
    def _grants(self) -> bool:
        return self.policy.sharing is not None or self.cluster.support is not None

    def _clusters(self, places: int) -> tuple[Costs, Array, Array, Array]:
        """Costs alone, members, their cost, and what the budget pays of the fee; by tier."""

        def at(value: Any) -> Array:
            return jnp.broadcast_to(value, (places,))[:, None]

        alone = Tiers.costs(self, places)
        price = alone.resources - alone.shared
        support = 0.0 if self.cluster.support is None else at(self.cluster.support)
        fee = self.cluster.fee * (1.0 - support)
        chi = self.cluster.coordination * (1.0 - self.cluster.cut)
        chi, shared = chi * at(self.cluster.distance), price + fee
        if self.cluster.members == "managed":
            n = jnp.sqrt(shared / chi)
        else:
            half = 0.5 * (chi + price)
            inner = half**2 - chi * shared
            n = jnp.where(inner > 0, half + jnp.sqrt(jnp.where(inner > 0, inner, 1.0)), 0.0) / chi
        above = (jnp.arange(self.rungs.count) > 0) & (n > 1.0)
        n = jnp.where(above, n, 1.0)
        each = shared / n + chi * (n - 1.0)
        # Under open access members are indifferent by construction: no rounding may undo that.
        joins = above & ((each < price) if self.cluster.members == "managed" else True)
        n = jnp.where(joins, n, 1.0)
        return (
            alone,
            n,
            jnp.where(joins, each, price),
            jnp.where(joins, self.cluster.fee * support / n, 0.0),
        )

    def costs(self, places: int) -> Costs:
        """Flow costs of members, or alone where that is cheaper."""
        alone, n, each, backed = self._clusters(places)
        shared = alone.shared / n + backed
        return Costs(each + shared, shared, alone.left)

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Those of tiers, small firms' shares, and the size of clusters."""
        return super().outcomes(scene) | {"members": self._clusters(scene.places)[1]}
