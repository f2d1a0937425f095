"""Core–periphery: mobile workers, immobile farmers, increasing returns, iceberg trade."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import FREENESS, Alias, Prices, SpatialModel, parameter


class CorePeriphery(SpatialModel):
    """Krugman's model in the notation of Fujita, Krugman and Venables (1999, ch. 4-5).

    With ``x`` the workers' distribution (sum one), farmers spread evenly and paid one,

        Y_i = mu x_i w_i + (1 - mu) / n                          income
        P_j^(1-sigma) = sum_i x_i (w_i tau_ij)^(1-sigma)         price index of manufactures
        w_i^sigma = sum_j Y_j tau_ij^(1-sigma) P_j^(sigma-1)     wage that a firm can pay
        V_i = log w_i - mu log P_i                               log real wage

    The wage equation also gives the wage that a first firm could pay in an empty place.

    Leaves out: trade costs of farm goods, inputs made by industry, land, and time.

    Source: Krugman (1991), Journal of Political Economy 99(3); Fujita, Krugman and Venables
    (1999), The Spatial Economy, eqs. 4.22-4.25 and 5.1-5.6.

    >>> from neg import short_run
    >>> found = short_run(CorePeriphery(sigma=5.0, mu=0.4, tau=1.7), [0.6, 0.4])
    >>> [round(float(value), 4) for value in found.payoff]
    [-0.0579, -0.0525]
    """

    name: ClassVar[str] = "core-periphery"
    source: ClassVar[str] = "Krugman 1991; Fujita, Krugman and Venables 1999, ch. 4-5"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        5.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    mu: Float[Array, ""] = parameter(
        0.4, "expenditure share of manufactures", low=0.0, high=1.0, low_open=True, high_open=True
    )

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Log wages: all one."""
        return {"wage": jnp.zeros_like(x)}

    def competition(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Supply that reaches each destination, ``P ** (1 - sigma)``."""
        supply = x * jnp.exp((1.0 - self.sigma) * prices["wage"])
        return supply @ self.freeness(self.sigma - 1.0)

    def income(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Income of workers and farmers in each place."""
        return self.mu * x * jnp.exp(prices["wage"]) + (1.0 - self.mu) / self.places

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of the wage that firms can pay over the wage paid."""
        demand = self.income(prices, x) / self.competition(prices, x)
        potential = self.freeness(self.sigma - 1.0) @ demand
        return {"wage": jnp.log(potential) - self.sigma * prices["wage"]}

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log real wage."""
        log_index = jnp.log(self.competition(prices, x)) / (1.0 - self.sigma)
        return prices["wage"] - self.mu * log_index

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Wages of workers and farmers, who buy manufactures; farm goods pass the exchange."""
        income = self.income(prices, x)
        farms = jnp.full(self.places, (1.0 - self.mu) / self.places)
        supply = x * jnp.exp((1.0 - self.sigma) * prices["wage"])
        reach = supply[:, None] * self.freeness(self.sigma - 1.0)
        return {
            ("firms", "people", "wages"): at_home(income),
            ("people", "firms", "consumption"): to_origins(self.mu * income, reach),
            ("people", "exchange", "homogeneous good"): at_home((1.0 - self.mu) * income),
            ("exchange", "firms", "homogeneous good"): at_home(farms),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Wage, price index, income, log real wage and share of industry of each place."""
        return {
            "wage": jnp.exp(prices["wage"]),
            "price_index": self.competition(prices, x) ** (1.0 / (1.0 - self.sigma)),
            "income": self.income(prices, x),
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
