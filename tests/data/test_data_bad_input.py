"""Bad files: each raises a named error that says which file, which row and what is allowed."""

import pytest

from neg.core.errors import InvalidDataError, LabelMismatchError, UnknownNameError
from neg.data import (
    read_commuting,
    read_gravity,
    read_icio,
    read_matrix,
    read_pairs,
    read_regions,
    read_wiod,
)

# reader, fixture, text replaced, by, error, message
CASES = {
    "icio text": (
        *(read_icio, "icio_extended.csv", "\nMX1_C10T12,", "\nMX1_C10T12,x"),
        *(InvalidDataError, "icio_extended.csv, row 5 .MX1_C10T12., column AUS_A01_02: 'x"),
    ),
    "icio short row": (
        *(read_icio, "icio_extended.csv", "\nMX1_C10T12,", "\nMX1_C10T12\nMX9_C10T12,"),
        *(InvalidDataError, "row 5 .MX1_C10T12., column AUS_A01_02: the cell is empty"),
    ),
    "icio long row": (
        *(read_icio, "icio_extended.csv", "\nMX1_C10T12,", "\nMX1_C10T12,1,"),
        *(InvalidDataError, "row 5: longer than the header: 31 fields; must be 30"),
    ),
    "icio negative flow": (
        *(read_icio, "icio_extended.csv", "\nMX1_C10T12,", "\nMX1_C10T12,-"),
        *(InvalidDataError, "row 5 .MX1_C10T12.: uses add up to"),
    ),
    "icio repeated row": (
        *(read_icio, "icio_extended.csv", "\nCN2_A01_02,", "\nCN1_A01_02,"),
        *(LabelMismatchError, "first column of icio_extended.csv holds the label 'CN1_A01_02' tw"),
    ),
    "icio repeated column": (
        *(read_icio, "icio_extended.csv", "AUS_GGFC", "AUS_HFCE"),
        *(LabelMismatchError, "header of icio_extended.csv holds the label 'AUS_HFCE' twice"),
    ),
    "icio no value added": (
        *(read_icio, "icio_extended.csv", "\nVA,", "\nOUTPUT,"),
        *(LabelMismatchError, "row 'VA' is missing"),
    ),
    "icio unknown row": (
        *(read_icio, "icio_extended.csv", "\nOUT,", "\nEXTRA,"),
        *(LabelMismatchError, "row 14: label 'EXTRA' is not allowed"),
    ),
    "icio unknown use": (
        *(read_icio, "icio_extended.csv", "CHN_INVNT", "CHN_WHAT"),
        *(LabelMismatchError, "column 'CHN_WHAT' is not allowed; must be an economy and"),
    ),
    "icio other place": (
        *(read_icio, "icio_extended.csv", "CHN_INVNT", "JPN_INVNT"),
        *(LabelMismatchError, "column 'JPN_INVNT' is not allowed"),
    ),
    "icio not a table": (
        *(read_icio, "matrix.csv", "VNM,,5", "VNM,1,5"),
        *(LabelMismatchError, "no row is labelled as ECONOMY_INDUSTRY"),
    ),
    "wiod text": (
        *(read_wiod, "wiod_2016.csv", "AUS,1,2014,", "AUS,1,2014,?"),
        *(InvalidDataError, r"wiod_2016.csv, row 2, column vAUS1: '\?"),
    ),
    "wiod infinite": (
        *(read_wiod, "wiod_2016.csv", "AUS,1,2014,", "AUS,1,2014,inf,"),
        *(InvalidDataError, "wiod_2016.csv, row 2, column vAUS1"),
    ),
    "wiod missing column": (
        *(read_wiod, "wiod_2016.csv", "vROW61", "vRO61"),
        *(LabelMismatchError, "column 61 of ROW is missing"),
    ),
    "wiod order": (
        *(read_wiod, "wiod_2016.csv", 'beverages",AUS', 'beverages",ROW'),
        *(LabelMismatchError, "every country must list the same"),
    ),
    "wiod unknown row": (
        *(read_wiod, "wiod_2016.csv", "PURR,Direct purchases abroad by residents", "QQ,Something"),
        *(LabelMismatchError, "row 9: 'Something' is not known"),
    ),
    "wiod no taxes": (
        *(read_wiod, "wiod_2013.csv", "taxes less subsidies on products", "Cif/ fob adjustments"),
        *(LabelMismatchError, "taxes less subsidies"),
    ),
    "wiod neither layout": (
        *(read_wiod, "pairs.csv", "JPN", "JPN"),
        *(LabelMismatchError, "neither a header with 'IndustryCode'"),
    ),
    "pairs negative": (
        *(read_pairs, "pairs.csv", "JPN,JPN,services,", "JPN,JPN,services,-"),
        *(InvalidDataError, "pairs.csv, row 3: value = '-.* >= 0"),
    ),
    "pairs infinite": (
        *(read_pairs, "pairs.csv", "JPN,JPN,services,", "JPN,JPN,services,1e999"),
        *(InvalidDataError, "pairs.csv, row 3: value = '1e999.*finite"),
    ),
    "pairs long row": (
        *(read_pairs, "pairs_no_domestic.csv", "VNM,THA,5", "VNM,THA,1,005"),
        *(InvalidDataError, "pairs_no_domestic.csv, row 5: 4 fields; must be 3"),
    ),
    "pairs empty value": (
        *(read_pairs, "pairs_no_domestic.csv", "VNM,THA,5", "VNM,THA,"),
        *(InvalidDataError, "pairs_no_domestic.csv, row 5: value = ''"),
    ),
    "pairs empty label": (
        *(read_pairs, "pairs.csv", "\nTHA,VNM,goods", "\n,VNM,goods"),
        *(InvalidDataError, "row 12: exporter is empty"),
    ),
    "pairs twice": (
        *(read_pairs, "pairs.csv", "JPN,JPN,services", "JPN,JPN,goods"),
        *(LabelMismatchError, "row 3: the flow JPN JPN goods occurs twice, first in row 2"),
    ),
    "pairs column": (
        *(read_pairs, "pairs.csv", "exporter", "seller"),
        *(LabelMismatchError, "column 'exporter' is missing; found seller, importer"),
    ),
    "pairs tariff": (
        *(read_pairs, "pairs.csv", "0.05,741", "-1.5,741"),
        *(InvalidDataError, "row 12: tariff = '-1.5' is not allowed; .* >= -1"),
    ),
    "pairs distance": (
        *(read_pairs, "pairs.csv", "0.05,741", "0.05,742"),
        *(InvalidDataError, "row 13: distance = 741 differs from 742"),
    ),
    "matrix negative": (
        *(read_matrix, "matrix.csv", "20,600", "-20,600"),
        *(InvalidDataError, "matrix.csv, row 3 .THA., column JPN: -20 is not allowed"),
    ),
    "matrix text": (
        *(read_matrix, "matrix.csv", "20,600", "many,600"),
        *(InvalidDataError, "matrix.csv, row 3 .THA., column JPN: 'many' is not allowed"),
    ),
    "matrix labels": (
        *(read_matrix, "matrix.csv", ",JPN,THA,VNM", ",JPN,THA,LAO"),
        *(LabelMismatchError, "missing .'VNM'., unexpected .'LAO'."),
    ),
    "matrix domestic": (
        *(read_matrix, "matrix.csv", "20,600", "20,"),
        *(InvalidDataError, "domestic sale THA THA is missing"),
    ),
    "gravity years": (
        *(read_gravity, "gravity.csv", "2018", "2018"),
        *(InvalidDataError, "holds the years 2018 to 2019; choose one with year="),
    ),
    "gravity year": (
        *(lambda path: read_gravity(path, year=1999), "gravity.csv", "2018", "2018"),
        *(UnknownNameError, "unknown year 1999; allowed: 2018, 2019"),
    ),
    "gravity repeated": (
        *(lambda path: read_gravity(path, year=2019), "gravity.csv", "704,764,0,1", "704,764,1,1"),
        *(LabelMismatchError, "row 19: the pair VNM THA occurs twice"),
    ),
    "gravity text": (
        *(lambda path: read_gravity(path, year=2018), "gravity.csv", "1,1,4603", "1,1,far"),
        *(InvalidDataError, "row 3: dist = 'far' is not allowed"),
    ),
    "gravity two values": (
        *(lambda path: read_gravity(path, year=2018), "gravity.csv", ",126860,", ",126861,"),
        *(InvalidDataError, "pop of JPN is 12686"),
    ),
    "regions repeated": (
        *(read_regions, "regions.csv", "\nS,", "\nN,"),
        *(LabelMismatchError, "regions.csv, row 3: the id N occurs twice"),
    ),
    "regions text": (
        *(read_regions, "regions.csv", "80000", "8O000"),
        *(InvalidDataError, "regions.csv, row 3: population = '8O000'"),
    ),
    "regions latitude": (
        *(read_regions, "regions.csv", "income\nN,North,120000,1.5", "lat\nN,North,120000,91.5"),
        *(InvalidDataError, "row 2: lat = 91.5 is not allowed; must be in .-90, 90."),
    ),
    "commuting negative": (
        *(read_commuting, "commuting.csv", "A,B,100", "A,B,-100"),
        *(InvalidDataError, "commuting.csv, row 3: commuters = '-100'"),
    ),
    "commuting twice": (
        *(read_commuting, "commuting.csv", "A,B,100", "A,A,100"),
        *(LabelMismatchError, "row 3: the pair A A occurs twice"),
    ),
    "commuting matrix": (
        *(read_commuting, "commuting_matrix.csv", "40,500", "-40,500"),
        *(InvalidDataError, "row 3 .B., column A: -40"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_files_are_refused_by_file_and_row(case, edited):
    reader, name, old, new, error, message = CASES[case]
    path = edited(name, old, new)
    with pytest.raises(error, match=message):
        reader(path)


OPTIONS = {
    "inventories": (read_icio, "icio_extended.csv", "allowed: keep, zero, leontief"),
    "value_added": (read_icio, "icio_extended.csv", "allowed: error, subsidy"),
    "margins": (read_wiod, "wiod_2016.csv", "allowed: taxes, value_added"),
    "missing_pairs": (read_pairs, "pairs.csv", "allowed: zero, nan, error"),
    "missing_domestic": (read_matrix, "matrix.csv", "allowed: error, nan, zero, output"),
    "rows": (read_matrix, "matrix.csv", "allowed: origin, destination"),
    "empty": (read_commuting, "commuting.csv", "allowed: keep, error"),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_unknown_treatments_are_refused(option, fixtures):
    reader, name, message = OPTIONS[option]
    with pytest.raises(UnknownNameError, match=message):
        reader(fixtures / name, **{option: "whatever"})


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ('"id": "S"', '"id": "T"', LabelMismatchError, r"missing \['S'\], unexpected \['T'\]"),
        ('"id": "S"', '"id": "N"', LabelMismatchError, "feature 2 .N.: id = 'N' occurs twice"),
        ('"id": "S"', '"no": "S"', LabelMismatchError, "feature 2: it has neither a property"),
        ('"FeatureCollection"', '"Feature"', InvalidDataError, "must be FeatureCollection"),
        (
            '"Polygon"',
            '"Point"',
            InvalidDataError,
            "feature 1 .N.: geometry 'Point' is not allowed",
        ),
        ('"type": "FeatureCollection",', '"type"', InvalidDataError, "row .*: no JSON"),
    ],
)
def test_bad_outlines_are_refused(old, new, error, message, edited, fixtures):
    with pytest.raises(error, match=message):
        read_regions(fixtures / "regions.csv", edited("regions.geojson", old, new))


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("exporter,importer,value\n")
    with pytest.raises(InvalidDataError, match="empty.csv holds no rows"):
        read_pairs(path)
