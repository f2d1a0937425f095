"""Transactions by how long they take: local, neighbouring, regional, world, before and after (M7).

Three kinds of goods, of which a day costs more or less, travel between eight cities on a network of
four modes. Integration: no unloading on the way, faster borders, lower fees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments import _corridor
from experiments._words import settings
from neg import short_run
from neg.analysis import scenario
from neg.economy.general import general_economy
from neg.figures import style
from neg.network import Carriage, time_layers

CONFIG: dict[str, Any] = {
    "theta": 5.0,
    "routes": 640.0,
    "shipment": 30_000.0,
    "daily": {"primary goods": 0.006, "light goods": 0.010, "machinery": 0.021},
    "unloading": (150.0, 24.0),
    "border_hours": 0.25,
    "border_fees": 0.5,
    "at_home": 2.0,
}
SMOKE: dict[str, Any] = {"daily": {"light goods": 0.010}}

_LAYERS = ("local", "neighbouring", "regional", "world")
_EDGES = ("under 2.5 hours", "to a week", "one to two weeks", "over two weeks")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Solve before and after, and sort what is sold by the hours it takes."""
    net = _corridor.build(unloading=tuple(config["unloading"]))
    sectors = list(config["daily"])
    part = Carriage.on(
        net,
        routing="smooth",
        theta=config["routes"],
        shipment=config["shipment"],
        daily=np.array(list(config["daily"].values())),
    )
    people = _corridor.by_place(_corridor.PEOPLE)[:, None] / len(sectors)
    made = _corridor.by_place(_corridor.PRODUCTIVITY)[:, None] ** config["theta"]
    economy = general_economy(
        places=net.names,
        sectors=sectors,
        employment=np.tile(people, len(sectors)),
        productivity=np.tile(made, len(sectors)),
        mobility="sectors",
        theta=config["theta"],
        alpha=0.0,
        parts=[part],
    )
    trucks = ["SVK:road-road"]
    integration = scenario(
        {
            "name": "integration",
            "edits": [
                {"path": "network.transfer_usd", "set": 0.0, "transfers": trucks},
                {"path": "network.transfer_hours", "set": 0.0, "transfers": trucks},
                {"path": "network.border_hours", "times": config["border_hours"]},
                {"path": "network.border_usd", "times": config["border_fees"]},
            ],
        }
    )
    cases = {"before": economy, "after": integration.apply(economy)}
    trade, hours = [], []
    for k, one in enumerate(cases.values()):
        progress(k, 2, "economy")
        found = short_run(one)
        sold = np.asarray(found.outcomes["trade"]).reshape(8, 8, len(sectors))
        trade.append(sold / sold.sum())
        taken = np.asarray(found.outcomes["network.hours"]).reshape(8, 8, -1)
        home = np.eye(8, dtype=bool)[..., None]
        trade_hours = np.where(home, config["at_home"], np.broadcast_to(taken, sold.shape))
        hours.append(trade_hours)
    dims = ("case", "origin", "destination", "sector")
    share = [
        [time_layers(h[..., s], t[..., s]).values for s in range(len(sectors))]
        for h, t in zip(hours, trade, strict=True)
    ]
    return xr.Dataset(
        {
            "trade": (dims, np.array(trade), {"units": "share of world sales"}),
            "hours": (dims, np.array(hours), {"units": "hours"}),
            "share": (("case", "sector", "layer"), np.array(share), {"units": "1"}),
        },
        coords={
            "case": list(cases),
            "origin": list(net.names),
            "destination": list(net.names),
            "sector": sectors,
            "layer": list(_LAYERS),
        },
        attrs={"status": "converged" if np.isfinite(share).all() else "not converged"},
    )


def _abroad(record: xr.Dataset) -> xr.DataArray:
    """Shares of the layers in what is not sold at home."""
    away = record["share"].sel(layer=list(_LAYERS[1:]))
    return away / away.sum("layer")


def describe(record: xr.Dataset) -> dict[str, str]:
    """How much more reaches the buyer within a week."""
    config, away = settings(record), _abroad(record)
    one = str(record["sector"].values[-1])
    near = away.sel(layer="neighbouring", sector=one)
    rates = ", ".join(f"{100 * rate:g} % for {name}" for name, rate in config["daily"].items())
    usd, hours = config["unloading"]
    return {
        "title": (
            f"Integration brings trade in {one} between cities within a week: from "
            f"{100 * float(near.sel(case='before')):.0f} to "
            f"{100 * float(near.sel(case='after')):.0f} % of it"
        ),
        "caption": (
            "Shares in the value of transactions by hours from door to door, expected over "
            "routes. Left: the four layers in the sales of each good; right: all sales over hours, "
            f"cumulated (dashed: before, solid: after; dotted: edges of the layers). Sales "
            f"of a city to itself take {config['at_home']:g} hours (assumed), and are local. A day "
            f"costs {rates} of value (between the 0.6 and 2.1 % of Hummels and Schaur 2013; which "
            "good has which is assumed). Integration: no change of trucks at Savannakhet "
            f"({usd:g} USD, {hours:g} hours), borders take {config['border_hours']:g} of their "
            f"hours and {config['border_fees']:g} of their fees. Eight cities, trade elasticity "
            f"{config['theta']:g}, elasticity of routes {config['routes']:g} (smooth routing, "
            f"Allen and Arkolakis 2022), shipments worth {config['shipment']:,.0f} USD, people "
            f"choose among sectors, not places. {_corridor.ASSUMED}. What takes between 2.5 "
            "hours and a day counts as neighbouring."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Bars by good, before and after, and the cumulated curve of all sales."""
    figure, (bars, curve) = style.sheet(1, 2, height=3.3, width_ratios=[1.25, 1.0])
    names, rows = [], []
    for sector in record["sector"].values[::-1]:
        for case in ("after", "before"):
            names.append(f"{sector}, {case}")
            rows.append(record["share"].sel(sector=sector, case=case).values)
    left = np.zeros(len(rows))
    colours = (style.QUIET, style.COLOURS[5], style.COLOURS[0], style.COLOURS[4])
    for k, colour in enumerate(colours):
        width = np.array([row[k] for row in rows])
        bars.barh(names, width, left=left, color=colour, label=_EDGES[k], height=0.72)
        left += width
    bars.set(title="Layers of time", xlabel="share of value", xlim=(0.0, 1.0))
    handles, labels = bars.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    for case, line in (("before", "--"), ("after", "-")):
        hours = record["hours"].sel(case=case).values.ravel()
        value = record["trade"].sel(case=case).values.ravel()
        order = np.argsort(hours)
        x = np.concatenate([[1.0], hours[order], [1000.0]])
        y = np.concatenate([[0.0], np.cumsum(value[order]), [1.0]])
        curve.step(x, y, line, where="post", color=style.COLOURS[0], label=case)
    for edge in (2.5, 168.0, 336.0):
        curve.axvline(edge, color=style.QUIET, lw=0.8, ls=":")
    curve.set(
        title="All sales",
        xlabel="hours from door to door",
        xscale="log",
        ylim=(0.0, 1.03),
        ylabel="share of value, cumulated",
    )
    curve.legend(loc="lower center")
    return figure
