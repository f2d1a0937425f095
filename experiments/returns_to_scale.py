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
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import _east_asia
from experiments._words import capital, listed, settings
from neg import data
from neg.analysis import calibrate
from neg.analysis.returns import Beyond, ScaleLimit, equilibria_beyond, scale_limit
from neg.core.status import Status
from neg.economy.general import General
from neg.figures import heat, style
from neg.figures.scale import Scale

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
    config: dict[str, Any], economy: General, limit: ScaleLimit, beyond: Beyond
) -> xr.Dataset:
    shape = economy.shape
    observed = np.asarray(economy.employment)

    def table(cells: Any) -> np.ndarray:
        values = np.full(shape[0] * shape[1], np.nan)
        values[np.asarray(economy.cells.cell)] = np.asarray(cells)
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
            "limit": limit.limit,
            "interval": list(limit.interval),
            "beyond": config["beyond"],
            "shown_places": config["shown_places"],
            "statement": beyond.statement,
            "explored": len(beyond.departures),
            "status": ", ".join([*status, "" if limit.converged else "limit not converged"]).strip(
                ", "
            ),
        },
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """Up to which returns the sectors of 2020 stay, and who leaves beyond."""
    config, limit = settings(record), float(record.attrs["limit"])
    low, high = record.attrs["interval"]
    worst = record["pattern"].isel(record["pattern"].argmax(...))
    where = _east_asia.NAMES[str(worst["place"].values)]
    stories = []
    for k in range(record.sizes["side"]):
        left = record["left"].isel(side=k)
        if left.notnull().any():
            place = left.min("sector").idxmin("place")
            order = left.sel(place=place).dropna("sector").to_series().sort_values()
            first = ", then ".join(_word(str(sector)) for sector in order.index[:3])
            stories.append(
                f"{chr(ord('A') + k)}: {first} leave {_east_asia.NAMES[str(place.values)]}"
            )
    statement = str(record.attrs["statement"])
    shown, places = len(_shown(record)), record.sizes["place"]
    hidden = _moved(record).sortby(-_moved(record)).isel(place=slice(shown, None))
    rest = (
        f"The {shown} of {places} regions that change most are shown; in the others the largest "
        f"change is {100 * float(hidden.max()):.1f} % of all workers. "
        if hidden.size
        else ""
    )
    return {
        "title": (
            "East Asia's sectors of 2020 stay where they are up to a scale elasticity of "
            f"{limit:.3f}; beyond it they leave {where} first"
        ),
        "caption": (
            "Growth rate of the fastest deviation from the observed allocation against the scale "
            f"elasticity α; it is zero between {low:.4f} and {high:.4f}. Top right: the deviation "
            "that then starts to grow. Below: the equilibria in which the dynamics end at "
            f"α = {config['beyond']:g} on either side of the unstable direction, change of workers "
            "from 2020 (colours end at 100 %; each named has lost half of its workers): "
            f"{'; '.join(stories)}. {rest}{capital(statement)}. General economy calibrated to the "
            "OECD inter-country "
            f"input-output table of 2020 (21 regions, 11 sectors), trade elasticity "
            f"{config['theta']:g}; assumed: workers choose among the sectors of their region, one "
            "mix of origins for all uses."
        ),
        "checks": (
            f"residuals of the equilibria are at most {float(record['residual'].max()):.0e}, their "
            f"growth rates {_numbers(record['growth_there'].values)}"
        ),
    }


def _numbers(values: np.ndarray) -> str:
    return listed(f"{value:.3f}" for value in values)


def _moved(record: xr.Dataset) -> xr.DataArray:
    """Largest change of a sector's workers in either equilibrium, as a share of all of the place.

    The deviation that starts to grow counts as much as the equilibria.
    """
    change = abs(record["workers"] - record["observed"]).max(("side", "sector"))
    return change / record["observed"].sum("sector")


def _shown(record: xr.Dataset) -> list[str]:
    """Places that change most."""
    order = np.argsort(-_moved(record).values)[: int(record.attrs["shown_places"])]
    return [str(place) for place in record["place"].values[order]]


def _word(sector: str) -> str:
    return sector.replace("other_", "other ").replace("_", " and ").replace("ict", "ICT")


def draw(record: xr.Dataset) -> Figure:
    """Growth against scale; the deviation that starts to grow; who leaves on either side."""
    sides = record.sizes["side"]
    figure, grid = style.sheet(1 + -(-sides // 2), 2, height=4.9, squeeze=False)
    axes = grid.ravel()
    _growth(axes[0], record)
    change = 100.0 * (record["workers"] / record["observed"] - 1.0)
    places = _shown(record)
    names = [_east_asia.NAMES[p] for p in places]
    sectors = [_word(str(s)) for s in record["sector"].values]
    limit = float(record.attrs["limit"])
    largest = record["pattern"] / float(abs(record["pattern"]).max())
    panels = [(largest, f"What starts to grow at α = {limit:.3f}", 1.0, "of the largest change")]
    for k in range(sides):
        title = f"{chr(ord('A') + k)}: an equilibrium at α = {record.attrs['beyond']:g}"
        panels.append((change.isel(side=k), title, 100.0, "workers, change in %"))
    for k, (ax, (values, title, edge, label)) in enumerate(zip(axes[1:], panels, strict=False)):
        heat.heat_map(
            ax,
            values.sel(place=places).values.clip(-edge, edge),
            names,
            sectors,
            label=label,
            row_label="",
            column_label="",
            scale=Scale(centre=0.0, limits=(-edge, edge), bar=k % 2 == 0),
        )
        if k and k % 2 == 0:
            ax.set_yticks([])
        if k == 0 and sides > 1:  # the same sectors stand below
            ax.set_xticks([])
        ax.set_title(title)
    for ax in axes[1 + len(panels) :]:
        ax.axis("off")
    return figure


def _growth(axes: Axes, record: xr.Dataset) -> None:
    limit = float(record.attrs["limit"])
    alpha, growth = record["alpha"].values, record["growth"].values
    axes.axhline(0.0, color=style.QUIET, lw=0.8)
    for keep, colour, words in (
        (alpha <= limit, style.COLOURS[0], "stable"),
        (alpha >= limit, style.COLOURS[1], "unstable"),
    ):
        axes.plot(alpha[keep], growth[keep], "-o", ms=3.5, color=colour, label=words)
    axes.axvline(limit, color=style.INK, lw=0.8, ls=":")
    axes.annotate(
        f"α* = {limit:.3f}",
        (limit, growth.min()),
        xytext=(4, 2),
        textcoords="offset points",
        ha="left",
    )
    axes.set(xlabel="scale elasticity α", ylabel="growth of a deviation")
    axes.set_title("Stability of the observed allocation")
    axes.legend(loc="upper left")
