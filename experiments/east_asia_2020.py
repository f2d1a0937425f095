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
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments import _east_asia
from neg import data
from neg.analysis.baseline import calibrate
from neg.core.errors import ConvergenceError

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
    shown = record.sel(place=places)
    by_access = shown.sortby("market_access", ascending=False)
    by_weight = shown.sortby("manufacturing_share", ascending=False)
    first, last = by_access.isel(place=0), by_access.isel(place=-1)
    most, least = by_weight.isel(place=0), by_weight.isel(place=-1)
    record.attrs = {
        "title": "East Asia and the Pacific in 2020: access and industry",
        "caption": (
            "Left: market access of manufactures (real market potential from the 2020 flows of "
            "21 regions, mean of the 18 economies = 100) runs from "
            f"{float(last['market_access']):.0f} in {_name(last)} to "
            f"{float(first['market_access']):.0f} in {_name(first)}. Right: manufacturing makes "
            f"{float(most['manufacturing_share']):.1f} % of value added in {_name(most)}, "
            f"{float(least['manufacturing_share']):.1f} % in {_name(least)}. Discs: economies too "
            "small to see. The economy calibrated to the table is in equilibrium at its baseline "
            f"(residual {float(residual):.1e}). Data: OECD inter-country input-output table 2020; "
            "outlines: Natural Earth, de facto boundaries."
        ),
        "status": "converged",
        "residual": float(residual),
        "steps": steps,
    }
    return record


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


def _name(point: xr.Dataset) -> str:
    return _east_asia.NAMES[str(point["place"].values)]


def draw(record: xr.Dataset) -> Figure:
    """Two maps side by side."""
    figure, axes = plt.subplots(1, 2, figsize=(11.0, 4.55))
    shown = record.sel(place=list(data.EAST_ASIA_PACIFIC))
    _east_asia.panel(
        axes[0],
        shown["market_access"].to_series(),
        "Market access of manufactures",
        "mean of the 18 economies = 100 (log scale)",
        logarithmic=True,
    )
    _east_asia.panel(
        axes[1],
        shown["manufacturing_share"].to_series(),
        "Manufacturing in value added",
        "% of value added",
    )
    return figure
