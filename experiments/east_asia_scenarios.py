"""Cheaper borders inside RCEP and cheaper freight everywhere: who gains, and what scale adds.

The general economy calibrated to the 2020 table of 21 regions and 11 sectors is solved before and
after (a) a fall of all border costs among the 15 RCEP members, tariff equivalents included, and (b)
a fall of freight costs everywhere; each with labour fixed in its sector and with labour choosing
its sector, at several scale elasticities alpha. Freight rises with the sea distance between
regions: its level is an assumption of this experiment (CONFIG), not part of the data.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments import _east_asia
from neg import data
from neg.analysis import (
    Edit,
    Scenario,
    TradeCosts,
    UnstableAllocationWarning,
    calibrate,
    compare,
    freight_rate,
    trade_costs,
)
from neg.figures import bars, heat, style

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    "scale": [0.0, 0.5, 0.8, 1.0],
    "border_cost": 0.95,
    "freight_factor": 0.9,
    # Freight as a share of value at 10,000 km by sea, and how it rises with distance.
    "freight_at_10000_km": 0.06,
    "freight_power": 0.5,
    "shown_scale": 0.5,
}
SMOKE: dict[str, Any] = {"scale": [0.0, 0.5]}

SIDES = {0.0: "Armington\nα = 0", 0.5: "between\nα = 0.5", 1.0: "Krugman\nα = 1"}
LABOUR = {"immobile": "labour fixed in its sector", "sectors": "labour chooses its sector"}


def layers(config: dict[str, Any], table: data.Table) -> TradeCosts:
    """Freight by sea distance, and a border layer that stands for changes from 2020."""
    freight = freight_rate(
        data.distances("sea").sel(origin=list(table.places), destination=list(table.places)).values,
        at=config["freight_at_10000_km"],
        reference_km=1e4,
        power=config["freight_power"],
    )
    return trade_costs(
        table.places,
        table.sectors,
        {"freight": (freight, "resource"), "border": (0.0, "resource")},
    )


def scenarios(config: dict[str, Any]) -> list[Scenario]:
    """The two scenarios as data."""
    border, freight = config["border_cost"], config["freight_factor"]
    return [
        Scenario(
            name="RCEP",
            description=f"border costs among RCEP members fall by {100 * (1 - border):g} %",
            edits=(Edit(layer="border", cost=border, among=data.RCEP),),
        ),
        Scenario(
            name="freight",
            description=f"freight costs fall by {100 * (1 - freight):g} % everywhere",
            edits=(Edit(layer="freight", factor=freight),),
        ),
    ]


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Solve every scenario for both labour markets and every scale elasticity."""
    table = data.load_icio()
    costs = layers(config, table)
    cases = [(labour, alpha) for labour in LABOUR for alpha in config["scale"]]
    solved, notes = [], []
    for number, (labour, alpha) in enumerate(cases):
        progress(number, len(cases), f"{labour}, scale elasticity {alpha:g}")
        economy = calibrate(
            table,
            theta=config["theta"],
            alpha=alpha,
            costs=costs,
            uses="common",
            mobility=labour,
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = compare(economy, costs, scenarios(config))
        for warning in caught:
            if not issubclass(warning.category, UnstableAllocationWarning):
                warnings.warn_explicit(warning.message, warning.category, warning.filename, 0)
            else:
                notes.append(f"{labour}, alpha {alpha:g}: {warning.message}")
        solved.append(result)
    held = [result.attrs["held_fixed"] for result in solved]
    status = sorted({name for result in solved for name in result["solve_status"].values})
    scale = np.asarray(config["scale"])
    rows = [
        xr.concat(
            solved[k * len(scale) : (k + 1) * len(scale)],
            dim=xr.DataArray(scale, dims="scale", name="scale"),
            join="outer",
            data_vars="all",
            combine_attrs="drop",
        )
        for k in range(len(LABOUR))
    ]
    record = xr.concat(
        rows,
        dim=xr.DataArray(list(LABOUR), dims="labour", name="labour"),
        join="outer",
        data_vars="all",
        combine_attrs="drop",
    )
    record["scale"].attrs.update(units="1", label="scale elasticity alpha")
    for name in record.data_vars:
        record[name].attrs = dict(solved[0][name].attrs) if name in solved[0] else {"units": "1"}
        record[name].attrs.setdefault("units", "1")
        if record[name].dtype == object:
            record[name] = record[name].fillna("").astype(str).assign_attrs(record[name].attrs)
    record.attrs = {
        "title": "East Asia 2020: cheaper borders and cheaper freight",
        "status": ", ".join(status),
        "held_fixed_immobile": held[0],
        "held_fixed_sectors": held[-1],
        "notes": "; ".join(notes) or "the observed allocation is stable in every case",
        **_captions(config, record),
    }
    return record


def _captions(config: dict[str, Any], record: xr.Dataset) -> dict[str, str]:
    shown = config["shown_scale"]
    gain = record["real_income_change"].sel(scenario="RCEP", place=list(data.EAST_ASIA_PACIFIC))
    at = gain.sel(labour="sectors", scale=shown).to_series().sort_values()
    asean = gain.sel(labour="sectors", place=list(data.ASEAN)).mean("place").to_series()
    source = "Data: OECD inter-country input-output table 2020, trade elasticity " + (
        f"{config['theta']:g}; exact changes of real income."
    )
    names = _east_asia.NAMES
    return {
        "caption": (
            f"{100 * (1 - config['border_cost']):g} % cheaper deliveries among RCEP members raise "
            f"real income most in {names[at.index[-1]]} ({at.iloc[-1]:+.1f} %) and divert trade "
            f"from {names[at.index[0]]} ({at.iloc[0]:+.2f} %), outside the agreement (labour "
            f"chooses its sector, scale elasticity {shown:g}). {source}"
        ),
        "caption_scale": (
            "What increasing returns add: the mean gain of the ASEAN members from the RCEP "
            "scenario goes from "
            + " to ".join(f"{value:.1f} % at alpha {a:g}" for a, value in asean.items())
            + " when labour chooses its sector; with labour fixed in its sector scale adds far "
            f"less. {_left(record)} {source}"
        ),
        "caption_sides": (
            "The RCEP scenario under constant returns, full increasing returns with free entry and "
            "the middle, with labour fixed in its sector and choosing it: real income, exact "
            "change in %. Returns matter where workers can follow them"
            f"{_farthest(gain)}. {_left(record)} {source}"
        ),
    }


def _farthest(gain: xr.DataArray) -> str:
    """Whose gain returns change most, in words."""
    moved = (gain.isel(scale=-1) - gain.sel(scale=0.0)).transpose("labour", "place")
    largest = abs(moved).max("place").to_series()
    mobile = moved.sel(labour="sectors").to_series()
    place = str(mobile.abs().idxmax())
    return (
        f": from one end to the other they change a gain by up to {largest['sectors']:.1f} points "
        f"({_east_asia.NAMES[place]}, {mobile[place]:+.1f}), with labour fixed by "
        f"{largest['immobile']:.1f}"
    )


def _left(record: xr.Dataset) -> str:
    """Which sectors leave places altogether at the baseline, in one sentence."""
    unused = record["solve_unused_cells"].sel(labour="sectors", scenario="baseline")
    counts = {
        float(cells["scale"]): len([name for name in str(cells.values).split(", ") if name])
        for cells in unused
    }
    cells = record.sizes["place"] * record.sizes["sector"]
    gone = [f"{count} of {cells} cells at alpha {a:g}" for a, count in counts.items() if count]
    if not gone:
        return ""
    return (
        "The observed allocation is then no stable equilibrium; the dynamics leave it and "
        f"industries leave places altogether: {', '.join(gone)}."
    )


def draw(record: xr.Dataset) -> dict[str, Figure]:
    """A map with ranked bars, and the role of the scale elasticity."""
    places = list(data.EAST_ASIA_PACIFIC)
    shown = 0.5 if 0.5 in record["scale"].values else float(record["scale"].values[-1])
    change = record["real_income_change"].sel(labour="sectors", scale=shown)
    figure, axes = plt.subplots(
        1, 3, figsize=(13.0, 4.9), width_ratios=[1.5, 1.0, 1.0], layout="compressed"
    )
    _east_asia.panel(
        axes[0],
        change.sel(scenario="RCEP", place=places).to_series(),
        "Cheaper borders among RCEP members",
        "real income, change in %",
        centre=0.0,
    )
    titles = {"RCEP": "Borders among RCEP members", "freight": "Freight everywhere"}
    for ax, name in zip(axes[1:], titles, strict=True):
        bars.ranked_bars(
            ax,
            change.sel(scenario=name).to_series(),
            label="real income, change in %",
            names=_east_asia.NAMES,
            highlight=data.ASEAN,
        )
        ax.set_title(titles[name])
    return {"": figure, "scale": _scale_figure(record), "sides": _side_figure(record)}


def _side_figure(record: xr.Dataset) -> Figure:
    """The RCEP scenario under every kind of returns and both labour markets, side by side."""
    figure, axes = plt.subplots(1, 2, figsize=(10.0, 6.2), sharey=True)
    places = list(data.EAST_ASIA_PACIFIC)
    change = record["real_income_change"].sel(scenario="RCEP", place=places)
    scales = [a for a in SIDES if a in record["scale"].values]
    change = change.sel(scale=scales)
    edge = float(np.nanmax(np.abs(change)))
    for ax, (labour, title) in zip(axes, LABOUR.items(), strict=True):
        heat.heat_map(
            ax,
            change.sel(labour=labour).transpose("place", "scale").values,
            [_east_asia.NAMES[place] for place in places],
            [SIDES[a] for a in scales],
            label="real income, change in %",
            row_label="",
            column_label="",
            centre=0.0,
            limits=(-edge, edge),
            numbers="+.2f",
            bar=False,
        )
        ax.set_xticks(range(len(scales)), [SIDES[a] for a in scales], rotation=0)
        ax.set_title(title[0].upper() + title[1:])
    return figure


def _scale_figure(record: xr.Dataset) -> Figure:
    """Gain from the RCEP scenario by economy, against the scale elasticity."""
    figure, axes = plt.subplots(1, 2, figsize=(11.0, 4.6), sharey=True)
    change = record["real_income_change"].sel(scenario="RCEP")
    members = [p for p in data.ASEAN if p != "BRN"]
    for ax, (labour, title) in zip(axes, LABOUR.items(), strict=True):
        for number, place in enumerate(members):
            values = change.sel(labour=labour, place=place)
            colour = style.COLOURS[number % len(style.COLOURS)]
            line = "-o" if number < len(style.COLOURS) else "--s"
            ax.plot(values["scale"], values, line, ms=4, color=colour, label=place)
        ax.axhline(0.0, color="0.6", lw=0.8)
        ax.set_title(title[0].upper() + title[1:])
        ax.set_xlabel("scale elasticity α")
    axes[0].set_ylabel("real income, change in %")
    handles, labels = axes[0].get_legend_handles_labels()
    axes[0].legend(
        handles, [_east_asia.NAMES[name] for name in labels], ncols=2, fontsize=8, frameon=False
    )
    return figure
