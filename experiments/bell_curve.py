"""The bell: industry first concentrates, then disperses, as each layer of trade costs falls (M3).

Two regions of the general economy with Puga's (1999) farms on fixed land and an industry that buys
its own output; workers choose a sector where they live. Each of the four layers moves alone, the
others stay low. Freight and border delays burn resources, tariffs are revenue of the buyers'
region, exchange-rate risk asks for a premium; each is shown in its own unit:

    freight: share of value;  tariff: ad valorem;  delay: 1 % of value a day (Hummels and Schaur
    2013, American Economic Review 103(7));  risk: exp(a v^2 / 2) - 1, volatility v, risk aversion a
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments._two_regions import (
    LINES,
    MARKS,
    POINTS,
    Equilibria,
    cut,
    equilibria,
    known,
    tomahawk,
)
from experiments._words import listed, settings
from neg.barriers import trade_costs
from neg.economy.general import General
from neg.economy.general.build import general_economy
from neg.figures import style
from neg.models.puga import PugaImmobile

CONFIG: dict[str, Any] = {
    "sigma": 5.0,
    "gamma": 0.1,
    "m": 0.5,
    "theta": 0.55,
    "base": 0.02,  # rate of the layers that do not move
    "value_of_a_day": 0.01,
    "risk_aversion": 4.0,
    "points": 61,
    "shares": 25,
}
SMOKE = {"points": 13, "shares": 9}

_INDUSTRY = (1, 3)  # cells: farms and industry of the north, then of the south


class Lever(NamedTuple):
    """A layer's title, axis label and range in its own unit."""

    title: str
    label: str
    high: float
    unit: str


LAYERS = {
    "freight": Lever("Freight", "freight, % of value", 90.0, "%"),
    "tariff": Lever("Tariffs", "tariff, %", 90.0, "%"),
    "delay": Lever("Non-tariff barriers", "delay, days", 90.0, "days"),
    "risk": Lever("Exchange-rate risk", "volatility, % a year", 56.0, "%"),
}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Equilibria of the two regions along each layer, and real incomes in them."""
    economy = _economy(config)
    rates = _rates(config)
    found: dict[str, Equilibria] = {}
    for k, (name, lever) in enumerate(LAYERS.items()):
        progress(k, len(LAYERS), lever.title)
        models = functools.partial(_moved, economy, name, rates[name])
        at = np.linspace(0.0, lever.high, config["points"])
        found[name] = equilibria(models, at, config["shares"], _INDUSTRY)
    return _record(config, found)


def _rates(config: dict[str, Any]) -> dict[str, Callable[[Any], Any]]:
    """Ad valorem rate of each layer at a level in its own unit."""
    a = config["risk_aversion"]
    return {
        "freight": lambda percent: percent / 100.0,
        "tariff": lambda percent: percent / 100.0,
        "delay": lambda days: days * config["value_of_a_day"],
        "risk": lambda percent: jnp.expm1(a * (percent / 100.0) ** 2 / 2.0),
    }


def _economy(config: dict[str, Any]) -> General:
    """Puga's economy with immobile labour as a corner of the general one, all layers low."""
    kinds = {"freight": "resource", "tariff": "tariff", "delay": "resource", "risk": "risk"}
    places, sectors = ["north", "south"], ["farms", "industry"]
    layers = {name: (config["base"], kind) for name, kind in kinds.items()}
    theta, m, gamma = config["theta"], config["m"], config["gamma"]
    puga = PugaImmobile().with_(sigma=config["sigma"], gamma=gamma, m=m, theta=theta)
    return general_economy(
        places=places,
        sectors=sectors,
        parts=trade_costs(places, sectors, layers),
        employment=np.asarray(puga.initial_distribution()).reshape(2, 2),
        theta=config["sigma"] - 1.0,
        alpha=1.0,
        productivity=[theta**theta * (1.0 - theta) ** (1.0 - theta), 1.0 - m],
        land=0.5,
        land_share=[1.0 - theta, 0.0],
        input_share=[[0.0, 0.0], [0.0, m]],
        final_share=[1.0 - gamma, gamma],
        homogeneous=["farms"],
        mobility="sectors",
    )


def _moved(
    economy: General,
    name: str,
    rate: Callable[[Any], Any],
    levels: np.ndarray,
) -> General:
    """Economies with one layer at each of the levels."""

    def at(level: Any) -> General:
        return economy.with_(**{f"{name}.rate": rate(level)})

    return jax.vmap(at)(jnp.asarray(levels))


def _record(config: dict[str, Any], found: dict[str, Equilibria]) -> xr.Dataset:
    names = list(found)
    level = np.stack([e.at for e in found.values()])
    lines = np.stack([e.lines for e in found.values()])
    # Log real income of each region where industry is spread, and where it is in the north.
    value = np.stack([e.unknowns[:, [0, -1], -3:-1] for e in found.values()])
    start = value[:, :1, :1, :1]  # spread evenly, the layer at zero
    income = 100.0 * np.expm1(value - start)
    unit = "unit of the layer"
    along = ("layer", "line", "point")
    record = xr.Dataset(
        {
            "level": (("layer", "step"), level, {"units": unit}),
            "payoff_difference": (
                ("layer", "step", "share"),
                np.stack([e.difference for e in found.values()]),
                {"units": "log real income"},
            ),
            "real_income": (
                ("layer", "step", "state", "region"),
                income,
                {"units": "% over the even distribution with the layer at zero"},
            ),
            "uneven_level": (along, lines[:, 0], {"units": unit}),
            "uneven_share": (along, lines[:, 1], {"units": "1"}),
            "uneven_stable": (along, lines[:, 2], {"units": "1: stable, 0: unstable"}),
            "break": (("layer", "which"), np.stack([e.breaks for e in found.values()])),
            "sustain": (("layer", "which"), np.stack([e.sustains for e in found.values()])),
        },
        coords={
            "layer": names,
            "step": np.arange(level.shape[1]),
            "share": found[names[0]].share,
            "state": ["spread", "concentrated"],
            "region": ["core", "periphery"],
            "line": np.arange(LINES),
            "point": np.arange(POINTS),
            "which": np.arange(MARKS),
        },
    )
    for kind in ("break", "sustain"):
        record[kind].attrs["units"] = unit
    failed = int(np.isnan(record["payoff_difference"]).sum())
    return record.assign_attrs(
        status="converged" if not failed else f"{failed} points not converged",
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """Between which levels of each layer an even distribution breaks, and what the layers cost."""
    config = settings(record)
    words = {
        "freight": "freight of {} %",
        "tariff": "tariffs of {} %",
        "delay": "delays of {} days",
        "risk": "volatility of {} %",
    }
    spans = []
    for name, text in words.items():
        low, high = known(record["break"].sel(layer=name).values)[[0, -1]]
        spans.append(text.format(f"{low:.1f} to {high:.1f}"))
    at = 40.0
    burnt, revenue = (
        float(np.interp(at, one["level"], one["real_income"]))
        for name in ("freight", "tariff")
        for one in [record.sel(layer=name, state="concentrated", region="periphery")]
    )
    return {
        "title": (
            "Industry concentrates only at middling trade costs; where they are higher or lower "
            f"it spreads: {listed(spans)}"
        ),
        "caption": (
            "Two equal regions, farms on fixed land and an industry that buys its own output, "
            f"labour mobile between them but not between regions (Puga 1999: σ = "
            f"{config['sigma']:g}, share of industry in spending γ = {config['gamma']:g}, of its "
            f"own output in its costs {config['m']:g}, labour's share on farms "
            f"{config['theta']:g}). One layer of trade costs moves, the others stay at "
            f"{100 * config['base']:g} % each. Freight and delays burn resources: a day is taken "
            f"to cost {100 * config['value_of_a_day']:g} % of value (Hummels and Schaur 2013: 0.6 "
            "to 2.1), so with that value delays act as freight does; tariffs are revenue of the "
            "buyers' region; risk asks for a premium exp(a v² / 2) − 1 at volatility v, risk "
            f"aversion a = {config['risk_aversion']:g}. Top: share of industry in the larger "
            "region, solid where stable, dashed where not; circles: break points of the even "
            "distribution, squares: sustain points of the full one. Bottom: real income in stable "
            "states, change from an even distribution with the layer at zero: at "
            f"{at:g} % freight takes {-burnt:.1f} % from the periphery, a tariff {-revenue:.1f} %. "
            f"Equilibria: zeros of the payoff difference at {record.sizes['step']} levels and "
            f"{record.sizes['share']} shares of each layer. Theory, no data."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Concentration above, real income below, one column for each layer."""
    figure, grid = style.sheet(2, record.sizes["layer"], height=4.0, sharey="row", sharex="col")
    for column, name in zip(grid.T, record["layer"].values, strict=True):
        one = record.sel(layer=name)
        column[0].set(title=LAYERS[str(name)].title, ylim=(0.47, 1.07))
        tomahawk(column[0], _equilibria(one), ".1f", both=False)
        _incomes(column[1], one)
        column[1].set_xlabel(LAYERS[str(name)].label)
        for ax in column:
            ax.set_xlim(0.0, float(one["level"].max()))
    worth = 100.0 * settings(record)["value_of_a_day"]
    grid[1, list(LAYERS).index("delay")].set_xlabel(f"delay, days at {worth:g} % of value")
    grid[0, 0].set_ylabel("share of the larger region")
    grid[1, 0].set_ylabel("real income, %")
    grid[1, 1].legend(loc="lower left")
    return figure


def _equilibria(one: xr.Dataset) -> Equilibria:
    lines = [one[f"uneven_{key}"].values for key in ("level", "share", "stable")]
    return Equilibria(
        one["level"].values,
        one["share"].values,
        one["payoff_difference"].values,
        np.empty(0),
        np.stack(lines),
        one["break"].values,
        one["sustain"].values,
    )


def _incomes(axes: Axes, one: xr.Dataset) -> None:
    """Real income where industry is spread and, in core and periphery, where it is not."""
    level = one["level"].values
    even, full = (one["payoff_difference"].values[:, k] for k in (0, -1))
    breaks, sustains = known(one["break"].values), known(one["sustain"].values)
    looks = (
        ("spread", "core", even < 0.0, breaks, style.INK, "industry spread"),
        ("concentrated", "core", full > 0.0, sustains, style.COLOURS[0], "core"),
        ("concentrated", "periphery", full > 0.0, sustains, style.COLOURS[1], "periphery"),
    )
    for state, region, there, ends, colour, label in looks:
        income = one["real_income"].sel(state=state, region=region).values
        axes.plot(*cut(level, income, there, ends), color=colour, label=label)
    axes.axhline(0.0, color=style.QUIET, lw=0.7, zorder=1)
    axes.grid(axis="y")
