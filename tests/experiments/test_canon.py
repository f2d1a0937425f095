"""The canon's figures: thresholds as in the papers, and labels that the full spectrum confirms."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import canon
from experiments._wiggle import along, wiggle
from neg.models import get_model
from neg.solvers.long_run import equilibrium_at


@pytest.fixture(scope="module")
def record():
    models = {"models": canon.SMOKE["models"]}  # at full size: the lines are interpolated
    return canon.run({**canon.CONFIG, **models}, lambda *_: None)


def test_break_and_sustain_points_are_those_of_the_papers(record):
    assert record.attrs["status"] == "converged"
    breaks = record["break"].sel(which=0)
    # Core-periphery in freeness: tau ** (1 - sigma); Pflueger: his closed form.
    assert float(breaks.sel(model="core-periphery")) == pytest.approx(1.626577**-4, rel=2e-5)
    assert float(breaks.sel(model="pflueger")) == pytest.approx(4.0 / 26.0, rel=2e-5)
    sustain = record["sustain"].sel(model="core-periphery", which=0)
    assert float(sustain) == pytest.approx(1.807313**-4, rel=2e-5)


def test_labels_of_uneven_equilibria_agree_with_the_spectrum(record):
    for name, stable in (("core-periphery", 0.0), ("pflueger", 1.0)):
        one = record.sel(model=name, line=0)
        there = np.isfinite(one["uneven_share"].values)
        k = int(there.sum() // 2)
        assert one["uneven_stable"].values[k] == stable
        share = float(one["uneven_share"].values[k])
        model = get_model(name)(tau=1.5).with_(phi=float(one["uneven_freedom"].values[k]))
        found = equilibrium_at(model, [share, 1.0 - share], [True, True])
        assert float(found.x[0]) == pytest.approx(share, abs=0.01)
        assert found.stable is bool(stable)


def test_the_difference_of_linked_industry_is_odd_and_vanishes_when_even():
    model = get_model("puga-immobile")()
    economies = along(model, "phi", np.array([0.3]))
    found = wiggle(economies, np.array([0.5, 0.6, 0.4]), industry=model.industry)
    even, more, less = found.difference[0]
    assert abs(even) < 1e-10
    assert more == pytest.approx(-less, abs=1e-9)
    assert more > 0.01  # between the break points industry draws industry
