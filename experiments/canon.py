"""The canon side by side: tomahawk and wiggle diagram of every two-region model.

The payoff difference between the regions is solved for on a grid of freedom of trade and share of
industry in region 1; equilibria and thresholds are read off it.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments._two_regions import (
    LINES,
    MARKS,
    MODELS,
    POINTS,
    Equilibria,
    changes,
    equilibria,
    known,
    tomahawk,
)
from experiments._wiggle import along
from experiments._words import listed
from neg.economy.model import Model
from neg.figures import style
from neg.models import get_model

CONFIG: dict[str, Any] = {
    "models": list(MODELS),
    "values": 97,
    "shares": 33,
}
SMOKE = {"models": ["core-periphery", "pflueger"], "values": 25, "shares": 13}

_REGIMES = 4  # curves in a wiggle diagram


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Payoff differences, uneven equilibria, break and sustain points of each model."""
    freedom = np.linspace(0.02, 0.98, config["values"])
    found = {}
    for k, name in enumerate(config["models"]):
        progress(k, len(config["models"]), name)
        model = get_model(name)()
        first, second = model.industry
        found[name] = equilibria(
            functools.partial(_freed, model), freedom, config["shares"], (first, second)
        )
    return _record(found)


def _freed(model: Model, freedom: np.ndarray) -> Model:
    """Economies at a freedom of trade between zero and one.

    Freeness ``phi``; where trade costs are additive, how far they lie below the limit of trade.
    """
    if "phi" in model.aliases:
        return along(model, "phi", freedom)
    # Of types: models without freeness have additive costs, and with them a limit of trade.
    return along(model, "tau", (1.0 - freedom) * float(model.trade_limit))  # type: ignore[attr-defined]


def _record(found: dict[str, Equilibria]) -> xr.Dataset:
    names = list(found)
    one = found[names[0]]
    parts = {
        field: np.stack([getattr(e, field) for e in found.values()])
        for field in ("difference", "lines", "breaks", "sustains")
    }
    lines, differences = parts["lines"], parts["difference"]
    failed = int(np.isnan(differences).sum())
    along_lines = ("model", "line", "point")
    unit = "freedom of trade: phi, or 1 - tau / limit of trade"
    return xr.Dataset(
        {
            "payoff_difference": (
                ("model", "freedom", "share"),
                differences,
                {"units": "units of payoff"},
            ),
            "uneven_freedom": (along_lines, lines[:, 0], {"units": unit}),
            "uneven_share": (along_lines, lines[:, 1], {"units": "1"}),
            "uneven_stable": (along_lines, lines[:, 2], {"units": "1: stable, 0: unstable"}),
            "break": (("model", "which"), parts["breaks"], {"units": unit}),
            "sustain": (("model", "which"), parts["sustains"], {"units": unit}),
        },
        coords={
            "model": names,
            "source": ("model", [get_model(n).source.partition(";")[0] for n in names]),
            "freedom": one.at,
            "share": one.share,
            "line": np.arange(LINES),
            "point": np.arange(POINTS),
            "which": np.arange(MARKS),
        },
        attrs={
            "status": "converged" if not failed else f"{failed} points not converged",
        },
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """What freer trade does in the end, model by model, and where uneven splits are stable."""
    names = [str(name) for name in record["model"].values]
    even = record["payoff_difference"].isel(share=0)
    never = [n for n in names if not len(known(record["break"].sel(model=n).values))]
    late = [n for n in names if float(even.sel(model=n)[-1]) < 0.0 < float(even.sel(model=n).max())]
    partial = [n for n in names if bool((record["uneven_stable"].sel(model=n) == 1.0).any())]
    gathered = len(names) - len(late) - len(never)
    searched = (
        f"All {len(names)} models at their default parameters (`neg models` lists them), two equal "
        "regions; freedom of trade is freeness φ, with additive costs 1 − τ / limit of trade. "
        "Uneven equilibria are zeros of the payoff difference, solved for at "
        f"{record.sizes['freedom']} values of it and {record.sizes['share']} shares. Theory, "
        "no data."
    )
    title = (
        f"Freer trade gathers industry in the end in {gathered} of {len(names)} two-region models"
        + (f" and spreads it in {listed(late)}" if late else "")
        + (f"; in {listed(never)} the even split never breaks" if never else "")
    )
    return {
        "title": title,
        "caption": searched,
        "title_tomahawk": title,
        "caption_tomahawk": (
            "Equilibria over the freedom of trade. Solid: stable, dashed: unstable, dotted: every "
            "division is an equilibrium; circles: break points of the even distribution, squares: "
            f"sustain points of full agglomeration, values beside them. {searched}"
        ),
        "title_wiggle": (
            f"An uneven split can be stable in {listed(partial, 'none')} only"
            f", of {len(names)} two-region models: there the payoff difference falls through zero"
        ),
        "caption_wiggle": (
            "Payoff of industry in region 1 less that in region 2 (units of payoff) over the share "
            "of industry in region 1, at a freedom of trade (numbers) in each regime between the "
            "thresholds. Uneven equilibria are filled where stable (the curve falls through "
            "zero, or ends above it on the right) and open where not; the even distribution, "
            f"where all curves meet, is stable on those that fall. {searched}"
        ),
    }


def draw(record: xr.Dataset) -> dict[str, Figure]:
    """One figure of tomahawks and one of wiggles, a panel for each model."""
    return {"tomahawk": _panels(record, _tomahawk), "wiggle": _panels(record, _wiggle)}


def _panels(record: xr.Dataset, panel: Any) -> Figure:
    columns = min(3, record.sizes["model"])
    rows = -(-record.sizes["model"] // columns)
    figure, grid = style.sheet(rows, columns, height=0.4 + 1.85 * rows, squeeze=False)
    for ax in grid.flat[record.sizes["model"] :]:
        ax.remove()
    for name, ax in zip(record["model"].values, grid.flat, strict=False):
        one = record.sel(model=name)
        ax.set_title(name, pad=14)
        ax.text(
            0.0,
            1.03,
            str(one["source"].values),
            transform=ax.transAxes,
            fontsize=style.SMALLEST,
            color=style.QUIET,
        )
        panel(ax, one)
    return figure


def _tomahawk(axes: Axes, one: xr.Dataset) -> None:
    lines = [one[f"uneven_{key}"].values for key in ("freedom", "share", "stable")]
    tomahawk(
        axes,
        Equilibria(
            one["freedom"].values,
            one["share"].values,
            one["payoff_difference"].values,
            np.empty(0),
            np.stack(lines),
            one["break"].values,
            one["sustain"].values,
        ),
    )
    axes.set(xlim=(0.0, 1.0), ylim=(-0.05, 1.05), xlabel="freedom of trade", ylabel="share in 1")
    axes.label_outer()


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
        fontsize=style.SMALLEST,
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
    for i in changes(curve):
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
    cuts = np.sort(np.concatenate([known(one[key].values) for key in ("break", "sustain")]))
    if not len(cuts):
        return [int(i) for i in (len(freedom) * np.array([0.15, 0.5, 0.85])).astype(int)]
    edges = np.concatenate([freedom[:1], cuts, freedom[-1:]])
    width = np.diff(edges)
    wide = width >= max(np.sort(width)[::-1][:_REGIMES][-1], 0.02)
    middles = 0.5 * (edges[:-1] + edges[1:])[wide]
    return [int(np.abs(freedom - middle).argmin()) for middle in middles]
