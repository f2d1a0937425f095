"""Racetrack cascade: on a circle centres thin out as trade gets freer, by halving or unevenly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import _branches
from neg.bifurcation.arclength import Steps
from neg.diagrams.diagram import Diagram, Most, Search, diagram
from neg.figures import style
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.places.layouts import racetrack

CONFIG: dict[str, Any] = {
    "places": [8, 16],
    "sigma": 5.0,
    "mu": 0.4,
    "low": 0.3,
    "high": 0.98,
    "max_branches": [16, 12],
    "largest_step": 0.02,
    "values": 12,
    "starts": 40,
}
SMOKE: dict[str, Any] = {"places": [4], "max_branches": [6], "values": 5, "starts": 8}


def run(config: Mapping[str, Any], progress: Callable[[int, int, str], None]) -> xr.Dataset:
    """Bifurcation diagrams of the footloose-entrepreneur model on racetracks."""
    found: list[Diagram] = []
    counts = config["places"]
    for step, (places, most) in enumerate(zip(counts, config["max_branches"], strict=True)):
        progress(step, len(counts), f"{places} places")
        model = FootlooseEntrepreneur(
            geography=racetrack(places), sigma=config["sigma"], mu=config["mu"]
        ).with_(phi=config["low"])
        found.append(
            diagram(
                model,
                "phi",
                config["low"],
                config["high"],
                most=Most(branches=most),
                steps=Steps(largest=config["largest_step"]),
                search=Search(values=config["values"], starts=config["starts"]),
            )
        )
    data = _branches.record(found, _spaced)
    data["places"] = ("panel", counts, {"units": "places"})
    first = [one.branches[0].of_kind("branch point") for one in found]
    breaks = [points[0].parameter if points else np.nan for points in first]
    data["first_break"] = ("panel", breaks, {"units": "1"})
    predicted = _predicted(config["sigma"], config["mu"])
    early = sum(not branch.converged for one in found for branch in one.branches)
    share, kinds, values = _branches.uneven(data, len(found) - 1)
    return data.assign_coords(panel=np.arange(len(found))).assign_attrs(
        title=(
            f"On a circle of {counts[-1]} places {100 * share:.0f} % of random starts end in "
            "uneven patterns, not in the halving cascade"
            if share > 0.5
            else f"On a circle of {counts[-1]} places every second centre goes as trade gets freer"
        ),
        caption=_caption(config, found, predicted, share, kinds, values),
        status="converged" if not early else f"{early} branches ended early",
        predicted=predicted,
    )


def _caption(
    config: Mapping[str, Any],
    found: list[Diagram],
    predicted: float,
    share: float,
    kinds: int,
    values: int,
) -> str:
    places = " and ".join(str(count) for count in config["places"])
    tried = f"{values} values of φ at which some end elsewhere"
    return (
        f"Entrepreneurs on a circle of {places} places (footloose entrepreneur, σ = "
        f"{config['sigma']:g}, μ = {config['mu']:g}; replicator dynamics). Above, branches of "
        "equilibria by the share of the largest place, one of each class of mirror images: thick "
        "where stable, thin where not; blue where centres are alike and evenly spaced (rings), "
        "orange elsewhere. Dots are the states in which random starts end, their area the share of "
        f"starts. The first halving comes where theory has it, at φ = {predicted:.4f} (dashed; "
        "Akamatsu, Takayama and Ikeda 2012). Below, the share of random starts that end in evenly "
        f"spaced patterns and in others: on the circle of {config['places'][-1]} places "
        f"{100 * share:.0f} % end in others, over the {tried}, in {kinds} states over all φ. "
        + _branches.searched(found[-1], config["max_branches"][-1])
        + f" (These numbers: {config['places'][-1]} places.)"
    )


def _predicted(sigma: float, mu: float) -> float:
    """First break, of the mode that alternates: (1 - sqrt chi) / (1 + sqrt chi)."""
    rho, share = (sigma - 1) / sigma, mu / sigma
    chi = share * (1 + rho) / (rho + share**2)
    return (1 - chi**0.5) / (1 + chi**0.5)


def _spaced(x: np.ndarray) -> bool:
    """Whether centres are alike and evenly spaced on the circle."""
    centres = np.flatnonzero(x > _branches.EMPTY)
    gaps = np.diff([*centres, centres[0] + len(x)])
    return bool(np.ptp(x[centres]) < _branches.EMPTY and len(np.unique(gaps)) == 1)


def draw(record: xr.Dataset) -> Figure:
    """One column for each number of places: branches above, where random starts end below."""
    counts = record["places"].values
    figure, panels = plt.subplots(
        2,
        len(counts),
        figsize=(7.2, 4.6),
        sharex=True,
        squeeze=False,
        height_ratios=[3.2, 1.0],
    )
    low, high = float(record["value_phi"].min()), float(record["value_phi"].max())
    margin = 0.03 * (high - low)
    for k, places in enumerate(counts):
        axes, below = panels[:, k]
        ticks = [2**j for j in range(int(np.log2(places)) + 1)]
        _branches.draw_branches(axes, record, k, int(places), ticks)
        axes.set_ylim(0.85 / places, 4.0)
        axes.set_xlim(low - margin, high + margin)
        axes.plot([record.attrs["predicted"]] * 2, [0.85 / places, 0.5], "--", lw=0.8, c=style.INK)
        axes.set_title(f"{places} places", fontsize=8.5)
        _rings(axes, record, k, int(places))
        _branches.draw_shares(below, record, k)
        below.set_xlabel("freeness of trade between neighbours, φ", fontsize=8)
        for one in (axes, below):
            one.tick_params(labelsize=7.5)
    panels[0, 0].set_ylabel("share of the largest place", fontsize=8)
    panels[1, 0].set_ylabel("% of starts", fontsize=8)
    panels[0, 0].legend(
        handles=_branches.handles("evenly spaced", "other"),
        loc="lower left",
        bbox_to_anchor=(0.0, 0.5),
        fontsize=7,
        handlelength=1.4,
        labelspacing=0.3,
        frameon=False,
    )
    return figure


def _rings(axes: Axes, record: xr.Dataset, panel: int, places: int) -> None:
    """The evenly spaced patterns, each above the middle of its stable stretch."""
    angle = np.pi / 2 - 2 * np.pi * np.arange(places) / places
    left, right = axes.get_xlim()
    mine = (record["branch_panel"].values == panel) & (record["branch_regular"].values == 1)
    for i in np.flatnonzero(mine):
        calm = (record["stable"].values[i] == 1) & np.isfinite(record["phi"].values[i])
        if not calm.any():
            continue
        phi = record["phi"].values[i][calm]
        count = round(1 / float(np.median(record["largest"].values[i][calm])))
        at, width = (0.5 * (phi.min() + phi.max()) - left) / (right - left), 0.13
        inset = axes.inset_axes((at - width / 2, 0.82, width, 0.17))
        used = np.arange(places) % (places // count) == 0
        inset.plot(np.cos(angle), np.sin(angle), ".", color=style.QUIET, ms=1.2, zorder=1)
        inset.scatter(
            np.cos(angle[used]), np.sin(angle[used]), s=9, color=style.COLOURS[0], zorder=2
        )
        inset.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
        inset.axis("off")
