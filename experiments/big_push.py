"""A big push: how much cheaper exports must be, for a while, for industry to come and stay.

Two regions, industry evenly spread. Exports of region 1 are made cheaper until industry has
settled, then the policy ends. Between the break and the sustain point what has gathered stays.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg import compose, equilibrium_at, get_model, long_run, thresholds
from neg.barriers import Layer
from neg.economy.lever import Lever
from neg.estimation.levers import hand
from neg.estimation.push import least_push
from neg.figures import style

CONFIG: dict[str, Any] = {
    "sigma": 5.0,
    "mu": 0.4,
    "tau": 1.72,
    "taus": [1.64, 1.66, 1.68, 1.70, 1.72, 1.74, 1.76, 1.78, 1.79, 1.80, 1.805],
    "most": 0.8,  # factor on the cost of exports of region 1: the strongest push tried
    "steps": 15,
    "deepest": 0.93,
    "tolerance": 0.001,
}
SMOKE: dict[str, Any] = {"taus": [1.72], "steps": 5, "tolerance": 0.1}

LEVER = Lever("road.cost", "times", origins=("0",))


def economy(config: dict[str, Any], tau: float) -> Any:
    """Core and periphery with a layer of trade cost that a policy can lower."""
    base = get_model("core-periphery")(sigma=config["sigma"], mu=config["mu"], tau=tau)
    return compose(base, [Layer("road", 0.0)])


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Follow industry up to the strongest policy and back; find the least push at each cost."""
    model = economy(config, config["tau"])
    held = hand(model, LEVER)
    strength = np.linspace(1.0, config["deepest"], config["steps"])
    share = np.empty((2, config["steps"]))
    x, stable = np.array([0.5, 0.5]), True
    for row, order in enumerate((range(config["steps"]), reversed(range(config["steps"])))):
        for k in order:
            here = long_run(held.put(model, jnp.asarray(strength[k])), _traced(x))
            x, stable = np.asarray(here.x), stable and bool(here.stable)
            share[row, k] = x[0]
    least = []
    for number, tau in enumerate(config["taus"]):
        progress(number + 1, len(config["taus"]) + 1, f"tau {tau:g}")
        one = economy(config, tau)
        even = equilibrium_at(one, [0.5, 0.5], [True, True])
        ends = (1.0, config["most"])
        least.append(least_push(one, LEVER, even, *ends, tolerance=config["tolerance"]))
    found = thresholds(model.base, "tau", 1.3, 2.5)
    return xr.Dataset(
        {
            "share": (("turn", "strength"), share, {"units": "share of industry in region 1"}),
            "least": ("tau", 100.0 * (1.0 - np.asarray(least)), {"units": "per cent"}),
        },
        coords={"turn": ["up", "down"], "strength": strength, "tau": config["taus"]},
        attrs={
            "status": "converged" if stable else "not stable",
            "break": float(found.of_kind("break")[0].value),
            "sustain": float(found.of_kind("sustain")[0].value),
        },
    )


def _traced(x: np.ndarray) -> np.ndarray:
    """A trace of industry in every region: what pays can begin to grow."""
    y = np.maximum(x, 1e-6)
    return y / y.sum()


def describe(record: xr.Dataset) -> dict[str, str]:
    """How large the push must be, and where it stays."""
    config = settings(record)
    tau, least = record["tau"].values, record["least"].values
    near = int(np.argmin(abs(tau - config["tau"])))
    low, high = record.attrs["break"], record.attrs["sustain"]
    tolerance = 100 * config["tolerance"] * (1 - config["most"])
    return {
        "title": (
            f"At a trade cost of {tau[near]:g} exports {least[near]:.1f} % cheaper for a while "
            "move all industry for good; closer to the break point a nudge is enough"
        ),
        "caption": (
            f"Left: industry in region 1 at τ = {config['tau']:g} as its exports become cheaper "
            "(blue) and the policy is taken back (orange): it comes at once and does not leave. "
            "Right: the least fall of the cost of exports that, held until industry has settled "
            "and then ended, leaves industry elsewhere than before, found by bisection to "
            f"{tolerance:g} points; between the break point (τ = {low:.3f}), below which industry "
            f"gathers by itself, and the sustain point ({high:.3f}), above which it would leave "
            "again. Core-periphery model (Krugman 1991), two equal regions, "
            f"σ = {config['sigma']:g}, μ = {config['mu']:g}; industry moves by the replicator "
            "dynamics. What the policy costs while it lasts is not counted, nor how long industry "
            "takes. Theory, no data."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """The loop over the strength of the policy, and the least push over trade costs."""
    figure, axes = style.sheet(1, 2, height=2.6)
    strength = 100.0 * (1.0 - record["strength"].values)
    for turn, colour, word in (("up", 0, "policy begins"), ("down", 1, "policy ends")):
        axes[0].plot(
            strength,
            record["share"].sel(turn=turn),
            "-o",
            ms=2.5,
            color=style.COLOURS[colour],
            label=word,
        )
    axes[0].set(xlabel="fall of the cost of exports, %", ylabel="industry in region 1")
    axes[0].set_ylim(0.4, 1.05)
    axes[0].legend(loc="center right")
    axes[0].set_title("There and not back")
    axes[1].plot(record["tau"], record["least"], "-o", ms=3, color=style.COLOURS[2])
    for value, side in (
        ("break", "left"),
        ("sustain", "right"),
    ):
        at = record.attrs[value]
        axes[1].axvline(at, color=style.QUIET, lw=0.8, ls=":")
        axes[1].annotate(
            f"{value} point",
            (at, 0.96),
            xycoords=("data", "axes fraction"),
            xytext=(3 if side == "left" else -3, 0),
            textcoords="offset points",
            ha=side,
            va="top",
        )
    axes[1].set_ylim(0.0, 1.35 * float(record["least"].max()))  # room for the words
    axes[1].set(xlabel="trade cost τ", ylabel="least push, %")
    axes[1].set_title("What it takes")
    return figure
