"""Magnification: trade, welfare, elasticities with 1 to 6 stages, one curve per kind of draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg.chains import DRAWS, Chain
from neg.figures import style
from neg.production import magnification

CONFIG: dict[str, Any] = {"stages": 6, "theta": 4.0, "tau": 1.5, "places": 2}
SMOKE: dict[str, Any] = {"stages": 2}
PANELS = {
    "trade": "gross trade over spending",
    "price_elasticity": "loss of real income, % per 1 % of cost",
    "elasticity": "elasticity of gross trade",
    "path_elasticity": "elasticity of path odds",
}
WORDS = {
    "chain": "whole chains (Antràs, de Gortari)",
    "stage": "every stage (Eaton, Kortum)",
    "value-added": "value added (Yi)",
}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Every kind of draws at every number of stages."""
    stages = range(1, config["stages"] + 1)
    found = np.zeros((len(PANELS), len(DRAWS), config["stages"]))
    for d, draws in enumerate(DRAWS):
        for k in stages:
            progress(d * config["stages"] + k - 1, len(DRAWS) * config["stages"], draws)
            one = magnification(
                Chain.equal(k, config["theta"], draws), config["tau"], config["places"]
            )
            found[:, d, k - 1] = [float(getattr(one, name)) for name in PANELS]
    axes = ("draws", "stages")
    return xr.Dataset(
        {name: (axes, found[p], {"units": "1"}) for p, name in enumerate(PANELS)},
        coords={"draws": list(DRAWS), "stages": list(stages)},
        attrs={"status": "converged" if np.isfinite(found).all() else "not finite"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """What rises with the number of stages, and under which assumption."""
    given, last = settings(record), record.isel(stages=-1)
    value = lambda name, draws, at=last: float(at[name].sel(draws=draws))
    first = record.isel(stages=0)
    return {
        "title": (
            "With one draw for a whole chain, more stages raise trade from "
            f"{value('trade', 'chain', first):.2f} to {value('trade', 'chain'):.2f} of spending "
            f"and lower its elasticity to {value('elasticity', 'chain'):.1f}; with draws for "
            f"value added trade falls to {value('trade', 'value-added'):.2f} and the elasticity "
            f"rises to {value('elasticity', 'value-added'):.1f}"
        ),
        "caption": (
            f"{given['places']} identical places, chains of 1 to {given['stages']} stages that add "
            f"the same value each, trade cost {given['tau']:g} at every link, theta "
            f"{given['theta']:g}. Productivity is drawn for whole chains, for what leaves every "
            "stage, or for the value added of every stage. Elasticities are those to the trade "
            "cost, in absolute value; path odds are those of a path that crosses the border at "
            "every link against one that stays at home. Loss of real income: per cent by which "
            "prices rise with 1 % more trade cost. Derivatives of the price function, equal to the "
            "closed forms. Theory, no data; wages are equal and stay so."
        ),
        "checks": "all numbers agree with the closed forms within 1e-11 (tests)",
    }


def draw(record: xr.Dataset) -> Figure:
    """A panel for each quantity, a line for each kind of draws."""
    figure, axes = style.sheet(2, 2, height=4.4, sharex=True)
    for ax, (name, words) in zip(axes.flat, PANELS.items(), strict=True):
        for colour, draws in zip(style.COLOURS, record["draws"].values, strict=False):
            ax.plot(
                record["stages"],
                record[name].sel(draws=draws),
                "o-",
                ms=3.5,
                color=colour,
                label=WORDS[str(draws)],
            )
        ax.set_title(words)
        ax.set_ylim(bottom=0.0)
        ax.set_xticks(record["stages"].values)
        ax.grid(axis="y")
    for ax in axes[1]:
        ax.set_xlabel("number of stages")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, title="one draw is for")
    return figure
