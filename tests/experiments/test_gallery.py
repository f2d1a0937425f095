"""Every figure of the last full run says what it finds and is fit to print."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments import _gallery, _runner
from neg.core import records
from neg.figures import style
from neg.figures.checks import faults

FIGURES = Path(__file__).resolve().parents[2] / "figures"


QUICK = (
    "bell_curve",
    "border_cut_budget",
    "credit",
    "hysteresis",
    "linkages",
    "noodle_bowl",
    "racetrack_cascade",
    "take_off",
    "tomahawk",
    "trade_cost_layers",
)
"""Figures of one kind each, laid out at once; all others when slow."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name in _runner.names()
    ],
)
def test_figures_are_fit_to_print(name):
    """Width, size of type, overlaps: at full size here, at smoke size in every smoke run."""
    module = _runner.load(name)
    record = _gallery.described(module, records.read_record(FIGURES / f"{name}.nc"))
    with style.house():
        drawn = module.draw(record)
        for key, figure in (drawn if isinstance(drawn, dict) else {"": drawn}).items():
            style.headline(figure, _gallery.title_of(record, key))
            assert faults(figure) == []
            assert len(_gallery.caption_of(record, key)) > 150
