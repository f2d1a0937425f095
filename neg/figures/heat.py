"""Heat maps of matrices with names along both sides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.image import AxesImage

from neg.core.errors import InvalidShapeError
from neg.figures import style


def heat_map(
    axes: Axes,
    matrix: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str,
    row_label: str = "origin",
    column_label: str = "destination",
    centre: float | None = None,
    limits: tuple[float, float] | None = None,
    numbers: str | None = None,
    highlight: Collection[str] = (),
    bar: bool = True,
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
        centre: middle of a two-sided scale (losses and gains); default: a one-sided scale. Equal
            distances from it have colours of equal strength; the bar shows what is used.
        limits: ends of the scale; default: those of the values.
        numbers: format in which each value is written into its cell; default: not written.
        highlight: names that are set in bold.
        bar: whether to draw a colour bar.

    Raises:
        InvalidShapeError: the matrix has not one row and column per name.
    """
    cells = np.ma.masked_invalid(np.asarray(matrix, dtype=float))
    if cells.shape != (len(rows), len(columns)):
        raise InvalidShapeError(
            f"matrix has shape {cells.shape}; must be {(len(rows), len(columns))}"
        )
    low, high = limits or ((cells.min(), cells.max()) if cells.count() else (0.0, 1.0))
    norm: Normalize = Normalize(low, high)
    if centre is not None:
        norm = CenteredNorm(centre, max(high - centre, centre - low) or 1.0)
    image = axes.imshow(
        cells,
        cmap=style.SEQUENTIAL if centre is None else style.DIVERGING,
        norm=norm,
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
    if bar:
        scale = axes.figure.colorbar(image, ax=axes, label=label, aspect=28, pad=0.015)
        if centre is not None:
            scale.ax.set_ylim(min(low, centre), max(high, centre))
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
