"""Bifurcation diagrams: stable equilibria solid, unstable dashed, special points with values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from neg.core.errors import InvalidShapeError
from neg.figures import style

MARKERS = {"break": "o", "sustain": "s", "fold": "D"}
"""Marker of each kind of special point."""

_LOOKS: dict[str, dict[str, Any]] = {
    "stable": {"linestyle": "-", "linewidth": 1.9, "color": style.INK},
    "unstable": {"linestyle": (0, (4, 2.5)), "linewidth": 1.2, "color": style.COLOURS[1]},
    "undecided": {"linestyle": ":", "linewidth": 1.2, "color": style.QUIET},
}


def branch(axes: Axes, parameter: Any, value: Any, stable: Any, **look: Any) -> None:
    """Draw one branch of equilibria along its points.

    Args:
        axes: where to draw.
        parameter: the parameter at each point, shape (points,).
        value: what is shown of the equilibrium, shape (points,); NaN interrupts the line.
        stable: true, false, or NaN or None where it cannot be told, shape (points,).
        look: line settings that replace those of the house (colour, say).

    Raises:
        InvalidShapeError: the three differ in length.
    """
    x, y = np.asarray(parameter, dtype=float), np.asarray(value, dtype=float)
    kinds = np.array([_kind(flag) for flag in np.asarray(stable).ravel()], dtype=object)
    if not x.shape == y.shape == kinds.shape:
        raise InvalidShapeError(
            f"parameter {x.shape}, value {y.shape}, stable {kinds.shape}: must be equal (points,)"
        )
    # Each stretch runs on to the first point of the next, so that the line has no gaps.
    edges = [0, *(np.flatnonzero(kinds[1:] != kinds[:-1]) + 1).tolist(), len(kinds)]
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        if start < stop:
            axes.plot(x[start : stop + 1], y[start : stop + 1], **{**_LOOKS[kinds[start]], **look})


def mark(axes: Axes, parameter: Any, value: Any, name: str, *, size: float = 5.0) -> None:
    """Mark special points of one kind: break points with circles, sustain points with squares."""
    axes.plot(
        parameter,
        value,
        MARKERS.get(name, "D"),
        ms=size,
        mfc="white",
        mec=style.INK,
        mew=1.1,
        ls="none",
        zorder=6,
    )


def special_point(
    axes: Axes,
    parameter: float,
    value: float,
    name: str,
    *,
    symbol: str = "",
    offset: tuple[float, float] = (10.0, 14.0),
    digits: str = ".4f",
) -> None:
    """Mark a break, sustain or fold point and write its name and parameter value beside it.

    ``symbol`` is the parameter's symbol, ``offset`` where the text stands, in points.
    """
    equation = f"{symbol} = " if symbol else ""
    mark(axes, parameter, value, name)
    axes.annotate(
        f"{name}\n{equation}{style.number(parameter, digits)}",
        (parameter, value),
        xytext=offset,
        textcoords="offset points",
        ha="left" if offset[0] >= 0 else "right",
        va="bottom" if offset[1] >= 0 else "top",
        fontsize=7.5,
        arrowprops={"arrowstyle": "-", "color": style.QUIET, "lw": 0.7, "shrinkB": 3},
        bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none", "alpha": 0.85},
        zorder=7,
    )


def legend(
    axes: Axes, *, undecided: bool = False, marks: Sequence[str] = (), **options: Any
) -> None:
    """Explain the line kinds and the ``marks`` (``"break"``, ``"sustain"``, ...).

    ``undecided`` adds the kind for points where stability is unknown.
    """
    kinds = ["stable", "unstable"] + (["undecided"] if undecided else [])
    handles = [Line2D([], [], label=kind, **_LOOKS[kind]) for kind in kinds]
    look: dict[str, Any] = {"ls": "none", "ms": 5.0, "mfc": "white", "mec": style.INK, "mew": 1.1}
    handles += [Line2D([], [], marker=MARKERS.get(name, "D"), label=name, **look) for name in marks]
    axes.legend(handles=handles, **options)


def _kind(flag: Any) -> str:
    if flag is None or flag != flag:  # NaN differs from itself
        return "undecided"
    return "stable" if flag else "unstable"
