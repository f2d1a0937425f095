"""Who gains from integration by size of firm: 18 economies of East Asia in 2020 (M9, M16).

Goods are made by firms that differ (Melitz and Chaney) in the general economy calibrated to the
table of 2020. Trade inside the region gets cheaper by unit, or mutual recognition saves a share of
the fixed cost of serving each other. Profits of firms by their rank in size follow, and who exits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments import _east_asia
from experiments._words import settings
from neg import compose, data
from neg.analysis import Lever, calibrate
from neg.data.aggregate import aggregate
from neg.figures import style
from neg.firms import Selection
from neg.solvers.short_run import short_run

CONFIG: dict[str, Any] = {
    "economies": list(data.EAST_ASIA_PACIFIC),
    "sigma": 4.0,
    "shape": 1.228,  # of sizes: what shares of small firms in enterprises and output ask for
    "survive": 0.3,  # share of entrants that serve their own market
    "market": 0.6,  # elasticity of the number of sellers to sales, over markets
    "cheaper": 0.1,  # fall of the cost of trade inside the region
    "recognised": 0.3,  # share of fixed costs saved inside the region
    "points": 49,  # ranks, from all firms to the largest in ten thousand
}
SMOKE: dict[str, Any] = {"economies": ["VNM", "SGP", "CHN"], "points": 9}

CASES = ("cheaper", "recognised")
GOODS = 0


def economy(config: dict[str, Any]) -> Any:
    """Goods and services of 21 regions in 2020; goods by firms that differ, at the same table.

    Fixed costs are those at which a firm population of the given shape has the sellers assumed;
    tastes for origins absorb what selection does to the flows of the table.
    """
    table = data.load_icio()
    small = aggregate(table, {}, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    theta = np.array([config["shape"] * (config["sigma"] - 1.0), 4.0])
    layers = {"border": (0.0, "resource")}
    plain = calibrate(small, theta=theta, alpha=[1.0, 0.0], layers=layers, uses="common")
    seen = short_run(plain)
    sold = np.asarray(seen.outcomes["trade"])[:, :, GOODS]
    spent = np.asarray(plain.flows(seen.prices, seen.x).spending).sum(axis=2)[:, GOODS]
    overhead = (1.0 - 1.0 / config["shape"]) / config["sigma"]
    entrants = sold.sum(axis=1) * (1.0 / config["sigma"] - overhead)  # entry costs one bundle
    share = (sold / sold.diagonal()[:, None]) ** config["market"]
    number = config["survive"] * np.minimum(share, 3.0)
    some = sold > 0  # where nothing is sold any fixed cost will do
    number = np.where(some, number, 1.0)
    fixed = np.where(some, sold * overhead / (entrants[:, None] * number), 1.0)
    gap = 1.0 / (config["sigma"] - 1.0) - 1.0 / theta[GOODS]
    taste = np.array(plain.base.market.taste)
    taste[:, :, GOODS] *= ((fixed / spent) ** (gap * theta[GOODS]))[..., None]
    full = np.ones((*fixed.shape, 2))
    full[:, :, GOODS] = fixed
    firms = Selection(
        fixed=full, sigma=config["sigma"], recognition=0.0, limit=1.0, sectors=("goods",)
    )
    return compose(plain.with_(taste=taste), [firms])


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Profits by rank, exit, exporters and real income in each case against the table's year."""
    progress(0, 3, "calibrating")
    base = economy(config)
    region = tuple(data.EAST_ASIA_PACIFIC)
    levers = {
        "cheaper": (Lever("border.cost", "times", among=region, sectors=("goods",)), "cheaper"),
        "recognised": (Lever("selection.recognition", "set", among=region), "recognised"),
    }
    for lever, _ in levers.values():  # arrays throughout, so that all solves are one program
        base = lever.put(base, float(lever.start(base)))
    before = short_run(base)
    worst = float(np.abs(np.asarray(before.outcomes["wage"]) - 1.0).max())
    found = {}
    for k, (case, (lever, name)) in enumerate(levers.items()):
        progress(1 + k, 3, case)
        value = 1.0 - config[name] if case == "cheaper" else config[name]
        found[case] = short_run(lever.put(base, value))
    places = config["economies"]
    at = [base.place_names.index(place) for place in places]
    ranks = 1.0 - np.logspace(0.0, -4.0, config["points"])
    profit = np.stack(
        [[_change(config, before, after, i, ranks) for i in at] for after in found.values()]
    )
    cut = np.stack([_home_cut(config, after)[at] for after in found.values()])
    start = _home_cut(config, before)[at]
    income = np.stack(
        [
            np.asarray(after.outcomes["consumption"] / before.outcomes["consumption"])[at]
            for after in found.values()
        ]
    )
    return xr.Dataset(
        {
            "profit": (("case", "place", "rank"), 100.0 * profit, {"units": "%"}),
            "exit": (
                ("case", "place"),
                100.0 * (1.0 - (cut / start) ** -config["shape"]),
                {"units": "% of firms"},
            ),
            "income": (("case", "place"), 100.0 * (income - 1.0), {"units": "%"}),
        },
        coords={"case": list(CASES), "place": places, "rank": ranks},
        attrs={"status": "converged", "baseline": worst},
    )


def _home_cut(config: dict[str, Any], solved: Any) -> np.ndarray:
    """Size of the smallest firm of each place."""
    cutoff = np.asarray(solved.outcomes["selection.cutoff"])[:, :, GOODS]
    return cutoff.diagonal() ** (config["sigma"] - 1.0)


def _change(
    config: dict[str, Any], before: Any, after: Any, place: int, ranks: np.ndarray
) -> np.ndarray:
    """Change of real profit of firms by rank among those active before; -1 for those that exit."""
    size = _home_cut(config, before)[place] * (1.0 - ranks) ** (-1.0 / config["shape"])
    # The firm of rank zero earns nothing before: take one that is one per cent larger.
    size = size * 1.01
    old, new = (_profit(config, solved, place, size) for solved in (before, after))
    return new / old - 1.0


def _profit(config: dict[str, Any], solved: Any, i: int, size: np.ndarray) -> np.ndarray:
    """Profit of firms of these sizes over all markets, in consumption baskets."""
    found = solved.outcomes
    firms = np.asarray(found["selection.firms"])[i, :, GOODS]
    sold = np.asarray(found["trade"])[i, :, GOODS]
    cut = np.asarray(found["selection.cutoff"])[i, :, GOODS] ** (config["sigma"] - 1.0)
    serves = firms > 0
    # The smallest firm of a market just covers the fixed cost: sales of the mean firm say which.
    shape = config["shape"]
    fixed = sold[serves] / firms[serves] * (1.0 - 1.0 / shape) / config["sigma"]
    slope = fixed / cut[serves]
    profit = np.maximum(size[:, None] * slope - fixed, 0.0).sum(axis=1)
    return profit / float(found["consumer_index"][i])


def describe(record: xr.Dataset) -> dict[str, str]:
    """Small firms lose, large ones gain, and everybody's real income rises."""
    config = settings(record)
    profit = record["profit"].median("place")
    cheap, less = (profit.sel(case=case) for case in CASES)
    at = np.asarray(record["rank"])
    turn = float(np.interp(0.0, cheap.values, at))
    winners = 1.0 - at[less.values > 0.0]
    count = record.sizes["place"]
    lost = record["profit"].sel(case="cheaper").sel(rank=0.5, method="nearest")
    gain = record["income"].sel(case="cheaper")
    return {
        "title": (
            f"Cheaper trade inside the region raises real income in {int((gain > 0).sum())} of "
            f"{count} economies, but the median firm loses in {int((lost < 0).sum())} of them: "
            f"only the largest {_percent(1.0 - turn)} gain"
        ),
        "caption": (
            "Change of real profit over the rank of a firm in size, among firms active before: "
            f"{count} economies (grey) and their median. Left: cost of trade in goods inside the "
            f"region down by {config['cheaper']:.0%}; middle: mutual recognition saves "
            f"{config['recognised']:.0%} of the fixed cost of serving each other "
            f"(the median gain lies between the largest {_percent(winners.min())} and "
            f"{_percent(winners.max())}, who start to export or export more cheaply; the very "
            "largest export already and meet more rivals). Lines end at -45 %: firms further down "
            "lose more, and those at the bottom leave. Right: share of firms that leave over the "
            "gain in real income. General economy of "
            "goods and services calibrated to the OECD inter-country table of 2020 (21 regions), "
            f"with selection in goods (Melitz 2003, Chaney 2008): σ = {config['sigma']:g}, Pareto "
            f"sizes of shape {config['shape']:g} (fits small firms' shares of enterprises and "
            f"output). Assumed: {config['survive']:.0%} of entrants serve their own market, "
            f"sellers rise with sales over markets to the power {config['market']:g}; services: "
            "elasticity 4, no selection. Workers stay; trade deficits are fixed. Solved from the "
            "table's equilibrium; no other was searched for: goods have increasing returns and "
            "inputs of each other, which is what the largest gains rest on."
        ),
        "checks": (
            "at the baseline every wage is one to "
            f"{float(record.attrs['baseline']):.0e}; markets hold to 1e-10"
        ),
    }


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g} %"


def draw(record: xr.Dataset) -> Figure:
    """Two panels over rank, one of exit against income."""
    figure, axes = style.sheet(1, 3, height=2.7)
    above = 1.0 - np.asarray(record["rank"])
    titles = ("cheaper trade", "mutual recognition")
    for ax, case, title in zip(axes, CASES, titles, strict=False):
        one = record["profit"].sel(case=case)
        for place in record["place"].values:
            ax.plot(100.0 * above, one.sel(place=place), color=style.QUIET, lw=0.5)
        ax.plot(100.0 * above, one.median("place"), color=style.COLOURS[0], lw=1.6)
        ax.axhline(0.0, color="black", lw=0.6)
        ax.set_xscale("log")
        ax.invert_xaxis()
        ax.set_xticks([100.0, 10.0, 1.0, 0.1, 0.01], ["100", "10", "1", "0.1", "0.01"])
        ax.set(title=title, xlabel="largest … % of firms", ylim=(-45.0, 25.0))
    axes[0].set_ylabel("real profit, change in %")
    for k, case in enumerate(CASES):
        both = record.sel(case=case)
        axes[2].plot(
            both["income"], both["exit"], "o", ms=3, color=style.COLOURS[k], label=titles[k]
        )
    cheap = record.sel(case="cheaper")
    named = {str(cheap[name].idxmax("place").values) for name in ("exit", "income")}
    for place in sorted(named):
        point = cheap.sel(place=place)
        right = float(point["income"]) > 0.6 * float(cheap["income"].max())
        axes[2].annotate(
            _east_asia.NAMES[place],
            (float(point["income"]), float(point["exit"])),
            xytext=(-4, 0) if right else (4, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="center",
        )
    axes[2].set(xlabel="real income, change in %", ylabel="firms that leave, %", title="exit")
    axes[2].legend(loc="lower right")
    return figure
