"""Small firms in Asia: what must be true for 96 % of firms, 62 % of jobs, 45 % of value (M9).

One economy of firms that differ (Melitz). Employment of a firm rises with its size x less than
one for one, x^(1 - w): larger firms produce more value per worker, by their machines and skills.
Left: small firms' shares of jobs and value added over w, where the size distribution fits value
added. Right: over the size distribution, with the same labour share for all (w = 0).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg import short_run
from neg.figures import style
from neg.firms import Melitz, Pareto, size_facts

CONFIG: dict[str, Any] = {
    "enterprises": 0.96,
    "jobs": 0.62,
    "value_added": 0.45,
    "sigma": 4.0,
    "fixed": 0.5,
    "points": 25,
}
SMOKE = {"points": 5}

NAMES = ("enterprises", "jobs", "value_added")
_WORDS = {"enterprises": "enterprises", "jobs": "jobs", "value_added": "value added"}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Shares of small firms over the premium and over the shape, and the fit."""
    facts = size_facts(*(config[name] for name in NAMES))
    progress(0, 2, "one economy")
    shape = float(facts.shape)
    premium = np.linspace(0.0, 0.3, config["points"])
    shapes = np.linspace(1.05, 2.0, config["points"])
    base = Melitz(
        workers=[1.0],
        fixed=[[config["fixed"]]],
        sigma=config["sigma"],
        productivity=Pareto(shape * (config["sigma"] - 1.0)),
    )
    solved = short_run(base)
    sales = base.sales(solved.prices)
    largest = float(facts.cutoff * sales.cut[0, 0])
    over_premium = np.array([_shares(base, solved.prices, largest, w) for w in premium])
    progress(1, 2, "over shapes")
    over_shape = []
    for k in shapes:
        model = base.with_(kappa=k * (config["sigma"] - 1.0))
        here = short_run(model)
        cut = float(model.sales(here.prices).cut[0, 0])
        over_shape.append(_shares(model, here.prices, cut * 0.04 ** (-1.0 / k), 0.0))
    units = {"units": "share of small firms"}
    return xr.Dataset(
        {
            "by_premium": (("premium", "of"), over_premium, units),
            "by_shape": (("shape", "of"), np.array(over_shape), units),
            "fit": (("law", "what"), _fits(config), {"units": "1"}),
        },
        coords={
            "premium": premium,
            "shape": shapes,
            "of": list(NAMES),
            "law": ["pareto", "log-normal"],
            "what": ["shape", "by_revenue", "gap"],
        },
        attrs={"status": "converged"},
    )


def _shares(model: Melitz, prices: Any, largest: float, premium: float) -> list[float]:
    """Shares of firms up to size ``largest``, by the workers that a firm of that size has."""
    sales = model.sales(prices)
    cut, labour, overhead = (float(part[0, 0]) for part in sales[:3])
    limit = labour * largest ** (1.0 - premium) * cut**premium + overhead
    few = model.with_(limit=limit, premium=premium).small(prices)
    return [float(few.enterprises[0]), float(few.jobs[0]), float(few.value_added[0])]


def _fits(config: dict[str, Any]) -> list[list[float]]:
    given = {name: config[name] for name in NAMES}
    found = [size_facts(**given, kind=law) for law in ("pareto", "log-normal")]
    return [[float(f.shape), float(f.by_revenue), float(f.gap)] for f in found]


def describe(record: xr.Dataset) -> dict[str, str]:
    """The elasticity and the gap that the facts ask for."""
    config = settings(record)
    fit = record["fit"].sel(law="pareto")
    plain = record["by_premium"].isel(premium=0)
    alike = float(record["by_shape"].sel(of="jobs").max())
    return {
        "title": (
            f"Small firms have {config['jobs']:.0%} of jobs but {config['value_added']:.0%} of "
            f"value added only if large firms produce {float(fit.sel(what='gap')):.1f} times as "
            "much per worker"
        ),
        "caption": (
            "Small firms' share of enterprises, jobs and value added in one economy of firms that "
            f"differ (Melitz 2003; σ = {config['sigma']:g}, Pareto sizes). Grey: the facts for "
            f"Asia, {config['enterprises']:.0%} of enterprises, {config['jobs']:.0%} of jobs, "
            f"below half of GDP (here {config['value_added']:.0%}). Left: the shape "
            f"{float(fit.sel(what='shape')):.3f} fits enterprises and value added; workers per "
            "unit of value fall with size to the power w, and fixed labour per firm adds jobs. "
            f"With w = 0 small firms have {float(plain.sel(of='jobs')):.0%} of jobs. Without "
            f"fixed labour the facts ask for w = {float(fit.sel(what='by_revenue')):.3f}; with it "
            "a little less. Right: with w = 0 no shape gives both shares, the gap between jobs and "
            f"value added stays small (up to {alike:.0%} of jobs). Small "
            "are the lowest 96 % of active firms. w stands for capital, skill and mark-ups that "
            "rise with size, assumed, not explained. Facts: Blog (Shinozaki), as stated there; "
            "no firm data were used."
        ),
        "checks": "the fit is in closed form; free entry and markets hold to 1e-10",
    }


def draw(record: xr.Dataset) -> Figure:
    """Shares over w and over the shape."""
    config = settings(record)
    figure, axes = style.sheet(1, 2, height=2.6)
    for ax, by, label in (
        (axes[0], "premium", "w: elasticity of value added per worker to size"),
        (axes[1], "shape", "shape of the size distribution, κ/(σ − 1)"),
    ):
        for k, name in enumerate(NAMES):
            line = record[f"by_{by}"].sel(of=name)
            ax.plot(record[by], line, color=style.COLOURS[k], label=_WORDS[name])
            ax.axhline(config[name], color=style.QUIET, lw=0.7, ls=":")
        ax.set(xlabel=label, ylabel="share of small firms", ylim=(0.0, 1.02))
    axes[0].legend(loc="lower right")
    return figure
