"""Unknowns and instruments: Levers with bounds, and how a point of them becomes an economy."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from neg.core.checks import check_range
from neg.core.errors import InvalidParameterError
from neg.economy.lever import Lever
from neg.economy.model import Model


@dataclasses.dataclass(frozen=True)
class Unknown:
    """A Lever (or the name of a parameter), bounds of its value, where to start, and a prior.

    The start is by default the value at which the lever changes nothing. ``prior`` is a mean and a
    standard deviation, in the units of the value: one more moment of an estimation.
    """

    lever: Lever | str
    low: float = -np.inf
    high: float = np.inf
    start: float | None = None
    prior: tuple[float, float] | None = None


Levers = Mapping[str, "Unknown | tuple[Lever | str, float, float]"]
"""Unknowns or instruments by a name of one's choice; a tuple is lever, lower and upper bound."""


class Hand(eqx.Module):
    """A lever resolved on an economy: entries are data, so that other entries compile nothing."""

    path: str = eqx.field(static=True)
    operation: str = eqx.field(static=True)
    lever: Lever | None = eqx.field(static=True)  # of a parameter without axes
    mask: Bool[Array, "*axes"] | None

    def put(self, economy: Model, value: Array) -> Any:
        """The economy with the lever at a value; differentiable in it."""
        if self.lever is not None:
            return self.lever.put(economy, value)
        sizes = {axis: len(names) for axis, names in economy.labels.items()}
        old = economy.full(self.path, sizes)
        new = old * value if self.operation == "times" else old + value
        new = value if self.operation == "set" else new
        return economy.with_(**{self.path: jnp.where(jnp.asarray(self.mask), new, old)})


def hand(economy: Model, lever: Lever | str) -> Hand:
    """Resolve a lever on an economy; raises the named errors of :meth:`Lever.check`."""
    lever = Lever(lever) if isinstance(lever, str) else lever
    lever.check(economy)
    spec = economy.parameters().get(lever.path)
    if spec is None or not spec.axes:
        return Hand(lever.path, lever.operation, lever, None)
    return Hand(lever.path, lever.operation, None, jnp.asarray(lever.mask(economy, spec)))


class Point(eqx.Module):
    """Levers in hand with their bounds: what a vector of values means."""

    names: tuple[str, ...] = eqx.field(static=True)
    hands: tuple[Hand, ...]
    low: tuple[float, ...] = eqx.field(static=True)
    high: tuple[float, ...] = eqx.field(static=True)
    start: np.ndarray = eqx.field(static=False)

    def put(self, economy: Model, values: Mapping[str, Any]) -> Any:
        """The economy at values by name."""
        for name, one in zip(self.names, self.hands, strict=True):
            economy = one.put(economy, values[name])
        return economy


def in_hands(economy: Model, given: Levers, *, inside: bool) -> Point:
    """Check levers and bounds; the start must lie in the bounds (``inside``: strictly)."""
    if not given:
        raise InvalidParameterError("no lever is given; there must be one to move")
    hands, lows, highs, starts = [], [], [], []
    for name, one in given.items():
        one = one if isinstance(one, Unknown) else Unknown(*one)
        held = hand(economy, one.lever)
        check_range(f"lower bound of {name}", one.low if np.isfinite(one.low) else 0.0)
        if not one.low < one.high:
            raise InvalidParameterError(
                f"bounds of {name} are ({one.low:g}, {one.high:g}); must increase"
            )
        lever = Lever(one.lever) if isinstance(one.lever, str) else one.lever
        start = float(lever.start(economy)) if one.start is None else float(one.start)
        between = one.low < start < one.high if inside else one.low <= start <= one.high
        if not between:
            why = f", where {lever!r} changes nothing" if one.start is None else ""
            raise InvalidParameterError(
                f"{name} starts at {start:g}{why}; must lie "
                + (f"strictly inside ({one.low:g}, {one.high:g})" if inside else "")
                + ("" if inside else f"in [{one.low:g}, {one.high:g}]")
            )
        if one.prior is not None:
            check_range(
                f"standard deviation of the prior of {name}", one.prior[1], 0.0, low_open=True
            )
        hands.append(held)
        lows.append(float(one.low))
        highs.append(float(one.high))
        starts.append(start)
    return Point(tuple(given), tuple(hands), tuple(lows), tuple(highs), np.asarray(starts))
