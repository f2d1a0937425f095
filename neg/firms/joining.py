"""Clusters in an economy: firms join where sharing costs pays, and sharing makes them efficient."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.core.parameters import option, parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene
from neg.firms.cluster import Cluster


class Clusters(Part):
    """Small firms of each place share a part of their costs; their number n moves in time.

        C_i(n) = (shared + fee) / n + chi_i (n - 1),    dn / dt = speed n (1 - C_i(n) / shared)
        log efficiency = - weight log(C_i(n) / shared)

    ``members = "open"``: whoever gains joins, and in the long run nobody gains; ``"managed"``: a
    manager keeps the size of least cost. ``weight`` is the share of costs that is shared: zero
    switches the part off. ``distance`` multiplies coordination in each place, for clusters
    that cross borders, languages and standards.

    ``support`` is the share of the fee that the budget of each place pays for its cluster, out of
    income (a general economy).

    Source: as :class:`neg.firms.Cluster`. Leaves out: as there.
    """

    label: ClassVar[str] = "clusters"
    lever: ClassVar[str] = "fee"
    source: ClassVar[str] = "Buchanan 1965; Henderson 1974"

    weight: Float[Array, ""] = parameter(0.1, "share of costs that is shared", low=0.0, high=1.0)
    shared: Float[Array, ""] = parameter(
        10.0, "fixed cost that is shared", low=0.0, low_open=True, unit="money"
    )
    coordination: Float[Array, ""] = parameter(
        0.4, "cost that each further member adds", low=0.0, low_open=True, unit="money per firm"
    )
    fee: Float[Array, ""] = parameter(0.0, "cost of a manager", low=0.0, unit="money")
    cut: Float[Array, ""] = parameter(
        0.0, "share by which a manager cuts coordination", low=0.0, high=1.0, high_open=True
    )
    distance: Float[Array, " place"] = parameter(
        1.0, "factor on coordination", low=0.0, low_open=True, axes=("place",)
    )
    speed: Float[Array, ""] = parameter(
        1.0, "speed of joining", low=0.0, low_open=True, unit="1 / time"
    )
    support: Float[Array, ""] | None = parameter(
        None, "share of the manager's fee that the budget pays", low=0.0, high=1.0, neutral=0.0
    )
    members: str = option("open", "who decides on members", ("open", "managed"))

    def _cluster(self) -> Cluster:
        return Cluster(self.shared, self.coordination, self._paid_fee, self.cut)

    @property
    def _paid_fee(self) -> Float[Array, ""]:
        """What members pay of the fee."""
        return self.fee if self.support is None else self.fee * (1.0 - self.support)

    def _chi(self, scene: Scene) -> Float[Array, " place"]:
        return self._cluster().chi * jnp.broadcast_to(self.distance, (scene.places,))

    def _cost(self, scene: Scene, n: Array) -> Array:
        return (self.shared + self._paid_fee) / n + self._chi(scene) * (n - 1.0)

    def _best(self, scene: Scene) -> Array:
        return jnp.sqrt((self.shared + self._paid_fee) / self._chi(scene))

    def stocks(self, scene: Scene) -> dict[str, Array]:
        """Log number of members: where it rests from above."""
        chi = self._chi(scene)
        half = 0.5 * (chi + self.shared)
        if self.members == "managed":
            return {"members": jnp.log(self._best(scene))}
        inner = half**2 - chi * (self.shared + self._paid_fee)
        some = inner > 0  # else nobody gains from any size; the root has no derivative there
        root = jnp.where(some, jnp.sqrt(jnp.where(some, inner, 1.0)), 0.0)
        return {"members": jnp.log((half + root) / chi)}

    def drift(self, scene: Scene) -> dict[str, Array]:
        """How fast members come."""
        n = jnp.exp(scene.own(self, "members"))
        if self.members == "managed":
            return {"members": self.speed * (self._best(scene) / n - 1.0)}
        return {"members": self.speed * (1.0 - self._cost(scene, n) / self.shared)}

    def effects(self, scene: Scene) -> dict[str, Array]:
        """What sharing does to efficiency."""
        n = jnp.exp(scene.own(self, "members"))
        saving = jnp.log(self._cost(scene, n) / self.shared)
        return {"productivity": (-self.weight * saving)[:, None]}

    def check(self, model: Model) -> None:
        """A budget needs an economy with incomes to pay it."""
        if self.support is not None and not hasattr(model, "flows"):
            raise InvalidParameterError(
                f"support is not allowed on a {type(model).__name__}; must be left out, or on a "
                "general economy, where income pays for it"
            )

    def outlay(self, scene: Scene) -> Float[Array, " place"] | None:
        """What budgets pay of the fee."""
        if self.support is None:
            return None
        return jnp.broadcast_to(self.support * self.fee, (scene.places,))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Members, what each pays, and what the budget does."""
        n = jnp.exp(scene.own(self, "members"))
        paid = self.outlay(scene)
        budget = {} if paid is None else {"budget": paid}
        return {"members": n, "cost": self._cost(scene, n)} | budget
