"""Places, roads, ports and crossings of the network of cities."""

from __future__ import annotations

import numpy as np
import pytest

from neg import data
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.east_asia import assumptions, city_network, city_places
from neg.east_asia.geometry import great_circle, inside, landmass, share_on_land
from neg.east_asia.network import roads
from neg.network import least_routes

SHIPMENT = {"shipment": 30_000.0, "daily": 0.01}


@pytest.fixture(scope="module")
def places():
    return city_places(12)


@pytest.fixture(scope="module")
def net(places):
    return city_network(places)


def test_people_add_up_to_their_economies_and_names_are_unique():
    for most, low, high in ((60, 300, 700), (150, 700, 1000)):
        places = city_places(most)
        assert low <= len(places) <= high
        assert places.index.is_unique
        total = places.groupby("economy")["population"].sum()
        national = 1e6 * data.facts()["population"].to_series()
        np.testing.assert_allclose(total, national[total.index], rtol=1e-12)
        count = places.groupby("economy").size()
        assert (count[["HKG", "SGP", "BRN"]] == 1).all()
        assert (count <= most).all() and set(count.index) == set(data.EAST_ASIA_PACIFIC)


def test_merged_places_lie_apart_and_hold_every_city():
    places = city_places(1000, 80.0)
    for economy, own in places.groupby("economy"):
        lon, lat = own["lon"].to_numpy(), own["lat"].to_numpy()
        km = great_circle(lon[:, None], lat[:, None], lon, lat)
        np.fill_diagonal(km, np.inf)
        assert len(own) == 1 or km.min() > 80.0, economy
    held = sum(len(names) for names in places["holds"])
    assert held == len(data.cities())


def test_great_circle_is_that_of_the_data(places):
    table = data.distances("great-circle")
    ends = data.places()
    for a, b in (("THA", "JPN"), ("AUS", "IND"), ("CHN", "NZL")):
        km = great_circle(*(float(ends[k].sel(place=p)) for p in (a, b) for k in ("lon", "lat")))
        assert km == pytest.approx(float(table.sel(origin=a, destination=b)), abs=0.06)


def test_land_and_sea_are_told_apart():
    triangle = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    points = np.array([[1.0, 1.0], [3.0, 3.0], [-1.0, 1.0], [0.5, 3.0]])
    assert inside(triangle, points).tolist() == [True, False, False, True]
    tokyo, sapporo, fukuoka = (139.7, 35.7), (141.35, 43.07), (130.4, 33.6)
    assert len(set(landmass("JPN", np.array([tokyo, sapporo, fukuoka])).tolist())) == 3
    line = share_on_land("JPN", np.array([[139.7, 35.7]]), np.array([[136.9, 35.2]]))
    across = share_on_land("MYS", np.array([[101.7, 3.1]]), np.array([[110.3, 1.55]]))
    assert line[0] > 0.9 and across[0] < 0.3


def test_roads_are_short_stay_at_home_and_join_each_piece_of_land(places):
    own = places[places["economy"] == "IDN"]
    lon, lat, land = (own[k].to_numpy() for k in ("lon", "lat", "land"))
    found = roads("IDN", lon, lat, land)
    piece = land.copy()
    for i, j, km in found:
        assert land[i] == land[j]
        circle = float(great_circle(lon[i], lat[i], lon[j], lat[j]))
        assert km == pytest.approx(assumptions.DETOUR * circle, abs=0.06)
    label = np.arange(len(own))
    for _ in own.index:
        for i, j, _km in found:
            label[[i, j]] = min(label[i], label[j])
    for k in np.unique(piece):
        assert len(set(label[land == k])) == 1


def test_a_road_through_a_place_on_the_way_is_not_built_twice():
    lon, lat = np.array([100.0, 101.0, 102.0]), np.array([16.0, 16.0, 16.0])
    found = {(i, j) for i, j, _ in roads("THA", lon, lat, np.zeros(3))}
    assert found == {(0, 1), (1, 2)}


def test_roads_cross_borders_at_named_crossings_only(net):
    economy = {place.name: place.economy for place in net.places}
    named = {frozenset((one.here[1], one.there[1])) for one in assumptions.CROSSINGS}
    crossing = [
        one
        for one in net.links
        if one.mode == "road" and economy[one.origin] != economy[one.destination]
    ]
    assert len(crossing) == len(assumptions.CROSSINGS)
    assert {frozenset((economy[a.origin], economy[a.destination])) for a in crossing} == named
    pair = {one.label: one for one in net.borders}
    assert pair["LAO-THA:road"].hours == 12.0
    assert pair["MMR-PHL:sea"].hours == pytest.approx((141.67 + 120.0 + 60.0 + 230.0) / 2)


def test_ships_sail_as_far_as_between_the_ports_of_the_data(net):
    km = {frozenset((a.origin, a.destination)): a.km for a in net.links if a.mode == "sea"}
    frame, routes = data.ports()
    ours = km[frozenset(("Singapore", "Hong Kong"))]
    row = routes[
        routes["from"].isin(["Singapore", "Hong Kong"])
        & routes["to"].isin(["Singapore", "Hong Kong"])
    ]
    assert ours == float(row["km"].iloc[0])
    assert ours > float(great_circle(103.85, 1.29, 114.17, 22.28))
    assert set(frame["iso3"]) >= set(data.EAST_ASIA_PACIFIC) - {"LAO"}
    assert not [
        a for a in net.links if a.mode == "sea" and "Vientiane" in (a.origin, a.destination)
    ]


def test_cheapest_routes_go_where_one_expects(net):
    found = least_routes(
        net, **SHIPMENT, origins=["Bangkok", "Tokyo"], destinations=["Hanoi", "Sydney", "USA"]
    )
    path = found.path("Bangkok", "Hanoi")
    assert "Savannakhet/road" in path and path[0] == "Bangkok/road"
    assert any(step.endswith("/sea") for step in found.path("Tokyo", "Sydney"))
    assert float(found.usd.sel(origin="Tokyo", destination="USA")) < 4000.0
    free = city_network(city_places(12), unloading=(0.0, 0.0))
    less = least_routes(free, **SHIPMENT, origins=["Bangkok"], destinations=["Hanoi"]).usd.values
    assert less[0, 0] < float(found.usd.sel(origin="Bangkok", destination="Hanoi"))


def test_bad_places_are_refused_by_name(places):
    with pytest.raises(InvalidParameterError, match="most = 0 .* must be 1 or more"):
        city_places(0)
    with pytest.raises(InvalidParameterError, match="merge_km"):
        city_places(3, -1.0)
    with pytest.raises(InvalidDataError, match="'ATL'"):
        city_network(places.assign(economy="ATL"))
