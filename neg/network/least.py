"""Cheapest routes: money, hours, path, ties, and the values of time at which they switch."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr

from neg.core.checks import check_range
from neg.core.errors import DisconnectedPlaceError
from neg.network.costs import check_shipment, layers, money_and_hours, openness
from neg.network.paths import along, search
from neg.network.transport import Network

_TIE = 1e-12


@dataclasses.dataclass(frozen=True)
class LeastRoutes:
    """The cheapest route of every pair; arrays are ``[origin, destination]``, labelled."""

    network: Network
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    arc_cost: np.ndarray
    state_cost: np.ndarray
    last: np.ndarray

    @cached_property
    def _end(self) -> np.ndarray:
        table = self.network.graph.last[self.network.index(self.destinations)]
        ends = np.where(table >= 0, self.state_cost[:, np.maximum(table, 0)], np.inf)
        choice = ends.argmin(axis=2)
        return np.take_along_axis(np.broadcast_to(table, ends.shape), choice[..., None], 2)[..., 0]

    def _pairs(self, values: np.ndarray, name: str, unit: str) -> xr.DataArray:
        coords = {"origin": list(self.origins), "destination": list(self.destinations)}
        return xr.DataArray(
            values, dims=("origin", "destination"), coords=coords, name=name, attrs={"units": unit}
        )

    @property
    def _home(self) -> np.ndarray:
        return np.equal.outer(np.array(self.origins), np.array(self.destinations))

    def _at_ends(self, by_state: Any) -> np.ndarray:
        return np.where(self._home, 0.0, np.take_along_axis(np.asarray(by_state), self._end, 1))

    @cached_property
    def cost(self) -> xr.DataArray:
        """Least cost, in the unit in which it was asked for."""
        return self._pairs(self._at_ends(self.state_cost), "cost", "of the search")

    @cached_property
    def usd(self) -> xr.DataArray:
        """Money for a shipment on the route, borders included."""
        usd, _, fee, _ = self._parts
        return self._pairs(self._at_ends(self._sum(usd + fee)), "money", "USD")

    @cached_property
    def hours(self) -> xr.DataArray:
        """Hours from door to door on the route, borders included."""
        _, hours, _, clearance = self._parts
        return self._pairs(self._at_ends(self._sum(hours + clearance)), "hours", "hours")

    @property
    def _parts(self) -> tuple[np.ndarray, ...]:
        found = money_and_hours(self.network.graph, self.network.costs)
        return tuple(np.asarray(one) for one in found)

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(along(self.network.graph, jnp.asarray(self.last))(jnp.asarray(values)))

    def path(self, origin: str, destination: str) -> list[str]:
        """The route as a list of ``place/mode``."""
        graph, modes = self.network.graph, [mode.name for mode in self.network.modes]
        row, state = self._row(origin), self._end[self._row(origin), self._column(destination)]
        states = [state]
        while self.last[row, state] >= 0:
            state = graph.tail[self.last[row, state]]
            states.append(state)
        names = [f"{self.network.names[graph.place[s]]}/{modes[graph.mode[s]]}" for s in states]
        return list(dict.fromkeys(reversed(names)))

    @cached_property
    def tied(self) -> xr.DataArray:
        """Whether another route costs the same: there the derivative is one of several."""
        graph = self.network.graph
        with np.errstate(invalid="ignore"):
            slack = self.state_cost[:, graph.tail] + self.arc_cost - self.state_cost[:, graph.head]
        room = _TIE * np.maximum(self.state_cost[:, graph.head], 1e-300)
        tight = np.where(np.isfinite(slack), slack, np.inf) <= room
        several = np.zeros(self.state_cost.shape)
        for row, here in enumerate(tight):
            several[row] = np.bincount(graph.head[here], minlength=graph.states) > 1
        into = np.where(self.last >= 0, several, 0.0)
        # Summed along the route: its arcs carry what their heads say.
        total = np.stack([self._tree_sum(row, into[row]) for row in range(len(into))])
        table = graph.last[self.network.index(self.destinations)]
        ends = np.where(table >= 0, self.state_cost[:, np.maximum(table, 0)], np.inf)
        best = ends.min(axis=2, keepdims=True)
        two_ends = (ends <= best * (1.0 + _TIE)).sum(axis=2) > 1
        found = (np.take_along_axis(total, self._end, 1) > 0) | two_ends
        return self._pairs(found & ~self._home, "tied", "")

    def _tree_sum(self, row: int, values: np.ndarray) -> np.ndarray:
        found = values.copy()
        tail = self.network.graph.tail
        for state in np.argsort(self.state_cost[row], kind="stable"):
            arc = self.last[row, state]
            if arc >= 0:
                found[state] += found[tail[arc]]
        return found

    def _row(self, name: str) -> int:
        return self.network.place_among("origin of the routes", name, self.origins)

    def _column(self, name: str) -> int:
        return self.network.place_among("destination of the routes", name, self.destinations)


def least_routes(
    network: Network,
    *,
    value_of_time: float | None = None,
    shipment: float | None = None,
    daily: float | None = None,
    origins: Sequence[str] | str | None = None,
    destinations: Sequence[str] | str | None = None,
) -> LeastRoutes:
    """The cheapest routes between places.

        cost = money + value_of_time hours                     USD a shipment, or
        cost = money / shipment + daily hours / 24 + log factor   log of the trade cost

    Args:
        network: of places, links, transfers and borders.
        value_of_time: USD an hour, not negative; or else both of the next two.
        shipment: USD that it is worth, positive.
        daily: share of it that a day costs, not negative.
        origins, destinations: names; all places by default.

    Raises:
        DisconnectedPlaceError: a pair that no route joins.

    >>> from neg.network import least_routes, network
    >>> road = {"road": {"usd_per_km": 1.0, "kmh": 40.0}}
    >>> there = network(["A", "B", "C"], [("A", "B", "road", 80), ("B", "C", "road", 40)],
    ...                 modes=road)
    >>> found = least_routes(there, value_of_time=10.0)
    >>> found.path("A", "C"), float(found.cost.sel(origin="A", destination="C"))
    (['A/road', 'B/road', 'C/road'], 150.0)
    """
    graph, costs = network.graph, network.costs
    if value_of_time is not None:
        check_range("value_of_time", value_of_time, 0.0)
        usd, hours, fee, clearance = (np.asarray(x) for x in money_and_hours(graph, costs))
        arc = usd + fee + value_of_time * (hours + clearance)
    else:
        if shipment is None or daily is None:
            raise TypeError("least_routes takes value_of_time, or both shipment and daily")
        check_shipment(shipment, daily)
        arc = np.asarray(layers(graph, costs, shipment, daily).sum(axis=0))
    arc = np.where(np.asarray(openness(graph, costs)) > 0, arc, np.inf)
    at, to = network.index(origins), network.index(destinations)
    cost, last = search(graph, arc, at)
    names = np.array(network.names)
    found = LeastRoutes(network, tuple(names[at]), tuple(names[to]), arc, cost, last)
    away = ~np.isfinite(found.cost.values)
    if away.any():
        o, d = np.argwhere(away)[0]
        raise DisconnectedPlaceError(
            f"no route leads from {found.origins[o]!r} to {found.destinations[d]!r}; "
            "every place must be within reach of every other (a change of mode needs a transfer)"
        )
    return found


def switch_values(network: Network, origin: str, destination: str) -> list[float]:
    """Values of time (USD an hour) at which the cheapest route of a pair changes, rising.

    The least cost is the lower envelope of one line ``money + v hours`` for every route; its
    corners are found by looking where the lines of two known routes cross.
    """
    graph = network.graph
    usd, hours, fee, clearance = (np.asarray(x) for x in money_and_hours(graph, network.costs))
    money, time = usd + fee, hours + clearance
    start, end = network.index(origin), network.index(destination)
    ends = graph.last[end[0]]
    ends = ends[ends >= 0]

    def at(share: float) -> tuple[float, float]:
        cost, last = search(graph, (1.0 - share) * money + share * time, start)
        state = ends[cost[0, ends].argmin()]
        total = [0.0, 0.0]
        while last[0, state] >= 0:
            arc = last[0, state]
            total[0], total[1] = total[0] + money[arc], total[1] + time[arc]
            state = graph.tail[arc]
        return total[0], total[1]

    def between(slow: tuple[float, float], fast: tuple[float, float]) -> list[float]:
        saved, dearer = slow[1] - fast[1], fast[0] - slow[0]
        if saved <= 1e-9 or dearer <= 1e-9:
            return []
        v = dearer / saved
        third = at(v / (1.0 + v))
        if third[0] + v * third[1] >= (slow[0] + v * slow[1]) * (1.0 - 1e-12):
            return [v]
        return between(slow, third) + between(third, fast)

    # A little of the other at either end: among the cheapest the fastest, among the fastest the
    # cheapest.
    return between(at(1e-9), at(1.0 - 1e-9))
