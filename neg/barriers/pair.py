"""Layers of trade cost given by pair: each a rate with a kind and units, registered by name."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.barriers.barrier import Barrier
from neg.barriers.layer import KINDS
from neg.core.parameters import declared
from neg.economy.scene import Scene

PAIR = ("origin", "destination")
WAYS = ("origin", "destination", "sector")


class PairLayer(Barrier):
    """A layer whose log factor is a sum of what a delivery costs over its value.

        1 + rate = exp(g)        along a way costs over value add up, so that factors multiply

    ``kind`` is one of :data:`neg.barriers.layer.KINDS` (burnt, tariff, risk); ``units`` says in
    what its parameters are measured. Arrays are ``[origin, destination]``, those by sector have a
    last axis; a number holds abroad. A layer of zero is no layer. ``scale`` names the
    parameter that measures all of the layer; empty where no one parameter does.
    """

    kind: ClassVar[str] = "resource"
    units: ClassVar[str] = "ad valorem"
    scale: ClassVar[str] = ""
    layers: ClassVar[dict[str, type[PairLayer]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("neg.") and "label" in cls.__dict__:
            PairLayer.layers[cls.label] = cls

    @property
    # Of types: follows from ``kind``, where other layers state it.
    def payee(self) -> str:  # type: ignore[override]
        """Who is paid."""
        return KINDS[self.kind]

    def log_rate(self, scene: Scene | None = None) -> Float[Array, "*axes"]:
        """``g``: a number, by pair, or by pair and sector."""
        raise NotImplementedError

    def log_factor(self, scene: Scene) -> Float[Array, "origin destination *sector"]:
        """``g`` of every pair, none at home."""
        return self._spread(self.log_rate(scene), scene.places)

    def ad_valorem(self, scene: Scene) -> Any:
        """The rate, ``exp(g) - 1``."""
        return jnp.expm1(self.log_factor(scene))

    def rate(self, places: int, sectors: int) -> Float[Array, "origin destination sector"]:
        """The rate of every pair and sector, without an economy.

        >>> from neg.barriers.ntm import NTM
        >>> round(NTM(0.03).rate(2, 1)[0, 1, 0].item(), 6)
        0.03
        """
        log = self._spread(self.log_rate(None), places)
        log = log if log.ndim == 3 else log[..., None]
        return jnp.broadcast_to(jnp.expm1(log), (places, places, sectors))

    def _spread(self, log: Array, places: int) -> Array:
        by_sector = any(
            "sector" in spec.axes and jnp.ndim(getattr(self, name)) in (1, 3)
            for name, spec in declared(type(self)).items()
        )
        if log.ndim < 2:
            log = jnp.broadcast_to(log, (places, places, *log.shape))
        abroad = 1.0 - jnp.eye(places)
        log = log * (abroad if log.ndim == 2 else abroad[..., None])
        # An economy of one sector takes its layers by pair.
        return log[..., 0] if by_sector and log.shape[-1] == 1 and log.ndim == 3 else log


def with_sector(pair: Array, sector: Array) -> Array:
    """A matrix by pair, or a number, times a vector by sector, or a number."""
    if jnp.ndim(pair) == 2 and jnp.ndim(sector) == 1:
        return pair[..., None] * sector
    return pair * sector
