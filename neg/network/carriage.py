"""A transport network as layers of trade cost: a part of any economy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.barriers.barrier import Barrier
from neg.core.checks import is_concrete
from neg.core.errors import (
    InvalidParameterError,
    LabelMismatchError,
    unknown_name,
)
from neg.core.groups import group
from neg.core.parameters import altered, option, parameter
from neg.economy.model import Model
from neg.economy.scene import Scene
from neg.network.costs import (
    LAYERS,
    Costs,
    layers,
    money_and_hours,
    openness,
)
from neg.network.radius import check_converges
from neg.network.reach import check_reach
from neg.network.routing import Found, find, found_here, least_costs, smooth_costs, sums_along
from neg.network.terms import Crowding, RouteCosts, own_terms
from neg.network.transport import Network

_LINK, _TRANSFER, _BORDER = ("link",), ("transfer",), ("border",)
_FEE = LAYERS.index("border_fee")


class Carriage(Barrier):
    """Goods travel on a network: freight, time, border fees and clearance along their routes.

        log tau_od,s = least sum of g_kl,s over routes                           routing = least
        tau_od,s^-theta = [(I - A_s)^-1]_od,   A_kl,s = exp(-theta g_kl,s)       routing = smooth
        g_kl,s = money_kl / shipment_s + daily_s hours_kl / 24 + log factor_kl

    Layers add in logs; what shippers gain by their tastes for routes is a layer of its own, not
    positive (``variety``). In smooth routing sales at home are cheaper by their variety too. Build
    it with :meth:`on`. Every link, transfer and border moves by a Lever:
    ``Lever("network.border_hours", "times", borders=("LAO-THA",))``. A link is closed by
    ``network.closed`` at one; in between, that share of its ways is.

    With ``crowding`` (``congested="yes"``) links cost more the more value passes, as a share
    of world income, in economies that report their trade:

        g_kl = g_kl + lambda log(Xi_kl / capacity_kl),   Xi_kl = sum_ods pi_kl^od,s X_od,s

    ``theta`` is the elasticity of routes, apart from that of trade. ``fees`` says who gets border
    fees: nobody (burnt), or the destination, as revenue. ``carried`` names the sectors whose goods
    travel on the network, by default all; the others keep their costs.

    Sources: Allen and Arkolakis (2022), Review of Economic Studies 89(6); cost of time: Hummels
    and Schaur (2013), American Economic Review 103(7).
    """

    label: ClassVar[str] = "network"
    lever: ClassVar[str] = "border_hours"
    source: ClassVar[str] = "Allen and Arkolakis 2022"
    home: ClassVar[bool] = True
    outcome_axes: ClassVar[dict[str, tuple[str, ...]]] = {"traffic": ("link",)}

    network: Network = eqx.field(static=True)
    carried: tuple[str, ...] = eqx.field(static=True, default=(), converter=tuple, kw_only=True)
    costs: RouteCosts = group(RouteCosts, "money and hours of links, transfers, borders")
    shipment: Float[Array, " sector"] = parameter(
        30_000.0, "worth of a shipment", low=0.0, low_open=True, axes=("sector",), unit="USD"
    )
    daily: Float[Array, " sector"] = parameter(
        0.01, "share of it that a day costs", low=0.0, axes=("sector",), unit="1/day"
    )
    theta: Float[Array, ""] = parameter(200.0, "elasticity of routes", low=0.0, low_open=True)
    routing: str = option("least", "which routes goods take", ("least", "smooth"))
    fees: str = option("nobody", "who gets border fees", ("nobody", "destination"))
    crowding: Crowding = group(Crowding, "how traffic slows links")
    routes: tuple[Found, ...] | None = eqx.field(default=None, init=False, repr=False)
    """The cheapest routes of every kind of shipment, where they are known (:meth:`ahead`)."""

    @classmethod
    def on(cls, network: Network, **given: Any) -> Carriage:
        """The part for a network, with its money, hours and capacities unless others are given.

        >>> from neg.network import Carriage, network
        >>> road = {"road": {"usd_per_km": 1.0, "kmh": 40.0}}
        >>> net = network(["0", "1"], [("0", "1", "road", 400)], modes=road)
        >>> float(Carriage.on(net, routing="smooth").costs.link_hours[0])
        10.0
        """
        return cls(network=network, **(own_terms(network) | given))

    # What it is on -----------------------------------------------------------------------------

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of links, transfers and borders."""
        return self.network.labels

    def _places(self, model: Any) -> np.ndarray:
        return self.network.index(model.place_names)

    def check(self, model: Model) -> None:
        """Raise a named error where places are not on the network, or routes do not converge."""
        missing = [name for name in model.place_names if name not in self.network.names]
        if missing:
            raise LabelMismatchError(
                f"places {missing} of the economy are not on the network, which has "
                f"{list(self.network.names)}; every one must be"
            )
        self._check_given(model)
        if self.crowding.congested == "yes":
            self._check_congested(model)
        if is_concrete([*self._costs(), self.shipment, self.daily, self.theta]):
            self._check_routes(model.place_names)

    def _check_given(self, model: Model) -> None:
        if self.fees == "destination" and "tariff" not in model.accepts:
            raise InvalidParameterError(
                f"fees = 'destination' is not allowed: {type(model).__name__} has no revenue of "
                "tariffs; must be 'nobody'"
            )
        for name in self.carried:
            if name not in model.labels.get("sector", ()):
                raise unknown_name("sector in carried", name, model.labels.get("sector", ()))

    def _check_congested(self, model: Model) -> None:
        x = model.initial_distribution()
        found = jax.eval_shape(lambda d: model.outcomes(model.initial_prices(d), d), x)
        if "trade" not in found or self.routing != "smooth":
            raise InvalidParameterError(
                "crowding.congested = 'yes' needs routing='smooth' and an economy that reports its "
                f"trade (a general economy); got routing={self.routing!r} on {type(model).__name__}"
            )

    def _check_routes(self, names: Sequence[str]) -> None:
        graph, places = self.network.graph, self.network.index(names)
        for value, daily in self._shipments():
            cost = np.asarray(self._open(self._arcs(value, daily, None)))
            check_reach(graph, cost, places, names)
            if self.routing == "smooth" and self.crowding.congested == "no":
                check_converges(graph, cost, float(self.theta))

    def _shipments(self) -> list[tuple[Array, Array]]:
        """Worth and daily cost of shipments: one pair, or one for each sector."""
        value, daily = jnp.ravel(self.shipment), jnp.ravel(self.daily)
        count = max(value.shape[0], daily.shape[0])
        value, daily = jnp.broadcast_to(value, (count,)), jnp.broadcast_to(daily, (count,))
        return [(value[s], daily[s]) for s in range(count)]

    def _costs(self) -> Costs:
        sizes = {axis: len(names) for axis, names in self.network.labels.items()}
        return Costs(*(self.full(name, sizes) for name in Costs._fields))

    # Routes -----------------------------------------------------------------------------------

    def _arcs(self, value: Any, daily: Any, load: Array | None) -> Array:
        """Log cost of arcs by layer; congestion is on the layer of factors."""
        graph = self.network.graph
        found = layers(graph, self._costs(), value, daily)
        if load is None:
            return found
        size = {"link": len(self.network.links)}
        cap = jnp.log(self.full("capacity", size))[np.maximum(graph.link, 0)]
        more = self.crowding.congestion * (load - cap)
        slowed = jnp.where(jnp.asarray(graph.link >= 0), more, 0.0)
        return found.at[-1].add(slowed)

    def _open(self, arcs: Array) -> Array:
        """Cost of every arc, infinite where it is closed."""
        opened = openness(self.network.graph, self._costs())
        return jnp.where(opened > 0, jnp.sum(arcs, axis=0), jnp.inf)

    def ahead(self, model: Model) -> Carriage:
        """The same with its cheapest routes, which compiled code then need not ask for."""
        given = [*self._costs(), self.shipment, self.daily]
        if self.routing != "least" or not is_concrete(given):
            return self
        graph, places = self.network.graph, self._places(model)
        costs = [np.asarray(self._open(self._arcs(*one, None))) for one in self._shipments()]
        routes = tuple(found_here(graph, cost, places, places) for cost in costs)
        return altered(self, routes=routes)

    def behind(self) -> Carriage:
        """The same without routes."""
        return altered(self, routes=None)

    def _found(self, arcs: Array, places: np.ndarray, kind: int) -> Found:
        """The cheapest routes of a kind of shipment."""
        if self.routes is not None:
            return self.routes[kind]
        return find(self.network.graph, self._open(arcs), places, places)

    def _log_tau(self, arcs: Array, places: np.ndarray, kind: int) -> Array:
        graph, cost = self.network.graph, jnp.sum(arcs, axis=0)
        if self.routing == "least":
            return least_costs(graph, cost, self._found(arcs, places, kind))
        opened = openness(graph, self._costs())
        return smooth_costs(graph, cost, opened, self.theta, places, places)

    def _expected(self, arcs: Array, places: np.ndarray, kind: int, rows: Array) -> Array:
        """Sums of ``rows [k, arc]`` over the routes taken, ``[k, origin, destination]``."""
        if self.routing == "least":
            return sums_along(self.network.graph, rows, self._found(arcs, places, kind))

        def tau(more: Array) -> Array:
            dearer = jnp.concatenate([arcs[:-1], arcs[-1:] + more[None]])
            return self._log_tau(dearer, places, kind)

        zero = jnp.zeros(arcs.shape[1])
        return jnp.stack([jax.jvp(tau, (zero,), (row,))[1] for row in rows])

    def _by_kind(self, scene: Scene) -> list[tuple[Array, np.ndarray, int]]:
        """Cost of arcs by layer for every kind of shipment, the places, and the kind's number."""
        places, load = self._places(scene.model), self._load(scene)
        kinds = enumerate(self._shipments())
        return [(self._arcs(*one, load), places, kind) for kind, one in kinds]

    def _load(self, scene: Scene) -> Array | None:
        return scene.own(self, "load") if self.crowding.congested == "yes" else None

    def log_factor(self, scene: Scene) -> Float[Array, "origin destination *sector"]:
        """Log of trade costs, by sector where shipments differ."""
        return self._by_sector(scene, [self._log_tau(*one) for one in self._by_kind(scene)])

    def _by_sector(self, scene: Scene, found: list[Array]) -> Array:
        """One array from one for each kind of shipment; zero for sectors that are not carried."""
        if not self.carried:
            return found[0] if len(found) == 1 else jnp.stack(found, axis=-1)
        return jnp.stack(found, axis=-1) * self._on(scene)

    def _on(self, scene: Scene) -> np.ndarray:
        """One for sectors that are carried, zero for others."""
        names = scene.model.labels.get("sector", ("",))
        return np.array([float(not self.carried or name in self.carried) for name in names])

    def _by_layer(self, scene: Scene) -> Array:
        """Log cost by layer of the routes taken, ``[layer, origin, destination, *sector]``."""
        found = [self._expected(*one, one[0]) for one in self._by_kind(scene)]
        return self._by_sector(scene, found)

    def effects(self, scene: Scene) -> dict[str, Array]:
        """What is burnt on the way, and fees where they are revenue."""
        total = self.log_factor(scene)
        if self.fees == "nobody":
            return {"barrier": total}
        fee = self._by_layer(scene)[_FEE]
        return {"barrier": total - fee, "tariff": fee}

    # Congestion -------------------------------------------------------------------------------

    def traffic(self, scene: Scene) -> Float[Array, " arc"]:
        """Value on every arc, as a share of world income."""
        trade = scene.quantity("trade")
        trade = trade if trade.ndim == 3 else trade[..., None]
        income = jnp.sum(trade)
        trade = trade * self._on(scene)
        kinds = self._by_kind(scene)
        parts = []
        for arcs, places, kind in kinds:
            flows = trade.sum(axis=2) if len(kinds) == 1 else trade[..., kind]
            _, back = jax.vjp(
                lambda more, arcs=arcs, places=places, kind=kind: self._log_tau(
                    jnp.concatenate([arcs[:-1], arcs[-1:] + more[None]]), places, kind
                ),
                jnp.zeros(arcs.shape[1]),
            )
            parts.append(back(flows)[0])
        return sum(parts[1:], parts[0]) / income

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Log traffic of arcs, where it slows links; of others, zero."""
        if self.crowding.congested == "no":
            return {}
        size = {"link": len(self.network.links)}
        start = jnp.log(self.full("capacity", size))[np.maximum(self.network.graph.link, 0)]
        return {"load": jnp.where(self._used(), start, 0.0)}

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Traffic is that of the trade that its own slowness leaves."""
        if self.crowding.congested == "no":
            return {}
        load, used = scene.own(self, "load"), self._used()
        flow = jnp.where(used, self.traffic(scene), 1.0)
        return {"load": jnp.where(used, jnp.log(flow) - load, load)}

    def _used(self) -> Array:
        """Arcs whose traffic slows them: those of links that are not closed altogether."""
        graph = self.network.graph
        return jnp.asarray(graph.link >= 0) & (openness(graph, self._costs()) > 0)

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Trade costs and their layers in logs, hours from door to door, traffic if congested."""
        total = self.log_factor(scene)
        layer = self._by_layer(scene)
        found = {"factor": jnp.exp(total), **dict(zip(LAYERS, layer, strict=True))}
        one_way = self.routing == "least"  # its cost is added up in another order
        found["variety"] = jnp.zeros_like(total) if one_way else total - layer.sum(axis=0)
        found["hours"] = self.transit(scene)
        if self.crowding.congested == "yes":
            graph, arcs = self.network.graph, self.traffic(scene)
            on = np.flatnonzero(graph.link >= 0)
            links = jnp.zeros(len(self.network.links))
            found["traffic"] = links.at[graph.link[on]].add(arcs[on])
        return found

    def transit(self, scene: Scene) -> Array:
        """Hours from door to door on the routes taken, borders included."""
        _, hours, _, clearance = money_and_hours(self.network.graph, self._costs())
        rows = (hours + clearance)[None]
        found = [self._expected(*one, rows)[0] for one in self._by_kind(scene)]
        return self._by_sector(scene, found)

    @property
    def words(self) -> str:
        """The network."""
        return "the transport network"
