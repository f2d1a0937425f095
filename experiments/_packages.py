"""Pages of the packages: the overview, one economy, the region with one pot."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments import _east_asia
from neg.figures import bars, heat, style
from neg.figures.scale import Scale

KINDS = ("imports", "exports", "skills, goods", "skills, services", "land")
COLOURS = dict(zip(KINDS, style.COLOURS, strict=False))


STAGES = ("hosting", "gathering", "mature")


def by_stage(record: xr.Dataset, budget: float) -> xr.DataArray:
    """Mean share of each lever in the packages of the economies of a stage, in per cent."""
    spent = record["spending"].sel(budget=budget)
    share = 100.0 * spent / spent.sum("lever")
    stages = [s for s in STAGES if s in record["stage"].values]
    rows = [share.where(record["stage"] == stage, drop=True).mean("place") for stage in stages]
    return xr.concat(rows, xr.DataArray(stages, dims="stage"))


def receipts(record: xr.Dataset, budget: float) -> xr.DataArray:
    """What a member gets from the pot less what it pays in, per cent of its value added."""
    spent = record["pot"].sel(budget=budget).sum("lever")
    return spent / record["weight"] - spent.sum("member")


def _ordered(record: xr.Dataset) -> list[str]:
    """Economies by stage, then by gain."""
    budget = record["budget"].values[len(record["budget"]) // 2]
    rank = {stage: number for number, stage in enumerate(STAGES)}
    gain = record["gain"].sel(budget=budget)
    key = lambda p: (rank[str(record["stage"].sel(place=p).values)], -float(gain.sel(place=p)))
    return sorted(map(str, record["place"].values), key=key)


def _columns() -> list[str]:
    return [name.replace(", ", ",\n") for name in KINDS]


def overview(record: xr.Dataset) -> Figure:
    """Mix by economy, gains, and the mix by stage with what firms pay."""
    figure, axes = style.sheet(
        [["mix", "gain", "stage"], ["mix", "gain", "firms"]],
        height=4.9,
        width_ratios=[1.4, 0.7, 1.0],
    )
    budgets = record["budget"].values
    middle = budgets[len(budgets) // 2]
    places = _ordered(record)
    names = [_east_asia.NAMES[p] for p in places]
    spent = record["spending"].sel(budget=middle, place=places)
    share = (100.0 * spent / spent.sum("lever")).values
    options: dict[str, Any] = {"label": "", "numbers": ".0f"}
    heat.heat_map(
        axes["mix"],
        share,
        names,
        _columns(),
        scale=Scale(limits=(0.0, 100.0), bar=False),
        **options,
    )
    stage = record["stage"].sel(place=places).values
    for row in np.flatnonzero(stage[1:] != stage[:-1]):
        for name in ("mix", "gain"):
            axes[name].axhline(row + 0.5, color=style.INK, lw=1.0)
    axes["mix"].set(xlabel="", ylabel="")
    axes["mix"].set_title(f"Shares of a budget of {middle:g} %, %")
    rows = np.arange(len(names))
    for k, budget in enumerate(budgets):
        value = record["gain"].sel(budget=budget, place=places).values
        axes["gain"].plot(value, rows, "o", ms=3.5, color=style.COLOURS[k], label=f"{budget:g} %")
    axes["gain"].set_yticks(rows, [])
    axes["gain"].set_ylim(len(names) - 0.5, -0.5)
    axes["gain"].set(xlabel="real income, %", xlim=(0.0, None))
    axes["gain"].legend(
        title="budget", loc="lower center", bbox_to_anchor=(0.5, 1.05), title_fontsize=7.5, ncols=1
    )
    axes["gain"].set_title("Gain")
    mean = by_stage(record, middle)
    _stacked(axes["stage"], mean, [str(s) for s in mean["stage"].values])
    axes["stage"].set(xlabel="mean share of the budget, %", xlim=(0, 100))
    axes["stage"].legend(loc="lower center", bbox_to_anchor=(0.45, 1.1), ncols=2)
    axes["stage"].set_title("By stage")
    paid = record["shared"].sel(budget=middle).sum("lever")
    rows_of = [paid.where(record["stage"] == s, drop=True).mean("place") for s in mean["stage"]]
    axes["firms"].barh(
        np.arange(len(rows_of)), [float(v) for v in rows_of], height=0.6, color=style.COLOURS[3]
    )
    axes["firms"].set_yticks(np.arange(len(rows_of)), [str(s) for s in mean["stage"].values])
    axes["firms"].invert_yaxis()
    axes["firms"].set(xlabel="% of value added")
    axes["firms"].set_title("What firms pay on top")
    return figure


def _stacked(axes: Any, share: xr.DataArray, names: list[str]) -> None:
    left = np.zeros(len(names))
    for name in KINDS:
        width = share.sel(lever=name).values
        axes.barh(np.arange(len(names)), width, left=left, color=COLOURS[name], label=name)
        left = left + width
    axes.set_yticks(np.arange(len(names)), names)
    axes.invert_yaxis()


def page(record: xr.Dataset, place: str) -> Figure:
    """One economy: spending at each budget, gains, and what the first dollar is worth."""
    figure, axes = style.sheet(1, 3, height=2.3, width_ratios=[1.25, 0.85, 1.2])
    one = record.sel(place=place)
    budgets = record["budget"].values
    y = np.arange(len(KINDS))
    for k, budget in enumerate(budgets):
        at = y + 0.8 * ((k + 0.5) / len(budgets) - 0.5)
        spent = one["spending"].sel(budget=budget, lever=list(KINDS)).values
        firms = one["shared"].sel(budget=budget, lever=list(KINDS)).values
        size = {"height": 0.72 / len(budgets), "color": style.COLOURS[k]}
        axes[0].barh(at, spent, label=f"{budget:g} %", **size)
        axes[0].barh(at, firms, left=spent, alpha=0.35, **size)
    axes[0].set_yticks(y, KINDS)
    axes[0].invert_yaxis()
    axes[0].set(xlabel="spending, % of value added")
    axes[0].set_xlim(0.0, 1.8 * axes[0].get_xlim()[1])  # room for the legend beside every bar
    axes[0].legend(title="budget", title_fontsize=7.5, loc="center right")
    axes[0].set_title("What to buy")
    axes[1].plot(budgets, one["gain"], "-o", ms=3.5, color=style.COLOURS[0], label="gain")
    axes[1].plot(
        budgets, one["shadow_price"], "-s", ms=3.5, color=style.COLOURS[1], label="one more dollar"
    )
    axes[1].set(xlabel="budget, % of value added", xlim=(0.0, None))
    axes[1].set_ylabel("gain of real income, %\nof one more dollar, dollars")
    axes[1].set_ylim(0.0, 1.5 * max(float(one["gain"].max()), float(one["shadow_price"].max())))
    axes[1].legend(loc="upper left")
    axes[1].set_title("What it is worth")
    worth(axes[2], one["marginal"])
    return figure


def worth(axes: Any, values: xr.DataArray) -> None:
    """One more dollar on each lever, ranked, with the interval over draws."""
    middle = values.median("draw").values
    order = np.argsort(middle)
    low, high = values.min("draw").values[order], values.max("draw").values[order]
    axes.barh(
        np.arange(len(order)),
        middle[order],
        height=0.7,
        color=[COLOURS[KINDS[k]] for k in order],
        xerr=[middle[order] - low, high - middle[order]],
        error_kw={"lw": 1.0, "ecolor": style.INK, "capsize": 2.0},
    )
    axes.set_yticks(np.arange(len(order)), [KINDS[k] for k in order])
    axes.set(xlabel="real income, dollars a year")
    axes.set_title("The first dollar")


def region(record: xr.Dataset) -> Figure:
    """One pot: what it buys where, its gain against budgets apart, who receives, the front."""
    figure, axes = style.sheet(
        [["mix", "gain", "front"], ["mix", "net", "front2"]],
        height=4.4,
        width_ratios=[1.35, 1.0, 1.0],
    )
    budgets = record["budget"].values
    last = budgets[-1]
    members = [str(m) for m in record["member"].values]
    names = [_east_asia.NAMES[m] for m in members]
    spent = record["pot"].sel(budget=last)
    share = (100.0 * spent / spent.sum()).values
    options: dict[str, Any] = {"label": "", "numbers": ".1f"}
    heat.heat_map(axes["mix"], share, names, _columns(), scale=Scale(bar=False), **options)
    axes["mix"].set(xlabel="", ylabel="")
    axes["mix"].set_title(f"One pot of {last:g} %: shares, %")
    for name, colour, word in (("pot_gain", 0, "one pot"), ("apart_gain", 1, "apart")):
        line = {"ms": 3.5, "color": style.COLOURS[colour], "label": word}
        axes["gain"].plot(budgets, record[name], "-o", **line)
    axes["gain"].set(xlabel="budget, %", ylabel="real income, %", xlim=(0, None), ylim=(0, None))
    axes["gain"].legend(loc="upper left")
    axes["gain"].set_title("Together or apart")
    net = receipts(record, float(last))
    bars.ranked_bars(
        axes["net"],
        net.to_series(),
        label="receipts less payments, %",
        names=_east_asia.NAMES,
        digits=".1f",
    )
    axes["net"].set_title("Who receives")
    front = record["front"].values
    axes["front"].plot(front[:, 0], front[:, 1], "-o", ms=3.5, color=style.COLOURS[2])
    axes["front"].set(xlabel="total real income, %", ylabel="averse welfare, %")
    axes["front"].set_title("Total or poorest first")
    place = record["front_spending"].sum("lever").isel(point=[0, -1])
    place = 100.0 * place / place.sum("member")
    for k, word in enumerate(("total first", "poorest first")):
        y = np.arange(len(members)) + 0.38 * (k - 0.5)
        value = place.isel(point=k).values
        axes["front2"].barh(y, value, height=0.36, color=style.COLOURS[k], label=word)
    axes["front2"].set_yticks(np.arange(len(members)), names)
    axes["front2"].invert_yaxis()
    axes["front2"].set(xlabel="share of the pot, %")
    axes["front2"].set_xlim(0.0, 1.6 * axes["front2"].get_xlim()[1])  # room for the legend
    axes["front2"].legend(loc="upper right")
    axes["front2"].set_title("Where it then goes")
    return figure
