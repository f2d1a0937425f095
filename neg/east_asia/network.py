"""The network of cities: roads, ships and planes between real places."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from neg import data
from neg.core.errors import InvalidDataError
from neg.east_asia import assumptions as given
from neg.east_asia.assumptions import Crossing
from neg.east_asia.geometry import great_circle, landmass, share_on_land
from neg.east_asia.places import FAR, city_places
from neg.network import Border, Link, Mode, Network, Place, Transfer, network

_SAME = 25.0
"""Km within which a town of a crossing is the place next to it."""


def city_network(
    places: pd.DataFrame | None = None,
    *,
    modes: Iterable[Mode] = given.MODES,
    crossings: Sequence[Crossing] = given.CROSSINGS,
    unloading: tuple[float, float] = given.UNLOADING,
    far: bool = True,
) -> Network:
    """Places with the roads, ports, airports and border crossings between them.

    Args:
        places: those of :func:`neg.east_asia.city_places`, by default all of them; every economy
            that it names must be one of the 18.
        modes: ``road``, ``sea`` and ``air``, in any order.
        crossings: roads between economies; those whose economies are not both there are left out.
        unloading: USD and hours of a change of trucks at Savannakhet.
        far: whether USA, EU27 and ROW are places too, within reach by sea and air.

    Raises:
        DisconnectedPlaceError: a place that nothing joins to the others.
    """
    places = city_places() if places is None else places
    here = _with_towns(places, crossings, far)
    links = [Link(a, b, "road", km) for a, b, km in _all_roads(here, crossings)]
    ports, sea = _sea(here)
    airports, air = _air(here)
    links += [Link(a, b, "sea", km) for a, b, km in sea]
    links += [Link(a, b, "air", km) for a, b, km in air]
    transfers = [Transfer(name, "road", "sea", *given.PORT) for name in ports if name not in FAR]
    transfers += [
        Transfer(name, "air", "road", *given.AIRPORT) for name in airports if name not in FAR
    ]
    if "Savannakhet" in here.index:
        transfers.append(Transfer("Savannakhet", "road", "road", *unloading))
    nodes = [Place(name, row.economy, row.lon, row.lat) for name, row in here.iterrows()]
    return network(
        nodes, links, modes=tuple(modes), transfers=transfers, borders=_borders(here, crossings)
    )


@functools.lru_cache(maxsize=4)
def embedded(most: int, merge_km: float) -> Network:
    """The network of :func:`neg.east_asia.city_places`, built once: what is solved on it again
    finds its routes, and compiles nothing anew."""
    return city_network(city_places(most, merge_km))


def roads(
    economy: str, lon: Any, lat: Any, land: Any, *, reach: float = given.REACH_KM
) -> list[tuple[int, int, float]]:
    """Roads within one economy: ``(place, place, km)``, places by their numbers.

    A pair on one piece of land has one where its great circle is at most ``reach`` km and stays
    on land, and no third place lies on the way; where this leaves a piece of land in parts, the
    shortest pair joins them, whatever lies between. Km are great circle times the detour.
    """
    lon, lat, land = (np.asarray(a, dtype=float) for a in (lon, lat, land))
    km = great_circle(lon[:, None], lat[:, None], lon, lat)
    apart = np.where(land[:, None] == land, km, np.inf)
    np.fill_diagonal(apart, np.inf)
    near = apart <= reach
    a, b = np.nonzero(np.triu(near))
    at = np.column_stack([lon, lat])
    dry = share_on_land(economy, at[a], at[b]) >= given.ON_LAND
    direct = np.full(km.shape, np.inf)
    direct[a[dry], b[dry]] = direct[b[dry], a[dry]] = km[a[dry], b[dry]]
    kept = []
    for i, j in zip(a[dry], b[dry], strict=True):
        through = direct[i] + direct[:, j]
        through[[i, j]] = np.inf
        if through.min() > given.THROUGH * km[i, j]:
            kept.append((int(i), int(j)))
    kept += _bridged(kept, apart)
    return [(i, j, round(given.DETOUR * float(km[i, j]), 1)) for i, j in kept]


def _bridged(kept: list[tuple[int, int]], apart: np.ndarray) -> list[tuple[int, int]]:
    """The shortest pairs that join what roads leave apart on one piece of land."""
    count = len(apart)
    more: list[tuple[int, int]] = []
    while True:
        ends = np.array([*kept, *more], dtype=np.int64).reshape(-1, 2)
        graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
        _, piece = connected_components(graph, directed=False)
        other = np.where(piece[:, None] != piece, apart, np.inf)
        if not np.isfinite(other).any():
            return more
        i, j = np.unravel_index(int(other.argmin()), other.shape)
        more.append((int(min(i, j)), int(max(i, j))))


def _with_towns(places: pd.DataFrame, crossings: Sequence[Crossing], far: bool) -> pd.DataFrame:
    """Places, then the towns of crossings that are none of them, then regions far away."""
    unknown = sorted(set(places["economy"]) - set(data.EAST_ASIA_PACIFIC))
    if unknown:
        raise InvalidDataError(
            f"places of {unknown} are not in the data; must be of {list(data.EAST_ASIA_PACIFIC)}"
        )
    rows = places[["economy", "lon", "lat", "land"]].copy()
    rows["town"] = False
    for crossing in crossings:
        if not {crossing.here[1], crossing.there[1]} <= set(places["economy"]):
            continue
        for name, economy, lon, lat in (crossing.here, crossing.there):
            if _place_of(rows, (name, economy, lon, lat)) is None:
                land = int(landmass(economy, np.array([[lon, lat]]))[0])
                rows.loc[name] = [economy, lon, lat, land, True]
    if far:
        regions = data.places().to_dataframe()
        for name in FAR:
            rows.loc[name] = [name, regions.at[name, "lon"], regions.at[name, "lat"], 0, False]
    return rows


def _place_of(rows: pd.DataFrame, town: tuple[str, str, float, float]) -> str | None:
    """The place that a town of a crossing is: of its name, or next to it."""
    name, economy, lon, lat = town
    own = rows[rows["economy"] == economy]
    if name in own.index:
        return name
    km = great_circle(lon, lat, own["lon"].to_numpy(float), own["lat"].to_numpy(float))
    return str(own.index[int(km.argmin())]) if km.min() <= _SAME else None


def _all_roads(here: pd.DataFrame, crossings: Sequence[Crossing]) -> list[tuple[str, str, float]]:
    found: list[tuple[str, str, float]] = []
    for name, own in here.groupby("economy", sort=False):
        if name not in FAR:
            names = own.index.to_list()
            for i, j, km in roads(str(name), own["lon"], own["lat"], own["land"]):
                found.append((names[i], names[j], km))
    for economy, start, end in given.BRIDGES:
        own = here[here["economy"] == economy]
        pieces = landmass(economy, np.array([start, end]))
        if pieces[0] == pieces[1] or not set(pieces) <= set(own["land"]):
            continue
        way = given.DETOUR * float(great_circle(*start, *end))
        ends: list[str] = []
        for point, piece in zip((start, end), pieces, strict=True):
            side = own[own["land"] == piece]
            km = great_circle(*point, side["lon"].to_numpy(float), side["lat"].to_numpy(float))
            ends.append(str(side.index[int(km.argmin())]))
            way += given.DETOUR * float(km.min())
        found.append((ends[0], ends[1], round(way, 1)))
    for crossing in crossings:
        first, second = (_place_of(here, town) for town in (crossing.here, crossing.there))
        if first is None or second is None:
            continue
        a, b = here.loc[first], here.loc[second]
        way = given.DETOUR * float(great_circle(a["lon"], a["lat"], b["lon"], b["lat"]))
        found.append((first, second, round(max(way, 1.0), 1)))
    return found


def _sea(here: pd.DataFrame) -> tuple[list[str], list[tuple[str, str, float]]]:
    """Places with a port, and sea routes between them: the shortest where one has several ports."""
    ports, km = data.ports()
    living = here[~here["town"]]
    place = {
        row.port: _served(living, row.iso3, row.lon, row.lat, row.land)
        for row in ports.itertuples()
    }
    best: dict[tuple[str, str], float] = {}
    for first, second, length in km.itertuples(index=False):
        a, b = place[first], place[second]
        if a is not None and b is not None and a != b:
            key = (a, b) if (b, a) not in best else (b, a)
            best[key] = min(best.get(key, np.inf), float(length))
    served = dict.fromkeys(name for name in place.values() if name is not None)
    return list(served), [(a, b, round(length, 1)) for (a, b), length in best.items()]


def _served(here: pd.DataFrame, economy: str, lon: float, lat: float, land: int) -> str | None:
    """The place that a port serves: the nearest on its piece of land."""
    own = here[(here["economy"] == economy) & ((here["land"] == land) | (economy in FAR))]
    if own.empty:
        return None
    km = great_circle(lon, lat, own["lon"].to_numpy(float), own["lat"].to_numpy(float))
    return str(own.index[int(km.argmin())])


def _air(here: pd.DataFrame) -> tuple[list[str], list[tuple[str, str, float]]]:
    """The largest places of each economy, and flights between all of them."""
    living = here[~here["town"]]
    chosen = living.groupby("economy", sort=False).head(given.AIRPORTS)
    names, lon, lat = chosen.index.to_list(), chosen["lon"], chosen["lat"]
    km = great_circle(
        lon.to_numpy(float)[:, None],
        lat.to_numpy(float)[:, None],
        lon.to_numpy(float),
        lat.to_numpy(float),
    )
    pairs = zip(*np.triu_indices(len(names), 1), strict=True)
    return names, [(names[i], names[j], round(float(km[i, j]), 1)) for i, j in pairs]


def _borders(here: pd.DataFrame, crossings: Sequence[Crossing]) -> list[Border]:
    """Clearance of every pair of economies at ports and airports, and on the roads between them."""
    economies = list(dict.fromkeys(here["economy"]))
    found = []
    for k, first in enumerate(economies):
        for second in economies[:k]:
            usd, hours = given.at_ports(first, second)
            found.append(Border(first, second, "sea", usd, hours))
            found.append(Border(first, second, "air", usd, given.AIR_HOURS))
    by_pair: dict[frozenset[str], list[Crossing]] = {}
    for crossing in crossings:
        pair = frozenset((crossing.here[1], crossing.there[1]))
        if pair <= set(economies):
            by_pair.setdefault(pair, []).append(crossing)
    for pair, several in by_pair.items():
        first, second = sorted(pair)
        usd = sum(one.usd for one in several) / len(several)
        hours = sum(one.hours for one in several) / len(several)
        found.append(Border(first, second, "road", usd, hours))
    return found
