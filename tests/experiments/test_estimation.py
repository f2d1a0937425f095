"""The experiments on calibration and on increasing returns report what their solves found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments import calibration, east_asia_scenarios, returns_to_scale
from neg import data
from neg.core import records
from neg.figures import style

FIGURES = Path(__file__).resolve().parents[2] / "figures"


@pytest.mark.slow  # compiles the derivative of moments
def test_calibration_recovers_the_truth_and_meets_the_shares():
    record = calibration.run({**calibration.CONFIG}, lambda *_: None)
    assert record.attrs["status"] == "converged" and (record["rank"] == 3).all()
    assert float(record["gradient"].max()) <= calibration.CONFIG["tolerance"]
    np.testing.assert_allclose(record["value"].sel(run="simulated"), record["truth"], atol=1e-7)
    np.testing.assert_allclose(record["intra"], record["target"], rtol=0.03)
    # A larger share inside takes cheaper trade inside than with others, and a smaller one dearer.
    inside, outside = (record["value"].sel(unknown=name) for name in ("inside", "outside"))
    assert float(inside.sel(run="2003")) < 0 < float(outside.sel(run="2003"))
    assert float(outside.sel(run="1980")) < 0 < float(inside.sel(run="1980"))


@pytest.mark.slow  # linearises a table of 231 cells
def test_sectors_leave_singapore_first():
    record = returns_to_scale.run({**returns_to_scale.CONFIG}, lambda *_: None)
    assert record.attrs["status"] == "converged"
    below = record["growth"].where(record["alpha"] < record.attrs["interval"][0], drop=True)
    assert (below < 0).all() and (np.diff(record["growth"]) > 0).all()
    np.testing.assert_allclose(
        record["workers"].sum("sector"),
        record["observed"].sum("sector").broadcast_like(record["workers"].sum("sector")),
        rtol=1e-9,
    )
    first = record["left"].min("sector").idxmin("place")
    assert set(first.values) == {"SGP"}
    assert float(record["residual"].max()) < 1e-9 and (record["growth_there"] < 0).all()


def test_scale_and_mobility_stand_side_by_side():
    record = records.read_record(FIGURES / "east_asia_scenarios.nc")
    with style.house():
        figure = east_asia_scenarios._side_figure(record)
    left, right = figure.axes
    written = {text.get_text() for text in left.texts}
    value = record["consumption_change"].sel(
        scenario="RCEP", labour="immobile", scale=1.0, place="VNM"
    )
    assert f"{float(value):+.2f}" in written
    assert len(left.texts) == 18 * len(east_asia_scenarios.CONFIG["scale"]["immobile"])
    assert len(right.texts) == 18 * len(east_asia_scenarios.CONFIG["scale"]["sectors"])


def test_scenarios_start_only_where_the_table_is_a_stable_equilibrium():
    """Beyond the limit nothing is kept: what is solved there starts from another economy."""
    record = records.read_record(FIGURES / "east_asia_scenarios.nc")
    shown = record["consumption_change"].sel(labour="sectors", scenario="RCEP")
    there = shown.notnull().all("place")
    np.testing.assert_array_equal(there, record["scale"] < record.attrs["limit"])
    growth = record["solve_growth_rate"].sel(labour="sectors", scenario="RCEP")
    assert (growth.where(there, drop=True) < 0).all()
    assert not shown.where(~there, drop=True).notnull().any()
    ten = east_asia_scenarios._scale_figure(record)
    assert len(ten.axes[0].get_lines()) - 1 == len(data.ASEAN)  # and the line of zero
