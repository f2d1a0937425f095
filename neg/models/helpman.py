"""Helpman: mobile people, fixed housing, all industry traded; dispersion at low trade cost."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import FREENESS, Alias, Prices, SpatialModel, option, parameter


class Helpman(SpatialModel):
    """Helpman's model of regions with increasing returns, housing and mobile people.

    With ``x`` the distribution of people (sum one), housing ``H_i = 1/n`` and goods share ``a``,

        P_j^(1-sigma) = sum_i x_i (w_i tau_ij)^(1-sigma)         price index of goods
        y_i = w_i / a                (rents local)               income per head
        y_i = w_i + (1-a)/a sum_k x_k w_k   (rents pooled)
        w_i^sigma = sum_j a x_j y_j tau_ij^(1-sigma) P_j^(sigma-1)   wage that a firm can pay
        r_i H_i = (1-a) x_i y_i                                  rent of housing
        V_i = log y_i - a log P_i - (1-a) log r_i                log utility

    Numeraire: world wage income. Its log is taken from every wage equation: the equations add up by
    Walras' law, so it is zero where they hold.

    Leaves out: any immobile demand, so that nothing holds people where housing is dear.

    Source: Helpman (1998), in Pines, Sadka and Zilcha (eds), Topics in Public Economics;
    rents kept local as in Redding and Sturm (2008), American Economic Review 98(5).

    >>> from neg import short_run
    >>> found = short_run(Helpman(sigma=4.0, a=0.8, tau=1.5), [0.6, 0.4])
    >>> [round(float(value), 4) for value in found.payoff]
    [0.3812, 0.3895]
    """

    name: ClassVar[str] = "helpman"
    source: ClassVar[str] = "Helpman 1998"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        4.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    a: Float[Array, ""] = parameter(
        0.8, "expenditure share of goods", low=0.0, high=1.0, low_open=True, high_open=True
    )
    rents: str = option("local", "who receives the rents of housing", ("local", "pooled"))

    @property
    def says(self) -> frozenset[str]:
        """Housing."""
        return frozenset({"land"})

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Log wages: all one."""
        return {"wage": jnp.zeros_like(x)}

    def price_index(self, wage: Float[Array, " place"], x: Float[Array, " place"]) -> Array:
        """Price index of goods at each destination."""
        supply = x * wage ** (1.0 - self.sigma)
        return (supply @ self.freeness(self.sigma - 1.0)) ** (1.0 / (1.0 - self.sigma))

    def income(self, wage: Float[Array, " place"], x: Float[Array, " place"]) -> Array:
        """Income per head, of wages and rents."""
        if self.rents == "local":
            return wage / self.a
        return wage + (1.0 - self.a) / self.a * jnp.sum(x * wage)

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of the wage that firms can pay over the wage paid, in the numeraire."""
        wage = jnp.exp(prices["wage"])
        spending = self.a * x * self.income(wage, x)
        market = spending * self.price_index(wage, x) ** (self.sigma - 1.0)
        potential = self.freeness(self.sigma - 1.0) @ market
        numeraire = jnp.log(jnp.sum(x * wage))
        return {"wage": jnp.log(potential) - self.sigma * prices["wage"] - numeraire}

    def log_rent(self, wage: Float[Array, " place"], x: Float[Array, " place"]) -> Array:
        """Log rent of housing."""
        spending = jnp.log((1.0 - self.a) * self.income(wage, x)) + log_mass(x)
        return spending + jnp.log(self.places)

    def relaxation(
        self,
        gap: Float[Array, " place"] | None,
        residual: Prices,
        x: Float[Array, " place"],
        **hints: Any,
    ) -> tuple[Array, Prices]:
        """Newton's step of each place on its own, as if markets elsewhere stood still."""
        wage = residual["wage"] / self.sigma
        gap = jnp.zeros_like(x) if gap is None else gap + self.a * wage
        return gap / (1.0 - self.a), {"wage": wage}

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log utility of a person."""
        wage = jnp.exp(prices["wage"])
        goods = self.a * jnp.log(self.price_index(wage, x))
        return jnp.log(self.income(wage, x)) - goods - (1.0 - self.a) * self.log_rent(wage, x)

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Wages, consumption, rents of housing: kept in the place, or shared through the fund."""
        wage = jnp.exp(prices["wage"])
        income = x * self.income(wage, x)
        rent = (1.0 - self.a) * income
        reach = (x * wage ** (1.0 - self.sigma))[:, None] * self.freeness(self.sigma - 1.0)
        return {
            ("firms", "people", "wages"): at_home(x * wage),
            ("people", "firms", "consumption"): to_origins(self.a * income, reach),
            ("people", "landowners", "rent of housing"): at_home(rent),
            ("landowners", "fund", "rents"): at_home(rent),
            ("fund", "people", "rents"): at_home(income - x * wage),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Wage, price index, income, rent, log utility and share of industry of each place."""
        wage = jnp.exp(prices["wage"])
        return {
            "wage": wage,
            "price_index": self.price_index(wage, x),
            "income": x * self.income(wage, x),
            "rent": jnp.exp(self.log_rent(wage, x)),
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
