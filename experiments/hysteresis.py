"""Hysteresis: trade costs fall and rise again, but industry does not go back the way it came (M1).

Industry moves to the better payoff (replicator dynamics); ``D`` is the payoff difference of the two
regions, ``e`` a small permanent advantage of region 1, ``r`` the speed of adjustment:

    ds/dt = r s (1 - s) (D(tau(t), s) + e)

A small share of industry always stays in either region. How far trade costs overshoot the points at
which industry would move if they changed without end slowly depends on ``r``: other speeds and that
limit are shown beside it. Two circular causalities are shown: mobile
workers spend where they work (core-periphery), firms buy from firms (vertical linkages; there the
total of industry follows at once, its division takes time).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.interpolate import CubicSpline

from experiments._adjustment import path, slow_limits, trade_cost
from experiments._two_regions import (
    LINES,
    MARKS,
    POINTS,
    Equilibria,
    equilibria,
    spread_over,
    tomahawk,
)
from experiments._wiggle import along, wiggle
from experiments._words import settings
from neg.economy.model import Model
from neg.figures import style
from neg.models import get_model

CONFIG: dict[str, Any] = {
    "models": {"core-periphery": {"mu": 0.4}, "vertical-linkages": {"alpha": 0.35}},
    "high": 2.05,  # trade cost at the start and at the end
    "turns": [1.35, 1.68],  # trade cost at which policy turns around
    "years": 120.0,
    "speed": 30.0,  # r, a year and unit of log real income
    "other_speeds": [10.0, 100.0],
    "advantage": 1e-3,
    "stay": 5e-3,
    "values": 97,
    "shares": 33,
    "levers": {"alpha": [0.1, 0.5], "sigma": [4.0, 10.0]},
    "steps": 13,
}
SMOKE = {"values": 25, "shares": 13, "steps": 3}

MOVES = ("gathers", "spreads")
_LEVER_MODEL = "vertical-linkages"
_TURNS = (style.COLOURS[0], style.COLOURS[2])
"""Colours of the paths; that of unstable branches is left to them."""
_SYMBOLS = {"mu": "μ", "alpha": "α", "sigma": "σ", "tau": "τ"}
_WORDS = {"alpha": "share of inputs in costs α", "sigma": "elasticity of substitution σ"}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Equilibria, paths in time under each policy, and thresholds over each lever."""
    tau = np.linspace(1.02, 2.2, config["values"])
    time = np.linspace(0.0, config["years"], 481)
    names = list(config["models"])
    found: dict[str, Equilibria] = {}
    speeds = sorted([config["speed"], *config["other_speeds"]])
    paths = np.empty((len(names), len(config["turns"]), len(time)))
    loops = np.empty((len(names), len(speeds), len(time)))
    limits = np.empty((len(names), 2))
    for k, name in enumerate(names):
        progress(k, len(names) + 1, name)
        model = get_model(name)().with_(**config["models"][name])
        first, second = model.industry
        found[name] = equilibria(
            functools.partial(along, model, "tau"), tau, config["shares"], (first, second)
        )
        for j, turn in enumerate(config["turns"]):
            paths[k, j] = path(found[name], config, turn, time, config["speed"])
        for j, speed in enumerate(speeds):
            loops[k, j] = path(found[name], config, min(config["turns"]), time, speed)
        limits[k] = slow_limits(found[name], config)
    progress(len(names), len(names) + 1, "levers")
    levers, marks = _over_levers(config, np.linspace(1.02, 2.6, config["values"]))
    record = _record(config, found, time, paths, levers, marks)
    record["loop"] = (("model", "speed", "time"), loops, dict(record["path"].attrs))
    record["slow_limit"] = (("model", "move"), limits, {"units": "iceberg trade cost"})
    return record.assign_coords(speed=("speed", speeds, {"units": "1/year"}), move=[*MOVES])


def _over_levers(
    config: dict[str, Any], tau: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Break and sustain points of the economy with linked firms over each lever."""
    spread = spread_over(9)
    levers, marks = {}, {}
    for name, (low, high) in config["levers"].items():
        levers[name] = np.linspace(low, high, config["steps"])
        marks[name] = np.full((config["steps"], 2), np.nan)
        for i, value in enumerate(levers[name]):
            model = get_model(_LEVER_MODEL)().with_(**config["models"][_LEVER_MODEL])
            model = model.with_(**{name: value})
            first, second = model.industry
            models: Model = along(model, "tau", tau)
            held = wiggle(models, 0.5 + spread, industry=(first, second)).difference
            for j, column in enumerate((0, -1)):
                crossed = CubicSpline(tau, held[:, column]).roots(extrapolate=False)
                marks[name][i, j] = crossed[-1] if len(crossed) else np.nan
    return levers, marks


def _record(
    config: dict[str, Any],
    found: dict[str, Equilibria],
    time: np.ndarray,
    paths: np.ndarray,
    levers: dict[str, np.ndarray],
    marks: dict[str, np.ndarray],
) -> xr.Dataset:
    names, turns = list(found), list(config["turns"])
    every = list(found.values())
    lines = np.stack([e.lines for e in every])
    along_lines, cost = ("model", "line", "point"), {"units": "iceberg trade cost"}
    costs = np.stack([trade_cost(config, turn, time) for turn in turns])
    record = xr.Dataset(
        {
            "tau": (("turn", "time"), costs, cost),
            "path": (("model", "turn", "time"), paths, {"units": "share of industry in region 1"}),
            "payoff_difference": (
                ("model", "at", "share"),
                np.stack([e.difference for e in every]),
                {"units": "log real income"},
            ),
            "uneven_tau": (along_lines, lines[:, 0], cost),
            "uneven_share": (along_lines, lines[:, 1], {"units": "1"}),
            "uneven_stable": (along_lines, lines[:, 2], {"units": "1: stable, 0: unstable"}),
            "break": (("model", "which"), np.stack([e.breaks for e in every]), cost),
            "sustain": (("model", "which"), np.stack([e.sustains for e in every]), cost),
            "lever_value": (("lever", "step"), np.stack(list(levers.values())), {"units": "1"}),
            "lever_threshold": (("lever", "step", "kind"), np.stack(list(marks.values())), cost),
        },
        coords={
            "model": names,
            "turn": turns,
            "time": ("time", time, {"units": "years"}),
            "at": every[0].at,
            "share": every[0].share,
            "line": np.arange(LINES),
            "point": np.arange(POINTS),
            "which": np.arange(MARKS),
            "lever": list(levers),
            "step": np.arange(config["steps"]),
            "kind": ["break", "sustain"],
        },
    )
    failed = int(np.isnan(record["payoff_difference"]).sum())
    return record.assign_attrs(
        status="converged" if not failed else f"{failed} points not converged"
    )


def _jumps(path: np.ndarray, tau: np.ndarray) -> tuple[float, float]:
    """Trade costs at which three quarters have gathered, and at which they have left again."""
    gone = np.flatnonzero(path > 0.75)
    return (float(tau[gone[0]]), float(tau[gone[-1]])) if len(gone) else (np.nan, np.nan)


def describe(record: xr.Dataset) -> dict[str, str]:
    """Where industry gathers and spreads, at each speed and in the slow limit."""
    config = settings(record)
    tau = record["tau"].sel(turn=min(config["turns"])).values
    stories, first = [], ""
    for name in record["model"].values:
        one = record.sel(model=name)
        moves = {float(r): _jumps(one["loop"].sel(speed=r).values, tau) for r in one["speed"]}
        slow = [float(one["slow_limit"].sel(move=move)) for move in MOVES]
        told = [f"{a:.2f} and {b:.2f} at r = {r:g}" for r, (a, b) in moves.items()]
        stories.append(f"{name}: {', '.join(told)}, {slow[0]:.2f} and {slow[1]:.2f} in the limit")
        here = moves[config["speed"]]
        first = first or (
            f"Industry that gathered at τ = {here[0]:.2f} leaves again only at τ = {here[1]:.2f}; "
            f"in the limit of slow change, at {slow[0]:.2f} and {slow[1]:.2f}"
        )
    parameters = "; ".join(
        f"{name}: {', '.join(f'{_SYMBOLS[k]} = {v:g}' for k, v in values.items())}"
        for name, values in config["models"].items()
    )
    return {
        "title": first,
        "caption": (
            f"Trade costs fall from τ = {config['high']:g} to τ = {min(config['turns']):g} and "
            f"rise again in straight lines over {config['years']:g} years (blue). Two regions; "
            "core-periphery (Krugman 1991) and vertical linkages (Krugman and Venables 1995), "
            f"defaults but for {parameters}. Industry moves by the replicator at a speed r of "
            f"{config['speed']:g} a year and unit of log real income, an assumption; region 1 has "
            f"a permanent advantage of {config['advantage']:g} log points, "
            f"{100 * config['stay']:g} % of industry never move. Three quarters have gathered, and "
            f"a quarter has come back, at τ of {'; '.join(stories)} (without end slow; arrows in "
            f"grey). Where costs turn at {max(config['turns']):g}, above the break point, industry "
            "stays spread (green). Middle: the same against trade costs (thin: the other speeds, "
            "slower ones further out), over all equilibria (black stable, dashed unstable); "
            "circles: break points, squares: sustain points. Right: between break and sustain "
            "point history decides; the range widens with linkages between firms and narrows "
            "with the elasticity of substitution "
            f"({_LEVER_MODEL}). Theory, no data."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Time paths, loops over the equilibria, and the reach of history over each lever."""
    names = [str(name) for name in record["model"].values]
    figure, grid = style.sheet(len(names), 3, height=2.25 * len(names), squeeze=False)
    for row, name in zip(grid, names, strict=True):
        one = record.sel(model=name)
        _in_time(row[0], one)
        _loop(row[1], one, settings(record)["speed"])
        row[0].set_title(name)
        row[1].set_title("over trade costs")
    for ax, name in zip(grid[:, 2], record["lever"].values, strict=False):
        _reach(ax, record.sel(lever=name), str(name))
    grid[0, 0].legend(loc="lower left", borderpad=0.0, handlelength=1.2)
    grid[0, 2].set_title("where history decides")
    return figure


def _in_time(axes: Axes, one: xr.Dataset) -> None:
    time = one["time"].values
    for colour, turn in zip(_TURNS, one["turn"].values, strict=False):
        path = one["path"].sel(turn=turn).values
        axes.plot(time, path, color=colour, label=f"τ turns at {turn:g}")
    axes.set(xlabel="years", ylabel="share in region 1", ylim=(-0.4, 1.04))
    axes.set_yticks([0.0, 0.5, 1.0])
    other = axes.twinx()
    for colour, turn in zip(_TURNS, one["turn"].values, strict=False):
        other.plot(time, one["tau"].sel(turn=turn).values, color=colour, lw=1.0, ls=":")
    other.set(ylabel="τ (dotted)", ylim=(0.3, 4.2), yticks=[1.4, 2.0])
    other.spines["right"].set_visible(True)


def _loop(axes: Axes, one: xr.Dataset, speed: float) -> None:
    lines = [one[f"uneven_{key}"].values for key in ("tau", "share", "stable")]
    found = Equilibria(
        one["at"].values,
        one["share"].values,
        one["payoff_difference"].values,
        np.empty(0),
        np.stack(lines),
        one["break"].values,
        one["sustain"].values,
    )
    tomahawk(axes, found, digits=None)
    spots = (
        (found.breaks, "break", 0.5, (-4.0, -4.0), "right"),
        (found.sustains, "sustain", 0.0, (6.0, 0.0), "left"),
    )
    for values, word, share, offset, side in spots:
        look: dict[str, Any] = {"ha": side, "va": "top" if side == "right" else "bottom"}
        axes.annotate(
            f"{word}\n{values[0]:.3f}",
            (values[0], share),
            xytext=offset,
            textcoords="offset points",
            fontsize=style.SMALLEST,
            **look,
        )
    for colour, turn in zip(_TURNS, one["turn"].values, strict=False):
        if turn != one["turn"].min():
            axes.plot(one["tau"].sel(turn=turn), one["path"].sel(turn=turn), color=colour, zorder=4)
    tau = one["tau"].sel(turn=one["turn"].min()).values
    for r in one["speed"].values:
        path, here = one["loop"].sel(speed=r).values, r == speed
        look = {"lw": 1.6, "alpha": 1.0} if here else {"lw": 0.9, "alpha": 0.45}
        axes.plot(tau, path, color=_TURNS[0], zorder=4, **look)
        for k in np.flatnonzero(np.diff(path > 0.75)) if here else ():
            ends = (tau[k + 1], path[k + 1]), (tau[k - 1], path[k - 1])
            _arrow(axes, *ends, color=_TURNS[0], mutation_scale=11)
    for move, foot, head in zip(MOVES, (0.53, 0.97), (0.97, 0.53), strict=True):
        x = float(one["slow_limit"].sel(move=move))
        _arrow(axes, (x, head), (x, foot), color=style.QUIET, lw=1.6, mutation_scale=8)
    axes.set(xlim=(1.25, 2.15), ylim=(-0.06, 1.04), xlabel="trade cost τ", yticks=[0.0, 0.5, 1.0])


def _arrow(axes: Axes, head: Any, foot: Any, **look: Any) -> None:
    axes.annotate("", head, foot, arrowprops={"arrowstyle": "-|>", "lw": 1.6, **look}, zorder=5)


def _reach(axes: Axes, one: xr.Dataset, name: str) -> None:
    value, marks = one["lever_value"].values, one["lever_threshold"].values
    axes.fill_between(value, marks[:, 0], marks[:, 1], color="#f3c178", lw=0)
    for k, word in enumerate(("break", "sustain")):
        axes.plot(value, marks[:, k], color=style.INK, lw=1.2)
        up = (4.0, 3.0) if k else (-4.0, -3.0)
        at = len(value) // 2
        falls = marks[0, k] > marks[-1, k]
        axes.annotate(
            word,
            (value[at], marks[at, k]),
            xytext=(up[0] if falls else -up[0], up[1]),
            textcoords="offset points",
            ha="left" if falls == bool(k) else "right",
            va="bottom" if k else "top",
        )
    axes.set(xlabel=_WORDS[name], ylabel="trade cost τ")
    axes.margins(x=0.0)
