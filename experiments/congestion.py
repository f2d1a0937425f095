"""Who wins: agglomeration against each congestion force, a phase diagram for each (M2).

Core-periphery takes on one force at a time: land, wages, traffic, density and pollution as blocks.
Price competition among firms is no force apart: it is in every panel. In each the even distribution
and full agglomeration are tested at each freeness of trade and strength of the force; the blue
line shows how far agglomeration reaches once the lever of the force is moved.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.interpolate import RectBivariateSpline

from experiments._two_regions import spread_over
from experiments._wiggle import wiggle
from experiments._words import listed, settings
from neg.economy.composed import compose
from neg.economy.model import Model
from neg.figures import style
from neg.models.core_periphery import CorePeriphery
from neg.parts import Density, Land, Pollution, Traffic, Wages
from neg.places.layouts import from_distance

CONFIG: dict[str, Any] = {
    "mu": 0.4,
    "sigma": 5.0,
    "inner_distance": 0.25,  # of trips inside a region; they matter for traffic only
    "points": 33,
    "shares": 9,
}
SMOKE = {"points": 9, "shares": 5}


class Force(NamedTuple):
    """A force: its title, the parameter that is its strength, range, label, and its lever."""

    title: str
    strength: str
    range: tuple[float, float]
    label: str
    lever: str | None
    moved: float
    words: str


FORCES = {
    "land": Force("Land", "land.h", (0.0, 0.2), "share of land h", "land.supply", 2.0, "land × 2"),
    "wages": Force(
        "Wages",
        "wages.omega",
        (0.0, 0.25),
        "elasticity of wages ω",
        "wages.pool",
        2.0,
        "labour at hand × 2",
    ),
    "traffic": Force(
        "Traffic",
        "traffic.slope",
        (0.0, 0.5),
        "delay at capacity",
        "traffic.capacity",
        0.6,
        "capacity × 1.2",
    ),
    "density": Force(
        "Density",
        "density.delta",
        (0.0, 0.12),
        "elasticity of the loss δ",
        None,
        0.0,
        "",
    ),
    "pollution": Force(
        "Pollution",
        "pollution.damage",
        (0.0, 0.2),
        "damage per unit",
        "pollution.abatement",
        0.5,
        "half abated",
    ),
}

_REGIMES = ("dispersion", "either: history decides", "partial agglomeration", "full agglomeration")
_COLOURS = ("#f0f1f3", "#f3c178", "#a9cfe6", "#5b9bc8")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Test the even and the full distribution over freeness and strength, for each force."""
    phi = np.linspace(0.02, 0.98, config["points"])
    scale = np.linspace(0.0, 1.0, config["points"])
    cases = ("default", "moved")
    tests = np.full((len(FORCES), 2, 2, len(scale), len(phi)), np.nan)
    for k, force in enumerate(FORCES.values()):
        progress(k, len(FORCES), force.title)
        strength = force.range[0] + scale * (force.range[1] - force.range[0])
        for j, case in enumerate(cases):
            if case == "default" or force.lever is not None:
                base = _economy(config, force, moved=case == "moved")
                tests[k, j] = _tests(base, force.strength, phi, strength, config["shares"])
    dims = ("force", "lever", "test", "scale", "freeness")
    record = xr.Dataset(
        {"payoff_slope": (dims, tests, {"units": "units of payoff"})},
        coords={
            "force": list(FORCES),
            "lever": list(cases),
            "test": ["even", "full"],
            "scale": scale,
            "freeness": phi,
        },
    )
    limits = np.array([[_limit(record, name, case) for case in cases] for name in FORCES])
    record["limit"] = (("force", "lever"), limits, {"units": "strength of the force"})
    failed = int(np.isnan(tests[:, 0]).sum())
    return record.assign_attrs(
        status="converged" if not failed else f"{failed} points not converged",
    )


def _economy(config: dict[str, Any], force: Force, *, moved: bool) -> Model:
    """Core-periphery with every block, all of strength zero: one program for all panels."""
    inner = config["inner_distance"] if force.strength.startswith("traffic") else 0.0
    core = CorePeriphery(
        mu=config["mu"],
        sigma=config["sigma"],
        geography=from_distance([[inner, 1.0], [1.0, inner]]),
    )
    blocks = (Land(), Wages(), Density(), Traffic(), Pollution())
    model = compose(core, blocks).with_(
        **{each.strength: 0.0 for each in FORCES.values() if "." in each.strength}
    )
    return model.with_(**{force.lever: force.moved}) if moved and force.lever else model


def _tests(
    model: Model, name: str, phi: np.ndarray, strength: np.ndarray, shares: int
) -> np.ndarray:
    """Slope of the payoff difference at one half and its value at the edge, over the grid."""
    columns, rows = (jnp.asarray(grid.ravel()) for grid in np.meshgrid(phi, strength))
    models = jax.vmap(lambda row, column: model.with_(**{name: row}).with_(phi=column))(
        rows, columns
    )
    spread = spread_over(shares)
    difference = wiggle(models, 0.5 + spread).difference / spread
    return difference[:, [0, -1]].T.reshape(2, len(strength), len(phi))


def _limit(record: xr.Dataset, name: str, lever: str) -> float:
    """Strength beyond which neither kind of agglomeration is stable at any freeness."""
    best = record["payoff_slope"].sel(force=name, lever=lever).max(["test", "freeness"]).values
    low, high = FORCES[name].range
    last = np.flatnonzero(best > 0.0)
    if not len(last) or last[-1] == len(best) - 1 or not np.isfinite(best).all():
        return float("nan")
    i = last[-1]
    scale = record["scale"].values
    at = scale[i] + best[i] / (best[i] - best[i + 1]) * (scale[i + 1] - scale[i])
    return float(low + at * (high - low))


def _number(limit: float) -> str:
    return f"{limit:.3f}" if np.isfinite(limit) else "more than is shown"


def describe(record: xr.Dataset) -> dict[str, str]:
    """Beyond which strengths of the forces industry spreads whatever the freeness of trade."""
    config = settings(record)
    limit = record["limit"]
    parts = {
        "land": "a share of land above {}",
        "wages": "an elasticity of wages above {}",
        "pollution": "a damage above {}",
        "density": "an elasticity of the loss to density above {}",
    }
    reached = {
        name: text.format(_number(float(limit.sel(force=name, lever="default"))))
        for name, text in parts.items()
    }
    levers = [
        f"{_number(float(limit.sel(force=name, lever='moved')))} with {FORCES[name].words}"
        for name in parts
        if FORCES[name].lever
    ]
    even = record["payoff_slope"].sel(force="land", lever="default", test="even").isel(scale=0)
    alone = float(np.interp(0.0, even, record["freeness"]))
    return {
        "title": (
            "Enough congestion spreads industry however free trade is: "
            f"{listed(reached.values()).replace(' and ', ' or ')}"
        ),
        "caption": (
            f"Two regions, core-periphery (Krugman 1991; μ = {config['mu']:g}, σ = "
            f"{config['sigma']:g}) with one congestion force at a time: which distributions are "
            "stable at each freeness of trade φ and strength of the force. Price competition "
            "among firms is in every panel; alone it keeps industry spread up to "
            f"φ = {alone:.2f}. Black: break points of the even distribution (solid) and sustain "
            "points of the full one (dashed). Blue: how far agglomeration reaches once the lever "
            f"named above a panel is moved; the limits then are {listed(levers)}. Traffic rather "
            f"splits industry unevenly (trips inside a region take {config['inner_distance']:g} "
            "of those between them, other forces none); density is the loss of "
            "telecommunications and the like shared by more. Both distributions were tested at "
            f"{record.sizes['freeness']} × {record.sizes['scale']} points of each panel; uneven "
            "equilibria were not searched for. Strengths are assumed, not estimated. Theory, no "
            "data."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """A panel for each force, regimes in colour."""
    figure, grid = style.sheet(2, 3, height=4.6)
    for name, ax in zip(FORCES, grid.flat, strict=False):
        _panel(ax, record.sel(force=name), FORCES[name])
        ax.set_xlabel("freeness of trade φ")
    handles: list[Any] = [
        Patch(fc=colour, ec=style.QUIET, lw=0.4, label=regime)
        for colour, regime in zip(_COLOURS, _REGIMES, strict=True)
    ]
    ink: dict[str, Any] = {"color": style.INK, "lw": 1.1}
    handles += [
        Line2D([], [], **ink, label="break point"),
        Line2D([], [], **ink, ls="--", label="sustain point"),
        Line2D([], [], color=style.COLOURS[0], lw=1.5, label="reach with lever moved"),
    ]
    for ax in grid.flat[len(FORCES) :]:
        ax.axis("off")
    grid.flat[-1].legend(handles=handles, loc="center", labelspacing=0.8)
    return figure


def _panel(axes: Axes, one: xr.Dataset, force: Force) -> None:
    phi, scale = one["freeness"].values, one["scale"].values
    low, high = force.range
    x, y = np.linspace(phi[0], phi[-1], 241), np.linspace(0.0, 1.0, 241)

    def fine(lever: str, test: str) -> np.ndarray:
        values = one["payoff_slope"].sel(lever=lever, test=test).values
        return RectBivariateSpline(scale, phi, values)(y, x)

    even, full = fine("default", "even"), fine("default", "full")
    regime = np.select([(even < 0) & (full < 0), (even < 0), (full < 0)], [0, 1, 2], 3)
    extent = (phi[0], phi[-1], low, high)
    axes.imshow(
        regime,
        origin="lower",
        extent=extent,
        aspect="auto",
        cmap=ListedColormap(_COLOURS),
        vmin=-0.5,
        vmax=3.5,
        interpolation="nearest",
    )
    at = low + y * (high - low)
    for values, line in ((even, "-"), (full, "--")):
        axes.contour(x, at, values, levels=[0.0], colors=style.INK, linewidths=1.1, linestyles=line)
    if force.lever is not None:
        limit = np.maximum(fine("moved", "even"), fine("moved", "full"))
        axes.contour(x, at, limit, levels=[0.0], colors=style.COLOURS[0], linewidths=1.5)
        axes.text(
            1.0,
            1.02,
            force.words,
            transform=axes.transAxes,
            ha="right",
            va="bottom",
            color=style.COLOURS[0],
        )
    axes.set(title=force.title, ylabel=force.label)
    axes.locator_params(nbins=5)
