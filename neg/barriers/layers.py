"""Trade costs as separate layers: what is burnt on the way, what is paid as revenue, what is risk.

Each layer is an ad valorem equivalent by origin, destination and sector. Resource layers multiply
into one iceberg factor; tariffs stay apart because they raise revenue:

    tau_ijs = prod over resource and risk layers of (1 + rate_ijs),   t_ijs = tariff rate

A new layer is one more entry of the mapping; nothing else has to know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import check_choice, check_finite, check_range, check_shape
from neg.core.errors import InvalidParameterError, unknown_name

KINDS = ("resource", "risk", "tariff", "export-tax")


def _as_float(value: Any) -> Array:
    return jnp.asarray(value, dtype=float)


class Layer(eqx.Module):
    """One layer of trade cost: ad valorem rates ``[origin, destination, sector]`` and a kind.

    ``resource`` (freight, border formalities, non-tariff barriers) is burnt; ``risk`` (exchange
    rates) is the premium that makes a buyer as well off as with a sure price, so it weighs like a
    resource; ``tariff`` is revenue of the destination, ``export-tax`` revenue of the origin.
    """

    rate: Float[Array, "origin destination sector"] = eqx.field(converter=_as_float)
    kind: str = eqx.field(static=True, default="resource")

    def __check_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_finite("rate", self.rate)
        check_range("rate", self.rate, -1.0, low_open=True)


class TradeCosts(eqx.Module):
    """Named layers of trade cost between the same places, in the same sectors."""

    layers: dict[str, Layer]
    places: tuple[str, ...] = eqx.field(static=True)
    sectors: tuple[str, ...] = eqx.field(static=True)

    def __check_init__(self) -> None:
        shape = (len(self.places), len(self.places), len(self.sectors))
        for name, layer in self.layers.items():
            check_shape(f"rate of layer {name!r}", layer.rate, shape)

    @property
    def tau(self) -> Float[Array, "origin destination sector"]:
        """Iceberg factor of all layers that burn resources or carry risk."""
        return self._factor("resource", "risk")

    @property
    def tariff(self) -> Float[Array, "origin destination sector"]:
        """Tariff rate of all tariff layers together."""
        return self._factor("tariff") - 1.0

    @property
    def export_tax(self) -> Float[Array, "origin destination sector"]:
        """Export tax rate of all export-tax layers together."""
        return self._factor("export-tax") - 1.0

    @property
    def buyer_factor(self) -> Float[Array, "origin destination sector"]:
        """Buyer's price over price at the factory gate: every layer multiplied."""
        return self._factor(*KINDS)

    def change(
        self,
        layer: str,
        *,
        factor: float | None = None,
        rate: float | None = None,
        cost: float | None = None,
        origins: Sequence[str] | None = None,
        destinations: Sequence[str] | None = None,
        among: Sequence[str] | None = None,
        sectors: Sequence[str] | None = None,
        abroad_only: bool = True,
    ) -> TradeCosts:
        """A copy with one layer changed between some places, in some sectors.

        Exactly one of ``factor`` (the rate is multiplied by it: 0.9 is ten per cent less freight),
        ``rate`` (the new rate) and ``cost`` (``1 + rate`` is multiplied by it: 0.95 makes every
        delivery five per cent cheaper) says how. ``among`` names places on both sides; without
        any, all pairs change. Sales at home change only if ``abroad_only`` is false.
        """
        if layer not in self.layers:
            raise unknown_name("layer", layer, self.layers)
        given = [
            name
            for name, v in (("factor", factor), ("rate", rate), ("cost", cost))
            if v is not None
        ]
        if len(given) != 1:
            raise InvalidParameterError(
                f"change of layer {layer!r} gives {given or 'nothing'}; "
                "must give exactly one of factor, rate and cost"
            )
        if among is not None and (origins is not None or destinations is not None):
            raise InvalidParameterError("give either among or origins and destinations, not both")
        chosen = self.pairs(
            origins=among if among is not None else origins,
            destinations=among if among is not None else destinations,
            sectors=sectors,
            abroad_only=abroad_only,
        )
        old = self.layers[layer].rate
        if factor is not None:
            check_range("factor", factor, 0.0)
            new = old * factor
        elif cost is not None:
            check_range("cost", cost, 0.0, low_open=True)
            new = (1.0 + old) * cost - 1.0
        else:
            new = jnp.broadcast_to(_as_float(rate), old.shape)
        changed = Layer(jnp.where(chosen, new, old), self.layers[layer].kind)
        return TradeCosts({**self.layers, layer: changed}, self.places, self.sectors)

    def pairs(
        self,
        *,
        origins: Sequence[str] | None = None,
        destinations: Sequence[str] | None = None,
        sectors: Sequence[str] | None = None,
        abroad_only: bool = True,
    ) -> Array:
        """Mask ``[origin, destination, sector]`` of the chosen pairs and sectors."""
        mask = (
            _members("origin", origins, self.places)[:, None, None]
            & _members("destination", destinations, self.places)[None, :, None]
            & _members("sector", sectors, self.sectors)[None, None, :]
        )
        home = jnp.eye(len(self.places), dtype=bool)[..., None]
        return mask & ~home if abroad_only else mask

    def _factor(self, *kinds: str) -> Array:
        places, sectors = len(self.places), len(self.sectors)
        total = jnp.zeros((places, places, sectors))
        for layer in self.layers.values():
            if layer.kind in kinds:
                total = total + jnp.log1p(layer.rate)
        return jnp.exp(total)


def trade_costs(
    places: Sequence[str], sectors: Sequence[str], layers: Mapping[str, tuple[Any, str]]
) -> TradeCosts:
    """Build layers from ``name: (rate, kind)``; a rate is a number, a matrix or a full array."""
    places, sectors = tuple(places), tuple(sectors)
    shape = (len(places), len(places), len(sectors))
    built = {}
    for name, (rate, kind) in layers.items():
        array = _as_float(rate)
        if array.shape not in ((), shape[:2]):
            check_shape(f"rate of layer {name!r}", array, shape)
        if array.ndim == 2:
            array = array[..., None]
        built[name] = Layer(jnp.broadcast_to(array, shape), kind)
    return TradeCosts(built, places, sectors)


def freight_rate(
    distance_km: Any, *, at: float, reference_km: float, power: float
) -> Float[Array, "origin destination"]:
    """Freight as a share of value that rises with distance: ``at * (distance / reference)^power``.

    ``distance_km`` is ``[origin, destination]``; ``at`` is the rate at ``reference_km``; zero on
    the diagonal.
    """
    check_range("distance_km", distance_km, 0.0)
    check_range("at", at, 0.0)
    check_range("reference_km", reference_km, 0.0, low_open=True)
    rate = at * (_as_float(distance_km) / reference_km) ** power
    return jnp.where(jnp.eye(rate.shape[0], dtype=bool), 0.0, rate)


def _members(kind: str, names: Sequence[str] | None, known: tuple[str, ...]) -> Array:
    if names is None:
        return jnp.ones(len(known), dtype=bool)
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known)
    return jnp.asarray([name in set(names) for name in known])
