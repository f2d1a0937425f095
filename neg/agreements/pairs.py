"""Which agreements every pair of places has, and what is known of members put to their pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Array

from neg.agreements.agreement import Agreement
from neg.agreements.use import MOST_OVERLAPPING
from neg.core.errors import InvalidParameterError


class Slots(NamedTuple):
    """Pairs of places with any agreement, and the agreements of each; -1 fills up."""

    origin: np.ndarray
    destination: np.ndarray
    agreement: np.ndarray  # [pair, slot]


def by_pair(agreement: Agreement, value: Array) -> Array:
    """Contents by pair of the agreement and sector, from those by member."""
    zone = agreement.zone
    i, j = np.transpose([(zone.index(a), zone.index(b)) for a, b in agreement.pairs])
    return value[i, j] if agreement.cumulation == "bilateral" else value[i]


def slots_of(agreements: Sequence[Agreement], places: Sequence[str]) -> Slots:
    """Which agreements every pair of places has."""
    held: dict[tuple[int, int], list[int]] = {}
    for number, one in enumerate(agreements):
        for a, b in one.pairs:
            held.setdefault((places.index(a), places.index(b)), []).append(number)
    most = max((len(numbers) for numbers in held.values()), default=0)
    if most > MOST_OVERLAPPING:
        pair = next(pair for pair, numbers in held.items() if len(numbers) == most)
        raise InvalidParameterError(
            f"{most} agreements hold between {places[pair[0]]} and {places[pair[1]]}; "
            f"must be {MOST_OVERLAPPING} at most"
        )
    keys = sorted(held)
    pick = np.full((len(keys), max(most, 1)), -1)
    for row, key in enumerate(keys):
        pick[row, : len(held[key])] = held[key]
    first, second = np.asarray(keys or np.zeros((0, 2)), dtype=int).T
    return Slots(first, second, pick)
