"""Faults that a reader would see in a figure: wrong size, small type, texts that overlap."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from neg.figures import style

_HYPHEN = re.compile(r"(?<![\w-])-\s?\.?\d")
_SPELLED = re.compile(r"\b(alpha|beta|gamma|delta|theta|kappa|sigma|tau|phi)\b")
_TOUCH = 0.6  # points by which boxes may overlap across lines: they are taller than their letters
_APART = 0.5  # points that a text keeps free before and after it


def faults(figure: Figure) -> list[str]:
    """What is wrong with a figure at the size at which it is printed; empty if nothing is.

    Told are a width other than those of :data:`neg.figures.style.WIDTHS`, type smaller than
    :data:`neg.figures.style.SMALLEST`, texts that overlap, run over a line or a marker, or leave
    the canvas, hyphens for minus signs and Greek letters in words.
    """
    figure.draw_without_rendering()
    found = []
    if not any(abs(figure.get_figwidth() - width) < 1e-6 for width in style.WIDTHS.values()):
        found.append(
            f"is {figure.get_figwidth():g} inches wide; must be one of {[*style.WIDTHS.values()]}"
        )
    shown = list(_texts(figure))
    for text, _ in shown:
        words = text.get_text()
        size = float(text.get_fontsize())
        if size < style.SMALLEST - 1e-9:
            found.append(f"{words!r} is set in {size:g} points")
        if _HYPHEN.search(words):
            found.append(f"{words!r} has a hyphen for a minus sign")
        if _SPELLED.search(words):
            found.append(f"{words!r} spells a Greek letter")
    canvas = figure.bbox
    boxes = [(text, _ink(text, box, figure.dpi / 72)) for text, box in shown]
    for text, box in boxes:
        if min(box.x0, box.y0) < 0 or box.x1 > canvas.width or box.y1 > canvas.height:
            found.append(f"{text.get_text()!r} leaves the canvas")
    for (one, here), (other, there) in itertools.combinations(boxes, 2):
        if here.overlaps(there):
            found.append(f"{one.get_text()!r} overlaps {other.get_text()!r}")
    found += [f"{text.get_text()!r} stands on a line" for text, box in boxes if _crossed(text, box)]
    return found


def _ink(text: Text, box: Bbox, point: float) -> Bbox:
    """The box that a text keeps to itself: a little less across its lines, a little more along."""
    along, across = _APART * point, -_TOUCH * point
    upright = text.get_rotation() % 180.0 == 90.0
    dx, dy = (across, along) if upright else (along, across)
    return Bbox.from_extents(box.x0 - dx, box.y0 - dy, box.x1 + dx, box.y1 + dy)


def _texts(figure: Figure) -> Iterator[tuple[Text, Bbox]]:
    """Every text that is drawn, and its box."""
    hidden: set[int] = set()
    for axes in figure.findobj(Axes):
        hidden |= {id(text) for text in _undrawn(axes)}
    for text in figure.findobj(Text):
        drawn = text.get_visible() and text.get_text().strip() and id(text) not in hidden
        if drawn and text.get_alpha() != 0.0:
            box = Text.get_window_extent(text)  # of an annotation without its arrow
            if box.width > 0.0:
                yield text, box


def _undrawn(axes: Axes) -> Iterator[Text]:
    """Texts of axes that are not drawn: hidden axes, and ticks outside the view."""
    if not axes.get_visible():
        yield from axes.findobj(Text)
    for axis in (axes.xaxis, axes.yaxis):
        if not (axes.axison and axis.get_visible()):
            yield from axis.findobj(Text)
            continue
        low, high = sorted(axis.get_view_interval())
        slack = 1e-9 * (high - low)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low - slack <= tick.get_loc() <= high + slack or not tick.get_visible():
                yield from tick.findobj(Text)


def _crossed(text: Text, box: Bbox) -> bool:
    """Whether a text without a ground of its own stands on a line or a marker of its axes."""
    axes = text.axes
    if axes is None or text.get_bbox_patch() is not None or text.get_path_effects():
        return False
    own = axes.get_legend()
    if text not in axes.texts and not (isinstance(own, Legend) and text in own.get_texts()):
        return False
    return any(
        _meets(line, seen)
        for other in axes.figure.axes  # twins draw over each other
        if other.bbox.overlaps(box)
        for line in other.lines
        if line.get_visible()
        for seen in [Bbox.intersection(box, other.bbox) if line.get_clip_on() else box]
        if seen is not None
    )


def _meets(line: Line2D, box: Bbox) -> bool:
    points = line.get_transform().transform(line.get_xydata())
    low, high = np.asarray(box.min), np.asarray(box.max)
    with np.errstate(invalid="ignore"):  # a line may be interrupted by NaN
        if line.get_marker() not in ("None", None, "", " "):
            # Of types: a drawn line has axes in a figure.
            radius = 0.5 * line.get_markersize() * line.axes.figure.dpi / 72  # type: ignore[union-attr]
            near = (points > low - radius) & (points < high + radius)
            if near.all(axis=1).any():
                return True
        if line.get_linestyle() == "None" or len(points) < 2:
            return False
        return _cut(points[:-1], points[1:], box)


def _cut(a: np.ndarray, b: np.ndarray, box: Bbox) -> bool:
    """Whether any segment from a to b meets the box (Liang and Barsky's clipping)."""
    told = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    a, b = a[told], b[told]
    apart = (np.maximum(a, b) < box.min) | (np.minimum(a, b) > box.max)
    a, b = a[~apart.any(axis=1)], b[~apart.any(axis=1)]
    step = np.where(b == a, 1e-12, b - a)
    ends = np.sort(np.stack([(box.min - a) / step, (box.max - a) / step]), axis=0)
    enter, leave = ends[0].max(axis=1), ends[1].min(axis=1)
    return bool((np.maximum(enter, 0.0) <= np.minimum(leave, 1.0)).any())
