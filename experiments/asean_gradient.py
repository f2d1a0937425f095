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
from matplotlib.figure import Figure

from experiments import _east_asia
from experiments._words import settings
from neg import data
from neg.analysis import calibrate, real_income_gradient
from neg.figures import heat, style
from neg.figures.scale import Scale
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
    return xr.Dataset(
        {
            "elasticity": (
                ("origin", "destination", "sector"),
                gradient,
                {"units": "%/%", "label": "elasticity of ASEAN real income to trade cost"},
            ),
            "all_sectors": (("origin", "destination"), abroad.sum(axis=2), {"units": "%/%"}),
        },
        coords={
            "origin": list(table.places),
            "destination": list(table.places),
            "sector": list(table.sectors),
        },
        attrs={
            "status": "converged" if np.isfinite(gradient).all() else "not converged",
            "check": float(max(errors)),
            "checks": (
                f"the largest {len(errors)} of {gradient.size:,} derivatives differ from central "
                f"differences by at most {max(errors):.0e} relative"
            ),
        },
    )


@eqx.filter_jit
def _outcome(economy: Any, weights: Any, index: Any, change: Any) -> Any:
    moved = economy.with_(tau=economy.tau.at[index].multiply(jnp.exp(change)))
    return jnp.log(jnp.sum(weights * short_run(moved).outcomes["welfare"]))


def describe(record: xr.Dataset) -> dict[str, str]:
    """The delivery, of all sectors and of a single one, whose cost matters most."""
    names, theta = _east_asia.NAMES, settings(record)["theta"]
    pair = record["all_sectors"].isel(record["all_sectors"].argmin(...))
    home = record["origin"] == record["destination"]
    single = record["elasticity"].where(~home, 0.0)
    top = single.isel(single.argmin(...))
    where = lambda at: (
        f"from {names[str(at['origin'].values)]} to {names[str(at['destination'].values)]}"
    )
    return {
        "title": (
            f"ASEAN gains most from cheaper deliveries {where(pair)}: 1 % off their cost adds "
            f"{-float(pair):.3f} % to its real income"
        ),
        "caption": (
            "Gain in the total real income of the ten members of ASEAN (bold) from 1 % cheaper "
            "delivery of all sectors from one region (rows) to another (columns), in hundredths "
            "of a per cent; red: they lose, as trade is diverted from them. The largest single "
            f"one is {str(top['sector'].values).replace('_', ' ')} {where(top)} "
            f"({-float(top):.4f} %). All {record['elasticity'].size:,} derivatives come from one "
            "adjoint solve and hold for small changes. General economy calibrated to the OECD "
            f"inter-country input-output table of 2020 (21 regions, 11 sectors), trade elasticity "
            f"{theta:g}, scale elasticity {settings(record)['scale']:g}; assumed: labour fixed in "
            "its sector, one mix of origins for all uses."
        ),
    }


def draw(record: xr.Dataset) -> Figure:
    """Heat map of origins against destinations, the members of ASEAN first."""
    figure, axes = style.sheet(height=5.7)
    places = [str(place) for place in record["origin"].values]
    places = sorted(places, key=lambda place: place not in data.ASEAN)
    names = [_east_asia.NAMES[place] for place in places]
    gain = -100.0 * record["all_sectors"].sel(origin=places, destination=places).values
    heat.heat_map(
        axes,
        np.where(np.eye(len(names), dtype=bool), np.nan, gain),
        names,
        names,
        label="gain of ASEAN from 1 % cheaper delivery, 0.01 % of real income",
        row_label="from",
        column_label="to",
        scale=Scale(centre=0.0),
        highlight=[_east_asia.NAMES[place] for place in data.ASEAN],
    )
    edge = len(data.ASEAN) - 0.5
    axes.axhline(edge, color=style.INK, lw=0.9, zorder=4)
    axes.axvline(edge, color=style.INK, lw=0.9, zorder=4)
    return figure
