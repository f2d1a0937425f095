"""What models of vertical linkages share: an industry that buys its own output as an input."""

from __future__ import annotations

from abc import abstractmethod

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.economy.ledger import Ledger, at_home, to_origins
from neg.economy.model import Groups, Prices, SpatialModel

FARM, INDUSTRY = 0, 1
"""Column of each sector in the distribution, seen as an array of places by sectors."""


class InputLinkages(SpatialModel):
    """Workers who choose between farms and industry; industry sells to consumers and to itself.

    Cells are pairs (place, sector), farms first. With ``l_i`` and ``m_i`` the workers in farms and
    industry of place i, input share ``a``, expenditure share ``s``, land ``K_i = 1/n``,

        v_i = theta (K_i / l_i)^(1-theta)                              farm wage
        p_i = w_i^(1-a) P_i^a                                          price at the factory gate
        P_j^(1-sigma) = sum_i m_i w_i p_i^(-sigma) tau_ij^(1-sigma)    price index
        Y_i = w_i m_i + l_i^theta K_i^(1-theta)                        income, with land rent
        E_i = s Y_i + a / (1-a) w_i m_i                                spending on industry
        p_i^sigma / (1-a) = sum_j tau_ij^(1-sigma) P_j^(sigma-1) E_j   zero profit
        V = log wage - s log P_i                                       log real wage

    The farm good is freely traded at price one. Zero profit also gives the wage that a first firm
    could pay in a place without industry.

    Source: Fujita, Krugman and Venables (1999), The Spatial Economy, ch. 14.
    """

    sigma: Float[Array, ""]

    @property
    @abstractmethod
    def input_share(self) -> Float[Array, ""]:
        """Cost share of intermediate inputs in industry."""

    @property
    @abstractmethod
    def industry_share(self) -> Float[Array, ""]:
        """Expenditure share of industry in consumption."""

    @property
    @abstractmethod
    def farm_labour_share(self) -> Float[Array, ""]:
        """Cost share of labour on farms; land takes the rest."""

    @property
    def groups(self) -> Groups:
        """The workers of each place, who choose among its two sectors; world mass one."""
        index = np.repeat(np.arange(self.places), 2)
        return Groups(jnp.asarray(index), jnp.full(self.places, 1.0 / self.places))

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """Place and sector of each cell."""
        return tuple(f"{name} {s}" for name in self.geography.names for s in ("farms", "industry"))

    @property
    def cell_places(self) -> np.ndarray:
        """Place of each industrial cell; -1 for farms, which neither crowd nor are crowded."""
        place = np.repeat(np.arange(self.places), 2)
        place[FARM::2] = -1
        return place

    @property
    def _symmetric_industry(self) -> Float[Array, ""]:
        """Share of workers in industry where all places are alike."""
        share = self.industry_share
        return share / (share + self.farm_labour_share * (1.0 - share))

    def initial_distribution(self) -> Float[Array, " cell"]:
        """The equilibrium where all places are alike."""
        industry = self._symmetric_industry
        cells = jnp.stack([1.0 - industry, industry]) / self.places
        return jnp.tile(cells, self.places)

    def agglomerated(self, place: int = 0) -> Float[Array, " cell"]:
        """Where to start for the equilibrium with all industry in one place."""
        most = 1.0 if self.groups.count == 1 else 0.9 / self.places
        industry = jnp.minimum(self._symmetric_industry, most)
        workers = jnp.full(self.places, 1.0 / self.places)
        if self.groups.count == 1:
            workers = workers * (1.0 - industry)
            return (
                jnp.stack([workers, jnp.zeros_like(workers)], 1).at[place, 1].set(industry).ravel()
            )
        there = jnp.zeros_like(workers).at[place].set(industry)
        return jnp.stack([workers - there, there], 1).ravel()

    def farms(self, x: Float[Array, " cell"]) -> tuple[Array, Array]:
        """Log wage and output of the farms of each place."""
        workers = x.reshape(self.places, 2)[:, FARM]
        theta, land = self.farm_labour_share, 1.0 / self.places
        output = jnp.exp(theta * log_mass(workers)) * land ** (1.0 - theta)
        return jnp.log(theta) + (1.0 - theta) * (jnp.log(land) - log_mass(workers)), output

    def initial_prices(self, x: Float[Array, " cell"]) -> Prices:
        """Log industrial wages as on farms where all places are alike, log price indices zero."""
        wage, _ = self.farms(self.initial_distribution())
        return {"wage": wage, "index": jnp.zeros(self.places)}

    def gate_price(self, prices: Prices) -> Float[Array, " place"]:
        """Log price at the factory gate."""
        return (1.0 - self.input_share) * prices["wage"] + self.input_share * prices["index"]

    def income(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " place"]:
        """Income of workers and land owners in each place."""
        pay = x.reshape(self.places, 2)[:, INDUSTRY] * jnp.exp(prices["wage"])
        return pay + self.farms(x)[1]

    def market_residual(self, prices: Prices, x: Float[Array, " cell"]) -> Prices:
        """Log excess of what firms can pay over the wage paid, and of the price index."""
        freeness = self.freeness(self.sigma - 1.0)
        pay = x.reshape(self.places, 2)[:, INDUSTRY] * jnp.exp(prices["wage"])
        gate = self.gate_price(prices)
        a = self.input_share
        spending = self.industry_share * self.income(prices, x) + a / (1.0 - a) * pay
        potential = freeness @ (spending * jnp.exp((self.sigma - 1.0) * prices["index"]))
        supply = (pay * jnp.exp(-self.sigma * gate)) @ freeness
        return {
            "wage": jnp.log((1.0 - a) * potential) - self.sigma * gate,
            "index": jnp.log(supply) - (1.0 - self.sigma) * prices["index"],
        }

    def payoff(self, prices: Prices, x: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """Log real wage in each sector of each place."""
        wages = jnp.stack([self.farms(x)[0], prices["wage"]], axis=1)
        return (wages - self.industry_share * prices["index"][:, None]).ravel()

    def ledger(self, prices: Prices, x: Float[Array, " cell"]) -> Ledger:
        """Wages in both sectors, rent of farm land, inputs and consumption of industry."""
        pay = x.reshape(self.places, 2)[:, INDUSTRY] * jnp.exp(prices["wage"])
        _, harvest = self.farms(x)
        rent = (1.0 - self.farm_labour_share) * harvest
        income, share = self.income(prices, x), self.industry_share
        bought = self.input_share / (1.0 - self.input_share) * pay
        supply = pay * jnp.exp(-self.sigma * self.gate_price(prices))
        reach = supply[:, None] * self.freeness(self.sigma - 1.0)
        return {
            ("firms", "people", "wages"): at_home(pay + harvest - rent),
            ("firms", "landowners", "rent of land"): at_home(rent),
            ("firms", "firms", "inputs"): to_origins(bought, reach),
            ("landowners", "people", "rents"): at_home(rent),
            ("people", "firms", "consumption"): to_origins(share * income, reach),
            ("people", "exchange", "homogeneous good"): at_home((1.0 - share) * income),
            ("exchange", "firms", "homogeneous good"): at_home(harvest),
        }

    def outcomes(self, prices: Prices, x: Float[Array, " cell"]) -> dict[str, Array]:
        """Wage, price index, income and share of industry of each place; log real wages by cell."""
        workers = x.reshape(self.places, 2)[:, INDUSTRY]
        return {
            "wage": jnp.exp(prices["wage"]),
            "price_index": jnp.exp(prices["index"]),
            "income": self.income(prices, x),
            "industry_share": workers / jnp.sum(workers),
            "payoff": self.payoff(prices, x),
        }
