"""Where industry of East Asia goes while borders get cheaper and followers learn (M13).

The general economy calibrated to the 2020 table, with increasing returns in manufacturing and
workers who may change sector within their economy. Each economy begins at the productivity that it
has today, learns from its own manufacturing, and the equilibrium is followed over the years.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._east_asia import NAMES
from experiments._words import listed, settings
from neg import data
from neg.analysis import Lever, calibrate, relocation
from neg.data.aggregate import aggregate
from neg.figures import heat, style
from neg.parts import Learning

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    "alpha": 0.5,  # scale elasticity of manufacturing
    "last": 2050.0,
    "steps": 10,
    "cut": 0.005,  # a year, of the cost of a delivery between two of the 18
    "learning": {"lam": 0.05, "iota": 0.002, "g": 0.002, "gamma": 0.1},
    "rise": 0.10,  # of the share of the world's manufacturing: an economy has taken off
    "cases": {
        "both": {},
        "learning only": {"cut": 0.0},
        "cheaper borders only": {"learning": {"gamma": 0.0}},
    },
}
SMOKE: dict[str, Any] = {"last": 2026.0, "steps": 1, "cases": {"both": {}}}

SIX = tuple(place for place in data.ASEAN if place not in data.CLMV)
SECTORS = ("food_primary", "manufacturing", "services")
WORDS = {"food_primary": "food and primary", "manufacturing": "manufacturing", "services": "rest"}


def _table() -> Any:
    full = data.load_icio()
    services = [s for s in full.sectors if s not in SECTORS]
    rest = {"rest of the world": ["USA", "EU27", "ROW"]}
    return aggregate(full, rest, {"services": services})


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
    table, known = _table(), facts()
    at = [str(p) for p in table.places]
    capital = known["capital"].reindex(place=at, fill_value=0.8).values
    part = Learning(h=capital, teaches=np.isin(SECTORS, "manufacturing") * 1.0)
    part = part.with_(**(CONFIG["learning"] | config["learning"]))
    alpha = np.where(np.isin(table.sectors, "manufacturing"), config["alpha"], 0.0)
    found = calibrate(
        table,
        theta=config["theta"],
        alpha=alpha,
        layers={"border": (0.0, "resource")},
        parts=[part],
        uses="common",
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
    workers, gain, level = [], [], []
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
        payoff = _by_cell(model, path["payoff"].values).reshape(shape)[..., 1]
        gain.append(payoff - payoff[0])
        level.append(path["learning.level"].values)
    places, sectors = list(model.places), list(model.sectors)
    found = xr.Dataset(
        {
            "workers": (("case", "date", "place", "sector"), workers, {"units": "mn USD of 2020"}),
            "gain": (("case", "date", "place"), gain, {"units": "log points"}),
            "level": (("case", "date", "place"), level, {"units": "share of the frontier"}),
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


def _take_offs(record: xr.Dataset, rise: float) -> dict[str, float]:
    """When the share of the world's manufacturing has risen by so much, by a straight line."""
    ratio = _shares(record).sel(sector="manufacturing")
    found = {}
    for place in ratio["place"].values:
        y = ratio.sel(place=place).values - 1.0 - rise
        up = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
        if len(up):
            i = int(up[0])
            first, last = ratio["date"].values[i : i + 2]
            found[str(place)] = float(first + (last - first) * -y[i] / (y[i + 1] - y[i]))
    return dict(sorted(found.items(), key=lambda item: item[1]))


def describe(record: xr.Dataset) -> dict[str, str]:
    """The order of take-offs and the gap over time."""
    config = settings(record)
    off = _take_offs(record, config["rise"])
    told = [f"{NAMES[place]} {date:.0f}" for place, date in off.items()]
    gap = record["gap"]
    first, last = float(gap.isel(case=0, date=0)), float(gap.isel(case=0, date=-1))
    other = [
        f"{case}: {float(gap.sel(case=case).isel(date=-1)):.2f}" for case in gap["case"].values[1:]
    ]
    end, learning = config["last"], config["learning"]
    return {
        "title": (
            f"Output a worker of ASEAN-6 over that of CLMV: {first:.2f} in 2020, {last:.2f} in "
            f"{end:.0f}, if followers learn and borders get cheaper"
        ),
        "caption": (
            "Left: share of each economy in the world's workers of a sector, over that of 2020. "
            f"Manufacturing has grown by {100 * config['rise']:.0f} % of its share in "
            f"{listed(told, 'none')}. Right: real output a worker of ASEAN-6 (Brunei, Indonesia, "
            "Malaysia, Philippines, Singapore, Thailand) over that of Cambodia, Laos, Myanmar and "
            f"Viet Nam, weighted by workers ({'; '.join(other)}, in {end:.0f}). General economy "
            "calibrated to the OECD table of 2020 (18 economies and the rest of the world; food "
            "and primary, manufacturing, all other sectors), θ = "
            f"{config['theta']:g}, increasing returns in manufacturing (α = {config['alpha']:g}); "
            "workers change sector within their economy, so that rising wages are what crowds a "
            "core (no land). Efficiency of all sectors follows what is learnt (elasticity "
            f"{learning['gamma']:g}) from the economy's own manufacturing: λ = "
            f"{learning['lam']:g}, ι = g = {learning['iota']:g} a year, times human capital over "
            "the highest (2019); at first it is output a worker at purchasing power over the "
            "frontier, the median of the three highest (2019, at most 0.95). Deliveries between "
            f"the 18 get cheaper by {100 * config['cut']:g} % a year. Speeds are assumed, not "
            "estimated; population, skills and the rest of the world stay as they are: no forecast."
        ),
        "checks": (
            f"2020 is the table to {float(abs(record['gain'].isel(date=0)).max()):.0e}; each date "
            "is a stable equilibrium to 1e-10"
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Three maps of places over dates, and the gap."""
    figure, axes = style.sheet(1, 4, height=3.6, width_ratios=[1.0, 1.0, 1.0, 1.25])
    ratio = _shares(record)
    order = ratio.sel(sector="manufacturing").isel(date=-1).argsort().values[::-1]
    places = [str(p) for p in ratio["place"].values[order]]
    change = 100.0 * (ratio.sel(place=places) - 1.0)
    most = float(np.clip(np.abs(change).max(), 1.0, 60.0))
    dates = [f"{date:.0f}" for date in change["date"].values]
    shown = [text if k % 5 == 0 else "" for k, text in enumerate(dates)]
    for k, sector in enumerate(("manufacturing", "food_primary", "services")):
        heat.heat_map(
            axes[k],
            change.sel(sector=sector).transpose("place", "date").values,
            [NAMES[p] for p in places] if k == 0 else [""] * len(places),
            shown,
            label="change of share since 2020, %",
            row_label="",
            column_label="",
            centre=0.0,
            limits=(-most, most),
            bar=k == 2,
        )
        axes[k].set_title(WORDS[sector])
    for k, case in enumerate(record["case"].values):
        line = ("-", "--", ":")[k]
        axes[3].plot(
            record["date"], record["gap"].sel(case=case), line, color=style.COLOURS[k], label=case
        )
    axes[3].set(xlabel="year", title="ASEAN-6 over CLMV")
    axes[3].set_ylabel("output a worker, ratio")
    axes[3].legend(loc="lower left", borderpad=0.0)
    axes[3].set_ylim(bottom=0.0)
    return figure
