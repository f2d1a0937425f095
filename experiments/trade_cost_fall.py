"""The fall of trade costs in East Asia, 1980 to 2003, and what the data can say of it.

Lim and Kimura report that trade inside East Asia rose from 34.9 to 52.4 per cent of its trade, and
parts and components from 7.2 to 32.2 per cent of what is traded inside. Which fall of which layer
of trade cost does that? The table of 2011 stands for the end; shares at the beginning are those of
the table times the ratio of the shares of Lim and Kimura.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import listed, settings
from neg import data
from neg.analysis import Lever, calibrate
from neg.data import from_flows
from neg.estimation import Unknown, fit, learnt
from neg.estimation.moments import Moment, moments_of
from neg.figures import style
from neg.solvers.short_run import short_run

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    "intra": [34.9, 52.4],
    "parts": [7.2, 32.2],
    "processed": [37.3, 28.0],
    # Standard deviation of a share, relative: definitions and re-exports differ by about so much.
    "error": 0.05,
    "thetas": [3.0, 4.0, 6.0, 8.0],
}
SMOKE: dict[str, Any] = {"thetas": [4.0]}

EAST_ASIA = ("CHN", "IDN", "JPN", "KOR", "TWN")
THREE = ("CHN", "JPN", "KOR")
GOODS = ("primary", "light", "materials", "machinery")
LAYERS = {
    "goods": ("border.cost", GOODS, "all goods"),
    "machinery": ("links.cost", ("machinery",), "machinery, on top"),
    "tariff": ("duty.cost", GOODS, "tariffs on all goods"),
}


def economy(theta: float) -> Any:
    """Seven economies and the rest of the world, five sectors, three layers of trade cost."""
    flows = data.asia7()["flows"]
    kinds = {"border": "resource", "links": "resource", "duty": "tariff"}
    layers = {name: (0.0, kind) for name, kind in kinds.items()}
    return calibrate(from_flows(flows), theta=theta, layers=layers, uses="common")


def moments(model: Any) -> Any:
    """Shares of trade inside East Asia, of machinery and of materials in it, and of the three."""
    inside = Moment("trade", origins=EAST_ASIA, destinations=EAST_ASIA, sectors=GOODS)

    def within(group: tuple[str, ...]) -> dict[str, Moment]:
        return {
            "inside": Moment("trade", origins=group, destinations=group, sectors=GOODS),
            "sold": Moment("trade", origins=group, sectors=GOODS),
            "bought": Moment("trade", destinations=group, sectors=GOODS),
        }

    parts = {
        f"{name}-{key}": one
        for name, group in (("east", EAST_ASIA), ("three", THREE))
        for key, one in within(group).items()
    }
    for sector in ("machinery", "materials"):
        parts[sector] = Moment(
            "trade", origins=EAST_ASIA, destinations=EAST_ASIA, sectors=(sector,), over=inside
        )
    return moments_of(model, parts)


class Shares(eqx.Module):
    """Shares of trade from the sums that they are made of."""

    sums: Any
    names: tuple[str, ...] = eqx.field(static=True)

    def __call__(self, out: Any) -> dict[str, Any]:
        """The shares by name."""
        found = self.sums(out)
        share = lambda g: 2.0 * found[f"{g}-inside"] / (found[f"{g}-sold"] + found[f"{g}-bought"])
        every = {
            "intra": share("east"),
            "three": share("three"),
            "parts": found["machinery"],
            "processed": found["materials"],
        }
        return {name: every[name] for name in self.names}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Fit two layers at each trade elasticity; at the first given one, look at three."""
    targeted = ("intra", "parts")
    every = ("intra", "parts", "processed", "three")
    values, errors, after = [], [], []
    for number, theta in enumerate(config["thetas"]):
        progress(number, len(config["thetas"]) + 1, f"theta {theta:g}")
        model = economy(theta)
        sums = moments(model)
        now = _now(model, Shares(sums, every))
        aims = {name: now[name] * config[name][0] / config[name][1] for name in targeted}
        spread = {name: config["error"] * value for name, value in aims.items()}
        unknowns = {name: Unknown(_lever(name), 0.5, 6.0) for name in ("goods", "machinery")}
        found = fit(model, unknowns, Shares(sums, targeted), aims, covariance=spread)
        known = learnt(found)
        values.append([float(found.values[name]) for name in unknowns])
        errors.append(known.standard_errors)
        end = Shares(sums, every)(found.solution.outcomes)
        after.append([[float(now[name]) for name in every], [float(end[name]) for name in every]])
        if theta == config["theta"]:
            ring = known.ellipse("goods", "machinery")
            looked = _three_layers(model, sums, found, spread)
    return xr.Dataset(
        {
            "value": (("theta", "layer"), values, {"units": "1", "label": "factor on the cost"}),
            "error": (("theta", "layer"), errors, {"units": "1"}),
            "share": (("theta", "year", "moment"), after, {"units": "1"}),
            "ellipse": (("point", "layer"), ring, {"units": "1"}),
            "singular": ("direction", looked.singular, {"units": "1"}),
            "direction_of": (("direction", "unknown"), looked.directions, {"units": "1"}),
        },
        coords={
            "theta": config["thetas"],
            "layer": ["goods", "machinery"],
            "moment": list(every),
            "year": ["end", "beginning"],
            "unknown": ["goods", "machinery", "tariff"],
            "point": np.arange(len(ring)),
            "direction": np.arange(len(looked.singular)),
        },
        attrs={"status": "converged"},
    )


def _lever(name: str) -> Lever:
    path, sectors, _ = LAYERS[name]
    return Lever(path, "times", among=EAST_ASIA, sectors=sectors)


def _now(model: Any, shares: Shares) -> dict[str, Any]:
    return {name: float(value) for name, value in shares(short_run(model).outcomes).items()}


def _three_layers(model: Any, sums: Any, found: Any, spread: dict[str, float]) -> Any:
    """What the same shares, and that of the three, say of three layers at the fitted point."""
    names = ("intra", "parts", "three", "processed")
    here = Shares(sums, names)(found.solution.outcomes)
    start = {name: float(found.values[name]) for name in ("goods", "machinery")}
    unknowns = {
        name: Unknown(_lever(name), 0.5, 6.0, start=start.get(name, 1.0)) for name in LAYERS
    }
    wide = {name: spread.get(name, 0.05 * float(here[name])) for name in names}
    again = fit(model, unknowns, Shares(sums, names), here, covariance=wide)
    return learnt(again)


def describe(record: xr.Dataset) -> dict[str, str]:
    """What fell by how much, and which layers cannot be told apart."""
    config = settings(record)
    one = record.sel(theta=config["theta"])
    fall = {str(k): 100 * (1 - 1 / float(one["value"].sel(layer=k))) for k in one["layer"].values}
    error = {
        str(k): 100 * float(one["error"].sel(layer=k)) / float(one["value"].sel(layer=k)) ** 2
        for k in one["layer"].values
    }
    share = 100 * one["share"]
    at = lambda year, name: f"{float(share.sel(year=year, moment=name)):.1f} %"
    words = {"goods": "of all goods", "machinery": "of machinery on top"}
    half = {name: 1.96 * error[name] for name in words}
    seen = [n for n in words if abs(fall[n]) > half[n]]  # at 95 per cent
    moved = listed(f"costs {words[n]} {_moved(fall[n])}" for n in seen)
    blind = listed(f"{words[n]} ({fall[n]:+.0f} ± {half[n]:.0f} %)" for n in words if n not in seen)
    ratio = float(record["singular"][0] / record["singular"][-1])
    return {
        "title": (
            f"Inside East Asia {moved or 'nothing'}, two shares of trade say"
            + (f"; a fall {blind} cannot be told from none" if len(seen) < len(words) else "")
            + ", nor tariffs from other costs"
        ),
        "caption": (
            "Left: fall of the cost of a delivery inside East Asia that moves the share of trade "
            "that stays inside, and the share of machinery in it, by the ratios that Lim and "
            "Kimura report for 1980 to 2003 (34.9 to 52.4 and, for parts and components, 7.2 to "
            "32.2 per cent), by trade elasticity; bars: two standard errors, if shares are known "
            f"to {100 * config['error']:g} % of themselves. At {config['theta']:g}: "
            f"{fall['goods']:.1f} (standard error {error['goods']:.1f}) and "
            f"{fall['machinery']:.1f} ({error['machinery']:.1f}) %. Middle: joint 95 % confidence "
            "region of the two factors on costs, beginning over end. Right: with tariffs on the "
            "same goods as a third layer the data see two directions; the third, in which one "
            f"layer takes the place of another, is seen {ratio:.0f} times less sharply: what is "
            "said of all goods holds for all costs together, whichever layer it was. Not "
            f"targeted: trade among China, Japan and Korea, {at('end', 'three')} of theirs, was "
            f"{at('beginning', 'three')}; materials, the nearest to processed goods, "
            f"{at('end', 'processed')} of trade inside, were {at('beginning', 'processed')} "
            "(Lim and Kimura: processed goods 28.0 % in 2003 and 37.3 % in 1980). Definitions "
            "differ: East Asia is China, Indonesia, Japan, Korea and Taiwan (ASEAN but for "
            "Indonesia and Hong Kong are in the rest of the world: ASEAN's own share cannot be "
            "checked), the table is WIOD of 2011 and stands for 2003, machinery stands for parts. "
            f"Its share of trade inside is {at('end', 'intra')}, of machinery "
            f"{at('end', 'parts')}. General economy of eight regions and five sectors without "
            "input-output links; sizes, tastes and technology stay those of 2011, so that growth "
            "is counted as a fall of costs: no history of trade costs."
        ),
        "checks": (f"the targeted shares are met to {float(abs(_missed(record)).max()):.0e}"),
    }


def _moved(fall: float) -> str:
    return f"{'fell' if fall > 0 else 'rose'} by {abs(fall):.0f} %"


def _missed(record: xr.Dataset) -> Any:
    config = settings(record)
    share = record["share"]
    gaps = [
        share.sel(year="beginning", moment=name)
        - share.sel(year="end", moment=name) * config[name][0] / config[name][1]
        for name in ("intra", "parts")
    ]
    return np.asarray(gaps)


def draw(record: xr.Dataset) -> Figure:
    """Falls by elasticity, the confidence region, and the directions that the data see."""
    figure, axes = style.sheet(1, 3, height=2.7, width_ratios=[1.1, 1.0, 1.2])
    config = settings(record)
    theta = record["theta"].values
    for k, layer in enumerate(record["layer"].values):
        value = record["value"].sel(layer=layer).values
        fall, error = 100 * (1 - 1 / value), 200 * record["error"].sel(layer=layer) / value**2
        axes[0].bar(
            np.arange(len(theta)) + 0.38 * (k - 0.5),
            fall,
            width=0.36,
            yerr=error,
            color=style.COLOURS[k],
            ecolor=style.INK,
            error_kw={"lw": 0.8},
            label=LAYERS[str(layer)][2],
        )
    axes[0].set_xticks(range(len(theta)), [f"{t:g}" for t in theta])
    axes[0].set(xlabel="trade elasticity", ylabel="fall of the cost, %")
    axes[0].set_ylim(top=1.45 * axes[0].get_ylim()[1])  # room for the legend
    axes[0].legend(loc="upper left")
    axes[0].set_title("What it takes")
    ring = record["ellipse"].values
    axes[1].fill(ring[:, 0], ring[:, 1], color="#cfe3f2")
    axes[1].plot(ring[:, 0], ring[:, 1], color=style.COLOURS[0], lw=1.0)
    at = record["value"].sel(theta=config["theta"]).values
    axes[1].plot(*at, "o", ms=4, color=style.COLOURS[0])
    axes[1].set(xlabel="all goods (factor on cost)", ylabel="machinery, on top")
    axes[1].set_title("How sure that is")
    names = [LAYERS[str(name)][2] for name in record["unknown"].values]
    singular = record["singular"].values
    for k, colour in enumerate((0, 2, 1)):
        row = record["direction_of"].values[k]
        row = row * np.sign(row[np.argmax(abs(row))])
        axes[2].barh(
            np.arange(3) + 0.27 * (1 - k),
            row,
            height=0.25,
            color=style.COLOURS[colour],
            label=f"seen at {singular[k]:.3g}",
        )
    axes[2].set_yticks(
        range(3), [name.replace(" on ", "\non ").replace(", ", ",\n") for name in names]
    )
    axes[2].plot([0.0, 0.0], [-0.6, 2.55], color=style.QUIET, lw=0.8)
    axes[2].set_xlim(-1.05, 1.05)
    axes[2].set(xlabel="weight in the direction", ylim=(-0.6, 4.0))
    axes[2].legend(loc="upper left", ncols=1, borderpad=0.0)
    axes[2].set_title("Directions the data see")
    return figure
