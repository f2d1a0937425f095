"""Which borders should ASEAN ease first? A budget of cuts spent by gradient, against equal cuts.

Goods and services of the ten members, of China, Japan and Korea and of the rest of the world,
calibrated to the 2020 table. A budget of cheaper deliveries among members is spread over the 90
pairs so that the members' total real income rises most.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments import _east_asia
from neg import data
from neg.analysis import calibrate
from neg.analysis.policy import BorderPolicy, best_border_cuts
from neg.data.aggregate import aggregate, select
from neg.economy.general import GeneralEconomy
from neg.figures import bars, heat, style

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    # Per cent off the trade-weighted average cost of deliveries among members, and at most a pair.
    "budgets": [0.02, 0.05, 0.08],
    "cap": 0.1,
    "shown": 0.05,
    "tolerance": 1e-10,
}
SMOKE: dict[str, Any] = {"budgets": [0.05]}


def calibrated(config: dict[str, Any]) -> tuple[GeneralEconomy, data.Table]:
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
            "title": "Which borders should ASEAN ease first?",
            "shown": 100.0 * config["shown"],
            "cap": 100.0 * config["cap"],
            "caption": _caption(config, found, trade),
            "status": "converged",
        },
    )


def _caption(config: dict[str, Any], found: list[BorderPolicy], trade: np.ndarray) -> str:
    k = config["budgets"].index(config["shown"])
    best, size = found[k], len(data.ASEAN)
    by_buyer = _by_member(best.cut[:size, :size], trade, axis=0)
    by_seller = _by_member(best.cut[:size, :size], trade, axis=1)
    name = lambda values: _east_asia.NAMES[data.ASEAN[int(np.argmax(values))]]
    return (
        f"{100 * config['budgets'][k]:g} % off the trade-weighted average cost of deliveries among "
        f"ASEAN members raises their total real income by {100 * best.gain:.3f} % if spent where "
        f"it gains most and by {100 * best.equal_gain:.3f} % if spread evenly: "
        f"{100 * (best.gain / best.equal_gain - 1):.0f} % more for the same budget. It goes most "
        f"to deliveries from {name(by_seller)} and to {name(by_buyer)}; no pair may be cut by more "
        f"than {100 * config['cap']:g} %. One more per cent of budget is worth "
        f"{best.shadow_price:.3f} % of income. First-order conditions hold to "
        f"{max(fit.gradient for fit in found):.0e}. What it costs to cut a cost is not modelled "
        "beyond the budget. Goods and services, employment fixed, 14 regions, trade elasticity "
        f"{config['theta']:g}; OECD table 2020."
    )


def _by_member(cut: Any, trade: Any, axis: int) -> Any:
    """Trade-weighted mean cut of every member, as buyer (axis 0) or as seller (axis 1)."""
    foreign = np.where(np.eye(len(trade), dtype=bool), 0.0, trade)
    return (cut * foreign).sum(axis=axis) / foreign.sum(axis=axis)


def draw(record: xr.Dataset) -> Figure:
    """Cuts by pair, mean cut by member, and what budgets gain."""
    figure, axes = plt.subplots(1, 3, figsize=(13.5, 4.6), width_ratios=[1.5, 1.0, 1.0])
    members = [str(name) for name in record["origin"].values]
    names = [_east_asia.NAMES[name] for name in members]
    cut = record["cut"].sel(budget=record.attrs["shown"]).values
    heat.heat_map(
        axes[0],
        np.where(np.eye(len(names), dtype=bool), np.nan, cut),
        names,
        names,
        label="cut of the cost of delivery, %",
        row_label="from",
        column_label="to",
        limits=(0.0, float(record.attrs["cap"])),
    )
    axes[0].set_title(f"Best cuts, budget {record.attrs['shown']:g} %")
    mean = _by_member(cut, record["trade"].values, axis=1)
    bars.ranked_bars(
        axes[1],
        dict(zip(members, mean, strict=True)),
        label="mean cut of deliveries to other members, %",
        names=_east_asia.NAMES,
    )
    axes[1].axvline(record.attrs["shown"], color=style.INK, lw=0.8, ls=":")
    axes[1].set_title("Whose deliveries (dotted: equal cuts)")
    budgets = np.concatenate([[0.0], record["budget"].values])
    for name, colour, words in (("gain", 0, "best cuts"), ("equal_gain", 1, "equal cuts")):
        values = np.concatenate([[0.0], record[name].values])
        axes[2].plot(budgets, values, "-o", ms=4, color=style.COLOURS[colour], label=words)
    axes[2].set(xlabel="budget: % off the average cost", ylabel="ASEAN real income, change in %")
    axes[2].set_title("What the budget gains")
    axes[2].legend()
    return figure
