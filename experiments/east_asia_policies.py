"""Tariffs, borders, services and people: four policies of East Asia on one table, block by block.

Goods and services of 21 regions, calibrated to the 2020 table with illustrative tariffs on goods.
The RCEP members drop tariffs, then ease goods borders, then also services borders; each with the
people of ASEAN kept in their countries and with people who choose their country by taste. Beside
it what trade is worth to every region, from shares bought at home.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import _east_asia
from experiments._words import settings
from neg import data
from neg.analysis import Edit, Scenario, calibrate, compare, solve
from neg.analysis.decomposition import gains_from_trade
from neg.data.aggregate import aggregate
from neg.economy.general import Mobility
from neg.figures import bars, heat, style
from neg.figures.scale import Scale
from neg.parts import Tastes

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    # The table has no tariffs: these are round numbers for goods, an assumption.
    "tariff": 0.05,
    "tariff_within_asean": 0.0,
    "border_cost": 0.95,
    # Dispersion of tastes for countries, the inverse of the elasticity of migration; None: nobody
    # leaves their country.
    "people": {"stay": None, "move": 0.5},
}
SMOKE: dict[str, Any] = {}

STEPS = {
    "tariffs": "tariffs to zero",
    "goods": "and goods borders eased",
    "services": "and services opened",
}


def layers(config: dict[str, Any], table: data.Table) -> dict[str, tuple[Any, str]]:
    """Illustrative tariffs on goods among all regions, and a border layer for changes."""
    member = np.isin(table.places, data.ASEAN)
    abroad = ~np.eye(len(table.places), dtype=bool)
    rate = np.where(
        member[:, None] & member[None, :], config["tariff_within_asean"], config["tariff"]
    )
    goods = np.asarray(table.sectors) == "goods"
    tariff = (rate * abroad)[..., None] * goods
    return {"tariff": (tariff, "tariff"), "border": (0.0, "resource")}


def scenarios(config: dict[str, Any]) -> list[Scenario]:
    """Three steps, each on top of the one before."""
    tariffs = Edit(layer="tariff", rate=0.0, among=data.RCEP)
    goods, services = (
        Edit(layer="border", cost=config["border_cost"], among=data.RCEP, sectors=(sector,))
        for sector in ("goods", "services")
    )
    return [
        Scenario(name="tariffs", edits=(tariffs,)),
        Scenario(name="goods", edits=(tariffs, goods)),
        Scenario(name="services", edits=(tariffs, goods, services)),
    ]


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Solve the steps with people who stay and with people who move."""
    table = data.load_icio()
    small = aggregate(table, {}, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    solved = []
    for number, (name, taste) in enumerate(config["people"].items()):
        progress(number, 1 + len(config["people"]), f"people {name}")
        where: dict[str, Any] = {"mobility": "sectors"}
        if taste is not None:
            where = {"mobility": Mobility("free", areas={"ASEAN": data.ASEAN})}
            where["parts"] = [Tastes(kappa=taste, sectors=jnp.asarray(0.0))]
        economy = calibrate(
            small,
            theta=config["theta"],
            layers=layers(config, small),
            uses="common",
            deficit_rule="own-share",  # or a surplus would be shared by more heads
            **where,
        )
        solved.append(compare(economy, scenarios(config)))
    progress(len(config["people"]), 1 + len(config["people"]), "gains from trade")
    gains = 100.0 * (gains_from_trade(solve(economy))["gains_from_trade"].values - 1.0)
    both = xr.concat(
        solved,
        dim=xr.DataArray(list(config["people"]), dims="people", name="people"),
        combine_attrs="override",
    )
    people = both["employment"].sum("sector")
    base = {"scenario": "baseline"}
    steps = both["scenario"].values[1:]
    income = both["consumption"] / people
    change = lambda a: (100.0 * (a / a.sel(base, drop=True) - 1.0)).sel(scenario=steps).values
    dims = ("people", "scenario", "place")
    return xr.Dataset(
        {
            "income": (dims, change(income), {"units": "per cent"}),
            "total_income": (dims, change(both["consumption"]), {"units": "per cent"}),
            "population": (dims, change(people), {"units": "per cent"}),
            "gains_from_trade": ("place", gains, {"units": "per cent"}),
            "growth": (
                ("people", "case"),
                both["solve_growth_rate"].values.astype(float),
                {"units": "1"},
            ),
        },
        coords={
            "people": list(config["people"]),
            "scenario": list(steps),
            "place": list(small.places),
            "case": list(both["scenario"].values),
        },
        attrs={
            "status": ", ".join(sorted({result.attrs["status"] for result in solved})),
            "held_fixed": solved[0].attrs["held_fixed"],
        },
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """What each step adds, and what people who move change."""
    config = settings(record)
    names, members = _east_asia.NAMES, list(data.ASEAN)
    mean = record["income"].sel(people="stay", place=members).mean("place").to_series()
    moved = record["population"].sel(people="move", scenario="services", place=members).to_series()
    gains = record["gains_from_trade"].sel(place=members).to_series()
    spread = record["income"].sel(scenario="services", place=members).std("place").to_series()
    change = "narrows" if spread["move"] < spread["stay"] else "widens"
    return {
        "title": (
            f"Opening services adds {mean.iloc[2] - mean.iloc[1]:.2f} points to ASEAN's gain of "
            f"{mean.iloc[1]:.2f} % from freer trade in goods; migration {change} the spread of "
            f"gains from {spread['stay']:.2f} to {spread['move']:.2f} points"
        ),
        "caption": (
            f"Among RCEP members, tariffs of {100 * config['tariff']:g} % on goods (an assumption; "
            "none inside ASEAN) fall to zero, then deliveries of goods and then of services get "
            f"{100 * (1 - config['border_cost']):g} % cheaper; each step on top of the one before. "
            f"Real income per head of ASEAN members changes by {mean.iloc[0]:+.2f}, "
            f"{mean.iloc[1]:+.2f} and {mean.iloc[2]:+.2f} % on average. Top left: nobody leaves "
            "their country. Top right and bottom left: people of ASEAN choose their country within "
            f"ASEAN by tastes (elasticity of migration {1 / config['people']['move']:g}): "
            f"{names[moved.idxmax()]} gains {moved.max():.1f} % of its people and "
            f"{names[moved.idxmin()]} loses {-moved.min():.1f} %. Bottom right: what all trade is "
            f"worth, by the formula from shares bought at home, most to {names[gains.idxmax()]}. "
            "Bold: ASEAN. General economy of goods and services in 21 regions calibrated to the "
            "OECD inter-country input-output table of 2020, trade elasticity "
            f"{config['theta']:g}, constant returns; assumed: workers choose their sector, "
            "deficits follow labour income, one mix of origins for all uses."
        ),
        "checks": f"largest growth rate of a deviation {float(record['growth'].max()):.2f}",
    }


def tables(record: xr.Dataset) -> dict[str, pd.DataFrame]:
    """Gains from trade and the three steps, by region, in per cent."""
    frame = pd.DataFrame({"gains from trade": record["gains_from_trade"].to_series()})
    for people in record["people"].values:
        for step in record["scenario"].values:
            key = f"{STEPS[str(step)]}, people {people}"
            frame[key] = record["income"].sel(people=people, scenario=step).to_series()
    frame.index = pd.Index([_east_asia.NAMES[str(p)] for p in frame.index], name="region")
    return {"gains": frame}


def draw(record: xr.Dataset) -> Figure:
    """Steps by member with people who stay; who moves; incomes stay against move; gains."""
    figure, axes = style.sheet(2, 2, height=6.4, height_ratios=[1.0, 1.0])
    places = list(data.EAST_ASIA_PACIFIC)
    names = [_east_asia.NAMES[place] for place in places]
    members = list(data.ASEAN)
    income = record["income"].sel(place=places)
    heat.heat_map(
        axes[0, 0],
        income.sel(people="stay").values.T,
        names,
        ["tariffs to\nzero", "and goods\nborders", "and services\nborders"],
        label="real income per head, change in %",
        row_label="",
        column_label="",
        scale=Scale(centre=0.0, bar=False),
        numbers="+.2f",
        highlight=[_east_asia.NAMES[place] for place in members],
    )
    axes[0, 0].tick_params(axis="x", labelrotation=0)
    axes[0, 0].set_title("Three steps, nobody moves")
    axes[0, 0].set_xlabel("real income per head, change in %")
    last = str(record["scenario"].values[-1])
    bars.ranked_bars(
        axes[0, 1],
        record["population"].sel(people="move", scenario=last, place=members).to_series(),
        label="people after all steps, change in %",
        names=_east_asia.NAMES,
    )
    axes[0, 1].set_title("Where the people of ASEAN go")
    _stay_or_move(axes[1, 0], record["income"].sel(scenario=last, place=members))
    bars.ranked_bars(
        axes[1, 1],
        record["gains_from_trade"].sel(place=places).to_series(),
        label="real income over autarky, %",
        names=_east_asia.NAMES,
        highlight=members,
        digits=".0f",
    )
    axes[1, 1].set_title("What trade is worth")
    return figure


def _stay_or_move(axes: Axes, income: xr.DataArray) -> None:
    """Gains of the members if nobody moves, against those if people do."""
    stay, move = (income.sel(people=p).values for p in ("stay", "move"))
    edge = [float(min(stay.min(), move.min())), float(max(stay.max(), move.max()))]
    axes.plot(edge, edge, color=style.QUIET, lw=0.8)
    axes.plot(stay, move, "o", ms=4, color=style.COLOURS[0])
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.2}
    for k, i in enumerate(np.argsort(stay)):
        below = stay[i] - move[i] > 0.07 * (edge[1] - edge[0])
        left = k % 2 == 1 and not below  # labels in turn left and right, clear of the line
        axes.annotate(
            str(income["place"].values[i]),
            (stay[i], move[i]),
            ((5, -5), (-5, 1))[left],
            textcoords="offset points",
            fontsize=style.SMALLEST,
            ha=("left", "right")[left],
            bbox=ground,
            zorder=1.5,
        )
    axes.set(xlabel="gain if nobody moves, %", ylabel="gain if people move, %")
    axes.set_title("With and without migration")
    axes.margins(0.12)
