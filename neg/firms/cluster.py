"""Clusters of small firms that share a fixed cost, and the hub of a lead firm instead."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import Parametric, parameter


class Cluster(Parametric):
    """n small firms share a fixed cost; coordination costs each of them more, the more there are.

        C(n) = (shared + fee) / n + chi (n - 1),   chi = coordination (1 - cut);   alone: shared

    ``fee`` and ``cut`` are those of a cluster manager; zero without one.

        best size         sqrt((shared + fee) / chi)
        open access       larger root of C(n) = shared: who may join does, until nobody gains
        critical mass     smaller root: below it the cluster falls apart

    Without a manager open access ends at ``shared / coordination``, the square of the best size,
    and the whole gain is lost.

    >>> cluster = Cluster(fee=2.0, cut=0.6)
    >>> round(float(cluster.best_size()), 6), round(float(cluster.open_access()), 6)
    (8.660254, 62.296072)

    Source: Buchanan (1965), Economica 32; Henderson (1974), American Economic Review 64(4). Leaves
    out: free riding on quality; who sorts into which cluster.
    """

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

    @property
    def chi(self) -> Float[Array, ""]:
        """Coordination cost that is left."""
        return self.coordination * (1.0 - self.cut)

    def cost(self, n: Any) -> Array:
        """Cost of each of n members."""
        n = jnp.asarray(n, dtype=float)
        return (self.shared + self.fee) / n + self.chi * (n - 1.0)

    def best_size(self) -> Float[Array, ""]:
        """The size of least cost: what a manager who decides on members would choose."""
        return jnp.sqrt((self.shared + self.fee) / self.chi)

    def best_cost(self) -> Float[Array, ""]:
        """``2 sqrt((shared + fee) chi) - chi``."""
        return 2.0 * jnp.sqrt((self.shared + self.fee) * self.chi) - self.chi

    def best_integer(self) -> Float[Array, ""]:
        """The whole number of members of least cost."""
        low = jnp.maximum(jnp.floor(self.best_size()), 1.0)
        return jnp.where(self.cost(low) <= self.cost(low + 1.0), low, low + 1.0)

    def _roots(self) -> tuple[Array, Array]:
        half = 0.5 * (self.chi + self.shared)
        inner = half**2 - self.chi * (self.shared + self.fee)
        some = inner >= 0
        root = jnp.sqrt(jnp.where(some, inner, 1.0))
        larger = (half + root) / self.chi
        # Their product is (shared + fee) / chi: no cancellation in the smaller one.
        smaller = (self.shared + self.fee) / (half + root)
        return jnp.where(some, smaller, jnp.nan), jnp.where(some, larger, jnp.nan)

    def open_access(self) -> Float[Array, ""]:
        """The stable size where anybody may join; NaN where no size beats being alone."""
        return self._roots()[1]

    def critical_mass(self) -> Float[Array, ""]:
        """The size below which members leave; NaN where no size beats being alone."""
        return self._roots()[0]

    def largest_fee(self) -> Float[Array, ""]:
        """The fee at which the best managed cluster costs what the best one without does.

        (C*_0 + chi)^2 / (4 chi) - shared,    C*_0 the cost at the best size without a manager
        """
        alone = self.with_(fee=0.0, cut=0.0).best_cost()
        return (alone + self.chi) ** 2 / (4.0 * self.chi) - self.shared

    def growth(self, n: Any) -> Array:
        """Rate at which firms join, ``1 - C(n) / shared``, relative to their number."""
        return 1.0 - self.cost(n) / self.shared


class Hub(Parametric):
    """A lead firm links suppliers to itself alone: n links instead of n (n - 1) / 2.

        small firms' income:  horizontal n (v - C(n)),   vertical (1 - kept) n (v_t - f_t)

    Leaves out: bargaining over what the lead firm keeps.
    """

    kept: Float[Array, ""] = parameter(
        0.3, "share of the surplus that the lead firm keeps", low=0.0, high=1.0
    )
    worth: Float[Array, ""] = parameter(
        4.0, "operating profit of a supplier in its tier", low=0.0, unit="money per firm"
    )
    cost: Float[Array, ""] = parameter(1.5, "flow cost of the tier", low=0.0, unit="money per firm")

    def income(self, n: Any) -> Array:
        """What n suppliers earn together."""
        return (1.0 - self.kept) * jnp.asarray(n, dtype=float) * (self.worth - self.cost)

    def surplus(self, n: Any) -> Array:
        """What they and the lead firm earn together."""
        return jnp.asarray(n, dtype=float) * (self.worth - self.cost)

    @staticmethod
    def links(n: Any) -> tuple[Array, Array]:
        """Links that a hub and a network of peers need."""
        n = jnp.asarray(n, dtype=float)
        return n, 0.5 * n * (n - 1.0)
