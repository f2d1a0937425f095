"""Packages: how each economy of East Asia, and ASEAN together, would best spend a budget.

Every economy raises its real income, at three budgets, by cheaper imports, cheaper exports, better
skills in manufacturing and in services, and more land for firms. What each costs, how far a
programme reaches at which stage of development and what firms pay of it are assumptions that stand
in the settings. Then the ten members of ASEAN spend one pot together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments import _east_asia, _packages
from experiments._words import listed, settings
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
    usual_cost,
)
from neg.estimation.policy import value_at
from neg.solvers.short_run import short_run

CONFIG: dict[str, Any] = {
    "economies": list(data.EAST_ASIA_PACIFIC),
    "members": list(data.ASEAN),
    "budgets": [0.2, 0.5, 1.0],  # per cent of value added
    "theta": 4.0,
    "land_share": 0.05,  # of value added
    # Money for the first one per cent, over one per cent of the flow on which it works.
    "price": {"borders": 1.5, "skills": 4.0, "land": 3.0},
    "steep": 2.0,  # at its reach one more unit costs three times the first
    "most": 0.05,  # no cost falls, no productivity and no land rises by more
    # Thousand dollars of real GDP per head up to which an economy is at a stage.
    "stages": {"hosting": 10.0, "gathering": 30.0, "mature": 1000.0},
    # Reach of a year's programme: slow borders can fall far, skills rise slowly where absorptive
    # capacity is low, land is short in mature places.
    "reach": {
        "hosting": {"borders": 0.01, "skills": 0.003, "land": 0.02},
        "gathering": {"borders": 0.01, "skills": 0.006, "land": 0.02},
        "mature": {"borders": 0.004, "skills": 0.006, "land": 0.01},
    },
    # What the budget pays of skills; firms that are trained pay the rest.
    "share": {"hosting": 0.8, "gathering": 0.7, "mature": 0.6},
    # Normal, mean 4, standard deviation 0.9: its median, and the ends of 68 and 95 per cent.
    "thetas": [2.236, 3.1, 4.0, 4.9, 5.764],
    "points": 5,
    "aversion": 2.0,
}
SMOKE: dict[str, Any] = {
    "economies": ["VNM", "SGP"],
    "members": ["VNM", "SGP"],
    "budgets": [0.5],
    "thetas": [3.1, 4.0, 4.9],
    "points": 3,
}

KINDS = _packages.KINDS
_OF = {"imports": "borders", "exports": "borders", "land": "land"}


def calibrated(config: dict[str, Any], theta: float) -> tuple[Any, data.Table]:
    """Goods and services of 21 regions in 2020, with land and a layer of border costs."""
    table = data.load_icio()
    small = aggregate(table, {}, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    given: dict[str, Any] = {"layers": {"border": (0.0, "resource")}}
    return calibrate(
        small, theta=theta, uses="common", land_share=config["land_share"], **given
    ), small


def stage_of(config: dict[str, Any], place: str) -> str:
    """Stage of development by real GDP per head in 2019."""
    facts = data.facts().sel(place=place)
    head = float(facts["real_gdp"]) / float(facts["population"]) / 1e3
    return next(name for name, most in config["stages"].items() if head <= most)


def levers(config: dict[str, Any], place: str) -> dict[str, Unknown]:
    """The instruments of an economy: factors on costs, on productivity by sector, on land."""
    most = 1.0 + config["most"]
    cut, rise = 1.0 - config["most"], most ** config["theta"]
    skills = lambda sector: Lever("productivity", "times", places=(place,), sectors=(sector,))
    return {
        "imports": Unknown(Lever("border.cost", "times", destinations=(place,)), cut, 1.0),
        "exports": Unknown(Lever("border.cost", "times", origins=(place,)), cut, 1.0),
        "skills, goods": Unknown(skills("goods"), 1.0, rise),
        "skills, services": Unknown(skills("services"), 1.0, rise),
        "land": Unknown(Lever("land", "times", places=(place,)), 1.0, most),
    }


def costs(config: dict[str, Any], economy: Any, at: Any, place: str, whole: float) -> Any:
    """What one unit of each lever costs, in per cent of ``whole``, at the economy's stage."""
    stage = stage_of(config, place)
    found = {}
    for name, one in levers(config, place).items():
        assert isinstance(one.lever, Lever)
        kind = _OF.get(name, "skills")
        cost = usual_cost(economy, one.lever, at=at, price=config["price"][kind])
        reach = config["reach"][stage][kind]
        if kind == "skills":  # the lever is the shifter of sales, productivity ** theta
            reach = (1.0 + reach) ** config["theta"] - 1.0
        share = config["share"][stage] if kind == "skills" else 1.0
        base = 100.0 * cost.base / whole
        found[name] = Cost(base, config["steep"], reach, share)
    return found


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Packages of every economy, marginal values under uncertainty, and one pot for ASEAN."""
    economy, small = calibrated(config, config["theta"])
    at = short_run(economy)
    draws = [calibrated(config, theta)[0] for theta in config["thetas"]]
    added = dict(zip(small.places, small.value_added.sum(axis=1), strict=True))
    gains, spending, shared, shadow, marginal, worst = [], [], [], [], [], 0.0
    places, own = config["economies"], {}
    for number, place in enumerate(places):
        progress(number, len(places) + 3, place)
        given = (levers(config, place), real_income(economy, [place]))
        prices = costs(config, economy, at, place, added[place])
        own[place] = packages(economy, *given, config["budgets"], prices)
        gains.append([100.0 * one.gain for one in own[place]])
        spending.append([[one.spending[name] for name in KINDS] for one in own[place]])
        shared.append([[one.shared[name] for name in KINDS] for one in own[place]])
        shadow.append([100.0 * one.result.shadow_prices["budget"] for one in own[place]])
        worst = max(worst, *(one.result.gradient for one in own[place]))
        worth = 100.0 * marginal_values(draws, *given, prices)
        # Skills are priced by productivity, and their lever is productivity ** theta.
        of_skills = np.array([name.startswith("skills") for name in KINDS])
        each = np.array(config["thetas"])[:, None] / config["theta"]
        marginal.append(np.where(of_skills, worth * each, worth))
    dims = ("place", "budget", "lever")
    money = {"units": "per cent of value added"}
    found = xr.Dataset(
        {
            "gain": (("place", "budget"), gains, {"units": "per cent of real income"}),
            "spending": (dims, spending, money),
            "shared": (dims, shared, money | {"label": "paid by firms"}),
            "shadow_price": (("place", "budget"), shadow, {"units": "%/%"}),
            "marginal": (("place", "draw", "lever"), marginal, {"units": "%/%"}),
            "stage": ("place", [stage_of(config, place) for place in places], {"units": "1"}),
        },
        coords={
            "place": places,
            "budget": config["budgets"],
            "lever": list(KINDS),
            "draw": config["thetas"],
        },
        attrs={"status": "converged", "largest_gradient": worst},
    )
    progress(len(places), len(places) + 3, "one pot")
    return found.merge(_together(config, economy, at, added, own), combine_attrs="override")


def _together(
    config: dict[str, Any], economy: Any, at: Any, added: dict[str, float], own: dict[str, Any]
) -> xr.Dataset:
    """One pot of ASEAN: what it buys where, against each member's own package; and the front."""
    members = config["members"]
    total = sum(added[place] for place in members)
    instruments, prices = {}, {}
    for place in members:
        one = costs(config, economy, at, place, total)
        for name, lever in levers(config, place).items():
            instruments[f"{place} {name}"], prices[f"{place} {name}"] = lever, one[name]
    first = real_income(economy, members)
    pots = packages(economy, instruments, first, config["budgets"], prices)
    names = [[f"{place} {name}" for name in KINDS] for place in members]
    before = float(first(at.outcomes))
    apart = []
    for row in range(len(config["budgets"])):
        alone = economy
        for place in members:
            values = own[place][row].result.values
            for name, lever in levers(config, place).items():
                assert isinstance(lever.lever, Lever)
                alone = lever.lever.put(alone, values[name])
        apart.append(100.0 * (float(first(short_run(alone).outcomes)) - before))
    people = data.facts()["population"]
    heads = np.array(
        [float(people.sel(place=p)) if p in people["place"] else 0.0 for p in economy.places]
    )
    second = atkinson(economy, config["aversion"], members, people=heads)
    how: dict[str, Any] = {"budget": config["budgets"][-1], "costs": prices}
    front = pareto(economy, instruments, first, second, points=config["points"], **how)
    start = maximise(economy, instruments, first, budget=0.0, costs=prices)
    base = [float(value_at(start, aim)[0]) for aim in (first, second)]
    values = [
        [100.0 * (float(value_at(one, aim)[0]) - base[k]) for k, aim in enumerate((first, second))]
        for one in front
    ]
    charge = lambda one: [
        [prices[n].at(one.values[n], 1.0, instruments[n].low, instruments[n].high)[0] for n in row]
        for row in names
    ]
    percent = {"units": "per cent of ASEAN's value added"}
    income = {"units": "per cent of real income"}
    return xr.Dataset(
        {
            "pot": (
                ("budget", "member", "lever"),
                [[[one.spending[n] for n in row] for row in names] for one in pots],
                percent,
            ),
            "pot_gain": ("budget", [100.0 * one.gain for one in pots], income),
            "apart_gain": ("budget", apart, income),
            "pot_gradient": ("budget", [one.result.gradient for one in pots], {"units": "1"}),
            "weight": ("member", [added[p] / total for p in members], {"units": "1"}),
            "front": (("point", "aim"), values, {"units": "per cent"}),
            "front_spending": (
                ("point", "member", "lever"),
                [charge(one) for one in front],
                percent,
            ),
            "front_gradient": ("point", [one.gradient for one in front], {"units": "1"}),
        },
        coords={
            "budget": config["budgets"],
            "member": members,
            "lever": list(KINDS),
            "aim": ["total", "averse"],
            "point": np.arange(len(front)),
        },
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """Who should buy what at which stage, and what the next dollar is worth."""
    config = settings(record)
    middle = float(record["budget"].values[len(record["budget"]) // 2])
    last = float(record["budget"].values[-1])
    shares = _packages.by_stage(record, middle)
    first, end = str(shares["stage"].values[0]), str(shares["stage"].values[-1])
    borders = {
        str(s): float(shares.sel(stage=s, lever=["imports", "exports"]).sum())
        for s in shares["stage"].values
    }
    worst = max(
        record.attrs["largest_gradient"],
        float(record["front_gradient"].max()),
        float(record["pot_gradient"].max()),
    )
    gain, apart = (float(record[n].sel(budget=last)) for n in ("pot_gain", "apart_gain"))
    poorest = record["front_spending"].sum("lever").isel(point=-1)
    top = [_east_asia.NAMES[str(p)] for p in poorest.sortby(-poorest)["member"].values[:2]]
    more = f"{gain / apart - 1:.0%} more than budgets apart"
    assumed = _assumed(config)
    found = {
        "title": (
            f"At the stage of {first} first plants {borders[first]:.0f} % of a budget go to "
            f"cheaper borders, in {end} economies {borders[end]:.0f} %: costs of programmes decide"
        ),
        "caption": (
            f"Left: where the best package of each economy goes, at a budget of {middle:g} % of "
            "its value added, by stage of development (real GDP per head of 2019: "
            + "; ".join(
                f"{s}: up to {most:g} thousand dollars"
                for s, most in [(s, config["stages"][s]) for s in _packages.STAGES[:-1]]
            )
            + "; mature: above). Right of it the rise of its own real income at each budget. "
            f"Right: the mean mix by stage, and what firms pay on top of the budget. {assumed} "
            "Pages of single economies and of ASEAN's common pot follow."
        ),
        "checks": f"Karush-Kuhn-Tucker conditions hold to {worst:.0e}",
        "title_region": (
            f"One pot of {last:g} % adds {gain:.2f} % to ASEAN's real income, {more}; if the "
            f"poorest come first, {listed(top)} get most of it"
        ),
        "caption_region": (
            f"Left: where one pot of {last:g} % of ASEAN's value added goes if it is to raise the "
            "real income of the ten together most (per cent of the pot). Top middle: the gain at "
            "each budget, against each member spending the same share of its own value added for "
            "itself. Bottom middle: what a member receives from the pot less what it pays in, if "
            "contributions are in proportion to value added, in per cent of its value added. "
            "Right: policies of the pot of which none is better in total real income and in "
            "welfare that cares for poorer members (Atkinson, aversion "
            f"{config['aversion']:g}, people of 2019). {assumed}"
        ),
    }
    for place in map(str, record["place"].values):
        found |= _page_words(record, place, assumed)
    return found


def _assumed(config: dict[str, Any]) -> str:
    price = config["price"]
    percent = lambda stage, kind: f"{100 * config['reach'][stage][kind]:g}"
    stages = _packages.STAGES
    reaches = "; ".join(
        f"{kind} {', '.join(percent(s, kind) for s in stages)}" for kind in config["price"]
    )
    pays = ", ".join(f"{100 * config['share'][s]:g}" for s in stages)
    return (
        "Assumed: the first per cent off the cost of imports or exports costs "
        f"{price['borders']:g} times one per cent of a year's flow, of productivity "
        f"{price['skills']:g} times one per cent of a year's output of the sector, of land "
        f"{price['land']:g} times one per cent of a year's rents ({100 * config['land_share']:g} % "
        f"of value added); one more unit is {1 + config['steep']:g} times as dear where a "
        f"programme reaches its end, which is at, in per cent and by stage ({', '.join(stages)}): "
        f"{reaches}; of skills the budget pays {pays} %, firms the rest. Paid once and not taken "
        "out of income. These decide the ranking: replace them. Found by gradient from no policy: "
        "local optima. General economy of goods and services in 21 regions calibrated to the OECD "
        f"inter-country input-output table of 2020, trade elasticity {config['theta']:g}; labour "
        "fixed in its sector, constant returns, others do not answer."
    )


def _page_words(record: xr.Dataset, place: str, assumed: str) -> dict[str, str]:
    name = _east_asia.NAMES[place]
    one = record.sel(place=place)
    middle = float(record["budget"].values[len(record["budget"]) // 2])
    spent = one["spending"].sel(budget=middle).to_series().sort_values(ascending=False)
    first, share = str(spent.index[0]), 100.0 * spent.iloc[0] / spent.sum()
    gain, price = (float(one[key].sel(budget=middle)) for key in ("gain", "shadow_price"))
    return {
        f"title_{place}": (
            f"{name} ({str(one['stage'].values)}): {share:.0f} % of a budget of {middle:g} % to "
            f"{first}; real income {gain:+.2f} %"
        ),
        f"caption_{place}": (
            f"Left: spending of the best package of {name} at each budget, in per cent of value "
            "added; what firms pay on top is pale. Middle: the gain of its real income, and what "
            f"one more dollar is worth at each budget ({price:.2f} dollars of real income a year "
            f"at {middle:g} %). Right: what the first dollar is worth on each lever; lines: 95 % "
            f"interval from the trade elasticity alone (normal, mean 4, standard deviation 0.9). "
            f"{assumed}"
        ),
    }


def draw(record: xr.Dataset) -> dict[str, Figure]:
    """The overview, the region, and one page for each economy."""
    pages = {str(place): _packages.page(record, str(place)) for place in record["place"].values}
    return {"": _packages.overview(record), "region": _packages.region(record)} | pages
