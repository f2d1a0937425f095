"""The phase diagram: levers push back congestion, and regimes are those of the full spectrum."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import congestion
from neg.solvers.long_run import equilibrium_at


@pytest.fixture(scope="module")
def config():
    return {**congestion.CONFIG, **congestion.SMOKE}


@pytest.fixture(scope="module")
def record(config):
    return congestion.run(config, lambda *_: None)


def test_every_lever_lets_agglomeration_reach_further(record):
    assert record.attrs["status"] == "converged"
    slopes = record["payoff_slope"].max("test")
    for name, force in congestion.FORCES.items():
        if force.lever is not None:
            gain = slopes.sel(force=name, lever="moved") - slopes.sel(force=name, lever="default")
            assert float(gain.isel(scale=slice(1, None)).min()) > 0.0
    limits = record["limit"].sel(force=["land", "wages", "pollution"]).values
    assert (limits[:, 1] > 1.3 * limits[:, 0]).all()


def test_regimes_are_those_of_the_spectrum(config, record):
    force = congestion.FORCES["land"]
    base = congestion._economy(config, force, moved=False)
    slope = record["payoff_slope"].sel(force="land", lever="default")
    for i, j in ((1, 4), (6, 4), (0, 0)):  # gathered, spread by land, spread by distance
        strength = force.range[1] * float(slope["scale"][i])
        model = base.with_(**{"land.h": strength, "phi": float(slope["freeness"][j])})
        even = equilibrium_at(model, [0.5, 0.5], [True, True])
        assert even.stable is bool(slope.sel(test="even")[i, j] < 0.0)
        full = equilibrium_at(model, [1.0, 0.0], [True, False], throw=False)
        assert (int(full.status) == 0) is bool(slope.sel(test="full")[i, j] > 0.0)
        np.testing.assert_array_equal(np.sign(slope[:, i, j]) == 1.0, (i, j) == (1, 4))
