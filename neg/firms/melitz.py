"""Melitz: firms that differ enter, and the productive ones serve more places."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_labels, check_shape, is_concrete
from neg.core.errors import InvalidParameterError
from neg.economy.groups import Groups
from neg.economy.ledger import Ledger, at_home
from neg.economy.model import Alias, Model, Prices, parameter
from neg.firms.census import Census, Sales, census
from neg.firms.cutoffs import least_size
from neg.menus import Pareto, Productivity


class _Firms(NamedTuple):
    """Per entrant of each origin, in each destination."""

    slope: Float[Array, "origin destination"]
    fixed: Float[Array, "origin destination"]
    cut: Float[Array, "origin destination"]
    number: Float[Array, "origin destination"]
    volume: Float[Array, "origin destination"]


def _inner(name: str) -> Alias:
    """A parameter of the distribution, as one of the model."""

    def put(model: Any, value: Any) -> Any:
        return model.with_(productivity=model.productivity.with_(**{name: value}))

    return Alias(f"{name} of productivity", lambda model: getattr(model.productivity, name), put)


class Melitz(Model):
    """Firms that differ in productivity z, in many places, with labour alone.

        B_j      = E_j P_j^(sigma - 1) (sigma / (sigma - 1))^(1 - sigma) / sigma
        slope_ij = B_j (w_i tau_ij)^(1 - sigma)
        F_ij     = fixed_ij w_i^(1 - d) w_j^d,     x = z^(sigma - 1),   cut_ij = F_ij / slope_ij
        w_i entry_i = sum_j (slope_ij E[x; x > cut] - F_ij P(x > cut))          free entry
        w_i L_i = labour for entry, production and fixed costs here             labour market
        w_j L_j = sum_i M_i sigma slope_ij E[x; x > cut_ij]                     goods market

    d is the share of the fixed cost of serving a place that is paid to labour there. Numeraire:
    the wage of the first place. Workers do not move; the same firms in an economy with several
    sectors, inputs and mobility are the part :class:`neg.firms.Selection`.

    Outcomes: wages, price indices, entrants, cut-offs, firms, trade, the extensive elasticity,
    and the shares of firms with at most ``limit`` workers (see :func:`neg.firms.census.census`).

    >>> from neg import short_run
    >>> economy = Melitz(
    ...     workers=[1.0, 2.0], fixed=[[0.5, 0.8], [0.9, 0.6]], entry=[1.0, 1.2],
    ...     tau=[[1.0, 1.3], [1.25, 1.0]], sigma=4.0, productivity=Pareto(4.5),
    ... )
    >>> found = short_run(economy).outcomes
    >>> [round(float(wage), 9) for wage in found["wage"]]
    [1.0, 1.014700066]

    Raises :class:`neg.core.errors.InvalidParameterError` for a Pareto distribution with
    ``kappa <= sigma - 1``, whose firms have no mean size.

    Source: Melitz (2003), Econometrica 71(6); Chaney (2008), American Economic Review 98(4);
    log-normal: Head, Mayer and Thoenig (2014). Leaves out: exit in time, capital, inputs.
    """

    aliases: ClassVar[dict[str, Alias]] = {
        name: _inner(name) for name in ("kappa", "low", "mu", "sd")
    }

    workers: Float[Array, " place"] = parameter(
        meaning="workers", low=0.0, low_open=True, axes=("place",)
    )
    fixed: Float[Array, "origin destination"] = parameter(
        meaning="fixed cost of serving a place",
        low=0.0,
        low_open=True,
        axes=("origin", "destination"),
        unit="workers",
    )
    entry: Float[Array, " place"] = parameter(
        1.0, "cost of entry", low=0.0, low_open=True, axes=("place",), unit="workers"
    )
    tau: Float[Array, "origin destination"] = parameter(
        1.0, "iceberg cost", low=0.0, low_open=True, axes=("origin", "destination"), cost=True
    )
    sigma: Float[Array, ""] = parameter(
        4.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    productivity: Productivity = eqx.field(default_factory=Pareto)
    destination: Float[Array, ""] = parameter(
        0.0, "share of fixed costs paid to labour of the destination", low=0.0, high=1.0
    )
    limit: Float[Array, ""] = parameter(
        10.0, "workers of the largest small firm", low=0.0, low_open=True, unit="workers"
    )
    premium: Float[Array, ""] = parameter(
        0.0, "elasticity of value added per worker to size", low=0.0, high=1.0, high_open=True
    )
    names: tuple[str, ...] | None = eqx.field(default=None, static=True)

    def __check_init__(self) -> None:
        n = self.workers.shape[0] if self.workers.ndim else 0
        for name, shape in (("workers", (n,)), ("fixed", (n, n)), ("entry", (n,)), ("tau", (n, n))):
            value = getattr(self, name)
            if value.ndim or name == "workers":
                check_shape(name, value, shape if n else (1,))
        if self.names is not None:
            check_labels("names", self.names)
            check_shape("names", self.names, (n,))
        law, sigma = self.productivity, self.sigma
        if not isinstance(law, Pareto) or not is_concrete((law.kappa, sigma)):
            return
        if float(law.kappa) <= float(sigma) - 1.0:
            raise InvalidParameterError(
                f"kappa = {float(law.kappa):g} is not allowed; must exceed sigma - 1 = "
                f"{float(sigma) - 1.0:g}, or firms have no mean size"
            )

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.names or tuple(str(i) for i in range(self.workers.shape[0]))

    @property
    def groups(self) -> Groups:
        """Workers of each place, who stay."""
        return Groups(jnp.arange(self.workers.shape[0]), self.workers)

    @property
    def size(self) -> Productivity:
        """The distribution of ``x = z^(sigma - 1)``."""
        return self.productivity.raised(self.sigma - 1.0)

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Wages of one, and what clears the markets of each place on its own."""
        fixed, entry = self._cost().diagonal(), jnp.broadcast_to(self.entry, x.shape)
        cut = least_size(self.size, fixed, entry)
        slope = fixed / cut
        entrants = x / (self.sigma * slope * self.size.above(1.0, cut))
        tau = jnp.broadcast_to(self.tau, fixed.shape * 2).diagonal()
        return {
            "wage": jnp.zeros_like(x),
            "scale": jnp.log(slope) + (self.sigma - 1.0) * jnp.log(tau),
            "entrants": jnp.log(entrants),
        }

    def _cost(self) -> Float[Array, "origin destination"]:
        n = self.workers.shape[0]
        return jnp.broadcast_to(self.fixed, (n, n))

    def _firms(self, prices: Prices) -> _Firms:
        log_wage = prices["wage"]
        log_slope = prices["scale"] + (1.0 - self.sigma) * (log_wage[:, None] + jnp.log(self.tau))
        slope = jnp.exp(log_slope)
        paid = (1.0 - self.destination) * log_wage[:, None] + self.destination * log_wage
        fixed = self._cost() * jnp.exp(paid)
        size = self.size
        cut = jnp.maximum(fixed / slope, size.least)
        return _Firms(slope, fixed, cut, size.above(0.0, cut), size.above(1.0, cut))

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log excess of expected profit over entry, of labour demand, and of goods supplied."""
        seen, wage, entrants = (
            self._firms(prices),
            jnp.exp(prices["wage"]),
            jnp.exp(prices["entrants"]),
        )
        variable, overhead = seen.slope * seen.volume, seen.fixed * seen.number
        here = (self.sigma - 1.0) * variable + (1.0 - self.destination) * overhead
        hired = entrants * (wage * self.entry + jnp.sum(here, axis=1))
        hired = hired + self.destination * (entrants @ overhead)
        profit = jnp.sum(variable - overhead, axis=1)
        log_income = prices["wage"] + jnp.log(x)
        sold = self.sigma * (entrants @ variable)
        return {
            "wage": jnp.log(hired) - log_income,
            "entrants": jnp.log(profit) - prices["wage"] - jnp.log(self.entry),
            # Walras' law: the log of the numeraire, taken from every goods market, must be zero.
            "scale": jnp.log(sold) - log_income - prices["wage"][0],
        }

    def log_index(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log price index, from market size and the profit that a unit of size earns."""
        mark_up = self.sigma / (self.sigma - 1.0)
        log_scale = prices["scale"] - prices["wage"] - jnp.log(x) + jnp.log(self.sigma)
        return log_scale / (self.sigma - 1.0) + jnp.log(mark_up)

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log real wage."""
        return prices["wage"] - self.log_index(prices, x)

    def sales(self, prices: Prices) -> Sales:
        """What the firms of each place do in each market, by size."""
        seen, wage = self._firms(prices), jnp.exp(prices["wage"])[:, None]
        labour = (self.sigma - 1.0) * seen.slope / wage
        overhead = (1.0 - self.destination) * seen.fixed / wage
        return Sales(seen.cut, labour, overhead, self.sigma * seen.slope)

    def small(self, prices: Prices) -> Census:
        """Shares of firms with at most ``limit`` workers, by place."""
        home = jnp.eye(self.workers.shape[0])
        return census(self.sales(prices), self.size, self.limit, self.premium, home)

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Wages for entry, production and fixed costs, here and where firms sell; consumption."""
        seen, entrants = self._firms(prices), jnp.exp(prices["entrants"])
        variable, overhead = seen.slope * seen.volume, seen.fixed * seen.number
        here = (self.sigma - 1.0) * variable + (1.0 - self.destination) * overhead
        entry = jnp.exp(prices["wage"]) * self.entry
        away = self.destination * entrants[:, None] * overhead
        return {
            ("firms", "people", "wages"): at_home(entrants * (entry + jnp.sum(here, axis=1)))
            + away,
            ("people", "firms", "consumption"): (entrants[:, None] * self.sigma * variable).T,
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Named outcomes by place, and by origin and destination."""
        seen, entrants = self._firms(prices), jnp.exp(prices["entrants"])
        trade = entrants[:, None] * self.sigma * seen.slope * seen.volume
        cutoff = seen.cut ** (1.0 / (self.sigma - 1.0))
        few = self.small(prices)
        return {
            "wage": jnp.exp(prices["wage"]),
            "price_index": jnp.exp(self.log_index(prices, x)),
            "real_wage": jnp.exp(self.payoff(prices, x)),
            "payoff": self.payoff(prices, x),
            "entrants": entrants,
            "cutoff": cutoff,
            "firms": entrants[:, None] * seen.number,
            "participation": seen.number,
            "trade": trade,
            "trade_share": trade / jnp.sum(trade, axis=0),
            "extensive_elasticity": self.productivity.hazard(self.sigma - 1.0, cutoff),
            "small_enterprises": few.enterprises,
            "small_jobs": few.jobs,
            "small_value_added": few.value_added,
            "small_exports": few.exports,
            "productivity_gap": few.productivity_gap,
        }
