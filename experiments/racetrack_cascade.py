"""Racetrack cascade: as trade gets freer, every second centre goes, until one is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from neg.bifurcation.diagram import Diagram, diagram

from neg.bifurcation.arclength import Steps
from neg.figures import style
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.places.layouts import racetrack

CONFIG: dict[str, Any] = {
    "places": [8, 16],
    "sigma": 5.0,
    "mu": 0.4,
    "low": 0.3,
    "high": 0.98,
    "max_branches": [24, 20],
    "largest_step": 0.02,
}
SMOKE: dict[str, Any] = {"places": [4], "max_branches": [6]}


def run(config: Mapping[str, Any], progress: Callable[[int, int, str], None]) -> xr.Dataset:
    """Bifurcation diagrams of the footloose-entrepreneur model on racetracks."""
    rows: list[dict[str, Any]] = []
    even: list[dict[str, Any]] = []
    early = 0
    for step, (places, most) in enumerate(
        zip(config["places"], config["max_branches"], strict=True)
    ):
        progress(step, len(config["places"]), f"{places} places")
        model = FootlooseEntrepreneur(
            geography=racetrack(places), sigma=config["sigma"], mu=config["mu"]
        ).with_(phi=config["low"])
        low, high, steps = config["low"], config["high"], Steps(largest=config["largest_step"])
        found = diagram(model, "phi", low, high, max_branches=most, steps=steps)
        rows += _curves(found, places)
        even += _even_patterns(found, places)
        early += sum(not branch.converged for branch in found.branches)
    longest = max(len(row["phi"]) for row in rows)

    def padded(name: str) -> np.ndarray:
        return np.array(
            [
                np.pad(row[name], (0, longest - len(row[name])), constant_values=np.nan)
                for row in rows
            ]
        )

    most = max(config["places"])
    pattern = np.array(
        [np.pad(p["x"], (0, most - len(p["x"])), constant_values=np.nan) for p in even]
    )
    predicted = _predicted(config["sigma"], config["mu"])
    return xr.Dataset(
        {
            "phi": (("branch", "point"), padded("phi"), {"units": "1"}),
            "largest": (("branch", "point"), padded("largest"), {"units": "share"}),
            "stable": (("branch", "point"), padded("stable"), {"units": "1"}),
            "places": ("branch", [row["places"] for row in rows], {"units": "places"}),
            "first_break": ("branch", [row["first"] for row in rows], {"units": "1"}),
            "pattern": (("even", "place"), pattern, {"units": "share"}),
            "pattern_places": ("even", [p["places"] for p in even], {"units": "places"}),
            "pattern_from": ("even", [p["low"] for p in even], {"units": "1"}),
            "pattern_to": ("even", [p["high"] for p in even], {"units": "1"}),
        },
        coords={
            "branch": np.arange(len(rows)),
            "point": np.arange(longest),
            "even": np.arange(len(even)),
            "place": np.arange(most),
        },
        attrs={
            "title": "Racetrack cascade: spatial period doubling",
            "caption": _caption(config, predicted),
            "status": "converged" if not early else f"{early} branches ended early",
            "predicted": predicted,
        },
    )


def _caption(config: Mapping[str, Any], predicted: float) -> str:
    places = " and ".join(str(count) for count in config["places"])
    most = " and ".join(str(count) for count in config["max_branches"])
    return (
        f"Entrepreneurs on a circle of {places} places (footloose entrepreneur, sigma "
        f"{config['sigma']:g}, mu {config['mu']:g}). Each line is a branch of equilibria, drawn by "
        f"the share of its largest place: thick where stable, thin where not (the first {most} "
        "branches, least unstable first, one of each class of mirror images). As trade gets freer "
        "the number of centres halves at each step; the first halving comes where theory predicts "
        f"it, at a freeness of {predicted:.4f} between neighbours (Akamatsu, Takayama and Ikeda "
        "2012). Rings show the evenly spaced stable patterns; other stable patterns are the thick "
        "stretches between them."
    )


def _predicted(sigma: float, mu: float) -> float:
    """First break, of the mode that alternates: (1 - sqrt chi) / (1 + sqrt chi)."""
    rho, share = (sigma - 1) / sigma, mu / sigma
    chi = share * (1 + rho) / (rho + share**2)
    return (1 - chi**0.5) / (1 + chi**0.5)


def _curves(found: Diagram, places: int) -> list[dict[str, Any]]:
    breaks = found.branches[0].of_kind("branch point")
    first = breaks[0].parameter if breaks else np.nan
    curves = []
    for branch in found.branches:
        phi, x, stable = branch.outline()
        largest = x.max(axis=1)
        curves.append(
            {"phi": phi, "largest": largest, "stable": stable, "places": places, "first": first}
        )
    return curves


def _even_patterns(found: Diagram, places: int) -> list[dict[str, Any]]:
    """Stable stretches of branches on which centres are alike and evenly spaced."""
    patterns = []
    for branch in found.branches:
        x = branch.x[len(branch) // 2]
        centres = np.flatnonzero(x > 1e-6)
        alike = np.ptp(x[centres]) < 1e-6
        spaced = len(np.unique(np.diff([*centres, centres[0] + places]))) == 1
        phi, _, stable = branch.outline()
        if alike and spaced and (stable == 1).any():
            inside = phi[stable == 1]
            x = np.roll(x, -centres[0])
            patterns.append({"x": x, "places": places, "low": inside.min(), "high": inside.max()})
    return sorted(patterns, key=lambda p: p["low"])


def draw(record: xr.Dataset) -> Figure:
    """One panel for each number of places."""
    counts = np.unique(record["places"].values)
    figure, panels = plt.subplots(
        len(counts), 1, figsize=(8.2, 3.9 * len(counts)), sharex=True, squeeze=False
    )
    left, right = float(record["phi"].min()), float(record["phi"].max())
    for axes, places in zip(panels[:, 0], counts, strict=True):
        mine = record.isel(branch=np.flatnonzero(record["places"].values == places))
        for i in range(mine.sizes["branch"]):
            phi, share = mine["phi"].values[i], mine["largest"].values[i]
            stable = mine["stable"].values[i] == 1
            axes.plot(phi, share, color=style.QUIET, lw=0.6, alpha=0.55, zorder=2)
            axes.plot(
                phi, np.where(stable, share, np.nan), color=style.COLOURS[0], lw=2.6, zorder=3
            )
        axes.axvline(record.attrs["predicted"], color=style.COLOURS[1], lw=1.2, ls="--", zorder=1)
        axes.annotate(
            f"predicted first break\nphi = {record.attrs['predicted']:.4f}, "
            f"found {float(mine['first_break'].values[0]):.4f}",
            (record.attrs["predicted"], 0.78),
            xytext=(6, 0),
            textcoords="offset points",
            va="top",
            color=style.COLOURS[1],
            fontsize=8.5,
        )
        axes.set_yscale("log", base=2)
        ticks = [2.0**-k for k in range(int(np.log2(places)) + 1)]
        axes.set_yticks(ticks, [f"1/{round(1 / tick)}" if tick < 1 else "1" for tick in ticks])
        axes.minorticks_off()
        axes.set(xlim=(left, right), ylim=(0.8 / places, 2.3), ylabel="share of the largest place")
        axes.grid(axis="y")
        axes.set_title(f"{places} places on a circle")
        _rings(axes, record, int(places))
    panels[-1, 0].set_xlabel("freeness of trade between neighbours, phi")
    return figure


def _rings(axes: Any, record: xr.Dataset, places: int) -> None:
    angle = np.pi / 2 - 2 * np.pi * np.arange(places) / places
    for i in np.flatnonzero(record["pattern_places"].values == places):
        x = record["pattern"].values[i, :places]
        middle = 0.5 * (record["pattern_from"].values[i] + record["pattern_to"].values[i])
        left, right = axes.get_xlim()
        at, width = (middle - left) / (right - left), 0.085
        inset = axes.inset_axes((at - width / 2, 0.84, width, 0.16))
        inset.plot(np.cos(angle), np.sin(angle), ".", color=style.QUIET, ms=2)
        inset.scatter(
            np.cos(angle),
            np.sin(angle),
            s=90 * np.sqrt(x / x.max()) * (x > 1e-6) * 0.35,
            color=style.COLOURS[0],
            zorder=3,
        )
        inset.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
        inset.axis("off")
