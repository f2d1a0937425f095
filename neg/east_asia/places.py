"""The places: cities of the 18 economies, merged where they are close, with indicative people."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from neg import data
from neg.core.checks import check_range
from neg.core.errors import InvalidParameterError
from neg.east_asia.geometry import great_circle, landmass

FAR = ("USA", "EU27", "ROW")
"""Regions of the table that are one place each, at their main city."""


def city_places(most: int = 60, merge_km: float = 50.0) -> pd.DataFrame:
    """The largest places of each of the 18 economies, with population rescaled to its total.

    Starting with the largest, a city takes up the smaller cities of its economy within
    ``merge_km``; the ``most`` largest of what is left are kept. Columns: ``economy``, ``name``
    (its index; unique), ``lon``, ``lat``, ``population`` (persons, 2019), ``land`` (number of the
    outline of the economy that it stands on), ``holds`` (names of the cities merged into it).
    **Indicative**: GeoNames counts are of various years and definitions, and lists districts
    beside their cities; they are rescaled so that each economy has its population of 2019.

    Args:
        most: places per economy at most, one or more.
        merge_km: at least zero.

    >>> places = city_places(most=3)
    >>> [str(name) for name in places.index[places["economy"] == "LAO"]]
    ['Vientiane', 'Savannakhet', 'Thakhèk']
    """
    check_range("merge_km", merge_km, 0.0)
    if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 1:
        raise InvalidParameterError(f"most = {most!r} places per economy; must be 1 or more")
    return _places(int(most), float(merge_km)).copy()


@functools.lru_cache(maxsize=4)
def _places(most: int, merge_km: float) -> pd.DataFrame:
    cities = data.cities()
    people = data.facts()["population"].to_series() * 1e6
    rows = []
    for economy, own in cities.groupby("iso3", sort=True):
        own = own.sort_values(["population", "name"], ascending=[False, True])
        merged = _merged(own, merge_km).head(most)
        scaled = merged["population"] * people[economy] / merged["population"].sum()
        points = merged[["lon", "lat"]].to_numpy(dtype=float)
        rows.append(
            merged.assign(economy=economy, population=scaled, land=landmass(str(economy), points))
        )
    frame = pd.concat(rows, ignore_index=True)
    frame.index = pd.Index(_unique(frame), name="name")
    frame.attrs = cities.attrs
    return frame[["economy", "lon", "lat", "population", "land", "holds"]]


def _merged(own: pd.DataFrame, within: float) -> pd.DataFrame:
    """Cities of one economy, largest first, each with those it takes up."""
    lon, lat, size = (own[name].to_numpy(dtype=float) for name in ("lon", "lat", "population"))
    names = own["name"].to_list()
    free = np.ones(len(own), dtype=bool)
    rows = []
    for k in range(len(own)):
        if not free[k]:
            continue
        near = free & (great_circle(lon[k], lat[k], lon, lat) <= within)
        near[k] = True
        free &= ~near
        holds = tuple(names[i] for i in np.flatnonzero(near))
        rows.append((names[k], lon[k], lat[k], size[near].sum(), holds))
    found = pd.DataFrame(rows, columns=["name", "lon", "lat", "population", "holds"])
    return found.sort_values(["population", "name"], ascending=[False, True])


def _unique(frame: pd.DataFrame) -> list[str]:
    """Names, the larger of two places of one name keeping it as it is."""
    order = frame["population"].to_numpy().argsort(kind="stable")[::-1]
    taken: set[str] = set(FAR)
    found = frame["name"].to_list()
    for k in order:
        name, economy = frame["name"].iat[k], frame["economy"].iat[k]
        number, wanted = 1, name
        while wanted in taken:
            wanted = f"{name} ({economy})" if number == 1 else f"{name} ({economy} {number})"
            number += 1
        taken.add(wanted)
        found[k] = wanted
    return found
