"""Urban costs: commuting in cities that grow with their people, against iceberg trade."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import FREENESS, Alias, Prices, SpatialModel, parameter


class UrbanCosts(SpatialModel):
    """Murata and Thisse's model: every place is a line city, all industry sits in its centre.

    People use one unit of land each and lose ``2 theta`` of their unit of labour per unit of
    distance to the centre. With ``x`` the distribution of people (sum one),

        S_i = x_i (1 - theta x_i / 2)                             labour that reaches the centre
        P_j^(1-sigma) = sum_i S_i (w_i tau_ij)^(1-sigma)          price index
        w_i^sigma = sum_j S_j w_j tau_ij^(1-sigma) P_j^(sigma-1)  wage that a firm can pay
        V_i = log w_i + log(1 - theta x_i / 2) - log P_i          log real income net of commuting

    Land rent makes up for commuting and is shared by the people of the place, so that each has
    ``w_i S_i / x_i``. Numeraire: world wage income, as in the Helpman model.

    Leaves out: farms, more than one centre, and lots of variable size.

    Source: Murata and Thisse (2005), Journal of Urban Economics 58(1); land market as in Tabuchi
    (1998), Journal of Urban Economics 44(3).

    >>> from neg import short_run
    >>> found = short_run(UrbanCosts(theta=0.3), [0.6, 0.4])
    >>> [round(float(value), 4) for value in found.payoff]
    [-0.2278, -0.279]
    """

    name: ClassVar[str] = "urban-costs"
    source: ClassVar[str] = "Murata and Thisse 2005"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        4.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    theta: Float[Array, ""] = parameter(
        0.3, "commuting cost: labour lost at the edge of the only city", low=0.0, high=1.0
    )

    @property
    def says(self) -> frozenset[str]:
        """Housing and its land."""
        return frozenset({"land"})

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Log wages: all one."""
        return {"wage": jnp.zeros_like(x)}

    def time_at_work(self, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Mean share of labour left after commuting."""
        return 1.0 - 0.5 * self.theta * x

    def price_index(self, wage: Float[Array, " place"], x: Float[Array, " place"]) -> Array:
        """Price index at each destination."""
        supply = x * self.time_at_work(x) * wage ** (1.0 - self.sigma)
        return (supply @ self.freeness(self.sigma - 1.0)) ** (1.0 / (1.0 - self.sigma))

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of the wage that firms can pay over the wage paid, in the numeraire."""
        wage = jnp.exp(prices["wage"])
        income = x * self.time_at_work(x) * wage
        market = income * self.price_index(wage, x) ** (self.sigma - 1.0)
        potential = self.freeness(self.sigma - 1.0) @ market
        numeraire = jnp.log(jnp.sum(income))
        return {"wage": jnp.log(potential) - self.sigma * prices["wage"] + numeraire}

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log real income net of commuting."""
        net = prices["wage"] + jnp.log(self.time_at_work(x))
        return net - jnp.log(self.price_index(jnp.exp(prices["wage"]), x))

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Wages, consumption, and the rent of lots, shared by the people of the place."""
        wage = jnp.exp(prices["wage"])
        work = x * self.time_at_work(x)
        rent = 0.5 * self.theta * x**2 * wage
        reach = (work * wage ** (1.0 - self.sigma))[:, None] * self.freeness(self.sigma - 1.0)
        return {
            ("firms", "people", "wages"): at_home(work * wage),
            ("people", "landowners", "rent of housing"): at_home(rent),
            ("landowners", "people", "rents"): at_home(rent),
            ("people", "firms", "consumption"): to_origins(work * wage, reach),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Wage, price index, income, rent in the centre, log real income, share of industry."""
        wage = jnp.exp(prices["wage"])
        return {
            "wage": wage,
            "price_index": self.price_index(wage, x),
            "income": x * self.time_at_work(x) * wage,
            "rent": self.theta * x * wage,
            "industry_share": x,
            "payoff": self.payoff(prices, x),
        }
