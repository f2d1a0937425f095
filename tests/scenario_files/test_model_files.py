"""Files of a canonical model by its name, and of the host of plants: built, solved, improved."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from neg import Lever, compose, diagram, equilibria, get_model, long_run, short_run
from neg.analysis.compare import solve
from neg.core.errors import InvalidParameterError, NegError, UnknownNameError
from neg.economy.starting import Starting
from neg.estimation import maximise
from neg.firms import HostRules, Plants, Suppliers, TakeOff
from neg.parts import Land
from neg.places.layouts import layout
from neg.scenario_files import (
    check_scenario,
    parse_scenario,
    policy_scenario,
    read_scenario,
    solve_scenario,
    sweep_scenario,
    to_toml,
)
from neg.scenario_files.baseline import build_economy
from neg.scenario_files.report import in_words

HEAD = 'schema = 1\nname = "one"\n\n[model]\n'
HOST = HEAD + 'name = "take-off"\n'
THREE = """name = "core-periphery"
parameters = { sigma = 6.0, mu = 0.3, phi = 0.2 }
places = ["A", "B", "C"]
layout = "line"
"""


def same(ours, theirs):
    """Every number of two economies to the last digits, and everything static."""
    (found, one), (want, two) = jax.tree.flatten(ours), jax.tree.flatten(theirs)
    assert one == two
    for number, other in zip(found, want, strict=True):
        np.testing.assert_allclose(number, other, rtol=1e-12, atol=1e-14)


def test_a_file_is_the_model_that_python_builds():
    places = layout("line", 3)
    geography = type(places)(places.distance, places.coordinates, ("A", "B", "C"))
    own = get_model("core-periphery")(geography=geography, sigma=6.0, mu=0.3, phi=0.2)
    built = build_economy(parse_scenario(HEAD + THREE))
    np.testing.assert_allclose(built.iceberg, own.iceberg, rtol=1e-12)
    assert built.labels == own.labels and type(built) is type(own)
    part = '\n[[part]]\nname = "land"\nparameters = { h = 0.2 }\n'
    base = get_model("core-periphery")(tau=1.3)
    text = HEAD + 'name = "core-periphery"\nparameters = { tau = 1.3 }\n'
    same(build_economy(parse_scenario(text + part)), compose(base, [Land(h=0.2)]))


def test_the_host_of_a_file_is_that_of_python():
    text = HOST + "parameters = { h = 1.2, zone = 0.1, rho = 0.5 }\n".replace(", rho = 0.5", "")
    part = '\n[[part]]\nname = "plants"\nparameters = { rho = 0.5 }\n'
    want = TakeOff(suppliers=Suppliers(h=1.2), rules=HostRules(zone=0.1))
    same(build_economy(parse_scenario(text)), want)
    same(build_economy(parse_scenario(text + part)), compose(want, [Plants(rho=0.5)]))
    start = text + 'start = { learnt = 9.0, "not learnt" = 1.0 }\n'
    same(build_economy(parse_scenario(start)), Starting(want, np.array([0.9, 0.1])))
    assert len(TakeOff.__init__.__code__.co_varnames) <= 11


def test_groups_of_parameters_go_by_their_names():
    host = TakeOff().with_(zone=0.4, h=2.0, eps=3.0, mu=0.5)
    assert [float(host.get(name)) for name in ("zone", "h", "eps", "mu")] == [0.4, 2.0, 3.0, 0.5]
    assert float(host.rules.zone) == float(host.value("zone")) == 0.4
    assert len(host.parameters()) == 13
    with pytest.raises(InvalidParameterError, match="zone = 1.5"):
        host.with_(zone=1.5)
    with pytest.raises(UnknownNameError, match="parameter 'zones'"):
        host.with_(zones=0.5)


def test_nobody_moves_from_a_start_that_is_held():
    text = HEAD + 'name = "core-periphery"\nmobility = "immobile"\nstart = { 0 = 3.0, 1 = 1.0 }\n'
    held = build_economy(parse_scenario(text))
    assert not parse_scenario(text).moves
    x = held.initial_distribution()
    np.testing.assert_allclose(x, [0.75, 0.25])
    assert (np.asarray(held.groups.size()) == 1).all()
    found = solve(held)
    assert found.outcomes["wage"] == pytest.approx(
        np.asarray(short_run(get_model("core-periphery")(), x).outcomes["wage"]), rel=1e-12
    )


def test_files_of_models_round_trip_and_are_checked():
    scenario = read_scenario("export-zone-or-linkage")
    assert parse_scenario(to_toml(scenario)) == scenario
    assert check_scenario(scenario) == []
    told = " ".join(in_words(scenario))
    assert "the model take-off with h = 1.2, rule = 0.7" in told
    assert "Part plants: rho = 0.2." in told and "elasticity" not in told


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (HEAD + 'name = "takeoff"\n', UnknownNameError, "model 'takeoff'.*mean 'take-off'"),
        (HOST + "parameters = { zones = 1.0 }\n", UnknownNameError, "'zones'.*mean 'zone'"),
        (HOST + "parameters = { zone = 1.5 }\n", InvalidParameterError, "zone = 1.5"),
        (HOST + 'parameters = { zone = "all" }\n', InvalidParameterError, "must be a number"),
        (HOST + "start = { learned = 1.0 }\n", UnknownNameError, "'learned'.*mean 'learnt'"),
        (HOST + "start = { learnt = -1.0 }\n", NegError, "start.learnt -1"),
        (HOST + "places = 2\n", InvalidParameterError, "places does not go with 'take-off'"),
        (HOST + 'layout = "line"\n', InvalidParameterError, "must give places"),
        (HOST + "place = 2\n", UnknownNameError, "model.place .*'places'"),
        (HOST + "[economy]\ntheta = 4.0\n", InvalidParameterError, "economy.theta does not go"),
        (
            HOST + '[economy]\ndata = "x.csv"\n',
            InvalidParameterError,
            r"economy.data does not go with \[model\]",
        ),
        (
            HOST + '[world]\nplaces = ["a"]\nsectors = ["s"]\nemployment = 1.0\n',
            InvalidParameterError,
            r"world does not go with \[model\]",
        ),
        (HOST + "[tariff]\nmfn_rate = 0.1\n", InvalidParameterError, "tariff does not go"),
        (
            HEAD + THREE.replace('layout = "line"', "distance = { A = { B = 1.0 } }"),
            NegError,
            "model.distance says nothing of A and C",
        ),
        (
            HEAD + THREE.replace("phi = 0.2", "phi = 0.2, tau = 1.5"),
            InvalidParameterError,
            "phi is not allowed beside tau",
        ),
        (HOST + '[[layer]]\nname = "x"\nrate = 0.1\n', InvalidParameterError, "barrier"),
    ],
)
def test_what_is_wrong_with_a_model_is_named(text, error, told):
    with pytest.raises(error, match=told):
        build_economy(parse_scenario(text, "f.toml"))


def test_an_aim_that_a_model_does_not_report_is_named():
    policy = """
[policy]
objective = { kind = "KIND" }

[policy.levers.links]
path = "tau"
low = 1.2
high = 1.5
"""
    text = HEAD + 'name = "core-periphery"\n' + policy
    with pytest.raises(InvalidParameterError, match="core-periphery reports no welfare.*'wage'"):
        check_scenario(parse_scenario(text.replace("KIND", "real-income")))
    moment = text.replace('"KIND"', '"moment", moment = { outcome = "wage", places = ["0"] }')
    assert check_scenario(parse_scenario(moment)) == []


@pytest.mark.slow
def test_a_model_with_places_is_solved_edited_and_swept():
    far = HEAD + THREE.replace("phi = 0.2", "phi = 0.02")
    text = far + "start = { A = 0.4, B = 0.3, C = 0.3 }\n"
    edit = '\n[[edit.parameter]]\npath = "phi"\nvalue = 0.01\n'
    more = edit + '\n[sweep]\n"edit.parameter.0.value" = [0.01, 0.02]\n'
    found = solve_scenario(parse_scenario(text + edit)).dataset
    base = build_economy(parse_scenario(far))
    for name, model in (("baseline", base), ("one", base.with_(phi=0.01))):
        want = long_run(model)
        assert want.stable
        for outcome in ("wage", "payoff"):
            assert found[outcome].sel(scenario=name).values == pytest.approx(
                np.asarray(want.outcomes[outcome]), rel=1e-9
            )
    swept = sweep_scenario(parse_scenario(text + more)).dataset
    assert set(swept["solve_status"].values) == {"converged"}
    np.testing.assert_allclose(swept["wage_change"].isel(case=1), 0.0, atol=1e-7)
    assert abs(swept["wage_change"].isel(case=0)).max() > 1e-3


def host(a, *, h=1.0, zone=0.0, rule=0.0, forced=0.0):
    """Learning and income of the host at productivity a, written out once more."""
    local = 5.0 * a**5.0 / (1.0 + 5.0 * a**5.0)
    cost, more = (1.0 - zone) * np.log(1.0 - local), max(rule - local, 0.0)
    if more > 0:
        cost += rule * np.log(rule / local) + (1 - rule) * np.log((1 - rule) / (1 - local))
    pull = 0.3 * np.exp(-10.0 * 0.6 / 5.0 * cost)
    plants = pull / (1.0 + pull)
    exposure = plants * (1.0 - zone) * (local + forced * more)
    learning = (0.01 + 0.25 * h * exposure) * (1.0 - a) - 0.02 * a
    return learning, plants * (0.4 + 0.6 * (1.0 - zone) * (local + more))


def high(**given):
    """Productivity and income of the highest state."""
    a = np.linspace(0.99, 0.02, 2000)
    rate = np.array([host(one, **given)[0] for one in a])
    k = int(np.flatnonzero(rate > 0)[0])
    at = brentq(lambda one: host(one, **given)[0], a[k], a[k - 1], xtol=1e-15)
    return at, host(at, **given)[1]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::neg.analysis.compare.UnstableAllocationWarning")
def test_the_shipped_host_keeps_or_loses_its_take_off():
    scenario = read_scenario("export-zone-or-linkage")
    swept = sweep_scenario(scenario).dataset
    assert set(swept["solve_status"].values) == {"converged"}
    learnt = swept["productivity"].values
    zones = swept["edit.parameter.0.value"].values
    for zone, a, income in zip(zones, learnt, swept["income"].values[:, 0], strict=True):
        want = high(h=1.2, zone=zone, rule=0.7)
        assert (a, income) == pytest.approx(want, rel=1e-8)
    assert learnt[2] > 0.8 and learnt[4] < 0.4  # a tenth in the zone, a fifth
    economy = build_economy(scenario).with_(zone=0.1)
    points = equilibria(economy).points
    assert sorted(round(float(p.x[0]), 4) for p in points) == [0.3364, 0.6517, 0.8314]
    found = diagram(economy, Lever("zone"), 0.0, 0.3)
    ends = {round(float(b.x[k, 0]), 3) for b in found.branches for k in (0, -1)}
    low, top = (round(f(h=1.2, zone=z, rule=0.7)[0], 3) for f, z in ((high, 0.3), (high, 0.0)))
    assert {low, top} <= ends  # stagnation with the zone, take-off without
    fold = [point.parameter for _, point in found.special if point.kind.name == "FOLD"]
    assert len(fold) == 1 and 0.1 < fold[0] < 0.2


@pytest.mark.slow
def test_a_policy_for_the_host_is_the_best():
    """Training, linkage and local content under a budget; slopes are those of differences."""
    result = policy_scenario(read_scenario("export-zone-or-linkage")).found[0]
    best = {name: float(value) for name, value in result.values.items()}
    spent = (best["training"] - 1.0) + 0.5 * (0.1 - best["linkage"])
    spent += 0.3 * (best["local content"] - 0.7)

    def log_income(training, linkage, content):
        return np.log(high(h=1.2 * training, zone=linkage, rule=content)[1])

    at = list(best.values())
    assert result.converged and result.objective > log_income(1.0, 0.1, 0.7) + 0.2
    assert best["linkage"] == pytest.approx(0.0, abs=1e-9)  # all are linked again
    assert spent == pytest.approx(0.1, rel=1e-9)
    for k, name in enumerate(best):
        step = np.eye(3)[k] * 1e-6
        if name == "linkage":
            continue
        slope = (log_income(*(at + step)) - log_income(*(at - step))) / 2e-6
        assert result.slope[name] == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.slow
def test_the_best_late_rule_is_that_of_a_search_by_hand():
    """Past what plants buy anyway a rule earns more, until it drives plants away."""
    late = Starting(TakeOff().with_(rule=0.7), np.array([0.9, 0.1]))
    income = lambda out: out["income"][0]
    found = maximise(late, {"rule": (Lever("rule"), 0.69, 0.9)}, income, at=solve(late))
    want = minimize_scalar(
        lambda rule: -high(rule=rule)[1], bounds=(0.69, 0.9), method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    assert found.values["rule"] == pytest.approx(want.x, abs=1e-5)
    assert 0.75 < want.x < 0.8
