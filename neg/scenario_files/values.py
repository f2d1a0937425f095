"""Numbers by label, as files give them, to arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.parameters import Parameter
from neg.economy.lever import Lever
from neg.scenario_files.strict import BySector, Entry

_PAIR = ("origin", "destination", "sector")


def labels_of(places: Sequence[str], sectors: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Labels along the axes of an economy."""
    places, sectors = tuple(places), tuple(sectors)
    axes = ("place", "origin", "destination")
    return dict.fromkeys(axes, places) | dict.fromkeys(("sector", "input"), sectors)


def by_sector(name: str, value: BySector, sectors: Sequence[str]) -> Any:
    """A number, or an array in the order of the sectors from numbers by name."""
    return by_label(name, value, "sector", sectors) if isinstance(value, Mapping) else value


def by_label(name: str, value: Mapping[str, float], axis: str, labels: Sequence[str]) -> np.ndarray:
    """An array in the order of the labels from numbers by name, one for each."""
    for label in value:
        if label not in labels:
            raise unknown_name(f"{axis} in {name}", label, labels)
    missing = [label for label in labels if label not in value]
    if missing:
        raise InvalidParameterError(
            f"{name} says nothing of {missing}; must give a number for every {axis}, or one for all"
        )
    return np.array([value[label] for label in labels], dtype=float)


def by_pairs(
    name: str,
    base: BySector | np.ndarray,
    entries: Sequence[tuple[float, Entry]],
    labels: Mapping[str, tuple[str, ...]],
) -> np.ndarray:
    """Rates ``[origin, destination, sector]``: one for all abroad (or an array), then entries."""
    shape = tuple(len(labels[axis]) for axis in _PAIR)
    if isinstance(base, np.ndarray):
        found = base
    else:
        abroad = ~np.eye(shape[0], dtype=bool)[..., None]
        found = np.broadcast_to(by_sector(name, base, labels["sector"]), shape) * abroad
    spec = Parameter(name, "rate", 0.0, None, None, False, False, axes=_PAIR)
    for value, entry in entries:
        selectors: dict[str, Any] = entry.selectors()
        lever = Lever(name, "set", **selectors)
        # Of types: a mask reads the labels only.
        found = np.where(lever.mask(SimpleNamespace(labels=labels), spec), value, found)  # type: ignore[arg-type]
    return found


def residents_of(
    said: Mapping[str, Mapping[str, float]], places: Sequence[str]
) -> np.ndarray | None:
    """Share of each origin in the people of each place ``[origin, place]``; None for no origins."""
    if not said:
        return None
    found = np.zeros((len(places), len(places)))
    for place, shares in said.items():
        for name in (place, *shares):
            if name not in places:
                raise unknown_name("place of economy.residents", name, places)
        if place in shares or sum(shares.values()) >= 1.0:
            raise InvalidParameterError(
                f"economy.residents of {place!r} are {shares}; must be shares of other origins "
                "that add up to less than 1"
            )
        for origin, share in shares.items():
            found[places.index(origin), places.index(place)] = share
    return found + np.diag(1.0 - found.sum(axis=0))
