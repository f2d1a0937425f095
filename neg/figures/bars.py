"""Ranked horizontal bars with their values written beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from neg.core.errors import InvalidDataError
from neg.figures import style


def ranked_bars(
    axes: Axes,
    values: Any,
    *,
    label: str,
    names: Mapping[str, str] | None = None,
    highlight: Any = (),
    most: int | None = None,
    order: Sequence[str] | None = None,
    digits: str = ".2f",
) -> BarContainer:
    """Draw values as horizontal bars, the largest on top, gains blue and losses red.

    Args:
        axes: where to draw.
        values: value by name (mapping or series).
        label: quantity and unit, written below the axis.
        names: what to write for a name; default: the name itself.
        highlight: names whose labels are set in bold.
        most: draw only this many, those that differ most from zero.
        order: names from top to bottom, those of bars beside these; default: by value.
        digits: format of the values beside the bars.

    Raises:
        InvalidDataError: a value is not finite, or there is none.
    """
    given = {str(name): float(value) for name, value in dict(values).items()}
    bad = [name for name, value in given.items() if not np.isfinite(value)]
    if bad or not given:
        raise InvalidDataError(f"bars of {label!r} need finite values; not finite: {bad or 'none'}")
    if most is not None:
        given = dict(sorted(given.items(), key=lambda item: -abs(item[1]))[:most])
    ranked = sorted(given.items(), key=lambda item: item[1])
    if order is not None:
        ranked = [(name, given[name]) for name in reversed(order)]
    heights = [value for _, value in ranked]
    bars = axes.barh(
        range(len(ranked)),
        heights,
        height=0.72,
        color=[style.COLOURS[0] if value >= 0 else style.COLOURS[1] for value in heights],
    )
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}  # lines end before a number
    texts = [style.number(value, digits) for value in heights]
    axes.bar_label(bars, texts, padding=2, fontsize=style.SMALLEST, bbox=ground)
    axes.set_yticks(range(len(ranked)), [(names or {}).get(name, name) for name, _ in ranked])
    for tick, (name, _) in zip(axes.get_yticklabels(), ranked, strict=True):
        tick.set_fontweight("bold" if name in highlight else "normal")
    low, high = min(heights + [0.0]), max(heights + [0.0])
    room = 0.25 * ((high - low) or 1.0)  # for the values beside the bars
    axes.set_xlim(low - 1.2 * room * (low < 0), high + room * (high > 0 or low == 0))
    axes.set(xlabel=label, ylim=(-0.6, len(ranked) - 0.4))
    axes.axvline(0.0, color=style.QUIET, lw=0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    return bars
