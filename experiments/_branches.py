"""Diagrams of many places: branches and where random starts end, as records and as lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from neg.diagrams.diagram import Diagram
from neg.figures import style

EMPTY = 1e-6
"""Share below which a place is no centre."""

_LOOKS = {True: style.COLOURS[0], False: style.COLOURS[1]}


def record(found: Sequence[Diagram], regular: Callable[[np.ndarray], bool]) -> xr.Dataset:
    """Branches by the share of the largest place, and the states in which random starts end.

    ``panel`` says which diagram a branch or state belongs to; ``regular`` which distributions
    count as regular patterns. Dimensions: branch, point, state, value (searched), place.
    """
    curves = [(k, b) for k, one in enumerate(found) for b in one.branches]
    outlines = [branch.outline() for _, branch in curves]
    longest = max(len(phi) for phi, _, _ in outlines)
    places = max(one.model.groups.cells for one in found)
    ends = [(k, s) for k, one in enumerate(found) for s in one.basins.states if s.starts]
    sought = [(k, v) for k, one in enumerate(found) for v in one.basins.values]
    middle = [_calm(x, stable) for _, x, stable in outlines]
    points, ended = ("branch", "point"), "state"
    return xr.Dataset(
        {
            "phi": (points, _rows([o[0] for o in outlines], longest), {"units": "1"}),
            "largest": (
                points,
                _rows([o[1].max(axis=1) for o in outlines], longest),
                {"units": "share"},
            ),
            "stable": (points, _rows([o[2] for o in outlines], longest), {"units": "1"}),
            "branch_panel": ("branch", [k for k, _ in curves], {"units": "1"}),
            "branch_regular": ("branch", [int(regular(x)) for x in middle], {"units": "1"}),
            "state_panel": (ended, [k for k, _ in ends], {"units": "1"}),
            "state_phi": (ended, [s.value for _, s in ends], {"units": "1"}),
            "state_x": (
                (ended, "place"),
                _rows([s.x for _, s in ends], places),
                {"units": "share"},
            ),
            "state_share": (ended, [s.share for _, s in ends], {"units": "share of starts"}),
            "state_branch": (ended, [s.branch for _, s in ends], {"units": "1"}),
            "state_regular": (ended, [int(regular(s.x)) for _, s in ends], {"units": "1"}),
            "value_panel": ("value", [k for k, _ in sought], {"units": "1"}),
            "value_phi": ("value", [v for _, v in sought], {"units": "1"}),
        },
        coords={
            "branch": np.arange(len(curves)),
            "point": np.arange(longest),
            "state": np.arange(len(ends)),
            "value": np.arange(len(sought)),
            "place": np.arange(places),
        },
    )


def _rows(rows: Sequence[np.ndarray], width: int) -> np.ndarray:
    return np.array([np.pad(r, (0, width - len(r)), constant_values=np.nan) for r in rows])


def _calm(x: np.ndarray, stable: np.ndarray) -> np.ndarray:
    """The distribution in the middle of a branch, of its stable part if it has one."""
    calm = np.flatnonzero(stable == 1)
    return x[calm[len(calm) // 2]] if len(calm) else x[len(x) // 2]


def searched(found: Diagram, most: int) -> str:
    """What a caption must say of how the states in it were found, and which may be missing."""
    basins = found.basins
    apart = sum(parent == (-1, -1) for parent in found.parents)
    return (
        f"Searched: everything that leaves the even distribution and full agglomeration, the least "
        f"unstable first, up to {most} branches; and whatever the replicator dynamics reach from "
        f"{basins.starts} random starts (uniform over all distributions) and from the patterns "
        f"that symmetry keeps at rest, at {len(basins.values)} values of φ from "
        f"{basins.values[0]:.3g} to {basins.values[-1]:.3g}; {len(found)} branches in all, "
        f"{apart} of them found from starts. Stable states that few starts reach, or that exist "
        "only between these values, can be missing."
    )


def uneven(data: xr.Dataset, panel: int) -> tuple[float, int, int]:
    """Of the values of φ at which several states are stable or the one is not regular: share of
    random starts that end in states without a regular pattern; how many states; at how many
    values."""
    mine = data.isel(state=np.flatnonzero(data["state_panel"].values == panel))
    phi, share = mine["state_phi"].values, mine["state_share"].values
    regular = mine["state_regular"].values == 1
    odd = [phi_ for phi_ in np.unique(phi) if not regular[phi == phi_].all()]
    inside = np.isin(phi, odd)
    total = share[inside].sum()
    kinds = len(np.unique(mine["state_branch"].values))
    return float(share[inside & ~regular].sum() / total) if total else 0.0, kinds, len(odd)


def draw_branches(axes: Axes, data: xr.Dataset, panel: int, places: int, ticks: list[int]) -> None:
    """Branches by the share of the largest place: stable ones thick; dots where starts end."""
    for i in np.flatnonzero(data["branch_panel"].values == panel):
        phi, share = data["phi"].values[i], data["largest"].values[i]
        stable = data["stable"].values[i] == 1
        colour = _LOOKS[bool(data["branch_regular"].values[i])]
        axes.plot(phi, share, color=style.QUIET, lw=0.4, alpha=0.45, zorder=2)
        axes.plot(phi, np.where(stable, share, np.nan), color=colour, lw=1.7, zorder=3)
    for i in np.flatnonzero(data["state_panel"].values == panel):
        axes.scatter(
            data["state_phi"].values[i],
            np.nanmax(data["state_x"].values[i]),
            s=2 + 28 * data["state_share"].values[i],
            color=_LOOKS[bool(data["state_regular"].values[i])],
            edgecolor="white",
            linewidth=0.25,
            zorder=4,
        )
    axes.set_yscale("log")
    axes.set_yticks([1 / k for k in ticks], [f"1/{k}" if k > 1 else "1" for k in ticks])
    axes.minorticks_off()
    axes.set_ylim(0.85 / places, 1.25)


def draw_shares(axes: Axes, data: xr.Dataset, panel: int) -> None:
    """Share of random starts that end in regular patterns, and in others, one bar a value."""
    mine = np.flatnonzero(data["state_panel"].values == panel)
    phi, share = data["state_phi"].values[mine], data["state_share"].values[mine]
    regular = data["state_regular"].values[mine] == 1
    values = np.sort(data["value_phi"].values[data["value_panel"].values == panel])
    width = 0.6 * np.median(np.diff(values)) if len(values) > 1 else 0.1
    low = np.array([share[(phi == v) & regular].sum() for v in values])
    high = np.array([share[(phi == v) & ~regular].sum() for v in values])
    axes.bar(values, 100 * low, width, color=_LOOKS[True])
    axes.bar(values, 100 * high, width, bottom=100 * low, color=_LOOKS[False])
    axes.set(ylim=(0, 100), yticks=[0, 50, 100])


def handles(regular: str, other: str) -> list[Any]:
    """Entries of a legend for both kinds of states and for what is unstable."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=_LOOKS[True], lw=1.7, label=f"stable: {regular}"),
        Line2D([], [], color=_LOOKS[False], lw=1.7, label=f"stable: {other}"),
        Line2D([], [], color=style.QUIET, lw=0.6, label="unstable"),
        Line2D([], [], color=style.QUIET, marker="o", ls="", ms=3.5, label="random starts end"),
    ]
