"""Labelled outcomes: every number with its place, sector, unit and status."""

import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate, labelled
from neg.analysis.outcomes import _held_fixed, _outcomes
from neg.core.quantities import QUANTITIES
from neg.economy.general import Mobility
from neg.models.core_periphery import CorePeriphery
from neg.parts import Hours, Tastes
from neg.solvers.long_run import long_run
from neg.solvers.short_run import short_run

TABLE = random_table(seed=4)


@pytest.fixture(scope="module")
def solution():
    return short_run(calibrate(TABLE, uses="common"))


def test_every_outcome_carries_labels_and_units(solution):
    data, expected = labelled(solution), _outcomes(solution)
    assert set(expected) == set(data.data_vars)
    for name, array in data.data_vars.items():
        quantity = QUANTITIES[name]
        assert array.dims == quantity.axes, name
        assert (array.attrs["label"], array.attrs["units"]) == (quantity.label, quantity.unit)
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, expected[name])
    assert list(data.place.values) == list(data.origin.values) == ["p0", "p1", "p2"]
    assert list(data.sector.values) == ["s0", "s1"]
    assert list(data.use.values) == ["all uses"]
    flow = data.trade.sel(origin="p1", destination="p2", sector="s0")
    assert float(flow) == pytest.approx(TABLE.flows[1, 2, 0], rel=1e-9)


def test_attributes_say_how_the_solve_ended(solution):
    attributes = labelled(solution).attrs
    assert attributes["status"] == "converged" and attributes["residual"] < 1e-11
    assert 0 < attributes["reciprocal_condition"] < 1
    assert "stable" not in attributes
    assert attributes["held_fixed"].startswith("employment of every place and sector")


@pytest.mark.parametrize(
    "case",
    [
        ({"mobility": "sectors"}, "the mass of each of 3 mobility groups"),
        ({"deficit_rule": "world-share"}, "shares of world labour income"),
        ({"deficit_rule": "own-share"}, "shares of own labour income"),
        ({"numeraire": "p1"}, "numeraire: wage of p1"),
        ({}, "numeraire: world average wage"),
        ({}, "rents stay in their place"),
        ({}, "reach people in proportion to wages"),
        ({"rebate": "lump-sum"}, "reach people equally per head of their place"),
        ({}, "sector, hours, trade deficits"),
        ({"parts": [Hours(psi=0.5)]}, "sector, trade deficits"),
        ({"parts": [Hours(psi=0.5)]}, "elasticity of hours to real wages"),
        (
            {"mobility": {"s0": "immobile", "s1": "places"}},
            "the mass of each of 4 mobility groups (1 of them mobile)",
        ),
        (
            {
                "mobility": Mobility(
                    "free", residents=[[0.9, 0.1, 0.0], [0.1, 0.9, 0.1], [0.0, 0.0, 0.9]]
                ),
                "parts": [Tastes(kappa=0.5, sectors=0.25)],
            },
            "groups by place of origin, trade deficits",
            "dispersion of tastes for places (0.5) and sectors (0.25)",
            "moving costs",
            ", hours, ",
        ),
    ],
)
def test_what_is_held_fixed_is_said(case):
    options, *words = case
    said = _held_fixed(calibrate(TABLE, uses="common", **options))
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize(
    ("rule", "words"),
    [("pooled", "shared in proportion to wages"), ("per-head", "shared equally per head")],
)
def test_who_receives_rents_is_said(rule, words):
    assert words in _held_fixed(calibrate(TABLE, uses="common").with_(rent_rule=rule))


def test_hours_and_residents_carry_labels_too():
    """Whatever is written in the labels, a colon or blanks too."""
    table = TABLE.replace(places=("p:0", "p1", "to: p2"), sectors=("s0", "s:1 b"))
    residents = [[0.9, 0.1, 0.0], [0.1, 0.9, 0.1], [0.0, 0.0, 0.9]]
    model = calibrate(
        table,
        uses="common",
        mobility=Mobility("places", residents=residents),
        parts=[Tastes(kappa=0.5), Hours(psi=0.5)],
    )
    data = labelled(short_run(model))
    assert data.hours.dims == ("place", "sector")
    assert data.residents.dims == ("group", "place")
    assert float(data.residents.sel(group="from p:0:s:1 b", place="to: p2")) == 0.0
    people = TABLE.value_added[1, 0] * 0.1
    assert float(data.residents.sel(group="from p:0:s0", place="p1")) == pytest.approx(people)


def test_separate_uses_carry_the_names_of_their_buyers(solution):
    assert calibrate(TABLE).labels["use"] == ("s0", "s1", "final")
    assert solution.model.labels["use"] == ("all uses",)


def test_models_of_cells_carry_cells_and_stability():
    data = labelled(long_run(CorePeriphery(tau=1.5), [0.9, 0.1]))
    assert data.wage.dims == ("place",) and list(data.place.values) == ["0", "1"]
    assert data.attrs["stable"] == "true" and data.attrs["growth_rate"] < 0
    assert data.attrs["unused_cells"] == "1"
    assert data.attrs["held_fixed"].endswith("all parameters but those edited")


def test_a_failed_solve_says_so_and_holds_no_numbers():
    failed = short_run(CorePeriphery(tau=1.5), [0.7, 0.3], max_steps=1, throw=False)
    data = labelled(failed)
    assert data.attrs["status"] == "max_steps"
    assert bool(data.wage.isnull().all()) and bool(data.payoff.isnull().all())
