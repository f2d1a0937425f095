"""The axes show what they are given: colours, order, line kinds and labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
)
from neg.figures import bars, diagram, heat, maps, style
from neg.figures.scale import Scale


def square(west: float, south: float, side: float) -> np.ndarray:
    return np.array(
        [[west, south], [west + side, south], [west + side, south + side], [west, south + side]]
    )


@pytest.fixture
def axes():
    with style.house():
        yield Figure().subplots()


POLYGONS = {"AAA": [square(100, 0, 20)], "BBB": [square(125, 5, 15)], "TINY": [square(121, 2, 0.1)]}


def test_a_map_colours_each_place_and_marks_the_small_one_with_a_disc(axes):
    values = pd.Series({"AAA": 1.0, "BBB": 3.0, "TINY": 2.0})
    mappable = maps.choropleth(axes, POLYGONS, values, label="index")
    faces = [
        tuple(patch.get_facecolor()[0])
        for patch in axes.collections
        if isinstance(patch, PolyCollection) and len(patch.get_facecolor())
    ]
    for value in values:
        assert tuple(mappable.to_rgba(value)) in faces
    (disc,) = axes.lines
    assert disc.get_xdata()[0] == pytest.approx(121.05)
    assert disc.get_ydata()[0] == pytest.approx(2.05)
    assert tuple(disc.get_markerfacecolor()) == tuple(mappable.to_rgba(2.0))


def test_a_map_leaves_places_without_value_blank_and_keeps_the_pacific_whole(axes):
    polygons = POLYGONS | {"EAST": [square(-175, 0, 10)]}
    mappable = maps.choropleth(
        axes,
        polygons,
        {"AAA": np.nan, "BBB": 2.0, "EAST": -1.0},
        label="%",
        scale=Scale(centre=0.0),
    )
    assert mappable.norm.vmin == -2.0
    assert mappable.norm.vmax == 2.0
    west, east = axes.get_xlim()
    assert west < 100
    assert 195 < east < 200
    coloured = [p for p in axes.collections if len(p.get_paths()) == 1]
    assert len(coloured) == 2


def test_a_map_refuses_a_place_without_polygon(axes):
    with pytest.raises(LabelMismatchError, match="XXX"):
        maps.choropleth(axes, POLYGONS, {"XXX": 1.0}, label="index")


def test_bars_are_ranked_and_carry_their_values(axes):
    bars.ranked_bars(axes, {"b": 1.0, "a": -2.0, "c": 3.0}, label="%", names={"c": "See"})
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b", "See"]
    assert [text.get_text() for text in axes.texts] == ["\N{MINUS SIGN}2.00", "1.00", "3.00"]
    gain, loss = axes.patches[2].get_facecolor(), axes.patches[0].get_facecolor()
    assert gain != loss


def test_bars_keep_those_that_differ_most_from_zero(axes):
    drawn = bars.ranked_bars(axes, {"b": 1.0, "a": -2.0, "c": 3.0}, label="%", most=2)
    assert sorted(bar.get_width() for bar in drawn) == [-2.0, 3.0]
    with pytest.raises(InvalidDataError, match=r"\['a'\]"):
        bars.ranked_bars(axes, {"a": np.nan}, label="%")


def test_a_heat_map_names_rows_and_columns_and_writes_numbers(axes):
    heat.heat_map(
        axes, [[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]], "ab", "xyz", label="share", numbers=".0f"
    )
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["x", "y", "z"]
    assert [text.get_text() for text in axes.texts] == ["1", "3", "4", "5", "6"]
    with pytest.raises(InvalidShapeError, match=r"\(2, 3\); must be \(3, 2\)"):
        heat.heat_map(axes, np.ones((2, 3)), "abc", "xy", label="share")


def test_a_branch_changes_its_line_where_stability_changes(axes):
    parameter = np.linspace(1.0, 2.0, 6)
    diagram.branch(axes, parameter, 0 * parameter, [True, True, False, False, None, None])
    lines = axes.lines
    assert [line.get_linestyle() for line in lines] == ["-", "--", ":"]
    joined = np.concatenate([lines[0].get_xdata(), lines[1].get_xdata()[1:]])
    np.testing.assert_array_equal(joined, parameter[:5])
    with pytest.raises(InvalidShapeError, match="must be equal"):
        diagram.branch(axes, parameter, parameter, [True])


def test_a_special_point_is_written_with_its_value(axes):
    diagram.special_point(axes, 1.626577, 0.5, "break", symbol=r"$\tau$")
    assert axes.texts[0].get_text() == "break\n$\\tau$ = 1.6266"


def test_the_style_ends_with_its_context():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with style.house():
        assert mpl.rcParams["axes.spines.top"] is False
    assert dict(mpl.rcParams) == before


def test_names_on_a_map_stand_where_they_are_told_and_equal_ratios_differ_equally(axes):
    values = {"AAA": 1.0, "BBB": 10.0, "TINY": 100.0}
    mappable = maps.choropleth(
        axes,
        POLYGONS,
        values,
        label="index",
        names={"TINY": (130.0, 30.0)},
        scale=Scale(logarithmic=True),
    )
    assert mappable.norm(10.0) == pytest.approx(0.5)
    stands = {text.get_text(): text.get_position() for text in axes.texts}
    assert stands["TINY"] == (130.0, 30.0)
    assert "AAA" in stands
    with pytest.raises(InvalidDataError, match="must be > 0"):
        maps.choropleth(axes, POLYGONS, {"AAA": 0.0}, label="index", scale=Scale(logarithmic=True))
    with pytest.raises(InvalidParameterError, match="centre = 0 is not allowed on a log"):
        Scale(centre=0.0, logarithmic=True)
    with pytest.raises(InvalidParameterError, match=r"limits = \(2, 1\) is not allowed"):
        Scale(limits=(2, 1))
