"""Tomahawk: all equilibria of core-periphery as trade costs fall, with break and sustain points.

Branches are followed by continuation from the even distribution, from full agglomeration and from
every special point found on the way; special points are located by the model's own spectrum (break)
and payoff gap (sustain). Source of the diagram: Fujita, Krugman and Venables (1999), The Spatial
Economy, figure 5.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg.bifurcation.branch import Kind
from neg.diagrams.diagram import diagram
from neg.diagrams.drawing import lines
from neg.figures import diagram as drawing
from neg.figures import style
from neg.models import get_model

CONFIG = {"sigma": 5.0, "mu": 0.4, "low": 1.3, "high": 2.1}
SMOKE: dict[str, Any] = {"low": 1.55, "high": 1.85}

_NAMES = {Kind.BRANCH: "break", Kind.SUSTAIN: "sustain"}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Follow every branch over the interval of trade costs."""
    progress(0, 2, "following branches")
    model = get_model("core-periphery")(sigma=config["sigma"], mu=config["mu"])
    found = diagram(model, "tau", config["low"], config["high"])
    progress(1, 2, "counting equilibria")
    points = {_NAMES[p.kind]: p for _, p in found.special if p.kind in _NAMES}
    kinds = sorted(points)
    values = [points[kind].parameter for kind in kinds]
    between = found.equilibria(float(np.mean(values)))
    stable = sum(bool(equilibrium.stable) for equilibrium in between)
    good = all(branch.converged for branch in found.branches) and all(
        points[kind].converged for kind in kinds
    )
    record = lines(found, lambda x: x[:, 0], "share of industry in region 1")
    record["special"] = ("kind", values, {"units": "iceberg trade cost"})
    record["special_share"] = ("kind", [float(points[kind].x[0]) for kind in kinds], {"units": "1"})
    record["share_between"] = (
        ("equilibrium", "region"),
        [np.asarray(equilibrium.x) for equilibrium in between],
        {"units": "share of industry, halfway between the two points"},
    )
    return record.assign_coords(
        kind=kinds, equilibrium=np.arange(len(between)), region=["1", "2"]
    ).assign_attrs(
        stable_between=stable,
        status="converged" if good else "not converged: " + "; ".join(found.notes),
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """The finding, and what was searched."""
    config = settings(record)
    tau = dict(zip(record["kind"].values, record["special"].values, strict=True))
    found, stable = record.sizes["equilibrium"], int(record.attrs["stable_between"])
    return {
        "title": (
            f"Between τ = {tau['break']:.3f} and {tau['sustain']:.3f} history decides: "
            f"{stable} of {found} equilibria are stable"
        ),
        "caption": (
            f"Two regions, core-periphery (Krugman 1991; σ = {config['sigma']:g}, μ = "
            f"{config['mu']:g}). As trade costs fall, full agglomeration becomes sustainable at "
            f"τ = {tau['sustain']:.6f} (square), before the even distribution breaks at τ = "
            f"{tau['break']:.6f} (circle). Solid: stable, dashed: unstable. Branches were followed "
            "from the even distribution, from full agglomeration and from every special point "
            f"for τ from {config['low']:g} to {config['high']:g}; halfway between the two points "
            "all equilibria on them were counted. Theory, no data."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Stable branches solid, unstable dashed, break and sustain points with their values."""
    figure, axes = style.sheet(width="column", height=2.7)
    for k in record["branch"].values:
        row = record.sel(branch=k)
        drawing.branch(axes, row["parameter"], row["shown"], row["stable"])
    tau = dict(zip(record["kind"].values, record["special"].values, strict=True))
    for name, share, offset in (
        ("sustain", 1.0, (10.0, -12.0)),
        ("sustain", 0.0, (10.0, 12.0)),
        ("break", 0.5, (-10.0, 10.0)),
    ):
        drawing.special_point(axes, tau[name], share, name, symbol="τ", offset=offset)
    axes.set(xlabel="trade cost τ", ylabel="share of industry in region 1", ylim=(-0.04, 1.04))
    axes.margins(x=0.0)
    axes.grid(axis="y")
    drawing.legend(axes, loc="center right", bbox_to_anchor=(1.0, 0.66))
    return figure
