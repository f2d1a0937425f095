"""Allen and Arkolakis: agglomeration and dispersion as externalities of density."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import FREENESS, Alias, Prices, SpatialModel, parameter


class AllenArkolakis(SpatialModel):
    """Armington trade among places whose productivity and amenity depend on their population.

    With ``x`` the distribution of people (sum one), productivity ``x_i^alpha`` and amenity
    ``x_i^beta``,

        P_j^(1-sigma) = sum_i (w_i tau_ij / x_i^alpha)^(1-sigma)                  price index
        w_i x_i = sum_j (w_i tau_ij / x_i^alpha)^(1-sigma) P_j^(sigma-1) w_j x_j  balanced trade
        V_i = log w_i - log P_i + beta log x_i                                    log welfare

    Numeraire: world wage income. Its log is taken from every trade balance: the balances add up by
    Walras' law, so it is zero where they hold. With ``alpha (sigma - 1) + sigma beta < 1`` an empty
    place attracts people without bound; above that, it repels them.

    Leaves out: differences of nature between places, beyond where they lie.

    Source: Allen and Arkolakis (2014), Quarterly Journal of Economics 129(3).

    >>> from neg import short_run
    >>> found = short_run(AllenArkolakis(alpha=0.1, beta=-0.05), [0.6, 0.4])
    >>> [round(float(value), 4) for value in found.payoff]
    [-0.0217, -0.0399]
    """

    name: ClassVar[str] = "allen-arkolakis"
    source: ClassVar[str] = "Allen and Arkolakis 2014"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        9.0, "elasticity of substitution between places' goods", low=1.0, low_open=True
    )
    alpha: Float[Array, ""] = parameter(0.1, "elasticity of productivity to population")
    beta: Float[Array, ""] = parameter(-0.05, "elasticity of amenity to population")

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Log market potentials: all one. Unlike wages they stay finite in an empty place."""
        return {"potential": jnp.zeros_like(x)}

    def log_wage(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log wage, from ``w^sigma x^(1 - alpha (sigma-1)) = potential``."""
        returns = 1.0 - self.alpha * (self.sigma - 1.0)
        return (prices["potential"] - returns * log_mass(x)) / self.sigma

    def price_index(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Price index at each destination."""
        log_cost = self.log_wage(prices, x) - self.alpha * log_mass(x)
        supply = jnp.exp((1.0 - self.sigma) * log_cost)
        return (supply @ self.freeness(self.sigma - 1.0)) ** (1.0 / (1.0 - self.sigma))

    def income(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Wage income of each place."""
        return jnp.exp(self.log_wage(prices, x) + log_mass(x))

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of sales over wage income, in the numeraire."""
        income = self.income(prices, x)
        market = income * self.price_index(prices, x) ** (self.sigma - 1.0)
        access = jnp.log(self.freeness(self.sigma - 1.0) @ market)
        return {"potential": access - prices["potential"] - jnp.log(jnp.sum(income))}

    def relaxation(
        self,
        gap: Float[Array, " place"] | None,
        residual: Prices,
        x: Float[Array, " place"],
        **hints: Any,
    ) -> tuple[Array, Prices]:
        """Newton's step of each place on its own, as if markets elsewhere stood still."""
        rise = residual["potential"]
        slope = (1.0 - self.alpha * (self.sigma - 1.0)) / self.sigma - self.beta
        gap = -rise / self.sigma if gap is None else gap
        return (gap + rise / self.sigma) / jnp.maximum(slope, 0.02), {"potential": rise}

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log welfare: real wage times amenity."""
        real = self.log_wage(prices, x) - jnp.log(self.price_index(prices, x))
        return real + self.beta * log_mass(x)

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Wages, all spent on goods."""
        income = self.income(prices, x)
        log_cost = self.log_wage(prices, x) - self.alpha * log_mass(x)
        supply = jnp.exp((1.0 - self.sigma) * log_cost)
        reach = supply[:, None] * self.freeness(self.sigma - 1.0)
        return {
            ("firms", "people", "wages"): at_home(income),
            ("people", "firms", "consumption"): to_origins(income, reach),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Wage (of people, if any), price index, income, log welfare and share of each place."""
        return {
            "wage": jnp.exp(jnp.where(x > 0, self.log_wage(prices, x), jnp.nan)),
            "price_index": self.price_index(prices, x),
            "income": self.income(prices, x),
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
