"""Where a budget for links does most, and why traffic alone does not tell (M12).

On a grid of places the elasticity of welfare to every link is set against its traffic: they are
one where nobody's choice touches others, and part with spillovers and with congestion. Then a
budget is spent on five links, best and in proportion to traffic.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg.analysis import Lever, gradient
from neg.core.status import Status
from neg.figures import style
from neg.network import Link, RoutedTrade, grid, improve_links, network
from neg.solvers.long_run import equilibrium_at

CONFIG: dict[str, Any] = {
    "theta": 8.0,
    "congestion": 0.05,
    "alpha": 0.1,
    "beta": -0.3,
    "side": 3,
    "five": {"theta": 5.0, "congestion": 0.06, "alpha": 0.05, "beta": -0.4},
    "gamma": 0.1,
    "budget": 5.0,
    "starts": 3,
    "cases": ("nobody touches others", "spillovers", "spillovers and congestion"),
}
SMOKE: dict[str, Any] = {"side": 2, "starts": 1, "cases": ("spillovers and congestion",)}

_PRODUCTIVITY = (1.0, 1.1, 0.9, 1.2, 1.5, 1.0, 0.8, 1.0, 1.1)
_AMENITY = (1.0, 0.9, 1.0, 1.1, 1.0, 1.0, 1.2, 1.0, 0.95)
_CASES = {
    "nobody touches others": (False, False),
    "spillovers": (True, False),
    "spillovers and congestion": (True, True),
}
_SHOWN = 1e-3
_FIVE = ((0, 1, 1.6), (1, 2, 1.7), (2, 3, 1.8), (0, 2, 2.0), (1, 3, 2.2))
_PRICES = (1.0, 1.2, 0.8, 1.5, 1.0)


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Gradients on the grid, the best spending on five links."""
    traffic, effect = [], []
    solved = []
    for k, name in enumerate(config["cases"]):
        progress(k, 4, name)
        model = _grid(config, *_CASES[name])
        count = config["side"] ** 2
        start = np.full(count, 1.0 / count)
        found = equilibrium_at(model, start, jnp.ones(count, bool))
        solved.append(int(found.status) == Status.CONVERGED)
        lever = Lever("factor", "times")
        slope = gradient(model, lambda out: jnp.mean(out["payoff"]), lever, at=found)
        traffic.append(np.asarray(found.outcomes["traffic"]))
        effect.append(-slope.values)
    progress(3, 4, "budget")
    best, by_traffic = _spend(config)
    table = best.table
    return xr.Dataset(
        {
            "traffic": (("case", "link"), np.array(traffic), {"units": "share of world income"}),
            "elasticity": (("case", "link"), np.array(effect), {"units": "%/%"}),
            "share": (
                ("spent", "road"),
                np.stack([table["share"].values, by_traffic]),
                {"units": "share of budget"},
            ),
            "welfare": (
                ("spent",),
                np.array([best.log_welfare, _welfare(config, by_traffic)]),
                {"units": "log points"},
            ),
        },
        coords={
            "case": list(config["cases"]),
            "link": list(_grid(config, False, False).network.labels["link"]),
            "spent": ["best", "by traffic"],
            "road": [f"{a + 1}–{b + 1}" for a, b, _ in _FIVE],
        },
        attrs={
            "status": "converged" if all(solved) and np.isfinite(effect).all() else "not converged",
            "equal": best.log_welfare_equal,
            "checks": (
                f"shares of spending and of the total elasticity differ by at most {best.kkt:.0e}; "
                f"{best.agree} of {best.starts} starts end there"
            ),
        },
    )


def _grid(config: dict[str, Any], spill: bool, congest: bool) -> RoutedTrade:
    count = config["side"] ** 2
    alpha, beta = (config["alpha"], config["beta"]) if spill else (0.0, 0.0)
    return RoutedTrade.on(
        grid(config["side"], config["side"], 1.55),
        theta=config["theta"],
        alpha=alpha,
        beta=beta,
        productivity=np.array(_PRODUCTIVITY[:count]),
        amenity=np.array(_AMENITY[:count]),
        congestion=config["congestion"] if congest else 0.0,
    )


def _five(config: dict[str, Any]) -> RoutedTrade:
    net = network([str(k) for k in range(4)], [Link(str(a), str(b), factor=t) for a, b, t in _FIVE])
    return RoutedTrade.on(
        net,
        productivity=np.array([1.0, 1.3, 0.9, 1.1]),
        amenity=np.array([1.0, 1.0, 1.1, 0.9]),
        **config["five"],
    )


def _spend(config: dict[str, Any]) -> tuple[Any, np.ndarray]:
    """The best spending, and that in proportion to traffic at the links as they are."""
    model = _five(config)
    best = improve_links(
        model,
        config["budget"],
        gamma=config["gamma"],
        price=np.array(_PRICES),
        starts=config["starts"],
    )
    before = equilibrium_at(model, best.equilibrium.x, jnp.ones(4, bool)).outcomes["traffic"]
    return best, np.asarray(before / before.sum())


def _welfare(config: dict[str, Any], share: np.ndarray) -> float:
    model = _five(config)
    bought = share * config["budget"] / np.array(_PRICES)
    factor = np.asarray(model.factor) * bought ** -config["gamma"]
    found = equilibrium_at(model.with_(factor=factor), np.full(4, 0.25), jnp.ones(4, bool))
    return float(found.payoff.mean())


def _ratio(record: xr.Dataset, case: str) -> float:
    one = record.sel(case=case)
    return float(one["elasticity"].sum() / one["traffic"].sum())


def describe(record: xr.Dataset) -> dict[str, str]:
    """How far traffic misleads, and what best spending adds."""
    config = settings(record)
    gain = 100.0 * (record["welfare"] - record.attrs["equal"])
    five = config["five"]
    last = str(record["case"].values[-1])
    return {
        "title": (
            "Traffic tells what a link is worth only where choices touch nobody else: with "
            f"spillovers and congestion links are worth {_ratio(record, last):.0%} of their traffic"
        ),
        "caption": (
            f"Left: gain in welfare from 1 % cheaper links (%) over their traffic (share of world "
            f"income), {config['side']} × {config['side']} places, links 1.55, elasticity of "
            f"trade and routes {config['theta']:g}, people mobile; spillovers: productivity rises "
            f"with people by {config['alpha']:g}, amenity by {config['beta']:g}; congestion: cost "
            f"of links rises with traffic by {config['congestion']:g}. Line: gain = traffic; links "
            f"with traffic under {_SHOWN:g} are left out. All "
            "from one adjoint solve each. Right: a budget for five roads among four places (costs "
            f"fall with improvement by {config['gamma']:g}; elasticity {five['theta']:g}, "
            f"congestion {five['congestion']:g}, spillovers {five['alpha']:g} and "
            f"{five['beta']:g}): best spending adds {float(gain.sel(spent='best')):.2f} % to "
            "welfare over equal shares, spending by today's traffic "
            f"{float(gain.sel(spent='by traffic')):.2f} %. Model: Allen and Arkolakis (2022). "
            f"Searched from {config['starts']} starts. Parameters are assumed. Theory, no data."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Elasticity against traffic, and the spending."""
    figure, (points, bars) = style.sheet(1, 2, height=3.1)
    top = 0.0
    for case, colour, mark in zip(record["case"].values, style.COLOURS, "osD", strict=False):
        one = record.sel(case=case)
        points.plot(one["traffic"], one["elasticity"], mark, color=colour, ms=4, label=case)
        top = max(top, float(one["traffic"].max()))
    ends = _SHOWN, 1.4 * top
    points.plot(ends, ends, color=style.QUIET, lw=0.8)
    points.set(
        title="Links of a grid",
        xlabel="traffic, share of world income",
        xscale="log",
        ylabel="gain from 1 % cheaper, %",
        yscale="log",
        xlim=ends,
        ylim=ends,
    )
    ticks = [0.001, 0.01, 0.1]
    points.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    points.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    points.legend(loc="upper left")
    x = np.arange(record.sizes["road"])
    for k, spent in enumerate(record["spent"].values):
        share = record["share"].sel(spent=spent)
        bars.bar(x + 0.38 * (k - 0.5), share, 0.36, color=style.COLOURS[k], label=str(spent))
    bars.set_xticks(x, [str(road) for road in record["road"].values])
    bars.set(
        title="A budget for five roads", xlabel="road between places", ylabel="share of budget"
    )
    bars.legend(loc="upper right")
    return figure
