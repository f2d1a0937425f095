"""Ottaviano, Tabuchi and Thisse: linear demand, mark-ups that competition lowers."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.ledger import Ledger, at_home
from neg.economy.model import Groups, Parameter, Prices, SpatialModel, as_float, parameter


class OttavianoTabuchiThisse(SpatialModel):
    """The linear model: demand ``q = a - (b + c N) p + c P``, additive trade cost per unit.

    ``x`` is the distribution of skilled people (sum ``L``); each firm takes ``f`` of them, so
    ``n_i = x_i / f`` firms, ``N = L / f``; ``A`` unskilled people are spread evenly. The cost of
    shipping one unit is ``tau`` between neighbours, in proportion to distance. Firms set a price
    in each market. With ``h_j`` the price at which demand in market j vanishes,

        b h_j + (c/2) sum_k n_k max(h_j - tau_kj, 0) = a              market j
        p_ij = (h_j + tau_ij) / 2 if tau_ij < h_j, else no trade      price
        q_ij = (b + c N) max(h_j - tau_ij, 0) / 2                     sales per head
        w_i = (1/f) sum_j (A/n + x_j) (p_ij - tau_ij) q_ij            reward of the skilled
        S_j = consumer surplus per head;  V_i = S_i + w_i             in the numeraire good

    Below ``trade_limit / largest distance`` all pairs trade at any distribution, as the paper
    assumes; above it the links that do not pay are closed.

    Leaves out: effects of income on the demand for industry.

    Source: Ottaviano, Tabuchi and Thisse (2002), International Economic Review 43(2).

    >>> round(float(OttavianoTabuchiThisse(f=0.5, L=2.0).trade_limit), 6)
    0.5
    """

    name: ClassVar[str] = "ottaviano-tabuchi-thisse"
    source: ClassVar[str] = "Ottaviano, Tabuchi and Thisse 2002"

    accepts: ClassVar[frozenset[str]] = frozenset({"delay"})  # costs are per unit, not ad valorem

    a: Float[Array, ""] = parameter(1.0, "intercept of demand", low=0.0, low_open=True)
    b: Float[Array, ""] = parameter(1.0, "slope of demand", low=0.0, low_open=True)
    c: Float[Array, ""] = parameter(0.5, "substitution between varieties", low=0.0, low_open=True)
    f: Float[Array, ""] = parameter(0.5, "skilled people needed per firm", low=0.0, low_open=True)
    A: Float[Array, ""] = parameter(12.0, "unskilled people in the world", low=0.0, low_open=True)
    L: Float[Array, ""] = parameter(2.0, "skilled people in the world", low=0.0, low_open=True)
    tau: Float[Array, ""] = eqx.field(
        default=0.2,
        kw_only=True,
        converter=as_float,
        metadata={
            "neg": Parameter(
                "", "cost of shipping a unit between neighbours", 0.2, 0.0, None, False, False
            )
        },
    )

    @property
    def groups(self) -> Groups:
        """Skilled people, free to live anywhere; mass ``L``."""
        return Groups.single(self.places, self.L)

    @property
    def trade_limit(self) -> Float[Array, ""]:
        """Cost of shipping a unit below which trade pays at any distribution."""
        return 2.0 * self.a * self.f / (2.0 * self.b * self.f + self.c * self.L)

    @property
    def _slope(self) -> Float[Array, ""]:
        return self.b + self.c * self.L / self.f

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Log price at which demand vanishes: with free trade."""
        free = self.a / (self.b + self.c * self.L / (2.0 * self.f))
        return {"choke": jnp.zeros_like(x) + jnp.log(free)}

    def _margins(self, prices: Prices) -> tuple[Array, Array]:
        """Price at which demand vanishes, and how far the cost of each origin stays below it."""
        choke = jnp.exp(prices["choke"])
        return choke, jnp.maximum(choke - self.tau * self.geography.distance, 0.0)

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of competition in each market."""
        choke, margin = self._margins(prices)
        return {"choke": jnp.log((self.b * choke + 0.5 * self.c / self.f * (x @ margin)) / self.a)}

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Consumer surplus plus reward of a skilled person, in the numeraire."""
        return self.surplus(prices, x) + self.reward(prices, x)

    def reward(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """What a firm's skilled people earn each."""
        _, margin = self._margins(prices)
        people = self.A / self.places + x
        return self._slope / (4.0 * self.f) * (margin**2 @ people)

    def surplus(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Consumer surplus per head.

        Utility of the consumed quantities less spending; quantities follow from the margins, so
        that a variety that is not sold counts for nothing:
        ``sum a q - (b' - c')/2 sum q^2 - c'/2 (sum q)^2 - sum p q`` with the taste parameters
        ``b' - c' = 1/(b + c N)`` and ``c' = c / (b (b + c N))``.
        """
        choke, margin = self._margins(prices)
        firms = x / self.f
        quantity = self._slope * margin / 2.0
        total = firms @ quantity
        price = choke - margin / 2.0
        spending = firms @ (price * quantity)
        intercept = self.a / self.b
        love = (firms @ quantity**2) / (2.0 * self._slope)
        return (
            intercept * total - love - self.c / (2.0 * self.b * self._slope) * total**2 - spending
        )

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Rewards and wages; shipping uses up the numeraire good, which passes the exchange."""
        choke, margin = self._margins(prices)
        people, farms = self.A / self.places + x, self.A / self.places
        sold = (x / self.f)[:, None] * self._slope / 2.0 * margin * people
        spent = (choke - margin / 2.0) * sold
        shipping = jnp.sum(self.tau * self.geography.distance * sold, axis=1)
        income = farms + x * self.reward(prices, x)
        return {
            ("firms", "people", "wages"): at_home(income),
            ("people", "firms", "consumption"): spent.T,
            ("firms", "exchange", "shipping"): at_home(shipping),
            ("people", "exchange", "homogeneous good"): at_home(income - jnp.sum(spent, axis=0)),
            ("exchange", "firms", "homogeneous good"): at_home(jnp.full(self.places, farms)),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Any]:
        """Reward, mean price, surplus, origins that sell, industry share and utility by place."""
        choke, margin = self._margins(prices)
        return {
            "wage": self.reward(prices, x),
            "price_index": (x @ (choke - margin / 2.0)) / self.L,
            "surplus": self.surplus(prices, x),
            "trade_share": jnp.mean(margin > 0, axis=0),
            "industry_share": x / self.L,
            "payoff": self.payoff(prices, x),
        }
