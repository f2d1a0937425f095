"""Use of a trade preference against its margin: nobody at none, everybody who originates at much.

Firms differ in what proving origin costs them. Three distributions, with a rule of origin that all
or some goods meet, and what the preference does to buyers' prices against a duty that is just cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg.agreements import FixedCost, LogNormalCost, UniformCost, preference_use
from neg.figures import style

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    "margins": 121,
    "highest_margin": 0.3,
    "median": 0.03,
    "sd": 0.8,
    "highest": 0.08,
    "fixed": 0.16,
    "zeta": 1.06,
    "origin": 0.6,
}
SMOKE = {"margins": 13}

NAMES = {
    "lognormal": "log-normal, all originate",
    "some": "log-normal, {origin:.0%} originate",
    "uniform": "uniform, all originate",
    "fixed": "fixed cost, by number of firms",
    "fixed value": "fixed cost, by value",
}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Use and prices over margins."""
    del progress
    mu = np.linspace(0.0, config["highest_margin"], config["margins"])
    families = {
        "lognormal": (LogNormalCost(config["sd"]), config["median"], 1.0),
        "some": (LogNormalCost(config["sd"]), config["median"], config["origin"]),
        "uniform": (UniformCost(), config["highest"], 1.0),
        "fixed": (FixedCost(config["zeta"]), config["fixed"], 1.0),
    }
    used, price, burnt = [], [], []
    for family, cost, origin in families.values():
        use = preference_use(
            mu, 0.0, theta=config["theta"], compliance=family, cost=cost, origin=origin
        )
        used.append(np.asarray(use.firms[:, 0]))
        price.append(np.asarray(use.kernel) ** (-1.0 / config["theta"]) - 1.0)
        burnt.append(np.asarray(use.burnt[:, 0]))
    used.append(np.asarray(use.value[:, 0]))
    units = {"units": "per cent"}
    return xr.Dataset(
        {
            "use": (("case", "margin"), 100.0 * np.array(used), units),
            "price": (("family", "margin"), 100.0 * np.array(price), units),
            "burnt": (("family", "margin"), 100.0 * np.array(burnt), units),
        },
        coords={
            "margin": ("margin", 100.0 * mu, units),
            "case": list(NAMES),
            "family": list(families),
        },
        attrs={"status": "closed forms and quadrature"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """What margin it takes."""
    config = settings(record)
    use = record["use"].sel(case="lognormal")
    half = float(np.interp(50.0, use, record["margin"]))
    most = float(np.interp(90.0, use, record["margin"]))
    left = record["burnt"].sel(family="lognormal").interp(margin=10.0)
    return {
        "title": (
            f"Half of the firms use a preference at a margin of {half:.1f} % and 90 % at "
            f"{most:.1f} %; a rule that {100 * config['origin']:g} % meet caps use there"
        ),
        "caption": (
            "Share of firms that use a preference (left) against its margin, (1 + MFN duty) over "
            "(1 + preferential duty) less one, with the preferential duty at zero; and what buyers "
            "pay above the price at the gate (right), where the dotted line is MFN and the axis "
            "free trade. Compliance costs over the value of a good are log-normal (median "
            f"{100 * config['median']:g} %, standard deviation of the log {config['sd']:g}), "
            f"uniform up to {100 * config['highest']:g} %, or one fixed cost for every firm "
            f"({100 * config['fixed']:g} % of the sales of the smallest) with Pareto sales of tail "
            f"{config['zeta']:g}: few firms use it, but the large ones. All of these are "
            f"assumptions, as is the trade elasticity of {config['theta']:g}. At a margin of 10 % "
            f"compliance burns {float(left):.1f} % of spending in the log-normal case."
        ),
        "checks": "use is zero without a margin and never above the share that originates",
    }


def draw(record: xr.Dataset) -> Figure:
    """Use, and prices, over the margin."""
    config = settings(record)
    figure, (left, right) = style.sheet(1, 2, height=2.9)
    looks = {"fixed value": (3, "--"), "fixed": (3, "-"), "some": (0, "--")}
    margin = record["margin"]
    for number, (case, name) in enumerate(NAMES.items()):
        colour, line = looks.get(case, (number, "-"))
        left.plot(
            margin,
            record["use"].sel(case=case),
            color=style.COLOURS[colour],
            ls=line,
            label=name.format(**config),
        )
    left.axhline(100.0, color=style.QUIET, lw=0.7)
    left.set(xlabel="preferential margin, %", ylabel="use, %", ylim=(0, 104), xlim=(0, None))
    left.set_title("Who uses it")
    for number, family in enumerate(record["family"].values):
        colour, line = looks.get(str(family), (number, "-"))
        right.plot(margin, record["price"].sel(family=family), color=style.COLOURS[colour], ls=line)
    right.plot(margin, margin, color=style.INK, ls=":", lw=1.2, label="MFN duty")
    right.set(
        xlabel="preferential margin, %",
        ylabel="buyers' price over the gate, %",
        ylim=(0, None),
        xlim=(0, None),
    )
    right.set_title("What is left of the duty")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
