"""The canon side by side: tomahawk and wiggle diagram of every two-region model.

The payoff difference between the regions is solved for on a grid of freeness of trade and share of
industry. All models are symmetric: divided by ``s - 1/2`` it is regular, its zeros are the uneven
equilibria, its sign at one half says whether the even distribution is stable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from contourpy import contour_generator
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.interpolate import RegularGridInterpolator

from experiments._wiggle import wiggle
from neg.figures import diagram as drawing
from neg.figures import style
from neg.protocol import Model, get_model

CONFIG: dict[str, Any] = {
    "models": [
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
    ],
    "values": 97,
    "shares": 33,
}
SMOKE = {"models": ["core-periphery", "pflueger"], "values": 25, "shares": 13}

_LEAST = 1e-4  # distance from one half that stands for the even distribution
_EDGE = 1e-6  # share that stands for an empty region
_FLAT = 1e-6  # a slope below this share of the largest tells nothing: every share is an equilibrium
_LINES, _POINTS = 6, 400  # room for uneven branches in the record
_MARKS = 3  # room for thresholds
_REGIMES = 4  # curves in a wiggle diagram


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Payoff differences, uneven equilibria, break and sustain points of each model."""
    names = list(config["models"])
    freedom = np.linspace(0.02, 0.98, config["values"])
    spread = 0.5 * np.sin(np.linspace(0.0, 0.5 * np.pi, config["shares"]))
    spread[0], spread[-1] = _LEAST, 0.5 - _EDGE
    shape = (len(names), _LINES, _POINTS)
    lines = {key: np.full(shape, np.nan) for key in ("x", "share", "stable")}
    marks = {key: np.full((len(names), _MARKS), np.nan) for key in ("break", "sustain")}
    differences = np.full((len(names), len(freedom), len(spread)), np.nan)
    for k, name in enumerate(names):
        progress(k, len(names), name)
        model = get_model(name)()
        parameter, values = _cost(model, freedom)
        found = wiggle(model, parameter, values, 0.5 + spread)
        differences[k] = found.difference
        for key, column in (("break", 0), ("sustain", -1)):
            for j, i in enumerate(_changes(found.difference[:, column])[:_MARKS]):
                near = found.unknowns[i, column]
                marks[key][k, j] = _threshold(
                    model, freedom[i : i + 2], 0.5 + spread[column], near, len(freedom)
                )
        for j, line in enumerate(_uneven(freedom, spread, found.difference / spread)[:_LINES]):
            for key, part in zip(lines, line, strict=True):
                lines[key][k, j, : len(part)] = part[:_POINTS]
    return _record(config, freedom, spread, differences, lines, marks)


def _cost(model: Model, freedom: np.ndarray) -> tuple[str, np.ndarray]:
    """Name and values of the trade cost at a freedom of trade between zero and one.

    Freeness ``phi``; where trade costs are additive, how far they lie below the limit of trade.
    """
    if "phi" in model.aliases:
        return "phi", freedom
    return "tau", (1.0 - freedom) * float(model.trade_limit)  # type: ignore[attr-defined]


def _changes(values: np.ndarray) -> list[int]:
    """Intervals of the grid in which the sign changes."""
    return [int(i) for i in np.flatnonzero(values[:-1] * values[1:] < 0.0)]


def _threshold(
    model: Model, interval: np.ndarray, share: float, near: np.ndarray, nodes: int
) -> float:
    """Where the payoff difference at a share changes sign, from ever finer grids of one size."""
    for _ in range(3):
        fine = np.linspace(interval[0], interval[1], nodes)
        start = np.broadcast_to(near, (nodes, len(near)))
        values = wiggle(model, *_cost(model, fine), np.array([share]), start).difference[:, 0]
        i = _changes(values)[0]
        interval = fine[i : i + 2]
    return float(fine[i] - values[i] * (fine[i + 1] - fine[i]) / (values[i + 1] - values[i]))


def _uneven(freedom: np.ndarray, spread: np.ndarray, slope: np.ndarray) -> list[tuple]:
    """Freedom, share of region 1 (one half or more) and stability along the uneven equilibria."""
    rise = np.gradient(slope, spread, axis=1)
    rising = RegularGridInterpolator((freedom, spread), rise, bounds_error=False, fill_value=None)
    found = []
    for line in map(np.asarray, contour_generator(freedom, spread, slope.T).lines(0.0)):
        at = rising(line)
        told = np.abs(at) > _FLAT * np.abs(slope).max()
        found.append((line[:, 0], 0.5 + line[:, 1], np.where(told, at < 0.0, np.nan)))
    return sorted(found, key=lambda line: -len(line[0]))


def _record(
    config: dict[str, Any],
    freedom: np.ndarray,
    spread: np.ndarray,
    differences: np.ndarray,
    lines: dict[str, np.ndarray],
    marks: dict[str, np.ndarray],
) -> xr.Dataset:
    names = list(config["models"])
    failed = int(np.isnan(differences).sum())
    along = ("model", "line", "point")
    unit = "freedom of trade: phi, or 1 - tau / limit of trade"
    even = differences[:, :, 0]
    never = [n for n, row in zip(names, marks["break"], strict=True) if np.isnan(row).all()]
    late = [n for n, row in zip(names, even, strict=True) if row[-1] < 0.0 < row.max()]
    return xr.Dataset(
        {
            "payoff_difference": (
                ("model", "freedom", "share"),
                differences,
                {"units": "units of payoff"},
            ),
            "uneven_freedom": (along, lines["x"], {"units": unit}),
            "uneven_share": (along, lines["share"], {"units": "1"}),
            "uneven_stable": (along, lines["stable"], {"units": "1: stable, 0: unstable"}),
            "break": (("model", "which"), marks["break"], {"units": unit}),
            "sustain": (("model", "which"), marks["sustain"], {"units": unit}),
        },
        coords={
            "model": names,
            "source": ("model", [get_model(n).source.partition(";")[0] for n in names]),
            "freedom": freedom,
            "share": 0.5 + spread,
            "line": np.arange(_LINES),
            "point": np.arange(_POINTS),
            "which": np.arange(_MARKS),
        },
        attrs={
            "title": "The canon: two regions, every model",
            "caption": "Every two-region model of the library at its default parameters.",
            "caption_tomahawk": (
                f"Equilibria of {len(names)} two-region models at their default parameters over "
                "the freedom of trade (freeness φ; with additive costs 1 − τ / limit of trade). "
                "Solid: stable, dashed: unstable, dotted: every division is an equilibrium; "
                "circles: break points of the even distribution, squares: sustain points of full "
                "agglomeration, values beside them. Freer trade disperses in the end in "
                f"{_listed(late)}; the even distribution never breaks in {_listed(never)}. Uneven "
                "equilibria are zeros of payoff differences solved at "
                f"{len(freedom)} × {len(spread)} points."
            ),
            "caption_wiggle": (
                "Payoff of industry in region 1 less that in region 2 over the share of industry "
                "in region 1, at a freedom of trade (numbers) in each regime between the "
                "thresholds. Uneven equilibria are filled where stable (the curve falls through "
                "zero, or ends above it on the right) and open where not; the even distribution, "
                "where all curves meet, is stable on those that fall."
            ),
            "status": "converged" if not failed else f"{failed} points not converged",
        },
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names) if names else "none of them"


def draw(record: xr.Dataset) -> dict[str, Figure]:
    """One figure of tomahawks and one of wiggles, a panel for each model."""
    return {"tomahawk": _panels(record, _tomahawk), "wiggle": _panels(record, _wiggle)}


def _panels(record: xr.Dataset, panel: Any) -> Figure:
    columns = min(4, record.sizes["model"])
    rows = -(-record.sizes["model"] // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(2.85 * columns, 2.5 * rows), squeeze=False)
    for ax in grid.flat[record.sizes["model"] :]:
        ax.remove()
    for name, ax in zip(record["model"].values, grid.flat, strict=False):
        one = record.sel(model=name)
        ax.set_title(name, fontsize=9.5, pad=15)
        ax.text(
            0.0,
            1.03,
            str(one["source"].values),
            transform=ax.transAxes,
            fontsize=7.5,
            color=style.QUIET,
        )
        panel(ax, one)
    return figure


def _tomahawk(axes: Axes, one: xr.Dataset) -> None:
    freedom = one["freedom"].values
    even, edge = (one["payoff_difference"].values[:, k] for k in (0, -1))
    breaks, sustains = (_known(one[key].values) for key in ("break", "sustain"))
    _stretches(axes, freedom, even < 0.0, breaks, 0.5, unstable=True)
    for corner in (0.0, 1.0):
        _stretches(axes, freedom, edge > 0.0, sustains, corner, unstable=False)
    for k in one["line"].values:
        x, share, stable = (
            one[f"uneven_{key}"].sel(line=k).values for key in ("freedom", "share", "stable")
        )
        for image in (share, 1.0 - share):
            drawing.branch(axes, x, image, stable)
    look: dict[str, Any] = {"ms": 4.5, "mfc": "white", "mec": style.INK, "mew": 1.1, "zorder": 6}
    text: dict[str, Any] = {"fontsize": 7.5, "textcoords": "offset points", "zorder": 7}
    for x in breaks:
        axes.plot(x, 0.5, "o", **look)
        right = x < 0.5
        axes.annotate(
            f"{x:.4f}",
            (x, 0.5),
            xytext=(4 if right else -4, 5),
            ha="left" if right else "right",
            **text,
        )
    for x in sustains:
        axes.plot([x, x], [0.0, 1.0], "s", **look, linestyle="none")
        right = x < 0.5
        axes.annotate(
            f"{x:.4f}",
            (x, 1.0),
            xytext=(4 if right else -4, -11),
            ha="left" if right else "right",
            **text,
        )
    axes.set(xlim=(0.0, 1.0), ylim=(-0.05, 1.05), xlabel="freedom of trade", ylabel="share in 1")
    axes.label_outer()


def _stretches(
    axes: Axes,
    freedom: np.ndarray,
    holds: np.ndarray,
    cuts: np.ndarray,
    share: float,
    unstable: bool,
) -> None:
    """A straight branch, cut at thresholds: unstable, or no equilibrium, where not ``holds``."""
    x = np.concatenate([freedom, cuts, cuts])
    flag = np.concatenate([holds, np.zeros(len(cuts)), np.ones(len(cuts))]).astype(float)
    order = np.argsort(x, kind="stable")
    x, flag = x[order], flag[order]
    for k in np.flatnonzero(np.isin(x, cuts))[::2]:  # a pair at a cut takes its neighbours' flags
        flag[k], flag[k + 1] = flag[k - 1], flag[min(k + 2, len(x) - 1)]
    y = np.full(len(x), share)
    if not unstable:
        y[flag == 0.0] = np.nan
    drawing.branch(axes, x, y, flag)


def _wiggle(axes: Axes, one: xr.Dataset) -> None:
    half = one["share"].values
    share = np.concatenate([1.0 - half[::-1], half])
    freedom = one["freedom"].values
    top = np.float64(0.0)
    for colour, i in zip(style.COLOURS, _regimes(one), strict=False):
        row = one["payoff_difference"].values[i]
        curve = np.concatenate([-row[::-1], row])
        axes.plot(share, curve, color=colour, lw=1.5, label=f"{freedom[i]:.2f}")
        top = np.maximum(top, np.abs(curve[(share > 0.05) & (share < 0.95)]).max())
        _dots(axes, share, curve, colour)
    axes.axhline(0.0, color=style.QUIET, lw=0.7, zorder=1)
    axes.set(xlim=(-0.03, 1.03), ylim=(-1.2 * top, 1.6 * top), xlabel="share in 1")
    axes.legend(
        ncols=4,
        fontsize=7,
        loc="upper center",
        handlelength=0.9,
        handletextpad=0.4,
        columnspacing=0.8,
        borderpad=0.0,
        borderaxespad=0.1,
    )
    place = axes.get_subplotspec()
    if place is None or place.is_first_col():
        axes.set_ylabel("payoff difference")


def _dots(axes: Axes, share: np.ndarray, curve: np.ndarray, colour: str) -> None:
    """Equilibria on a curve: filled where it falls, open where it rises, filled ends."""
    for i in _changes(curve):
        if share[i] < 0.5 < share[i + 1]:
            continue  # there the curves of all regimes meet
        x = share[i] - curve[i] * (share[i + 1] - share[i]) / (curve[i + 1] - curve[i])
        falls = curve[i + 1] < curve[i]
        axes.plot(x, 0.0, "o", ms=4.5, mec=colour, mfc=colour if falls else "white", zorder=5)
    if curve[-1] > 0.0:
        for x, y in ((share[-1], curve[-1]), (share[0], curve[0])):
            axes.plot(x, y, "o", ms=4.5, color=colour, zorder=5)


def _regimes(one: xr.Dataset) -> list[int]:
    """A grid point in the middle of each of the widest intervals between thresholds."""
    freedom = one["freedom"].values
    cuts = np.sort(np.concatenate([_known(one[key].values) for key in ("break", "sustain")]))
    if not len(cuts):
        return [int(i) for i in (len(freedom) * np.array([0.15, 0.5, 0.85])).astype(int)]
    edges = np.concatenate([freedom[:1], cuts, freedom[-1:]])
    width = np.diff(edges)
    wide = width >= max(np.sort(width)[::-1][:_REGIMES][-1], 0.02)
    middles = 0.5 * (edges[:-1] + edges[1:])[wide]
    return [int(np.abs(freedom - middle).argmin()) for middle in middles]


def _known(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]
