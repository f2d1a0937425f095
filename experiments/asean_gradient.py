"""Which trade costs matter most for ASEAN: the gradient of its real income to all of them at once.

One adjoint solve gives the elasticity of ASEAN real income with respect to the cost of delivering
every sector from every region to every other; central differences check a sample of them.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments import _east_asia
from neg import data
from neg.analysis import calibrate, real_income_gradient
from neg.figures import heat
from neg.solvers.short_run import short_run

CONFIG: dict[str, Any] = {"theta": 4.0, "scale": 0.0, "checked": 3, "step": 1e-4}
SMOKE: dict[str, Any] = {"checked": 1}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Differentiate through the equilibrium and check the largest entries."""
    table = data.load_icio()
    progress(0, 2, "gradient")
    economy = calibrate(table, theta=config["theta"], alpha=config["scale"], uses="common")
    weights = jnp.asarray(np.isin(table.places, data.ASEAN), dtype=float)
    gradient = np.asarray(real_income_gradient(economy, weights))
    progress(1, 2, "central differences")
    abroad = np.where(np.eye(len(table.places), dtype=bool)[..., None], 0.0, gradient)
    order = np.argsort(-np.abs(abroad), axis=None)[: config["checked"]]
    errors = []
    for flat in order:
        index = np.unravel_index(flat, gradient.shape)
        ahead, behind = (
            _outcome(economy, weights, index, jnp.asarray(sign * config["step"]))
            for sign in (1.0, -1.0)
        )
        numeric = float(ahead - behind) / (2.0 * config["step"])
        errors.append(abs(numeric / gradient[index] - 1.0))
    total = abroad.sum(axis=2)
    i, j, s = np.unravel_index(order[0], gradient.shape)
    names = _east_asia.NAMES
    return xr.Dataset(
        {
            "elasticity": (
                ("origin", "destination", "sector"),
                gradient,
                {"units": "%/%", "label": "elasticity of ASEAN real income to trade cost"},
            ),
            "all_sectors": (("origin", "destination"), total, {"units": "%/%"}),
        },
        coords={
            "origin": list(table.places),
            "destination": list(table.places),
            "sector": list(table.sectors),
        },
        attrs={
            "title": "What ASEAN real income gains from cheaper deliveries",
            "caption": (
                "Elasticity of ASEAN real income with respect to the cost of every delivery, all "
                "sectors together: a dark cell is a pair whose cheaper trade raises ASEAN income "
                f"most. The largest single entry is {table.sectors[s].replace('_', ' ')} from "
                f"{names[table.places[i]]} to {names[table.places[j]]} ({gradient[i, j, s]:.4f}: "
                f"1 % cheaper delivery, {-gradient[i, j, s]:.3f} % more income). All "
                f"{gradient.size:,} derivatives come from one adjoint solve; the largest "
                f"{len(errors)} differ from central differences by at most {max(errors):.0e} "
                "relative. Trade elasticity "
                f"{config['theta']:g}, labour fixed in its sector; OECD table 2020."
            ),
            "status": "converged" if np.isfinite(gradient).all() else "not converged",
            "check": float(max(errors)),
        },
    )


@eqx.filter_jit
def _outcome(economy: Any, weights: Any, index: Any, change: Any) -> Any:
    moved = eqx.tree_at(lambda e: e.tau, economy, economy.tau.at[index].multiply(jnp.exp(change)))
    return jnp.log(jnp.sum(weights * short_run(moved).outcomes["real_income"]))


def draw(record: xr.Dataset) -> Figure:
    """Heat map of origins against destinations."""
    figure, axes = plt.subplots(figsize=(8.2, 6.6))
    names = [_east_asia.NAMES[str(place)] for place in record["origin"].values]
    home = np.eye(len(names), dtype=bool)
    heat.heat_map(
        axes,
        np.where(home, np.nan, 100.0 * record["all_sectors"].values),
        names,
        names,
        label="elasticity of ASEAN real income to the cost of delivery, × 100",
        row_label="from",
        column_label="to",
        centre=0.0,
    )
    return figure
