"""How break and sustain points answer to every parameter: elasticities by implicit derivatives.

A threshold is a trade cost at which a growth rate or a payoff gap is zero; its derivative with
respect to any parameter is that of the condition over that with respect to trade costs, with the
response of the equilibrium included. Each is held against thresholds searched anew at parameters
a little lower and higher.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from neg.breakpoints.thresholds import Threshold, thresholds
from neg.economy.model import Model
from neg.figures import style
from neg.models import get_model

CONFIG: dict[str, Any] = {
    "models": ["core-periphery", "puga-immobile"],
    "change": 1e-3,  # relative change of a parameter for the comparison
}
SMOKE = {"models": ["pflueger"]}

_SYMBOLS = {
    "sigma": "σ",
    "mu": "μ",
    "gamma": "γ",
    "m": "m",
    "theta": "θ",
    "rho_L": "ρ_L",
    "alpha": "α",
    "a": "a",
}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Thresholds of each model, their elasticities, and the same by searching again."""
    rows: list[tuple[str, Threshold, str, float, float]] = []
    for k, name in enumerate(config["models"]):
        progress(k, len(config["models"]), name)
        model = get_model(name)()
        found = thresholds(model, "tau").points
        slopes = [point.gradient() for point in found]
        for parameter in slopes[0]:
            value = float(model.get(parameter))
            again = _searched(model, parameter, value, config["change"])
            for point, slope, moved in zip(found, slopes, again, strict=True):
                scale = value / point.value
                rows.append((name, point, parameter, slope[parameter] * scale, moved * scale))
    table = np.array([(row[1].value, row[3], row[4]) for row in rows])
    gap = float(np.abs(table[:, 1] - table[:, 2]).max())
    top = max(rows, key=lambda row: abs(row[3]))
    good = all(row[1].converged for row in rows)
    label = [f"{row[1].kind}, τ = {row[1].value:.3f}" for row in rows]
    return xr.Dataset(
        {
            "threshold": ("row", table[:, 0], {"units": "iceberg trade cost"}),
            "elasticity": ("row", table[:, 1], {"units": "1"}),
            "searched_elasticity": ("row", table[:, 2], {"units": "1"}),
        },
        coords={
            "row": np.arange(len(rows)),
            "model": ("row", [row[0] for row in rows]),
            "label": ("row", label),
            "parameter": ("row", [row[2] for row in rows]),
            "meaning": ("row", [_meaning(row[0], row[2]) for row in rows]),
        },
        attrs={
            "title": "Sensitivity of break and sustain points",
            "caption": (
                "Elasticity of each break and sustain point (its trade cost τ) with respect to "
                "each parameter, at default parameters: per cent by which the threshold moves "
                f"when the parameter rises by one per cent. The largest is {top[3]:+.2f}, of the "
                f"{top[1].kind} point τ = {top[1].value:.3f} of {top[0]} with respect to "
                f"{_SYMBOLS.get(top[2], top[2])}. Models: {', '.join(config['models'])}, chosen in "
                "the configuration. Derivatives are implicit; thresholds searched "
                f"anew after small changes give the same within {gap:.0e}."
            ),
            "status": "converged" if good else "not converged",
        },
    )


def _searched(model: Model, parameter: str, value: float, change: float) -> np.ndarray:
    """Central difference of all thresholds with respect to a parameter."""
    step = value * change
    low, high = (
        np.array([p.value for p in thresholds(model.with_(**{parameter: at}), "tau").points])
        for at in (value - step, value + step)
    )
    return (high - low) / (2.0 * step)


def _meaning(model: str, parameter: str) -> str:
    return get_model(model).parameters()[parameter].meaning


def draw(record: xr.Dataset) -> Figure:
    """Grouped bars, one panel for each model."""
    names = list(dict.fromkeys(record["model"].values))
    widths = [len(set(record["parameter"].values[record["model"].values == n])) for n in names]
    figure, grid = plt.subplots(
        len(names),
        1,
        figsize=(7.6, 1.0 + 0.6 * sum(widths)),
        height_ratios=widths,
        sharex=True,
        squeeze=False,
    )
    for ax, name in zip(grid.flat, names, strict=True):
        _bars(ax, record.isel(row=np.flatnonzero(record["model"].values == name)))
        ax.set_title(name)
    grid[-1, 0].set_xlabel("elasticity of the threshold τ")
    return figure


def _bars(axes: Axes, one: xr.Dataset) -> None:
    labels = list(dict.fromkeys(one["label"].values))
    parameters = list(dict.fromkeys(one["parameter"].values))
    height = 0.8 / len(labels)
    for k, label in enumerate(labels):
        chosen = one.isel(row=np.flatnonzero(one["label"].values == label))
        at = np.arange(len(parameters)) + (k - 0.5 * (len(labels) - 1)) * height
        values = chosen["elasticity"].values
        colour = to_rgb(style.COLOURS[0 if str(label).startswith("break") else 1])
        if any(other.split(",")[0] == label.split(",")[0] for other in labels[:k]):
            red, green, blue = colour  # the second one of a bell: lighter
            colour = (0.5 + 0.5 * red, 0.5 + 0.5 * green, 0.5 + 0.5 * blue)
        bars = axes.barh(at, values, 0.9 * height, color=colour, label=str(label))
        texts = [style.number(v, "+.3f") if abs(v) > 5e-4 else "0" for v in values]
        axes.bar_label(bars, texts, padding=3, fontsize=7.5)
    meanings = dict(zip(one["parameter"].values, one["meaning"].values, strict=True))
    axes.set_yticks(
        range(len(parameters)), [f"{meanings[p]} {_SYMBOLS.get(p, p)}" for p in parameters]
    )
    axes.invert_yaxis()
    axes.axvline(0.0, color=style.QUIET, lw=0.7)
    axes.margins(x=0.22)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.2)
