"""Which borders should ASEAN ease first? A budget of cuts spent by gradient, against equal cuts.

Goods and services of the ten members, of China, Japan and Korea and of the rest of the world,
calibrated to the 2020 table. A budget of cheaper deliveries among members is spread over the 90
pairs so that the members' total real income rises most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from experiments import _east_asia
from experiments._words import settings
from neg import data
from neg.analysis import calibrate
from neg.data.aggregate import aggregate, select
from neg.economy.general import General
from neg.estimation.border_cuts import BorderPolicy, best_border_cuts
from neg.figures import bars, heat, style
from neg.figures.scale import Scale

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    # Per cent off the trade-weighted average cost of deliveries among members, and at most a pair.
    "budgets": [0.02, 0.05, 0.08],
    "cap": 0.1,
    "shown": 0.05,
    "tolerance": 1e-10,
}
SMOKE: dict[str, Any] = {"budgets": [0.05]}


def calibrated(config: dict[str, Any]) -> tuple[General, data.Table]:
    """The economy of the 14 regions, and its table."""
    table = data.load_icio()
    small = aggregate(
        select(table, (*data.ASEAN, "CHN", "JPN", "KOR")),
        {},
        {"goods": table.sectors[:2], "services": table.sectors[2:]},
    )
    return calibrate(small, theta=config["theta"], uses="common"), small


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Spend every budget as well as can be."""
    economy, small = calibrated(config)
    found: list[BorderPolicy] = []
    for number, budget in enumerate(config["budgets"]):
        progress(number, len(config["budgets"]), f"budget {100 * budget:g} %")
        found.append(
            best_border_cuts(
                economy,
                data.ASEAN,
                budget=budget,
                cap=config["cap"],
                tolerance=config["tolerance"],
            )
        )
    size, members = len(data.ASEAN), list(data.ASEAN)
    trade = small.flows.sum(axis=2)[:size, :size]
    pair = ("origin", "destination")
    return xr.Dataset(
        {
            "cut": (
                ("budget", *pair),
                [100.0 * fit.cut[:size, :size] for fit in found],
                {"units": "per cent", "label": "cut of the cost of delivery"},
            ),
            "gain": ("budget", [100.0 * f.gain for f in found], {"units": "per cent"}),
            "equal_gain": ("budget", [100.0 * f.equal_gain for f in found], {"units": "per cent"}),
            "shadow_price": ("budget", [f.shadow_price for f in found], {"units": "%/%"}),
            "gradient": ("budget", [f.gradient for f in found], {"units": "1"}),
            "steps": ("budget", [f.steps for f in found], {"units": "1"}),
            "trade": (pair, trade, {"units": "million USD"}),
        },
        coords={
            "budget": [100.0 * b for b in config["budgets"]],
            "origin": members,
            "destination": members,
        },
        attrs={
            "shown": 100.0 * config["shown"],
            "cap": 100.0 * config["cap"],
            "status": "converged",
        },
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """What the best cuts gain over equal ones, and where they go."""
    config = settings(record)
    best = record.sel(budget=record.attrs["shown"])
    cut, trade = best["cut"].values, record["trade"].values
    name = lambda values: _east_asia.NAMES[data.ASEAN[int(np.argmax(values))]]
    gain, equal = float(best["gain"]), float(best["equal_gain"])
    return {
        "title": (
            f"Spent where it gains most, {record.attrs['shown']:g} % off ASEAN's trade costs adds "
            f"{gain:.2f} % to real income, {100 * (gain / equal - 1):.0f} % more than equal cuts"
        ),
        "caption": (
            f"A budget of {record.attrs['shown']:g} % off the trade-weighted average cost of "
            "deliveries among the ten members raises their total real income by "
            f"{gain:.3f} % if spent where it gains most and by {equal:.3f} % if spread evenly. It "
            f"goes most to deliveries from {name(_by_member(cut, trade, axis=1))} and to "
            f"{name(_by_member(cut, trade, axis=0))}; no pair may be cut by more than "
            f"{record.attrs['cap']:g} %, and nearly every pair is cut by that or not at all "
            "(number: the pair cut in part, in %). One more per cent of budget is worth "
            f"{float(best['shadow_price']):.3f} % of income. Searched by gradient over "
            f"{cut.size - len(cut)} pairs from equal cuts: a local optimum. What it costs to cut a "
            "cost is not modelled beyond the budget. General economy of goods and services in 14 "
            "regions calibrated to the OECD inter-country input-output table of 2020, trade "
            f"elasticity {config['theta']:g}, constant returns; assumed: employment fixed by "
            "sector."
        ),
        "checks": f"first-order conditions hold to {float(record['gradient'].max()):.0e}",
    }


def _by_member(cut: Any, trade: Any, axis: int) -> Any:
    """Trade-weighted mean cut of every member, as buyer (axis 0) or as seller (axis 1)."""
    foreign = np.where(np.eye(len(trade), dtype=bool), 0.0, trade)
    return (cut * foreign).sum(axis=axis) / foreign.sum(axis=axis)


_KINDS = {"not cut": style.SEA, "cut in part": "#8db7d6", "cut in full": style.COLOURS[0]}


def draw(record: xr.Dataset) -> Figure:
    """Cuts by pair, mean cut by member, and what budgets gain."""
    layout = [["pairs", "members"], ["pairs", "gains"]]
    figure, axes = style.sheet(
        layout, height=4.4, width_ratios=[1.5, 1.0], height_ratios=[1.4, 1.0]
    )
    cut = record["cut"].sel(budget=record.attrs["shown"]).values
    _pairs(axes["pairs"], record, cut)
    members = [str(name) for name in record["origin"].values]
    mean = _by_member(cut, record["trade"].values, axis=1)
    bars.ranked_bars(
        axes["members"],
        dict(zip(members, mean, strict=True)),
        label="mean cut of what a member delivers, %",
        names=_east_asia.NAMES,
        digits=".1f",
    )
    axes["members"].axvline(record.attrs["shown"], color=style.INK, lw=0.8, ls=":")
    axes["members"].set_title("By seller (dotted: equal cuts)")
    budgets = np.concatenate([[0.0], record["budget"].values])
    for name, colour, words in (("gain", 0, "best cuts"), ("equal_gain", 1, "equal cuts")):
        values = np.concatenate([[0.0], record[name].values])
        axes["gains"].plot(budgets, values, "-o", ms=3, color=style.COLOURS[colour], label=words)
    axes["gains"].set(xlabel="budget: % off the average cost", ylabel="real income, %")
    axes["gains"].set_title("What a budget gains ASEAN")
    axes["gains"].legend()
    return figure


def _pairs(axes: Axes, record: xr.Dataset, cut: np.ndarray) -> None:
    """Which pairs are cut in full, in part and not at all."""
    names = [_east_asia.NAMES[str(name)] for name in record["origin"].values]
    cap = float(record.attrs["cap"])
    home = np.eye(len(names), dtype=bool)
    kind = np.select([home, cut < 0.001 * cap, cut < 0.999 * cap], [np.nan, 0.0, 1.0], 2.0)
    image = heat.heat_map(
        axes,
        kind,
        names,
        names,
        label="",
        row_label="from",
        column_label="to",
        scale=Scale(limits=(-0.5, 2.5), bar=False),
    )
    image.set_cmap(ListedColormap(list(_KINDS.values())))
    for i, j in np.argwhere(kind == 1.0):
        axes.text(j, i, f"{cut[i, j]:.1f}", ha="center", va="center", fontsize=style.SMALLEST)
    words = {"cut in full": f"cut by {cap:g} %"}
    handles = [
        Patch(fc=c, ec=style.QUIET, lw=0.4, label=words.get(k, k)) for k, c in _KINDS.items()
    ]
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    axes.set_title(f"Best cuts, budget {record.attrs['shown']:g} %", pad=20)
