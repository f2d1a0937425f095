"""Hysteresis: trade costs fall and rise again, but industry does not go back the way it came (M1).

Industry moves to the better payoff (replicator dynamics); ``D`` is the payoff difference of the two
regions, ``e`` a small permanent advantage of region 1, ``r`` the speed of adjustment:

    ds/dt = r s (1 - s) (D(tau(t), s) + e)

A small share of industry always stays in either region. Two circular causalities are shown: mobile
workers spend where they work (core-periphery), firms buy from firms (vertical linkages; there the
total of industry follows at once, its division takes time).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline, RectBivariateSpline

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
from neg.core.errors import ConvergenceError
from neg.economy.model import Model
from neg.figures import style
from neg.models import get_model

CONFIG: dict[str, Any] = {
    "models": {"core-periphery": {"mu": 0.4}, "vertical-linkages": {"alpha": 0.35}},
    "high": 2.05,  # trade cost at the start and at the end
    "turns": [1.35, 1.68],  # trade cost at which policy turns around
    "years": 120.0,
    "speed": 30.0,
    "advantage": 1e-3,
    "stay": 5e-3,
    "values": 97,
    "shares": 33,
    "levers": {"alpha": [0.1, 0.5], "sigma": [4.0, 10.0]},
    "steps": 13,
}
SMOKE = {"values": 25, "shares": 13, "steps": 3}

_LEVER_MODEL = "vertical-linkages"
_WORDS = {"alpha": "share of inputs in costs α", "sigma": "elasticity of substitution σ"}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Equilibria, paths in time under each policy, and thresholds over each lever."""
    tau = np.linspace(1.02, 2.2, config["values"])
    time = np.linspace(0.0, config["years"], 481)
    names = list(config["models"])
    found: dict[str, Equilibria] = {}
    paths = np.empty((len(names), len(config["turns"]), len(time)))
    for k, name in enumerate(names):
        progress(k, len(names) + 1, name)
        model = get_model(name)().with_(**config["models"][name])
        first, second = model.industry
        found[name] = equilibria(
            functools.partial(along, model, "tau"), tau, config["shares"], (first, second)
        )
        for j, turn in enumerate(config["turns"]):
            paths[k, j] = _path(found[name], config, turn, time)
    progress(len(names), len(names) + 1, "levers")
    levers, marks = _over_levers(config, np.linspace(1.02, 2.6, config["values"]))
    return _record(config, found, time, paths, levers, marks)


def trade_cost(config: dict[str, Any], turn: float, time: Any) -> Any:
    """Trade cost at a time: down to ``turn`` and back up in straight lines."""
    half = 0.5 * config["years"]
    return turn + (config["high"] - turn) * np.abs(time - half) / half


def _path(found: Equilibria, config: dict[str, Any], turn: float, time: np.ndarray) -> np.ndarray:
    """Share of industry in region 1 over time, from an even start."""
    spread = found.share - 0.5
    # Divided by the spread the difference is even in it: smooth where the spline is mirrored.
    slope = RectBivariateSpline(found.at, spread, found.difference / spread)
    most = np.log(1.0 / config["stay"] - 1.0)

    def motion(t: float, y: np.ndarray) -> np.ndarray:
        off = 1.0 / (1.0 + np.exp(-y)) - 0.5
        push = off * slope(trade_cost(config, turn, t), np.abs(off))[0] + config["advantage"]
        held = (np.abs(y) >= most) & (push * y > 0.0)  # the last ones stay
        return np.where(held, 0.0, config["speed"] * push)

    solved = solve_ivp(
        motion, (0.0, float(time[-1])), [0.0], t_eval=time, rtol=1e-6, atol=1e-8, max_step=0.5
    )
    if not solved.success:
        raise ConvergenceError(f"path to tau = {turn:g} ended early: {solved.message}")
    return 1.0 / (1.0 + np.exp(-solved.y[0]))


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
    return record.assign_attrs(_words(config, record))


def _words(config: dict[str, Any], record: xr.Dataset) -> dict[str, str]:
    deep = record.sel(turn=min(config["turns"]))
    parts = []
    for name in record["model"].values:
        path, tau = deep["path"].sel(model=name).values, deep["tau"].values
        gone = np.flatnonzero(path > 0.75)
        if len(gone):
            first, last = tau[gone[[0, -1]]]
            parts.append(f"{name}: gathers at τ = {first:.2f}, spreads again at τ = {last:.2f}")
    failed = int(np.isnan(record["payoff_difference"]).sum())
    return {
        "title": "Hysteresis: industry does not go back the way it came",
        "caption": (
            f"Trade costs fall from τ = {config['high']:g} and rise again over "
            f"{config['years']:g} years. Where they turn at {max(config['turns']):g}, above the "
            f"break point, industry stays spread; where they turn at {min(config['turns']):g} it "
            "gathers in region 1 and stays there long after trade costs are back where it was "
            f"spread ({'; '.join(parts)}). Middle: the same against trade costs, over all "
            "equilibria (black stable, dashed unstable). Right: between break and sustain point "
            "history decides; the range widens with linkages between firms and narrows with the "
            "elasticity of substitution (less scale economies)."
        ),
        "status": "converged" if not failed else f"{failed} points not converged",
    }


def draw(record: xr.Dataset) -> Figure:
    """Time paths, loops over the equilibria, and the reach of history over each lever."""
    names = record["model"].values
    figure, grid = plt.subplots(len(names), 3, figsize=(11.0, 3.0 * len(names)), squeeze=False)
    for row, name in zip(grid, names, strict=True):
        one = record.sel(model=name)
        _in_time(row[0], one)
        _loop(row[1], one)
        row[0].set_title(f"{name}: in time")
        row[1].set_title("over trade costs")
    for ax, name in zip(grid[:, 2], record["lever"].values, strict=True):
        _reach(ax, record.sel(lever=name), str(name))
    grid[0, 0].legend(fontsize=8, loc="lower left")
    grid[0, 2].set_title(f"where history decides ({_LEVER_MODEL})", fontsize=9.5)
    return figure


def _in_time(axes: Axes, one: xr.Dataset) -> None:
    time = one["time"].values
    for colour, turn in zip(style.COLOURS, one["turn"].values, strict=False):
        path = one["path"].sel(turn=turn).values
        axes.plot(time, path, color=colour, label=f"τ turns at {turn:g}")
    axes.set(xlabel="years", ylabel="share of industry in region 1", ylim=(0.0, 1.04))
    other = axes.twinx()
    for colour, turn in zip(style.COLOURS, one["turn"].values, strict=False):
        other.plot(time, one["tau"].sel(turn=turn).values, color=colour, lw=1.0, ls=":")
    other.set(ylabel="trade cost τ (dotted)", ylim=(1.0, 3.6), yticks=[1.4, 1.7, 2.0])
    other.spines["right"].set_visible(True)


def _loop(axes: Axes, one: xr.Dataset) -> None:
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
        (found.breaks, "break", 0.5, (-5.0, -4.0), "right"),
        (found.sustains, "sustain", 0.0, (7.0, 0.0), "left"),
    )
    for values, word, share, offset, side in spots:
        look: dict[str, Any] = {"ha": side, "va": "top" if side == "right" else "center"}
        axes.annotate(
            f"{word} {values[0]:.3f}",
            (values[0], share),
            xytext=offset,
            textcoords="offset points",
            fontsize=8,
            **look,
        )
    for colour, turn in zip(style.COLOURS, one["turn"].values, strict=False):
        tau, path = one["tau"].sel(turn=turn).values, one["path"].sel(turn=turn).values
        axes.plot(tau, path, color=colour, lw=1.6, zorder=4)
        for k in np.flatnonzero(np.diff(path > 0.75)):
            axes.annotate(
                "",
                (tau[k + 1], path[k + 1]),
                (tau[k - 1], path[k - 1]),
                arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.6, "mutation_scale": 14},
                zorder=5,
            )
    axes.set(xlim=(1.25, 2.15), ylim=(-0.04, 1.04), xlabel="trade cost τ")


def _reach(axes: Axes, one: xr.Dataset, name: str) -> None:
    value, marks = one["lever_value"].values, one["lever_threshold"].values
    axes.fill_between(value, marks[:, 0], marks[:, 1], color="#f3c178", lw=0)
    axes.plot(value, marks[:, 0], color=style.INK, label="break")
    axes.plot(value, marks[:, 1], color=style.INK, ls="--", label="sustain")
    axes.set(xlabel=_WORDS[name], ylabel="trade cost τ")
    axes.margins(x=0.0)
    axes.legend(fontsize=8)
