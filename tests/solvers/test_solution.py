"""What a solution shows of itself: a short table, a frame, bars, HTML."""

import jax
import matplotlib
import numpy as np
import pytest

from neg import get_model, long_run, short_run
from neg.places import layouts

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def agglomerated():
    return long_run(get_model("core-periphery")(tau=1.5), [0.9, 0.1])


def test_a_printed_solution_says_how_it_ended_and_lists_its_cells(agglomerated):
    text = repr(agglomerated)
    head, *table = text.splitlines()
    assert head.startswith("LongRun of CorePeriphery: status converged, residual")
    assert "stability stable" in head and "growth rate -" in head
    assert table[0].split() == ["x", "share", "payoff", "used"]
    assert len(table) == 2 + 2  # heads of columns and of the index, one line a cell
    html = agglomerated._repr_html_()
    assert html.startswith("<p>LongRun of CorePeriphery: status <b>converged</b>")
    assert "<table" in html


def test_a_frame_holds_what_the_solution_holds(agglomerated):
    frame = agglomerated.to_frame()
    assert list(frame.index) == list(agglomerated.model.cell_labels)
    np.testing.assert_array_equal(frame["x"], agglomerated.x)
    np.testing.assert_allclose(frame["share"].sum(), 1.0)
    np.testing.assert_array_equal(frame["payoff"], agglomerated.payoff)
    assert list(frame["used"]) == [True, False]


def test_bars_are_the_shares(agglomerated):
    axes = agglomerated.plot()
    heights = [bar.get_height() for bar in axes.patches]
    np.testing.assert_allclose(heights, agglomerated.to_frame()["share"])
    assert axes.get_ylabel() == "share of its group"


def test_many_cells_are_counted_and_a_failure_says_so():
    racetrack = get_model("core-periphery")(geography=layouts.racetrack(20), tau=1.2)
    uneven = np.arange(1.0, 21.0) / 210.0
    found = short_run(racetrack, uneven, max_steps=1, throw=False)
    text = repr(found)
    assert "status max steps" in text.splitlines()[0]
    assert text.splitlines()[-1] == "... 8 more cells"
    assert np.isnan(found.to_frame()["payoff"]).all()


def test_inside_compiled_code_nothing_is_printed_of_it():
    seen = []

    @jax.jit
    def solve(tau):
        found = short_run(get_model("core-periphery")(tau=tau), [0.5, 0.5])
        seen.append(repr(found))
        return found.residual

    solve(1.5)
    assert seen == ["ShortRun(of CorePeriphery, traced)"]
