"""The noodle bowl around ASEAN against one agreement for sixteen: who has which, and what it costs.

Effective costs of goods at the input shares of the 2020 table, with one assumed MFN duty: what
buyers pay above the gate when firms use the preferences that pay and that their goods qualify for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments._words import settings
from neg import data, general_economy
from neg.agreements import (
    Agreement,
    Agreements,
    Lines,
    RuleOfOrigin,
    covered,
    hub_and_spokes,
    observed,
)
from neg.data.aggregate import aggregate
from neg.figures import heat, style
from neg.figures.scale import Scale

CONFIG: dict[str, Any] = {
    "theta": 5.0,
    "mfn": 0.10,
    "content": 0.40,
    "width": 0.05,
    "median": 0.03,
    "cumulation": "diagonal",
}
SMOKE: dict[str, Any] = {}
_SIXTEEN = (*data.ASEAN, "CHN", "JPN", "KOR", "IND", "AUS", "NZL")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Contents from the table, then use and cost of every pair under both."""
    table = data.load_icio()
    small = aggregate(table, {}, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    rule = RuleOfOrigin(config["content"], config["width"], config["cumulation"])
    lines = Lines(excluded=("services",))
    terms: dict[str, Any] = {"rule": rule, "lines": lines, "cost": config["median"]}
    systems = {
        "bowl": hub_and_spokes(**terms),
        "one": (Agreement("sixteen", _SIXTEEN, **terms),),
    }
    places = list(small.places)
    mfn = np.zeros((len(places), len(places), 2))
    mfn[..., 0] = config["mfn"] * ~np.eye(len(places), dtype=bool)
    pick = [places.index(name) for name in _SIXTEEN]
    cost: list[np.ndarray] = []
    used: list[np.ndarray] = []
    origin: list[np.ndarray] = []
    for number, agreements in enumerate(systems.values()):
        progress(number, 2, list(systems)[number])
        part = observed(Agreements(agreements, mfn=mfn), small, hold=True)
        economy = general_economy(
            places=places,
            sectors=small.sectors,
            employment=small.value_added,
            theta=config["theta"],
            parts=[part],
        )
        x = economy.initial_distribution()
        scene = economy.scene(economy.initial_prices(x), x)
        slots, use = part.use(scene, mfn)
        whole = np.full((len(places), len(places)), config["mfn"])
        at = (slots.origin, slots.destination)
        price = np.asarray(use.kernel[:, 0]) ** (-1.0 / config["theta"]) - 1.0
        shares = np.zeros_like(whole)
        whole[at], shares[at] = price, np.asarray(use.firms.sum(axis=-1))[:, 0]
        made = np.asarray(part.origins(scene)).max(axis=0)[..., 0]
        for kept, value in ((cost, whole), (used, shares), (origin, made)):
            value = value[np.ix_(pick, pick)].copy()
            np.fill_diagonal(value, np.nan)
            kept.append(100.0 * value)
    bowl = systems["bowl"]
    which = np.full((16, 16), -1)
    for number, one in enumerate(bowl):
        for a, b in one.pairs:
            which[_SIXTEEN.index(a), _SIXTEEN.index(b)] = number
    dims = ("system", "origin", "destination")
    units = {"units": "per cent"}
    return xr.Dataset(
        {
            "cost": (dims, np.array(cost), units),
            "use": (dims, np.array(used), units),
            "originating": (dims, np.array(origin), units),
            "agreement": (dims[1:], which, {"units": "1"}),
            "pairs": ("name", [len(covered([one])) for one in bowl], {"units": "1"}),
        },
        coords={
            "system": list(systems),
            "origin": list(_SIXTEEN),
            "destination": list(_SIXTEEN),
            "name": [one.name for one in bowl],
        },
        attrs={"status": "at the input shares of the table; nothing is solved"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """How many pairs, and what each system costs."""
    config = settings(record)
    mean = record["cost"].mean(("origin", "destination"))
    total = int(record["pairs"].sum())
    inside = record["agreement"] >= 0
    among = record["cost"].where(inside).mean(("origin", "destination"))
    return {
        "title": (
            f"Six agreements cover {total} of 120 pairs; one for sixteen lowers the mean cost of "
            f"duties and compliance from {float(mean[0]):.1f} to {float(mean[1]):.1f} %, against "
            f"{100 * config['mfn']:g} % without any"
        ),
        "caption": (
            "Left: agreements of ASEAN and around it "
            f"({', '.join(str(int(n)) for n in record['pairs'])} = {total} pairs; the other "
            f"{120 - total} are among the partners). Middle and right: what buyers of goods pay "
            "above the price at the gate, duties and compliance together, by origin (row) and "
            "destination. Firms use a preference where the margin beats a compliance cost "
            f"(log-normal, median {100 * config['median']:g} %) and their good originates "
            f"(regional value content {100 * config['content']:g} %, {config['cumulation']} "
            f"cumulation, spread {config['width']:g}). Contents are those of the OECD table of "
            "2020, goods against services. Assumed, not measured: one MFN duty of "
            f"{100 * config['mfn']:g} % on all goods and preferential duties of zero; trade "
            f"elasticity {config['theta']:g}. On the pairs that the bowl covers the mean cost is "
            f"{float(among[0]):.2f} % in the bowl and {float(among[1]):.2f} % in one agreement. "
            f"At least {float(record['originating'].where(inside).min()):.1f} % of goods "
            "originate there. Input shares are held; no equilibrium is solved here. Agreements in "
            "force among the partners are not drawn."
        ),
        "checks": "45 + 10 + 10 + 10 + 10 + 20 pairs, as enumerated by hand",
    }


def draw(record: xr.Dataset) -> Figure:
    """The bowl as a network; both as matrices of costs."""
    config = settings(record)
    figure, axes = style.sheet(
        [["net", "bowl", "one"]], height=3.0, gridspec_kw={"width_ratios": [1.0, 1.0, 1.16]}
    )
    net = axes["net"]
    names = [str(name) for name in record["origin"].values]
    angle = np.pi / 2 - 2 * np.pi * np.arange(16) / 16
    at = np.column_stack([np.cos(angle), np.sin(angle)])
    which = record["agreement"].values
    for i in range(16):
        for j in range(i):
            if which[i, j] >= 0:
                net.plot(
                    *at[[i, j]].T, color=style.COLOURS[which[i, j]], lw=0.6, alpha=0.75, zorder=1
                )
    for name, (x, y) in zip(names, at, strict=True):
        net.text(
            1.34 * x,
            1.22 * y,
            name,
            ha="center",
            va="center",
            fontsize=style.SMALLEST,
            fontweight="bold" if name in data.ASEAN else "normal",
        )
    net.plot(*at.T, "o", color=style.INK, ms=3, zorder=2)
    net.set(xlim=(-1.55, 1.55), ylim=(-1.55, 1.55), aspect="equal")
    net.axis("off")
    net.set_title("The bowl")
    titles = {"bowl": "Cost in the bowl", "one": "Cost in one agreement"}
    for system, title in titles.items():
        heat.heat_map(
            axes[system],
            record["cost"].sel(system=system).values,
            names,
            names,
            label="duty and compliance, %",
            row_label="origin" if system == "bowl" else "",
            scale=Scale(limits=(0.0, 100.0 * config["mfn"]), bar=system == "one"),
            highlight=data.ASEAN,
        )
        axes[system].tick_params(labelsize=style.SMALLEST)
        axes[system].set_title(title)
    handles = [
        Line2D([], [], color=style.COLOURS[k], label=str(name))
        for k, name in enumerate(record["name"].values)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=6)
    return figure
