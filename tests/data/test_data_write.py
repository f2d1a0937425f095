"""Writers: what is written reads back, and a failure leaves nothing behind."""

import os

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neg.core.errors import InvalidDataError, InvalidShapeError, OutputError, UnknownNameError
from neg.core.records import read_record, write_bytes
from neg.data import distances, load_icio, save, write_csv, write_latex, write_netcdf


def test_csv_reads_back_exactly(tmp_path):
    sea = distances("sea")
    back = pd.read_csv(write_csv(sea, tmp_path / "sea.csv"))
    assert list(back.columns) == ["origin", "destination", "distance_sea"]
    np.testing.assert_array_equal(back["distance_sea"], sea.values.ravel())


def test_netcdf_keeps_labels_and_attributes(tmp_path):
    dataset = load_icio().to_xarray()
    path = write_netcdf(dataset, tmp_path / "table.nc")
    with xr.open_dataset(path, engine="scipy") as back:
        xr.testing.assert_equal(back.load(), dataset)
        assert back.attrs["source"] == dataset.attrs["source"]
        assert back["flows"].attrs["unit"] == "million USD"


def test_latex_escapes_and_rounds(tmp_path):
    frame = pd.DataFrame({"share_%": [1.23456, np.nan]}, index=["A & B", "C_1"])
    text = write_latex(frame, tmp_path / "t.tex", caption="A_b", label="t:1", digits=2).read_text()
    assert r"A \& B & 1.23 \\" in text
    assert r"C\_1 & -- \\" in text
    assert r"share\_\%" in text
    assert r"\caption{A\_b}" in text
    assert r"\label{t:1}" in text


def test_save_goes_by_the_ending(tmp_path):
    row = distances("sea").sel(origin="JPN", drop=True)
    for ending in ("csv", "nc", "tex"):
        assert save(row, tmp_path / f"row.{ending}").stat().st_size > 0
    with pytest.raises(UnknownNameError, match="allowed: .csv, .nc, .tex"):
        save(row, tmp_path / "row.xls")


def test_bad_shapes_are_refused(tmp_path):
    with pytest.raises(InvalidShapeError, match="whole data set"):
        write_latex(load_icio().to_xarray(), tmp_path / "x.tex")
    with pytest.raises(InvalidShapeError, match="3 dimensions"):
        write_latex(load_icio().to_xarray()["flows"], tmp_path / "x.tex")
    with pytest.raises(InvalidDataError, match="digits"):
        write_latex(distances(), tmp_path / "x.tex", digits=-1)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    write_bytes(path, b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def comparison():
    """As ``compare`` gives it: numbers by place, by place and sector, one for all; texts, flags."""
    return xr.Dataset(
        {
            "real_income": (("scenario", "place"), [[1.5, 0.1], [2.5, np.nan]], {"units": "1"}),
            "output": (("scenario", "place", "sector"), np.arange(4.0).reshape(2, 2, 1) / 3),
            "status": ("scenario", ["converged", "stalled"]),
            "stable": ("scenario", np.array([True, None], dtype=object)),
            "people": ("place", np.array([2**40, 2**60])),
            "year": 2020,
        },
        coords={"scenario": ["a", "b, c"], "place": ["JPN", "VNM"], "sector": ["all"]},
        attrs={"warning": None, "deep": {"a": [1, None]}, "converged": True, "n": 2**60},
    )


def test_a_whole_comparison_is_one_row_per_number(tmp_path):
    table = comparison()
    back = pd.read_csv(write_csv(table, tmp_path / "c.csv"))
    columns = ["variable", "scenario", "place", "sector", "value", "units"]
    assert sorted(back.columns) == sorted(columns) and len(back) == 4 + 4 + 2 + 2 + 2 + 1
    kept = back[back.variable == "output"].astype({"value": float})
    kept = kept.set_index(["scenario", "place", "sector"])["value"].to_xarray()
    np.testing.assert_array_equal(kept.transpose(*table.output.dims), table.output)
    at = back.set_index(["variable", "scenario", "place"]).sort_index()["value"]
    assert at["status", "b, c"].item() == "stalled"
    assert int(back[(back.variable == "people") & (back.place == "VNM")].value.item()) == 2**60
    assert back[back.variable == "real_income"].units.astype(float).unique().tolist() == [1]
    short = write_csv(table, tmp_path / "s.csv", digits=3).read_text()
    assert ",0.333," in short and "0.3333" not in short


def test_netcdf_keeps_flags_large_integers_and_any_attribute(tmp_path):
    table = comparison()
    back = read_record(save(table, tmp_path / "c.nc"))
    assert back.attrs == table.attrs and back.people.dtype == np.int64
    np.testing.assert_array_equal(back.people, table.people)
    assert back.stable.values.tolist() == [True, None]


def test_labels_of_a_frame_are_written(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=["a", "b"])
    assert write_csv(frame, tmp_path / "f.csv").read_text() == "index,x\na,1.0\nb,2.0\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"row\.csv cannot be written: .*file is not a folder"):
        save(distances("sea"), tmp_path / "file" / "row.csv")
