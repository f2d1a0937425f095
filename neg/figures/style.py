"""The house style: colours that colour-blind readers can tell apart, quiet axes, readable type."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


@contextmanager
def house(**changes: Any) -> Iterator[None]:
    """Draw inside this context in the house style; ``changes`` are further rc settings."""
    import matplotlib as mpl

    settings: Any = {**_settings(), **changes}
    with mpl.rc_context(settings):
        yield


def number(value: float, pattern: str) -> str:
    """A number as text, with the minus sign that the axes use."""
    return format(value, pattern).replace("-", "\N{MINUS SIGN}")


def _settings() -> dict[str, Any]:
    from cycler import cycler

    return {
        "figure.constrained_layout.use": True,
        "figure.dpi": 100,
        "figure.figsize": (7.2, 4.4),
        "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
        "font.size": 9.5,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 9.5,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "legend.fontsize": 8.5,
        "legend.frameon": False,
        "figure.titlesize": 12,
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
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "butt",
        "patch.linewidth": 0.5,
        "image.cmap": SEQUENTIAL,
        "savefig.facecolor": "white",
        "pdf.fonttype": 42,  # text stays text
        "svg.hashsalt": "neg",
    }
