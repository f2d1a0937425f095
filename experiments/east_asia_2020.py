"""East Asia in 2020: who has access to markets, and where manufacturing weighs most.

Market access is the real market potential of Redding and Venables (2004), Journal of International
Economics 62(1), and Head and Mayer (2004), Review of Economics and Statistics 86(4), with freeness
of trade read off the flows ``X`` of the calibrated economy as in Head and Ries (2001), American
Economic Review 91(4); ``d_ii`` is the mean distance inside a region:

    phi_ij = sqrt(X_ij X_ji / (X_ii X_jj)) / sqrt(d_ii d_jj)
    MA_i = sum_j phi_ij M_j,   Y_i = S_i MA_i,   E_j = M_j sum_i S_i phi_ij

Capacities ``S`` and ``M`` are such that every region sells its output ``Y`` and spends ``E``.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments import _east_asia
from experiments._words import settings
from neg import data
from neg.analysis.baseline import calibrate
from neg.core.errors import ConvergenceError
from neg.figures import style
from neg.figures.scale import Scale

CONFIG = {"sector": "manufacturing", "theta": 4.0, "tolerance": 1e-12, "max_steps": 10_000}
SMOKE: dict[str, Any] = {"tolerance": 1e-6}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Calibrate to the 2020 table, check that it is an equilibrium, and measure access."""
    table = data.load_icio()
    s = table.sectors.index(config["sector"])
    progress(0, 2, "calibrating")
    model = calibrate(table, theta=config["theta"])
    residual, outcomes = _baseline(model)
    progress(1, 2, "market access")
    flows = np.asarray(outcomes["trade"])[:, :, s]
    inside = np.diag(data.distances("sea").values)
    freeness = np.sqrt(flows * flows.T / np.outer(flows.diagonal(), flows.diagonal()))
    freeness /= np.sqrt(np.outer(inside, inside))
    pull, steps = market_capacity(freeness, flows, config["tolerance"], config["max_steps"])
    access = freeness @ pull
    home = freeness.diagonal() * pull / access
    earned = np.asarray(model.employment)
    weight = earned[:, s] / earned.sum(axis=1)

    places = list(data.EAST_ASIA_PACIFIC)
    at = [table.places.index(place) for place in places]
    index = 100.0 * access / access[at].mean()
    percent = {"units": "%"}
    record = xr.Dataset(
        {
            "market_access": ("place", index, {"units": "mean of the 18 economies = 100"}),
            "home_share": ("place", 100.0 * home, percent),
            "manufacturing_share": ("place", 100.0 * weight, percent),
            "freeness": (("origin", "destination"), freeness, {"units": "1/km"}),
        },
        coords={
            "place": list(table.places),
            "origin": list(table.places),
            "destination": list(table.places),
        },
    )
    record.attrs = {
        "status": "converged",
        "residual": float(residual),
        "steps": steps,
    }
    return record


def describe(record: xr.Dataset) -> dict[str, str]:
    """Where access is best, and where manufacturing weighs most."""
    theta = settings(record)["theta"]
    shown = record.sel(place=list(data.EAST_ASIA_PACIFIC))
    access, weight = shown["market_access"], shown["manufacturing_share"]
    (worst, best), (least, most) = _ends(access), _ends(weight)
    rank = float(access.to_series().rank().corr(weight.to_series().rank()))  # Spearman's
    return {
        "title": (
            f"{best[0]} has the best access to markets, {most[0]} lives most from manufacturing; "
            f"over {len(access)} economies the rank correlation of the two is {rank:.2f}"
        ),
        "caption": (
            "Left: market access of manufactures (real market potential of Redding and Venables "
            "2004, with freeness of trade from the flows as in Head and Ries 2001; mean of the "
            f"{len(access)} economies = 100, log scale): {worst[1]:.0f} in {worst[0]} to "
            f"{best[1]:.0f} in {best[0]}. Right: manufacturing makes {most[1]:.1f} % of value "
            f"added in {most[0]}, {least[1]:.1f} % in {least[0]}. Discs: economies too small to "
            "see. Data: OECD inter-country input-output table of 2020 (21 regions), to which the "
            f"general economy is calibrated (trade elasticity {theta:g}); distances inside regions "
            "from mean distances; outlines: Natural Earth, de facto boundaries."
        ),
        "checks": (
            "the calibrated economy is in equilibrium at its baseline to "
            f"{float(record.attrs['residual']):.0e}"
        ),
    }


def _ends(values: xr.DataArray) -> list[tuple[str, float]]:
    """Name and value of the place with the smallest value, and of that with the largest."""
    ranked = values.to_series().sort_values()
    return [(_east_asia.NAMES[ranked.index[k]], float(ranked.iloc[k])) for k in (0, -1)]


@eqx.filter_jit
def _baseline(model: Any) -> tuple[Any, Any]:
    """Largest market residual and the outcomes at the table's allocation and unit prices."""
    x = model.initial_distribution()
    prices = model.initial_prices(x)
    residual = jax.tree.leaves(model.market_residual(prices, x))
    return jnp.max(jnp.stack([jnp.max(jnp.abs(a)) for a in residual])), model.outcomes(prices, x)


def market_capacity(
    freeness: np.ndarray, flows: np.ndarray, tolerance: float, max_steps: int
) -> tuple[np.ndarray, int]:
    """Pull ``M`` of each market such that all outputs are sold and all spending is spent.

    Scales rows and columns in turn, which converges for a connected matrix (Sinkhorn 1967).
    Raises :class:`neg.core.errors.ConvergenceError` after ``max_steps``.
    """
    output, spending = flows.sum(axis=1), flows.sum(axis=0)
    supply = output / freeness.sum(axis=1)
    for step in range(1, max_steps + 1):
        pull = spending / (supply @ freeness)
        new = output / (freeness @ pull)
        gap = np.abs(new / supply - 1.0).max()
        supply = new
        if gap <= tolerance:
            return spending / (supply @ freeness), step
    raise ConvergenceError(f"market capacities still change by {gap:g} after {max_steps} steps")


def draw(record: xr.Dataset) -> Figure:
    """Two maps side by side."""
    figure, axes = style.sheet(1, 2, height=2.85)
    shown = record.sel(place=list(data.EAST_ASIA_PACIFIC))
    _east_asia.panel(
        axes[0],
        shown["market_access"].to_series(),
        "Market access of manufactures",
        "mean = 100 (log scale)",
        scale=Scale(logarithmic=True),
    )
    _east_asia.panel(
        axes[1],
        shown["manufacturing_share"].to_series(),
        "Manufacturing in value added",
        "% of value added",
    )
    return figure
