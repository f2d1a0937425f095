"""Every policy towards small firms is a Lever with a unit, in Python, in files and in policies."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from economies import FLOWS

from neg import compose, general_economy
from neg.analysis.compare import solve
from neg.barriers import ExchangeRisk, Layer
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.general import Mobility
from neg.economy.lever import Lever
from neg.estimation.plain import unknown_of
from neg.firms import (
    BusinessServices,
    Clusters,
    FinancedSelection,
    HorizontalLinks,
    Selection,
    TakeOff,
    Tiers,
    VerticalLinks,
    WaysIn,
    WorkingCapital,
)
from neg.parts import MovingCosts
from neg.scenario_files import parse_scenario
from neg.scenario_files.resolve import resolve

DOCS = Path(__file__).parents[2] / "docs" / "firms.md"
PLACES, SECTORS = ("a", "b"), ("goods", "services")
NAMES = {"members": PLACES, "skilled": ("services",)}


def everything():
    base = general_economy(
        places=PLACES,
        sectors=SECTORS,
        employment=[[1.0, 0.5], [1.5, 0.6]],
        theta=[4.5, 4.0],
        alpha=[1.0, 0.0],
        mobility=Mobility("free", residents=[[0.9, 0.1], [0.2, 0.8]]),
    )
    ones = np.ones((2, 2, 2))
    parts = [
        Layer("border", 0.1 * (ones - np.eye(2)[..., None]), ones, ones),
        FinancedSelection(sectors=("goods",)),
        Tiers(sectors=("goods",)),
        WorkingCapital(terms="letter of credit"),
        ExchangeRisk(),
        Clusters(),
        WaysIn(),
        BusinessServices(),
        MovingCosts(),
    ]
    return compose(base, parts)


def documented():
    """Levers of the table of policies, with the economy that each is for."""
    text = DOCS.read_text().split("## Policies as Levers")[1].split("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ") and "Lever(" in line]
    for row in rows:
        for given in re.findall(r"`(Lever\(.*?\))`", row):
            known = given.replace("among=...", "among=members").replace("places=...", "places='a'")
            yield row.split("|")[1].strip(), eval(known, {"Lever": Lever} | NAMES)


@pytest.mark.slow  # many edits of a large economy
def test_the_levers_of_the_docs_exist():
    general, plants = everything(), TakeOff()
    instead = {
        part.label: compose(general.base, [part])
        for part in (
            Selection(sectors=("goods",)),
            VerticalLinks(sectors=("goods",)),
            HorizontalLinks(sectors=("goods",)),
        )
    }
    found = list(documented())
    assert len(found) >= 18
    for policy, lever in found:
        label, dot, _ = lever.path.partition(".")
        economy = instead.get(label, general) if dot else plants
        moved = lever.put(economy, 0.3)
        before = economy.value(lever.path)
        same = before is not None and np.array_equal(moved.value(lever.path), before)
        assert not same, policy
        assert economy.parameters()[lever.path].unit, policy
        free = {"path": lever.path, "operation": lever.operation, "low": 0.0, "high": 1.0}
        assert unknown_of(policy, free).lever.path == lever.path  # as a policy has it


SERVICES = """A,A,services,50
A,B,services,4
A,C,services,3
B,A,services,3
B,B,services,45
B,C,services,2
C,A,services,2
C,B,services,2
C,C,services,30
"""
FILE = """schema = 1
name = "package"
description = "Every policy towards small firms, in A and B"

[economy]
data = "flows.csv"
format = "pairs"
theta = { goods = 4.0, services = 5.0 }
alpha = { goods = 1.0, services = 0.0 }
mobility = "free"
solve = "long"

[economy.residents]
A = { B = 0.1, C = 0.05 }
B = { A = 0.1, C = 0.05 }
C = { A = 0.05, B = 0.05 }

[[layer]]
name = "border"
rate = 0.2

[[part]]
name = "tastes"
parameters = { kappa = 0.8 }

[[part]]
name = "tiers"
sectors = ["goods"]

[[part]]
name = "selection"
sectors = ["goods"]
"""
POLICIES = {
    "standards harmonised": 'path = "tiers.harmonised"\nvalue = 0.5\nplaces = ["A", "B"]',
    "mutual recognition": 'path = "selection.recognition"\nvalue = 0.3\namong = ["A", "B"]',
    "free movement": 'path = "moving.free"\nvalue = 0.5\namong = ["A", "B"]\nsectors = ["goods"]',
    "business services": 'path = "productivity"\nfactor = 1.2\nsectors = ["services"]',
    "upgrading": 'path = "tiers.sharing"\nvalue = 0.3\nplaces = ["A"]',
}


@pytest.mark.slow  # two long runs
def test_policy_effects_in_a_scenario_file(tmp_path):
    (tmp_path / "flows.csv").write_text(FLOWS + SERVICES)
    text = FILE
    for policy, edit in POLICIES.items():
        # Free movement mixes people of all origins: what a place's people earn need not rise.
        text += f"\n[[edit.parameter]]\n{edit}\n" if policy != "free movement" else ""
        path = edit.split('"')[1]
        one = resolve(parse_scenario(f"{FILE}\n[[edit.parameter]]\n{edit}\n"), tmp_path)
        old, new = one.baseline.value(path), one.edited.value(path)
        assert old is None or not np.array_equal(new, old), policy
    found = resolve(parse_scenario(text), tmp_path)
    before, after = (solve(model).outcomes for model in (found.baseline, found.edited))
    assert before["wage"] == pytest.approx(np.ones((3, 2)), rel=1e-8)  # the table
    assert (after["welfare"][:2] > before["welfare"][:2]).all()
    assert np.abs(np.asarray(after["residents"] - before["residents"])).max() > 1e-3
    assert after["tiers.budget"][0] > 0.0 and after["tiers.budget"][1] == 0.0


def test_bad_residents_are_named(tmp_path):
    (tmp_path / "flows.csv").write_text(FLOWS + SERVICES)
    with pytest.raises(UnknownNameError, match="place of economy.residents"):
        resolve(parse_scenario(FILE.replace("C = 0.05 }\nB =", "X = 0.05 }\nB =")), tmp_path)
    with pytest.raises(InvalidParameterError, match="residents do not go"):
        text = FILE.replace('mobility = "free"\nsolve = "long"\n', "")
        parse_scenario(text)
