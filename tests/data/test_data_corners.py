"""The corner of a matrix: what it says of the rows, and what it only counts."""

import pandas as pd
import pytest

from neg.core.errors import InvalidDataError
from neg.data import read_commuting, read_matrix

HOME, WORK = "residence", "workplace"
COMMUTING = {
    "employees living in": HOME,
    "Workers by residence": HOME,
    "workers_by_residence": HOME,
    "Employed persons by place of residence": HOME,
    "Employment by home": HOME,
    "Jobs by residence": HOME,
    "Workers by residence and workplace": HOME,
    "Workers by workplace, residence": WORK,
    "Commuters by residence": HOME,
    "Commuters by workplace": WORK,
    "Residents by workplace": WORK,
    "residence by workplace": HOME,
    "Commuters from home by workplace": WORK,
    "home\\work": HOME,
    "work\\home": WORK,
    "work_id\\home_id": WORK,
    "workId": WORK,
    "from/to": HOME,
    "to/from": WORK,
    "county\\workplace": HOME,
    "\\home": WORK,
    "Wohnort": HOME,
    "Arbeitsort": WORK,
    "place of employment": WORK,
}
TRADE = {
    "Trade by origin": "origin",
    "Trade by destination": "destination",
    "Imports by exporter": "origin",
    "Exports by destination": "destination",
    "exporter by importer": "origin",
    "importer\\exporter": "destination",
    "to/from": "destination",
    "export/import": "origin",
    "Imports from": "origin",
}
SILENT = [
    *(
        "Employees",
        "workers",
        "Jobs",
        "network_id",
        "framework",
        "Arbeitskräfte",
        "Journey to work",
    ),
    *("workplace of residents", "place of work of residents", "Employment", "trips / home"),
]


def square(corner):
    """A matrix whose cell in row A and column B is one."""
    return pd.DataFrame({corner: ["A", "B"], "A": [5.0, 2.0], "B": [1.0, 7.0]}).set_index(corner)


@pytest.mark.parametrize("corner", COMMUTING)
def test_rows_of_commuters(corner):
    read = read_commuting(square(corner))
    other = WORK if COMMUTING[corner] == HOME else HOME
    assert float(read.sel({COMMUTING[corner]: "A", other: "B"})) == 1.0
    assert f"rows are {COMMUTING[corner]}" in read.attrs["notes"]


@pytest.mark.parametrize("corner", TRADE)
def test_rows_of_trade(corner):
    read = read_matrix(square(corner))["flows"]
    other = "origin" if TRADE[corner] == "destination" else "destination"
    assert float(read.sel({TRADE[corner]: "A", other: "B"})) == 1.0


@pytest.mark.parametrize("corner", SILENT)
def test_a_corner_that_only_counts_is_asked_for(corner):
    with pytest.raises(InvalidDataError, match="give rows='residence' or 'workplace'"):
        read_commuting(square(corner))
    assert float(read_commuting(square(corner), rows=WORK).sel(residence="B", workplace="A")) == 1


@pytest.mark.parametrize("corner", ["Exports", "imports", "Trade"])
def test_a_corner_that_only_counts_trade_is_asked_for(corner):
    with pytest.raises(InvalidDataError, match="give rows='origin' or 'destination'"):
        read_matrix(square(corner))


def test_names_of_a_frame_are_its_corner():
    frame = square("county").rename_axis(columns="workplace")
    assert float(read_commuting(frame).sel(residence="A", workplace="B")) == 1
    frame = square("county").rename_axis(index=None, columns="home")
    assert float(read_commuting(frame).sel(residence="B", workplace="A")) == 1


def test_a_year_is_no_place():
    late = square("place").assign(year=[2000.0, 2000.0])
    for frame in (late, late.rename(columns={"year": "Year"})):
        for read in (read_commuting, read_matrix):
            with pytest.raises(InvalidDataError, match="is no place; a matrix holds one year"):
                read(frame)
