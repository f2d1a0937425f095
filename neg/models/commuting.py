"""Commuting: people choose where to live and where to work; goods trade between both."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_finite, check_range, check_shape
from neg.core.logs import log_mass
from neg.economy.model import Groups, Model, Prices, parameter


def _array(value: Any) -> Array:
    return jnp.asarray(value, dtype=float)


class Commuting(Model):
    """Monte, Redding and Rossi-Hansberg's regions, with residents ``x_n`` and workplaces i.

    With bilateral amenities ``B_ni`` and costs ``kappa_ni`` of commuting from n to i, icebergs
    ``tau_ni`` of goods from n to i, productivity ``A`` and land ``H``,

        lambda_ni = B_ni (w_i / kappa_ni)^epsilon / sum_l B_nl (w_l / kappa_nl)^epsilon
        L_i = sum_n lambda_ni x_n,   v_n = sum_i lambda_ni w_i          workers, income per head
        P_n^(1-sigma) = sum_i L_i (w_i tau_in / A_i)^(1-sigma)          price index of goods
        w_i L_i = sum_n trade share_in v_n x_n                          goods market
        r_n H_n = (1 - alpha) v_n x_n                                   land, owned by locals who
                                                                        spend on goods at home
        V_n = 1/epsilon log sum_i B_ni (w_i / kappa_ni)^epsilon - alpha log P_n
              - (1 - alpha) log r_n - 1/epsilon log x_n

    Equal payoffs are the Frechet choice of residence: shares in proportion to the first three
    terms to the power epsilon. Numeraire: the average wage; its log is taken from every goods
    market, where it is zero by Walras' law. The number of people is one.

    Leaves out: congestion on the way, and land used by firms.

    Source: Monte, Redding and Rossi-Hansberg (2018), American Economic Review 108(12), eqs. 5-14.

    >>> from neg import short_run
    >>> far = jnp.array([[1.0, 1.5], [1.5, 1.0]])
    >>> alike = {"amenity": jnp.ones((2, 2)), "productivity": [1.0, 1.0], "land": [1.0, 1.0]}
    >>> model = Commuting(iceberg=far, commuting_cost=far, names=("A", "B"), **alike)
    >>> found = short_run(model, [0.5, 0.5])
    >>> found.outcomes["workers"].round(6).tolist()
    [0.5, 0.5]
    """

    sigma: Float[Array, ""] = parameter(
        4.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    alpha: Float[Array, ""] = parameter(
        0.6, "expenditure share of goods", low=0.0, high=1.0, low_open=True, high_open=True
    )
    epsilon: Float[Array, ""] = parameter(
        3.3, "elasticity of commuting (shape of tastes)", low=0.0, low_open=True
    )
    iceberg: Float[Array, "origin destination"] = eqx.field(converter=_array, kw_only=True)
    commuting_cost: Float[Array, "residence workplace"] = eqx.field(converter=_array, kw_only=True)
    amenity: Float[Array, "residence workplace"] = eqx.field(converter=_array, kw_only=True)
    productivity: Float[Array, " place"] = eqx.field(converter=_array, kw_only=True)
    land: Float[Array, " place"] = eqx.field(converter=_array, kw_only=True)
    names: tuple[str, ...] = eqx.field(static=True, kw_only=True)

    def __check_init__(self) -> None:
        n = len(self.names)
        for name in ("iceberg", "commuting_cost", "amenity"):
            check_shape(name, getattr(self, name), (n, n))
        for name in ("productivity", "land"):
            check_shape(name, getattr(self, name), (n,))
            check_range(name, getattr(self, name), 0.0, low_open=True)
        check_range("iceberg", self.iceberg, 1.0)
        check_range("commuting_cost", self.commuting_cost, 0.0, low_open=True)
        check_finite("amenity", self.amenity, nonnegative=True)

    @property
    def groups(self) -> Groups:
        """One group of people over all residences."""
        return Groups.single(len(self.names))

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.names

    @property
    def says(self) -> frozenset[str]:
        """Housing and commuting."""
        return frozenset({"land", "commuting"})

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Log wages: all one."""
        return {"wage": jnp.zeros_like(x)}

    @property
    def _ease(self) -> Float[Array, "residence workplace"]:
        some = self.amenity > 0
        cost = jnp.exp(-self.epsilon * jnp.log(self.commuting_cost))
        return jnp.where(some, self.amenity, 0.0) * cost

    def workers(self, prices: Prices, x: Float[Array, " place"]) -> tuple[Array, Array, Array]:
        """Workers by workplace, income per resident, and log value of access to jobs."""
        ease, pull = self._ease, jnp.exp(self.epsilon * prices["wage"])
        access = ease @ pull
        employed = pull * ((x / access) @ ease)
        income = (ease @ (pull * jnp.exp(prices["wage"]))) / access
        return employed, income, jnp.log(access) / self.epsilon

    def _goods(self, prices: Prices, x: Float[Array, " place"]) -> tuple[Array, Array, Array]:
        theta = self.sigma - 1.0
        freeness = jnp.exp(-theta * jnp.log(self.iceberg))
        employed, income, _ = self.workers(prices, x)
        cost = jnp.exp(-theta * (prices["wage"] - jnp.log(self.productivity)))
        reach = (employed * cost) @ freeness
        access = freeness @ (x * income / reach)
        return jnp.log(reach), jnp.log(cost * access), employed

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of sales per worker over the wage, in the numeraire."""
        _, sales, employed = self._goods(prices, x)
        average = jnp.sum(employed * jnp.exp(prices["wage"])) / jnp.sum(employed)
        return {"wage": sales - prices["wage"] - jnp.log(average)}

    def relaxation(
        self,
        gap: Float[Array, " place"] | None,
        residual: Prices,
        x: Float[Array, " place"],
        **hints: Any,
    ) -> tuple[Array, Prices]:
        """Newton's step of each place on its own, as if others stood still."""
        moved = jnp.zeros_like(x) if gap is None else gap
        wage = residual["wage"] / self.sigma
        return moved / (1.0 - self.alpha + 1.0 / self.epsilon), {"wage": wage}

    def log_rent(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log rent of land."""
        _, income, _ = self.workers(prices, x)
        return jnp.log((1.0 - self.alpha) * income / self.land) + log_mass(x)

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log utility of the marginal resident: access to jobs, prices, rent and taste."""
        log_reach, _, _ = self._goods(prices, x)
        _, _, jobs = self.workers(prices, x)
        goods = self.alpha * log_reach / (self.sigma - 1.0)
        rent = (1.0 - self.alpha) * self.log_rent(prices, x)
        return jobs + goods - rent - log_mass(x) / self.epsilon

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Wage, workers, residents, income per resident, price index, rent and commuting shares."""
        log_reach, _, employed = self._goods(prices, x)
        _, income, _ = self.workers(prices, x)
        flow = self._ease * jnp.exp(self.epsilon * prices["wage"])[None, :]
        return {
            "wage": jnp.exp(prices["wage"]),
            "workers": employed,
            "residents": x,
            "residential_income": income,
            "price_index": jnp.exp(-log_reach / (self.sigma - 1.0)),
            "rent": jnp.exp(self.log_rent(prices, x)),
            "commuting": x[:, None] * flow / jnp.sum(flow, axis=1, keepdims=True),
            "payoff": self.payoff(prices, x),
        }
