"""Figures have the size at which they are printed, and texts are set as type should be."""

from __future__ import annotations

import pytest

from neg.core.errors import InvalidParameterError
from neg.figures import style


@pytest.mark.parametrize(("width", "inches"), [("column", 3.5), ("page", 7.2)])
def test_a_sheet_is_a_column_or_a_page_wide(width, inches):
    with style.house():
        figure, axes = style.sheet(2, 3, width=width, height=2.0)
    assert tuple(figure.get_size_inches()) == (inches, 2.0)
    assert axes.shape == (2, 3)


def test_another_width_is_refused_with_what_is_allowed():
    with pytest.raises(InvalidParameterError, match=r"'poster'.*\['column', 'page'\]"):
        style.sheet(width="poster", height=2.0)


def test_a_mosaic_gives_its_axes_by_name():
    with style.house():
        _, axes = style.sheet([["map", "bars"], ["map", "lines"]], height=2.0)
    assert set(axes) == {"map", "bars", "lines"}


def test_headline_and_caption_take_room_of_their_own():
    """Axes keep their size to a point; the words stand above and below them, inside the canvas."""
    words = "Many words about a finding, of which there are more than one line holds. " * 4
    heights = []
    for given in (False, True):
        with style.house():
            figure, axes = style.sheet(width="column", height=2.0)
            if given:
                style.headline(figure, words)
                style.foot(figure, words)
            figure.draw_without_rendering()
        heights.append(axes.get_window_extent().height)
    assert heights[1] == pytest.approx(heights[0], abs=0.1 * figure.dpi)
    above, below = figure._suptitle, figure.texts[-1]
    for text in (above, below):
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.width
        assert box.y0 >= 0 and box.y1 <= figure.bbox.height
        assert text.get_text().count("\n") >= 3
        assert text.get_text().split() == words.split()
    drawn = axes.get_tightbbox()
    assert above.get_window_extent().y0 > drawn.y1
    assert below.get_window_extent().y1 < drawn.y0


@pytest.mark.parametrize(
    ("given", "set_as"),
    [
        ("from -0.5 to -.2", "from −0.5 to −.2"),
        ("(-3 %)", "(−3 %)"),
        ("39% of -2.5%", "39 % of −2.5 %"),
        ("2e-08 and 1.5e+12", "2 × 10⁻⁸ and 1.5 × 10¹²"),
        ("core-periphery, 2019-20, COVID-19", "core-periphery, 2019-20, COVID-19"),
    ],
)
def test_minus_signs_powers_and_per_cent(given, set_as):
    assert style.typeset(given) == set_as


def test_zero_has_no_sign():
    assert style.number(-0.001, "+.2f") == "0.00"
    assert style.number(0.001, "+.2f") == "0.00"
    assert style.number(-0.01, "+.2f") == "−0.01"
