"""Where fragmentation happens, wages in equilibrium: saving, link cost, set-up cost (M4).

The three conditions of the literature are three Levers on the economy of the scenario file
``set-up-costs``: what parts cost to make outside the core, what a link costs, what a cut costs. At
every point of the grid all markets clear anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import listed, settings
from neg.analysis import Lever
from neg.figures import style
from neg.scenario_files import read_scenario
from neg.scenario_files.baseline import build_economy
from neg.scenario_files.batch import solve_many

CONFIG: dict[str, Any] = {
    "file": "set-up-costs",
    "saving": [-0.6, 0.0, 0.4],  # of the own cost of parts outside the core, on top of the file's
    "link": [1.0, 1.35],  # cost of parts on one step between two places
    "set_up": [0.1, 8.0],  # cost of a cut, over the fixed cost of a firm
    "points": 25,
}
SMOKE: dict[str, Any] = {"points": 3}
_LABELLED = {0.1: 0.7, 0.3: 0.55, 0.6: 0.17}
"""Mean numbers of cuts that are drawn, and how far along the axis each is named."""
NAMES = ("fragmentation.fragmented", "fragmentation.cuts", "wage")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Who fragments in the core on a grid of the three conditions."""
    progress(0, 1, "equilibria")
    economy = build_economy(read_scenario(config["file"]))
    core, *others = economy.places
    parts, machines = (economy.sectors.index(name) for name in ("parts", "machines"))
    theta = float(economy.theta[parts])
    step = float(economy.tau[0, 1, parts])
    saving = np.asarray(config["saving"])
    link, set_up = (
        np.linspace(config[name][0], config[name][1], config["points"])
        for name in ("link", "set_up")
    )
    one = ("parts",)
    # A step of the file costs ``step``, two steps its square.
    near = Lever("tau", "set", among=(core, others[0]), sectors=one)
    after = Lever("tau", "set", among=tuple(others), sectors=one)
    far = Lever("tau", "set", among=(core, others[1]), sectors=one)
    puts = [
        (near, 1),
        (after, 1),
        (far, 2),
        (Lever("fragmentation.set_up", "set"), 3),
        (Lever("productivity", "times", places=tuple(others), sectors=one), 0),
    ]
    grid = [
        ((1.0 - s) ** -theta, cost, cost**2, fixed)
        for s in saving
        for cost in link
        for fixed in set_up
    ]
    found = solve_many(economy, puts, grid, NAMES)
    shape = (len(saving), len(link), len(set_up))
    plane = ("saving", "link_cost", "set_up_cost")
    share, cuts = (found[name][:, 0, machines].reshape(shape) for name in NAMES[:2])
    wage = found["wage"][:, :, parts].reshape(*shape, -1)
    return xr.Dataset(
        {
            "sales": (plane, share, {"units": "1"}),
            "cuts": (plane, cuts, {"units": "cuts per firm"}),
            "wage": ((*plane, "place"), wage / wage[..., :1], {"units": "wage in the core"}),
        },
        coords={
            "saving": saving,
            "link_cost": link,
            "set_up_cost": set_up,
            "place": list(economy.places),
        },
        attrs={
            "status": "converged" if (found["status"] == 0).all() else "not converged",
            "step": step,
            "solves": len(grid),
            "residual": float(np.max(found["residual"])),
        },
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """How far the region reaches at each saving, and what wages do."""
    given = settings(record)
    here = {"link_cost": record.attrs["step"], "set_up_cost": 3.0}
    at = record.sel(here, method="nearest")
    cases = listed(_called(float(s)) for s in record["saving"].values)
    wages = listed(f"{float(w):.2f}" for w in at["wage"].isel(place=1))
    shares = listed(f"{100 * float(v):.0f}" for v in at["sales"])
    first, last = (100 * float(record["sales"].isel(saving=k).mean()) for k in (0, -1))
    return {
        "title": (
            "Cheap links and cheap set-up fragment the chain; cheap parts abroad add little, as "
            f"wages there rise: {first:.0f} to {last:.0f} % of sales are of firms that cut it"
        ),
        "caption": (
            "Share of sales of the core's makers of machines that cut their chain, over the cost "
            "of a link for parts (one step between two places) and the set-up cost of a cut (fixed "
            f"cost of a firm: 1), with the own cost of parts outside the core {cases} (scenario "
            f"file {given['file']}); lines: mean number of cuts of an active firm. Wages, prices "
            f"and entry answer at every point: at a link cost of {here['link_cost']:g} and a "
            f"set-up cost of {here['set_up_cost']:g}, wages of makers of parts next to the core "
            f"are {wages} of those in the core, and {shares} % of sales are of firms that cut. "
            "General economy with part SetUp (Jones and Kierzkowski 1990; Antras, Fort and "
            "Tintelnot 2017), three places in a row: Pareto scale of firms, free entry, workers "
            f"stay in their place and sector. {record.attrs['solves']:,} equilibria, each next to "
            f"that of the file, largest residual {record.attrs['residual']:.0e}; others were not "
            "searched for. Theory, no data."
        ),
        "checks": "without set-up costs the chain, without bound the integrated sector (tests)",
    }


def _called(saving: float) -> str:
    """A saving in words."""
    if saving == 0:
        return "as in the file"
    return f"{100 * abs(saving):.0f} % {'lower' if saving > 0 else 'higher'}"


def draw(record: xr.Dataset) -> Figure:
    """A panel for each saving."""
    figure, axes = style.sheet(1, record.sizes["saving"], height=2.6, sharey=True)
    link, set_up = record["link_cost"].values, record["set_up_cost"].values
    for ax, saving in zip(axes, record["saving"].values, strict=True):
        one = record.sel(saving=saving)
        image = ax.pcolormesh(
            link, set_up, 100 * one["sales"].T, vmin=0, vmax=100, rasterized=True, shading="gouraud"
        )
        cuts = one["cuts"]
        lines = ax.contour(link, set_up, cuts.T, list(_LABELLED), colors="white", linewidths=0.9)
        at = []
        for number, place in _LABELLED.items():
            x = link[0] + place * (link[-1] - link[0])
            at.append((x, np.interp(-number, -cuts.interp(link_cost=x).values, set_up)))
        ax.clabel(lines, fmt="%g cuts", fontsize=7, manual=at)
        ax.set(title=f"cost of parts abroad\n{_called(saving)}", xlabel="cost of a link for parts")
    axes[0].set_ylabel("set-up cost of a cut")
    figure.colorbar(image, ax=list(axes), label="sales of firms that fragment, %", aspect=24)
    return figure
