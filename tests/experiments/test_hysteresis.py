"""Hysteresis: the way back is another than the way in, and only where the break was passed."""

from __future__ import annotations

import numpy as np
import pytest

from experiments import hysteresis


@pytest.fixture(scope="module")
def record():
    changes = {"values": 49, "shares": 17, "steps": 2, "turns": [1.35, 1.72]}
    config = {**hysteresis.CONFIG, **changes}
    return hysteresis.run(config, lambda *_: None).sel(model="core-periphery")


@pytest.mark.slow
def test_industry_gathers_below_the_break_and_spreads_above_the_sustain_point(record):
    path = record["path"].sel(turn=1.35).values
    tau = record["tau"].sel(turn=1.35).values
    gone = np.flatnonzero(path > 0.75)
    assert tau[gone[0]] < float(record["break"][0]) < float(record["sustain"][0]) < tau[gone[-1]]
    assert path[0] == pytest.approx(0.5)
    assert path[-1] < 0.55
    assert path.max() == pytest.approx(1.0 - hysteresis.CONFIG["stay"], abs=1e-3)


def test_short_of_the_break_nothing_stays(record):
    path = record["path"].sel(turn=1.72).values
    assert path.max() < 0.55
    assert path[-1] == pytest.approx(0.5, abs=0.01)
