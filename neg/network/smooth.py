"""Routes when shippers differ in tastes for them: trade costs, use of links, traffic, entropy."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float

from neg.core.checks import check_choice, check_range
from neg.core.compilation import own_settings
from neg.core.errors import DisconnectedPlaceError
from neg.core.labels import align
from neg.network.costs import LAYERS, check_shipment, layers, money_and_hours, openness
from neg.network.radius import check_converges
from neg.network.routing import smooth_costs
from neg.network.transport import Network


@eqx.filter_jit
def _log_tau(graph: Any, cost: Array, opened: Array, theta: Array, at: Any, to: Any) -> Array:
    return smooth_costs(graph.it, cost, opened, theta, at.it, to.it)


@eqx.filter_jit
def _use(graph: Any, cost: Array, opened: Array, theta: Array, at: Any, to: Any, by: Array) -> Any:
    """Traffic on every arc: expected uses times flows, by one adjoint solve."""
    _, back = jax.vjp(lambda g: smooth_costs(graph.it, g, opened, theta, at.it, to.it), cost)
    return back(by)[0]


@eqx.filter_jit
def _expected(
    graph: Any, cost: Array, opened: Array, theta: Array, at: Any, to: Any, by: Array
) -> Any:
    """Sum of each row of ``by [k, arc]`` over expected uses: a forward solve for each."""

    def along(tangent: Array) -> Array:
        def tau(g: Array) -> Array:
            return smooth_costs(graph.it, g, opened, theta, at.it, to.it)

        return jax.jvp(tau, (cost,), (tangent,))[1]

    return jnp.stack([along(row) for row in by])


class _Fixed:
    """Something that stays what it is: compared by its contents or, if large, by being the same."""

    def __init__(self, it: Any) -> None:
        self.it = it
        self._key = it.tobytes() if isinstance(it, np.ndarray) else id(it)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Fixed) and self._key == other._key


@dataclasses.dataclass(frozen=True)
class SmoothRoutes:
    """Trade costs and the use of links at one elasticity of routes.

    pi_kl^od = d log tau_od / d log d_kl                    expected uses, above one with loops
    log tau_od = sum_kl pi_kl^od log d_kl - H_od / theta    H: entropy of routes
    Xi_kl = sum_od pi_kl^od X_od                            traffic, in the unit of flows X
    """

    network: Network
    theta: float
    shipment: float
    daily: float
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    spectral_radius: float
    """Of the matrix of links; NaN where many links add up to less than one in every row, which is
    enough."""

    @cached_property
    def _layers(self) -> Float[Array, "layer arc"]:
        return layers(self.network.graph, self.network.costs, self.shipment, self.daily)

    @property
    def _given(self) -> tuple[Any, Any, Any, Any, Any, Any]:
        graph, at = self.network.graph, self.network.index(self.origins)
        opened = openness(graph, self.network.costs)
        ends = _Fixed(at), _Fixed(self.network.index(self.destinations))
        return _Fixed(graph), jnp.sum(self._layers, axis=0), opened, jnp.asarray(self.theta), *ends

    def _pairs(self, values: Any, name: str, unit: str = "1") -> xr.DataArray:
        coords = {"origin": list(self.origins), "destination": list(self.destinations)}
        return xr.DataArray(
            np.asarray(values),
            dims=("origin", "destination"),
            coords=coords,
            name=name,
            attrs={"units": unit},
        )

    @cached_property
    def log_tau(self) -> xr.DataArray:
        """Log trade costs ``[origin, destination]``; at home at most zero."""
        found = self._pairs(_log_tau(*self._given), "log trade cost")
        away = np.isposinf(found.values)
        if away.any():
            o, d = np.argwhere(away)[0]
            raise DisconnectedPlaceError(
                f"no route leads from {self.origins[o]!r} to {self.destinations[d]!r}; every place "
                "must be within reach of every other (a change of mode needs a transfer)"
            )
        return found

    @property
    def tau(self) -> xr.DataArray:
        """Trade costs ``[origin, destination]``."""
        return self._pairs(np.exp(self.log_tau.values), "trade cost")

    def traffic(self, flows: Any) -> pd.Series:
        """Traffic on every link and transfer, by label and direction, in the unit of the flows.

        ``flows`` is ``[origin, destination]``, labelled or in the order of the places, sales at
        home included.
        """
        axes = {"origin": self.origins, "destination": self.destinations}
        by = np.broadcast_to(
            align("flows", flows, axes), (len(self.origins), *self.log_tau.shape[1:])
        )
        return self._by_arc(_use(*self._given, jnp.asarray(by)), "traffic")

    def expected_use(self, origin: str, destination: str) -> pd.Series:
        """How often a trip uses every link and transfer, by label and direction, on average."""
        by = np.zeros(self.log_tau.shape)
        among = self.network.place_among
        row = among("origin of the routes", origin, self.origins)
        by[row, among("destination of the routes", destination, self.destinations)] = 1.0
        return self._by_arc(_use(*self._given, jnp.asarray(by)), "expected uses")

    def link_loads(self, flows: Any) -> pd.Series:
        """Traffic of every link, both directions together, by its label."""
        found = self.traffic(flows)
        labels = self.network.labels["link"]
        return found.groupby(level="label").sum().reindex(labels)

    def mode_shares(self, flows: Any, weight: str = "km") -> pd.Series:
        """Share of each mode in traffic times ``km``, or in traffic times ``links``."""
        check_choice("weight", weight, ("km", "links"))
        loads = self.link_loads(flows)
        km = np.array([link.km for link in self.network.links])
        mode = [link.mode for link in self.network.links]
        total = (loads * (km if weight == "km" else 1.0)).groupby(mode).sum()
        return (total / total.sum()).rename("share of traffic")

    @cached_property
    def hours(self) -> xr.DataArray:
        """Expected hours from door to door, borders included."""
        _, hours, _, clearance = money_and_hours(self.network.graph, self.network.costs)
        return self._pairs(_expected(*self._given, (hours + clearance)[None])[0], "hours", "hours")

    @cached_property
    def usd(self) -> xr.DataArray:
        """Expected money for a shipment, borders included."""
        usd, _, fee, _ = money_and_hours(self.network.graph, self.network.costs)
        return self._pairs(_expected(*self._given, (usd + fee)[None])[0], "money", "USD")

    @cached_property
    def layers(self) -> xr.DataArray:
        """What log trade costs are made of: they add up over layers.

        Expected log cost of routes by layer, and ``variety``: minus entropy over theta, what is
        gained as each shipper takes the route that suits it.
        """
        parts = np.asarray(_expected(*self._given, self._layers))
        variety = self.log_tau.values - parts.sum(axis=0)
        coords = {"layer": [*LAYERS, "variety"], **self.log_tau.coords}
        return xr.DataArray(
            np.concatenate([parts, variety[None]]),
            dims=("layer", "origin", "destination"),
            coords=coords,
            attrs={"units": "log points"},
        )

    @property
    def expected_log_cost(self) -> xr.DataArray:
        """Log cost of the routes taken, on average."""
        return self.layers.sel(layer=list(LAYERS)).sum("layer")

    @property
    def entropy(self) -> xr.DataArray:
        """Entropy of routes H, zero where there is one only."""
        return self.theta * (self.expected_log_cost - self.log_tau)

    def _by_arc(self, values: Any, name: str) -> pd.Series:
        order, index = self.network.arcs_by_label
        return pd.Series(np.asarray(values)[order], index=index, name=name)


@own_settings
def smooth_routes(
    network: Network,
    *,
    theta: float = 200.0,
    shipment: float = 30_000.0,
    daily: float = 0.01,
    origins: Sequence[str] | str | None = None,
    destinations: Sequence[str] | str | None = None,
) -> SmoothRoutes:
    """Routes when every shipper has a taste for each, drawn anew: all routes carry something.

        tau_od^-theta = [(I - A)^-1]_od,   A_kl = sum over parallel arcs exp(-theta g_kl)

    summed over the modes in which trips start and end, for a place to itself as well.

    Args:
        network: of places, links, transfers and borders.
        theta: elasticity of routes, the inverse of their dispersion; apart from the elasticity of
            trade. Routes tend to the cheapest ones as it grows.
        shipment: USD that it is worth.
        daily: share of it that a day costs.
        origins, destinations: names; all places by default.

    Raises:
        RoutesDoNotConvergeError: the spectral radius of A is one or more; names the smallest theta.
        DisconnectedPlaceError: a pair that no route joins.

    Source: Allen and Arkolakis (2022), Review of Economic Studies 89(6).

    >>> from neg.network import grid, smooth_routes
    >>> routes = smooth_routes(grid(5, 5, 1.25), theta=8.0)
    >>> round(float(routes.tau.sel(origin="0", destination="24")), 9)
    3.178350477
    """
    check_range("theta", theta, 0.0, low_open=True)
    check_shipment(shipment, daily)
    graph, costs = network.graph, network.costs
    cost = np.asarray(layers(graph, costs, shipment, daily).sum(axis=0))
    opened = np.asarray(openness(graph, costs))
    safe = np.where(opened > 0, opened, 1.0)
    weighed = np.where(opened > 0, cost - np.log(safe) / theta, np.inf)
    radius = check_converges(graph, weighed, theta)
    names = np.array(network.names)
    at, to = tuple(names[network.index(origins)]), tuple(names[network.index(destinations)])
    return SmoothRoutes(network, float(theta), float(shipment), float(daily), at, to, radius)
