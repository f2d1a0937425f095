"""Thresholds and diagrams of an economy calibrated to a table, by the names of its parameters."""

from __future__ import annotations

import numpy as np
import pytest

from neg.analysis import calibrate, scale_limit
from neg.breakpoints.thresholds import thresholds
from neg.data.table import Table
from neg.diagrams.diagram import NOTHING, diagram
from neg.solvers.long_run import equilibrium_at


def linked_table():
    """Two alike places; two sectors that buy six tenths of output from themselves."""
    near = np.array([[0.7, 0.3], [0.3, 0.7]])
    inputs = 1.2 * np.eye(2)[None, :, None, :] * near[:, None, :, None]
    final = 0.8 * near[:, None, :, None] * np.ones((1, 2, 1, 1))
    return Table(
        places=["p0", "p1"],
        sectors=["s0", "s1"],
        uses=["final"],
        intermediate=inputs,
        final=final,
        value_added=(inputs.sum(axis=(2, 3)) + final.sum(axis=(2, 3)) - inputs.sum(axis=(0, 1))),
        net_taxes_industry=np.zeros((2, 2)),
        net_taxes_final=np.zeros((2, 1)),
        unit="money",
        source="made up",
    )


@pytest.fixture(scope="module")
def calibrated():
    layers = {"border": (0.1, "resource")}
    return calibrate(
        linked_table(), theta=4.0, alpha=0.1, uses="common", mobility="sectors", layers=layers
    )


@pytest.mark.slow
def test_the_scale_at_which_the_table_breaks_is_that_of_its_spectrum(calibrated):
    """Growth rates of the observed allocation, solved on a grid and by bisection, say the same."""
    (point, *others) = thresholds(calibrated, "scale", 0.0, 1.0).of_kind("break")
    assert not others and point.converged and point.below == "stable"
    limit = scale_limit(calibrated, tolerance=1e-9).limit
    assert point.value == pytest.approx(limit, abs=1e-6)


@pytest.mark.slow
def test_a_diagram_over_the_cost_of_a_layer(calibrated):
    """Stable and unstable states at each end are those that the solver of states finds there."""
    scale = thresholds(calibrated, "scale", 0.0, 1.0).of_kind("break")[0].value
    model = calibrated.with_(scale=scale)  # critical at the table's own costs: a factor of one
    tree = diagram(model, "border.cost", 0.9, 1.1, search=NOTHING)
    breaks = [point.parameter for _, point in tree.special if point.kind.name == "BRANCH"]
    assert min(abs(value - 1.0) for value in breaks) < 1e-6
    x = model.initial_distribution()
    for cost in (0.95, 1.05):
        here = model.with_(**{"border.cost": cost})
        even = equilibrium_at(here, x, x > 0)
        drawn = [one for one in tree.equilibria(cost) if np.allclose(one.x, x)]
        assert len(drawn) == 1 and drawn[0].stable is even.stable
