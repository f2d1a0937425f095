"""Each fault that a reader would see is told, and a figure without faults passes."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from neg.figures import style
from neg.figures.checks import faults


@pytest.fixture
def sheet():
    with style.house():
        yield style.sheet(width="column", height=2.5)


def drawn(axes):
    axes.plot([0.0, 1.0], [0.0, 1.0], label="rising")
    axes.set(xlabel="trade cost τ", ylabel="share", title="A title")
    return axes


def test_a_proper_figure_has_none(sheet):
    figure, axes = sheet
    drawn(axes).legend(loc="upper left")
    axes.annotate("point", (0.8, 0.8), (5, -12), textcoords="offset points")
    style.headline(
        figure, "Industry gathers where trade is cheap, and more words for a second line"
    )
    style.foot(figure, "A caption. " * 20)
    assert faults(figure) == []


def test_ticks_outside_the_view_and_hidden_axes_do_not_count(sheet):
    figure, axes = sheet
    axes.set_xticks(np.linspace(0.0, 100.0, 201))
    axes.set_xlim(0.0, 1.0)
    inset = axes.inset_axes((0.4, 0.4, 0.2, 0.2))
    inset.set_xticks(range(50), ["name"] * 50)
    inset.axis("off")
    assert faults(figure) == []


def test_width_and_size_of_type(sheet):
    figure, axes = sheet
    axes.text(0.5, 0.5, "tiny", fontsize=5)
    assert faults(figure) == ["'tiny' is set in 5 points"]
    with style.house():
        wide = Figure(figsize=(13.0, 4.0))
    assert faults(wide) == ["is 13 inches wide; must be one of [3.5, 7.2]"]


def test_signs_and_letters(sheet):
    figure, axes = sheet
    axes.set(xlabel="phi", ylabel="change of -3 %")
    assert sorted(faults(figure)) == [
        "'change of -3 %' has a hyphen for a minus sign",
        "'phi' spells a Greek letter",
    ]


@pytest.mark.parametrize("rotation", [0, 90])
def test_texts_that_run_together(sheet, rotation):
    figure, _ = sheet
    one = figure.text(0.4, 0.4, "one", rotation=rotation)
    box = one.get_window_extent()
    end = np.array([box.x0, box.y1] if rotation else [box.x1, box.y0])
    other = figure.text(*figure.transFigure.inverted().transform(end), "two", rotation=rotation)
    assert faults(figure) == ["'one' overlaps 'two'"]
    apart = end + np.array([0.0, 1.0] if rotation else [1.0, 0.0]) * 3.0 / 72 * figure.dpi
    other.set_position(figure.transFigure.inverted().transform(apart))
    assert faults(figure) == []


def test_texts_on_lines_markers_and_beyond_the_canvas(sheet):
    figure, axes = sheet
    drawn(axes)
    text = axes.text(0.5, 0.5, "on it", ha="center", va="center")
    assert faults(figure) == ["'on it' stands on a line"]
    text.set_bbox({"facecolor": "white"})
    assert faults(figure) == []
    axes.plot(0.2, 0.8, "o", ms=6)
    axes.text(0.2, 0.8, "a disc", va="center")
    assert faults(figure) == ["'a disc' stands on a line"]
    axes.texts[-1].remove()
    figure.text(0.99, 0.5, "too far")
    assert faults(figure) == ["'too far' leaves the canvas"]


def test_a_line_of_a_twin_counts_where_it_is_seen(sheet):
    figure, axes = sheet
    axes.text(0.5, 0.5, "below a twin", ha="center", va="center")
    twin = axes.twinx()
    twin.plot([0.0, 1.0], [0.5, 0.5])
    twin.set_ylim(0.0, 1.0)
    assert faults(figure) == ["'below a twin' stands on a line"]
    twin.set_ylim(0.8, 1.0)  # clipped away
    assert faults(figure) == []
