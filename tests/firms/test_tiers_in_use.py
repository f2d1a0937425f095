"""Tiers as any other mechanism: in a scenario file, along a branch of a diagram, in a policy."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from economies import FLOWS

from neg import compose, general_economy, short_run
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.diagrams.diagram import NOTHING, diagram
from neg.economy.lever import Lever, in_hand
from neg.estimation import maximise
from neg.estimation.plain import unknown_of
from neg.firms import TierPolicy, Tiers
from neg.models.core_periphery import CorePeriphery
from neg.scenario_files import parse_scenario
from neg.scenario_files.resolve import resolve

FILE = """schema = 1
name = "tiers"
description = "Standards are harmonised in A and B"

[economy]
data = "flows.csv"
format = "pairs"
theta = 4.0
alpha = 1.0

[[part]]
name = "tiers"
sectors = ["goods"]
parameters = { worth = [1.0, 1.6, 2.6], quality = [1.0, 3.0, 9.0], standards = [0.2, 1.0, 4.0],
    certification = 0.3, risk = [0.2, 0.1, 0.05] }

[[edit.parameter]]
path = "tiers.harmonised"
value = 0.5
places = ["A", "B"]

[output]
variables = ["real_income", "wage"]
"""


@pytest.mark.slow
def test_in_a_scenario_file(tmp_path):
    (tmp_path / "flows.csv").write_text(FLOWS)
    found = resolve(parse_scenario(FILE.replace("\n    ", " ")), tmp_path)
    one, other = (short_run(model).outcomes for model in (found.baseline, found.edited))
    assert one["wage"] == pytest.approx(np.ones((3, 1)), rel=1e-9)  # the table is the baseline
    assert (other["tiers.suppliers"][:2] > one["tiers.suppliers"][:2]).all()
    gain = np.log(np.asarray(other["consumption"] / one["consumption"]))
    assert gain[0] > 0.0 and gain[1] > 0.0
    text = FILE.replace("\n    ", " ")
    one = 'path = "tiers.standards"\nfactor = 0.5\ntiers = ["2"]'
    alone = text.replace('path = "tiers.harmonised"\nvalue = 0.5\nplaces = ["A", "B"]', one)
    third = resolve(parse_scenario(alone), tmp_path).edited
    assert third.value("tiers.standards") == pytest.approx(np.array([0.2, 1.0, 2.0]))
    with pytest.raises(UnknownNameError, match="tier '3'"):
        resolve(parse_scenario(alone.replace('["2"]', '["3"]')), tmp_path)
    with pytest.raises(UnknownNameError, match="cars"):
        bad = parse_scenario(text.replace('sectors = ["goods"]', 'sectors = ["cars"]'))
        resolve(bad, tmp_path)
    with pytest.raises(InvalidParameterError, match="harmonised"):
        bad = parse_scenario(text.replace("certification = 0.3", "harmonised = [0.1, 0.2, 0.3]"))
        resolve(bad, tmp_path)


@pytest.mark.slow  # a diagram of its own
def test_along_the_branches_of_a_diagram():
    """Tiers that cost the same everywhere leave the tomahawk where it is."""
    found = diagram(compose(CorePeriphery(), [Tiers()]), "tau", 1.4, 2.2, search=NOTHING)
    points = [point.parameter for _, point in found.special]
    assert min(abs(point - 1.626577) for point in points) < 1e-5


@pytest.mark.slow
def test_one_tier_alone():
    """A list by tier takes tiers: in a fit or a policy, with a derivative, back where it was."""
    model = compose(CorePeriphery(), [Tiers()])
    given = {"path": "tiers.standards", "operation": "times", "tiers": ["2"]}
    lever = unknown_of("top", given | {"low": 0.5, "high": 1.0}).lever
    assert lever == Lever("tiers.standards", "times", tiers="2")
    held, name = in_hand(model, lever)
    assert held.get(name) == 1.0
    moved = lever.put(model, 0.5).value("tiers.standards")
    assert moved == pytest.approx(np.array([0.2, 1.0, 1.5, 9.0]))

    def suppliers(value):
        part = lever.put(model, value).part("tiers")
        return part.choice(part.profit(2), part.costs(2)).active[0, 3]

    numeric = (suppliers(0.8 + 1e-5) - suppliers(0.8 - 1e-5)) / 2e-5
    assert jax.grad(suppliers)(0.8) == pytest.approx(float(numeric), rel=1e-6)
    assert numeric < 0.0  # what a tier asks for keeps firms out of it
    with pytest.raises(UnknownNameError, match="tier '7'"):
        Lever("tiers.quality", "times", tiers="7").check(model)
    with pytest.raises(InvalidParameterError, match="tiers must be left out"):
        Lever("tau", "times", tiers="2").check(model)
    with pytest.raises(InvalidParameterError, match="must rise with the tier"):
        Lever("tiers.worth", "set", tiers="1").put(model, 0.5)


@pytest.mark.slow
def test_in_a_policy():
    """Training and cost sharing under one budget, out of income."""
    base = general_economy(
        places=["a", "b"],
        sectors=["goods"],
        employment=[[1.0], [1.0]],
        theta=4.0,
        alpha=1.0,
        tau=[[1.0, 1.4], [1.4, 1.0]],
    )
    model = compose(base, [Tiers(policy=TierPolicy(sharing=0.0, training=0.0))])
    levers = {
        "sharing": (Lever("tiers.sharing", "set", places="a"), 0.0, 0.5),
        "training": (Lever("tiers.training", "set", places="a"), 0.0, 0.05),
    }

    def suppliers(outcomes):
        return outcomes["tiers.suppliers"][0]

    def left(outcomes):
        return 0.002 - outcomes["tiers.budget"][0]  # with 0.01 everybody supplies

    best = maximise(model, levers, suppliers, floors={"budget": (left, 0.0)})
    found = best.solution.outcomes
    assert found["tiers.budget"][0] == pytest.approx(0.002, abs=1e-9)
    assert best.objective > float(short_run(model).outcomes["tiers.suppliers"][0])
    assert best.shadow_prices["budget"] > 0
