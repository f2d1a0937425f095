"""The embedded data: right numbers, labels, sources, and rebuilt files equal to the stored ones."""

import gzip

import numpy as np
import pandas as pd
import pytest

from neg import data
from neg.core.errors import UnknownNameError
from neg.data.sources import FILES


def test_icio_is_the_table_of_2020():
    table = data.load_icio()
    assert table.places == data.REGIONS
    assert len(table.sectors) == 11
    assert table.year == 2020
    assert "OECD (2023)" in table.source
    assert table.output.sum() == pytest.approx(166_488_546.63, rel=1e-10)
    np.testing.assert_allclose(table.imbalance / table.output, 0, atol=1e-14)
    assert any("negative final flows" in note for note in table.notes)
    assert any("value added is the residual" in note for note in table.notes)


def test_icio_equals_the_file_cell_by_cell():
    table = data.load_icio()
    with gzip.open(FILES / "icio2020_21x11.csv.gz", "rt") as text:
        frame = pd.read_csv(text, index_col=[0, 1])
    dataset = table.to_xarray()
    sale = {"origin": "JPN", "sector": "manufacturing", "destination": "THA"}
    assert float(dataset["intermediate"].sel(**sale, industry="construction")) == float(
        frame.loc[("JPN", "manufacturing"), "THA:construction"]
    )
    assert float(dataset["final"].sel(**sale, use="final_investment")) == float(
        frame.loc[("JPN", "manufacturing"), "THA:final_investment"]
    )
    taxes = dataset["net_taxes_industry"].sel(destination="VNM", industry="trade")
    assert float(taxes) == float(frame.loc[("*", "net_taxes"), "VNM:trade"])
    change = (
        dataset["value_added"].values.ravel() - frame.loc[("*", "value_added")].to_numpy()[:231]
    )
    assert np.abs(change).max() < 0.21  # rounding to 0.01 of some 300 entries a column


def test_no_cell_exports_more_than_it_produces():
    """The convention for re-exports that the documentation states."""
    table = data.load_icio()
    foreign = table.flows * (1 - np.eye(21))[:, :, None]
    assert (foreign.sum(1) <= table.output).all()


def test_facts_have_units_and_years():
    facts = data.facts()
    assert tuple(facts["place"].values) == data.EAST_ASIA_PACIFIC
    assert facts["population"].attrs["unit"] == "million persons"
    assert facts["logistics_performance"].attrs["year"] == 2016
    assert float(facts["population"].sel(place="JPN")) == 126.860301
    assert all(np.isfinite(facts[name]).all() for name in facts.data_vars)


def test_asia7_shares_add_up():
    asia = data.asia7()
    total = asia["value_added_share"] + asia["input_share"].sum("sector")
    np.testing.assert_allclose(total, 1, atol=2e-3)
    np.testing.assert_allclose(asia["final_share"].sum(), 1, atol=2e-3)
    assert not asia["flows"].isnull().any()
    assert float(asia["flows"].sel(origin="AUS", destination="CHN", sector="primary")) == 84482
    assert asia.attrs["year"] == "2011"
    bought = asia["flows"].sel(destination=asia["place"].values)
    home = [
        float(bought.sel(origin=p, destination=p, sector="light")) for p in asia["place"].values
    ]
    share = home / bought.sel(sector="light").sum("origin").values
    np.testing.assert_allclose(share, asia["domestic_share"].sel(sector="light"), atol=2e-3)


def test_groups_nest():
    assert len(data.ASEAN) == 10
    assert len(data.RCEP) == 15
    assert len(data.EAST_ASIA) == 14
    assert set(data.CLMV) < set(data.ASEAN) < set(data.RCEP) < set(data.ASEAN_PLUS_SIX)
    n = len(data.ASEAN_PLUS_SIX)
    assert n * (n - 1) // 2 == 120
    assert set(data.EAST_ASIA) | set(data.RCEP) <= set(data.EAST_ASIA_PACIFIC)


def test_every_file_has_a_source():
    stored = {entry.name for entry in FILES.iterdir()} - {"sources.json"}
    assert set(data.sources()) == stored
    for entry in data.sources().values():
        assert all(entry[key] for key in ("what", "source", "year", "terms"))


def test_sources_are_copies():
    data.sources()["cities.csv"]["terms"] = "none"
    assert data.sources()["cities.csv"]["terms"] == "CC BY 4.0"


@pytest.mark.parametrize("kind", ["sea", "land", "great-circle"])
def test_distances_are_symmetric_and_labelled(kind):
    km = data.distances(kind)
    assert tuple(km["origin"].values) == tuple(km["destination"].values) == data.REGIONS
    assert km.attrs["unit"] == "km"
    values = km.values
    np.testing.assert_array_equal(np.isnan(values), np.isnan(values.T))
    np.testing.assert_allclose(values, values.T, equal_nan=True)
    assert np.nanmin(values) > 0
    area = data.places()["area"].values
    np.testing.assert_allclose(np.diag(values), 0.67 * np.sqrt(area / np.pi), atol=0.06)


def test_distances_known_values():
    sea, land, circle = (data.distances(kind) for kind in ("sea", "land", "great-circle"))
    pair = {"origin": "MMR", "destination": "THA"}
    assert float(sea.sel(**pair)) == pytest.approx(3530, abs=1)
    assert float(circle.sel(**pair)) == pytest.approx(580, abs=5)
    assert float(land.sel(**pair)) == pytest.approx(1.3 * float(circle.sel(**pair)), abs=0.1)
    assert np.isnan(land.sel(origin="JPN", destination="CHN"))
    # New York to Rotterdam, not Los Angeles to Rotterdam
    assert float(sea.sel(origin="USA", destination="EU27")) < 7000
    with pytest.raises(UnknownNameError, match="allowed: sea, land, great-circle"):
        data.distances("air")


def test_sea_routes_are_no_shorter_than_the_great_circle_between_ports():
    places, sea = data.places(), data.distances("sea")
    lon, lat = (np.radians(places[name].values) for name in ("port_lon", "port_lat"))
    cosine = np.sin(lat)[:, None] * np.sin(lat) + np.cos(lat)[:, None] * np.cos(lat) * np.cos(
        lon[:, None] - lon
    )
    circle = 6371.0088 * np.arccos(np.clip(cosine, -1, 1))
    one_port = (places["second_port"] == "").values
    apart = one_port[:, None] & one_port & ~np.eye(21, dtype=bool)
    # both ends snap to the nearest node of the network, up to some tens of km away
    assert (sea.values - circle)[apart].min() > -150


def test_borders_hold_the_main_cities():
    from matplotlib.path import Path

    borders, places = data.borders(), data.places()
    assert set(borders) == set(data.EAST_ASIA_PACIFIC)
    for iso3, rings in borders.items():
        place = places.sel(place=iso3)
        # 1:50 million: points on the shore may fall outside by a tenth of a degree
        point = (float(place["lon"]), float(place["lat"]))
        inside = [
            Path(ring).contains_point(point, radius=radius)
            for ring in rings
            for radius in (0.1, -0.1)
        ]
        assert any(inside), iso3
        assert all(ring.shape[1] == 2 and (ring[0] == ring[-1]).all() for ring in rings)


def test_outlines_lie_in_their_window():
    points = np.concatenate(data.land())
    assert (points.min(0) >= (55, -56)).all()
    assert (points.max(0) <= (180, 60)).all()


def test_cities_follow_their_conventions():
    cities = data.cities()
    assert set(cities["iso3"]) == set(data.EAST_ASIA_PACIFIC)
    count = cities.groupby("iso3").size()
    assert (count[["HKG", "SGP", "BRN"]] == 1).all()
    small = ["KHM", "LAO", "MMR", "THA"]
    assert cities[cities["iso3"].isin(small)]["population"].min() >= 20_000
    assert cities[~cities["iso3"].isin(["BRN", *small])]["population"].min() >= 100_000
    total = cities.groupby("iso3")["population_indicative"].sum()
    national = 1e6 * data.facts()["population"].to_series()
    np.testing.assert_allclose(total, national[total.index], atol=len(cities))
    assert cities.attrs["terms"] == "CC BY 4.0"
    assert not cities.isna().any().any()


def test_ports_are_joined_by_ways_no_shorter_than_the_earth_allows():
    ports, routes = data.ports()
    assert ports["port"].is_unique and set(ports["iso3"]) >= set(data.EAST_ASIA_PACIFIC) - {"LAO"}
    at = ports.set_index("port")
    a, b = at.loc[routes["from"]], at.loc[routes["to"]]
    lat1, lat2 = np.radians(a["lat"].to_numpy()), np.radians(b["lat"].to_numpy())
    lon = np.radians(b["lon"].to_numpy() - a["lon"].to_numpy())
    cosine = np.sin(lat1) * np.sin(lat2) + np.cos(lat1) * np.cos(lat2) * np.cos(lon)
    circle = 6371.0088 * np.arccos(np.clip(cosine, -1.0, 1.0))
    # Ports stand at their cities; the routes start at the nearest node of the sea.
    assert (routes["km"].to_numpy() > circle - 300.0).all()
    main = at["main"] == 1
    count = int(main.sum())
    abroad = main[routes["from"]].to_numpy() & main[routes["to"]].to_numpy()
    assert abroad.sum() == count * (count - 1) // 2
    assert "Apache" in routes.attrs["terms"] and ports.attrs["terms"] == "CC BY 4.0"
