"""What arcs cost: money and hours of links, transfers and borders, as shares of a shipment."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_range
from neg.network.graph import Graph

LAYERS = ("freight", "time", "border_fee", "border_time", "own")
"""What the cost of a route is made of: money and hours of links and transfers, money and hours at
borders, and iceberg factors that links have of their own."""


class Costs(NamedTuple):
    """Numbers of a network that policy moves: USD a shipment, hours, factors, closed or not."""

    link_usd: Any
    link_hours: Any
    link_factor: Any
    closed: Any
    transfer_usd: Any
    transfer_hours: Any
    border_usd: Any
    border_hours: Any


def take(values: Any, index: np.ndarray) -> Float[Array, " arc"]:
    """The value of whatever each arc belongs to; zero where it belongs to nothing."""
    if np.shape(values)[0] == 0:
        return jnp.zeros(len(index))
    return jnp.where(index >= 0, jnp.asarray(values)[np.maximum(index, 0)], 0.0)


def money_and_hours(graph: Graph, costs: Costs) -> tuple[Array, Array, Array, Array]:
    """Money and hours of links and transfers, money and hours at borders, of every arc."""
    usd = take(costs.link_usd, graph.link) + take(costs.transfer_usd, graph.transfer)
    hours = take(costs.link_hours, graph.link) + take(costs.transfer_hours, graph.transfer)
    return usd, hours, take(costs.border_usd, graph.border), take(costs.border_hours, graph.border)


def layers(graph: Graph, costs: Costs, shipment: Any, daily: Any) -> Float[Array, "layer arc"]:
    """Log cost of every arc by layer, for a shipment.

        freight = usd / shipment;   time = daily hours / 24;   the same at borders;   log factor

    ``shipment`` is what it is worth, USD, ``daily`` the share of it that a day costs.
    """
    usd, hours, fee, clearance = money_and_hours(graph, costs)
    own = take(jnp.log(jnp.asarray(costs.link_factor, dtype=float)), graph.link)
    return jnp.stack(
        [usd / shipment, daily * hours / 24.0, fee / shipment, daily * clearance / 24.0, own]
    )


def openness(graph: Graph, costs: Costs) -> Float[Array, " arc"]:
    """One for an arc that is open, zero for one that is closed."""
    return 1.0 - take(costs.closed, graph.link)


def check_shipment(shipment: Any, daily: Any) -> None:
    """Raise a named error for a shipment that is worth nothing or gains by waiting."""
    check_range("shipment", shipment, 0.0, low_open=True)
    check_range("daily", daily, 0.0)
