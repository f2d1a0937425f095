"""The Mekong corridor before and after: real cities, roads, ships; who wins and who loses (M12).

Trucks from Bangkok to Hanoi no longer change at Savannakhet and clear the borders of Lao PDR
faster: traffic of links, modes of trade between Thailand and Viet Nam, and where people go.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments._corridor_map import ECONOMIES, MODES, changes, gains_of, halo, inside, traffic_map
from experiments._words import listed, settings
from neg.analysis import solve
from neg.core.status import Status
from neg.east_asia import ASSUMPTIONS, SOURCES, Strengths, Where, city_economy
from neg.economy.lever import Lever
from neg.figures import style
from neg.network import LinkCost, Network, smooth_routes

CONFIG: dict[str, Any] = {
    "most": 24,
    "theta": 4.0,
    "routes": 640.0,
    "shipment": 30_000.0,
    "daily": 0.01,
    "border_hours": 0.25,
    "road_time": 0.7,
    "shown": 0.01,
}
SMOKE: dict[str, Any] = {"most": 2}

_TRANSFER = "Savannakhet:road-road"
_BORDERS = ("LAO-THA:road", "LAO-VNM:road")
_ROAD = "Savannakhet-Dansavanh:road"


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Build the economy of cities, solve it before and after, and load both networks."""
    progress(0, 4, "economy of cities")
    ships = {"shipment": config["shipment"], "daily": config["daily"]}
    cities = city_economy(
        Where(most=config["most"]),
        Strengths(theta=config["theta"]),
        routing="smooth",
        route_theta=config["routes"],
        **ships,
    )
    progress(1, 4, "before")
    before = cities.solve()
    progress(2, 4, "after")
    after = solve(_changed(cities.economy, config), before, throw=False)
    statuses = {Status(int(one.status)).name.lower() for one in (before, after)}
    nets = {"before": cities.network, "after": _rebuilt(cities.network, config)}
    names = list(cities.economy.places)
    economy = [cities.accounts.table.places[k] for k in cities.accounts.member]
    trades = _pairs(economy)
    loads, share, people, real = [], [], [], []
    for k, (case, net) in enumerate(nets.items()):
        progress(2 + k, 4, f"routes {case}")
        found = (before, after)[k].outcomes
        goods = np.asarray(found["trade"])[..., [0, 1]].sum(axis=2)
        routes = smooth_routes(
            net, theta=config["routes"], **ships, origins=names, destinations=names
        )
        loads.append(routes.link_loads(goods / goods.sum()).to_numpy())
        found_shares = [routes.mode_shares(goods * pairs) for pairs in trades.values()]
        share.append([[float(one.get(mode, 0.0)) for mode in MODES] for one in found_shares])
        people.append(np.asarray(found["employment"]).sum(axis=1))
        real.append(np.asarray(found["consumption"]))
    at = {place.name: place for place in cities.network.places}
    links = cities.network.links
    return xr.Dataset(
        {
            "traffic": (("case", "link"), np.array(loads), {"units": "share of goods trade"}),
            "mode_share": (("case", "trade", "mode"), np.array(share), {"units": "1"}),
            "people": (("case", "place"), np.array(people), {"units": "million workers"}),
            "real_income": (("case", "place"), np.array(real), {"units": "baskets"}),
        },
        coords={
            "case": list(nets),
            "link": [one.label for one in links],
            "start": ("link", [one.origin for one in links]),
            "end": ("link", [one.destination for one in links]),
            "kind": ("link", [one.mode for one in links]),
            "place": names,
            "economy": ("place", economy),
            "node": list(at),
            "lon": ("node", [one.longitude for one in at.values()], {"units": "degrees"}),
            "lat": ("node", [one.latitude for one in at.values()], {"units": "degrees"}),
            "mode": list(MODES),
            "trade": list(trades),
        },
        attrs={
            "status": listed(sorted(statuses)),
            "residual": max(float(before.residual), float(after.residual)),
            "misfit": cities.misfit(before),
            "sources": "; ".join(SOURCES),
            "assumptions": "; ".join(ASSUMPTIONS),
        },
    )


def _pairs(economy: list[str]) -> dict[str, np.ndarray]:
    """One for pairs of a Thai and a Vietnamese place; of the corridor and of any other economy."""
    own = np.array(economy)
    thai, viet, five = (own == "THA") * 1.0, (own == "VNM") * 1.0, np.isin(own, ECONOMIES) * 1.0
    abroad = (own[:, None] != own) & ((five[:, None] + five) > 0)
    return {
        "Thailand–Viet Nam": np.outer(thai, viet) + np.outer(viet, thai),
        "the five abroad": abroad.astype(float),
    }


def _changed(economy: Any, config: dict[str, Any]) -> Any:
    moves = [
        (Lever("network.transfer_usd", "set", transfers=(_TRANSFER,)), 0.0),
        (Lever("network.transfer_hours", "set", transfers=(_TRANSFER,)), 0.0),
        (Lever("network.border_hours", "times", borders=_BORDERS), config["border_hours"]),
        (Lever("network.link_hours", "times", links=(_ROAD,)), config["road_time"]),
    ]
    for lever, value in moves:
        economy = lever.put(economy, value)
    return economy


def _rebuilt(net: Network, config: dict[str, Any]) -> Network:
    """The network after the same changes, for its routes."""
    speed = {mode.name: mode.kmh for mode in net.modes}
    return dataclasses.replace(
        net,
        transfers=tuple(
            dataclasses.replace(one, usd=0.0, hours=0.0) if one.label == _TRANSFER else one
            for one in net.transfers
        ),
        borders=tuple(
            dataclasses.replace(one, hours=one.hours * config["border_hours"])
            if one.label in _BORDERS
            else one
            for one in net.borders
        ),
        links=tuple(
            dataclasses.replace(one, cost=LinkCost(kmh=speed[one.mode] / config["road_time"]))
            if one.label == _ROAD
            else one
            for one in net.links
        ),
    )


def _trucks(record: xr.Dataset, trade: str) -> str:
    share = 100.0 * record["mode_share"].sel(mode="road", trade=trade)
    return f"{float(share.sel(case='before')):.3g} % before, {float(share.sel(case='after')):.3g} %"


def describe(record: xr.Dataset) -> dict[str, str]:
    """How far trucks replace ships, and who gains or loses."""
    config, gains = settings(record), gains_of(record)
    best, worst = (gains.isel(place=int(f(gains.values))) for f in (np.argmax, np.argmin))
    load = record["traffic"].sel(link=_ROAD)
    growth = float(load.sel(case="after") / load.sel(case="before"))
    count = record.sizes["place"]
    return {
        "title": (
            "Without unloading in Lao PDR the road from Savannakhet to the coast carries "
            f"{growth:.1f} times the goods; {best['place'].item()} gains {float(best):.2f} % of "
            f"real income, {worst['place'].item()} loses {-float(worst):.2f} %"
        ),
        "caption": (
            f"{count} places of 18 economies, USA, EU27 and the rest of the world (at most "
            f"{config['most']} cities an economy), five sectors; totals and flows of economies are "
            "those of the table of 2020. Maps: width of links by goods on them, both directions, "
            f"from {config['shown']:.0%} of the largest in the corridor on. Before: goods "
            "change trucks at Savannakhet; after: they do not, borders of Lao PDR by road take "
            f"{config['border_hours']:g} of their time, that road {config['road_time']:g} of "
            "its. Modes: shares in the kilometres of goods between Thailand and Viet Nam (trucks: "
            f"{_trucks(record, 'Thailand–Viet Nam')} after) and between the five economies "
            f"and any other ({_trucks(record, 'the five abroad')} after). Real income "
            "of places in all: people come and go, free within their economy, and differ in "
            f"tastes for places (0.3); trade elasticity {config['theta']:g}, elasticity of routes "
            f"{config['routes']:g} (smooth routing, Allen and Arkolakis 2022), shipment "
            f"{config['shipment']:,.0f} USD, {config['daily']:.0%} of it a day. "
            f"Source: {record.attrs['sources']}. Assumed: {record.attrs['assumptions']}; what "
            "changes in the scenario."
        ),
        "checks": (
            f"residual {record.attrs['residual']:.1g}; people and wages of the baseline within "
            f"{record.attrs['misfit']:.1g} of those observed"
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Links before and after, where real income rises and falls, modes, winners and losers."""
    figure, axes = style.sheet(
        [["before", "after"], ["change", [["modes"], ["gains"]]]],
        height=7.4,
    )
    top = float(record["traffic"].where(inside(record), 0.0).max())
    for case, title in (("before", "Before"), ("after", "After")):
        traffic_map(axes[case], record, record["traffic"].sel(case=case), top)
        axes[case].set_title(title)
    used = [mode for mode in MODES if float(record["mode_share"].sel(mode=mode).max()) > 5e-4]
    handles = [Line2D([], [], color=style.COLOURS[MODES[m]], lw=2.5, label=m) for m in used]
    legend = axes["before"].legend(handles=handles, loc="lower left", framealpha=0.9)
    for text in legend.get_texts():
        text.set_path_effects(halo())
    changes(figure, axes["change"], record)
    modes = axes["modes"]
    rows = [(trade, case) for trade in record["trade"].values for case in ("before", "after")]
    for k, (trade, case) in enumerate(rows):
        left = 0.0
        for mode, colour in MODES.items():
            part = record["mode_share"].sel(case=case, mode=mode, trade=trade)
            width = 100.0 * float(part)
            modes.barh(-k, width, left=left, color=style.COLOURS[colour], height=0.7)
            left += width
    modes.set(
        title="Modes",
        xlabel="share of kilometres, %",
        yticks=[-k for k in range(len(rows))],
        yticklabels=[f"{trade}, {case}" for trade, case in rows],
        xlim=(0, 100),
    )
    gains = gains_of(record)
    gains = gains.sortby(gains)
    some = min(5, gains.sizes["place"] // 2)
    ends = np.r_[0:some, gains.sizes["place"] - some : gains.sizes["place"]]
    shown = gains.isel(place=ends)
    names = [
        f"{p} ({e})" for p, e in zip(shown["place"].values, shown["economy"].values, strict=True)
    ]
    colours = [style.COLOURS[0] if g >= 0 else style.COLOURS[1] for g in shown.values]
    axes["gains"].barh(names, shown.values, color=colours)
    axes["gains"].axvline(0.0, color=style.INK, lw=0.7)
    axes["gains"].set(title="Real income", xlabel="change, %")
    return figure
