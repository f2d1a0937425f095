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
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments._two_regions import MODELS
from experiments._words import listed
from neg.breakpoints.thresholds import Threshold, thresholds
from neg.economy.model import Model
from neg.figures import diagram as drawing
from neg.figures import style
from neg.models import get_model

CONFIG: dict[str, Any] = {
    "models": [name for name in MODELS if name != "footloose-capital"],  # it has no threshold
    "change": 1e-3,  # relative change of a parameter for the comparison
}
SMOKE = {"models": ["pflueger"]}

_NEAR = 0.02  # share of a threshold's value, on both sides, in which it is searched anew

_SYMBOLS = {
    "sigma": "σ",
    "mu": "μ",
    "gamma": "γ",
    "m": "m",
    "theta": "θ",
    "rho_L": "$ρ_L$",
    "rho": "ρ",
    "alpha": "α",
    "a": "a",
    "beta": "β",
    "delta": "δ",
    "kappa": "κ",
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
            for point, slope in zip(found, slopes, strict=True):
                moved = _searched(model, point, parameter, value, config["change"])
                scale = value / point.value
                rows.append((name, point, parameter, slope[parameter] * scale, moved * scale))
    table = np.array([(row[1].value, row[3], row[4]) for row in rows])
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
            "status": "converged" if good else "not converged",
        },
    )


def _searched(model: Model, point: Threshold, parameter: str, value: float, change: float) -> float:
    """Central difference of a threshold with respect to a parameter, searched anew near it."""
    step = value * change
    least = model.parameters()["tau"].low or 0.0
    reach = min(_NEAR * point.value, 0.5 * (point.value - least))
    around = (point.value - reach, point.value + reach)
    low, high = (
        min(
            (p.value for p in thresholds(moved, "tau", *around, nodes=5).points if _same(p, point)),
            key=lambda found: abs(found - point.value),
            default=float("nan"),
        )
        for moved in (model.with_(**{parameter: at}) for at in (value - step, value + step))
    )
    return (high - low) / (2.0 * step)


def _same(one: Threshold, other: Threshold) -> bool:
    return one.kind == other.kind


def _meaning(model: str, parameter: str) -> str:
    return get_model(model).parameters()[parameter].meaning


def describe(record: xr.Dataset) -> dict[str, str]:
    """The threshold and the parameter that matter most to it."""
    models = list(dict.fromkeys(map(str, record["model"].values)))
    top = record.isel(row=int(abs(record["elasticity"]).argmax("row")))
    kind, _, value = str(top["label"].values).partition(", τ = ")
    gap = float(abs(record["elasticity"] - record["searched_elasticity"]).max())
    words = []
    for parameter in dict.fromkeys(map(str, record["parameter"].values)):
        mine = record.isel(row=np.flatnonzero(record["parameter"].values == parameter))
        meanings = list(dict.fromkeys(map(str, mine["meaning"].values)))
        symbol = _SYMBOLS.get(parameter, parameter).replace("$", "")
        words.append(f"{symbol}: {' or '.join(meanings)}")
    return {
        "title": (
            f"The {kind} point of {top['model'].values} at τ = {value} is the most sensitive: "
            f"1 % on the {top['meaning'].values} moves it by {float(top['elasticity']):+.2f} %"
        ),
        "caption": (
            "Elasticity of each break point (circle) and sustain point (square) of the two-region "
            "models that have one in the trade cost τ with respect to each parameter, at default "
            "parameters (`neg models` lists them): per cent by which the threshold moves when the "
            "parameter rises by one per cent. Blue: the lower break or sustain point of a model, "
            f"orange: the upper one. {len(models)} models: {listed(models)}. {'; '.join(words)}. "
            "Derivatives are implicit, with the response of the equilibrium included. Theory, no "
            "data."
        ),
        "checks": f"thresholds searched anew after small changes give the same within {gap:.0e}",
    }


def draw(record: xr.Dataset) -> Figure:
    """A panel for each model: parameters in rows, thresholds as points."""
    names = list(dict.fromkeys(map(str, record["model"].values)))
    columns = min(3, len(names))
    groups = [names[k : k + columns] for k in range(0, len(names), columns)]
    count = lambda name: len(_parameters(record, name))
    heights = [max(map(count, group)) + 1.0 for group in groups]
    figure, grid = style.sheet(
        len(groups),
        columns,
        height=0.5 + 0.24 * sum(heights) + 0.42 * len(groups),
        height_ratios=heights,
        sharex=True,
        squeeze=False,
    )
    for ax in grid.flat[len(names) :]:
        ax.axis("off")
    for ax, name in zip(grid.flat, names, strict=False):
        one = record.isel(row=np.flatnonzero(record["model"].values == name))
        _points(ax, one, _parameters(record, name))
        ax.set_title(name)
    for k, ax in enumerate(grid.flat[: len(names)]):
        if k + columns >= len(names):
            ax.set_xlabel("elasticity of the threshold")
            ax.tick_params(labelbottom=True)
    return figure


def _parameters(record: xr.Dataset, name: str) -> list[str]:
    return list(dict.fromkeys(record["parameter"].values[record["model"].values == name]))


def _points(axes: Axes, one: xr.Dataset, parameters: list[str]) -> None:
    labels = list(dict.fromkeys(map(str, one["label"].values)))
    for kind in ("break", "sustain"):
        mine = [label for label in labels if label.startswith(kind)]
        for label, colour in zip(mine, style.COLOURS, strict=False):
            chosen = one.isel(row=np.flatnonzero(one["label"].values == label))
            at = [parameters.index(parameter) for parameter in chosen["parameter"].values]
            axes.plot(
                chosen["elasticity"].values,
                at,
                drawing.MARKERS[kind],
                ms=4.5,
                mfc="none",
                mec=colour,
                mew=1.2,
                zorder=3,
            )
    axes.set_yticks(range(len(parameters)), [_SYMBOLS.get(p, p) for p in parameters])
    axes.set_ylim(len(parameters) - 0.4, -0.6)
    axes.axvline(0.0, color=style.QUIET, lw=0.7, zorder=1)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="both")
