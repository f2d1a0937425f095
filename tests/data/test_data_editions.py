"""Editions of world tables: parts of economies, codes of uses, order of industries."""

import csv
import io

import numpy as np
import pytest

from neg.core.errors import InvalidDataError, LabelMismatchError, UnknownNameError
from neg.data import read_icio, read_wiod
from neg.data.readers.icio import USES

SECTORS = ("A01", "C10")


def edition(path, parts, uses=("HFCE", "GFCF"), seed=2):
    """Write a table whose columns balance: places that sell, those that buy for final use."""
    rng = np.random.default_rng(seed)
    cells = [f"{part}_{sector}" for part in parts for sector in SECTORS]
    whole = dict.fromkeys(
        "CHN" if p.startswith(("CN", "CHN")) else "MEX" if p.startswith(("MX", "MEX")) else p
        for p in parts
    )
    finals = [f"{place}_{use}" for place in whole for use in uses]
    links = rng.integers(1, 9, (len(cells), len(cells)))
    final = rng.integers(40, 90, (len(cells), len(finals)))
    output = links.sum(1) + final.sum(1)
    earned = output - links.sum(0)
    nothing = [0] * len(finals)
    rows = [["V1", *cells, *finals]]
    rows += [
        [cell, *line, *bought]
        for cell, line, bought in zip(cells, links.tolist(), final.tolist(), strict=True)
    ]
    rows += [["TLS", *[0] * len(cells), *nothing], ["VA", *earned.tolist(), *nothing]]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return links, final


@pytest.mark.parametrize(
    "parts",
    [
        ("AUS", "CN1", "CN2", "CN3", "CN4", "MX1", "MX2", "MX3"),
        ("AUS", "CN1", "CN2", "MX1", "MX2"),
        ("AUS", "CHN.DOM", "CHN.NPR", "CHN.PRO", "MEX.GMF", "MEX.NGM"),
    ],
)
def test_all_parts_of_china_and_mexico_are_merged(parts, tmp_path):
    links, final = edition(tmp_path / "t.csv", parts)
    table = read_icio(tmp_path / "t.csv")
    assert table.places == ("AUS", "CHN", "MEX")
    china = [i for i, part in enumerate(parts) if part[0] == "C" for _ in SECTORS]
    within = np.array([2 * i for i in dict.fromkeys(china)])
    assert table.intermediate[1, 0, 1, 0] == links[np.ix_(within, within)].sum()
    assert table.output.sum() == links.sum() + final.sum()
    assert f"merged the parts {', '.join(sorted(parts[1:]))}" in table.notes


def test_a_whole_beside_its_parts_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    edition(path, ("AUS", "CHN", "CN1"))
    with pytest.raises(
        LabelMismatchError,
        match="row 4: CHN_A01 has sales of its own beside its part CN1_A01 .row 6",
    ):
        read_icio(path)


def test_parts_of_some_industries_beside_the_rest_are_merged(tmp_path):
    """In the edition of 2015 China as a whole has the services and its parts the rest."""
    path = tmp_path / "t.csv"
    links, _ = edition(path, ("AUS", "CHN", "CHN.PRO"))
    lines = [line.split(",") for line in path.read_text().splitlines()]
    gone = ("CHN_A01", "CHN.PRO_C10")
    columns = [j for j, label in enumerate(lines[0]) if label not in gone]
    kept = [[line[j] for j in columns] for line in lines if line[0] not in gone]
    body = np.array([line[1:] for line in kept[1:-2]], dtype=float)
    earned = body.sum(1) - body[:, : len(body)].sum(0)
    kept[-1][1 : len(body) + 1] = [str(x) for x in earned]
    path.write_text("\n".join(",".join(line) for line in kept))
    table = read_icio(path)
    assert table.places == ("AUS", "CHN")
    assert table.intermediate[1, 0, 1, 1] == links[4, 3]


def test_the_edition_of_2016(tmp_path):
    path = tmp_path / "t.csv"
    edition(path, ("AUS", "JPN"))
    now = read_icio(path)
    lines = [line.split(",") for line in path.read_text().splitlines()]
    lines[0] = ["_".join(x.split("_")[::-1]) if x[-4:] in USES else x for x in lines[0]] + ["DISC"]
    old = [lines[0], *([*line, "0.01"] for line in lines[1:-2])]
    old += [["VA+TAXSUB", *lines[-1][1:], "0"]]
    path.write_text("\n".join(",".join(line) for line in old))
    table = read_icio(path)
    np.testing.assert_array_equal(table.final, now.final)
    np.testing.assert_array_equal(table.value_added, now.value_added)
    assert "value added holds net taxes on products: the file has VA+TAXSUB" in table.notes
    assert "discrepancies of the world left out: 0.04 million USD" in table.notes


def test_codes_of_final_uses_of_all_editions_are_read(tmp_path):
    path = tmp_path / "t.csv"
    assert {"HC", "CONS_ABR", "HFCE", "DPABR", "P33", "DISC"} <= set(USES)
    _, final = edition(path, ("AUS", "JPN"), uses=USES)
    table = read_icio(path)
    assert table.uses == USES
    assert table.final[1, 1, 0, USES.index("CONS_ABR")] == final[3, USES.index("CONS_ABR")]
    edition(path, ("AUS", "JPN"), uses=("HFCE", "XYZ"))
    with pytest.raises(LabelMismatchError, match="column 'AUS_XYZ' is not allowed.*CONS_ABR"):
        read_icio(path)
    edition(path, ("AUS", "JPN"), uses=())
    with pytest.raises(LabelMismatchError, match="no column of final uses"):
        read_icio(path)


def rewritten(fixtures, tmp_path, name, change):
    rows = list(csv.reader(io.StringIO((fixtures / name).read_text())))
    change(rows)
    path = tmp_path / name
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def test_industries_of_one_country_in_another_order_are_refused(fixtures, tmp_path):
    def swap(rows):
        rows[3], rows[4] = rows[4], rows[3]

    path = rewritten(fixtures, tmp_path, "wiod_2016.csv", swap)
    with pytest.raises(LabelMismatchError, match="row 4: industry 'C10-C12' .* where 'A01' of 'RO"):
        read_wiod(path)

    def swap_codes(rows):
        rows[2][4], rows[2][5] = rows[2][5], rows[2][4]

    path = rewritten(fixtures, tmp_path, "wiod_2013.csv", swap_codes)
    with pytest.raises(LabelMismatchError, match="column c1 of AUS is 'C10-C12' of AUS, row 1"):
        read_wiod(path)


def test_the_year_of_a_world_table_is_read(fixtures, tmp_path):
    assert read_wiod(fixtures / "wiod_2016.csv").year == 2014

    def two_years(rows):
        year = rows[0].index("Year")
        rows += [[*row[:year], "2015", *row[year + 1 :]] for row in rows[1:]]

    path = rewritten(fixtures, tmp_path, "wiod_2016.csv", two_years)
    with pytest.raises(InvalidDataError, match="holds the years 2014 to 2015; choose one"):
        read_wiod(path)
    table = read_wiod(path, year=2015)
    assert table.year == 2015
    np.testing.assert_array_equal(table.flows, read_wiod(fixtures / "wiod_2016.csv").flows)
    with pytest.raises(UnknownNameError, match="unknown year 2016"):
        read_wiod(path, year=2016)
