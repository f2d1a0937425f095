"""A small file solved, compared, swept; resumed; the same numbers by other routes."""

from __future__ import annotations

import json
import re
import warnings

import jax
import numpy as np
import pytest

from neg import Lever, data, short_run
from neg.analysis import calibrate, compare, scenario
from neg.core.errors import (
    DisconnectedPlaceError,
    InvalidDataError,
    InvalidParameterError,
    UnknownNameError,
)
from neg.core.records import read_record
from neg.scenario_files import (
    check_scenario,
    compare_scenarios,
    parse_scenario,
    read_scenario,
    solve_many,
    solve_scenario,
    sweep_scenario,
)
from neg.scenario_files.baseline import build_economy
from neg.scenario_files.resolve import resolve


@pytest.fixture(scope="module")
def small(folder):
    return read_scenario(folder / "small.toml")


@pytest.fixture(scope="module")
def solved(small, folder):
    return solve_scenario(small, folder=folder)


@pytest.fixture(scope="module")
def swept(small, folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("swept")
    return sweep_scenario(small, out, folder=folder), out


def test_a_file_is_the_library_s_own_comparison(folder, solved):
    pairs = data.read_pairs(folder / "flows.csv")
    table = data.from_flows(pairs["flows"])
    duty = np.zeros((3, 3, 1))
    duty[2, :2] = 0.2
    layers = {"border": (0.1, "resource"), "duty": (duty, "tariff")}
    economy = calibrate(table, theta=5.0, layers=layers, uses="common", deficit_rule="world-share")
    edits = [
        {"layer": "border", "cost": 0.95, "among": ["A", "B"]},
        {"layer": "duty", "factor": 0.5},
    ]
    direct = compare(economy, [scenario({"name": "small", "edits": edits})])
    found = solved.dataset
    for name, inner in (("real_income", "consumption"), ("wage", "wage"), ("trade", "trade")):
        for ending in ("", "_change"):
            one = found[name + ending].sel(scenario="small")
            other = direct[inner + ending].sel(scenario="small")
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    assert solved.converged and set(found.dims) >= {"scenario", "place"}


@pytest.mark.slow
def test_a_case_of_a_sweep_is_the_file_solved_there(small, folder, swept):
    result, _ = swept
    assert result.converged and result.dataset.sizes["case"] == 6
    row = result.dataset.isel(case=3)
    assert float(row["edit.layer.0.cost"]) == 0.95 and float(row["economy.theta"]) == 5.0
    other = solve_scenario(small, folder=folder).dataset.sel(scenario="small")
    np.testing.assert_allclose(row["real_income_change"], other["real_income_change"], atol=1e-8)
    np.testing.assert_allclose(row["trade"], other["trade"], rtol=1e-9)


def test_a_sweep_that_was_cut_resumes_to_the_same_bits(small, folder, swept, tmp_path):
    whole, out = swept
    lines = (out / "cases.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == 6 + 2  # and the baseline of each elasticity
    for kept in (0, 1, 5, len(lines)):
        there = tmp_path / str(kept)
        there.mkdir()
        cut = b"".join(lines[:kept]) + (lines[kept][:40] if kept < len(lines) else b"")
        (there / "cases.jsonl").write_bytes(cut)
        again = sweep_scenario(small, there, folder=folder, resume=True)
        assert again.dataset.identical(whole.dataset)
        after = (there / "cases.jsonl").read_bytes().splitlines(keepends=True)
        assert sorted(after) == sorted(lines)  # none lost, none repeated
    with pytest.raises(InvalidDataError, match="resume"):
        sweep_scenario(small, out, folder=folder)


def test_a_ledger_that_is_damaged_is_named(small, folder, tmp_path):
    (tmp_path / "cases.jsonl").write_text("nonsense\n")
    with pytest.raises(InvalidDataError, match="line 1"):
        sweep_scenario(small, tmp_path, folder=folder, resume=True)


def test_a_batch_is_solved_as_each_by_itself(small, folder):
    found = resolve(small, folder)
    levers = [move.lever for move in found.moves]
    values = np.random.default_rng(0).uniform(0.7, 1.3, (5, 2))
    many = solve_many(found.baseline, [(levers[0], 0), (levers[1], 1)], values, ["wage"])
    for row, wage in zip(values, many["wage"], strict=True):
        economy = levers[1].put(levers[0].put(found.baseline, row[0]), row[1])
        np.testing.assert_allclose(wage, short_run(economy).outcomes["wage"], rtol=1e-9)
    with pytest.raises(InvalidParameterError, match=r"cost\[.*\] = 0 is not allowed"):
        solve_many(found.baseline, [(levers[0], 0)], [[0.0]], ["wage"])


def test_where_cases_start_does_not_show_in_what_they_end_at(small, folder):
    """Of many cases some are solved first and say where the others start: on a grid, at random."""
    found = resolve(small, folder)
    puts = [(move.lever, column) for column, move in enumerate(found.moves)]
    grid = np.stack(np.meshgrid(np.linspace(0.7, 1.3, 7), [0.6, 1.0, 1.4]), axis=-1).reshape(-1, 2)
    apart = np.random.default_rng(1).uniform(0.7, 1.3, (60, 2))
    values = np.concatenate([grid, apart, apart[:1]])
    one_by_one = solve_many(found.baseline, puts, values, ["wage"], chunk=len(values))
    for chunk in (12, 1):  # one chunk a call, and sixteen
        many = solve_many(found.baseline, puts, values, ["wage"], chunk=chunk)
        assert set(many) == {"wage", "status", "residual"} and (many["status"] == 0).all()
        np.testing.assert_allclose(many["wage"], one_by_one["wage"], rtol=1e-10)
        assert not np.array_equal(many["wage"], one_by_one["wage"])  # other starts were taken
        again = solve_many(found.baseline, puts, values, ["wage"], chunk=chunk)
        np.testing.assert_array_equal(many["wage"], again["wage"])


def test_files_side_by_side_share_a_baseline_or_say_whose_it_is(small, folder, solved):
    text = small.data()
    other = {**text, "name": "other", "edit": {"layer": [{"layer": "duty", "rate": 0.0}]}}
    from neg.scenario_files.reading import from_data

    both = compare_scenarios([small, from_data(other)], folders=[folder, folder])
    assert list(both.dataset["scenario"].values) == ["baseline", "small", "other"]
    np.testing.assert_array_equal(
        both.dataset["wage"].sel(scenario="small"), solved.dataset["wage"].sel(scenario="small")
    )


def test_the_folder_holds_everything_and_the_report_stands_alone(solved, swept, tmp_path):
    path = solved.write(tmp_path / "out")
    text = path.read_text()
    assert path.name == "report.html" and "Three places, made up." in text
    assert "data:image/png;base64," in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    assert read_scenario(tmp_path / "out" / "scenario.toml") == solved.scenarios[0]
    record = read_record(tmp_path / "out" / "result.nc")
    np.testing.assert_array_equal(record["wage"], solved.dataset["wage"])
    assert json.loads(record.attrs["scenarios"])[0]["name"] == "small"
    assert (tmp_path / "out" / "tables" / "real_income_change.csv").read_text().count("\n") == 4
    assert (tmp_path / "out" / "figures" / "real_income_change.png").exists()
    result, _ = swept
    assert "edit.layer.0.cost" in result.write(tmp_path / "swept").read_text()


@pytest.mark.parametrize(
    ("old", "new", "error", "told"),
    [
        ('"border"\ncost', '"bordr"\ncost', UnknownNameError, "bordr.*border"),
        ('among = ["A", "B"]', 'among = ["A", "Z"]', UnknownNameError, "'Z'"),
        ("cost = 0.95", "cost = 0.0", InvalidParameterError, r"edit.layer.0.cost: cost\[.*\] = 0 "),
        ("flows.csv", "gone.csv", InvalidDataError, "gone.csv"),
        ('"real_income", "wage"', '"real_incom"', UnknownNameError, "real_incom"),
        ('edit.layer.0.cost" = {', 'edit.layer.7.cost" = {', UnknownNameError, "edit.layer.7"),
        ("theta = 5.0", "theta = { goods = 5.0, services = 4.0 }", UnknownNameError, "services"),
    ],
)
def test_names_and_values_are_checked_against_the_economy(folder, old, new, error, told):
    text = (folder / "small.toml").read_text()
    assert old in text
    with pytest.raises(error, match=told):
        check_scenario(parse_scenario(text.replace(old, new, 1)), folder=folder)


def test_a_scenario_that_changes_nothing_is_told(folder):
    text = (folder / "small.toml").read_text().partition("[sweep]")[0]
    idle = text.replace("cost = 0.95", "cost = 1.0").replace("factor = 0.5", "factor = 1.0")
    found = check_scenario(parse_scenario(idle), folder=folder)
    assert "the scenario changes nothing" in found and len(found) == 3
    assert check_scenario(parse_scenario(text), folder=folder) == []


NETWORK = """
[network]
place = [
  { name = "a", economy = "A" }, { name = "b", economy = "B" },
  { name = "b2", economy = "B", weight = 0.0 },
]
mode = [{ name = "road", usd_per_km = 1.0, kmh = 40.0 }]
link = [{ from = "a", to = "b2", km = 400.0 }, { from = "b2", to = "b", km = 100.0 }]
border = [{ between = ["A", "B"], usd = 100.0, hours = 24.0 }]
"""


@pytest.mark.slow
def test_a_network_moves_only_the_pairs_that_it_joins(folder):
    text = (folder / "small.toml").read_text().partition("[sweep]")[0]
    text = text.replace("[[edit.layer]]", NETWORK + "\n[[edit.layer]]", 1)
    text = text.replace('economy = "B" }', 'economy = "B", weight = 1.0 }', 1)
    file = parse_scenario(
        text + '[[edit.border]]\nbetween = ["A", "B"]\nhours = 0.0\n'
        '[[edit.link]]\nfrom = "b2"\nto = "a"\ntime_factor = 0.5\n'
    )
    found = resolve(file, folder)
    for economy, hours in ((found.baseline, 36.5), (found.edited, 7.5)):
        x = economy.initial_distribution()
        out = economy.outcomes(economy.initial_prices(x), x)
        np.testing.assert_allclose(out["network.hours"][0, 1], hours, rtol=1e-12)
        rate = np.log(np.asarray(out["network.factor"]))
        np.testing.assert_allclose(rate[0, 1], 600 / 30000 + 0.01 * hours / 24, rtol=1e-12)
        assert (rate[2] == 0).all() and (rate[:, 2] == 0).all() and (np.diag(rate) == 0).all()
    shut = parse_scenario(text + '[[edit.link]]\nfrom = "a"\nto = "b2"\nclose = true\n')
    with pytest.raises(DisconnectedPlaceError):
        check_scenario(shut, folder=folder)


CLEARANCE = """
[[border]]
economy = "A"
export_hours = 10.0
import_hours = 24.0

[[border]]
economy = "B"
import_hours = 72.0
import_usd = 300.0
"""


@pytest.mark.slow
def test_clearance_is_of_economies_and_comes_to_another_s_level(folder):
    text = (folder / "small.toml").read_text().partition("[sweep]")[0]
    text = text.replace("[[edit.layer]]", CLEARANCE + "\n[[edit.layer]]", 1)
    file = parse_scenario(text + '[[edit.border]]\neconomies = ["B"]\nlevel_of = "A"\n')
    found = resolve(file, folder)
    np.testing.assert_array_equal(found.edited.value("clearance.import_hours"), [24, 24, 0])
    np.testing.assert_array_equal(found.edited.value("clearance.export_hours"), [10, 10, 0])
    x = found.baseline.initial_distribution()
    out = found.baseline.outcomes(found.baseline.initial_prices(x), x)
    rate = np.log(np.asarray(out["clearance.factor"]))
    np.testing.assert_allclose(rate[0, 1], 0.01 * 82 / 24 + 300 / 30000, rtol=1e-12)
    assert rate[2, 2] == 0 and rate[1, 2] == 0

    # It works as a lever under a gradient, and off it leaves the economy as it is.
    def income(hours):
        economy = Lever("clearance.import_hours", "set", places=("B",)).put(found.baseline, hours)
        return short_run(economy).outcomes["consumption"][1]

    slope, step = jax.grad(income)(72.0), 0.01
    assert slope < 0
    np.testing.assert_allclose(
        slope, (income(72.0 + step) - income(72.0 - step)) / (2 * step), rtol=1e-5
    )
    bare = build_economy(parse_scenario(text.replace(CLEARANCE, "")), folder)
    off = found.baseline.with_(
        **{f"clearance.{n}": np.zeros(3) for n in ("export_hours", "import_hours", "import_usd")}
    )
    taste = {"taste": bare.taste, "productivity": bare.productivity}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same = short_run(off.with_(**taste)).outcomes["wage"]
    np.testing.assert_allclose(same, short_run(bare).outcomes["wage"], rtol=1e-12)
