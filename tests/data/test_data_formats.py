"""One table in every form in which files come: the same numbers, or an error with the remedy."""

import gzip
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    LabelMismatchError,
    MissingPackageError,
    UnknownNameError,
)
from neg.data import FileFormat, read_commuting, read_matrix, read_pairs, read_regions, read_wiod

PAIRS = [
    ("C\u00f4te d'Ivoire", "C\u00f4te d'Ivoire", 9.25),
    ("C\u00f4te d'Ivoire", "Mali", 0.5),
    ("Mali", "C\u00f4te d'Ivoire", 1234.75),
    ("Mali", "Mali", 8.0),
]
VALUES = np.array([[9.25, 0.5], [1234.75, 8.0]])


def text(separator=",", number=str, head=("exporter", "importer", "value")):
    rows = [separator.join(head)]
    rows += [separator.join((a, b, number(x))) for a, b, x in PAIRS]
    return "\n".join(rows) + "\n"


def german(x):
    return f"{x:,.2f}".translate(str.maketrans(",.", ".,"))


FORMS = {
    "utf-8": text().encode(),
    "utf-8 with mark": text().encode("utf-8-sig"),
    "utf-16": text().encode("utf-16"),
    "utf-16 without mark": text().encode("utf-16-le"),
    "utf-16 big end": text().encode("utf-16-be"),
    "utf-32": text().encode("utf-32"),
    "cp1252": text().encode("cp1252"),
    "tab": text("\t").encode(),
    "semicolon": text(";").encode(),
    "bar": text("|").encode(),
    "decimal comma": text(";", lambda x: str(x).replace(".", ",")).encode(),
    "decimal comma and groups": text(";", german).encode(),
    "groups of blanks": text(";", lambda x: german(x).replace(".", "\u00a0")).encode(),
    "groups of commas in quotes": text(",", lambda x: f'"{x:,.2f}"').encode(),
    "blanks around": text(" , ").encode(),
    "mixed case": text(head=("Exporter", "IMPORTER", "Value")).encode(),
    "carriage returns": text().replace("\n", "\r\n").encode(),
    "blank lines": ("\n" + text().replace("\n", "\n\n")).encode(),
    "empty columns behind": text().replace("\n", ",,\n").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_text_gives_the_same_flows(form, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_bytes(FORMS[form])
    data = read_pairs(path)
    assert list(data["origin"].values) == ["C\u00f4te d'Ivoire", "Mali"]
    np.testing.assert_array_equal(data["flows"].values[..., 0], VALUES)
    packed = tmp_path / "pairs.csv.gz"
    packed.write_bytes(gzip.compress(FORMS[form]))
    assert read_pairs(packed).equals(data)


def test_what_was_told_from_the_file_is_noted(tmp_path):
    for form, note in (
        ("cp1252", "read as cp1252"),
        ("tab", "separated by '\\t'"),
        ("mixed case", "column Exporter taken as exporter"),
        ("empty columns behind", "2 columns without name and content left out"),
    ):
        path = tmp_path / "pairs.csv"
        path.write_bytes(FORMS[form])
        assert note in read_pairs(path).attrs["notes"]


@pytest.mark.parametrize(
    ("content", "form", "error", "message"),
    [
        (b"", {}, InvalidDataError, "f.csv is empty"),
        (b"\n \n", {}, InvalidDataError, "f.csv is empty"),
        (b"exporter,importer,value\n", {}, InvalidDataError, "holds no rows"),
        (
            b"exporter;importer;value\nA;A;1,234\n",
            {},
            InvalidDataError,
            "row 2, column value: '1,234' may be",
        ),
        (b"exporter;importer;value\nA;A;1.234\n", {}, InvalidDataError, "'1.234' may be a decimal"),
        (
            b"exporter;importer;value\nA;A;1,5\nA;B;2.5\nB;B;1\n",
            *(
                {},
                InvalidDataError,
                "'2.5' in row 3, column value and '1,5' in row 2, column value: two decimal marks",
            ),
        ),
        (b"exporter,importer,value\nA,\x81,1\n", {}, InvalidDataError, "say which one it has"),
        (b"\x00\x01\x02\x03", {}, InvalidDataError, "holds no text"),
        (b"exporter,importer,value\nA,A,1_0\n", {}, InvalidDataError, "row 2: value = '1_0'"),
        (b"exporter,importer,value,\nA,A,1,2\n", {}, LabelMismatchError, "without a name"),
        (
            b"Exporter,EXPORTER,importer,value\nA,A,A,1\n",
            *({}, LabelMismatchError, "may both be the column 'exporter'"),
        ),
        (b"x", {"encoding": "klingon"}, UnknownNameError, "unknown encoding 'klingon'"),
        (b"x", {"separator": ",,"}, InvalidParameterError, "one character"),
        (b"x", {"decimal": "'"}, UnknownNameError, "decimal mark"),
        (b"x", {"totals": "drop"}, UnknownNameError, "allowed: check, keep"),
        (b"x", {"tariff": "points"}, UnknownNameError, "allowed: rate, percent"),
    ],
)
def test_what_cannot_be_told_is_refused(content, form, error, message, tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        read_pairs(path, form=FileFormat(**form))


@pytest.mark.parametrize(("decimal", "value"), [(",", 1.234), (".", 1234.0)])
def test_a_stated_decimal_mark_settles_what_is_unclear(decimal, value, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("exporter;importer;value\nA;A;1,234\n")
    data = read_pairs(path, form=FileFormat(decimal=decimal))
    assert float(data["flows"].squeeze()) == value
    matrix = tmp_path / "m.csv"
    matrix.write_text(";A;B\nA;1,234;0\nB;0;1\n")
    data = read_matrix(matrix, form=FileFormat(decimal=decimal))
    assert float(data["flows"].values[0, 0]) == value
    with pytest.raises(
        InvalidDataError, match=r"m.csv, row 2 .A., column A: '1,234' may be a decimal"
    ):
        read_matrix(matrix)


def test_a_stated_encoding_and_separator_are_used(tmp_path):
    path = tmp_path / "f.csv"
    path.write_bytes(b"exporter:importer:value\n\xa3\xf3d\xbc:\xa3\xf3d\xbc:1\n")
    data = read_pairs(path, form=FileFormat(encoding="iso8859-2", separator=":"))
    assert list(data["origin"].values) == ["\u0141\u00f3d\u017a"]


def frame():
    return pd.DataFrame(PAIRS, columns=["exporter", "importer", "value"])


def test_frames_stata_workbooks_and_parquet_files(tmp_path):
    want = read_pairs(frame())
    np.testing.assert_array_equal(want["flows"].values[..., 0], VALUES)
    assert want.attrs["source"] == "DataFrame"
    assert read_pairs(frame()[::-1].set_index(["exporter", "importer"])).equals(want)
    path = tmp_path / "pairs.dta"
    frame().to_stata(path, write_index=False, version=118)
    assert read_pairs(path).equals(want)
    broken = tmp_path / "broken.dta"
    broken.write_bytes(b"no Stata")
    with pytest.raises(InvalidDataError, match="broken.dta is no file of Stata"):
        read_pairs(broken)


def test_workbooks(tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "pairs.xlsx"
    with pd.ExcelWriter(path) as book:
        frame().to_excel(book, sheet_name="flows", index=False)
        frame().assign(value=1.0).to_excel(book, sheet_name="ones", index=False)
    assert read_pairs(path).equals(read_pairs(frame()))
    assert "sheet 'flows' of 2 was read" in read_pairs(path).attrs["notes"]
    ones = read_pairs(path, form=FileFormat(sheet="ones"))
    assert float(ones["flows"].sum()) == 4
    with pytest.raises(UnknownNameError, match="unknown sheet 'x'; allowed: flows, ones"):
        read_pairs(path, form=FileFormat(sheet="x"))
    path.write_bytes(b"no workbook")
    with pytest.raises(InvalidDataError, match="pairs.xlsx is no workbook"):
        read_pairs(path)


def test_a_workbook_in_the_layout_of_the_world_database(fixtures, tmp_path):
    pytest.importorskip("openpyxl")
    lines = pd.read_csv(fixtures / "wiod_2013.csv", header=None, dtype=object)
    numbers = lines.map(lambda cell: pd.to_numeric(cell, errors="coerce"))
    path = tmp_path / "wiod.xlsx"
    numbers.where(numbers.notna(), lines).to_excel(path, header=False, index=False)
    np.testing.assert_array_equal(
        read_wiod(path).flows, read_wiod(fixtures / "wiod_2013.csv").flows
    )


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "pairs.parquet"
    frame().to_parquet(path)
    assert read_pairs(path).equals(read_pairs(frame()))
    path.write_bytes(b"no parquet")
    with pytest.raises(InvalidDataError, match="pairs.parquet is no Parquet file"):
        read_pairs(path)


@pytest.mark.parametrize(("name", "package"), [("a.xlsx", "openpyxl"), ("a.parquet", "pyarrow")])
def test_a_package_that_is_absent_is_named(name, package, tmp_path, monkeypatch):
    for module in ("openpyxl", "pyarrow", "fastparquet"):
        monkeypatch.setitem(sys.modules, module, None)
    path = tmp_path / name
    path.write_bytes(b"PK")
    with pytest.raises(MissingPackageError, match=f"{name} needs .*pip install {package}"):
        read_pairs(path)


def test_other_files_are_refused_with_the_remedy(tmp_path):
    path = tmp_path / "pairs.zip"
    path.write_bytes(b"PK")
    with pytest.raises(InvalidDataError, match="pairs.zip: files .zip are not read; unpack"):
        read_pairs(path)


def test_frames_as_matrices():
    square = pd.DataFrame([[5.0, 1.0], [2.0, 7.0]], index=["01", "02"], columns=["01", "02"])
    flows = read_matrix(square)["flows"]
    assert float(flows.sel(origin="02", destination="01")) == 2
    turned = square.rename_axis(index="workplace", columns="home")
    read = read_commuting(turned)
    assert float(read.sel(residence="01", workplace="02")) == 2
    assert "workplace" in read.attrs["notes"]
    only = read_commuting(square.rename_axis(columns="workplace"))
    assert float(only.sel(residence="02", workplace="01")) == 2
    first = square.reset_index(names="home")
    assert read_commuting(first).equals(read_commuting(square))
    with pytest.raises(InvalidDataError, match="several levels"):
        read_matrix(pd.concat({"a": square}, axis=1))


def test_a_frame_keeps_labels_and_numbers_exactly():
    data = pd.DataFrame({"id": ["01", "02"], "x": [0.1, np.nan], "on": [True, False]})
    regions = read_regions(data).data
    assert list(regions["place"].values) == ["01", "02"]
    assert float(regions["x"][0]) == 0.1
    assert np.isnan(regions["x"][1])
    np.testing.assert_array_equal(regions["on"], [1, 0])
    with_numbers = data.assign(id=[1001.0, 1003.0])
    assert list(read_regions(with_numbers).data["place"].values) == ["1001", "1003"]


def test_headers_with_blanks_and_quoted_commas(tmp_path):
    path = tmp_path / "regions.csv"
    path.write_text('id, lon, "Population, total", lat\nA, 1,2.5, 30\nB, 3,4, 50\n')
    data = read_regions(path).data
    assert set(data.data_vars) == {"lon", "Population, total", "lat"}
    assert float(data["Population, total"].sel(place="A")) == 2.5


def test_a_panel_gives_one_year(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("Year,exporter,importer,value\n2018,A,A,1\n2019,A,A,2\n")
    data = read_pairs(path, year=2019)
    assert float(data["flows"].squeeze()) == 2
    assert data.attrs["year"] == data["flows"].attrs["year"] == 2019
    assert "rows of 1 other years left out" in data.attrs["notes"]
    with pytest.raises(InvalidDataError, match="holds the years 2018 to 2019; choose one"):
        read_pairs(path)
    with pytest.raises(UnknownNameError, match="unknown year 1999; allowed: 2018, 2019"):
        read_pairs(path, year=1999)
    path.write_text("exporter,importer,value,when\nA,A,1,2018\nA,A,2,2019.0\n")
    form = FileFormat(year="when")
    assert float(read_pairs(path, year=2018, form=form)["flows"].squeeze()) == 1
    with pytest.raises(LabelMismatchError, match="twice.*tell them apart: when"):
        read_pairs(path)
    path.write_text("exporter,importer,value,year\nA,A,1,1 May\n")
    with pytest.raises(InvalidDataError, match="row 2: year = '1 May' .* must be a year"):
        read_pairs(path)
    path.write_text("residence,workplace,commuters,year\nA,A,1,2011\nA,A,3,2021\n")
    read = read_commuting(path, year=2021)
    assert isinstance(read, xr.DataArray)
    assert (float(read.squeeze()), read.attrs["year"]) == (3, 2021)
    regions = pd.DataFrame({"id": ["A", "A"], "year": [1, 2], "x": [3.0, 4.0]})
    assert float(read_regions(regions, year=2).data["x"].squeeze()) == 4
