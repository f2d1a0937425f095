"""Records come back as they were written, and no failure leaves half a file."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from neg.core import records
from neg.core.errors import InvalidDataError


def make_record() -> xr.Dataset:
    return xr.Dataset(
        {
            "income": (("place", "year"), [[1.5, np.nan], [2.5, 3.5]], {"units": "1"}),
            "stable": ("place", [True, False], {"units": "1"}),
            "count": ("year", np.array([1, 2**40]), {"units": "1"}),
            "small": ("year", np.array([-3, 7]), {"units": "1", "limit": None}),
            "pattern": ("place", np.array(["core", None], dtype=object), {"units": "1"}),
            "gap": ("place", np.array([0.5, None], dtype=object), {"units": "1"}),
            "scalar": ((), 4.0, {"units": "1"}),
        },
        coords={
            "place": ["JPN", "VNM"],
            "year": [2020, 2021],
            "name": ("place", ["Japan", "Viet Nam"]),
        },
        attrs={
            "title": "Two places",
            "caption": "φ rises",
            "status": "converged",
            "none": None,
            "flag": True,
            "nested": {"a": [1, 2]},
            "number": 0.25,
        },
    )


def test_a_record_comes_back_as_it_was(tmp_path):
    record = make_record()
    back = records.read_record(records.write_record(tmp_path / "r.nc", record))
    assert set(back.data_vars) == set(record.data_vars)
    assert set(back.coords) == set(record.coords)
    for name in ("income", "stable", "count", "small", "scalar", "year"):
        assert back[name].dtype == record[name].dtype, name
        np.testing.assert_array_equal(back[name], record[name])
    assert back["pattern"].isnull().values.tolist() == [False, True]
    assert back["pattern"].sel(place="JPN").item() == "core"
    np.testing.assert_array_equal(back["gap"], [0.5, np.nan])
    assert back["name"].sel(place="VNM").item() == "Viet Nam"
    assert back["small"].attrs == {"units": "1", "limit": None}
    assert {key: back.attrs[key] for key in record.attrs} == record.attrs


def test_a_stamp_says_where_the_numbers_come_from():
    settings = {"sigma": np.float64(5.0), "grid": np.arange(3), "note": None}
    stamped = records.stamp(make_record(), settings)
    assert json.loads(stamped.attrs["settings"]) == {"sigma": 5.0, "grid": [0, 1, 2], "note": None}
    assert set(json.loads(stamped.attrs["versions"])) == {"neg", "jax", "numpy", "python"}
    assert len(stamped.attrs["date"]) == len("2026-01-01")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.drop_attrs(deep=False), "lacks the attributes"),
        (lambda r: r.assign_attrs(caption=""), r"lacks the attributes \['caption'\]"),
        (lambda r: r.drop_vars("year"), "not labelled"),
        (lambda r: r.assign(bare=("place", [1.0, 2.0])), "'bare' of the record has no units"),
    ],
)
def test_a_record_that_does_not_explain_itself_is_refused(change, message):
    records.check_record(make_record())
    with pytest.raises(InvalidDataError, match=message):
        records.check_record(change(make_record()))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([1j, 2.0]), "complex"),
        (np.array(["a", 1.0], dtype=object), "mixes kinds"),
        (np.array([1, 2**60]), "beyond 2"),
    ],
)
def test_values_that_netcdf_cannot_hold_are_refused_and_the_old_file_stays(
    tmp_path, values, message
):
    path = records.write_record(tmp_path / "r.nc", make_record())
    before = path.read_bytes()
    with pytest.raises(InvalidDataError, match=message):
        records.write_record(path, xr.Dataset({"x": ("i", values)}))
    assert path.read_bytes() == before


def test_a_failing_writer_leaves_nothing_behind(tmp_path):
    path = tmp_path / "folder" / "a.txt"
    records.write_text(path, "old")

    def fail_half_way(name: str) -> None:
        with open(name, "w") as file:
            file.write("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        records.write_atomically(path, fail_half_way)
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


def test_a_figure_drawn_twice_has_the_same_bytes(tmp_path):
    from matplotlib.figure import Figure

    def draw(folder: str) -> tuple[bytes, ...]:
        figure = Figure(figsize=(2, 2))
        figure.subplots().plot([1, 2, 3])
        return tuple(
            file.read_bytes() for file in records.write_figure(tmp_path / folder / "f", figure)
        )

    assert draw("one") == draw("two")
