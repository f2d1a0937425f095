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
from matplotlib.patches import Patch

from experiments._words import listed, settings
from neg import compose, general_economy
from neg.analysis import Lever, relocation, take_offs
from neg.figures import style
from neg.parts import Efficiency, Learning, Subsistence

BLOCKS = ("components", "modules", "assembly")
_MARKS = ("o", "s", "^", "D")
_LINES = ("-", "--", ":", "-.")
CONFIG: dict[str, Any] = {
    "economies": 4,
    "years": 100.0,
    "steps": 20,
    "shown": [0.0, 20.0, 40.0, 60.0, 80.0, 100.0],
    "growth": 0.02,  # of efficiency units of labour, a year
    "link": [1.25, 1.15],  # cost of one step of the line, at the beginning and at the end
    "theta": 5.0,
    "industry": 0.5,  # of spending beyond needs
    "need": 0.75,
    "farm_land": 0.3,
    "labour": [0.45, 0.55, 0.7],  # cost shares in blocks
    "land": [0.0, 0.0, 0.0],
    "own": [1.0, 0.5, 0.4],
    "learning": {"lam": 0.1, "iota": 0.01, "g": 0.02, "gamma": 0.15},
    "level": 0.02,  # share of a block's workers at which it has arrived
    "start": [0.58, 0.12, 0.14, 0.16],  # workers of the core: farms, blocks
    "cases": {
        "as assumed": {},
        "links stay dear": {"link": [1.25, 1.25]},
        "no learning": {"gamma": 0.0},
        "faster growth": {"growth": 0.03},
    },
}
SMOKE: dict[str, Any] = {
    "economies": 2,
    "years": 16.0,
    "steps": 4,
    "shown": [0.0, 16.0],
    "cases": {"as assumed": {}},
}


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
    learning = Learning(**config["learning"] | {"gamma": _gamma(config)})
    parts = [Efficiency(), Subsistence(need=config["need"]), learning]
    return compose(base, parts)


def _gamma(config: dict[str, Any]) -> float:
    return float(config.get("gamma", config["learning"]["gamma"]))


def learnt(config: dict[str, Any]) -> np.ndarray:
    """What each economy knows at first: at rest with the industry that it has."""
    exposure = np.zeros(config["economies"])
    exposure[0] = 1.0 - config["start"][0]
    rate = config["learning"]["iota"] + config["learning"]["lam"] * exposure
    return rate / (rate + config["learning"]["g"])


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
    start[0] = config["start"]
    many = len(config["cases"])
    share, income, known = (np.empty((many, len(dates), n, *more)) for more in ((4,), (), ()))
    arrival = np.full((many, n, 3), np.nan)
    events, ends = [], []
    for k, (name, changes) in enumerate(config["cases"].items()):
        progress(k, many, name)
        here = config | changes
        path = relocation(
            economy(here),
            schedule(here),
            dates,
            start.ravel(),
            stocks={"learning.level": learnt(here)},
            precision=1e-3,
            throw=False,
        )
        ends.append(path.attrs["status"])
        share[k] = path["share"].values.reshape(len(dates), n, 4)
        income[k] = np.exp(path["payoff"].values.reshape(len(dates), n, 4)[..., 0])
        known[k] = path["learning.level"].values
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
            "learnt": (("case", "date", "place"), known, {"units": "share of the frontier"}),
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
    """Which block arrives where and when, and what the levers change."""
    config = settings(record)
    first = record["arrival"].isel(case=0)
    cells = [(str(b), str(p)) for p in first["place"].values for b in first["block"].values]
    when = dict(zip(cells, first.values.ravel(), strict=True))
    order = sorted((cell for cell in cells if np.isfinite(when[cell])), key=lambda c: when[c])
    led = [cell for cell in order if cell[0] == order[0][0]]
    told = [f"{place} in year {when[block, place]:.0f}" for block, place in led]
    lead = f"{order[0][0].capitalize()} leaves the crowded core first" if order else "Nothing moves"
    others = [_in_words(record.sel(case=case)) for case in record["case"].values[1:]]
    ratio = record["income"].isel(case=0)
    gap = (ratio.isel(place=0) / ratio.isel(place=1)).values
    peak = int(np.argmax(gap))
    labour, link = config["labour"], config["link"]
    core = record["share"].isel(date=-1, place=0).sel(sector=list(BLOCKS)).sum("sector")
    emptied = [str(case) for case in core["case"].values if float(core.sel(case=case)) < 0.01]
    empty = f'; under "{listed(emptied)}" the core empties' if emptied else ""
    return {
        "title": f"{lead}{': ' if told else ''}{', '.join(told)}{empty}",
        "caption": (
            f"{config['economies']} economies in a line, all of industry at first in economy 1. "
            "Top: workers by block in each economy, share of its people, at six dates (the rest "
            "are on farms); a row for each case. Bottom left: when each block arrives (has "
            f"{100 * config['level']:g} % of its workers in the world there). Middle and right: "
            "real income beyond needs of economy 1 over that of others; as assumed, that over "
            f"economy 2 is largest in year {record['date'].values[peak]:.0f} "
            f"({gap[peak]:.2f}) and {gap[-1]:.2f} at the end. As assumed: "
            f"{_in_words(record.isel(case=0), named=False)}. {'. '.join(others)}"
            f"{'. ' if others else ''}The equilibrium is followed while people move fast and "
            "knowledge slowly; where the branch ends, the replicator dynamics say where the "
            "economy goes. General economy with a chain of three blocks (Antras and de Gortari "
            f"2020), increasing returns (supplier density, scale 1), θ = {config['theta']:g}, "
            f"labour shares {', '.join(f'{v:g}' for v in labour)}, the rest inputs of the final "
            f"good{_land(config)}; own shares {', '.join(f'{v:g}' for v in config['own'])} after "
            f"the first; farms with land ({config['farm_land']:g}), needs of "
            f"{config['need']:g} (Puga and Venables 1996; Fujita, Krugman and Venables 1999, ch. "
            "15). Assumed: efficiency "
            f"grows by {100 * config['growth']:g} % a year, one step of the line costs "
            f"{100 * (link[0] - 1):.0f} % falling to {100 * (link[1] - 1):.0f} "
            f"% in {config['years']:g} years, learning at λ = {config['learning']['lam']:g} (ι = "
            f"{config['learning']['iota']:g}, g = {config['learning']['g']:g} a year) that raises "
            f"efficiency with elasticity {config['learning']['gamma']:g} (0 in the case without). "
            "Theory, no data."
        ),
        "checks": (
            f"events enclosed: {', '.join(str(int(k)) for k in record['events'].values)}; each "
            "date is a stable equilibrium to 1e-10"
        ),
    }


def _land(config: dict[str, Any]) -> str:
    if not any(config["land"]):
        return " (no land)"
    return f" and land {', '.join(f'{v:g}' for v in config['land'])}"


def _in_words(one: xr.Dataset, named: bool = True) -> str:
    """When blocks arrive, economy by economy, in one case."""
    told = []
    for place in one["place"].values[1:]:
        when = one["arrival"].sel(place=place)
        order = when["block"].values[np.argsort(when.values)]
        found = [(str(b), float(when.sel(block=b))) for b in order]
        words = ", ".join(f"{b} {year:.0f}" for b, year in found if np.isfinite(year))
        if words:
            told.append(f"{place}: {words}")
    name = f"{str(one['case'].values).capitalize()}: " if named else ""
    return f"{name}{'; '.join(told) or 'nothing moves'}"


def draw(record: xr.Dataset) -> Figure:
    """The film strip by case, the time line of take-offs, and the income gap over time."""
    config = settings(record)
    shown = [date for date in config["shown"] if date <= float(record["date"][-1])]
    cases = [str(case) for case in record["case"].values]
    third = len(shown) // 3 or 1
    names = ["time line"] * third + ["gap"] * third + ["gap by case"] * third
    names = names if len(names) == len(shown) else ["time line", "gap"]
    rows = [[f"{case} {k}" for k in range(len(shown))] for case in cases]
    figure, axes = style.sheet(
        [*rows, names],
        height=2.5 + 0.95 * len(cases),
        height_ratios=[1.0] * len(cases) + [2.3],
    )
    for case in cases:
        for k, date in enumerate(shown):
            one = record.sel(case=case).sel(date=date, method="nearest")
            ax = axes[f"{case} {k}"]
            _frame(ax, one, k == 0, case == cases[-1])
            if case == cases[0]:
                ax.set_title(f"year {date:.0f}")
            if k == 0:
                ax.set_ylabel(case)
    _time_line(axes["time line"], record)
    _gap(axes["gap"], record.isel(case=0))
    if "gap by case" in axes:
        _gap_by_case(axes["gap by case"], record)
    handles = [Patch(color=style.COLOURS[k]) for k in range(len(BLOCKS))]
    figure.legend(
        handles,
        BLOCKS,
        loc="outside lower left",
        ncols=3,
        title="workers of an economy by block, share of its people",
        alignment="left",
    )
    return figure


def _frame(ax: Axes, one: xr.Dataset, left: bool, last: bool) -> None:
    n = one.sizes["place"]
    bottom = np.zeros(n)
    for k, block in enumerate(BLOCKS):
        value = one["share"].sel(sector=block).values
        ax.bar(np.arange(n) + 1, value, bottom=bottom, color=style.COLOURS[k], width=0.8)
        bottom = bottom + value
    ax.set(ylim=(0.0, 1.0))
    ax.set_xticks(np.arange(n) + 1, [str(k + 1) for k in range(n)] if last else [""] * n)
    ax.set_yticks([0.0, 0.5, 1.0], ["0", "0.5", "1"] if left else [])


def _time_line(ax: Axes, record: xr.Dataset) -> None:
    cases = [str(case) for case in record["case"].values]
    places = record["place"].values[1:]
    for j in range(len(cases)):
        for k, block in enumerate(BLOCKS):
            when = record["arrival"].isel(case=j).sel(block=block, place=places).values
            at = np.arange(len(places)) + 0.2 * (0.5 * (len(cases) - 1) - j)
            face = style.COLOURS[k] if j == 0 else "none"
            ax.plot(when, at, _MARKS[j], color=style.COLOURS[k], mfc=face, ms=4.5)
    for j, case in enumerate(cases):
        face = style.QUIET if j == 0 else "none"
        ax.plot([], [], _MARKS[j], color=style.QUIET, mfc=face, ms=4.5, label=case)
    ax.set_yticks(range(len(places)), [str(place).replace(" ", "\n") for place in places])
    ax.set(xlabel="year", ylim=(-0.6, len(places) + 0.35), title="Arrival of blocks")
    ax.set_xlim(0.0, float(record["date"][-1]))
    ax.legend(loc="upper left", ncols=1, borderpad=0.0, handletextpad=0.2)


def _gap(ax: Axes, one: xr.Dataset) -> None:
    for k, place in enumerate(one["place"].values[1:]):
        gap = one["income"].isel(place=0) / one["income"].sel(place=place)
        ax.plot(one["date"], gap, color=style.COLOURS[3 + k], label=f"over {place}")
    ax.axhline(1.0, color=style.QUIET, lw=0.8)
    ax.set(xlabel="year", title=f"Income gap, {one['case'].values}")
    ax.set_ylabel("income of economy 1, ratio")
    ax.legend(loc="best", borderpad=0.0)


def _gap_by_case(ax: Axes, record: xr.Dataset) -> None:
    gap = record["income"].isel(place=0) / record["income"].isel(place=1)
    for k, case in enumerate(record["case"].values):
        ax.plot(record["date"], gap.sel(case=case), _LINES[k], color="black", label=str(case))
    ax.axhline(1.0, color=style.QUIET, lw=0.8)
    ax.set(xlabel="year", title="Gap to economy 2, by case")
    ax.legend(loc="best", borderpad=0.0)
