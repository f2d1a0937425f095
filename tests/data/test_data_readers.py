"""Readers: what the fixtures say is what arrives, and every treatment is stated."""

import csv
import gzip

import numpy as np
import pytest
import xarray as xr

from neg.core.errors import InvalidDataError, InvalidParameterError, UnknownNameError
from neg.data import (
    borders,
    merge_small_flows,
    read_commuting,
    read_gravity,
    read_icio,
    read_matrix,
    read_pairs,
    read_regions,
    read_wiod,
)
from neg.data.readers.outlines import centroid, ring_area


def cells(path):
    """The file as a dictionary of dictionaries: row label, column label, number."""
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    return {row[0]: dict(zip(header[1:], map(float, row[1:]), strict=True)) for row in rows}


def test_icio_merges_the_parts_of_china_and_mexico(fixtures):
    raw = cells(fixtures / "icio_extended.csv")
    table = read_icio(fixtures / "icio_extended.csv", year=2018)
    assert table.places == ("AUS", "MEX", "CHN")
    assert table.sectors == ("A01_02", "C10T12")
    assert table.year == 2018
    dataset = table.to_xarray()
    sold = sum(raw[f"CN{a}_C10T12"][f"MX{b}_A01_02"] for a in (1, 2) for b in (1, 2))
    sale = {"origin": "CHN", "sector": "C10T12", "destination": "MEX", "industry": "A01_02"}
    assert float(dataset["intermediate"].sel(**sale)) == sold
    eaten = raw["CN1_A01_02"]["AUS_GGFC"] + raw["CN2_A01_02"]["AUS_GGFC"]
    sale = {"origin": "CHN", "sector": "A01_02", "destination": "AUS", "use": "GGFC"}
    assert float(dataset["final"].sel(**sale)) == eaten
    earned = raw["VA"]["MX1_C10T12"] + raw["VA"]["MX2_C10T12"]
    assert table.value_added[1, 1] == pytest.approx(earned)
    assert table.net_taxes_final[2, 0] == raw["TLS"]["CHN_HFCE"]
    assert table.output.sum() == pytest.approx(raw["OUT"]["OUT"])
    assert "merged the parts CN1, CN2, MX1, MX2" in table.notes


def test_icio_negative_inventories_under_each_treatment(fixtures):
    path = fixtures / "icio_extended.csv"
    keep, zero, leontief = (
        read_icio(path, inventories=how) for how in ("keep", "zero", "leontief")
    )
    assert keep.final.min() == -12
    for table in (zero, leontief):
        assert table.final.min() == 0
        np.testing.assert_allclose(table.imbalance, 0, atol=1e-9)
        assert any("1 negative final flows (12 million USD)" in note for note in table.notes)
    np.testing.assert_array_equal(zero.intermediate, keep.intermediate)
    assert zero.value_added[0, 0] - keep.value_added[0, 0] == pytest.approx(12)
    # constant coefficients: inputs per unit of output are those of the file
    share = [table.intermediate / table.output for table in (keep, leontief)]
    np.testing.assert_allclose(*share, rtol=1e-12)
    share = [table.value_added / table.output for table in (keep, leontief)]
    np.testing.assert_allclose(*share, rtol=1e-12)
    assert (leontief.output > keep.output).all()


def test_icio_value_added_below_zero_is_refused_or_booked_as_subsidy(edited, fixtures):
    raw = cells(fixtures / "icio_extended.csv")
    earned = raw["VA"]["AUS_A01_02"]
    taxes = raw["TLS"]["AUS_A01_02"]
    # move all value added and a little more into taxes: the column still balances
    path = edited("icio_extended.csv", f"TLS,{taxes}", f"TLS,{taxes + earned + 5}")
    path.write_text(path.read_text().replace(f"VA,{earned}", "VA,-5.0", 1))
    with pytest.raises(InvalidDataError, match="value_added.destination=AUS, industry=A01_02"):
        read_icio(path)
    table = read_icio(path, value_added="subsidy", floor=0.01)
    output = table.output[0, 0]
    assert table.value_added[0, 0] == pytest.approx(0.01 * output)
    assert table.net_taxes_industry[0, 0] == pytest.approx(taxes + earned - 0.01 * output)
    assert any("booked as subsidy" in note for note in table.notes)
    with pytest.raises(InvalidParameterError, match="floor"):
        read_icio(path, value_added="subsidy", floor=0.0)


def test_icio_reads_compressed_files_and_sectors_without_output(fixtures, tmp_path):
    with (fixtures / "icio_extended.csv").open(newline="") as stream:
        header, *rows = csv.reader(stream)
    silent = [j for j, label in enumerate(header) if label == "AUS_C10T12"]
    for row in rows:
        row[silent[0]] = "0"
        if row[0] == "AUS_C10T12":
            row[1:] = ["0"] * (len(row) - 1)
    sums = {row[0]: sum(map(float, row[1:-1])) for row in rows}
    for row in rows[:-3]:
        row[-1] = str(sums[row[0]])
    by_column = [sum(float(row[j]) for row in rows[:-3]) for j in range(1, len(header) - 1)]
    earned = next(row for row in rows if row[0] == "VA")
    taxes = next(row for row in rows if row[0] == "TLS")
    for j, label in enumerate(header[1:-1], start=1):
        if label in sums:
            earned[j] = str(sums[label] - by_column[j - 1] - float(taxes[j]))
    path = tmp_path / "table.csv.gz"
    with gzip.open(path, "wt", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    table = read_icio(path)
    assert table.output[0, 1] == 0
    assert "1 sectors of places have no output and stay at zero" in table.notes


@pytest.mark.parametrize("release", ["wiod_2016.csv", "wiod_2013.csv"])
def test_wiod_in_both_layouts(fixtures, release):
    with (fixtures / "wiod_2016.csv").open(newline="") as stream:
        raw = list(csv.DictReader(stream))
    table = read_wiod(fixtures / release)
    assert table.places == ("AUS", "ROW")
    assert table.sectors == ("A01", "C10-C12")
    assert table.intermediate[0, 1, 1, 0] == float(raw[1]["vROW1"])
    assert table.final[1, 0, 0, 3] == float(raw[2]["vAUS60"])
    assert table.final.min() == -8
    assert any("1 negative final flows kept" in note for note in table.notes)
    below = {row["IndustryCode"]: row for row in raw[4:]}
    assert table.value_added[1, 1] == float(below["VA"]["vROW2"])
    paid = float(below["TXSP"]["vROW2"]) + float(below["IntTTM"]["vROW2"])
    assert table.net_taxes_industry[1, 1] == paid
    assert table.output[0, 0] == float(below["GO"]["vAUS1"])
    assert table.net_taxes_final[0, 2] == float(below["TXSP"]["vAUS59"])
    other = read_wiod(fixtures / release, margins="value_added", inventories="zero")
    assert other.net_taxes_industry[1, 1] == float(below["TXSP"]["vROW2"])
    assert "counted as value_added" in other.notes[0]


def test_pairs(fixtures):
    dataset = read_pairs(fixtures / "pairs.csv", unit="million USD", year=2019)
    with (fixtures / "pairs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        at = {"origin": row["exporter"], "destination": row["importer"], "sector": row["sector"]}
        assert float(dataset["flows"].sel(**at)) == float(row["value"])
        assert float(dataset["tariff"].sel(**at)) == float(row["tariff"] or 0)
    assert dataset["flows"].dims == ("origin", "destination", "sector")
    gone = {"origin": "VNM", "destination": "JPN", "sector": "services"}
    assert float(dataset["flows"].sel(**gone)) == 0
    assert float(dataset["distance"].sel(origin="THA", destination="VNM")) == 741
    assert dataset.attrs["year"] == 2019
    for note in ("1 flows are zero in the file", "1 pairs are not in the file: zero", "2 tariffs"):
        assert note in dataset.attrs["notes"]
    kept = read_pairs(fixtures / "pairs.csv", missing_pairs="nan")
    assert np.isnan(kept["flows"].sel(**gone))
    with pytest.raises(InvalidDataError, match="VNM JPN services is missing"):
        read_pairs(fixtures / "pairs.csv", missing_pairs="error")


def test_missing_domestic_sales(fixtures):
    path = fixtures / "pairs_no_domestic.csv"
    with pytest.raises(InvalidDataError, match="domestic sale JPN JPN all is missing"):
        read_pairs(path)
    output = xr.DataArray([400.0, 900.0, 700.0], {"place": ["VNM", "JPN", "THA"]}, ["place"])
    full = read_pairs(path, missing_domestic="output", output=output)
    assert float(full["flows"].sel(origin="JPN", destination="JPN", sector="all")) == 860
    np.testing.assert_allclose(
        full["flows"].sum(["destination", "sector"]), output.sel(place=["JPN", "THA", "VNM"])
    )
    assert "3 domestic sales are not in the file: output" in full.attrs["notes"]
    by_sector = output.expand_dims(sector=["all"])
    again = read_pairs(path, missing_domestic="output", output=by_sector)
    np.testing.assert_array_equal(again["flows"], full["flows"])
    with pytest.raises(InvalidDataError, match="output of THA, all is missing or not"):
        read_pairs(path, missing_domestic="output", output=output.where(output["place"] != "THA"))
    with pytest.raises(InvalidDataError, match="output of JPN, all .*re-exports"):
        read_pairs(path, missing_domestic="output", output=0 * output + 30)
    with pytest.raises(InvalidDataError, match="needs gross output"):
        read_pairs(path, missing_domestic="output")
    assert np.isnan(read_pairs(path, missing_domestic="nan")["flows"].values[0, 0, 0])
    assert read_pairs(path, missing_domestic="zero")["flows"].values[0, 0, 0] == 0


def test_tiny_places_are_merged_and_named(fixtures):
    whole = read_pairs(fixtures / "pairs.csv")
    sold = whole["flows"].sum(["destination", "sector"])
    smallest = str(sold["origin"].values[int(sold.values.argmin())])
    limit = float(np.sort(sold / sold.sum())[:2].mean())
    merged = merge_small_flows(whole, limit, "other")
    assert smallest not in merged["origin"].values
    assert f"merged into other: {smallest}" in merged.attrs["notes"]
    assert float(merged["flows"].sum()) == float(whole["flows"].sum())
    revenue = [float((d["flows"] * d["tariff"]).sum()) for d in (whole, merged)]
    assert revenue[0] == pytest.approx(revenue[1])
    assert merge_small_flows(whole, 0.0) is whole
    both = merge_small_flows(whole, 0.999, "all")
    assert both["flows"].shape == (1, 1, 2)


def test_matrix_in_either_orientation(fixtures, edited):
    flows = read_matrix(fixtures / "matrix.csv", unit="million USD")["flows"]
    assert float(flows.sel(origin="JPN", destination="VNM")) == 10
    assert float(flows.sel(origin="VNM", destination="JPN")) == 0
    turned = read_matrix(fixtures / "matrix.csv", rows="destination")["flows"]
    np.testing.assert_array_equal(turned, flows.values.T)
    path = edited("matrix.csv", ",JPN,THA,VNM", ",VNM,THA,JPN")
    shuffled = read_matrix(path, missing_domestic="nan")
    assert float(shuffled["flows"].sel(origin="JPN", destination="VNM")) == 800
    assert "order of the rows" in shuffled.attrs["notes"]


def test_gravity(fixtures):
    data = read_gravity(fixtures / "gravity.csv", year=2019)
    assert float(data["dist"].sel(origin="JPN", destination="THA")) == 4603
    assert data["dist"].attrs["unit"] == "km"
    assert np.isnan(data["dist"].sel(origin="VNM", destination="JPN"))
    assert float(data["gdp"].sel(place="JPN")) == 5.1e9
    assert np.isnan(data["gdp"].sel(place="VNM"))
    assert float(data["pop"].sel(place="VNM")) == 96462
    assert data["tradeflow_comtrade_o"].dims == ("origin", "destination")
    assert float(data["tradeflow_comtrade_d"].sel(origin="JPN", destination="THA")) == 5764
    for note in (
        "1 rows of countries that do not exist that year left out",
        "dist: 1 pairs are missing and NaN",
        "gdp: 1 countries are missing and NaN",
        "column entry_name holds text and is left out",
    ):
        assert note in data.attrs["notes"]
    few = read_gravity(
        fixtures / "gravity.csv", year=2018, variables=["contig"], places=["THA", "JPN"]
    )
    assert list(few["origin"].values) == ["THA", "JPN"]
    assert list(few.data_vars) == ["contig"]
    assert "5 rows of other countries left out" in few.attrs["notes"]
    with pytest.raises(UnknownNameError, match="allowed: JPN, THA, VNM"):
        read_gravity(fixtures / "gravity.csv", year=2018, places=["JPN", "XXX"])


def test_regions_with_outlines(fixtures):
    data, outlines = read_regions(fixtures / "regions.csv", fixtures / "regions.geojson")
    assert list(data["place"].values) == ["N", "S", "I"]
    assert list(data["name"].values) == ["North", "South", "Island"]
    assert float(data["population"].sel(place="S")) == 80000
    assert float(data["lon"].sel(place="N")) == pytest.approx(101)
    assert float(data["lat"].sel(place="I")) == pytest.approx(0.25)
    assert [len(outlines[place]) for place in ("N", "S", "I")] == [1, 1, 2]
    # the hole of the south is a quarter of its box
    box = float(data["area"].sel(place="N"))
    assert float(data["area"].sel(place="S")) == pytest.approx(0.75 * box, rel=1e-3)
    for note in ("income: 1 places are empty", "centroids", "area is computed"):
        assert note in data.attrs["notes"]
    alone, nothing = read_regions(fixtures / "regions.csv")
    assert "lon" not in alone
    assert nothing == {}


def test_spherical_area_of_a_box_and_of_an_economy():
    box = np.array([[0, 0], [90, 0], [90, 90], [0, 90], [0, 0]], dtype=float)
    assert ring_area(box) == pytest.approx(4 * np.pi * 6371.0088**2 / 8)
    lao = sum(ring_area(ring) for ring in borders()["LAO"])
    assert lao == pytest.approx(236_800, rel=0.05)
    np.testing.assert_allclose(centroid(box), [45, 45])


def test_commuting_from_pairs_and_matrix(fixtures):
    pairs = read_commuting(fixtures / "commuting.csv", year=2020)
    matrix = read_commuting(fixtures / "commuting_matrix.csv")
    np.testing.assert_array_equal(pairs, matrix)
    assert pairs.dims == ("residence", "workplace")
    assert float(pairs.sel(residence="A", workplace="B")) == 100
    assert "4 pairs are not in the file: zero" in pairs.attrs["notes"]
    assert "1 places have no workers: C" in pairs.attrs["notes"]
    with pytest.raises(InvalidDataError, match="place 'C' has no workers"):
        read_commuting(fixtures / "commuting.csv", empty="error")


def test_icio_rows_of_older_editions(fixtures, tmp_path):
    """One row of taxes per economy, other names of value added and output."""
    lines = (fixtures / "icio_extended.csv").read_text().splitlines()
    header, taxes = lines[0], lines[-3].split(",")[1:]
    halves = [",".join(str(float(x) / 2) for x in taxes)] * 2
    old = [header.replace(",OUT", ",TOTAL"), *lines[1:-3]]
    old += [f"AUS_TAXSUB,{halves[0]}", f"CHN_TAXSUB,{halves[1]}"]
    old += [lines[-2].replace("VA,", "VALU,", 1), lines[-1].replace("OUT,", "OUTPUT,", 1)]
    path = tmp_path / "old.csv"
    path.write_text("\n".join(old) + "\n")
    now, before = read_icio(fixtures / "icio_extended.csv"), read_icio(path)
    np.testing.assert_array_equal(before.net_taxes_industry, now.net_taxes_industry)
    np.testing.assert_array_equal(before.value_added, now.value_added)
