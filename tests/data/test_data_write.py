"""Writers: what is written reads back, and a failure leaves nothing behind."""

import os

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neg.core.errors import InvalidDataError, InvalidShapeError, UnknownNameError
from neg.data import distances, load_icio, save, write_csv, write_latex, write_netcdf
from neg.data.write import write_whole


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
    with pytest.raises(InvalidShapeError, match="has dimensions"):
        write_csv(load_icio().to_xarray(), tmp_path / "x.csv")
    with pytest.raises(InvalidShapeError, match="3 dimensions"):
        write_latex(load_icio().to_xarray()["flows"], tmp_path / "x.tex")
    with pytest.raises(InvalidDataError, match="digits"):
        write_latex(distances(), tmp_path / "x.tex", digits=-1)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    write_whole(path, b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
