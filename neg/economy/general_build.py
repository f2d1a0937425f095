"""Builds general economies: sensible defaults for what is left out, and rules of mobility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neg.core.checks import check_labels, check_shape
from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.general import GeneralEconomy
from neg.economy.general_groups import area_of_places, cost_of_cells, mobility_groups


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
    rebate: str = "proportional",
    residents: Any = None,
    moving_cost: Any = None,
    place_taste: Any = None,
    sector_taste: Any = None,
    labour_supply: Any = None,
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
    (``per-head``); ``rent_pools`` names the sets of places, by default one holds all. Transfers
    reach people in proportion to wages or equally (``rebate``).

    ``residents`` gives people by ``[origin, place]`` or ``[origin, place, sector]``, of which only
    the mix in each place counts. People who may choose a place then form one group for each origin
    (within its area); pairs without people are closed. ``moving_cost``, by ``[origin, place]`` or
    ``[origin, place, sector]``, is the log utility that living there costs people of the origin; a
    single number is paid everywhere but at home. ``place_taste`` and ``sector_taste`` are the
    dispersions (inverse shapes of the Frechet distributions) of tastes for places and for sectors,
    ``labour_supply`` the elasticity of hours to the real wage, by place; all are off if left out.
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
    cells = mobility_groups(places, sectors, productivity > 0, mobility, areas, residents)
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
        cell=cells.cell,
        group=cells.group,
        nest=cells.nest,
        places=tuple(places),
        sectors=tuple(sectors),
        kinds=tuple(kinds),
        group_names=cells.names,
        industry_use=industry_use,
        final_use=final_use,
        homogeneous=tuple(name in homogeneous for name in sectors),
        deficit_rule=deficit_rule,
        rent_rule=rent_rule,
        rent_pool=_pools(places, rent_pools),
        numeraire=numeraire,
        rebate=rebate,
        group_origin=cells.origin,
        cell_place=tuple((cells.cell // len(sectors)).tolist()),
        labour_supply=None if labour_supply is None else fill("labour_supply", labour_supply, (n,)),
        origin_share=cells.origin_share,
        moving_cost=None if moving_cost is None else cost_of_cells(cells, moving_cost, n, s),
        place_taste=place_taste,
        sector_taste=sector_taste,
    )


def _pools(places: Sequence[str], pools: Mapping[str, Sequence[str]] | None) -> tuple[int, ...]:
    if pools is None:
        return ()
    label = area_of_places(places, pools)
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
