"""Tiers of a lead firm's chain: easy to enter low down, hard to stay; clusters or a hub (M9, M15).

Left: which firms supply which tier (a menu of flow costs and value), as standards are harmonised.
Middle: firms by tier in time (a ladder), expected life and value added. Right: what small firms
earn in a cluster of peers, with and without a manager, and as suppliers of a hub.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg.figures import style
from neg.firms import Cluster, Hub, Pareto, ladder, menu

CONFIG: dict[str, Any] = {
    "slope": [0.2, 0.3, 0.45, 0.7],
    "cost": [0.3, 0.6, 1.3, 3.5],
    "shape": 1.5,
    "up": [0.25, 0.12, 0.06],
    "out": [0.2, 0.12, 0.07, 0.03],
    "value": [1.0, 2.0, 4.0, 8.0],
    "worth": 4.0,  # operating profit of a firm, before what it shares
    "points": 61,
}
SMOKE = {"points": 7}

TIERS = ("local only", "tier 1", "tier 2", "tier 3")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Shares by tier over standards, the ladder, and incomes over the size of a cluster."""
    progress(0, 1, "closed forms")
    cut = np.linspace(0.0, 0.5, config["points"])
    size = Pareto(config["shape"])
    cost = jnp.asarray(config["cost"])
    dearer = cost - cost[0]
    modes = menu(
        jnp.broadcast_to(jnp.asarray(config["slope"]), (len(cut), 4)),
        cost[0] + (1.0 - jnp.asarray(cut))[:, None] * dearer,
    )
    steps = ladder(config["up"], config["out"])
    mass, value = np.asarray(steps.masses()), np.asarray(config["value"])
    n = np.linspace(1.5, 70.0, 4 * config["points"])
    peers, managed, hub = Cluster(), Cluster(fee=2.0, cut=0.6), Hub(worth=config["worth"])
    income = [n * (config["worth"] - np.asarray(c.cost(n))) for c in (peers, managed)]
    return xr.Dataset(
        {
            "firms": (("cut", "tier"), np.asarray(modes.firms(size))[:, 1:], {"units": "share"}),
            "ladder": ("tier", mass / mass.sum(), {"units": "share of firms"}),
            "value": ("tier", mass * value / (mass @ value), {"units": "share of value added"}),
            "life": ("tier", np.asarray(steps.lives()), {"units": "years"}),
            "income": (
                ("way", "n"),
                np.stack([*income, np.asarray(hub.income(n))]),
                {"units": "money"},
            ),
        },
        coords={
            "cut": cut,
            "tier": list(TIERS),
            "n": n,
            "way": ["peers", "peers, manager", "hub"],
        },
        attrs={"status": "in closed form"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """The top tier: few enter, most value; and where peers beat a hub."""
    config = settings(record)
    top = record.sel(tier="tier 3")
    best = record["income"].max("n")
    return {
        "title": (
            f"The top tier holds {float(top['ladder']):.0%} of suppliers and "
            f"{float(top['value']):.0%} of their value added, and they last "
            f"{float(top['life']):.0f} years against {float(record['life'][0]):.0f}; a manager "
            f"raises what peers earn from {float(best[0]):.1f} to {float(best[1]):.1f}"
        ),
        "caption": (
            "Left: share of all firms by the highest tier that pays, over the share by which "
            "harmonised standards cut what a tier costs more than selling locally (menu with "
            f"slopes {config['slope']}, flow costs {config['cost']}, Pareto sizes of shape "
            f"{config['shape']:g}). Middle: share of firms and of value added by tier at rest, "
            f"with upward rates {config['up']} and exit rates {config['out']} a year, value added "
            f"{config['value']} per firm. Right: income of n small firms worth "
            f"{config['worth']:g} each that share a fixed cost of 10 with coordination 0.4 per "
            "further member, without a manager and with one (fee 2, cuts coordination by 60 %), "
            "and as suppliers of a hub that keeps 30 % (flow cost 1.5); the number of firms "
            "is the abscissa, not an outcome. Assumed parameters, theory, no data."
        ),
        "checks": "closed forms",
    }


def draw(record: xr.Dataset) -> Figure:
    """Three panels."""
    figure, (left, middle, right) = style.sheet(1, 3, height=2.6)
    for k, tier in enumerate(TIERS):
        left.plot(record["cut"], record["firms"].sel(tier=tier), color=style.COLOURS[k], label=tier)
    left.set(xlabel="cut of tier costs", ylabel="share of all firms", ylim=(0.0, 0.5))
    left.legend(loc="upper right")
    at = np.arange(len(TIERS))
    middle.bar(at - 0.2, record["ladder"], 0.38, color=style.COLOURS[0], label="firms")
    middle.bar(at + 0.2, record["value"], 0.38, color=style.COLOURS[1], label="value added")
    middle.set_xticks(at, ["local", "1", "2", "3"])
    middle.set(xlabel="tier", ylabel="share", ylim=(0.0, 0.8))
    middle.legend(loc="upper left")
    for k, way in enumerate(record["way"].values):
        right.plot(record["n"], record["income"].sel(way=way), color=style.COLOURS[k], label=way)
    right.axhline(0.0, color=style.QUIET, lw=0.6)
    right.set(xlabel="small firms n", ylabel="income of all", ylim=(-60.0, 130.0))
    right.legend(loc="upper left")
    return figure
