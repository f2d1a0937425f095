"""Builds general economies: sensible defaults for what is left out, labels read, numbers spread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from neg.core.checks import as_numbers, check_labels
from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.labels import align, has_labels
from neg.economy.composed import Economy, compose
from neg.economy.general.cells import Cells
from neg.economy.general.chained import Chains, chain_blocks
from neg.economy.general.closure import Closure
from neg.economy.general.fill import numeraire_weights, spread
from neg.economy.general.general import GeneralEconomy
from neg.economy.general.household import Household
from neg.economy.general.market import Market
from neg.economy.general.mobility import Mobility, area_of_places, mobility_groups
from neg.economy.general.technology import Technology
from neg.economy.part import Part

_DEFAULTS: dict[str, Any] = {
    "alpha": 0.0,
    "tau": 1.0,
    "tariff": 0.0,
    "export_tax": 0.0,
    "taste": 1.0,
    "tariff_response": None,
    "productivity": 1.0,
    "reference": 1.0,
    "labour_share": None,
    "land_share": 0.0,
    "tax_share": 0.0,
    "input_share": 0.0,
    "final_share": None,
    "final_tax": 0.0,
    "housing_share": 0.0,
    "amenity": 1.0,
    "land": 1.0,
    "deficit": 0.0,
    "income_start": None,
    "stock_change": None,
    "deficit_rule": "fixed",
    "rent_rule": "local",
    "rebate": "proportional",
    "numeraire": "world",
    "rent_pools": None,
    "chains": (),
    "own_share": None,
    "draws": "chain",
}
"""What may be given by name beside the arguments of :func:`general_economy`, and its default."""


def general_economy(
    *,
    places: Sequence[str],
    sectors: Sequence[str],
    employment: Any,
    theta: Any,
    mobility: str | Mapping[str, str] | Mobility | Cells = "immobile",
    homogeneous: Sequence[str] = (),
    uses: tuple[Sequence[str], Sequence[int], Sequence[int]] | None = None,
    parts: Iterable[Part] = (),
    **given: Any,
) -> GeneralEconomy | Economy:
    """A general economy, with what is given spread over its shape and what is not filled in.

    Arrays follow the shapes documented in :mod:`neg.economy.general`: numbers and vectors are
    broadcast (a vector over sectors where the shape ends in sectors; a matrix of origins and
    destinations for every sector), labelled arrays are read by their labels. A number, or one a
    sector, for ``tau``, ``tariff`` or ``export_tax`` holds between different places only. Left
    out, the labour share is what the other cost shares leave, and final spending is spread evenly
    over sectors. ``homogeneous`` names the sectors that make the freely traded good of price one.
    ``mobility`` is one of

    - ``immobile``: every worker stays in her place and sector,
    - ``sectors``: workers choose a sector within their place,
    - ``places``: workers choose a place, within their sector and area,
    - ``free``: workers choose both, within their area,

    or a mapping from each sector to its rule, or :class:`neg.economy.general.Mobility`, which also
    holds the areas with free movement (by default one area holds all places) and where people are
    from: people who may choose a place then form one group for each origin (within its area);
    pairs without people are closed.

    ``uses`` is the kinds of final demand and the class of use from which each sector and each
    kind buys, by default one kind and one class. ``given`` holds any parameter of technology
    (``productivity``, ``labour_share``, ``land_share``, ``tax_share``, ``input_share``,
    ``reference``), market (``alpha``, ``tau``, ``tariff``, ``export_tax``, ``taste``,
    ``tariff_response``), household (``final_share``, ``final_tax``, ``housing_share``,
    ``amenity``), closure (``deficit``, ``deficit_rule``, ``rent_rule``, ``rent_pools``,
    ``rebate``, ``numeraire``, ``stock_change``, ``income_start``), ``land`` and chains:
    ``chains`` lists sectors that pass their goods on, in order, ``own_share`` ``[sector]`` the
    share of own inputs in what leaves each, ``draws`` the kind of draws
    (:class:`neg.economy.general.chained.Chains`). ``parts`` are composed onto it.

    Raises :class:`neg.core.errors.UnknownNameError` for a name that is none of these.

    >>> economy = general_economy(
    ...     places=["a", "b"], sectors=["goods"], employment=[[1.0], [2.0]], theta=4.0, tau=1.5
    ... )
    >>> economy.shape, economy.tau[..., 0].tolist()  # sales at home cost nothing
    ((2, 1), [[1.0, 1.5], [1.5, 1.0]])
    """
    for name in given:
        if name in ("areas", "residents"):
            raise InvalidParameterError(
                f"{name} is no argument by itself; must be given as mobility=Mobility({name}=...)"
            )
        if name not in _DEFAULTS:
            raise unknown_name("argument of general_economy", name, sorted(_DEFAULTS))
    check_labels("places", places)
    check_labels("sectors", sectors)
    value = _DEFAULTS | given
    n, s = len(places), len(sectors)
    kinds, industry_use, final_use = _classes(uses, s)
    labels = dict.fromkeys(("place", "origin", "destination"), tuple(places))
    labels |= dict.fromkeys(("sector", "input"), tuple(sectors)) | {"kind": tuple(kinds)}
    for name in homogeneous:
        if name not in sectors:
            raise unknown_name("sector in homogeneous", name, sectors)

    def filled(name: str, *axes: str) -> Any:
        named = {axis: labels[axis] for axis in axes}
        return np.asarray(spread(name, value[name], named, tuple(len(e) for e in named.values())))

    value |= {"employment": employment, "theta": theta}
    shares = {name: filled(name, "place", "sector") for name in ("land_share", "tax_share")}
    shares["input_share"] = filled("input_share", "place", "input", "sector")
    if value["labour_share"] is None:
        paid = shares["land_share"] + shares["tax_share"] + shares["input_share"].sum(axis=1)
        value["labour_share"] = 1.0 - paid
    for name in ("productivity", "reference", "labour_share"):
        shares[name] = filled(name, "place", "sector")
    housing, tax = filled("housing_share", "place"), filled("final_tax", "place")
    people = filled("employment", "place", "sector")
    if value["income_start"] is None:
        value["income_start"] = people.sum(axis=1)
    taste = value["taste"]
    if has_labels(taste):
        taste = align("taste", taste, {a: labels[a] for a in ("origin", "destination", "sector")})
    taste = np.asarray(taste, dtype=float)
    taste = taste[..., None] if taste.ndim in (2, 3) else taste
    taste = taste[..., None] if taste.ndim == 3 else taste
    many = max((*industry_use, *final_use)) + 1
    cells = mobility
    if not isinstance(cells, Cells):
        active = shares["productivity"] > 0
        cells = mobility_groups(places, sectors, people, active, cells)
    chains = Chains(
        blocks=chain_blocks(value["chains"], tuple(sectors)),
        own_share=None if value["own_share"] is None else filled("own_share", "sector"),
        draws=value["draws"],
    )
    model = GeneralEconomy(
        cells=cells,
        technology=Technology(
            **shares,
            industry_use=tuple(industry_use),
            homogeneous=tuple(name in homogeneous for name in sectors),
        ),
        market=Market(
            theta=filled("theta", "sector"),
            alpha=filled("alpha", "sector") * (1.0 - np.isin(sectors, homogeneous)),
            taste=spread("taste", taste, {"use": ()}, (n, n, s, many)),
            tau=filled("tau", "origin", "destination", "sector"),
            tariff=filled("tariff", "origin", "destination", "sector"),
            export_tax=filled("export_tax", "origin", "destination", "sector"),
            tariff_response=None
            if value["tariff_response"] is None
            else filled("tariff_response", "sector"),
        ),
        household=Household(
            final_share=_final_shares(
                value["final_share"], 1.0 - housing - tax, labels, ~chains.inner(s)
            ),
            final_tax=tax,
            housing_share=housing,
            amenity=filled("amenity", "place"),
            kinds=tuple(kinds),
            final_use=tuple(final_use),
        ),
        closure=Closure(
            deficit=filled("deficit", "place"),
            income_start=filled("income_start", "place"),
            stock_change=None
            if value["stock_change"] is None
            else filled("stock_change", "place", "sector", "destination"),
            deficit_rule=value["deficit_rule"],
            rent_rule=value["rent_rule"],
            rebate=value["rebate"],
            rent_pool=_pools(places, value["rent_pools"]),
            numeraire=numeraire_weights(value["numeraire"], tuple(places)),
        ),
        land=filled("land", "place"),
        chains=chains,
        places=tuple(places),
        sectors=tuple(sectors),
    )
    parts = tuple(parts)
    return compose(model, parts) if parts else model


def _classes(uses: Any, sectors: int) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
    """Kinds of final demand, and the class of use from which each sector and each kind buys."""
    if uses is None:
        return ("final",), (0,) * sectors, (0,)
    if len(uses) != 3:
        raise InvalidParameterError(
            f"uses has {len(uses)} entries; must be kinds of final demand, a class for each "
            "sector, a class for each kind"
        )
    kinds, industry, final = uses
    check_labels("uses[0]", kinds)
    classes = []
    for k, found, of, wanted in ((1, industry, "sector", sectors), (2, final, "kind", len(kinds))):
        whole = all(isinstance(one, (int, np.integer)) and one >= 0 for one in found)
        if len(found) != wanted or not whole:
            raise InvalidParameterError(
                f"uses[{k}] = {found} is not allowed; must be a whole number from zero for each "
                f"{of}, {wanted} in all"
            )
        classes.append(tuple(int(one) for one in found))
    return tuple(kinds), classes[0], classes[1]


def _final_shares(
    given: Any, kept: np.ndarray, labels: Mapping[str, tuple[str, ...]], sold: np.ndarray
) -> Any:
    """Shares of final spending: what is given, or spread evenly over sectors sold and kinds."""
    axes = {axis: labels[axis] for axis in ("place", "sector", "kind")}
    full = tuple(len(entries) for entries in axes.values())
    if given is None:
        each = kept[:, None] * sold / (sold.sum() * full[2])
        return np.broadcast_to(each[:, :, None], full)
    if has_labels(given):
        return spread("final_share", given, axes, full)
    share = as_numbers("final_share", given)
    if share.ndim == 1:
        share = share[None, :, None]
    elif share.ndim == 2:
        share = share[:, :, None]
    return spread("final_share", share, axes, full)


def _pools(places: Sequence[str], pools: Mapping[str, Sequence[str]] | None) -> Any:
    if pools is None:
        return np.zeros(len(places), dtype=int)
    label = area_of_places(places, pools)
    order = {name: k for k, name in enumerate(dict.fromkeys(label.values()))}
    return np.asarray([order[label[place]] for place in places])
