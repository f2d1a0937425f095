"""Bangkok to Hanoi by truck or by sea, before and after goods need no unloading on the way (M12).

Eight cities trade over a network of four modes. Trucks no longer change at Savannakhet and clear
the borders of Lao PDR faster: flows on links, modes over the value of time, and who gains.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments import _corridor
from experiments._words import settings
from neg import short_run
from neg.economy.general import general_economy
from neg.figures import style
from neg.network import Carriage, Network, smooth_routes, switch_values

CONFIG: dict[str, Any] = {
    "theta": 5.0,
    "routes": 640.0,
    "shipment": 30_000.0,
    "daily": 0.01,
    "unloading": (150.0, 24.0),
    "border_hours": 0.25,
    "points": 41,
    "largest": 250.0,
    "shown": 0.005,
}
SMOKE: dict[str, Any] = {"points": 3}

_MODES = {"road": 0, "rail": 4, "sea": 5, "air": 3}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Solve both economies, load the links, and ask for modes at each value of time."""
    nets = {
        "before": _corridor.build(unloading=tuple(config["unloading"])),
        "after": _corridor.build(unloading=(0.0, 0.0), land_hours=config["border_hours"]),
    }
    value = np.linspace(0.0, config["largest"], config["points"])
    loads, income, share, plane = [], [], [], []
    for k, net in enumerate(nets.values()):
        progress(k, 2, "economy and modes")
        found = short_run(_economy(net, config))
        flows = np.asarray(found.outcomes["trade"]).reshape(len(net.places), -1)
        flows = flows / flows.sum()
        routes = smooth_routes(
            net, theta=config["routes"], shipment=config["shipment"], daily=config["daily"]
        )
        loads.append(routes.link_loads(flows).values)
        income.append(np.asarray(found.outcomes["consumption"]))
        plane.append(switch_values(net, "BKK", "HAN")[-1])
        share.append([_shares(net, config, v) for v in value])
    case = {"case": list(nets)}
    link = list(nets["before"].labels["link"])
    place = list(nets["before"].names)
    return xr.Dataset(
        {
            "traffic": (("case", "link"), np.array(loads), {"units": "share of world income"}),
            "real_income": (("case", "place"), np.array(income), {"units": "baskets"}),
            "mode_share": (("case", "value_of_time", "mode"), np.array(share), {"units": "1"}),
            "plane": (("case",), np.array(plane), {"units": "USD/hour"}),
        },
        coords={
            **case,
            "link": link,
            "place": place,
            "value_of_time": ("value_of_time", value, {"units": "USD/hour"}),
            "mode": list(_MODES),
        },
        attrs={"status": "converged" if np.isfinite(income).all() else "not converged"},
    )


def _economy(net: Network, config: dict[str, Any]) -> Any:
    part = Carriage.on(
        net,
        routing="smooth",
        theta=config["routes"],
        shipment=config["shipment"],
        daily=config["daily"],
    )
    return general_economy(
        places=net.names,
        sectors=["goods"],
        employment=_corridor.by_place(_corridor.PEOPLE)[:, None],
        productivity=_corridor.by_place(_corridor.PRODUCTIVITY)[:, None] ** config["theta"],
        theta=config["theta"],
        alpha=0.0,
        parts=[part],
    )


def _shares(net: Network, config: dict[str, Any], value: float) -> np.ndarray:
    """Shares of modes in the kilometres of a shipment from Bangkok to Hanoi."""
    routes = smooth_routes(
        net,
        theta=config["routes"],
        shipment=config["shipment"],
        daily=value * 24.0 / config["shipment"],
        origins="BKK",
        destinations="HAN",
    )
    found = routes.mode_shares(np.ones((1, 1)))
    return np.array([found.get(mode, 0.0) for mode in _MODES])


def _truck(record: xr.Dataset, case: str) -> float:
    config = settings(record)
    at = config["daily"] * config["shipment"] / 24.0
    share = record["mode_share"].sel(case=case, mode="road")
    return float(np.interp(at, record["value_of_time"], share))


def _gains(record: xr.Dataset) -> xr.DataArray:
    income = record["real_income"]
    return 100.0 * (income.sel(case="after") / income.sel(case="before") - 1.0)


def describe(record: xr.Dataset) -> dict[str, str]:
    """How far the truck replaces the ship, and who gains."""
    config, gain = settings(record), _gains(record)
    usd, hours = config["unloading"]
    top = gain.isel(place=int(np.argmax(gain.values)))
    rise = record["traffic"].sel(link="SVK-DAD:road")
    growth = float(rise.sel(case="after") / rise.sel(case="before"))
    at = config["daily"] * config["shipment"] / 24.0
    return {
        "title": (
            "Without unloading and with faster borders the truck beats the plane from Bangkok to "
            f"Hanoi up to {float(record['plane'].sel(case='after')):.0f} USD an hour instead of "
            f"{float(record['plane'].sel(case='before')):.0f}; "
            f"{_corridor.NAMES[str(top['place'].values)]} gains most ({float(top):.1f} %)"
        ),
        "caption": (
            "Eight cities that trade over four modes. Maps: width of links by traffic, both "
            f"directions, from {config['shown']:.1%} of the largest on; the road through "
            f"Savannakhet comes to carry {growth:.2f} times as much. Before: goods change trucks "
            "at Savannakhet "
            f"({usd:g} USD, {hours:g} hours); after: they do not, and borders of Lao PDR take "
            f"{config['border_hours']:g} of their time. Modes: shares in the kilometres of a "
            "shipment from Bangkok to Hanoi by value of time (dashed: before, solid: after); at "
            f"{at:g} USD/hour, which the economy uses, trucks carry "
            f"{_truck(record, 'before'):.0%} before and {_truck(record, 'after'):.0%} after. "
            f"One sector of differentiated goods, trade elasticity {config['theta']:g}, people "
            f"immobile; smooth routing (Allen and Arkolakis 2022), elasticity of routes "
            f"{config['routes']:g}, a shipment worth {config['shipment']:,.0f} USD. "
            f"{_corridor.ASSUMED}. No other places, so that levels mean nothing."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Two maps, the modes and the gains."""
    figure, axes = style.sheet(
        [["before", "after"], ["modes", "gains"]], height=6.6, height_ratios=[1.5, 1.0]
    )
    top = float(record["traffic"].max())
    for case, title in (("before", "Before"), ("after", "After")):
        _map(axes[case], record["traffic"].sel(case=case), top, settings(record)["shown"])
        axes[case].set_title(title)
    handles = [Line2D([], [], color=style.COLOURS[k], lw=2.5, label=m) for m, k in _MODES.items()]
    axes["before"].legend(handles=handles, loc="lower right")
    modes = axes["modes"]
    for mode, colour in _MODES.items():
        for case, line in (("before", "--"), ("after", "-")):
            share = record["mode_share"].sel(case=case, mode=mode)
            modes.plot(record["value_of_time"], share, line, color=style.COLOURS[colour])
    config = settings(record)
    modes.axvline(config["daily"] * config["shipment"] / 24.0, color=style.QUIET, lw=0.8, ls=":")
    modes.set(
        title="Modes, Bangkok to Hanoi",
        xlabel="value of time, USD an hour",
        ylabel="share of kilometres",
        ylim=(-0.02, 1.02),
    )
    gains = _gains(record).sortby(_gains(record))
    bars = axes["gains"]
    colours = [style.COLOURS[0] if g >= 0 else style.COLOURS[1] for g in gains.values]
    names = [_corridor.NAMES[str(p)] for p in gains["place"].values]
    bars.barh(names, gains.values, color=colours)
    bars.axvline(0.0, color=style.INK, lw=0.7)
    bars.set(title="Real income", xlabel="change, %")
    return figure


_OFFSETS = {
    "BKK": (-4, 4, "right"),
    "LCB": (-6, -9, "right"),
    "VTE": (-8, 5, "right"),
    "SVK": (12, -17, "center"),
    "DAD": (6, -2, "left"),
    "HAN": (-5, 4, "right"),
    "HPH": (6, -2, "left"),
    "SIN": (8, -2, "left"),
}


def _map(axes: Axes, traffic: xr.DataArray, top: float, shown: float) -> None:
    at = _corridor.positions()
    bend = {"road": 0.0, "rail": 0.08, "sea": -0.18, "air": 0.22}
    for label, load in zip(traffic["link"].values, traffic.values, strict=True):
        if load < shown * top:
            continue
        pair, _, mode = str(label).partition(":")
        a, b = (np.array(at[name]) for name in pair.split("-"))
        t = np.linspace(0.0, 1.0, 40)[:, None]
        across = np.array([-(b - a)[1], (b - a)[0]]) * bend[mode]
        way = a + t * (b - a) + 4.0 * t * (1.0 - t) * across
        width = 0.4 + 7.0 * load / top
        axes.plot(
            *way.T, color=style.COLOURS[_MODES[mode]], lw=width, alpha=0.85, solid_capstyle="round"
        )
    for name, (x, y) in at.items():
        axes.plot(x, y, "o", color=style.INK, ms=3.5, zorder=5)
        dx, dy, side = _OFFSETS[name]
        axes.annotate(
            _corridor.NAMES[name], (x, y), (dx, dy), textcoords="offset points", ha=side, zorder=6
        )
    axes.set(xticks=[], yticks=[], xlim=(96.5, 113.5), ylim=(0.0, 22.8), aspect="equal")
    axes.spines[:].set_visible(False)
