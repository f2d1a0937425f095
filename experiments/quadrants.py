"""Fragmentation in two dimensions: at home or abroad, in-house or at arm's length."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg.chains import Chain, trace
from neg.figures import style
from neg.menus import Pareto
from neg.production import modes, property_rights_menu, quadrants
from neg.production.make_or_buy import contract_cost

CONFIG: dict[str, Any] = {
    "own": [1.0, 0.45, 0.3],
    "theta": 5.0,
    "wage": [1.0, 0.75, 0.6],
    "distance": [0.0, 1.0, 3.0],
    "institutions": [0.9, 0.6, 0.3],
    "density": [1.5, 1.0, 0.5],
    "governance": 0.06,
    "eta": 0.3,
    "contract": 0.5,
    "link": 1.1,
    "top_contract": 2.0,
    "top_link": 1.5,
    "points": 41,
}
SMOKE: dict[str, Any] = {"points": 5}
OWNERSHIP: dict[str, Any] = {
    "alpha": 0.75,
    "eta": 0.75,
    "keeps": {"NO": 0.5, "NV": 0.8, "SO": 0.5, "SV": 0.65},
    "fixed_cost": {"NO": 0.8, "NV": 1.05, "SO": 3.15, "SV": 5.5},
    "demand": 20.0,
}
FORMS = {
    "NV": "home, in-house",
    "NO": "home, arm's length",
    "SV": "abroad, in-house",
    "SO": "abroad, arm's length",
}
LOOK = {
    "home, in-house": style.COLOURS[0],
    "home, arm's length": style.COLOURS[5],
    "abroad, in-house": style.COLOURS[1],
    "abroad, arm's length": style.COLOURS[4],
}


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """The four shares over contract costs, over link costs, and of ownership over wages abroad."""
    progress(0, 1, "shares")
    chain = Chain(config["own"], config["theta"])
    wage = jnp.asarray(config["wage"])
    cost = jnp.broadcast_to(wage[:, None], (3, 3))
    control = jnp.exp(config["governance"] * jnp.asarray(config["distance"]))
    apart = (1.0 - jnp.eye(3))[..., None] * jnp.ones(3)

    def at(contract: Any, link: Any) -> Any:
        price = contract_cost(contract, config["institutions"], config["density"], config["eta"])
        choice = modes(chain.elasticity, control, price)
        found = trace(chain, cost, link**apart * choice.link[:, None, :])
        share = quadrants(chain, found, choice.in_house, 0, 0)
        total = sum(share.values())
        return jnp.stack([share[name] / total for name in LOOK])

    sizes = Pareto.of_productivity(4.5, 4.0)

    def owned(south: Any) -> Any:
        menu = property_rights_menu(wage_south=south, **OWNERSHIP)
        share = dict(zip(menu.modes, menu.choose(sizes).sales_share[1:], strict=True))
        return jnp.stack([share[form] for form in FORMS])

    contract = jnp.linspace(0.0, config["top_contract"], config["points"])
    link = jnp.linspace(1.0, config["top_link"], config["points"])
    south = jnp.linspace(0.3, 1.0, config["points"])
    by = {
        "by_contract": jax.jit(jax.vmap(lambda k: at(k, config["link"])))(contract),
        "by_link": jax.jit(jax.vmap(lambda d: at(config["contract"], d)))(link),
        "by_wage": jax.jit(jax.vmap(owned))(south),
    }
    axes = {"by_contract": "contract", "by_link": "link", "by_wage": "wage_south"}
    return xr.Dataset(
        {n: ((axes[n], "quadrant"), np.asarray(v), {"units": "1"}) for n, v in by.items()},
        coords={
            "contract": np.asarray(contract),
            "link": np.asarray(link),
            "wage_south": np.asarray(south),
            "quadrant": list(LOOK),
        },
        attrs={"status": "converged" if all(np.isfinite(v).all() for v in by.values()) else "bad"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """What contracts and links decide."""
    given = settings(record)
    inside = record["by_contract"].sel(quadrant=["home, in-house", "abroad, in-house"])
    low, high = (100 * float(inside.isel(contract=k).sum()) for k in (0, -1))
    abroad = record["by_link"].sel(quadrant=["abroad, in-house", "abroad, arm's length"])
    near, far = (100 * float(abroad.isel(link=k).sum()) for k in (0, -1))
    return {
        "title": (
            f"Dear contracts bring parts into the firm, {low:.0f} to {high:.0f} % in-house; dear "
            f"links bring them home, {near:.0f} to {far:.0f} % abroad"
        ),
        "caption": (
            "Shares of the four quadrants of fragmentation by place and by the firm's boundary. "
            "Left and middle: value of the blocks before the last in a chain of three blocks over "
            f"three places, each made in-house or at arm's length, over the contract cost without "
            f"institutions (link cost {given['link']:g}) and over the link cost (contract cost "
            f"{given['contract']:g}); wages {given['wage']}, theta {given['theta']:g}, control "
            f"{given['governance']:g} in logs per unit of distance {given['distance']}, "
            f"institutions {given['institutions']}, density of suppliers {given['density']} with "
            f"elasticity {given['eta']:g}. Right: sales of the four forms of ownership by Antràs "
            "and Helpman (headquarter intensity 0.75, alpha 0.75, Pareto shape 4.5), over the wage "
            "abroad. All points in closed form at given wages. Theory, no data."
        ),
        "checks": "the four shares add up to one; closed forms agree with enumeration (tests)",
    }


def draw(record: xr.Dataset) -> Figure:
    """Three panels of stacked shares."""
    figure, axes = style.sheet(1, 3, height=2.9, sharey=True)
    panels = {
        "by_contract": ("contract", "contract cost", "smooth: contracts"),
        "by_link": ("link", "link cost", "smooth: links"),
        "by_wage": ("wage_south", "wage abroad (home: 1)", "ownership: wage abroad"),
    }
    for ax, (name, (axis, label, title)) in zip(axes, panels.items(), strict=True):
        share = 100 * record[name].T.values
        ax.stackplot(record[axis], share, colors=list(LOOK.values()), labels=list(LOOK))
        ax.set(
            xlim=(float(record[axis][0]), float(record[axis][-1])),
            ylim=(0, 100),
            xlabel=label,
            title=title,
        )
    axes[0].set_ylabel("share, %")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure
