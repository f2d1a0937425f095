"""Economies with commuting from data: exact inversion, labels, scenarios, maps."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from neg.analysis import calibrate_commuting, compare, labelled, scenario, solve
from neg.barriers import Layer
from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
    NegError,
    UnknownNameError,
)
from neg.data import read_commuting
from neg.economy.composed import compose
from neg.figures import choropleth
from neg.solvers.long_run import equilibrium_at

NAMES = ["01001", "01002", "09184", "11000", "14612"]


def observed(n=5, seed=0, zeros=0.3):
    """Commuters that fall with distance, wages, land and distances, labelled, of n places."""
    rng = np.random.default_rng(seed)
    names = NAMES if n == 5 else [f"{i:05d}" for i in range(n)]
    where = rng.uniform(size=(n, 2))
    away = np.linalg.norm(where[:, None] - where[None], axis=2) + 0.05
    size = np.exp(rng.normal(0.0, 1.0, n))
    people = np.round(1e4 * size[:, None] * size * np.exp(-5.0 * away))
    people[(rng.uniform(size=(n, n)) < zeros) & ~np.eye(n, dtype=bool)] = 0.0
    ways = {"residence": names, "workplace": names}
    pair = {"origin": names, "destination": names}
    return {
        "commuters": xr.DataArray(people, ways),
        "wages": xr.DataArray(np.exp(rng.normal(10.3, 0.2, n)), {"workplace": names}),
        "land": pd.Series(np.exp(rng.normal(6.0, 1.0, n)), index=names),
        "distance": xr.DataArray(away, pair),
    }


def returns(economy, data, found, rtol=1e-10):
    """Whether a solution is what was observed."""
    out = labelled(found)
    assert out.attrs["status"] == "converged"
    people, wages = data["commuters"], data["wages"]
    workers, residents = people.sum("residence"), people.sum("workplace")
    income = (people * wages).sum("workplace")
    rent = (1.0 - float(economy.alpha)) * income.values / np.asarray(data["land"])
    works, place = workers.values > 0, {"residence": "place", "workplace": "place"}
    assert out["commuting"].dims == ("residence", "workplace")
    np.testing.assert_allclose(out["commuting"], people, rtol=rtol, atol=0)
    np.testing.assert_allclose(out["workers"], workers, rtol=rtol)
    np.testing.assert_allclose(out["residents"], residents, rtol=rtol)
    np.testing.assert_allclose(out["wage"][works], wages[works], rtol=rtol)
    np.testing.assert_allclose(out["rent"], rent, rtol=rtol)
    assert set(place.values()) == {d for name in ("wage", "rent") for d in out[name].dims}
    assert all(np.isfinite(value).all() for value in out.values())
    return out


def test_what_a_file_says_is_returned_whatever_the_order_of_labels(tmp_path):
    data = observed()
    path = tmp_path / "commuters.csv"
    frame = data["commuters"].to_series().rename("commuters").reset_index()
    frame.sample(frac=1.0, random_state=1).to_csv(path, index=False)
    mixed = {
        "wages": data["wages"].isel(workplace=[3, 1, 0, 4, 2]),
        "land": data["land"][::-1],
        "distance": data["distance"].isel(origin=[1, 0, 2, 4, 3], destination=[4, 3, 2, 1, 0]),
    }
    economy = calibrate_commuting(read_commuting(path), **mixed)
    found = solve(economy)
    out = labelled(found)
    again = {**data, "commuters": data["commuters"]}
    order = list(out["place"].values)
    again["commuters"] = data["commuters"].sel(residence=order, workplace=order)
    again["wages"], again["land"] = data["wages"].sel(workplace=order), data["land"][order]
    returns(economy, again, found)
    assert found.stable
    assert float(np.log(economy.productivity).mean()) == pytest.approx(0.0, abs=1e-12)
    some = np.asarray(economy.amenity)
    assert np.all((some > 0) == (again["commuters"].values > 0))
    assert np.log(some[some > 0]).mean() == pytest.approx(0.0, abs=1e-12)
    # A start far from the data leads there too, and a file is read where it is named.
    x = economy.initial_distribution()
    far = equilibrium_at(economy, np.full(5, float(x.sum()) / 5), np.ones(5, bool))
    returns(economy, again, far)
    np.testing.assert_array_equal(calibrate_commuting(path, **mixed).amenity, economy.amenity)


def test_places_without_residents_or_workers():
    data = observed(zeros=0.0)
    data["commuters"].loc[{"residence": "01002"}] = 0.0
    data["commuters"].loc[{"workplace": "11000"}] = 0.0
    data["wages"].loc[{"workplace": "11000"}] = np.nan
    economy = calibrate_commuting(**data)
    out = returns(economy, data, solve(economy))
    assert float(out["residents"].sel(place="01002")) == 0.0
    assert float(out["workers"].sel(place="11000")) == 0.0
    # With a wage of its own, the place is one where a first firm could pay it.
    data["wages"].loc[{"workplace": "11000"}] = 3e4
    out = labelled(solve(calibrate_commuting(**data)))
    assert float(out["wage"].sel(place="11000")) == pytest.approx(3e4, rel=1e-9)


def test_costs_of_commuting_and_of_trade_may_be_given():
    data = observed()
    distance = data.pop("distance").values
    cost = xr.DataArray(np.exp(distance), {"residence": NAMES, "workplace": NAMES})
    economy = calibrate_commuting(**data, commuting_cost=cost, sigma=5.0, epsilon=4.0)
    assert np.all(np.asarray(economy.iceberg) == 1.0)
    found = solve(economy)
    returns(economy, data, found)
    plain = calibrate_commuting(**data, sigma=5.0, epsilon=4.0)
    ratio = np.asarray(economy.amenity / plain.amenity) / np.asarray(cost) ** 4.0
    ratio = ratio[np.isfinite(ratio)]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
    # Trade costs fall back on distances: 1.29 is how fast trade falls.
    pair = {"origin": NAMES, "destination": NAMES}
    near = calibrate_commuting(**data, distance=xr.DataArray(distance, pair), sigma=5.0)
    np.testing.assert_allclose(
        near.iceberg ** (1.0 - 5.0), (distance / distance.min()) ** -1.29, rtol=1e-12
    )


def test_scenarios_of_an_economy_from_data():
    data = observed()
    economy = calibrate_commuting(**data)
    cheaper = {"path": "commuting_cost", "times": 0.9}
    better = {"path": "productivity", "times": 1.1, "places": ["09184"]}
    more = {"path": "land", "times": 2.0, "places": ["11000"]}
    layer = compose(economy, [Layer("border", 0.1)])
    edits = {"ways": cheaper, "firms": better, "land": more}
    scenarios = [scenario({"name": name, "edits": [edit]}) for name, edit in edits.items()]
    found = compare(economy, scenarios)
    assert found.attrs["status"] == "converged"
    np.testing.assert_allclose(
        found["commuting"].sel(scenario="baseline"), data["commuters"], rtol=1e-10
    )
    change = found["residents_change"]
    assert float(change.sel(scenario="firms", place="09184")) > 0
    assert float(change.sel(scenario="land", place="11000")) > 0
    assert float(found["rent_change"].sel(scenario="land", place="11000")) < 0
    gain = found["payoff_change"].sel(scenario=list(edits))
    # Everybody gains the same: expected utility.
    gain = gain.values
    assert np.all(gain > 0) and np.all(np.ptp(gain, axis=1) < 1e-6)
    at_home = xr.DataArray(np.eye(5, dtype=bool), data["commuters"].coords)
    away = found["commuting"].where(~at_home).sum(["residence", "workplace"])
    assert away.sel(scenario="ways") > away.sel(scenario="baseline")
    # A layer of trade cost is an iceberg.
    dearer = economy.with_(iceberg=np.asarray(economy.iceberg) * np.where(np.eye(5), 1.0, 1.1))
    x = economy.initial_distribution()
    one, other = (
        layer.payoff(economy.initial_prices(x), x),
        dearer.payoff(economy.initial_prices(x), x),
    )
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_map_of_residents():
    data = observed()
    out = labelled(solve(calibrate_commuting(**data)))
    corner = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    polygons = {name: [corner + [2.0 * k, 48.0]] for k, name in enumerate(NAMES)}
    for name in ("residents", "wage"):
        drawn = choropleth(Figure().subplots(), polygons, out[name], label=name)
        expected = (float(out[name].min()), float(out[name].max()))
        assert drawn.get_clim() == pytest.approx(expected)


@pytest.mark.slow
def test_sixty_places_at_random():
    data = observed(n=60, seed=3, zeros=0.6)
    economy = calibrate_commuting(**data)
    x = economy.initial_distribution()
    even = np.full(60, float(x.sum()) / 60)
    found = equilibrium_at(economy, even, np.ones(60, bool), method="matrix-free")
    returns(economy, data, found)


@pytest.mark.parametrize(
    ("name", "change", "error", "words"),
    [
        ("wages", lambda v: v.assign_coords(workplace=list("abcde")), LabelMismatchError, "wages"),
        ("wages", lambda v: v.where(v.workplace != "11000"), InvalidDataError, "'11000'"),
        ("land", lambda v: v.drop("11000"), LabelMismatchError, "land"),
        ("land", lambda v: -v, InvalidParameterError, "land"),
        ("distance", lambda v: v.assign_coords(origin=list("abcde")), LabelMismatchError, "origin"),
        ("distance", lambda v: v * 0.0, InvalidDataError, "at home too"),
        ("commuters", lambda v: v.rename(residence="home"), NegError, "home"),
        ("commuters", lambda v: v.isel(workplace=[0, 1]), LabelMismatchError, "workplace"),
        ("commuters", lambda v: -v, InvalidDataError, "commuters"),
        ("commuters", lambda v: 0.0 * v, InvalidDataError, "zero everywhere"),
    ],
)
def test_bad_data_is_named(name, change, error, words):
    data = observed()
    with pytest.raises(error, match=words):
        calibrate_commuting(**{**data, name: change(data[name])})


def test_trade_costs_are_said_once():
    data = observed()
    with pytest.raises(InvalidParameterError, match="iceberg and distance"):
        calibrate_commuting(**data, iceberg=1.5)


LINE = [60.0, 5.0, 1.0]


@pytest.mark.parametrize(
    "people",
    [
        *(
            LINE,
            [[n] for n in LINE],
            [LINE],
            60.0,
            [[LINE] * 3] * 3,
            [LINE] * 2,
            dict(enumerate(LINE)),
        ),
        *(pd.Series(LINE), xr.DataArray(60.0), xr.DataArray(LINE, {"residence": list("abc")})),
        xr.DataArray(LINE, {"workplace": list("abc")}),
    ],
)
def test_commuters_are_a_square_table(people):
    with pytest.raises(InvalidShapeError, match=r"commuters .*\[residence, workplace\]"):
        calibrate_commuting(people, [3.0, 2.0, 1.0], 1.0)


@pytest.mark.parametrize("name", ["names", "residents", "productivity", "amenity", "epsilom"])
def test_what_the_data_say_is_no_argument(name):
    with pytest.raises(UnknownNameError, match=f"calibrate_commuting '{name}'") as raised:
        calibrate_commuting(np.ones((2, 2)), 1.0, **{name: [1.0, 1.0]})
    allowed = str(raised.value).split("allowed:")[1]
    assert "epsilon" in allowed and "productivity" not in allowed


@pytest.mark.parametrize("name", ["sigma", "distance_elasticity"])
@pytest.mark.parametrize("value", [[4.0, 4.0], "x", -1.0, None])
def test_elasticities_are_numbers(name, value):
    with pytest.raises(NegError, match=f"^{name} "):
        calibrate_commuting(np.ones((2, 2)), 1.0, distance=[[1, 2], [2, 1]], **{name: value})
