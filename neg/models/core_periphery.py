"""Core–periphery: mobile workers, immobile farmers, increasing returns, iceberg trade."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.protocol import FREENESS, Alias, Prices, SpatialModel, parameter


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

    def price_index(self, wage: Float[Array, " place"], x: Float[Array, " place"]) -> Array:
        """Price index of manufactures at each destination."""
        supply = x * wage ** (1.0 - self.sigma)
        return (supply @ self.freeness(self.sigma - 1.0)) ** (1.0 / (1.0 - self.sigma))

    def income(self, wage: Float[Array, " place"], x: Float[Array, " place"]) -> Array:
        """Income of workers and farmers in each place."""
        return self.mu * x * wage + (1.0 - self.mu) / self.places

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of the wage that firms can pay over the wage paid."""
        wage = jnp.exp(prices["wage"])
        index = self.price_index(wage, x)
        potential = self.freeness(self.sigma - 1.0) @ (
            self.income(wage, x) * index ** (self.sigma - 1.0)
        )
        return {"wage": jnp.log(potential) - self.sigma * prices["wage"]}

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log real wage."""
        index = self.price_index(jnp.exp(prices["wage"]), x)
        return prices["wage"] - self.mu * jnp.log(index)

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Wage, price index, income, log real wage and share of industry of each place."""
        wage = jnp.exp(prices["wage"])
        return {
            "wage": wage,
            "price_index": self.price_index(wage, x),
            "income": self.income(wage, x),
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
