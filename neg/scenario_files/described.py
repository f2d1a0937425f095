"""The economy that a file describes itself: labels, numbers by label, chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neg.core.checks import check_labels, check_range
from neg.core.errors import InvalidDataError, InvalidParameterError, unknown_name
from neg.economy.general.build import general_economy
from neg.economy.part import Part
from neg.places.layouts import layout
from neg.scenario_files.strict import BySector, Entry
from neg.scenario_files.values import by_label, by_pairs, by_sector, labels_of
from neg.scenario_files.world import (
    ByCell,
    ByPlace,
    ChainSection,
    ModelSection,
    TradeCostSection,
    WorldSection,
)

Shape = tuple[tuple[str, ...], tuple[str, ...]]
"""Names of places and of sectors."""
_CELLS = ("employment", "productivity", "land_share", "tax_share")
_PLACES = ("final_tax", "housing_share", "amenity", "land", "deficit")


def described(
    world: WorldSection,
    chains: Sequence[ChainSection],
    theta: BySector,
    alpha: BySector,
    parts: Sequence[Part],
    **rules: Any,
) -> Any:
    """The general economy of ``[world]`` and ``[[chain]]``; ``rules`` are those of ``[economy]``.

    Raises named errors that give the key, what it says, and what is allowed.
    """
    shape = tuple(world.places), tuple(world.sectors)
    for name, labels in zip(("world.places", "world.sectors"), shape, strict=True):
        check_labels(name, labels)
    if both := set(shape[0]) & set(shape[1]):
        raise InvalidDataError(
            f"{sorted(both)[0]!r} is a place and a sector of [world]; must be one or the other, so "
            "that numbers by name can be told apart"
        )
    given: dict[str, Any] = {
        name: by_cell(f"world.{name}", getattr(world, name), shape) for name in _CELLS
    }
    given |= {name: by_place(f"world.{name}", getattr(world, name), shape[0]) for name in _PLACES}
    for name in ("labour_share", "final_share"):
        said = getattr(world, name)
        if said is not None:
            given[name] = by_cell(f"world.{name}", said, shape)
    return general_economy(
        places=shape[0],
        sectors=shape[1],
        homogeneous=tuple(world.homogeneous),
        theta=by_sector("economy.theta", theta, shape[1]),
        alpha=by_sector("economy.alpha", alpha, shape[1]),
        input_share=_inputs(world, shape),
        tau=costs(world.trade_cost, shape),
        parts=parts,
        **given,
        **chains_of(chains, shape[1]),
        **rules,
    )


def chains_of(chains: Sequence[ChainSection], sectors: Sequence[str]) -> dict[str, Any]:
    """Blocks, own shares and draws as :func:`neg.general_economy` takes them."""
    if not chains:
        return {}
    own = np.ones(len(sectors))
    for number, chain in enumerate(chains):
        for name in ("sector", "parts", "value_added", "rest"):
            if getattr(chain, name) is not None:
                raise InvalidDataError(
                    f"chain.{number}.{name} splits a sector of a table; must be left out beside "
                    "[world], whose sectors are blocks"
                )
        for block, share in zip(chain.blocks, chain.own_share, strict=True):
            if block not in sectors:
                raise unknown_name(f"block of chain.{number}", block, sectors)
            own[list(sectors).index(block)] = share
    return {
        "chains": [tuple(chain.blocks) for chain in chains],
        "own_share": own,
        "draws": same_draws(chains),
    }


def same_draws(chains: Sequence[ChainSection]) -> str:
    """The kind of draws of all chains; raises a named error where they differ."""
    kinds = list(dict.fromkeys(chain.draws for chain in chains))
    if len(kinds) > 1:
        raise InvalidParameterError(f"draws of chains are {kinds}; must be one kind for all")
    return kinds[0]


def by_place(name: str, value: ByPlace, places: Sequence[str]) -> Any:
    """A number, or an array in the order of the places."""
    return by_label(name, value, "place", places) if isinstance(value, Mapping) else value


def by_cell(name: str, value: ByCell, shape: Shape) -> np.ndarray:
    """Numbers ``[place, sector]`` from one, or from numbers by sector, by place, or by both."""
    places, sectors = shape
    size = (len(places), len(sectors))
    if not isinstance(value, Mapping):
        return np.broadcast_to(float(value), size)
    inner = {key: one for key, one in value.items() if isinstance(one, Mapping)}
    if not inner and set(value) & set(sectors):
        return np.broadcast_to(by_sector(name, value, sectors), size)  # type: ignore[arg-type]
    by_label(name, dict.fromkeys(value, 0.0), "place", places)  # every place, and no other
    rows = {
        place: np.broadcast_to(by_sector(f"{name}.{place}", one, sectors), size[1])
        for place, one in value.items()
    }
    return np.stack([rows[place] for place in places])


def _inputs(world: WorldSection, shape: Shape) -> np.ndarray:
    """Cost shares ``[place, input, sector]``."""
    places, sectors = shape
    found = np.zeros((len(places), len(sectors), len(sectors)))
    for buyer, inputs in world.input_share.items():
        if buyer not in sectors:
            raise unknown_name("sector of world.input_share", buyer, sectors)
        for good, share in inputs.items():
            if good not in sectors:
                raise unknown_name(f"input of world.input_share.{buyer}", good, sectors)
            at = sectors.index(good), sectors.index(buyer)
            found[:, at[0], at[1]] = by_place(f"world.input_share.{buyer}.{good}", share, places)
    return found


def costs(section: TradeCostSection, shape: Shape) -> np.ndarray:
    """Iceberg costs ``[origin, destination, sector]``."""
    places, sectors = shape
    step = np.broadcast_to(
        by_sector("world.trade_cost.between", section.between, sectors), len(sectors)
    )
    check_range("world.trade_cost.between", step, 1.0)
    tau = step ** distances(section, places)[..., None]
    entries: list[tuple[float, Entry]] = [(one.cost, one) for one in section.entries]
    return by_pairs("world.trade_cost.entries", tau, entries, labels_of(places, sectors))


def distances(
    section: TradeCostSection | ModelSection,
    places: Sequence[str],
    name: str = "world.trade_cost",
) -> np.ndarray:
    """How far places lie apart; a pair that is given one way holds both ways."""
    n = len(places)
    if section.distance is None:
        kind = section.layout or "equidistant"
        return np.asarray(layout(kind, n).distance) if n > 1 else np.zeros((1, 1))
    found = np.full((n, n), np.nan)
    np.fill_diagonal(found, 0.0)
    for origin, row in section.distance.items():
        for destination, far in row.items():
            for end in (origin, destination):
                if end not in places:
                    raise unknown_name(f"place of {name}.distance", end, places)
            if far < 0:
                raise InvalidParameterError(
                    f"{name}.distance.{origin}.{destination} = {far:g} is not allowed; "
                    "must be 0 or more"
                )
            found[places.index(origin), places.index(destination)] = far
    found = np.where(np.isnan(found), found.T, found)
    if np.isnan(found).any():
        i, j = np.argwhere(np.isnan(found))[0]
        raise InvalidDataError(
            f"{name}.distance says nothing of {places[i]} and {places[j]}; must give "
            "every pair, one way at least"
        )
    return found
