"""Take-off or stagnation: local suppliers learn from plants that buy from them, or not (M8).

Productivity a of suppliers (over the frontier's) and plants n of lead firms move together. Left:
where they go from everywhere, and the line between the two fates. Right: productivity over time of
a linked host, of one whose plants stand in an export zone, and of one that demands local content
early or late.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg import compose, equilibria, paths
from neg.figures import style
from neg.firms import Plants, TakeOff

CONFIG: dict[str, Any] = {
    "years": 400.0,
    "start": [0.5628, 0.2879],  # a, n: just above the critical mass
    "rule": 0.3,
    "zone": 1.0,
    "late": 250.0,
    "steps": 161,
    "grid": 161,
    "edges": 25,
}
SMOKE = {"steps": 21, "grid": 9, "edges": 3}

CASES = ("linked", "export zone", "early rule", "late rule")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """States, paths of the four hosts, and the threshold of plants at every productivity."""
    host = compose(TakeOff(), [Plants()])
    progress(0, 3, "states")
    points = sorted(equilibria(host).points, key=lambda point: float(point.x[0]))
    progress(1, 3, "paths")
    time = np.linspace(0.0, config["years"], config["steps"])
    series = {name: _case(host, name, time, config) for name in CASES}
    progress(2, 3, "threshold")
    a = np.linspace(0.15, 0.95, config["grid"])
    at = TakeOff()
    settled = np.asarray(at.plants_at(jnp.asarray(a)))
    still = np.asarray(at.plants_needed(jnp.asarray(a)))
    starts = np.linspace(0.3, 0.75, config["edges"])
    return xr.Dataset(
        {
            "state": ("which", [float(p.x[0]) for p in points], {"units": "share of frontier"}),
            "growth": ("which", [float(p.growth) for p in points], {"units": "1/year"}),
            "plants": ("which", [float(p.outcomes["plants"]) for p in points], {"units": "plants"}),
            "path": (
                ("case", "time"),
                np.stack(list(series.values())),
                {"units": "share of frontier"},
            ),
            "settled": ("a", settled, {"units": "plants"}),
            "still": ("a", still, {"units": "plants"}),
            "border": ("start", [_border(host, s) for s in starts], {"units": "plants"}),
        },
        coords={
            "which": ["low", "threshold", "high"],
            "case": list(CASES),
            "time": ("time", time, {"units": "years"}),
            "a": a,
            "start": starts,
        },
        attrs={"status": "converged"},
    )


def _case(host: Any, name: str, time: np.ndarray, config: dict[str, Any]) -> np.ndarray:
    a, n = config["start"]
    if name == "late rule":
        before = time[time <= config["late"]]
        first = _follow(host, a, n, before)
        after = np.concatenate([[before[-1]], time[time > config["late"]]])
        later = _follow(host.with_(rule=config["rule"]), first[1][0], first[1][1], after)
        return np.concatenate([first[0], later[0][1:]])
    change = {"export zone": {"zone": config["zone"]}, "early rule": {"rule": config["rule"]}}
    return _follow(host.with_(**change.get(name, {})), a, n, time)[0]


def _follow(host: Any, a: float, n: float, time: np.ndarray) -> tuple[np.ndarray, tuple]:
    found = paths(host, [[a, 1.0 - a]], time, stocks={"plants.number": n})
    at = found.x.values[0, :, 0]
    return at, (float(at[-1]), float(found["plants.number"].values[0, -1]))


def _border(host: Any, a: float) -> float:
    """Plants with which a path from a goes neither up nor down, by halving."""
    low, high = np.log(1e-3), np.log(30.0)
    for _ in range(14):
        middle = 0.5 * (low + high)
        up = _follow(host, a, float(np.exp(middle)), np.array([0.0, 500.0]))[0][-1] > 0.6
        low, high = (low, middle) if up else (middle, high)
    return float(np.exp(0.5 * (low + high)))


def describe(record: xr.Dataset) -> dict[str, str]:
    """The critical mass and what becomes of each host."""
    config = settings(record)
    low, middle, high = (float(value) for value in record["state"])
    end = {name: float(record["path"].sel(case=name)[-1]) for name in CASES}
    return {
        "title": (
            f"Suppliers above {middle:.0%} of the frontier take off to {high:.0%}; in an export "
            f"zone, or under an early local-content rule, they fall back to "
            f"{min(end['export zone'], end['early rule']):.0%} or {end['early rule']:.0%}"
        ),
        "caption": (
            "Suppliers' productivity a learns from purchases of lead firms' plants n, times "
            "absorptive capacity, towards the frontier (Nelson and Phelps 1966; Rodriguez-Clare "
            "1996; defaults of TakeOff: λ = 0.25, h = 1, θ = 5, μ = 0.6, ε = 10; plants come and "
            "go at 0.2 a year). Left: lines on which a (blue) and n (orange) rest, the three "
            f"states (a = {low:.3f}, {middle:.3f}, {high:.3f}; growth of deviations "
            f"{', '.join(f'{float(g):.4f}' for g in record['growth'])} a year), and the "
            "separatrix between paths to the low and to the high one (black, by halving). "
            f"Right: hosts that start with a = {config['start'][0]:g} and n = "
            f"{config['start'][1]:g}; a rule asks for {config['rule']:.0%} local content from the "
            f"start or from year {config['late']:g}; "
            "purchases forced by it teach nothing (an assumption: where they teach as much as "
            "others, the early rule helps). All equilibria were searched for. Parameters are "
            "assumed, not estimated. Theory, no data."
        ),
        "checks": "states are certified to be all that there are; paths to a tolerance of 1e-8",
    }


def draw(record: xr.Dataset) -> Figure:
    """The phase portrait and the four hosts."""
    figure, (left, right) = style.sheet(1, 2, height=2.8)
    left.plot(record["a"], record["still"], color=style.COLOURS[0], label="a at rest")
    left.plot(record["a"], record["settled"], color=style.COLOURS[1], label="n at rest")
    left.plot(record["start"], record["border"], color=style.INK, ls="--", label="separatrix")
    for which, face in (("low", style.INK), ("threshold", "white"), ("high", style.INK)):
        one = record.sel(which=which)
        left.plot(one["state"], one["plants"], "o", mec=style.INK, mfc=face, ms=5, zorder=4, lw=0)
    left.set(
        xlabel="productivity of suppliers a, share of frontier",
        ylabel="plants of lead firms n",
        yscale="log",
        ylim=(0.03, 30.0),
    )
    left.set_yticks([0.1, 1.0, 10.0], ["0.1", "1", "10"])
    left.legend(loc="upper right")
    for k, name in enumerate(CASES):
        line = {"late rule": ":", "early rule": "--"}.get(name, "-")
        right.plot(
            record["time"],
            record["path"].sel(case=name),
            color=style.COLOURS[k],
            ls=line,
            label=name,
        )
    right.set(xlabel="years", ylabel="productivity of suppliers a", ylim=(0.2, 1.02))
    right.legend(loc="upper left", ncols=2)
    return figure
