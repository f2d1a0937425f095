"""Which block of industry goes where in East Asia while borders get cheaper and followers learn.

The general economy calibrated to the 2020 table, manufacturing split into parts, assembly that buys
them, and the rest (M13), with increasing returns and workers who may change sector within their
economy. Each economy begins at the productivity that it has today, learns from its own
manufacturing, and the equilibrium is followed over the years.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._east_asia import BLOCKS, NAMES, REST, split_in_words, table_in_blocks
from experiments._words import listed, settings
from neg import data
from neg.analysis import Lever, calibrate, relocation
from neg.figures import heat, style
from neg.figures.scale import Scale
from neg.parts import Learning

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    "alpha": 0.5,  # scale elasticity of manufacturing
    "split": {"own_share": [1.0, 0.5], "parts": 0.4, "value_added": [0.8, 1.3]},
    "last": 2050.0,
    "steps": 10,
    "cut": 0.005,  # a year, of the cost of a delivery between two of the 18
    "learning": {"lam": 0.05, "iota": 0.002, "g": 0.002, "gamma": 0.1},
    "rise": 0.10,  # of the share in the world's workers of a block: it has taken off
    "cases": {
        "both": {},
        "learning only": {"cut": 0.0},
        "cheaper borders only": {"learning": {"gamma": 0.0}},
        "blocks alike": {"split": {"own_share": [1.0, 0.5], "parts": 0.4}},
    },
}
SMOKE: dict[str, Any] = {"last": 2026.0, "steps": 1, "cases": {"both": {}}}

SIX = tuple(place for place in data.ASEAN if place not in data.CLMV)
MANUFACTURING = (*BLOCKS, REST)
_SMALL = 2e-4
"""Share of the world's workers of a block below which its gains are not told."""
_APART = 0.03
"""Difference of gains that is told."""


def facts() -> xr.Dataset:
    """Workers, output a worker over that of the frontier, human capital over the highest."""
    known = data.facts()
    output = known["real_gdp"].values / known["employment"].values
    frontier = float(np.median(np.sort(output)[-3:]))
    capital = known["human_capital"].values
    return xr.Dataset(
        {
            "workers": ("place", known["employment"].values),
            "output": ("place", output),
            "level": ("place", np.minimum(output / frontier, 0.95)),
            "capital": ("place", capital / capital.max()),
        },
        coords={"place": known["place"].values},
    )


def economy(config: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The calibrated economy, in equilibrium in 2020 with what its places know today."""
    table, known = table_in_blocks(config["split"]), facts()
    at = [str(p) for p in table.places]
    capital = known["capital"].reindex(place=at, fill_value=0.8).values
    part = Learning(h=capital, teaches=np.isin(table.sectors, MANUFACTURING) * 1.0)
    part = part.with_(**(CONFIG["learning"] | config["learning"]))
    alpha = np.where(np.isin(table.sectors, MANUFACTURING), config["alpha"], 0.0)
    found = calibrate(
        table,
        theta=config["theta"],
        alpha=alpha,
        layers={"border": (0.0, "resource")},
        parts=[part],
        uses="common",
        chains=[BLOCKS],
        mobility="sectors",
        deficit_rule="world-share",
    )
    x = found.initial_distribution()
    rest = np.exp(np.asarray(found.initial_prices(x)["learning.level"]))
    level = known["level"].reindex(place=at).values
    level = np.where(np.isfinite(level), level, rest)  # the rest of the world stays where it is
    # What an economy knows less than at rest, its productivity makes up for at the start.
    power = config["theta"] * float(part.gamma)
    productivity = found.productivity * (rest / level)[:, None] ** power
    return found.with_(productivity=productivity), {"learning.level": level}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Follow each case; output by place and sector, real income of a worker."""
    dates = np.linspace(2020.0, config["last"], config["steps"] + 1)
    many, known = len(config["cases"]), facts()
    workers, gain, level, off = [], [], [], []
    for k, (name, changes) in enumerate(config["cases"].items()):
        progress(k, many, name)
        here = config | changes
        model, stocks = economy(here)
        lever = Lever("border.cost", "times", among=data.EAST_ASIA_PACIFIC)
        law = lambda date, cut=here["cut"]: float(np.exp(-cut * (date - 2020.0)))
        start = model.initial_distribution()
        path = relocation(model, {"border": (lever, law)}, dates, start, stocks=stocks)
        shape = (len(dates), len(model.places), len(model.sectors))
        workers.append(_by_cell(model, path["x"].values).reshape(shape))
        payoff = _by_cell(model, path["payoff"].values).reshape(shape)[..., -1]
        gain.append(payoff - payoff[0])
        level.append(path["learning.level"].values)
        off.append(float(np.abs(path["x"].values[0] / np.asarray(start) - 1.0).max()))
    places, sectors = list(model.places), list(model.sectors)
    found = xr.Dataset(
        {
            "workers": (("case", "date", "place", "sector"), workers, {"units": "mn USD of 2020"}),
            "gain": (("case", "date", "place"), gain, {"units": "log points"}),
            "level": (("case", "date", "place"), level, {"units": "share of the frontier"}),
            "from_table": ("case", off, {"units": "1"}),
            "events": ((), path.sizes["event"], {"units": "1"}),
        },
        coords={
            "case": list(config["cases"]),
            "date": ("date", dates, {"units": "year"}),
            "place": places,
            "sector": sectors,
        },
        attrs={"status": "converged"},
    )
    income = known["output"] * np.exp(found["gain"])
    mean = {}
    for name, group in (("six", SIX), ("four", data.CLMV)):
        head = known["workers"].sel(place=list(group))
        mean[name] = (income * head).sum("place") / head.sum()
    found["gap"] = (mean["six"] / mean["four"]).transpose("case", "date")
    found["gap"].attrs["units"] = "1"
    return found


def _by_cell(model: Any, values: np.ndarray) -> np.ndarray:
    full = np.zeros((len(values), len(model.places) * len(model.sectors)))
    full[:, np.asarray(model.cells.cell)] = values
    return full


def _shares(record: xr.Dataset) -> xr.DataArray:
    """Share of each of the 18 in the world's workers of a sector, first case, over that of 2020."""
    one = record["workers"].isel(case=0)
    share = one / one.sum("place")
    return (share / share.isel(date=0)).sel(place=list(data.EAST_ASIA_PACIFIC))


def _take_offs(record: xr.Dataset, sector: str, rise: float) -> dict[str, float]:
    """When the share of the world's workers of a sector has risen by so much, by straight lines."""
    ratio = _shares(record).sel(sector=sector)
    found = {}
    for place in ratio["place"].values:
        y = ratio.sel(place=place).values - 1.0 - rise
        up = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
        if len(up):
            i = int(up[0])
            first, last = ratio["date"].values[i : i + 2]
            found[str(place)] = float(first + (last - first) * -y[i] / (y[i + 1] - y[i]))
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _apart(record: xr.Dataset, case: int) -> str:
    """Which economies gain more of assembly than of parts, and the other way round."""
    one = record["workers"].isel(case=case)
    share = one / one.sum("place")
    large = (share.isel(date=0).sel(sector=list(BLOCKS)) > _SMALL).all("sector")
    ratio = share.isel(date=-1) / share.isel(date=0)
    more = ratio.sel(sector="assembly") - ratio.sel(sector="parts")
    gains = large & (ratio.sel(sector=list(BLOCKS)) > 1.0).any("sector")
    some = more.sel(place=[p for p in data.EAST_ASIA_PACIFIC if bool(gains.sel(place=p))])
    order = [str(p) for p in some["place"].values[np.argsort(-some.values)]]
    first = [NAMES[p] for p in order if some.sel(place=p) > _APART]
    other = [NAMES[p] for p in reversed(order) if some.sel(place=p) < -_APART]
    return f"assembly gains more than parts in {listed(first)}, parts more in {listed(other)}"


def _first(record: xr.Dataset, rise: float) -> str:
    """Where blocks take off first, and when."""
    told = []
    for block in BLOCKS:
        off = list(_take_offs(record, block, rise).items())[:2]
        where = listed([f"{NAMES[place]} ({date:.0f})" for place, date in off])
        told.append(f"{block} in {where}")
    return f"First take-offs: {', '.join(told)}"


def describe(record: xr.Dataset) -> dict[str, str]:
    """Which block goes where and when, and the gap over time."""
    config = settings(record)
    told = []
    for sector in MANUFACTURING:
        off = _take_offs(record, sector, config["rise"])
        words = listed([f"{NAMES[place]} {date:.0f}" for place, date in off.items()])
        told.append(f"{sector}: {words}")
    gap = record["gap"]
    first, last = float(gap.isel(case=0, date=0)), float(gap.isel(case=0, date=-1))
    other = [
        f"{case}: {float(gap.sel(case=case).isel(date=-1)):.2f}" for case in gap["case"].values[1:]
    ]
    end, learning, split = config["last"], config["learning"], config["split"]
    alike = ""
    if "blocks alike" in gap["case"].values:
        at = list(gap["case"].values).index("blocks alike")
        alike = f"; were value added one share of own costs, {_apart(record, at)}"
    return {
        "title": (
            f"{_first(record, config['rise'])}; output a worker of ASEAN-6 over that of CLMV falls "
            f"from {first:.2f} to {last:.2f} in {end:.0f}"
        ),
        "caption": (
            "Left: share of each economy in the world's workers of a block, over that of 2020, if "
            "followers learn and borders get cheaper; a dot where it has grown by "
            f"{100 * config['rise']:.0f} % ({'; '.join(told)}). Right: real output a worker of "
            "ASEAN-6 (Brunei, Indonesia, Malaysia, Philippines, Singapore, Thailand) over that of "
            f"Cambodia, Laos, Myanmar and Viet Nam, weighted by workers ({'; '.join(other)}, in "
            f"{end:.0f}). General economy calibrated to the OECD table of 2020 (18 "
            "economies and the rest of the world; food and primary, manufacturing, "
            "all other sectors). "
            f"{split_in_words(split)}. In {end:.0f} {_apart(record, 0)}{alike}. "
            f"θ = {config['theta']:g}, "
            f"increasing returns in manufacturing (α = {config['alpha']:g}); workers change sector "
            "within their economy, so that rising wages are what crowds a core (no land). "
            "Efficiency of all sectors follows what is learnt (elasticity "
            f"{learning['gamma']:g}) from the economy's own manufacturing: λ = "
            f"{learning['lam']:g}, ι = g = {learning['iota']:g} a year, times human capital over "
            "the highest (2019); at first it is output a worker at purchasing power over the "
            "frontier, the median of the three highest (2019, at most 0.95). Deliveries between "
            f"the 18 get cheaper by {100 * config['cut']:g} % a year. Speeds are assumed, not "
            "estimated; population, skills and the rest of the world stay as they are: no forecast."
        ),
        "checks": (
            f"2020 is the table to {float(record['from_table'].max()):.0e}; each date "
            "is a stable equilibrium to 1e-10"
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Three maps of places over dates, and the gap."""
    config = settings(record)
    figure, axes = style.sheet(1, 4, height=3.6, width_ratios=[1.0, 1.0, 1.0, 1.25])
    ratio = _shares(record).sel(sector=list(MANUFACTURING))
    order = ratio.sel(sector="assembly").isel(date=-1).argsort().values[::-1]
    places = [str(p) for p in ratio["place"].values[order]]
    change = 100.0 * (ratio.sel(place=places) - 1.0)
    most = float(np.clip(np.abs(change).max(), 1.0, 60.0))
    years = change["date"].values
    shown = [f"{date:.0f}" if k % 5 == 0 else "" for k, date in enumerate(years)]
    for k, sector in enumerate(MANUFACTURING):
        heat.heat_map(
            axes[k],
            change.sel(sector=sector).transpose("place", "date").values,
            [NAMES[p] for p in places] if k == 0 else [""] * len(places),
            shown,
            label="change of share since 2020, %",
            row_label="",
            column_label="",
            scale=Scale(centre=0.0, limits=(-most, most), bar=k == 2),
        )
        axes[k].set_title(sector)
        for place, date in _take_offs(record, sector, config["rise"]).items():
            column = np.interp(date, years, np.arange(len(years)))
            axes[k].plot(column, places.index(place), "o", color="black", ms=3)
    for k, case in enumerate(record["case"].values):
        line = ("-", "--", ":", "-.")[k]
        axes[3].plot(
            record["date"], record["gap"].sel(case=case), line, color=style.COLOURS[k], label=case
        )
    axes[3].set(xlabel="year", title="ASEAN-6 over CLMV")
    axes[3].set_ylabel("output a worker, ratio")
    axes[3].legend(loc="lower left", borderpad=0.0)
    axes[3].set_ylim(bottom=0.0)
    return figure
