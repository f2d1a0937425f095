"""Pflüger: quasi-linear tastes, so that agglomeration sets in gradually."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import FREENESS, Alias, Prices, SpatialModel, parameter


class Pflueger(SpatialModel):
    """Pflüger's simple model: utility ``mu log M + A``, entrepreneurs mobile.

    With ``x`` the distribution of entrepreneurs (sum one) and ``rho_L`` workers in every place,
    each person spends ``mu`` on manufactures and, with free trade of the farm good,

        D_j = sum_k x_k tau_kj^(1-sigma)                              competition in market j
        R_i = (mu / sigma) sum_j tau_ij^(1-sigma) (rho_L + x_j) / D_j   reward
        V_i = R_i + mu / (sigma - 1) log D_i                          utility, in the farm good

    ``mu`` scales payoffs and moves no threshold. Everything is explicit: no price is left to find.

    Leaves out: effects of income on the demand for manufactures.

    Source: Pflüger (2004), Regional Science and Urban Economics 34(5).

    >>> model = Pflueger(phi=0.3)
    >>> value = model.payoff({}, jnp.array([0.6, 0.4]))
    >>> [round(float(one), 4) for one in value]
    [0.1701, 0.1618]
    """

    name: ClassVar[str] = "pflueger"
    source: ClassVar[str] = "Pflüger 2004"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        6.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    mu: Float[Array, ""] = parameter(
        0.4, "spending on manufactures per head", low=0.0, low_open=True
    )
    rho_L: Float[Array, ""] = parameter(
        1.0, "immobile workers of each place over all mobile people", low=0.0, low_open=True
    )

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """No price is left to find."""
        return {}

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """No market is left to clear."""
        return {}

    def competition(self, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Number of firms that reach each market, weighted by freeness."""
        return x @ self.freeness(self.sigma - 1.0)

    def reward(self, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """What an entrepreneur earns."""
        demand = (self.rho_L + x) / self.competition(x)
        return self.mu / self.sigma * (self.freeness(self.sigma - 1.0) @ demand)

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Utility of an entrepreneur in units of the farm good."""
        return self.reward(x) + self.mu / (self.sigma - 1.0) * jnp.log(self.competition(x))

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Rewards and wages; what is not spent on manufactures buys the farm good."""
        rewards, people = x * self.reward(x), self.rho_L + x
        income, spending = rewards + self.rho_L, self.mu * people
        reach = x[:, None] * self.freeness(self.sigma - 1.0)
        return {
            ("firms", "people", "wages"): at_home(income),
            ("people", "firms", "consumption"): to_origins(spending, reach),
            ("people", "exchange", "homogeneous good"): at_home(income - spending),
            ("exchange", "firms", "homogeneous good"): at_home(
                self.rho_L - (self.sigma - 1.0) * rewards
            ),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Reward, price index, income, utility and share of industry of each place."""
        reward = self.reward(x)
        return {
            "wage": reward,
            "price_index": self.competition(x) ** (1.0 / (1.0 - self.sigma)),
            "income": x * reward + self.rho_L,
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
