"""Figures of a result: who gains by place; over what was swept; by layers of time."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neg.figures import style
from neg.figures.bars import ranked_bars
from neg.scenario_files.result import Solved

_MOST = 24
_LINES = 6


def figures_of(result: Solved) -> dict[str, tuple[Any, str]]:
    """Figures by the stem of their file, each with its caption."""
    draw = _swept if result.swept else _bars
    found: dict[str, tuple[Any, str]] = {}
    for name, change in result.dataset.data_vars.items():
        by_place = change.dims in (("case", "place"), ("scenario", "place"))
        if str(name).endswith("_change") and by_place and np.isfinite(change).any():
            found |= draw(result, str(name), change)
    if "time_layers" in result.dataset and not result.swept:
        found |= _time_layers(result.dataset["time_layers"])
    return found


def _about(change: xr.DataArray) -> tuple[str, str]:
    label = str(change.attrs.get("label", "change"))
    unit = str(change.attrs.get("units", ""))
    return label, f"{label}, {'%' if unit == 'per cent' else unit}"


def _bars(result: Solved, name: str, change: xr.DataArray) -> dict[str, tuple[Any, str]]:
    rows = [row for row in change["scenario"].values if np.isfinite(change.sel(scenario=row)).any()]
    found = {}
    for row in rows:
        values = change.sel(scenario=row).to_series().dropna()
        label, written = _about(change)
        with style.house():
            figure, axes = _column(0.6 + 0.155 * min(len(values), _MOST))
            ranked_bars(axes, values, label=written, most=_MOST, digits=".3f")
            style.headline(figure, f"{row}: {label}")
        caption = f"{label.capitalize()} by place under {row}, against its baseline."
        if len(values) > _MOST:
            caption += f" The {_MOST} places that change most."
        found[f"{name}_{row}" if len(rows) > 1 else name] = (figure, caption)
    return found


def _column(height: float) -> tuple[Any, Any]:
    figure, axes = style.sheet(height=height, width="column")
    figure.set_layout_engine("constrained")
    return figure, axes


def _swept(result: Solved, name: str, change: xr.DataArray) -> dict[str, tuple[Any, str]]:
    """Lines over the first path that has several numbers, the others at their first values."""
    paths = [path for path in result.scenarios[0].sweep if path != "cases"]
    along = [p for p in paths if _several(result.dataset[p])]
    if not along:
        return {}
    over, rest = along[0], [p for p in paths if p != along[0]]
    keep = np.ones(change.sizes["case"], dtype=bool)
    for path in rest:
        values = result.dataset[path].values
        keep &= values == values[0]
    some = change.isel(case=keep)
    x = result.dataset[over].isel(case=keep).values.astype(float)
    order = np.argsort(x)
    spread = abs(some).max("case").to_series().dropna().sort_values(ascending=False)
    label, written = _about(change)
    with style.house():
        figure, axes = _column(2.4)
        for number, place in enumerate(spread.index[:_LINES]):
            y = some.sel(place=place).values[order]
            axes.plot(x[order], y, color=style.COLOURS[number], label=str(place), lw=1.4)
        axes.axhline(0.0, color=style.QUIET, lw=0.7)
        axes.set(xlabel=over, ylabel=written)
        axes.legend(
            fontsize=style.SMALLEST,
            ncols=3,
            frameon=False,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
        )
        style.headline(figure, f"{result.scenarios[0].name}: {label}")
    caption = f"{label.capitalize()} over {over}; the {min(_LINES, len(spread))} places that "
    caption += "change most."
    if rest:
        held = ", ".join(f"{path} = {result.dataset[path].values[0]}" for path in rest)
        caption += f" Held: {held}."
    return {name: (figure, caption)}


def _several(values: xr.DataArray) -> bool:
    return values.dtype.kind == "f" and len(np.unique(values)) > 1


def _time_layers(share: xr.DataArray) -> dict[str, tuple[Any, str]]:
    rows = [str(row) for row in share["scenario"].values]
    with style.house():
        figure, axes = _column(0.7 + 0.3 * len(rows))
        left = np.zeros(len(rows))
        for number, layer in enumerate(share["time_layer"].values):
            width = share.sel(time_layer=layer).values
            axes.barh(rows, width, left=left, color=style.COLOURS[number], label=str(layer))
            left = left + width
        axes.set(xlabel="share of transactions between places on the network", xlim=(0, 1))
        axes.invert_yaxis()
        axes.legend(
            fontsize=style.SMALLEST,
            ncols=4,
            frameon=False,
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
        )
        style.headline(figure, "Transactions by hours from door to door")
    caption = "Layers: below 2.5 hours, to 7 days, to 14 days, beyond; pairs on the network only."
    return {"time_layers": (figure, caption)}
