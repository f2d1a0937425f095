"""Layers of trade cost given as data: what is burnt on the way, what is revenue, what is risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.barriers.barrier import Barrier
from neg.core.checks import check_choice, check_range, check_shape
from neg.core.errors import InvalidParameterError
from neg.core.labels import align
from neg.core.numbers import as_float
from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene

KINDS = {
    "resource": "nobody",
    "risk": "nobody",
    "tariff": "destination",
    "export-tax": "origin",
}
"""Kinds of layer and who is paid. ``risk`` is the premium that makes a buyer as well off as with a
sure price, so it weighs like a resource."""
_PAIR = ("origin", "destination", "sector")


class Layer(Barrier):
    """One named layer: ad valorem rates, and the changes of them that scenarios make.

        1 + effective rate = (1 + factor rate) cost

    ``rate``, ``factor`` and ``cost`` are numbers (then abroad only) or ``[origin, destination,
    sector]``. ``border.factor = 0.9`` is ten per cent less of the layer, ``border.cost = 0.95``
    makes every delivery five per cent cheaper.
    """

    # Of types: an instance's label, where other parts' is their class's.
    label: str = eqx.field(static=True)  # type: ignore[misc]
    rate: Float[Array, "origin destination sector"] = parameter(
        0.0, "ad valorem rate", low=-1.0, low_open=True, axes=_PAIR, unit="ad valorem"
    )
    factor: Float[Array, "origin destination sector"] = parameter(
        1.0, "factor on the rate", low=0.0, axes=_PAIR
    )
    cost: Float[Array, "origin destination sector"] = parameter(
        1.0, "factor on the cost of a delivery", low=0.0, low_open=True, axes=_PAIR
    )
    kind: str = eqx.field(static=True, default="resource")

    def __check_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        if not self.label or "." in self.label:
            raise InvalidParameterError(
                f"label {self.label!r} of a layer is not allowed; must be a name without a dot"
            )

    @property
    # Of types: follows from ``kind``, where other layers state it.
    def payee(self) -> str:  # type: ignore[override]
        """Who is paid."""
        return KINDS[self.kind]

    def full(self, name: str, sizes: Mapping[str, int]) -> Array:
        """A parameter with all its entries: a number leaves sales at home alone."""
        value = getattr(self, name)
        if jnp.ndim(value):
            return super().full(name, sizes)
        home = jnp.eye(sizes["origin"], dtype=bool)[..., None]
        neutral = 0.0 if name == "rate" else 1.0
        shape = tuple(sizes[axis] for axis in _PAIR)
        return jnp.broadcast_to(jnp.where(home, neutral, value), shape)

    def log_factor(self, scene: Scene) -> Float[Array, "origin destination *sector"]:
        """Log of one plus the effective rate."""
        given = [jnp.shape(getattr(self, name)) for name in ("rate", "factor", "cost")]
        sectors = max((shape[2] for shape in given if len(shape) == 3), default=1)
        sizes = {"origin": scene.places, "destination": scene.places, "sector": sectors}
        rate, factor, cost = (self.full(name, sizes) for name in ("rate", "factor", "cost"))
        total = jnp.log1p(rate * factor) + jnp.log(cost)
        return total if sectors > 1 else total[..., 0]


def trade_costs(
    places: Sequence[str], sectors: Sequence[str], layers: Mapping[str, tuple[Any, str]]
) -> tuple[Layer, ...]:
    """Layers from ``name: (rate, kind)``, to stand among the parts of an economy.

    A rate is a number or one a sector (abroad only), a matrix, a full array
    ``[origin, destination, sector]``, or labelled: then it is read by its labels and refused if
    they are not those of ``places`` and ``sectors``. Kinds are those of :data:`KINDS`.
    """
    axes = dict.fromkeys(("origin", "destination"), tuple(places)) | {"sector": tuple(sectors)}
    shape = tuple(len(labels) for labels in axes.values())
    built = []
    for name, stated in layers.items():
        if not isinstance(stated, tuple | list) or len(stated) != 2:
            raise InvalidParameterError(
                f"layer {name!r} = {stated} is not allowed; must be (rate, kind), with the kind "
                f"one of {', '.join(KINDS)}"
            )
        rate, kind = stated
        array = rate
        flat = not hasattr(rate, "coords") and not hasattr(rate, "iloc") and np.ndim(rate) < 2
        if flat and np.ndim(rate) == 1:
            values = np.asarray(rate, dtype=float)
            check_shape(f"rate of layer {name!r}, one a sector,", values, (len(sectors),))
            values = values * (1.0 - np.eye(len(places)))[..., None]
            array = np.broadcast_to(values, shape)
        elif not flat or isinstance(rate, Mapping):
            array = np.broadcast_to(align(f"rate of layer {name!r}", rate, axes), shape)
        # Changes with all their entries, so that an edit of some alters no shape: it compiles
        # nothing.
        ones = np.ones(shape)
        built.append(Layer(name, array, ones, ones, kind=kind))
    return tuple(built)


def freight_rate(
    distance_km: Any, *, at: float, reference_km: float, power: float
) -> Float[Array, "origin destination"]:
    """Freight as a share of value that rises with distance: ``at * (distance / reference)^power``.

    ``distance_km`` is ``[origin, destination]``; ``at`` is the rate at ``reference_km``; zero on
    the diagonal. Labels of a labelled distance are kept.
    """
    labelled = hasattr(distance_km, "coords")
    values = np.asarray(distance_km, dtype=float) if labelled else as_float(distance_km)
    check_range("distance_km", values, 0.0)
    check_range("at", at, 0.0)
    check_range("reference_km", reference_km, 0.0, low_open=True)
    rate = at * (jnp.asarray(values) / reference_km) ** power
    rate = jnp.where(jnp.eye(rate.shape[0], dtype=bool), 0.0, rate)
    return distance_km.copy(data=np.asarray(rate)) if labelled else rate


def layers_of(economy: Any) -> tuple[Part, ...]:
    """The layers of trade cost among the parts of an economy, inherited ones too."""
    parts: Iterable[Any] = getattr(economy, "parts", ())
    return tuple(part for part in parts if isinstance(part.bare, Barrier))
