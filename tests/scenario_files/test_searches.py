"""Fits and policies of files: on the command line, from the same text as in Python, with names."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neg.cli import main
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.core.records import read_record
from neg.economy.lever import Lever
from neg.estimation import Cost, maximise, real_income
from neg.scenario_files import check_scenario, parse_scenario, policy_scenario
from neg.scenario_files.report import report
from neg.scenario_files.resolve import resolve
from neg.solvers.short_run import short_run

ECONOMY = """schema = 1
name = "search"
assumptions = ["Three places, made up."]
[economy]
data = "flows.csv"
format = "pairs"
theta = 5.0
[[layer]]
name = "border"
rate = 0.1
"""
FIT = """
[fit.unknowns.links]
path = "border.cost"
operation = "times"
among = ["A", "B"]
low = 0.5
high = 2.0
[fit.known.elasticity]
path = "theta"
value = 4.0
source = "a made-up paper"
[fit.targets.between]
outcome = "trade"
origins = ["A"]
destinations = ["B"]
value = VALUE
sd = 0.5
"""
POLICY = """
[policy]
budget = 1.0
stage = "early"
[policy.objective]
kind = "real-income"
places = ["A"]
[policy.levers.imports]
path = "border.cost"
operation = "times"
destinations = ["A"]
low = 0.9
high = 1.0
[policy.levers.exports]
path = "border.cost"
operation = "times"
origins = ["A"]
low = 0.9
high = 1.0
[policy.levers.skills]
path = "productivity"
operation = "times"
places = ["A"]
low = 1.0
high = 1.1
stages = ["late"]
[policy.costs.imports]
base = 40.0
steep = 2.0
reach = 0.05
[policy.costs.imports.stages]
early = { share = 0.5 }
[policy.costs]
exports = { price = 2.5 }
"""


@pytest.fixture(scope="module")
def economy(folder):
    return resolve(parse_scenario(ECONOMY), folder).baseline


@pytest.fixture(scope="module")
def text(economy):
    """The target is what a factor of 0.8 on the costs of A and B makes, at the known elasticity."""
    lever = Lever("border.cost", "times", among=("A", "B"))
    at = lever.put(economy.with_(theta=4.0), 0.8)
    return FIT.replace("VALUE", repr(float(short_run(at).outcomes["trade"][0, 1, 0])))


@pytest.mark.slow
def test_a_fit_of_a_file_recovers_what_made_its_target(folder, tmp_path, capsys, text):
    file = folder / "fit.toml"
    file.write_text(ECONOMY + text)
    assert main(["fit", str(file), "-o", str(tmp_path)]) == 0
    assert "report.html" in capsys.readouterr().out
    data = read_record(tmp_path / "result.nc")
    assert float(data["value"][0]) == pytest.approx(0.8, rel=1e-6)
    # One unknown, one target: the standard error is that of the target over the slope.
    error = 0.5 / abs(float(data["slope"][0, 0]))
    assert float(data["standard_error"][0]) == pytest.approx(error, rel=1e-6)
    record = json.loads((tmp_path / "record.json").read_text())["found"][0]
    assert record["status"] == "converged" and record["rank"] == 1
    assert record["first_order_conditions_left"] <= 1e-8
    report = (tmp_path / "report.html").read_text()
    assert "a made-up paper" in report and "data:image/png;base64," in report
    assert (tmp_path / "scenario.toml").read_bytes() == file.read_bytes()


@pytest.mark.slow
def test_a_policy_of_a_file_is_that_of_python(folder, tmp_path, capsys, economy):
    file = folder / "policy.toml"
    file.write_text(ECONOMY + POLICY)
    assert main(["policy", str(file), "-o", str(tmp_path)]) == 0
    capsys.readouterr()
    data = read_record(tmp_path / "result.nc")
    # Skills come late; half of what imports cost is paid by others; exports cost by what they are.
    exports = float(np.asarray(short_run(economy).outcomes["trade"])[0, 1:].sum())
    levers = {
        "imports": (Lever("border.cost", "times", destinations="A"), 0.9, 1.0),
        "exports": (Lever("border.cost", "times", origins="A"), 0.9, 1.0),
    }
    costs = {"imports": Cost(40.0, 2.0, 0.05, 0.5), "exports": Cost(2.5 * exports, 2.0, 0.05)}
    best = maximise(economy, levers, real_income(economy, ["A"]), budget=1.0, costs=costs)
    assert list(data["lever"].values) == ["imports", "exports"]
    for name, value in best.values.items():
        assert float(data["lever_value"].sel(lever=name)[0]) == pytest.approx(value, abs=1e-8)
    assert float(data["spending"].sum()) == pytest.approx(1.0, rel=1e-8)
    np.testing.assert_allclose(
        data["shared"].sel(lever="imports"), data["spending"].sel(lever="imports"), rtol=1e-9
    )
    price = float(data["shadow_price"].sel(limit="budget")[0])
    assert price == pytest.approx(best.shadow_prices["budget"], rel=1e-6)
    report = (tmp_path / "report.html").read_text()
    assert "Stage of development: early" in report and "2.5 times one per cent" in report


@pytest.mark.parametrize(
    ("old", "new", "error", "told"),
    [
        ("low = 0.5", "lo = 0.5", UnknownNameError, r"fit.unknowns.links.lo .*mean 'low'"),
        ('"border.cost"', '"bordr.cost"', UnknownNameError, "bordr.cost"),
        ('outcome = "trade"', 'outcome = "trad"', UnknownNameError, "'trad'"),
        ("sd = 0.5", "sd = -0.5", InvalidParameterError, "fit.targets.between.sd -0.5"),
        ("high = 2.0", "high = 0.9", InvalidParameterError, "must lie strictly inside"),
        ('stage = "early"', 'stage = "erly"', UnknownNameError, "'erly'.*early"),
        ('"real-income"', '"gap"', InvalidParameterError, "must give.*poor.*rich"),
        ("[policy.costs.imports]", "[policy.costs.import]", InvalidParameterError, "no lever"),
        ("share = 0.5", "shar = 0.5", UnknownNameError, "mean 'share'"),
    ],
)
def test_mistakes_are_named_before_anything_is_sought(folder, text, old, new, error, told):
    whole = ECONOMY + text + POLICY
    assert old in whole
    with pytest.raises(error, match=told):
        check_scenario(parse_scenario(whole.replace(old, new)), folder=folder)


@pytest.mark.slow  # three economies at once
def test_a_policy_over_draws_makes_the_smallest_objective_largest(folder):
    draws = '[policy.draws]\n"economy.theta" = [3.0, 5.0, 8.0]\n'
    text = POLICY.replace('stage = "early"', 'stage = "early"\nover = "worst"') + draws
    result = policy_scenario(parse_scenario(ECONOMY + text), folder=folder)
    mean = parse_scenario(ECONOMY + text.replace("worst", "expected"))
    every = policy_scenario(mean, folder=folder)
    assert result.dataset["worth"].sizes == {"draw": 3, "lever": 2}
    assert result.found[0].objective <= every.found[0].objective + 1e-9


HOURS = """schema = 1
name = "hours"
assumptions = ["Two places, made up."]
[economy]
theta = 4.0
[world]
places = ["a", "b"]
sectors = ["g"]
[world.employment]
a = { g = 1.0 }
b = { g = 2.0 }
[world.trade_cost]
between = { g = 1.5 }
[[part]]
name = "hours"
parameters = { psi = 2.0 }
[policy]
objective = { kind = "real-income", places = ["a"] }
levers.t = { path = "tariff", operation = "set", destinations = ["a"], low = 0.0, high = 1.0 }
costs = { t = 0.0 }
"""


@pytest.mark.slow
def test_a_policy_shows_the_welfare_that_it_makes_large_beside_consumption():
    found = policy_scenario(parse_scenario(HOURS))
    change = found.dataset.isel(scenario=1).sel(place="a")
    gain = float(found.dataset["gain"].values[0])
    assert float(change["welfare_change"]) == pytest.approx(100 * np.expm1(gain), rel=1e-9)
    assert float(change["real_income_change"]) < 0 < gain  # people work less and buy less
    assert "Incomes are welfare" in report(found, {}, [], "md")
