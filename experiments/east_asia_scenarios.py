"""Cheaper borders inside RCEP and cheaper freight everywhere: who gains, and what scale adds.

The general economy calibrated to the 2020 table of 21 regions and 11 sectors is solved before and
after (a) a fall of all border costs among the 15 RCEP members, tariff equivalents included, and (b)
a fall of freight costs everywhere; each with labour fixed in its sector and with labour choosing
its sector, at several scale elasticities alpha: with mobile labour only where the observed
allocation is a stable equilibrium, as no scenario can start from it elsewhere. Freight rises with
the sea distance between regions: its level is an assumption of this experiment (CONFIG), not part
of the data.
"""

from __future__ import annotations

import warnings
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from experiments import _east_asia
from experiments._words import settings
from neg import data
from neg.analysis import (
    Edit,
    Scenario,
    UnstableAllocationWarning,
    calibrate,
    compare,
    freight_rate,
)
from neg.analysis.returns import scale_limit
from neg.economy.general import General
from neg.figures import bars, heat, style
from neg.figures.scale import Scale

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    "scale": {"immobile": [0.0, 0.3, 0.5, 0.6, 1.0], "sectors": [0.0, 0.3, 0.5, 0.6]},
    "border_cost": 0.95,
    "freight_factor": 0.9,
    # Freight as a share of value at 10,000 km by sea, and how it rises with distance.
    "freight_at_10000_km": 0.06,
    "freight_power": 0.5,
    "shown_scale": 0.5,
}
SMOKE: dict[str, Any] = {"scale": {"immobile": [0.0, 0.5, 1.0], "sectors": [0.0, 0.5]}}

LABOUR = {"immobile": "Labour fixed in its sector", "sectors": "Labour chooses its sector"}


def layers(config: dict[str, Any], table: data.Table) -> dict[str, tuple[Any, str]]:
    """Freight by sea distance, and a border layer that stands for changes from 2020."""
    freight = freight_rate(
        data.distances("sea").sel(origin=list(table.places), destination=list(table.places)).values,
        at=config["freight_at_10000_km"],
        reference_km=1e4,
        power=config["freight_power"],
    )
    return {"freight": (freight, "resource"), "border": (0.0, "resource")}


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
    cases = [(labour, float(alpha)) for labour in LABOUR for alpha in config["scale"][labour]]
    solved: dict[str, list[xr.Dataset]] = {labour: [] for labour in LABOUR}
    notes = []
    for number, (labour, alpha) in enumerate(cases):
        progress(number, len(cases), f"{labour}, scale elasticity {alpha:g}")
        result, unstable = _compared(_economy(config, table, labour, alpha), config)
        solved[labour].append(result.where(not unstable))
        if unstable:
            notes.append(f"{labour}, alpha {alpha:g}: {unstable}")
    limit = scale_limit(
        _economy(config, table, "sectors", 0.0),
        grid=sorted({*config["scale"]["sectors"], 1.0})[-2:],
    )
    every = [result for results in solved.values() for result in results]
    held = {labour: results[-1].attrs["held_fixed"] for labour, results in solved.items()}
    status = sorted({name for result in every for name in result["solve_status"].values})
    rows = [
        xr.concat(
            results,
            dim=xr.DataArray(list(map(float, config["scale"][labour])), dims="scale", name="scale"),
            join="outer",
            data_vars="all",
            combine_attrs="drop",
        )
        for labour, results in solved.items()
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
        record[name].attrs = dict(every[0][name].attrs) if name in every[0] else {"units": "1"}
        record[name].attrs.setdefault("units", "1")
        if record[name].dtype == object:
            record[name] = record[name].fillna("").astype(str).assign_attrs(record[name].attrs)
    record.attrs = {
        "status": ", ".join(status),
        "limit": float(limit.limit),
        "held_fixed_immobile": held["immobile"],
        "held_fixed_sectors": held["sectors"],
        "notes": "; ".join(notes) or "the observed allocation is stable in every case",
    }
    return record


def _economy(config: dict[str, Any], table: data.Table, labour: str, alpha: float) -> General:
    """The economy of the table at a scale elasticity."""
    return calibrate(
        table,
        theta=config["theta"],
        alpha=alpha,
        layers=layers(config, table),
        uses="common",
        mobility=labour,
    )


def _compared(economy: General, config: dict[str, Any]) -> tuple[xr.Dataset, str]:
    """The scenarios, and why the observed allocation is no baseline for them, if it is none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = compare(economy, scenarios(config))
    unstable = ""
    for warning in caught:
        if issubclass(warning.category, UnstableAllocationWarning):
            unstable = str(warning.message)
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, 0)
    return result, unstable


def describe(record: xr.Dataset) -> dict[str, str]:
    """Who gains and loses, and what increasing returns add, with labour fixed and mobile."""
    config, names = settings(record), _east_asia.NAMES
    shown = config["shown_scale"]
    gain = record["consumption_change"].sel(scenario="RCEP")
    at = gain.sel(labour="sectors", scale=shown).to_series().sort_values()
    freight = record["consumption_change"].sel(scenario="freight", labour="sectors", scale=shown)
    off = f"{100 * (1 - config['border_cost']):g} %"
    most, least = at.index[-1], at.index[0]
    source = (
        "General economy calibrated to the OECD inter-country input-output table of 2020 (21 "
        f"regions, 11 sectors), trade elasticity {config['theta']:g}, one mix of origins for all "
        "uses; exact changes of real income."
    )
    asean = gain.sel(place=list(data.ASEAN)).mean("place")
    ends = {
        labour: asean.sel(labour=labour).dropna("scale").isel(scale=[0, -1]) for labour in LABOUR
    }
    words = {
        labour: f"{float(two[0]):.1f} to {float(two[1]):.1f} %" for labour, two in ends.items()
    }
    last = {labour: float(two["scale"][-1]) for labour, two in ends.items()}
    stays = (
        "With mobile labour the allocation of 2020 is a stable equilibrium up to a scale "
        f"elasticity of {float(record.attrs['limit']):.3f} only: close below it small changes "
        "have large effects, and nothing is shown beyond, as no scenario can start from it there."
    )
    places, common = list(data.EAST_ASIA_PACIFIC), last["sectors"]
    added = (gain.sel(scale=common) - gain.sel(scale=0.0)).sel(place=places)
    most_added = [
        f"{values.abs().max():.1f} points ({names[values.abs().idxmax()]})"
        for values in (added.sel(labour=labour).to_series() for labour in ("sectors", "immobile"))
    ]
    return {
        "title": (
            f"{off} cheaper borders inside RCEP raise real income most in {names[most]} "
            f"({at.iloc[-1]:+.1f} %); {names[least]} changes by {at.iloc[0]:+.2f} %"
        ),
        "caption": (
            f"Deliveries among the {len(data.RCEP)} RCEP members get {off} cheaper, tariff "
            f"equivalents included (map and middle), or freight costs fall by "
            f"{100 * (1 - config['freight_factor']):g} % everywhere (right): real income, change "
            f"in %. Freight is assumed to cost {100 * config['freight_at_10000_km']:g} % of value "
            f"at 10,000 km by sea and to rise with distance to the power "
            f"{config['freight_power']:g}; cheaper freight helps "
            f"{names[freight.to_series().idxmax()]} most. Bold: ASEAN. "
            f"Scale elasticity {shown:g}; assumed: labour chooses its sector where it lives. "
            f"{source} Outlines: Natural Earth, de facto boundaries."
        ),
        "title_scale": (
            "Returns to scale raise ASEAN's mean gain from cheaper RCEP borders from "
            f"{words['sectors']} where labour chooses its sector (α = {last['sectors']:g}), from "
            f"{words['immobile']} where it cannot (α = {last['immobile']:g})"
        ),
        "caption_scale": (
            "Gain of each of the ten members of ASEAN from the RCEP scenario "
            f"({off} cheaper deliveries among members) against the scale elasticity α: 0 is "
            f"constant returns, 1 Krugman's with free entry. {stays} {source}"
        ),
        "title_sides": (
            f"A scale elasticity of {common:g} changes a gain from cheaper RCEP borders by up to "
            f"{most_added[0]} where labour can follow and {most_added[1]} where it cannot"
        ),
        "caption_sides": (
            f"The RCEP scenario ({off} cheaper deliveries among members) by scale elasticity α, "
            "with labour fixed in its sector and choosing it: real income, change in %. "
            f"α = 0 is constant returns (Armington), 1 Krugman's with free entry. {stays} {source}"
        ),
    }


def draw(record: xr.Dataset) -> dict[str, Figure]:
    """A map with ranked bars, and the role of the scale elasticity."""
    shown = settings(record)["shown_scale"]
    change = record["consumption_change"].sel(labour="sectors", scale=shown)
    figure, axes = style.sheet(1, 3, height=3.3, width_ratios=[1.75, 1.0, 0.66])
    _east_asia.panel(
        axes[0],
        change.sel(scenario="RCEP", place=list(data.EAST_ASIA_PACIFIC)).to_series(),
        "Borders of RCEP",
        "real income, change in %",
        scale=Scale(centre=0.0),
    )
    axes[0].set_anchor("N")
    order = list(change.sel(scenario="RCEP").to_series().sort_values(ascending=False).index)
    titles = {"RCEP": "The same, ranked", "freight": "Freight"}
    for ax, name in zip(axes[1:], titles, strict=True):
        bars.ranked_bars(
            ax,
            change.sel(scenario=name).to_series(),
            label="real income, %",
            names=_east_asia.NAMES,
            highlight=data.ASEAN,
            order=order,
        )
        ax.set_title(titles[name])
    axes[2].set_yticklabels([])
    return {"": figure, "scale": _scale_figure(record), "sides": _side_figure(record)}


def _side_figure(record: xr.Dataset) -> Figure:
    """The RCEP scenario under every kind of returns and both labour markets, side by side."""
    places = list(data.EAST_ASIA_PACIFIC)
    change = record["consumption_change"].sel(scenario="RCEP", place=places)
    parts = {labour: change.sel(labour=labour).dropna("scale") for labour in LABOUR}
    parts = {labour: part.transpose("place", "scale") for labour, part in parts.items()}
    sizes = [part.sizes["scale"] for part in parts.values()]
    figure, axes = style.sheet(1, 2, height=4.0, width_ratios=sizes)
    edge = max(float(abs(part).max()) for part in parts.values())
    for ax, (labour, title) in zip(axes, LABOUR.items(), strict=True):
        heat.heat_map(
            ax,
            parts[labour].values,
            [_east_asia.NAMES[place] for place in places],
            [f"α = {a:g}" for a in parts[labour]["scale"].values],
            label="real income, change in %",
            row_label="",
            column_label="",
            scale=Scale(centre=0.0, limits=(-edge, edge), bar=False),
            numbers="+.2f",
            highlight=[_east_asia.NAMES[place] for place in data.ASEAN],
        )
        ax.tick_params(axis="x", labelrotation=0)
        ax.set_title(title)
    axes[1].set_yticks([])
    return figure


def _scale_figure(record: xr.Dataset) -> Figure:
    """Gain from the RCEP scenario by economy, against the scale elasticity."""
    figure, axes = style.sheet(1, 2, height=2.9, sharey=True)
    change = record["consumption_change"].sel(scenario="RCEP")
    last = change["scale"].max()
    final = change.sel(labour="immobile", scale=last, place=list(data.ASEAN)).to_series()
    members = list(final.sort_values(ascending=False).index)
    for ax, (labour, title) in zip(axes, LABOUR.items(), strict=True):
        for number, place in enumerate(members):
            values = change.sel(labour=labour, place=place).dropna("scale")
            colour = style.COLOURS[number % len(style.COLOURS)]
            line = "-o" if number < len(style.COLOURS) else "--s"
            ax.plot(values["scale"], values, line, ms=3, color=colour, label=place)
        ax.axhline(0.0, color=style.QUIET, lw=0.8)
        ax.set(title=title, xlabel="scale elasticity α", xlim=(-0.04, 1.04))
    axes[1].axvline(float(record.attrs["limit"]), color=style.INK, lw=0.8, ls=":")
    axes[1].text(
        float(record.attrs["limit"]) + 0.02,
        0.5,
        "2020 is no\nstable\nequilibrium",
        transform=axes[1].get_xaxis_transform(),
        va="center",
    )
    axes[0].set_ylabel("real income, change in %")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, [_east_asia.NAMES[name] for name in labels], loc="outside right center")
    return figure
