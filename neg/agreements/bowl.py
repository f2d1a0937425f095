"""The noodle bowl: many overlapping agreements around a hub, and which pairs they cover."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neg.agreements.agreement import Agreement
from neg.data.groups import ASEAN, ASEAN_PLUS_SIX

SPOKES = {
    "ASEAN-CHN": ("CHN",),
    "ASEAN-JPN": ("JPN",),
    "ASEAN-KOR": ("KOR",),
    "ASEAN-IND": ("IND",),
    "ASEAN-AUS-NZL": ("AUS", "NZL"),
}
"""Partners of the agreements around ASEAN."""


def hub_and_spokes(
    hub: Sequence[str] = ASEAN,
    spokes: Mapping[str, Sequence[str]] | None = None,
    *,
    name: str = "ASEAN",
    **terms: Any,
) -> tuple[Agreement, ...]:
    """An agreement among the members of a hub, and one of all of them with each set of partners.

    By default ASEAN's. Partners of different spokes, and partners of one spoke, have none with each
    other here. ``terms`` are those of every agreement (:class:`Agreement`).

    >>> [len(covered([one])) for one in hub_and_spokes()]
    [45, 10, 10, 10, 10, 20]
    """
    spokes = SPOKES if spokes is None else spokes
    inside = Agreement(name, tuple(hub), **terms)
    outside = (
        Agreement(label, tuple(hub), partners=tuple(partners), **terms)
        for label, partners in spokes.items()
    )
    return (inside, *outside)


def bilaterals(places: Sequence[str], **terms: Any) -> tuple[Agreement, ...]:
    """An agreement of every two places: 120 among sixteen; ``terms`` are those of every one.

    Between two, diagonal cumulation is bilateral.

    >>> len(bilaterals(ASEAN_PLUS_SIX))
    120
    """
    pairs = itertools.combinations(places, 2)
    return tuple(Agreement(f"{a}-{b}", (a, b), **terms) for a, b in pairs)


def covered(agreements: Iterable[Agreement]) -> set[frozenset[str]]:
    """Pairs of places, without direction, between which at least one agreement holds."""
    return {frozenset(pair) for one in agreements for pair in one.pairs}


def uncovered(
    agreements: Iterable[Agreement], places: Sequence[str] = ASEAN_PLUS_SIX
) -> list[tuple[str, str]]:
    """Pairs of places without any agreement, in the order of the places.

    >>> len(uncovered(hub_and_spokes()))
    15
    """
    done = covered(agreements)
    return [pair for pair in itertools.combinations(places, 2) if frozenset(pair) not in done]
