"""Who may move where: the cells of a general economy and the group of people in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from neg.core.checks import check_choice, check_finite, check_shape
from neg.core.errors import InvalidDataError, LabelMismatchError, unknown_name

MOBILITY = ("immobile", "sectors", "places", "free")
_STAYS = ("immobile", "sectors")


class Cells(NamedTuple):
    """Cells in a fixed order: where they are, whose they are, and how many of the people there."""

    cell: Any  # flat (place, sector)
    group: Any
    nest: Any  # number of the (group, place) pair
    names: tuple[str, ...]  # of the groups
    origin: tuple[int, ...]  # place that each group comes from; -1 where it has no origin
    origin_share: Any  # share of the group among the people of place and sector


def mobility_groups(
    places: Sequence[str],
    sectors: Sequence[str],
    active: np.ndarray,
    mobility: str | Mapping[str, str],
    areas: Mapping[str, Sequence[str]] | None = None,
    residents: Any = None,
) -> Cells:
    """Cells, groups and their names under a rule of mobility, by origin where that is given."""
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
    cells, owners, shares = [], [], []
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
                cells.append(i * len(sectors) + s)
                home[owner] = origin
                owners.append(owner)
                shares.append(share)
    names = tuple(home)
    position = {name: k for k, name in enumerate(names)}
    cell = np.asarray(cells, dtype=int)
    group = np.asarray([position[owner] for owner in owners], dtype=int)
    pair = group * len(places) + cell // len(sectors)
    nest = np.unique(pair, return_inverse=True)[1].reshape(-1)
    split = None if mix is None else np.asarray(shares)
    return Cells(cell, group, nest, names, tuple(home.values()), split)


def cost_of_cells(cells: Cells, cost: Any, places: int, sectors: int) -> Any:
    """Moving cost of every cell from costs by [origin, place] or [origin, place, sector]."""
    if cells.origin_share is None:
        raise InvalidDataError("moving_cost is by origin; it needs residents by origin as well")
    cost = np.asarray(cost, dtype=float)
    check_finite("moving_cost", cost)
    if cost.ndim == 2:
        cost = cost[..., None]
    if cost.ndim == 0:
        cost = cost * (1.0 - np.eye(places))[..., None]
    shape = (places, places, sectors)
    if cost.shape != (*shape[:2], 1):
        check_shape("moving_cost", cost, shape)
    place, sector = cells.cell // sectors, cells.cell % sectors
    origin = np.asarray(cells.origin)[cells.group]
    paid = np.broadcast_to(cost, shape)[np.maximum(origin, 0), place, sector]
    return np.where(origin >= 0, paid, 0.0)


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
