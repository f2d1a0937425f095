"""Hexagonal lattice: which patterns of centres leave the even plain, and which are stable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from neg.bifurcation.diagram import Diagram, diagram

from neg.bifurcation.branch import Branch
from neg.bifurcation.switching import exits
from neg.bifurcation.symmetry import pattern
from neg.figures import style
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.places.layouts import hexagonal_torus

CONFIG: dict[str, Any] = {
    "rows": 6,
    "sigma": 5.0,
    "mu": 0.4,
    "low": 0.08,
    "high": 0.95,
    "max_branches": 16,
}
SMOKE: dict[str, Any] = {"rows": 3, "max_branches": 4}

_COLUMNS = 10


def run(config: Mapping[str, Any], progress: Callable[[int, int, str], None]) -> xr.Dataset:
    """The diagram of the footloose-entrepreneur model on a hexagonal torus."""
    geography = hexagonal_torus(config["rows"])
    model = FootlooseEntrepreneur(
        geography=geography, sigma=config["sigma"], mu=config["mu"]
    ).with_(phi=config["low"])
    progress(0, 1, "following branches")
    found = diagram(
        model, "phi", config["low"], config["high"], max_branches=config["max_branches"]
    )
    curves = [branch.outline() for branch in found.branches]
    longest = max(len(phi) for phi, _, _ in curves)

    def padded(rows: list[np.ndarray]) -> np.ndarray:
        return np.array([np.pad(r, (0, longest - len(r)), constant_values=np.nan) for r in rows])

    stable = _stable_patterns(found)
    modes = _modes(found)
    early = sum(not branch.converged for branch in found.branches)
    return xr.Dataset(
        {
            "phi": (("branch", "point"), padded([c[0] for c in curves]), {"units": "1"}),
            "largest": (
                ("branch", "point"),
                padded([c[1].max(axis=1) for c in curves]),
                {"units": "share"},
            ),
            "stable": (("branch", "point"), padded([c[2] for c in curves]), {"units": "1"}),
            "pattern": (
                ("kind", "place"),
                np.array([one["x"] for one in stable]),
                {"units": "share"},
            ),
            "pattern_from": ("kind", [one["low"] for one in stable], {"units": "1"}),
            "pattern_to": ("kind", [one["high"] for one in stable], {"units": "1"}),
            "pattern_label": ("kind", [one["label"] for one in stable], {"units": "1"}),
            "mode": (("mode_number", "place"), np.array([m["x"] for m in modes]), {"units": "1"}),
            "mode_phi": ("mode_number", [m["phi"] for m in modes], {"units": "1"}),
            "mode_size": ("mode_number", [m["size"] for m in modes], {"units": "modes"}),
            "mode_order": ("mode_number", [m["order"] for m in modes], {"units": "symmetries"}),
            "mode_way": ("mode_number", [m["way"] for m in modes], {"units": "1"}),
            "coordinates": (("place", "axis"), np.asarray(geography.coordinates), {"units": "1"}),
        },
        coords={
            "branch": np.arange(len(curves)),
            "point": np.arange(longest),
            "kind": np.arange(len(stable)),
            "mode_number": np.arange(len(modes)),
            "place": list(geography.names),
            "axis": ["east", "north"],
        },
        attrs={
            "title": "Centres on a hexagonal lattice",
            "caption": _caption(config, found),
            "caption_modes": _caption_modes(found),
            "status": "converged" if not early else f"{early} branches ended early",
            "rows": config["rows"],
        },
    )


def _caption(config: Mapping[str, Any], found: Diagram) -> str:
    first = found.branches[0].of_kind("branch point")
    broken = f"; the even plain breaks at {first[0].parameter:.4f}" if first else ""
    return (
        f"Entrepreneurs on a hexagonal lattice of {config['rows']} by {config['rows']} places "
        f"without an edge (footloose entrepreneur, sigma {config['sigma']:g}, mu "
        f"{config['mu']:g}). Above, branches of equilibria, thick where stable ({len(found)} "
        f"branches, least unstable first){broken}. Below, the stable patterns in the order in "
        "which freer trade brings them, four periods each; the area of a disc is the "
        "share, beside the largest of its panel."
    )


def _caption_modes(found: Diagram) -> str:
    return (
        f"Every direction in which a branch leaves the even plain, by the equivariant branching "
        f"lemma: patterns that are the only ones with their symmetry (of {found.group.order} "
        "symmetries) in the space of critical modes. One row for each branch point; blue places "
        "grow, red ones shrink. Directions whose reverse is a mirror image are drawn once, at most "
        f"{_COLUMNS} in a row."
    )


def _stable_patterns(found: Diagram) -> list[dict[str, Any]]:
    """The middle of each branch's stable stretch."""
    patterns = []
    for branch in found.branches:
        phi, x, stable = branch.outline()
        good = np.flatnonzero(stable == 1)
        if len(good):
            patterns.append(
                {
                    "x": x[good[len(good) // 2]],
                    "low": phi[good].min(),
                    "high": phi[good].max(),
                    "label": pattern(x[good[len(good) // 2]]),
                }
            )
    return sorted(patterns, key=lambda one: one["low"])


def _modes(found: Diagram) -> list[dict[str, Any]]:
    """Directions that leave the even distribution, one after the other."""
    even: Branch = found.branches[0]
    modes = []
    for point in even.of_kind("branch point"):
        for way in exits(even, point, found.group)[0]:
            modes.append(
                {
                    "x": way.heading,
                    "phi": point.parameter,
                    "size": point.multiplicity,
                    "order": way.symmetry.order,
                    "way": 1.0 if way.heading.max() >= -way.heading.min() - 1e-9 else -1.0,
                }
            )
    return modes


def draw(record: xr.Dataset) -> dict[str, Figure]:
    """The diagram with its stable patterns, and all directions that leave the even plain."""
    return {"patterns": _draw_patterns(record), "modes": _draw_modes(record)}


def _draw_patterns(record: xr.Dataset) -> Figure:
    shown = record.sizes["kind"]
    columns = min(max(shown, 3), 5)
    rows = -(-shown // columns)
    figure = plt.figure(figsize=(8.2, 3.4 + 1.9 * rows))
    grid = figure.add_gridspec(1 + rows, columns, height_ratios=[1.9] + [1.0] * rows)
    axes = figure.add_subplot(grid[0, :])
    for i in range(record.sizes["branch"]):
        phi, share = record["phi"].values[i], record["largest"].values[i]
        stable = record["stable"].values[i] == 1
        axes.plot(phi, share, color=style.QUIET, lw=0.6, alpha=0.6)
        axes.plot(phi, np.where(stable, share, np.nan), color=style.COLOURS[0], lw=2.6)
    places = record.sizes["place"]
    axes.set_yscale("log")
    ticks = [1 / places, *(1 / k for k in (12, 4, 2, 1) if k < places)]
    axes.set_yticks(ticks, [f"1/{round(1 / tick)}" if tick < 1 else "1" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="y")
    axes.set(
        xlim=(float(record["phi"].min()), float(record["phi"].max())),
        xlabel="freeness of trade between neighbours, phi",
        ylabel="share of the largest place",
    )
    for i in range(shown):
        cell = figure.add_subplot(grid[1 + i // columns, i % columns])
        x = record["pattern"].values[i]
        points, values = _tiled(record, x)
        cell.scatter(points[:, 0], points[:, 1], s=3, color=style.QUIET, alpha=0.5)
        most = np.clip(22 * len(x) / max((x > 1e-6).sum(), 1), 22, 110)
        area = most * values / max(values.max(), 1e-12)
        discs = np.where(values > 1e-6, area, 0)
        cell.scatter(points[:, 0], points[:, 1], s=discs, color=style.COLOURS[0], clip_on=False)
        _frame(cell, record)
        cell.set_title(
            f"{record['pattern_label'].values[i]}\n"
            f"{record['pattern_from'].values[i]:.3f} to {record['pattern_to'].values[i]:.3f}",
            loc="center",
            fontsize=8,
            fontweight="normal",
        )
    return figure


def _draw_modes(record: xr.Dataset) -> Figure:
    values = record["mode_phi"].values
    starts = np.flatnonzero(np.diff(values, prepend=-1.0) > 1e-9)
    ends = [*starts[1:], len(values)]
    rows = [
        (i, [j for j in range(i, end) if j - i < _COLUMNS])
        for i, end in zip(starts, ends, strict=True)
    ]
    columns = max((len(members) for _, members in rows), default=1)
    figure, panels = plt.subplots(
        max(len(rows), 1),
        columns,
        figsize=(1.15 * columns + 0.6, 1.3 * max(len(rows), 1)),
        squeeze=False,
    )
    for axes in panels.ravel():
        axes.axis("off")
    for row, (first, members) in zip(panels, rows, strict=False):
        for axes, j in zip(row, members, strict=False):
            points, mode = _tiled(record, record["mode"].values[j])
            strength = np.abs(mode) / np.abs(mode).max()
            colour = np.where(mode > 0, style.COLOURS[0], style.COLOURS[1])
            axes.scatter(points[:, 0], points[:, 1], s=1.5, color=style.QUIET, alpha=0.5)
            axes.scatter(points[:, 0], points[:, 1], s=14 * strength, c=colour)
            _frame(axes, record)
            axes.set_title(
                f"{record['mode_order'].values[j]} symmetries",
                loc="center",
                fontsize=6.5,
                fontweight="normal",
                pad=2,
            )
        size = record["mode_size"].values[first]
        row[0].text(
            -0.08,
            0.5,
            f"phi {values[first]:.3f}\n{size} modes",
            transform=row[0].transAxes,
            ha="right",
            va="center",
            fontsize=7.5,
        )
    return figure


def _tiled(record: xr.Dataset, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places and values of several periods, cut to a rectangle."""
    rows = int(record.attrs["rows"])
    base = record["coordinates"].values
    right = np.array([rows, 0.0])
    down = np.array([0.5 * rows, -np.sqrt(3) / 2 * rows])
    points = np.vstack([base + i * right + j * down for i in range(-2, 3) for j in range(2)])
    repeated = np.tile(values, 10)
    wide, tall = _window(record)
    inside = (points[:, 0] > -0.6) & (points[:, 0] < wide) & (points[:, 1] > -tall)
    return points[inside], repeated[inside]


def _window(record: xr.Dataset) -> tuple[float, float]:
    rows = int(record.attrs["rows"])
    return 2 * rows - 0.4, 2 * rows * np.sqrt(3) / 2 - 0.4


def _frame(axes: Axes, record: xr.Dataset) -> None:
    wide, tall = _window(record)
    axes.set(xlim=(-0.9, wide + 0.3), ylim=(-tall - 0.2, 0.8), aspect="equal")
    axes.axis("off")
