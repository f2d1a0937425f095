"""Hexagonal lattice: which patterns of centres leave the even plain, and which ones last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import _branches
from neg.bifurcation.branch import Branch
from neg.bifurcation.switching import exits
from neg.bifurcation.symmetry import pattern
from neg.diagrams.diagram import Diagram, Most, Search, diagram
from neg.figures import style
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.places.layouts import hexagonal_torus

CONFIG: dict[str, Any] = {
    "rows": 6,
    "sigma": 5.0,
    "mu": 0.4,
    "low": 0.15,
    "high": 0.75,
    "max_branches": 12,
    "values": 11,
    "starts": 40,
}
SMOKE: dict[str, Any] = {"rows": 3, "max_branches": 4, "values": 4, "starts": 6}

_COLUMNS = 8
_SHOWN = 10


def run(config: Mapping[str, Any], progress: Callable[[int, int, str], None]) -> xr.Dataset:
    """The diagram of the footloose-entrepreneur model on a hexagonal torus."""
    geography = hexagonal_torus(config["rows"])
    model = FootlooseEntrepreneur(
        geography=geography, sigma=config["sigma"], mu=config["mu"]
    ).with_(phi=config["low"])
    progress(0, 1, "following branches")
    found = diagram(
        model,
        "phi",
        config["low"],
        config["high"],
        most=Most(branches=config["max_branches"]),
        search=Search(values=config["values"], starts=config["starts"]),
    )
    data = _branches.record([found], _alike)
    modes = _modes(found)
    shown = _most_reached(found)
    early = sum(not branch.converged for branch in found.branches)
    share, kinds, values = _branches.uneven(data, 0)
    stable = sum(bool((branch.outline()[2] == 1).any()) for branch in found.branches)
    data["pattern"] = (("kind", "place"), np.array([p["x"] for p in shown]), {"units": "share"})
    for name in ("low", "high", "at", "share", "centres"):
        data[f"pattern_{name}"] = ("kind", [p[name] for p in shown], {"units": "1"})
    data["mode"] = (("mode_number", "place"), np.array([m["x"] for m in modes]), {"units": "1"})
    for name, unit in (("phi", "1"), ("size", "modes"), ("order", "symmetries")):
        data[f"mode_{name}"] = ("mode_number", [m[name] for m in modes], {"units": unit})
    data["coordinates"] = (("place", "axis"), np.asarray(geography.coordinates), {"units": "1"})
    breaks = len(np.unique(np.round([m["phi"] for m in modes], 9)))
    labels: dict[str, Any] = {"kind": np.arange(len(shown)), "mode_number": np.arange(len(modes))}
    labels |= {"place": list(geography.names), "axis": ["east", "north"]}
    return data.assign_coords(labels).assign_attrs(
        title=(
            f"A hexagonal plain can rest in at least {stable} different patterns of centres: "
            f"{100 * share:.0f} % of random starts end where centres differ in size"
        ),
        title_modes=(
            f"Between φ = {config['low']:g} and {config['high']:g} the even plain breaks {breaks} "
            f"times, towards {len(modes)} patterns"
        ),
        caption=_caption(config, found, share, kinds, values),
        caption_modes=_caption_modes(config, found),
        status="converged" if not early else f"{early} branches ended early",
        rows=config["rows"],
    )


def _plain(config: Mapping[str, Any]) -> str:
    return (
        f"on a hexagonal lattice of {config['rows']} by {config['rows']} places without an edge "
        f"(footloose entrepreneur, σ = {config['sigma']:g}, μ = {config['mu']:g})"
    )


def _caption(
    config: Mapping[str, Any], found: Diagram, share: float, kinds: int, values: int
) -> str:
    first = found.branches[0].of_kind("branch point")
    broken = f" The even plain breaks at φ = {first[0].parameter:.4f}." if first else ""
    return (
        f"Entrepreneurs {_plain(config)}; replicator dynamics. Above, branches of equilibria by "
        "the share of the largest place, one of each class of mirror images: thick where stable, "
        "thin where not; blue where all centres are alike. Dots are the states in which random "
        f"starts end, their area the share of starts; in the middle, the share that ends where "
        f"centres are alike and where they differ ({100 * share:.0f} % over {values} values of φ "
        f"at which some differ; {kinds} different states over all φ).{broken} Below, the states "
        "that most "
        f"random starts reach, at most {_SHOWN}, in the order of φ: discs are shares, beside the "
        "largest of the panel; range of φ in which the state is stable; share of starts that end "
        "in it at the value of φ at which most do. Four periods each. "
        + _branches.searched(found, config["max_branches"])
    )


def _caption_modes(config: Mapping[str, Any], found: Diagram) -> str:
    return (
        f"Entrepreneurs {_plain(config)}: every direction in which a branch leaves the even plain "
        f"between φ = {config['low']:g} and {config['high']:g} by the equivariant branching lemma, "
        f"which names patterns that alone have their symmetry (of {found.group.order} symmetries) "
        "among the critical modes. Above each the φ of its break point and how many modes are "
        "critical there; below how many symmetries it keeps. Blue places grow, orange ones shrink. "
        "Directions whose reverse is a mirror image are drawn once. Fixed spaces of two and more "
        "dimensions, of which the lemma says nothing, are not searched."
    )


def _alike(x: np.ndarray) -> bool:
    """Whether all places that are used have the same share."""
    return bool(np.ptp(x[x > _branches.EMPTY]) < _branches.EMPTY)


def _most_reached(found: Diagram) -> list[dict[str, Any]]:
    """The branches that most random starts reach, each where most do, in the order of φ."""
    best: dict[int, Any] = {}
    for state in found.basins.states:
        if state.branch not in best or state.share > best[state.branch].share:
            best[state.branch] = state
    ranked = sorted(best.items(), key=lambda pair: -pair[1].share)[:_SHOWN]
    patterns = []
    for number, state in sorted(ranked, key=lambda pair: pair[1].value):
        calm = np.zeros(0)
        if number >= 0:
            phi, _, stable = found.branches[number].outline()
            calm = phi[(stable == 1) & np.isfinite(phi)]
        centres = pattern(state.x).split(" ")[0]
        patterns.append(
            {
                "x": state.x,
                "low": calm.min(initial=state.value),
                "high": calm.max(initial=state.value),
                "at": state.value,
                "share": state.share,
                "centres": centres,
            }
        )
    return patterns


def _modes(found: Diagram) -> list[dict[str, Any]]:
    """Directions that leave the even distribution, one after the other."""
    even: Branch = found.branches[0]
    return [
        {
            "x": way.heading,
            "phi": point.parameter,
            "size": point.multiplicity,
            "order": way.symmetry.order,
        }
        for point in even.of_kind("branch point")
        for way in exits(even, point, found.group)[0]
    ]


def draw(record: xr.Dataset) -> dict[str, Figure]:
    """The diagram with its stable patterns, and all directions that leave the even plain."""
    return {"patterns": _draw_patterns(record), "modes": _draw_modes(record)}


def _draw_patterns(record: xr.Dataset) -> Figure:
    shown = record.sizes["kind"]
    columns = 5
    rows = -(-shown // columns)
    figure = plt.figure(figsize=(7.2, 3.6 + 1.55 * rows))
    grid = figure.add_gridspec(2 + rows, columns, height_ratios=[2.4, 0.7] + [1.6] * rows)
    axes = figure.add_subplot(grid[0, :])
    below = figure.add_subplot(grid[1, :], sharex=axes)
    places = record.sizes["place"]
    ticks = [k for k in (1, 2, 3, 4, 6, 9, 12, 18, 36) if k < places] + [places]
    _branches.draw_branches(axes, record, 0, places, ticks)
    _branches.draw_shares(below, record, 0)
    values = record["value_phi"].values
    margin = 0.03 * np.ptp(values)
    axes.set_xlim(values.min() - margin, values.max() + margin)
    axes.tick_params(labelsize=7.5, labelbottom=False)
    below.tick_params(labelsize=7.5)
    axes.set_ylabel("share of the\nlargest place", fontsize=8)
    below.set_ylabel("% of starts", fontsize=8)
    below.set_xlabel("freeness of trade between neighbours, φ", fontsize=8)
    axes.legend(
        handles=_branches.handles("centres alike", "centres differ"),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        fontsize=7.5,
        handlelength=1.6,
        frameon=False,
    )
    for i in range(shown):
        cell = figure.add_subplot(grid[2 + i // columns, i % columns])
        points, x = _tiled(record, record["pattern"].values[i], 2.0)
        cell.plot(points[:, 0], points[:, 1], ".", ms=0.8, color=style.QUIET, alpha=0.6, zorder=1)
        alike = _alike(record["pattern"].values[i])
        most = np.clip(1000 / max((x > _branches.EMPTY).sum(), 1), 9, 40)
        discs = np.where(x > _branches.EMPTY, most * x / max(x.max(), 1e-12), 0)
        colour = style.COLOURS[0 if alike else 1]
        cell.scatter(points[:, 0], points[:, 1], s=discs, color=colour, linewidth=0, zorder=2)
        _frame(cell, record, 2.0)
        count, low, high, share, at = (
            record[f"pattern_{name}"].values[i]
            for name in ("centres", "low", "high", "share", "at")
        )
        cell.set_title(
            f"{count} centre{'s' * int(str(count) != '1')}\n"
            f"φ {low:.2f}–{high:.2f}\n{100 * share:.0f} % at {at:.2f}",
            loc="center",
            fontsize=7,
            fontweight="normal",
            pad=2,
        )
    return figure


def _draw_modes(record: xr.Dataset) -> Figure:
    count = record.sizes["mode_number"]
    columns = min(_COLUMNS, max(count, 1))
    rows = max(-(-count // columns), 1)
    figure, panels = plt.subplots(rows, columns, figsize=(7.2, 1.17 * rows + 0.1), squeeze=False)
    for axes in panels.ravel():
        axes.axis("off")
    for axes, j in zip(panels.ravel(), range(count), strict=False):
        points, mode = _tiled(record, record["mode"].values[j], 1.0)
        strength = np.abs(mode) / np.abs(mode).max()
        colour = np.where(mode > 0, style.COLOURS[0], style.COLOURS[1])
        axes.plot(points[:, 0], points[:, 1], ".", ms=0.8, color=style.QUIET, alpha=0.6, zorder=1)
        axes.scatter(points[:, 0], points[:, 1], s=13 * strength, c=colour, linewidth=0, zorder=2)
        _frame(axes, record, 1.0)
        size = record["mode_size"].values[j]
        axes.set_title(
            f"{record['mode_phi'].values[j]:.3f}, {size} mode{'s' * int(size != 1)}",
            loc="center",
            fontsize=7,
            fontweight="normal",
            pad=2,
        )
        axes.text(
            0.5,
            -0.02,
            f"keeps {record['mode_order'].values[j]}",
            transform=axes.transAxes,
            ha="center",
            va="top",
            fontsize=7,
        )
    return figure


def _tiled(record: xr.Dataset, values: np.ndarray, periods: float) -> tuple[np.ndarray, np.ndarray]:
    """Places and values of some periods, cut to a rectangle."""
    rows = int(record.attrs["rows"])
    base = record["coordinates"].values
    right = np.array([rows, 0.0])
    down = np.array([0.5 * rows, -np.sqrt(3) / 2 * rows])
    points = np.vstack([base + i * right + j * down for i in range(-2, 3) for j in range(3)])
    repeated = np.tile(values, 15)
    wide, tall = _window(record, periods)
    inside = (points[:, 0] > -0.6) & (points[:, 0] < wide) & (points[:, 1] > -tall)
    return points[inside], repeated[inside]


def _window(record: xr.Dataset, periods: float) -> tuple[float, float]:
    """Width and height: a little over one period shows that the pattern goes on."""
    rows = int(record.attrs["rows"])
    across = periods * rows + (0.6 if periods < 2 else -0.4)
    return across, across * np.sqrt(3) / 2


def _frame(axes: Axes, record: xr.Dataset, periods: float) -> None:
    wide, tall = _window(record, periods)
    axes.set(xlim=(-0.9, wide + 0.3), ylim=(-tall - 0.2, 0.8), aspect="equal")
    axes.axis("off")
