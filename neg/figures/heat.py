"""Heat maps of matrices with names along both sides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from neg.core.errors import InvalidShapeError
from neg.figures import style
from neg.figures.scale import Scale


def heat_map(
    axes: Axes,
    matrix: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str,
    row_label: str = "origin",
    column_label: str = "destination",
    scale: Scale = Scale(),  # noqa: B008  (frozen)
    numbers: str | None = None,
    highlight: Collection[str] = (),
) -> AxesImage:
    """Draw a matrix as coloured cells; NaN cells stay blank.

    Args:
        axes: where to draw.
        matrix: values, shape (rows, columns).
        rows: name of each row.
        columns: name of each column.
        label: quantity and unit, written along the colour bar.
        row_label: what the rows are.
        column_label: what the columns are.
        scale: which values have which colours, and whether there is a colour bar.
        numbers: format in which each value is written into its cell; default: not written.
        highlight: names that are set in bold.

    Raises:
        InvalidShapeError: the matrix has not one row and column per name.
    """
    cells = np.ma.masked_invalid(np.asarray(matrix, dtype=float))
    if cells.shape != (len(rows), len(columns)):
        raise InvalidShapeError(
            f"matrix has shape {cells.shape}; must be {(len(rows), len(columns))}"
        )
    finite = cells.compressed()
    image = axes.imshow(
        cells,
        cmap=scale.map,
        norm=scale.norm(finite),
        aspect="auto",
        interpolation="nearest",
    )
    axes.set_facecolor(style.BLANK)
    steep = len(columns) > 8 or max(map(len, columns), default=0) > 6
    axes.set_xticks(range(len(columns)), columns, rotation=90 if steep else 0)
    axes.set_yticks(range(len(rows)), rows)
    for tick, name in zip(
        (*axes.get_xticklabels(), *axes.get_yticklabels()), (*columns, *rows), strict=True
    ):
        tick.set_fontweight("bold" if name in highlight else "normal")
    axes.set(xlabel=column_label, ylabel=row_label)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(0.5, len(columns) - 1), minor=True)
    axes.set_yticks(np.arange(0.5, len(rows) - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=0.8)
    axes.tick_params(which="minor", length=0)
    axes.set_axisbelow(False)
    if numbers is not None:
        _write_numbers(axes, image, cells, numbers)
    scale.draw_bar(axes, image, finite, label)
    return image


def _write_numbers(axes: Axes, image: AxesImage, cells: np.ma.MaskedArray, pattern: str) -> None:
    for (i, j), value in np.ndenumerate(cells):
        if np.ma.is_masked(cells[i, j]):
            continue
        red, green, blue, _ = image.to_rgba(value)
        is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        axes.text(
            j,
            i,
            style.number(float(value), pattern),
            ha="center",
            va="center",
            fontsize=7,
            color="white" if is_dark else style.INK,
        )
