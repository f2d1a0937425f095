"""The house style: colours that colour-blind readers can tell apart, quiet axes, readable type.

Figures are drawn at the size at which they are printed, one column or one page wide, so that type
has the size that it says (:func:`sheet`). Their headline states the finding (:func:`headline`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from neg.core.errors import InvalidParameterError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#22262b"
"""Text and the lines that carry the finding."""
QUIET = "#8a9099"
"""Axes, grids, borders and everything that only gives orientation."""
SEA = "#e9e9ea"
"""Ground of maps."""
BLANK = "#cfcfd1"
"""Land and cells without data."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#4d4d4d")
"""Series colours, told apart under all common kinds of colour blindness (Okabe and Ito 2008)."""
SEQUENTIAL = "cividis_r"
"""Colour map from little (light) to much (dark)."""
DIVERGING = "RdBu"
"""Colour map for losses (red) and gains (blue) around a middle."""

WIDTHS = {"column": 3.5, "page": 7.2}
"""Widths of figures in inches."""
SMALLEST = 7.0
"""Size of the smallest type in points."""


@contextmanager
def house(**changes: Any) -> Iterator[None]:
    """Draw inside this context in the house style; ``changes`` are further rc settings."""
    import matplotlib as mpl

    settings: Any = {**_settings(), **changes}
    with mpl.rc_context(settings):
        yield


def sheet(
    rows: Any = 1, columns: int = 1, *, height: float, width: str = "page", **options: Any
) -> tuple[Figure, Any]:
    """A new figure at the size at which it is printed, and its axes.

    Args:
        rows: rows of axes; or a mosaic of their names (:meth:`subplot_mosaic` of matplotlib), which
            gives the axes by name.
        columns: columns of axes.
        height: inches, without what a headline or a caption take.
        width: ``"column"`` (3.5 inches) or ``"page"`` (7.2 inches).
        options: for :meth:`matplotlib.figure.Figure.subplots` or ``subplot_mosaic``.

    Raises:
        InvalidParameterError: another width.
    """
    from matplotlib.figure import Figure

    if width not in WIDTHS:
        raise InvalidParameterError(f"width {width!r} is not allowed; must be one of {[*WIDTHS]}")
    figure = Figure(figsize=(WIDTHS[width], height))
    if not isinstance(rows, int):
        return figure, figure.subplot_mosaic(rows, **options)
    return figure, figure.subplots(rows, columns, **options)


def headline(figure: Figure, text: str) -> None:
    """Write what a figure finds above it, in lines of its width; the figure grows by them."""
    words: dict[str, Any] = {"fontsize": 9.5, "fontweight": "bold"}
    lines = wrapped(figure, typeset(text), **words)
    grown(figure, above=lines.count("\n") * 0.16 + 0.25)
    # Its height is left to the layout, which then keeps room for it.
    figure.suptitle(lines, x=0.06 / figure.get_figwidth(), ha="left", **words)


def foot(figure: Figure, text: str) -> None:
    """Write a caption below a figure, in lines of its width; the figure grows by them."""
    words: dict[str, Any] = {"fontsize": 7.5, "linespacing": 1.3}
    lines = wrapped(figure, typeset(text), **words)
    room = (lines.count("\n") + 1) * 7.5 * 1.3 / 72 + 0.1
    grown(figure, below=room)
    x, y = 0.06 / figure.get_figwidth(), (room - 0.03) / figure.get_figheight()
    drawn = figure.text(x, y, lines, ha="left", va="top", color=INK, **words)
    drawn.set_in_layout(False)


def grown(figure: Figure, *, above: float = 0.0, below: float = 0.0) -> None:
    """Make a figure taller by inches; the lower ones stay free of axes."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + above + below)
    engine = figure.get_layout_engine()
    if below and isinstance(engine, ConstrainedLayoutEngine):
        share = below / (height + above + below)
        engine.set(rect=(0.0, share, 1.0, 1.0 - share))


def wrapped(figure: Figure, text: str, **look: Any) -> str:
    """A text broken into lines that are no wider than the figure; ``look`` as it will be drawn."""
    probe = figure.text(0.0, 0.0, "", **look)
    limit = figure.bbox.width - 0.16 * figure.dpi
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            probe.set_text(longer)
            if line and probe.get_window_extent().width > limit:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    probe.remove()
    return "\n".join(lines)


def number(value: float, pattern: str) -> str:
    """A number as text, with the minus sign that the axes use, without one for zero."""
    text = format(value, pattern)
    if not any(digit in text for digit in "123456789"):
        text = text.replace("-", "").replace("+", "")
    return typeset(text)


def typeset(text: str) -> str:
    """A text with minus signs for hyphens before numbers, powers of ten, a space before per cent.

    >>> typeset("-0.5 to 2e-08, or 5%")
    '−0.5 to 2 × 10⁻⁸, or 5 %'
    """
    text = re.sub(r"(?<=\d)%", " %", text)
    text = re.sub(r"(\d)e([+-]?)0*(\d+)\b", _power, text)
    return re.sub(r"(?<![\w-])-(?=\.?\d)", "\N{MINUS SIGN}", text)


def _power(match: re.Match[str]) -> str:
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    digit, sign, power = match.groups()
    return f"{digit} × 10{(sign.replace('+', '') + power).translate(raised)}"


def _settings() -> dict[str, Any]:
    from cycler import cycler

    return {
        "figure.constrained_layout.use": True,
        "figure.dpi": 100,
        "figure.figsize": (WIDTHS["page"], 4.4),
        "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
        "font.size": 8,
        "axes.titlesize": 8.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 8,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "legend.fontsize": 7.5,
        "legend.frameon": False,
        "figure.titlesize": 9.5,
        "figure.titleweight": "bold",
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "axes.edgecolor": QUIET,
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.axisbelow": True,
        "grid.color": "#dfe2e6",
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.5,
        "lines.solid_capstyle": "butt",
        "patch.linewidth": 0.5,
        "image.cmap": SEQUENTIAL,
        "savefig.facecolor": "white",
        "pdf.fonttype": 42,  # text stays text
        "svg.hashsalt": "neg",
    }
