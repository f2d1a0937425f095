"""Footloose entrepreneur: mobile skilled people are the fixed cost of each firm."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import FREENESS, Alias, Prices, SpatialModel, parameter


class FootlooseEntrepreneur(SpatialModel):
    """Forslid and Ottaviano's solvable core–periphery model.

    With ``x`` the distribution of entrepreneurs (sum one) and unskilled workers, one per
    entrepreneur in the world, spread evenly and paid one, prices are ``tau_ij`` times a constant
    mark-up and

        D_j = sum_k x_k tau_kj^(1-sigma)                         competition in market j
        Y_j = x_j w_j + L_j,  L_j = 1 / n                        income
        w_i = (mu / sigma) sum_j tau_ij^(1-sigma) Y_j / D_j      reward of an entrepreneur
        V_i = log w_i + mu / (sigma - 1) log D_i                 log real reward

    Leaves out: any effect of wages on prices, as unskilled labour does all variable work.

    Source: Forslid and Ottaviano (2003), Journal of Economic Geography 3(3), eqs. 7-13;
    Baldwin and others (2003), Economic Geography and Public Policy, ch. 4.

    >>> from neg import short_run
    >>> found = short_run(FootlooseEntrepreneur(phi=0.3), [0.6, 0.4])
    >>> [round(float(value), 4) for value in found.payoff]
    [-2.5178, -2.4361]
    """

    name: ClassVar[str] = "footloose-entrepreneur"
    source: ClassVar[str] = "Forslid and Ottaviano 2003"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        5.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    mu: Float[Array, ""] = parameter(
        0.4, "expenditure share of manufactures", low=0.0, high=1.0, low_open=True, high_open=True
    )

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Log rewards: what entrepreneurs earn in the world on average."""
        share = self.mu / self.sigma
        return {"reward": jnp.zeros_like(x) + jnp.log(share / (1.0 - share))}

    def competition(self, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Number of firms that reach each market, weighted by freeness."""
        return x @ self.freeness(self.sigma - 1.0)

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of operating profit over the reward paid."""
        income = x * jnp.exp(prices["reward"]) + 1.0 / self.places
        demand = self.freeness(self.sigma - 1.0) @ (income / self.competition(x))
        return {"reward": jnp.log(self.mu / self.sigma * demand) - prices["reward"]}

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log real reward of an entrepreneur."""
        return prices["reward"] + self.mu / (self.sigma - 1.0) * jnp.log(self.competition(x))

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Rewards and wages; unskilled people whom industry does not hire work on farms."""
        rewards = x * jnp.exp(prices["reward"])
        income = rewards + 1.0 / self.places
        reach = x[:, None] * self.freeness(self.sigma - 1.0)
        farms = 1.0 / self.places - (self.sigma - 1.0) * rewards
        return {
            ("firms", "people", "wages"): at_home(income),
            ("people", "firms", "consumption"): to_origins(self.mu * income, reach),
            ("people", "exchange", "homogeneous good"): at_home((1.0 - self.mu) * income),
            ("exchange", "firms", "homogeneous good"): at_home(farms),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Reward, price index, income, log real reward and share of industry of each place."""
        reward = jnp.exp(prices["reward"])
        return {
            "wage": reward,
            "price_index": self.competition(x) ** (1.0 / (1.0 - self.sigma)),
            "income": x * reward + 1.0 / self.places,
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
