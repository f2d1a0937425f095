"""Trade and people on a network whose links congest, in a sparse system without any inverse."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_range
from neg.core.errors import InvalidParameterError
from neg.core.logs import log_mass
from neg.core.parameters import parameter
from neg.economy.groups import Groups
from neg.economy.ledger import Ledger, at_home
from neg.economy.model import Model, Prices
from neg.network.costs import check_shipment, layers, take
from neg.network.radius import spectral_radius
from neg.network.transport import Network

_LINK = ("link",)


class RoutedTrade(Model):
    """People, productivity and amenity at the nodes of a network; traffic that slows its links.

    Routes differ in tastes as goods do: the elasticity of routes is that of trade, ``theta``.
    With ``a_kl = t_kl^-theta`` and traffic ``Xi_kl = a_kl p_k q_l`` (share of world income),

        p_s = Y_s / Pi_s + sum_k p_k a_ks         P_j^-theta: sum of p over the modes of a place
        q_s = Y_s / P_s  + sum_l a_sl q_l         Pi_i: sum of q over them
        t_kl = tbar_kl (Xi_kl / capacity_kl)^lambda
        Pi_i = (w_i / A_i)^theta Y_i,   Y_i = w_i x_i,   A_i = productivity_i x_i^alpha
        V_i = log w_i - log P_i + beta log x_i + log amenity_i

    Congestion is solved out link by link, so that there are two unknowns for each state whatever
    the number of links. Numeraire: world income. Build it with :meth:`on`.

    Uniqueness for symmetric links: ``alpha + beta <= 0``. Leaves out: congestion in nodes.

    Source: Allen and Arkolakis (2022), Review of Economic Studies 89(6).

    >>> from neg import short_run
    >>> from neg.network import RoutedTrade, grid
    >>> two = RoutedTrade.on(grid(1, 2, 1.8), theta=5.0, alpha=0.0, beta=0.0)
    >>> found = short_run(two, [0.5, 0.5])  # -log(1 - 1.8^-5) / 5, with all ways to and fro
    >>> [round(float(value), 6) for value in found.payoff]
    [0.010875, 0.010875]
    """

    source: ClassVar[str] = "Allen and Arkolakis 2022"

    network: Network = eqx.field(static=True)
    factor: Float[Array, " link"] = parameter(
        meaning="iceberg factor tbar of links at capacity", low=0.0, low_open=True, axes=_LINK
    )
    capacity: Float[Array, " link"] = parameter(
        1.0, "traffic at which a link costs tbar", low=0.0, low_open=True, axes=_LINK
    )
    change: Float[Array, " transfer"] = parameter(
        1.0, "iceberg factor of transfers", low=1.0, axes=("transfer",)
    )
    productivity: Float[Array, " place"] = parameter(
        1.0, "productivity", low=0.0, low_open=True, axes=("place",)
    )
    amenity: Float[Array, " place"] = parameter(
        1.0, "amenity", low=0.0, low_open=True, axes=("place",)
    )
    theta: Float[Array, ""] = parameter(
        8.0, "elasticity of trade, and of routes", low=0.0, low_open=True
    )
    alpha: Float[Array, ""] = parameter(0.1, "elasticity of productivity to population")
    beta: Float[Array, ""] = parameter(-0.3, "elasticity of amenity to population")
    congestion: Float[Array, ""] = parameter(0.0, "elasticity lambda of link costs", low=0.0)

    @classmethod
    def on(
        cls, network: Network, *, shipment: float = 30_000.0, daily: float = 0.01, **parameters: Any
    ) -> RoutedTrade:
        """The economy on a network, its links costing what money, hours and borders come to.

        ``shipment`` is what it is worth, USD, ``daily`` the share of it that a day costs.
        """
        check_shipment(shipment, daily)
        graph = network.graph
        cost = np.asarray(layers(graph, network.costs, shipment, daily).sum(axis=0))
        sizes = len(network.links), len(network.transfers)
        own = [np.ones(size) for size in sizes]
        for numbers, index in zip(own, (graph.link, graph.transfer), strict=True):
            numbers[index[index >= 0]] = np.exp(cost[index >= 0])
        given = {"factor": own[0], "change": own[1], "capacity": network.capacity}
        return cls(network=network, **{**given, **parameters})

    def __check_init__(self) -> None:
        self.check_axes({axis: len(names) for axis, names in self.labels.items()})
        if self.network.graph.stay.any():
            raise InvalidParameterError(
                "the network changes vehicles within a mode, which this economy does not tell "
                "apart; must do so through the part Carriage"
            )
        check_range("theta", self.theta, 0.0, low_open=True)

    # Names -----------------------------------------------------------------------------------

    @property
    def groups(self) -> Groups:
        """One group over all places."""
        return Groups.single(len(self.network.places))

    @property
    def place_names(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.network.names

    @property
    def cell_labels(self) -> tuple[str, ...]:
        """The names of the places."""
        return self.network.names

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names along every axis, links and arcs too."""
        found = self.network.labels
        arcs = tuple(str(k) for k in range(self.network.graph.arcs))
        return super().labels | {axis: found[axis] for axis in ("link", "transfer")} | {"arc": arcs}

    def axes_of(self, name: str, shape: tuple[int, ...]) -> tuple[str, ...] | None:
        """Axes of outcomes, those on links by their names."""
        on = {"traffic": ("link",), "arc_traffic": ("arc",), "arc_cost": ("arc",)}
        return on.get(name) or super().axes_of(name, shape)

    # Equations -------------------------------------------------------------------------------

    def initial_prices(self, x: Float[Array, " place"]) -> Prices:
        """Logs of p and q as if nobody traded."""
        states = self.network.graph.states
        return {"p": jnp.zeros(states), "q": jnp.zeros(states)}

    def _sums(self, prices: Prices, x: Array) -> dict[str, Array]:
        graph = self.network.graph
        place, count = jnp.asarray(graph.place), len(self.network.places)

        def by_place(log: Array) -> Array:
            return jnp.log(jnp.zeros(count).at[place].add(jnp.exp(log)))

        log_out, log_p = by_place(prices["q"]), by_place(prices["p"])
        made = jnp.log(self.productivity) + self.alpha * log_mass(x)
        wage = (self.theta * made + log_out - log_mass(x)) / (1.0 + self.theta)
        income = wage + log_mass(x)
        return {"wage": wage, "income": income, "out": log_out, "index": log_p}

    def _log_cost(self, prices: Prices) -> Float[Array, " arc"]:
        """Log cost of arcs, congestion solved out: ``(1 + theta lambda) log t = ...``."""
        graph = self.network.graph
        free = take(jnp.log(self._all("factor", "link")), graph.link)
        free = free + take(jnp.log(self._all("change", "transfer")), graph.transfer)
        load = prices["p"][graph.tail] + prices["q"][graph.head]
        load = load - take(jnp.log(self._all("capacity", "link")), graph.link)
        strength = jnp.where(jnp.asarray(graph.link >= 0), self.congestion, 0.0)
        return (free + strength * load) / (1.0 + self.theta * strength)

    def _all(self, name: str, axis: str) -> Array:
        return self.full(name, {axis: len(self.network.labels[axis])})

    def market_residual(self, prices: Prices, x: Float[Array, " place"]) -> Prices:
        """Log gaps of p and q; world income, the numeraire, is taken from those of q."""
        graph = self.network.graph
        sums = self._sums(prices, x)
        p, q = jnp.exp(prices["p"]), jnp.exp(prices["q"])
        weight = jnp.exp(-self.theta * self._log_cost(prices))
        supply = jnp.exp(sums["income"] - sums["out"])[graph.place]
        demand = jnp.exp(sums["income"] - sums["index"])[graph.place]
        into = supply.at[graph.head].add(weight * p[graph.tail])
        onward = demand.at[graph.tail].add(weight * q[graph.head])
        world = jnp.log(jnp.sum(jnp.exp(sums["income"])))
        return {
            "p": jnp.log(into) - prices["p"],
            "q": jnp.log(onward) - prices["q"] - world,
        }

    def payoff(self, prices: Prices, x: Float[Array, " place"]) -> Float[Array, " place"]:
        """Log real wage and amenity."""
        sums = self._sums(prices, x)
        real = sums["wage"] + sums["index"] / self.theta
        return real + self.beta * log_mass(x) + jnp.log(self.amenity)

    def ledger(self, prices: Prices, x: Float[Array, " place"]) -> Ledger:
        """Wages, all spent on goods; who buys where takes a dense inverse over states."""
        graph, sums = self.network.graph, self._sums(prices, x)
        weight = jnp.exp(-self.theta * self._log_cost(prices))
        steps = jnp.zeros((graph.states, graph.states)).at[graph.tail, graph.head].add(weight)
        ways = jnp.linalg.inv(jnp.eye(graph.states) - steps)
        sold = jnp.exp(sums["income"] - sums["out"])[graph.place][:, None] * ways
        sold = sold * jnp.exp(sums["income"] - sums["index"])[graph.place]
        pair = jnp.asarray(graph.place)[:, None], jnp.asarray(graph.place)[None, :]
        places = len(self.network.places)
        return {
            ("firms", "people", "wages"): at_home(jnp.exp(sums["income"])),
            ("people", "firms", "consumption"): jnp.zeros((places, places)).at[pair].add(sold).T,
        }

    def outcomes(self, prices: Prices, x: Float[Array, " place"]) -> dict[str, Array]:
        """Wages, prices, people; cost and traffic of arcs, traffic of links both ways."""
        graph = self.network.graph
        sums = self._sums(prices, x)
        cost = self._log_cost(prices)
        load = prices["p"][graph.tail] + prices["q"][graph.head] - self.theta * cost
        traffic = jnp.exp(load)
        links = jnp.zeros(len(self.network.links))
        on = np.flatnonzero(graph.link >= 0)
        return {
            "wage": jnp.exp(jnp.where(x > 0, sums["wage"], jnp.nan)),
            "price_index": jnp.exp(-sums["index"] / self.theta),
            "income": jnp.exp(sums["income"]),
            "industry_share": x,
            "traffic": links.at[graph.link[on]].add(traffic[on]),
            "arc_traffic": traffic,
            "arc_cost": jnp.exp(cost),
            "payoff": self.payoff(prices, x),
        }

    def radius(self, prices: Prices) -> float:
        """Spectral radius of the matrix of links at a solution: below one where routes converge."""
        cost = np.asarray(self._log_cost(prices))
        return spectral_radius(self.network.graph, cost, float(self.theta))
