"""Embedded geography: regions, distances, outlines and cities."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.checks import check_choice
from neg.data.groups import REGIONS
from neg.data.sources import FILES, source_attrs

_KINDS = {
    "sea": "shortest route between main ports (Lao PDR: a Thai port and the road to it)",
    "land": "great circle between main cities times 1.3 on the Eurasian mainland; NaN elsewhere",
    "great-circle": "great circle between main cities",
}
_OWN = "distance of a region to itself: 0.67 sqrt(area / pi), Head and Mayer (2010)"
_POINTS = "EU27 stands at Frankfurt and Rotterdam, ROW at Dubai, the USA at Chicago and two ports"


def places() -> xr.Dataset:
    """Return the 21 regions: name, main city and its ``lon``/``lat`` (degrees), ports, area (km2).

    ``EU27`` is represented by Frankfurt am Main and Rotterdam, ``ROW`` by Dubai: conventions.
    """
    frame = _csv("places.csv").set_index("iso3")
    dataset = xr.Dataset(coords={"place": frame.index.to_list()}, attrs=source_attrs("places.csv"))
    for column in frame.columns:
        text = frame[column].dtype.kind not in "fi"
        values = frame[column].fillna("") if text else frame[column].astype(float)
        dataset[column.removesuffix("_km2")] = ("place", values.to_list())
        if not text:
            unit = "km2" if column == "area_km2" else "degree"
            dataset[column.removesuffix("_km2")].attrs["unit"] = unit
    dataset.attrs["convention"] = _POINTS
    return dataset


def distances(kind: str = "sea") -> xr.DataArray:
    """Return distances ``[origin, destination]`` of the 21 regions in km.

    Arguments
        kind: ``"sea"`` (shortest route between ports), ``"land"`` (1.3 times the great circle
            where a land route exists, NaN elsewhere) or ``"great-circle"``.

    The diagonal is the mean distance inside a region, ``0.67 sqrt(area/pi)``, in all three. Ports
    are not doors: Myanmar-Thailand is 3,530 km by sea and 580 km as the crow flies. Conventions
    are in ``attrs``. Raises :class:`UnknownNameError` for another kind.

    >>> float(distances("sea").sel(origin="JPN", destination="VNM"))
    4563.0
    """
    check_choice("kind of distance", kind, _KINDS)
    name = f"distances_{kind.replace('-', '_')}_km.csv"
    matrix = _csv(name).pivot(index="origin", columns="destination", values="km")
    return xr.DataArray(
        matrix.loc[list(REGIONS), list(REGIONS)].to_numpy(dtype=float),
        dims=("origin", "destination"),
        coords={"origin": list(REGIONS), "destination": list(REGIONS)},
        name=f"distance_{kind.replace('-', '_')}",
        attrs={
            "unit": "km",
            "method": _KINDS[kind],
            "own_distance": _OWN,
            "convention": _POINTS,
            **source_attrs(name),
        },
    )


def borders() -> dict[str, list[np.ndarray]]:
    """Return the outlines of the 18 economies: rings ``[k, 2]`` of longitude and latitude, degrees.

    Boundaries as drawn by Natural Earth (de facto); no view on their legal status.
    """
    return {
        iso3: [np.array(ring) for ring in rings]
        for iso3, rings in _json("borders_economies.json.gz").items()
    }


def land() -> list[np.ndarray]:
    """Return simplified land outlines between 55-180 E and 56 S-60 N, for map backgrounds."""
    return [np.array(ring) for ring in _json("borders_land.json.gz")]


def ports() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ports of the 18 economies and three regions, and sea routes between them, km.

    The first has ``port``, ``iso3``, ``lon``, ``lat`` (degrees), ``land`` (number of the outline of
    :func:`borders` that it stands on) and ``main`` (one where ships from abroad call; these are
    joined with all others of the kind, the rest with those of their economy). The second has
    ``from``, ``to`` and ``km``: the shortest way by sea, canals open, between the network's nodes
    next to the ports. Which ports are main ones is from general knowledge.
    """
    frame, routes = _csv("ports.csv"), _csv("distances_ports_km.csv")
    frame.attrs = source_attrs("ports.csv")
    routes.attrs = source_attrs("distances_ports_km.csv")
    return frame, routes


def cities() -> pd.DataFrame:
    """Return cities of the 18 economies of 100,000 and more inhabitants.

    In Cambodia, Lao PDR, Myanmar and Thailand, whose large cities hold little: of 20,000 and more.

    Columns: ``iso3``, ``name``, ``lon``, ``lat`` (degrees), ``population`` (as in GeoNames) and
    ``population_indicative``, which is the former rescaled so that each economy sums to its
    national population of 2019. Indicative only: GeoNames lists some districts beside their
    city, and in Thailand, Cambodia, Lao PDR and India its large cities hold 13 to 20 % of the
    people. Hong Kong and Singapore are one place each; Brunei has its capital, though smaller.
    Source, year and terms are in ``attrs``.
    """
    frame = _csv("cities.csv")
    frame.attrs = source_attrs("cities.csv")
    return frame


def _csv(name: str) -> pd.DataFrame:
    with (FILES / name).open("rb") as raw:
        # "NA" and the like are names here, only an empty field is missing
        return pd.read_csv(raw, keep_default_na=False, na_values=[""])


def _json(name: str) -> Any:
    with (FILES / name).open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as text:
        return json.load(text)
