"""Records come back as they were written, and no failure leaves half a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neg.core import records
from neg.core.errors import InvalidDataError, OutputError


def make_record() -> xr.Dataset:
    return xr.Dataset(
        {
            "income": (("place", "year"), [[1.5, np.nan], [2.5, 3.5]], {"units": "1"}),
            "stable": ("place", [True, False], {"units": "1"}),
            "count": ("year", np.array([1, 2**40]), {"units": "1"}),
            "huge": ("year", np.array([-(2**63), 2**63 - 1]), {"units": "1"}),
            "unsigned": ("year", np.array([0, 2**64 - 1], dtype=np.uint64), {"units": "1"}),
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
            "large": 2**60,
            "whole": 7,
            "missing": [None, True, {"b": None}],
            "empty": "",
            "marked": "json:no",
            "l" * 250: "long",
        },
    )


def test_a_record_comes_back_as_it_was(tmp_path):
    record = make_record()
    back = records.read_record(records.write_record(tmp_path / "r.nc", record))
    assert set(back.data_vars) == set(record.data_vars)
    assert set(back.coords) == set(record.coords)
    for name in ("income", "stable", "count", "huge", "unsigned", "small", "scalar", "year"):
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


def test_flags_of_every_kind_come_back(tmp_path):
    attributes = {"flag": np.bool_(True), "flags": np.array([True, False]), "n": np.int64(2**60)}
    record = make_record().assign_attrs(attributes)
    record["told"] = ("place", np.array([True, None], dtype=object), {"units": "1"})
    back = records.read_record(records.write_record(tmp_path / "r.nc", record))
    assert back.attrs["flag"] is True and back.attrs["flags"] == [True, False]
    assert back.attrs["n"] == 2**60 and back["told"].values.tolist() == [True, None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.rename(income="in/come"), "variable 'in/come' is not allowed"),
        (lambda r: r.assign_attrs({"a ": 1}), "attribute 'a ' is not allowed"),
        (lambda r: r.assign_attrs(deep={(1, 2): 3}), "attribute 'deep' is not allowed"),
    ],
)
def test_names_that_netcdf_does_not_allow_are_named(tmp_path, change, message):
    with pytest.raises(InvalidDataError, match=message):
        records.write_record(tmp_path / "r.nc", change(make_record()))


def test_names_of_250_letters(tmp_path):
    name = "v" * 250
    record = make_record().rename(income=name).assign_coords(place=["p" * 250, "q"])
    back = records.read_record(records.write_record(tmp_path / f"{'f' * 250}.nc", record))
    assert name in back and back.place.values.tolist() == ["p" * 250, "q"]
    with pytest.raises(OutputError, match="name too long"):
        records.write_text(tmp_path / f"{'f' * 256}.txt", "")


def test_a_place_that_cannot_be_written_is_noticed_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    for path, folder, words in (
        (tmp_path, False, "it is a folder"),
        (tmp_path / "file" / "a.nc", False, "file is not a folder"),
        (tmp_path / "file", True, "file is not a folder"),
        ("/proc/nowhere/a.nc", False, "/proc/nowhere/a.nc cannot be written: "),
    ):
        with pytest.raises(OutputError, match=words):
            records.check_writable(path, folder=folder)
    records.check_writable(tmp_path / "new" / "newer" / "a.nc")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_link_is_followed_and_permissions_stay(tmp_path):
    target, link = tmp_path / "a.txt", tmp_path / "b.txt"
    records.write_text(target, "old").chmod(0o600)
    link.symlink_to(target)
    records.write_text(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o600


def test_the_commit_of_the_working_tree_is_found():
    commit = records.source_commit()
    assert commit is None or len(commit.removesuffix("-modified")) == 40
    root = Path(records.__file__).resolve().parents[2]
    assert (commit is None) == (not (root / ".git").exists())


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
