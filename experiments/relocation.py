"""Relocation in time: which block of a chain moves to which neighbour, and when (M13).

Four economies stand in a line. Industry, a chain of three blocks with increasing returns, is in the
first of them. Workers become more efficient, links become cheaper, and whoever has industry learns;
people live from farms on fixed land first. Wages and rents of the core rise until a first firm of
some block would pay next door: the equilibrium is followed from there, whatever it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments._words import settings
from neg import compose, general_economy
from neg.analysis import Lever, relocation, take_offs
from neg.figures import style
from neg.parts import Efficiency, Learning, Subsistence

BLOCKS = ("components", "modules", "assembly")
CONFIG: dict[str, Any] = {
    "economies": 4,
    "years": 80.0,
    "steps": 20,
    "shown": [0.0, 16.0, 32.0, 48.0, 64.0, 80.0],
    "growth": 0.03,  # of efficiency units of labour, a year
    "link": [1.25, 1.15],  # cost of one step of the line, at the beginning and at the end
    "theta": 5.0,
    "industry": 0.5,  # of spending beyond needs
    "need": 0.75,
    "farm_land": 0.3,
    "labour": [0.45, 0.53, 0.64],  # cost shares in blocks
    "land": [0.0, 0.02, 0.06],
    "own": [1.0, 0.5, 0.4],
    "learning": {"lam": 0.1, "iota": 0.01, "g": 0.02, "gamma": 0.15},
    "level": 0.02,  # share of a block's workers at which it has arrived
    "cases": {
        "as assumed": {},
    },
}
SMOKE: dict[str, Any] = {"economies": 2, "years": 16.0, "steps": 4, "shown": [0.0, 16.0]}


def economy(config: dict[str, Any]) -> Any:
    """Economies in a line with farms on land and one chain of blocks."""
    n, farm, industry = config["economies"], config["farm_land"], config["industry"]
    labour, land = np.array(config["labour"]), np.array(config["land"])
    inputs = np.zeros((4, 4))
    inputs[3, 1:] = 1.0 - labour - land
    base = general_economy(
        places=[f"economy {k + 1}" for k in range(n)],
        sectors=("farms", *BLOCKS),
        homogeneous=["farms"],
        chains=[BLOCKS],
        own_share=[1.0, *config["own"]],
        employment=np.full((n, 4), 0.25),
        mobility="sectors",
        theta=config["theta"],
        alpha=[0.0, 1.0, 1.0, 1.0],
        land_share=[farm, *land],
        input_share=inputs,
        final_share=[1.0 - industry, 0.0, 0.0, industry],
        productivity=[(1 - farm) ** (1 - farm) * farm**farm, 1.0, 1.0, 1.0],
        tau=config["link"][0] ** _steps(n),
    )
    parts = [Efficiency(), Subsistence(need=config["need"]), Learning(**config["learning"])]
    return compose(base, parts)


def _steps(n: int) -> np.ndarray:
    return np.abs(np.subtract.outer(np.arange(n), np.arange(n)))


def schedule(config: dict[str, Any]) -> dict[str, Any]:
    """Efficiency grows at a rate, links become cheaper in a straight line."""
    first, last = config["link"]
    distance = _steps(config["economies"])

    def link(date: float) -> np.ndarray:
        return (first + (last - first) * date / config["years"]) ** distance

    grows: Callable[[float], float] = lambda date: np.exp(config["growth"] * date)
    return {"efficiency.level": grows, "link": (Lever("tau"), link)}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Follow each case from all industry in the first economy."""
    n = config["economies"]
    dates = np.linspace(0.0, config["years"], config["steps"] + 1)
    start = np.zeros((n, 4))
    start[:, 0] = 1.0
    start[0] = [0.58, 0.12, 0.14, 0.16]
    many = len(config["cases"])
    share, income, learnt = (np.empty((many, len(dates), n, *more)) for more in ((4,), (), ()))
    arrival = np.full((many, n, 3), np.nan)
    events, ends = [], []
    for k, (name, changes) in enumerate(config["cases"].items()):
        progress(k, many, name)
        here = config | changes
        path = relocation(
            economy(here), schedule(here), dates, start.ravel(), precision=1e-3, throw=False
        )
        ends.append(path.attrs["status"])
        share[k] = path["share"].values.reshape(len(dates), n, 4)
        income[k] = np.exp(path["payoff"].values.reshape(len(dates), n, 4)[..., 0])
        learnt[k] = path["learning.level"].values
        events.append(path.sizes["event"])
        table = take_offs(path, config["level"])
        table = table[(table["what"] == "arrives") & table["sector"].isin(BLOCKS)]
        for row in table.itertuples():
            where = int(row.place.split()[1]) - 1, BLOCKS.index(row.sector)
            arrival[k][where] = np.fmin(arrival[k][where], row.date)
    return xr.Dataset(
        {
            "share": (("case", "date", "place", "sector"), share, {"units": "1"}),
            "income": (("case", "date", "place"), income, {"units": "baskets beyond needs"}),
            "learnt": (("case", "date", "place"), learnt, {"units": "share of the frontier"}),
            "arrival": (("case", "place", "block"), arrival, {"units": "years"}),
            "events": ("case", events, {"units": "1"}),
        },
        coords={
            "case": list(config["cases"]),
            "date": ("date", dates, {"units": "years"}),
            "place": [f"economy {k + 1}" for k in range(n)],
            "sector": ["farms", *BLOCKS],
            "block": list(BLOCKS),
        },
        attrs={"status": _status(ends, list(config["cases"])), "ends": ends},
    )


def _status(ends: list[str], cases: list[str]) -> str:
    lost = [f"{case}: {end}" for case, end in zip(cases, ends, strict=True) if end != "converged"]
    return "; ".join(lost) or "converged"


def describe(record: xr.Dataset) -> dict[str, str]:
    """Which block arrives where and when."""
    config = settings(record)
    first = record["arrival"].isel(case=0)
    cells = [(str(b), str(p)) for p in first["place"].values for b in first["block"].values]
    when = dict(zip(cells, first.values.ravel(), strict=True))
    order = sorted((cell for cell in cells if np.isfinite(when[cell])), key=lambda c: when[c])
    told = [f"{block} in {place} in year {when[block, place]:.0f}" for block, place in order]
    lead = "; ".join(told[:2]) or "nothing moves"
    late = []
    for case in record["case"].values[1:]:
        one = record["arrival"].sel(case=case).isel(place=1)
        late.append(f"{case}: {_dates(one)} in economy 2")
    told_late = f"{'; '.join(late)}. " if late else ""
    ratio = record["income"].isel(case=0)
    gap = (ratio.isel(place=0) / ratio.isel(place=1)).values
    peak = int(np.argmax(gap))
    labour, land = config["labour"], config["land"]
    return {
        "title": f"Assembly leaves the crowded core first: {lead}",
        "caption": (
            f"{config['economies']} economies in a line, all of industry at first in economy 1. "
            "Top: workers by block in each economy, share of its people, at six dates (the rest "
            "are on farms). Bottom left: when each block arrives (has "
            f"{100 * config['level']:g} % of its workers in the world there), by case. "
            "Bottom right: real income beyond needs of economy 1 over that of the others; over "
            f"economy 2 it is largest in year {record['date'].values[peak]:.0f} "
            f"({gap[peak]:.2f}) and {gap[-1]:.2f} at the end. The equilibrium is followed while "
            "people move fast and knowledge slowly; where the branch ends, the replicator "
            "dynamics say where the economy goes. General economy with a chain of three blocks "
            "(Antras and de Gortari 2020) with increasing returns (supplier density, scale 1), "
            f"θ = {config['theta']:g}, labour shares {', '.join(f'{v:g}' for v in labour)}, land "
            f"shares {', '.join(f'{v:g}' for v in land)}, the rest inputs of the final good; "
            f"farms with land ({config['farm_land']:g}), needs of {config['need']:g} (Puga and "
            "Venables 1996; Fujita, Krugman and Venables 1999, ch. 15). Assumed: efficiency grows "
            f"by {100 * config['growth']:g} % a year, one step of the line costs "
            f"{100 * (config['link'][0] - 1):.0f} % falling to {100 * (config['link'][1] - 1):.0f} "
            f"% in {config['years']:g} years, learning at λ = {config['learning']['lam']:g} (ι = "
            f"{config['learning']['iota']:g}, g = {config['learning']['g']:g} a year) that raises "
            f"efficiency with elasticity {config['learning']['gamma']:g}. {told_late}Theory, no "
            "data."
        ),
        "checks": (
            f"events enclosed: {', '.join(str(int(k)) for k in record['events'].values)}; each "
            "date is a stable equilibrium to 1e-10"
        ),
    }


def _dates(one: xr.DataArray) -> str:
    found = [
        f"{b} in year {float(v):.0f}"
        for b, v in zip(one["block"].values, one.values, strict=True)
        if np.isfinite(v)
    ]
    return ", ".join(found) or "nothing"


def draw(record: xr.Dataset) -> Figure:
    """The film strip, the time line of take-offs, and the income gap."""
    config = settings(record)
    shown = [date for date in config["shown"] if date <= float(record["date"][-1])]
    frames = [f"frame {k}" for k in range(len(shown))]
    half = len(frames) // 2
    lower = ["time line"] * half + ["gap"] * (len(frames) - half)
    figure, axes = style.sheet([frames, lower], height=4.0, height_ratios=[1.0, 1.3])
    first = record.isel(case=0)
    for k, date in enumerate(shown):
        _frame(axes[frames[k]], first.sel(date=date, method="nearest"), float(date), k == 0)
    _time_line(axes["time line"], record)
    _gap(axes["gap"], first)
    return figure


def _frame(ax: Axes, one: xr.Dataset, date: float, labels: bool) -> None:
    n = one.sizes["place"]
    bottom = np.zeros(n)
    for k, block in enumerate(BLOCKS):
        value = one["share"].sel(sector=block).values
        ax.bar(np.arange(n) + 1, value, bottom=bottom, color=style.COLOURS[k], width=0.8)
        bottom = bottom + value
    ax.set(ylim=(0.0, 1.0), title=f"year {date:.0f}")
    ax.set_xticks(np.arange(n) + 1)
    ax.set_yticks([0.0, 0.5, 1.0], ["0", "0.5", "1"] if labels else [])
    if labels:
        ax.set_ylabel("share of workers")


def _time_line(ax: Axes, record: xr.Dataset) -> None:
    marks = ("o", "s", "^")
    cases = [str(case) for case in record["case"].values]
    places = record["place"].values[1:]
    for j, case in enumerate(cases):
        for k, block in enumerate(BLOCKS):
            when = record["arrival"].sel(case=case, block=block, place=places).values
            at = np.arange(len(places)) + 0.25 * (1 - j)
            face = style.COLOURS[k] if j == 0 else "none"
            ax.plot(
                when,
                at,
                marks[j],
                color=style.COLOURS[k],
                mfc=face,
                ms=5,
                label=block if j == 0 else None,
            )
    for j, case in enumerate(cases[1:], start=1):
        ax.plot([], [], marks[j], color=style.QUIET, mfc="none", ms=5, label=case)
    ax.set_yticks(range(len(places)), [str(place) for place in places])
    ax.set(xlabel="year of arrival", ylim=(-0.5, len(places) + 0.9))
    ax.set_xlim(0.0, float(record["date"][-1]))
    ax.legend(loc="upper left", ncols=2, borderpad=0.0, columnspacing=1.0)


def _gap(ax: Axes, one: xr.Dataset) -> None:
    for k, place in enumerate(one["place"].values[1:]):
        gap = one["income"].isel(place=0) / one["income"].sel(place=place)
        ax.plot(one["date"], gap, color=style.COLOURS[3 + k], label=f"over {place}")
    ax.axhline(1.0, color=style.QUIET, lw=0.8)
    ax.set(xlabel="year", ylabel="real income of economy 1, ratio")
    ax.legend(loc="upper right")
