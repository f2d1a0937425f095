"""Linkages, fairs and services as other mechanisms: in a scenario file, a policy, a diagram."""

from __future__ import annotations

import numpy as np
import pytest
from economies import FLOWS

from neg import compose, general_economy, short_run
from neg.diagrams.diagram import NOTHING, diagram
from neg.economy.lever import Lever
from neg.estimation import maximise
from neg.firms import BusinessServices, HorizontalLinks, Peers, VerticalLinks, WaysIn
from neg.parts import Tastes
from neg.scenario_files import parse_scenario
from neg.scenario_files.resolve import resolve

HEAD = """schema = 1
name = "links"
description = "Small firms under a hub or among peers"

[economy]
data = "flows.csv"
format = "pairs"
theta = 4.0
alpha = 1.0

"""
PARTS = {
    "vertical": (
        'name = "vertical"\nparameters = { kept = 0.0, owners = { A = 0.0, B = 1.0, C = 0.0 } }',
        'path = "vertical.kept"\nvalue = 0.4\nplaces = ["A"]',
    ),
    "horizontal": (
        'name = "horizontal"\nparameters = { fee = 0.1, cut = 0.6, members = "managed" }',
        'path = "horizontal.support"\nvalue = 1.0\nplaces = ["A"]',
    ),
    "ways_in": (
        'name = "ways_in"\nparameters = { process = "contacts", doubles = 5.0 }',
        'path = "ways_in.fairs"\nvalue = 2.0\nplaces = ["A"]',
    ),
    "business_services": (
        'name = "business_services"\nparameters = { halves = 5.0 }',
        'path = "business_services.support"\nvalue = 2.0\nplaces = ["A"]',
    ),
}


def file(name):
    part, edit = PARTS[name]
    return parse_scenario(f"{HEAD}[[part]]\n{part}\n\n[[edit.parameter]]\n{edit}\n")


@pytest.mark.parametrize("name", PARTS)
def test_in_a_scenario_file(name, tmp_path):
    (tmp_path / "flows.csv").write_text(FLOWS)
    found = resolve(file(name), tmp_path)
    path = next(line.split('"')[1] for line in PARTS[name][1].splitlines() if "path" in line)
    value = np.broadcast_to(np.asarray(found.edited.value(path)), (3,))
    before = found.baseline.value(path)
    rest = 0.0 if before is None else np.broadcast_to(np.asarray(before), (3,))[1:]
    assert value[0] > 0.0 and value[1:] == pytest.approx(rest)


@pytest.mark.slow  # two economies each
@pytest.mark.parametrize("name", PARTS)
def test_a_file_solves(name, tmp_path):
    (tmp_path / "flows.csv").write_text(FLOWS)
    found = resolve(file(name), tmp_path)
    one, other = (short_run(model).outcomes for model in (found.baseline, found.edited))
    if name == "vertical":  # more goes to the owners in B
        gain = np.log(np.asarray(other["consumption"] / one["consumption"]))
        assert gain[0] < 0.0 and gain[1] > 0.0
    else:
        assert other[f"{name}.budget"][0] > 0.0 and (other[f"{name}.budget"][1:] < 1e-12).all()


def world(*parts, **changes):
    given = {"employment": [[1.0], [1.0]], "tau": [[1.0, 1.4], [1.4, 1.0]]} | changes
    base = general_economy(places=["a", "b"], sectors=["goods"], theta=4.0, alpha=1.0, **given)
    return compose(base, parts)


@pytest.mark.slow
def test_in_a_policy():
    """Manager, fairs and services under one budget, out of income."""
    model = world(
        HorizontalLinks(cluster=Peers(fee=0.1, cut=0.6, support=0.0)),
        WaysIn(fairs=0.0, doubles=0.02, weight=0.05),
        BusinessServices(gain=0.02, halves=0.01),
    )
    levers = {
        "manager": (Lever("horizontal.support", "set", places="a"), 0.0, 1.0),
        "fairs": (Lever("ways_in.fairs", "set", places="a"), 0.0, 0.02),
        "services": (Lever("business_services.support", "set", places="a"), 0.0, 0.02),
    }
    parts = ("horizontal", "ways_in", "business_services")

    def left(outcomes):
        return 0.005 - sum(outcomes[f"{part}.budget"][0] for part in parts)

    def income(outcomes):
        return outcomes["welfare"][0]

    best = maximise(model, levers, income, floors={"budget": (left, 0.0)})
    plain = float(short_run(model).outcomes["welfare"][0])
    assert float(left(best.solution.outcomes)) > -1e-8
    assert best.objective > plain


@pytest.mark.slow  # a diagram
def test_along_the_branch_of_a_diagram():
    """What the lead firm keeps, traced: real income falls without a jump, as points solve it."""
    model = world(VerticalLinks(), Tastes(0.5), mobility="free")
    found = diagram(model, "vertical.kept", 0.0, 0.6, search=NOTHING)
    assert found.branches and not found.special
