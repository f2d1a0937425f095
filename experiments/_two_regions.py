"""All equilibria of symmetric economies of two regions along a parameter, solved and drawn.

The payoff difference is solved for at given shares ``s`` of industry in region 1. Divided by
``s - 1/2`` it is regular: its zeros are the uneven equilibria, its sign at one half says whether
the even distribution is stable, its sign at the edge whether full agglomeration is an equilibrium.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from scipy.interpolate import RegularGridInterpolator

from experiments._wiggle import wiggle
from neg.economy.model import Model
from neg.figures import diagram as drawing
from neg.figures import style

MODELS = (
    "core-periphery",
    "footloose-entrepreneur",
    "footloose-capital",
    "constructed-capital",
    "vertical-linkages",
    "puga",
    "puga-immobile",
    "pflueger",
    "ottaviano-tabuchi-thisse",
    "helpman",
    "urban-costs",
    "allen-arkolakis",
)
"""The canonical models that two like regions tell apart."""
LINES, POINTS, MARKS = 4, 400, 3
"""Room for uneven branches, their points and thresholds in a record."""
LEAST, EDGE = 1e-4, 1e-6
"""Distance from one half, and from one, that stand for an even and a full distribution."""
_FLAT = 1e-6  # a slope below this share of the largest tells nothing: every share is an equilibrium


class Equilibria(NamedTuple):
    """Equilibria along a parameter ``at``; lines and thresholds are padded with NaN."""

    at: np.ndarray
    share: np.ndarray  # of region 1, one half or more
    difference: np.ndarray  # [at, share] payoff of region 1 less that of region 2
    unknowns: np.ndarray  # [at, share, unknown]
    lines: np.ndarray  # [at, share, stable] x line x point
    breaks: np.ndarray
    sustains: np.ndarray


def spread_over(shares: int) -> np.ndarray:
    """Distances of the shares from one half, closer together towards full agglomeration."""
    spread = 0.5 * np.sin(np.linspace(0.0, 0.5 * np.pi, shares))
    spread[0], spread[-1] = LEAST, 0.5 - EDGE
    return spread


def equilibria(
    models: Callable[[np.ndarray], Model],
    at: np.ndarray,
    shares: int,
    industry: tuple[int, int] = (0, 1),
) -> Equilibria:
    """Equilibria, break and sustain points along ``at``; ``models`` stacks economies there."""
    spread = spread_over(shares)
    found = wiggle(models(at), 0.5 + spread, industry=industry)
    marks = np.full((2, MARKS), np.nan)
    for kind, column in enumerate((0, -1)):
        for j, i in enumerate(changes(found.difference[:, column])[:MARKS]):
            near = found.unknowns[i, column]
            held = 0.5 + spread[column]
            marks[kind, j] = _threshold(models, at[i : i + 2], held, industry, near, len(at))
    lines = np.full((3, LINES, POINTS), np.nan)
    for j, line in enumerate(_uneven(at, spread, found.difference / spread)[:LINES]):
        for part, whole in zip(line, lines, strict=True):
            whole[j, : len(part)] = part[:POINTS]
    return Equilibria(at, 0.5 + spread, found.difference, found.unknowns, lines, *marks)


def changes(values: np.ndarray) -> list[int]:
    """Intervals of the grid in which the sign changes; an exact zero counts as positive."""
    told = np.isfinite(values[:-1]) & np.isfinite(values[1:])
    return [int(i) for i in np.flatnonzero(told & ((values[:-1] < 0.0) != (values[1:] < 0.0)))]


def known(values: np.ndarray) -> np.ndarray:
    """The values that are not NaN."""
    return values[np.isfinite(values)]


def _threshold(
    models: Callable[[np.ndarray], Model],
    interval: np.ndarray,
    share: float,
    industry: tuple[int, int],
    near: np.ndarray,
    nodes: int,
) -> float:
    """Where the payoff difference at a share changes sign, from ever finer grids of one size."""
    root = float("nan")
    for _ in range(3):
        fine = np.linspace(interval[0], interval[1], nodes)
        start = np.broadcast_to(near, (nodes, len(near)))
        found = wiggle(models(fine), np.array([share]), industry=industry, start=start)
        values = found.difference[:, 0]
        inside = changes(values)
        if not inside:  # the interval has shrunk to where the difference is rounding error
            break
        i = inside[0]
        interval = fine[i : i + 2]
        root = float(fine[i] - values[i] * (fine[i + 1] - fine[i]) / (values[i + 1] - values[i]))
    return root


def _uneven(at: np.ndarray, spread: np.ndarray, slope: np.ndarray) -> list[tuple]:
    """Parameter, share of region 1 (one half or more) and stability along the uneven equilibria."""
    rise = np.gradient(slope, spread, axis=1)
    rising = RegularGridInterpolator((at, spread), rise, bounds_error=False, fill_value=None)
    found = []
    for line in map(np.asarray, contour_generator(at, spread, slope.T).lines(0.0)):
        rises = rising(line)
        told = np.abs(rises) > _FLAT * np.abs(slope).max()
        found.append((line[:, 0], 0.5 + line[:, 1], np.where(told, rises < 0.0, np.nan)))
    return sorted(found, key=lambda line: -len(line[0]))


def tomahawk(
    axes: Axes, found: Equilibria, digits: str | None = ".4f", *, both: bool = True
) -> None:
    """All equilibria over the parameter, thresholds with values; ``both`` mirrors them."""
    _straight(axes, found.at, found.difference[:, 0] < 0.0, known(found.breaks), 0.5, "unstable")
    for corner in (1.0, 0.0) if both else (1.0,):
        cuts = known(found.sustains)
        _straight(axes, found.at, found.difference[:, -1] > 0.0, cuts, corner, "absent")
    for x, share, stable in zip(*found.lines, strict=True):
        for image in (share, 1.0 - share) if both else (share,):
            drawing.branch(axes, x, image, stable)
    low, high = found.at[0], found.at[-1]
    for kind, values, heights, up in (
        ("break", known(found.breaks), (0.5,), 4),
        ("sustain", known(found.sustains), (1.0, 0.0) if both else (1.0,), -10 if both else 4),
    ):
        for x in values:
            drawing.mark(axes, [x] * len(heights), heights, kind, size=4.0)
            if digits is None:
                continue
            right = x < 0.5 * (low + high)
            axes.annotate(
                style.number(x, digits),
                (x, heights[0]),
                xytext=(4 if right else -4, up),
                textcoords="offset points",
                ha="left" if right else "right",
                fontsize=style.SMALLEST,
                zorder=7,
                bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.85},
            )


def cut(
    at: np.ndarray, value: np.ndarray, holds: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A line where it ``holds``, up to the very ends: the thresholds between grid points."""
    x, y = np.concatenate([at, ends]), np.concatenate([value, np.interp(ends, at, value)])
    shown = np.concatenate([holds, np.ones(len(ends), dtype=bool)])
    order = np.argsort(x, kind="stable")
    return x[order], np.where(shown, y, np.nan)[order]


def _straight(
    axes: Axes, at: np.ndarray, holds: np.ndarray, cuts: np.ndarray, share: float, otherwise: str
) -> None:
    """A straight branch, stable where it ``holds``, cut at thresholds."""
    x = np.concatenate([at, cuts, cuts])
    flag = np.concatenate([holds, np.full(2 * len(cuts), np.nan)])
    order = np.argsort(x, kind="stable")
    x, flag = x[order], flag[order]
    for k in np.flatnonzero(np.isnan(flag))[::2]:  # a pair at a cut takes its neighbours' flags
        flag[k], flag[k + 1] = flag[max(k - 1, 0)], flag[min(k + 2, len(x) - 1)]
    height = np.full(len(x), share)
    if otherwise == "absent":
        height[flag == 0.0] = np.nan
    drawing.branch(axes, x, height, flag)
