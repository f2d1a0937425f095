"""What carrying goods on a network takes, as policy moves it: costs of routes, and crowding."""

from __future__ import annotations

from typing import Any, ClassVar

from jaxtyping import Array, Float

from neg.core.parameters import Parametric, option, parameter
from neg.network.transport import Network

_LINK, _TRANSFER, _BORDER = ("link",), ("transfer",), ("border",)


class RouteCosts(Parametric):
    """Money and hours of a shipment on links, at transfers and at borders; links that are closed.

    Those of a network are ``RouteCosts(*network.costs)``.

    >>> float(RouteCosts(border_hours=24.0).border_hours)
    24.0
    """

    within: ClassVar[str] = "costs"

    link_usd: Float[Array, " link"] = parameter(
        0.0, "money of links", low=0.0, axes=_LINK, unit="USD"
    )
    link_hours: Float[Array, " link"] = parameter(
        0.0, "hours of links", low=0.0, axes=_LINK, unit="hours"
    )
    link_factor: Float[Array, " link"] = parameter(
        1.0, "iceberg factor of links besides", low=1.0, axes=_LINK
    )
    closed: Float[Array, " link"] = parameter(
        0.0, "share of the ways of a link that is closed", low=0.0, high=1.0, axes=_LINK
    )
    transfer_usd: Float[Array, " transfer"] = parameter(
        0.0, "money of transfers", low=0.0, axes=_TRANSFER, unit="USD"
    )
    transfer_hours: Float[Array, " transfer"] = parameter(
        0.0, "hours of transfers", low=0.0, axes=_TRANSFER, unit="hours"
    )
    border_usd: Float[Array, " border"] = parameter(
        0.0, "fee at borders", low=0.0, axes=_BORDER, unit="USD"
    )
    border_hours: Float[Array, " border"] = parameter(
        0.0, "clearance at borders", low=0.0, axes=_BORDER, unit="hours"
    )


class Crowding(Parametric):
    """Links that cost more the more value passes, where ``congested`` says so.

    >>> Crowding(congestion=0.1).congested
    'no'
    """

    within: ClassVar[str] = "crowding"

    capacity: Float[Array, " link"] = parameter(
        1.0, "traffic at which a link costs what is stated", low=0.0, low_open=True, axes=_LINK
    )
    congestion: Float[Array, ""] = parameter(
        0.0, "elasticity lambda of link costs to traffic", low=0.0
    )
    congested: str = option("no", "whether traffic slows links", ("no", "yes"))


def own_terms(network: Network) -> dict[str, Any]:
    """The costs and capacities of a network, as arguments of what carries goods on it."""
    return {
        "costs": RouteCosts(*network.costs),
        "crowding": Crowding(capacity=network.capacity),
    }
