"""Constructed capital: capital stays where it is built; growth and decay decide where that is."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import FREENESS, Alias, Prices, SpatialModel, parameter


class ConstructedCapital(SpatialModel):
    """Baldwin's model: immobile capital is built where it is worth more than it costs.

    With ``x`` the places' shares of the world's capital, built by labour, decaying at ``delta``,
    discounted at ``rho``, and labour spread evenly, spending and Tobin's q in a steady state are

        s_j = (1 - beta) / n + beta x_j,  beta = (mu / sigma) rho / (rho + delta)   spending
        D_j = sum_k x_k tau_kj^(1-sigma)                                            competition
        q_i = sum_j tau_ij^(1-sigma) s_j / D_j                                      value over cost
        V_i = log q_i

    Where q exceeds its mean (one) capital is built faster than it decays. The world's stock is the
    one at which the mean of q over capital is one.

    Leaves out: saving and investment outside the steady state, and growth.

    Source: Baldwin (1999), European Economic Review 43(2); Baldwin and others (2003), Economic
    Geography and Public Policy, ch. 6.

    >>> model = ConstructedCapital(phi=0.3)
    >>> value = model.payoff({}, jnp.array([0.6, 0.4]))
    >>> [round(float(one), 4) for one in value]
    [-0.0456, 0.0648]
    """

    name: ClassVar[str] = "constructed-capital"
    source: ClassVar[str] = "Baldwin 1999; Baldwin and others 2003, ch. 6"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        5.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    mu: Float[Array, ""] = parameter(
        0.4, "expenditure share of manufactures", low=0.0, high=1.0, low_open=True, high_open=True
    )
    rho: Float[Array, ""] = parameter(0.05, "discount rate per year", low=0.0, low_open=True)
    delta: Float[Array, ""] = parameter(0.1, "decay rate of capital per year", low=0.0)

    @property
    def feedback(self) -> Float[Array, ""]:
        """Effect of a place's share of capital on its share of spending, ``beta``."""
        return self.mu / self.sigma * self.rho / (self.rho + self.delta)

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """No price is left to find."""
        return {}

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """No market is left to clear."""
        return {}

    def spending(self, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Share of each place in world spending."""
        return (1.0 - self.feedback) / self.places + self.feedback * x

    def competition(self, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Number of firms that reach each market, weighted by freeness."""
        return x @ self.freeness(self.sigma - 1.0)

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log of Tobin's q."""
        demand = self.spending(x) / self.competition(x)
        return jnp.log(self.freeness(self.sigma - 1.0) @ demand)

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Rewards of capital and wages, of which the capital that decays is built anew.

        Balanced in a steady state, where capital is worth what it costs. World spending is one.
        """
        income, labour = self.spending(x), (1.0 - self.feedback) / self.places
        profit = self.mu / self.sigma * x * jnp.exp(self.payoff(prices, x))
        built = self.mu / self.sigma * self.delta / (self.rho + self.delta) * x
        reach = x[:, None] * self.freeness(self.sigma - 1.0)
        farms = labour - (self.sigma - 1.0) * profit - built
        return {
            ("firms", "people", "wages"): at_home(jnp.full(self.places, labour)),
            ("firms", "people", "rewards of capital"): at_home(profit),
            ("people", "firms", "capital built"): at_home(built),
            ("people", "firms", "consumption"): to_origins(self.mu * income, reach),
            ("people", "exchange", "homogeneous good"): at_home((1.0 - self.mu) * income),
            ("exchange", "firms", "homogeneous good"): at_home(farms),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Reward over construction cost, price index, spending, log q and share of industry."""
        value = jnp.exp(self.payoff(prices, x))
        return {
            "wage": value * (self.rho + self.delta),
            "price_index": self.competition(x) ** (1.0 / (1.0 - self.sigma)),
            "income": self.spending(x),
            "tobin_q": value,
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
