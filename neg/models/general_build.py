"""Builds general economies: sensible defaults for what is left out, and rules of mobility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neg.checks import check_choice, check_labels, check_shape
from neg.errors import InvalidParameterError, LabelMismatchError, unknown_name
from neg.models.general import GeneralEconomy

MOBILITY = ("immobile", "sectors", "places", "free")


def general_economy(
    *,
    places: Sequence[str],
    sectors: Sequence[str],
    employment: Any,
    theta: Any,
    alpha: Any = 0.0,
    tau: Any = 1.0,
    tariff: Any = 0.0,
    export_tax: Any = 0.0,
    taste: Any = 1.0,
    productivity: Any = 1.0,
    reference: Any = 1.0,
    labour_share: Any = None,
    land_share: Any = 0.0,
    tax_share: Any = 0.0,
    input_share: Any = 0.0,
    final_share: Any = None,
    final_tax: Any = 0.0,
    housing_share: Any = 0.0,
    deficit: Any = 0.0,
    land: Any = 1.0,
    amenity: Any = 1.0,
    amenity_density: Any = 0.0,
    productivity_density: Any = 0.0,
    stock_change: Any = None,
    homogeneous: Sequence[str] = (),
    kinds: Sequence[str] = ("final",),
    industry_use: Sequence[int] | None = None,
    final_use: Sequence[int] | None = None,
    mobility: str | Mapping[str, str] = "immobile",
    areas: Mapping[str, Sequence[str]] | None = None,
    deficit_rule: str = "fixed",
    rent_rule: str = "local",
    rent_pools: Mapping[str, Sequence[str]] | None = None,
    numeraire: str = "world",
) -> GeneralEconomy:
    """Build a :class:`GeneralEconomy`, broadcasting what is given and filling what is not.

    Arrays follow the shapes documented there; scalars and vectors are broadcast (a vector over
    sectors where the shape ends in sectors). Left out, the labour share is what the other cost
    shares leave, and final spending is spread evenly over sectors. ``homogeneous`` names the
    sectors that make the freely traded good of price one. ``mobility`` is one of

    - ``immobile``: every worker stays in her place and sector,
    - ``sectors``: workers choose a sector within their place,
    - ``places``: workers choose a place, within their sector and area,
    - ``free``: workers choose both, within their area,

    or a mapping from each sector to its rule. ``areas`` names sets of places with free movement;
    by default one area holds all places. Rents stay with the people of the place (``local``), or
    those of the places of a pool are shared in proportion to wages (``pooled``) or equally
    (``per-head``); ``rent_pools`` names the sets of places, by default one holds all.
    """
    check_labels("places", places)
    check_labels("sectors", sectors)
    n, s, f = len(places), len(sectors), len(kinds)
    industry_use = tuple(industry_use) if industry_use is not None else (0,) * s
    final_use = tuple(final_use) if final_use is not None else (0,) * f
    uses = max((*industry_use, *final_use)) + 1
    for name in homogeneous:
        if name not in sectors:
            raise unknown_name("sector in homogeneous", name, sectors)

    employment = fill("employment", employment, (n, s))
    land_share = fill("land_share", land_share, (n, s))
    tax_share = fill("tax_share", tax_share, (n, s))
    input_share = fill("input_share", input_share, (n, s, s))
    housing_share = fill("housing_share", housing_share, (n,))
    final_tax = fill("final_tax", final_tax, (n,))
    if labour_share is None:
        labour_share = 1.0 - land_share - tax_share - input_share.sum(axis=1)
    if final_share is None:
        final_share = ((1.0 - housing_share - final_tax) / (s * f))[:, None, None]
    else:
        final_share = np.asarray(final_share, dtype=float)
        if final_share.ndim == 1:
            final_share = final_share[None, :, None]
        elif final_share.ndim == 2:
            final_share = final_share[:, :, None]
    taste = np.asarray(taste, dtype=float)
    if taste.ndim == 3:
        taste = taste[..., None]
    productivity = fill("productivity", productivity, (n, s))
    cell, group, names = mobility_groups(places, sectors, productivity > 0, mobility, areas)
    return GeneralEconomy(
        employment=employment,
        labour_share=fill("labour_share", labour_share, (n, s)),
        land_share=land_share,
        tax_share=tax_share,
        input_share=input_share,
        final_share=fill("final_share", final_share, (n, s, f)),
        final_tax=final_tax,
        housing_share=housing_share,
        theta=fill("theta", theta, (s,)),
        alpha=fill("alpha", alpha, (s,)) * (1.0 - np.isin(sectors, homogeneous)),
        productivity=productivity,
        reference=fill("reference", reference, (n, s)),
        taste=fill("taste", taste, (n, n, s, uses)),
        tau=_pair("tau", tau, n, s),
        tariff=_pair("tariff", tariff, n, s),
        export_tax=_pair("export_tax", export_tax, n, s),
        stock_change=None if stock_change is None else fill("stock", stock_change, (n, s, n)),
        deficit=fill("deficit", deficit, (n,)),
        land=fill("land", land, (n,)),
        amenity=fill("amenity", amenity, (n,)),
        amenity_density=amenity_density,
        productivity_density=productivity_density,
        cell=cell,
        group=group,
        places=tuple(places),
        sectors=tuple(sectors),
        kinds=tuple(kinds),
        group_names=names,
        industry_use=industry_use,
        final_use=final_use,
        homogeneous=tuple(name in homogeneous for name in sectors),
        deficit_rule=deficit_rule,
        rent_rule=rent_rule,
        rent_pool=_pools(places, rent_pools),
        numeraire=numeraire,
    )


def mobility_groups(
    places: Sequence[str],
    sectors: Sequence[str],
    active: np.ndarray,
    mobility: str | Mapping[str, str],
    areas: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Any, Any, tuple[str, ...]]:
    """Cells, the group of each cell, and the names of the groups, under a rule of mobility."""
    rules = dict.fromkeys(sectors, mobility) if isinstance(mobility, str) else mobility
    if set(rules) != set(sectors):
        raise LabelMismatchError(
            f"mobility names the sectors {sorted(rules)}; must name exactly {sorted(sectors)}"
        )
    for sector, rule in rules.items():
        check_choice(f"mobility of {sector}", rule, MOBILITY)
    area_of = _areas(places, areas)
    label = {
        "immobile": lambda i, s: f"{places[i]}:{sectors[s]}",
        "sectors": lambda i, s: places[i],
        "places": lambda i, s: f"{area_of[places[i]]}:{sectors[s]}",
        "free": lambda i, s: area_of[places[i]],
    }
    cells, owners = [], []
    for i in range(len(places)):
        for s, sector in enumerate(sectors):
            if active[i, s]:
                cells.append(i * len(sectors) + s)
                owners.append(label[rules[sector]](i, s))
    names = tuple(dict.fromkeys(owners))
    position = {name: k for k, name in enumerate(names)}
    return (
        np.asarray(cells, dtype=int),
        np.asarray([position[owner] for owner in owners], dtype=int),
        names,
    )


def _areas(places: Sequence[str], areas: Mapping[str, Sequence[str]] | None) -> dict[str, str]:
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


def _pools(places: Sequence[str], pools: Mapping[str, Sequence[str]] | None) -> tuple[int, ...]:
    if pools is None:
        return ()
    label = _areas(places, pools)
    order = {name: k for k, name in enumerate(dict.fromkeys(label.values()))}
    return tuple(order[label[place]] for place in places)


def fill(name: str, value: Any, shape: tuple[int, ...]) -> Any:
    """The value broadcast to a shape, or an error that names both."""
    array = np.asarray(value, dtype=float)
    try:
        return np.array(np.broadcast_to(array, shape))
    except ValueError:
        check_shape(name, array, shape)
        raise


def _pair(name: str, value: Any, places: int, sectors: int) -> Any:
    """Bilateral array [origin, destination, sector]; a matrix holds for every sector."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 1 and array.size not in (1, sectors):
        raise InvalidParameterError(f"{name} has {array.size} entries; must be one per sector")
    return fill(name, array, (places, places, sectors))
