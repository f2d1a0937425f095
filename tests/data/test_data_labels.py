"""Labels are read, not believed: twins, totals, names, corners; per cent; what the file lacks."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
    UnknownNameError,
)
from neg.data import (
    FileFormat,
    Table,
    country_codes,
    from_flows,
    load_icio,
    merge_small_flows,
    read_commuting,
    read_gravity,
    read_matrix,
    read_pairs,
    read_regions,
)
from neg.data.countries import plain
from neg.data.sources import FILES

KEEP = FileFormat(totals="keep")


def square(labels="ABC", seed=0, **names):
    values = np.random.default_rng(seed).uniform(1, 9, (len(labels), len(labels))).round(2)
    return pd.DataFrame(values, index=list(labels), columns=list(labels)).rename_axis(**names)


def pairs(frame):
    long = frame.rename_axis(index="exporter", columns="importer").stack().rename("value")
    return long.reset_index()


def with_totals(frame, name="Total"):
    frame = pd.concat([frame, frame.sum().to_frame(name).T])
    return frame.assign(**{name: frame.sum(axis=1)})


def test_leading_zeros_are_kept_on_both_sides(tmp_path):
    path = tmp_path / "fips.csv"
    path.write_text("home,01001,04013,10001\n01001,90,10,1\n04013,12,80,0\n10001,0,1,70\n")
    read = read_commuting(path)
    assert list(read["workplace"].values) == ["01001", "04013", "10001"]
    assert float(read.sel(residence="01001", workplace="04013")) == 10
    path.write_text("home,01001,04013\n1001,90,10\n04013,12,80\n")
    with pytest.raises(LabelMismatchError, match="'1001' and '01001' are one place under two"):
        read_commuting(path)


@pytest.mark.parametrize(
    ("one", "other"), [("001", "1"), ("JPN", "jpn"), ("JPN", "Japan"), ("Cote d'Ivoire", "CIV")]
)
def test_one_place_under_two_labels_is_refused(one, other, tmp_path):
    frame = pairs(square([one, "X", "Y"]))
    frame["importer"] = frame["importer"].replace(one, other)
    with pytest.raises(LabelMismatchError, match="one place under two labels"):
        read_pairs(frame)
    matrix = square([one, "X", "Y"]).rename(columns={one: other})
    with pytest.raises(LabelMismatchError, match="one place under two labels"):
        read_matrix(matrix)
    facts = pd.DataFrame({"id": [one, other], "x": [1, 2]})
    with pytest.raises(LabelMismatchError, match="one place under two labels"):
        read_regions(facts)


def test_accents_written_in_two_ways_are_one_label():
    frame = pairs(square(["Orl\u00e9ans", "B", "C"]))
    frame["importer"] = frame["importer"].replace("Orl\u00e9ans", "Orle\u0301ans")
    assert read_pairs(frame)["origin"].size == 3


def test_names_of_countries_become_codes_when_asked():
    frame = pairs(square(["Japan", "Korea, Rep.", "VNM"]))
    kept = read_pairs(frame)
    assert "Japan" in kept["origin"].values
    assert "FileFormat(names=True) turns them into ISO codes" in kept.attrs["notes"]
    coded = read_pairs(frame, form=FileFormat(names=True))
    assert list(coded["origin"].values) == ["JPN", "KOR", "VNM"]
    assert "2 names of countries turned into ISO codes" in coded.attrs["notes"]
    np.testing.assert_array_equal(coded["flows"], kept["flows"])
    with pytest.raises(UnknownNameError, match="unknown country 'Jpan'.* such as japan"):
        read_pairs(pairs(square(["Jpan", "KOR"])), form=FileFormat(names=True))
    twice = square(["Japan", "JPN", "KOR"])
    with pytest.raises(LabelMismatchError, match="holds the label 'JPN' twice"):
        read_matrix(twice, form=FileFormat(names=True))
    with_asia = pairs(square(["Japan", "KOR", "Asia"]))
    out = read_pairs(with_asia, form=FileFormat(names=True, totals=["Asia"]))
    assert list(out["origin"].values) == ["JPN", "KOR"]
    assert country_codes(["Viet Nam", "Vietnam", "the Netherlands", "Rest of the World"]) == [
        *("VNM", "VNM", "NLD", "ROW")
    ]


@pytest.mark.parametrize("name", ["Total", "WORLD", "Insgesamt", "Total exports"])
def test_totals_that_add_up_are_left_out(name):
    frame = square("ABCD", seed=1)
    summed = with_totals(frame, name).round(1)  # as printed: rounded
    for read in (read_matrix(summed), read_pairs(pairs(summed))):
        assert list(read["origin"].values) == list("ABCD")
        assert f"left out as sums of the others: {name}" in read.attrs["notes"]
    only_row = summed.drop(columns=name)
    np.testing.assert_array_equal(read_matrix(only_row)["flows"], frame.round(1))
    people = read_commuting(summed.rename_axis(index="home"))
    assert list(people["residence"].values) == list("ABCD")
    facts = pd.DataFrame({"id": ["A", "B", name], "people": [1, 2, 3], "income": [5, 6, 5.5]})
    regions = read_regions(facts).data
    assert list(regions["place"].values) == ["A", "B"]
    assert f"{name}: the sum of the others" in regions.attrs["notes"]


def test_totals_that_do_not_add_up_are_asked_for():
    frame = with_totals(square("ABCD"))
    frame.loc["Total"] *= 2
    for read in (read_matrix, lambda f, **k: read_pairs(pairs(f), **k)):
        with pytest.raises(InvalidDataError, match=r"'Total' looks like a total but is not"):
            read(frame)
        assert "Total" in read(frame, form=KEEP)["origin"].values
        out = read(frame, form=FileFormat(totals=["Total"]))
        assert "Total" not in out["origin"].values
        assert "left out as asked: Total" in out.attrs["notes"]
        with pytest.raises(LabelMismatchError, match="'Tot' of totals is not in the file"):
            read(frame, form=FileFormat(totals=["Tot"]))
    facts = pd.DataFrame({"id": ["A", "B", "Total"], "people": [1, 2, 9]})
    with pytest.raises(InvalidDataError, match="row 4: 'Total' looks like a total"):
        read_regions(facts)
    assert read_regions(facts, form=KEEP).data["place"].size == 3


def test_a_total_under_any_other_name_is_asked_for():
    frame = with_totals(square("ABCD").round(), "Z9")
    for read in (read_matrix, lambda f: read_pairs(pairs(f))):
        with pytest.raises(InvalidDataError, match="'Z9' is exactly the sum of all others"):
            read(frame)
    assert read_matrix(square("ABCD"))["flows"].shape == (4, 4)


def test_a_total_over_sectors_is_left_out():
    goods, services = (pairs(square("AB", seed)) for seed in (1, 2))
    both = goods.assign(value=goods["value"] + services["value"])
    frame = pd.concat([goods.assign(sector="goods"), services.assign(sector="services")])
    read = read_pairs(pd.concat([frame, both.assign(sector="All sectors")]))
    assert list(read["sector"].values) == ["goods", "services"]
    xr.testing.assert_equal(read, read_pairs(frame))


TARIFFS = pd.DataFrame(
    {
        "exporter": list("AABB"),
        "importer": list("ABAB"),
        "value": [5, 1, 2, 6],
        "tariff": ["7", "19.5", "", "0"],
    }
)


def test_tariffs_in_per_cent_are_asked_for_and_those_at_home_set_to_zero():
    with pytest.raises(InvalidDataError, match="row 2: tariff = '7' would be 700%; say"):
        read_pairs(TARIFFS)
    read = read_pairs(TARIFFS, form=FileFormat(tariff="percent"))
    np.testing.assert_allclose(read["tariff"].values[..., 0], [[0, 0.195], [0, 0]])
    for note in ("divided by 100", "1 tariffs on sales at home (up to 0.07)", "1 tariffs are not"):
        assert note in read.attrs["notes"]
    stated = read_pairs(TARIFFS, form=FileFormat(tariff="rate"))
    assert float(stated["tariff"].max()) == 19.5
    signs = TARIFFS.assign(tariff=["0 %", "19.5%", "", "0%"])
    assert float(read_pairs(signs)["tariff"].max()) == pytest.approx(0.195)
    commas = signs.assign(tariff=["0 %", "19,5%", "", "0%"])
    assert float(read_pairs(commas)["tariff"].max()) == pytest.approx(0.195)
    with pytest.raises(InvalidDataError, match="row 5: tariff = '0' has no % sign"):
        read_pairs(TARIFFS.assign(tariff=["0%", "19.5%", "", "0"]))


CORNERS = {
    "home": "residence",
    "residence_id": "residence",
    "home_id\\work_id": "residence",
    "work_id\\home_id": "workplace",
    "Workplace / Residence": "workplace",
    "job": "workplace",
    "Arbeitsort|Wohnort": "workplace",
    "h_geocode to w_geocode": "residence",
    "county": "residence",
    "": "residence",
}


@pytest.mark.parametrize("corner", CORNERS)
def test_the_corner_says_what_the_rows_are(corner, tmp_path):
    path = tmp_path / "commuting.csv"
    path.write_text(f"{corner},A,B\nA,5,1\nB,2,7\n")
    read = read_commuting(path)
    side = CORNERS[corner]
    other = "workplace" if side == "residence" else "residence"
    assert float(read.sel({side: "A", other: "B"})) == 1
    assert f"rows are {side}" in read.attrs["notes"] or "does not say" in read.attrs["notes"]
    for rows in ("residence", "workplace"):
        stated = read_commuting(path, rows=rows)
        other = "workplace" if rows == "residence" else "residence"
        assert float(stated.sel({rows: "A", other: "B"})) == 1
        says = corner not in ("", "county")
        assert ("overruled" in stated.attrs["notes"]) == (says and rows != side)


def test_a_corner_that_says_neither_is_asked_for(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text("left\\right,A,B\nA,5,1\nB,2,7\n")
    with pytest.raises(InvalidDataError, match="give rows='residence' or 'workplace'"):
        read_commuting(path)
    with pytest.raises(InvalidDataError, match="give rows='origin' or 'destination'"):
        read_matrix(path)
    path.write_text("importer\\exporter,A,B\nA,5,1\nB,2,7\n")
    assert float(read_matrix(path)["flows"].sel(origin="B", destination="A")) == 1


def test_a_list_of_pairs_is_not_taken_for_a_matrix(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("h_geocode,w_geocode,S000\n01,01,5\n01,02,1\n02,02,7\n")
    read = read_commuting(path, residence="H_GEOCODE", workplace="w_geocode", commuters="S000")
    assert float(read.sel(residence="01", workplace="02")) == 1
    with pytest.raises(LabelMismatchError, match="'01' twice"):
        read_commuting(path)
    with pytest.raises(LabelMismatchError, match="column 'n' is missing; found h_geocode"):
        read_commuting(path, residence="h_geocode", workplace="w_geocode", commuters="n")
    path.write_text("residence,workplace,people\nA,A,1\n")
    with pytest.raises(LabelMismatchError, match="column 'commuters' is missing"):
        read_commuting(path)


def test_matrices_that_lack_a_row_or_a_column():
    frame = square("ABC")
    short = frame.drop(index="C")
    with pytest.raises(InvalidDataError, match="domestic sale C C is missing"):
        read_matrix(short)
    read = read_matrix(short, missing_domestic="zero")
    np.testing.assert_array_equal(read["flows"].sel(origin="C"), 0)
    assert "places without a row, missing there: C" in read.attrs["notes"]
    with pytest.raises(LabelMismatchError, match="missing .'C'., unexpected .'D'."):
        read_matrix(frame.rename(columns={"C": "D"}))
    with pytest.raises(InvalidDataError, match="'C' sells nothing.*merge_small_flows"):
        from_flows(read["flows"])
    assert from_flows(merge_small_flows(read, 1e-12, "B")["flows"]).places == ("A", "B")


def test_domestic_sales_with_a_stated_floor():
    flows = xr.DataArray([100.0, 50.0], {"place": ["B", "A"]}, ["place"])
    frame = pd.DataFrame([[np.nan, 60.0], [30.0, np.nan]], list("AB"), list("AB"))
    with pytest.raises(InvalidDataError, match="output of A .*or say with floor="):
        read_matrix(frame, missing_domestic="output", output=flows)
    read = read_matrix(frame, missing_domestic="output", output=flows, floor=0.1)
    np.testing.assert_allclose(read["flows"], [[5, 60], [30, 70]])
    assert "1 domestic sales raised to 0.1 of output (15 in all)" in read.attrs["notes"]
    with pytest.raises(InvalidParameterError, match="floor"):
        read_matrix(frame, missing_domestic="output", output=flows, floor=1.0)
    with pytest.raises(LabelMismatchError, match="output has no labels along origin"):
        read_matrix(
            frame, missing_domestic="output", output=xr.DataArray([1.0, 2.0], dims=["place"])
        )


def cube(places="ABZ", sectors=("x", "y"), seed=3):
    values = np.random.default_rng(seed).uniform(1, 9, (len(places), len(places), len(sectors)))
    coords = {"origin": list(places), "destination": list(places), "sector": list(sectors)}
    return xr.DataArray(values, coords, list(coords))


def test_flows_become_a_table_by_label_in_any_order():
    flows, tariff = cube(), cube(seed=4) / 100
    table = from_flows(flows, tariff)
    turned = flows.isel(destination=[2, 0, 1], sector=[1, 0]).transpose("sector", ...)
    other = from_flows(turned, tariff.isel(origin=[1, 2, 0])).to_xarray()
    for name in ("flows", "tariff", "value_added"):
        xr.testing.assert_equal(
            table.to_xarray()[name], other[name].reindex_like(table.to_xarray()[name])
        )
    same = from_flows(flows, tariff.sel(sector="x", drop=True))
    np.testing.assert_array_equal(same.tariff[..., 1], tariff.sel(sector="x"))
    assert "tariffs are the same in every sector" in same.notes


@pytest.mark.parametrize(
    ("flows", "tariff", "error", "message"),
    [
        (cube().assign_coords(destination=list("ABC")), None, LabelMismatchError, "missing .'Z'."),
        (cube().drop_vars("origin"), None, LabelMismatchError, "no labels along 'origin'"),
        (cube().rename(origin="from"), None, InvalidShapeError, "must have 'origin'"),
        (cube("AAB"), None, LabelMismatchError, "'A' twice"),
        (cube(), cube("ABC"), LabelMismatchError, "origin of tariff does not match"),
        (cube(), cube(sectors="xz"), LabelMismatchError, "sector of tariff does not match"),
        (cube().expand_dims(time=2), None, InvalidShapeError, "must be"),
        (cube().values, None, InvalidShapeError, "flows is ndarray; must be a labelled"),
    ],
)
def test_flows_with_other_labels_are_refused(flows, tariff, error, message):
    with pytest.raises(error, match=message):
        from_flows(flows, tariff)


def test_year_source_and_notes_survive(tmp_path):
    path = tmp_path / "flows.csv"
    path.write_text("exporter,importer,value,year\nA,A,3,2019\nB,B,4,2019\nA,B,1,2019\n")
    read = read_pairs(path, unit="million EUR")
    table = from_flows(read["flows"])
    assert (table.year, table.source, table.unit) == (2019, "file flows.csv", "million EUR")
    assert "1 pairs are not in the file: zero" in "; ".join(table.notes)
    again = from_flows(merge_small_flows(read, 0.0)["flows"])
    assert again.year == 2019


def test_labelled_arrays_of_a_table_are_aligned():
    table = load_icio().select(["JPN", "CHN"])
    data = table.to_xarray()
    fields = {
        name: data[name].isel({axis: slice(None, None, -1) for axis in data[name].dims})
        for name in ("intermediate", "final", "value_added", "net_taxes_industry")
    }
    again = Table(
        places=table.places,
        sectors=table.sectors,
        uses=table.uses,
        net_taxes_final=table.net_taxes_final,
        **fields,
    )
    np.testing.assert_array_equal(again.intermediate, table.intermediate)
    np.testing.assert_array_equal(again.value_added, table.value_added)
    wrong = data["value_added"].assign_coords(destination=["JPN", "CHN", "USA"])
    with pytest.raises(LabelMismatchError, match="destination of value_added does not match"):
        table.replace(value_added=wrong)


def test_variables_of_a_pair_with_two_ends(tmp_path):
    rows = [
        "year,iso3_o,iso3_d,dist,heg_o,heg_d,gdp_o,gdp_d,mood_o,mood_d,wto_o,wto_d",
        "2019,GBR,GBR,1,0,0,3,3,1,1,1,1",
        "2019,GBR,IND,1000,1,0,3,2,1,2,1,0",
        "2019,IND,GBR,1000,0,1,2,3,5,1,0,1",
        "2019,IND,IND,1,0,0,2,2,2,2,0,0",
    ]
    path = tmp_path / "gravity.csv"
    path.write_text("\n".join(rows) + "\n")
    data = read_gravity(path)
    assert float(data["heg_o"].sel(origin="GBR", destination="IND")) == 1
    assert float(data["heg_d"].sel(origin="IND", destination="GBR")) == 1
    assert float(data["mood_o"].sel(origin="IND", destination="GBR")) == 5
    assert "mood differs among partners of one country: mood_o, mood_d" in data.attrs["notes"]
    assert data["wto"].dims == data["gdp"].dims == ("place",)
    assert data.attrs["year"] == 2019
    path.write_text("\n".join(rows).replace("heg", "HEG").replace("iso3", "ISO3") + "\n")
    assert float(read_gravity(path)["HEG_o"].sel(origin="GBR", destination="IND")) == 1


def test_no_spelling_of_a_country_means_two_countries():
    with (FILES / "countries.csv").open("rb") as raw:
        frame = pd.read_csv(raw, keep_default_na=False)
    codes = frame.groupby(frame["name"].map(plain))["iso3"].nunique()
    assert (codes == 1).all()
    assert country_codes(frame["name"]) == frame["iso3"].to_list()
