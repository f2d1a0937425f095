"""How strong may increasing returns be before industries leave? East Asia 2020, labour mobile.

The economy calibrated to the 2020 table (21 regions, 11 sectors, workers mobile between the
sectors of their region) has the observed allocation as an equilibrium at every scale elasticity.
The growth rate of the fastest deviation is followed from constant to full increasing returns, its
root is found, and beyond it the dynamics are followed to both sides of the unstable direction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import _east_asia
from neg import data
from neg.analysis import calibrate
from neg.analysis.returns import Beyond, ScaleLimit, equilibria_beyond, scale_limit
from neg.core.status import Status
from neg.economy.general import GeneralEconomy
from neg.figures import heat, style

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    "grid": [0.0, 0.3, 0.6, 0.8, 1.0],
    "beyond": 0.8,
    "directions": 1,
    "shown_places": 9,
}
SMOKE: dict[str, Any] = {"grid": [0.6, 0.8]}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Find where the observed allocation loses stability, and the equilibria beyond."""
    economy = calibrate(data.load_icio(), theta=config["theta"], uses="common", mobility="sectors")
    progress(0, 2, "growth of deviations")
    limit = scale_limit(economy, grid=config["grid"])
    progress(1, 2, "equilibria beyond")
    beyond = equilibria_beyond(economy.with_(scale=config["beyond"]), most=config["directions"])
    return _record(config, economy, limit, beyond)


def _record(
    config: dict[str, Any], economy: GeneralEconomy, limit: ScaleLimit, beyond: Beyond
) -> xr.Dataset:
    shape = economy.shape
    observed = np.asarray(economy.employment)

    def table(cells: Any) -> np.ndarray:
        values = np.full(shape[0] * shape[1], np.nan)
        values[np.asarray(economy.cell)] = np.asarray(cells)
        return values.reshape(shape)

    ends = [departure.equilibrium for departure in beyond.departures]
    workers = np.array([table(end.x) for end in ends])
    found = [any(end is known for known in beyond.equilibria) for end in ends]
    left = np.full((len(ends), *shape), np.nan)
    places, sectors = list(economy.places), list(economy.sectors)
    for k, departure in enumerate(beyond.departures):
        for time, place, sector in departure.leaving:
            left[k, places.index(place), sectors.index(sector)] = time
    cells, side = ("place", "sector"), ("side", "place", "sector")
    status = sorted({Status(int(end.status)).name.lower() for end in ends})
    return xr.Dataset(
        {
            "growth": ("alpha", limit.growth, {"units": "1", "label": "growth of a deviation"}),
            "pattern": (cells, limit.pattern.values, {"units": "1"}),
            "workers": (side, workers, {"units": "million USD of 2020 wages"}),
            "observed": (cells, observed, {"units": "million USD of 2020 wages"}),
            "left": (side, left, {"units": "1 / growth rate of payoff gaps of one"}),
            "growth_there": ("side", [float(end.growth) for end in ends], {"units": "1"}),
            "residual": ("side", [float(end.residual) for end in ends], {"units": "1"}),
            "stable_and_new": ("side", np.array(found, dtype=float), {"units": "1"}),
        },
        coords={
            "alpha": limit.alpha,
            "place": places,
            "sector": sectors,
            "side": [f"direction {1 + k // 2}, side {'+-'[k % 2]}" for k in range(len(ends))],
        },
        attrs={
            "title": "How strong may increasing returns be before industries leave?",
            "limit": limit.limit,
            "interval": list(limit.interval),
            "beyond": config["beyond"],
            "shown_places": config["shown_places"],
            "statement": beyond.statement,
            "caption": _caption(config, limit, beyond),
            "status": ", ".join([*status, "" if limit.converged else "limit not converged"]).strip(
                ", "
            ),
        },
    )


def _caption(config: dict[str, Any], limit: ScaleLimit, beyond: Beyond) -> str:
    worst = limit.pattern.isel(limit.pattern.argmax(...))  # type: ignore[arg-type]
    place = _east_asia.NAMES[str(worst.place.values)]
    stories = []
    for departure in beyond.departures:
        if not departure.leaving:
            continue
        _, where, first = departure.leaving[0]
        mine = [_word(sector) for _, home, sector in departure.leaving if home == where]
        stories.append(f"{', then '.join(mine[:3])} leaving {_east_asia.NAMES[where]}")
    return (
        "East Asia's sectors of 2020 stay where they are observed as long as the scale elasticity "
        f"is below {limit.limit:.3f} (between {limit.interval[0]:.4f} and "
        f"{limit.interval[1]:.4f}); beyond it a deviation grows, first in {place}, whose "
        f"industries live off foreign buyers. At {config['beyond']:g} the dynamics end, on either "
        f"side of the unstable direction, in an equilibrium with {'; or with '.join(stories)} "
        "(each named has lost half of its workers; colours end at 100 %). "
        f"{beyond.statement[0].upper()}{beyond.statement[1:]}. Trade elasticity "
        f"{config['theta']:g}, workers choose among the sectors of their region, one mix of "
        "origins for all uses; OECD table 2020, 21 regions and 11 sectors."
    )


def _word(sector: str) -> str:
    return sector.replace("other_", "other ").replace("_", " and ").replace("ict", "ICT")


def draw(record: xr.Dataset) -> Figure:
    """Growth against scale; the deviation that starts to grow; who leaves on either side."""
    sides = record.sizes["side"]
    figure, axes = plt.subplots(
        1,
        2 + sides,
        figsize=(5.0 + 3.4 * (1 + sides), 4.4),
        width_ratios=[1.25] + [1.0] * (1 + sides),
    )
    _growth(axes[0], record)
    change = 100.0 * (record["workers"] / record["observed"] - 1.0)
    moved = abs(record["pattern"]).max("sector") + abs(record["workers"] - record["observed"]).max(
        ("side", "sector")
    ) / record["observed"].sum("sector")
    order = np.argsort(-moved.values)[: int(record.attrs["shown_places"])]
    places = [str(p) for p in record["place"].values[order]]
    names = [_east_asia.NAMES[p] for p in places]
    sectors = [_word(str(s)) for s in record["sector"].values]
    panels = [
        (100.0 * record["pattern"], f"What starts to grow at α = {record.attrs['limit']:.3f}")
    ]
    for k in range(sides):
        title = f"Equilibrium {chr(ord('A') + k)} at α = {record.attrs['beyond']:g}"
        panels.append((change.isel(side=k), title))
    for k, (ax, (values, title)) in enumerate(zip(axes[1:], panels, strict=True)):
        heat.heat_map(
            ax,
            values.sel(place=places).values.T.clip(-100.0, 100.0),
            sectors,
            names,
            label="workers: % of the largest change; A, B: change in %",
            row_label="",
            column_label="",
            centre=0.0,
            limits=(-100.0, 100.0),
            bar=k == sides,
        )
        if k:
            ax.set_yticks([])
        ax.set_title(title)
    return figure


def _growth(axes: Axes, record: xr.Dataset) -> None:
    limit = float(record.attrs["limit"])
    alpha, growth = record["alpha"].values, record["growth"].values
    axes.axhline(0.0, color=style.QUIET, lw=0.8)
    for keep, colour, words in (
        (alpha <= limit, style.COLOURS[0], "observed allocation stable"),
        (alpha >= limit, style.COLOURS[1], "unstable"),
    ):
        axes.plot(alpha[keep], growth[keep], "-o", ms=3.5, color=colour, label=words)
    axes.axvline(limit, color=style.INK, lw=0.8, ls=":")
    axes.annotate(
        f"α* = {limit:.3f}",
        (limit, growth.min()),
        xytext=(-4, 2),
        textcoords="offset points",
        ha="right",
    )
    axes.set(xlabel="scale elasticity α", ylabel="growth rate of the fastest deviation")
    axes.set_title("Stability of the observed allocation")
    axes.legend(loc="upper left")
