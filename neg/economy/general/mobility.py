"""Who may move where: the cells of a general economy and the group of people in each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from neg.core.checks import check_choice, check_finite, check_shape
from neg.core.errors import InvalidDataError, LabelMismatchError, unknown_name
from neg.economy.general.cells import Cells

MOBILITY = ("immobile", "sectors", "places", "free")
_STAYS = ("immobile", "sectors")


@dataclasses.dataclass(frozen=True)
class Mobility:
    """Who may move where: the rule, the areas with free movement, and where people are from.

    ``rule`` is one of :data:`MOBILITY` or a mapping from each sector to its own; ``areas`` names
    sets of places, by default one that holds all; ``residents`` gives people by ``[origin, place]``
    or ``[origin, place, sector]``, of which only the mix in each place counts.

    >>> Mobility("places", areas={"north": ["a", "b"], "south": ["c"]}).rule
    'places'

    What does not fit the places and sectors of an economy is refused where that is made.
    """

    rule: str | Mapping[str, str] = "immobile"
    areas: Mapping[str, Sequence[str]] | None = None
    residents: Any = None


def mobility_groups(
    places: Sequence[str],
    sectors: Sequence[str],
    employment: np.ndarray,
    active: np.ndarray,
    given: Mobility | str | Mapping[str, str],
) -> Cells:
    """Cells and groups under a rule of mobility, by origin where residents are given."""
    moves = given if isinstance(given, Mobility) else Mobility(given)
    mobility, areas, residents = moves.rule, moves.areas, moves.residents
    rules = dict.fromkeys(sectors, mobility) if isinstance(mobility, str) else mobility
    if set(rules) != set(sectors):
        raise LabelMismatchError(
            f"mobility names the sectors {sorted(rules)}; must name exactly {sorted(sectors)}"
        )
    for sector, rule in rules.items():
        check_choice(f"mobility of {sector}", rule, MOBILITY)
    area_of = area_of_places(places, areas)
    label = {
        "immobile": lambda i, s: f"{places[i]}:{sectors[s]}",
        "sectors": lambda i, s: places[i],
        "places": lambda i, s: f"{area_of[places[i]]}:{sectors[s]}",
        "free": lambda i, s: area_of[places[i]],
    }
    mix = None if residents is None else _mix(places, sectors, active, area_of, rules, residents)
    cells: list[tuple[int, int]] = []
    owners: list[str] = []
    shares: list[float] = []
    home: dict[str, int] = {}  # origin of every group, in the order of the groups
    for i in range(len(places)):
        for s, sector in enumerate(sectors):
            if not active[i, s]:
                continue
            rule = rules[sector]
            if mix is None or rule in _STAYS:
                found = [(-1, label[rule](i, s), 1.0)]
            else:
                tail = f":{sector}" if rule == "places" else ""
                found = [
                    (o, f"from {places[o]}{tail}", float(mix[o, i, s]))
                    for o in np.flatnonzero(mix[:, i, s]).tolist()
                ]
            for origin, owner, share in found:
                cells.append((i, s))
                home[owner] = origin
                owners.append(owner)
                shares.append(share)
    position = {name: k for k, name in enumerate(home)}
    return Cells(
        employment=jnp.asarray(employment),
        place=tuple(i for i, _ in cells),
        sector=tuple(s for _, s in cells),
        member=tuple(position[owner] for owner in owners),
        names=tuple(home),
        origin=tuple(home.values()),
        origin_share=None if mix is None else jnp.asarray(shares),
    )


def area_of_places(
    places: Sequence[str], areas: Mapping[str, Sequence[str]] | None
) -> dict[str, str]:
    """Area of every place: one for all if none are named, its own for a place in none of them."""
    if areas is None:
        return dict.fromkeys(places, "world")
    found: dict[str, str] = {}
    for area, members in areas.items():
        for place in members:
            if place not in places:
                raise unknown_name(f"place in area {area}", place, places)
            if place in found:
                raise LabelMismatchError(
                    f"place {place!r} is in the areas {found[place]!r} and {area!r}; "
                    "must be in one only"
                )
            found[place] = area
    return {place: found.get(place, place) for place in places}


def _mix(
    places: Sequence[str],
    sectors: Sequence[str],
    active: np.ndarray,
    area_of: Mapping[str, str],
    rules: Mapping[str, str],
    residents: Any,
) -> np.ndarray:
    """Share of each origin among the people of every place and sector."""
    people = np.asarray(residents, dtype=float)
    if people.ndim == 2:
        people = people[..., None]
    n, s = len(places), len(sectors)
    if people.shape != (n, n, 1):
        check_shape("residents", people, (n, n, s))
    people = np.array(np.broadcast_to(people, (n, n, s)))
    check_finite("residents", people, nonnegative=True)
    area = np.array([area_of[place] for place in places])
    abroad = (people.sum(axis=2) > 0) & (area[:, None] != area[None, :])
    if abroad.any():
        o, i = np.argwhere(abroad)[0]
        raise InvalidDataError(
            f"residents of {places[i]!r} from {places[o]!r} are in another area than their "
            "origin; must be zero between areas"
        )
    total = people.sum(axis=0)
    moves = np.array([rules[sector] not in _STAYS for sector in sectors])
    missing = active & moves & (total == 0)
    if missing.any():
        i, k = np.argwhere(missing)[0]
        raise InvalidDataError(
            f"nobody is resident in {places[i]!r}, which produces {sectors[k]!r}; "
            "must be positive from some origin"
        )
    return people / np.where(total > 0, total, 1.0)
