"""Maps of the Mekong corridor: traffic on its links, and who wins and who loses."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from experiments._words import settings
from neg import data
from neg.figures import style

ECONOMIES = ("THA", "LAO", "VNM", "KHM", "MMR")
MODES = {"road": 0, "sea": 5, "air": 3}
_EXTENT = (95.5, 110.0, 8.3, 23.2)
_NAMED = {
    "Bangkok": (-7, -2, "right"),
    "Hanoi": (0, 7, "center"),
    "Savannakhet": (4, -11, "left"),
    "Ho Chi Minh City": (3, -12, "center"),
    "Vientiane": (-5, 5, "right"),
    "Da Nang": (2, 7, "center"),
    "Yangon": (0, 7, "center"),
    "Phnom Penh": (-3, 7, "right"),
}


def gains_of(record: xr.Dataset) -> xr.DataArray:
    """Change of real income in places of the corridor, per cent."""
    income = record["real_income"]
    change = 100.0 * (income.sel(case="after") / income.sel(case="before") - 1.0)
    return change[np.isin(record["economy"], ECONOMIES)]


def inside(record: xr.Dataset) -> np.ndarray:
    """Links with both ends in the part of the map that is shown."""
    west, east, south, north = _EXTENT
    lon, lat = record["lon"], record["lat"]
    shown = ((lon > west) & (lon < east) & (lat > south) & (lat < north)).values
    at = dict(zip(record["node"].values, shown, strict=True))
    ends = zip(record["start"].values, record["end"].values, strict=True)
    return np.array([at[a] and at[b] for a, b in ends])


def _ground(axes: Axes) -> None:
    axes.set_facecolor(style.SEA)
    for rings in data.borders().values():
        for ring in rings:
            axes.fill(*ring.T, facecolor="white", edgecolor=style.QUIET, lw=0.4, zorder=0)
    west, east, south, north = _EXTENT
    axes.set(xticks=[], yticks=[], xlim=(west, east), ylim=(south, north), aspect="equal")
    axes.spines[:].set_visible(False)


def _positions(record: xr.Dataset) -> dict[str, np.ndarray]:
    at = np.column_stack([record["lon"].values, record["lat"].values])
    return dict(zip(record["node"].values, at, strict=True))


def traffic_map(axes: Axes, record: xr.Dataset, traffic: xr.DataArray, top: float) -> None:
    _ground(axes)
    at, shown = _positions(record), settings(record)["shown"]
    bend = {"road": 0.0, "sea": -0.12, "air": 0.15}
    rows = zip(
        traffic.values,
        record["start"].values,
        record["end"].values,
        record["kind"].values,
        inside(record),
        strict=True,
    )
    for load, start, end, mode, visible in rows:
        if not visible or load < shown * top:
            continue
        a, b = at[start], at[end]
        t = np.linspace(0.0, 1.0, 30)[:, None]
        across = np.array([-(b - a)[1], (b - a)[0]]) * bend[mode]
        way = a + t * (b - a) + 4.0 * t * (1.0 - t) * across
        width = 0.3 + 5.0 * np.sqrt(load / top)
        axes.plot(
            *way.T, color=style.COLOURS[MODES[mode]], lw=width, alpha=0.8, solid_capstyle="round"
        )
    _names(axes, at)


def _names(axes: Axes, at: dict[str, np.ndarray]) -> None:
    for name, (dx, dy, side) in _NAMED.items():
        if name in at:
            axes.plot(*at[name], "o", color=style.INK, ms=2.0, zorder=5)
            axes.annotate(
                name,
                tuple(at[name]),
                (dx, dy),
                textcoords="offset points",
                ha=side,
                zorder=6,
                path_effects=halo(),
            )


def halo() -> list[Any]:
    return [withStroke(linewidth=2.0, foreground="white")]


def changes(figure: Figure, axes: Axes, record: xr.Dataset) -> None:
    _ground(axes)
    gains, at = gains_of(record), _positions(record)
    known = [name for name in gains["place"].values if name in at]
    points = np.array([at[name] for name in known])
    values = gains.sel(place=known).values
    size = 4.0 + 60.0 * np.sqrt(
        record["people"].sel(case="before", place=known).values
        / float(record["people"].sel(place=known).max())
    )
    high = max(float(np.abs(values).max()), 1e-9)
    drawn = axes.scatter(
        points[:, 0],
        points[:, 1],
        c=values,
        s=size,
        cmap=style.DIVERGING,
        zorder=4,
        norm=TwoSlopeNorm(0.0, -high, high),
        edgecolors=style.INK,
        linewidths=0.4,
    )
    figure.colorbar(
        drawn, ax=axes, shrink=0.8, aspect=28, pad=0.02, label="real income, change in %"
    )
    axes.set_title("Change by place")
