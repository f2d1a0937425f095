"""Packages: how each economy of East Asia would best spend a budget over four kinds of policy.

Every economy raises its real income, at three budgets, by cheaper imports, cheaper exports, better
skills in manufacturing and in services. What each costs is an assumption that stands in the
settings: one per cent less costs of trade is as dear as a share of a year's trade, one per cent
more productivity as a share of a year's output of the sector.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments import _east_asia
from experiments._words import settings
from neg import data
from neg.analysis import Lever, calibrate
from neg.data.aggregate import aggregate
from neg.estimation import (
    Cost,
    Unknown,
    atkinson,
    marginal_values,
    maximise,
    packages,
    pareto,
    real_income,
)
from neg.estimation.policy import value_at
from neg.figures import heat, style

CONFIG: dict[str, Any] = {
    "economies": list(data.EAST_ASIA_PACIFIC),
    "budgets": [0.2, 0.5, 1.0],  # per cent of value added
    "theta": 4.0,
    # Money for the first one per cent, over one per cent of the flow on which it works.
    "price": {"imports": 2.0, "exports": 2.0, "skills, goods": 3.0, "skills, services": 3.0},
    "steep": 2.0,  # the last one costs three times the first
    "reach": 0.05,  # and is this much: no cost falls, no productivity rises by more
    "thetas": [2.8, 3.4, 4.0, 4.6, 5.2],  # for confidence: normal, mean 4, standard deviation 0.9
    "points": 7,
    "aversion": 2.0,
}
SMOKE: dict[str, Any] = {
    "economies": ["VNM", "SGP"],
    "budgets": [0.5],
    "thetas": [3.4, 4.0, 4.6],
    "points": 3,
}

KINDS = ("imports", "exports", "skills, goods", "skills, services")


def calibrated(theta: float) -> tuple[Any, data.Table]:
    """Goods and services of 21 regions in 2020, with a layer of border costs."""
    table = data.load_icio()
    small = aggregate(table, {}, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    layers = {"border": (0.0, "resource")}
    return calibrate(small, theta=theta, uses="common", layers=layers), small


def levers(config: dict[str, Any], place: str) -> dict[str, Unknown]:
    """The instruments of an economy: factors on costs, and on productivity by sector."""
    low, high = 1.0 - config["reach"], (1.0 + config["reach"]) ** config["theta"]
    return {
        "imports": Unknown(Lever("border.cost", "times", destinations=(place,)), low, 1.0),
        "exports": Unknown(Lever("border.cost", "times", origins=(place,)), low, 1.0),
        **{
            f"skills, {sector}": Unknown(
                Lever("productivity", "times", places=(place,), sectors=(sector,)), 1.0, high
            )
            for sector in ("goods", "services")
        },
    }


def costs(config: dict[str, Any], small: data.Table, place: str) -> dict[str, Cost]:
    """What one unit of each lever costs, in per cent of the value added of the economy."""
    k = small.places.index(place)
    flows, output = small.flows, small.output
    abroad = np.arange(len(small.places)) != k
    base = {
        "imports": flows[abroad, k].sum(),
        "exports": flows[k, abroad].sum(),
        "skills, goods": output[k, 0],
        "skills, services": output[k, 1],
    }
    value_added = small.value_added[k].sum()
    found = {}
    for name in KINDS:
        price = 100.0 * config["price"][name] * base[name] / value_added
        reach = config["reach"]
        if name.startswith("skills"):  # the lever is the shifter of sales, productivity ** theta
            price, reach = price / config["theta"], (1.0 + reach) ** config["theta"] - 1.0
        found[name] = Cost(price, config["steep"], reach)
    return found


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Packages of every economy, marginal values under uncertainty, and the front of the region."""
    economy, small = calibrated(config["theta"])
    draws = [calibrated(theta)[0] for theta in config["thetas"]]
    gains, spending, shadow, marginal, worst = [], [], [], [], 0.0
    places = config["economies"]
    for number, place in enumerate(places):
        progress(number, len(places) + 1, place)
        given = (levers(config, place), real_income(economy, [place]))
        prices = costs(config, small, place)
        found = packages(economy, *given, config["budgets"], prices)
        gains.append([100.0 * one.gain for one in found])
        spending.append([[one.spending[name] for name in KINDS] for one in found])
        shadow.append([100.0 * one.result.shadow_prices["budget"] for one in found])
        worst = max(worst, *(one.result.gradient for one in found))
        marginal.append(100.0 * marginal_values(draws, *given, prices))
    progress(len(places), len(places) + 1, "front")
    front, aims = _front(config, economy, small)
    return xr.Dataset(
        {
            "gain": (("place", "budget"), gains, {"units": "per cent of real income"}),
            "spending": (
                ("place", "budget", "lever"),
                spending,
                {"units": "per cent of value added"},
            ),
            "shadow_price": (("place", "budget"), shadow, {"units": "%/%"}),
            "marginal": (("place", "draw", "lever"), marginal, {"units": "%/%"}),
            "front": (("point", "aim"), front, {"units": "per cent"}),
            "front_gradient": ("point", aims, {"units": "1"}),
        },
        coords={
            "place": places,
            "budget": config["budgets"],
            "lever": list(KINDS),
            "draw": config["thetas"],
            "aim": ["total", "averse"],
            "point": np.arange(len(front)),
        },
        attrs={"status": "converged", "largest_gradient": worst},
    )


def _front(config: dict[str, Any], economy: Any, small: data.Table) -> Any:
    """ASEAN's total real income against welfare that cares for the poor, one budget for all ten."""
    members = [p for p in data.ASEAN if p in small.places]
    people = data.facts()["population"]
    heads = np.array(
        [float(people.sel(place=p)) if p in people["place"] else 0.0 for p in small.places]
    )
    instruments, prices = {}, {}
    total = sum(small.value_added[small.places.index(p)].sum() for p in members)
    for place in members:
        share = small.value_added[small.places.index(place)].sum() / total
        own = costs(config, small, place)
        for name, one in levers(config, place).items():
            if name.startswith("skills"):
                key = f"{place} {name}"
                instruments[key] = one
                prices[key] = Cost(own[name].base * share, own[name].steep, own[name].reach)
    first = real_income(economy, members)
    second = atkinson(economy, config["aversion"], members, people=heads)
    how: dict[str, Any] = {"budget": config["budgets"][0], "costs": prices}
    found = pareto(economy, instruments, first, second, points=config["points"], **how)
    start = maximise(economy, instruments, first, budget=0.0, costs=prices)
    base = [float(value_at(start, aim)[0]) for aim in (first, second)]
    values = [
        [100.0 * (float(value_at(one, aim)[0]) - base[k]) for k, aim in enumerate((first, second))]
        for one in found
    ]
    return values, [one.gradient for one in found]


def describe(record: xr.Dataset) -> dict[str, str]:
    """Who should buy what, and what the next dollar is worth."""
    config = settings(record)
    middle = record["budget"].values[len(record["budget"]) // 2]
    share = record["spending"].sel(budget=middle)
    share = share / share.sum("lever")
    most = {
        str(p): KINDS[int(np.argmax(share.sel(place=p).values))] for p in record["place"].values
    }
    count = {name: sum(kind == name for kind in most.values()) for name in KINDS}
    first = max(count, key=lambda name: count[name])
    gain = record["gain"].sel(budget=middle)
    top = str(record["place"].values[int(np.argmax(gain.values))])
    price = config["price"]
    return {
        "title": (
            f"With {middle:g} % of value added to spend, {count[first]} of {len(most)} economies "
            f"put most into {first}; {_east_asia.NAMES[top]} gains most"
        ),
        "caption": (
            "Left: where the best package of each economy of a budget of "
            f"{middle:g} % of its value added goes; right of it the rise of its own real income at "
            f"each budget. Top right: what one more dollar is worth in {_shown(record)} before "
            "anything is spent, in dollars of real income a year (middle value and range over "
            f"trade elasticities of {', '.join(f'{t:g}' for t in config['thetas'])}: what the "
            "elasticity alone leaves open). Bottom right: policies for "
            "ASEAN of which none is better in total real income and in welfare that cares for "
            f"poorer members (Atkinson, aversion {config['aversion']:g}, people of 2019), one "
            f"budget of {config['budgets'][0]:g} % of ASEAN's value added for skills anywhere. "
            "Assumed prices: the first per cent off the cost of imports or exports costs "
            f"{price['imports']:g} times one per cent of a year's flow, the first per cent of "
            f"productivity {price['skills, goods']:g} times one per cent of a year's output of the "
            f"sector, the last of at most {100 * config['reach']:g} per cent "
            f"{1 + config['steep']:g} times that; paid once and not taken out of income. They "
            "decide the ranking: replace them. Found by gradient from no policy: local optima. "
            "General economy of goods and services in 21 regions calibrated to the OECD "
            f"inter-country input-output table of 2020, trade elasticity {config['theta']:g}; "
            "assumed: labour fixed in its sector, constant returns, others do not answer."
        ),
        "checks": (
            "Karush-Kuhn-Tucker conditions hold to "
            f"{max(record.attrs['largest_gradient'], float(record['front_gradient'].max())):.0e}"
        ),
    }


def _shown(record: xr.Dataset) -> str:
    return _east_asia.NAMES[_example(record)]


def _example(record: xr.Dataset) -> str:
    places = [str(p) for p in record["place"].values]
    return "VNM" if "VNM" in places else places[0]


def draw(record: xr.Dataset) -> Figure:
    """Shares of the budget, gains, ranked marginal values, and the front."""
    layout = [["mix", "gain", "worth"], ["mix", "gain", "front"]]
    figure, axes = style.sheet(layout, height=4.8, width_ratios=[1.25, 0.75, 1.3])
    budgets = record["budget"].values
    middle = budgets[len(budgets) // 2]
    order = np.argsort(-record["gain"].sel(budget=middle).values)
    places = record["place"].values[order]
    names = [_east_asia.NAMES[str(p)] for p in places]
    spent = record["spending"].sel(budget=middle, place=places)
    share = (100.0 * spent / spent.sum("lever")).values
    heat.heat_map(
        axes["mix"],
        share,
        names,
        [name.replace(", ", ",\n") for name in KINDS],
        label="",
        limits=(0.0, 100.0),
        bar=False,
        numbers=".0f",
    )
    axes["mix"].set(xlabel="", ylabel="")
    axes["mix"].set_title(f"Budget of {middle:g} %: shares, %")
    rows = np.arange(len(names))
    for k, budget in enumerate(budgets):
        value = record["gain"].sel(budget=budget, place=places).values
        axes["gain"].plot(value, rows, "o", ms=3.5, color=style.COLOURS[k], label=f"{budget:g} %")
    axes["gain"].set_yticks(rows, [])
    axes["gain"].set_ylim(len(names) - 0.5, -0.5)
    axes["gain"].set(xlabel="real income, %")
    low, high = axes["gain"].get_xlim()
    axes["gain"].set_xlim(low, high + 0.9 * (high - low))  # room for the legend
    axes["gain"].legend(title="budget", loc="lower right", title_fontsize=7.5)
    axes["gain"].set_title("Gain")
    _worth(axes["worth"], record)
    front = record["front"].values
    axes["front"].plot(front[:, 0], front[:, 1], "-o", ms=3.5, color=style.COLOURS[2])
    axes["front"].set(xlabel="ASEAN's real income, %", ylabel="averse welfare, %")
    axes["front"].set_title("Total or poorest first")
    return figure


def _worth(axes: Any, record: xr.Dataset) -> None:
    """One more dollar on each lever, ranked, with the range over draws."""
    values = record["marginal"].sel(place=_example(record))
    middle = values.median("draw").values
    order = np.argsort(middle)
    low, high = values.min("draw").values[order], values.max("draw").values[order]
    axes.barh(
        np.arange(len(order)),
        middle[order],
        height=0.7,
        color=style.COLOURS[0],
        xerr=[middle[order] - low, high - middle[order]],
        error_kw={"lw": 1.0, "ecolor": style.INK, "capsize": 2.0},
    )
    axes.set_yticks(np.arange(len(order)), [KINDS[k] for k in order])
    axes.set(xlabel="real income, dollars a year")
    axes.set_title(f"One more dollar, {_shown(record)}")
