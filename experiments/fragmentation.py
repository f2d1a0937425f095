"""Where fragmentation happens: link cost against set-up cost, and which block goes where.

A lead firm of the core cuts its chain of three blocks over three places. Its productivity says
whether the saving pays for the set-up cost of each cut.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import settings
from neg.chains import Chain, cheapest_by_cuts
from neg.figures import style
from neg.menus import Pareto
from neg.production import fragmentation_menu

CONFIG: dict[str, Any] = {
    "own": [1.0, 0.4, 0.3],
    "labour": [0.3, 0.75, 0.9],
    "wage": [1.0, 0.6, 0.4],
    "skill": [1.0, 1.5, 2.2],
    "distance": [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]],
    "sigma": 4.0,
    "kappa": 4.5,
    "demand": 0.5,
    "top_link": 1.2,
    "top_set_up": 2.0,
    "shown_set_up": 0.25,
    "points": 61,
}
SMOKE: dict[str, Any] = {"points": 9}
PLACES = ("core", "near", "far")
BLOCKS = ("parts", "components", "assembly")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Shares of firms and sales on a grid of link and set-up costs."""
    progress(0, 1, "grid of costs")
    chain = Chain(config["own"])
    wage, skill = np.array(config["wage"])[:, None], np.array(config["skill"])[:, None]
    labour = np.array(config["labour"])
    cost = jnp.asarray(wage**labour * skill ** (1.0 - labour))
    steps = jnp.asarray(config["distance"])[..., None] * jnp.ones(len(BLOCKS))
    sizes = Pareto.of_productivity(config["kappa"], config["sigma"])

    def at(link: Any, set_up: Any) -> tuple[Any, ...]:
        found = cheapest_by_cuts(chain, cost, link**steps, 0)
        menu = fragmentation_menu(found.cost, config["sigma"], config["demand"], 1.0, set_up)
        choice = menu.choose(sizes)
        sales = choice.sales_share[1:]
        made = jax.nn.one_hot(found.path, len(PLACES))  # [cuts, block, place]
        cuts = jnp.sum(choice.active[1:] * jnp.arange(len(BLOCKS)))
        return (
            jnp.sum(choice.active[2:]),
            jnp.sum(sales[1:]),
            cuts,
            jnp.einsum("q,qbp->bp", sales, made),
        )

    grid = jax.jit(jax.vmap(jax.vmap(at, (None, 0)), (0, None)))
    link = jnp.linspace(1.0, config["top_link"], config["points"])
    set_up = jnp.linspace(0.02, config["top_set_up"], config["points"])
    firms, sales, cuts, _ = grid(link, set_up)
    where = jax.jit(jax.vmap(lambda d: at(d, config["shown_set_up"])[3]))(link)
    plane = ("link_cost", "set_up_cost")
    return xr.Dataset(
        {
            "firms": (plane, np.asarray(firms), {"units": "1"}),
            "sales": (plane, np.asarray(sales), {"units": "1"}),
            "cuts": (plane, np.asarray(cuts), {"units": "cuts per firm"}),
            "made": (("link_cost", "block", "place"), np.asarray(where), {"units": "1"}),
        },
        coords={
            "link_cost": np.asarray(link),
            "set_up_cost": np.asarray(set_up),
            "block": list(BLOCKS),
            "place": list(PLACES),
        },
        attrs={"status": "converged" if np.isfinite(np.asarray(sales)).all() else "not finite"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """How far the region reaches, and what stays at home."""
    given = settings(record)
    top = record["sales"].sel(link_cost=1.05, method="nearest")
    low, high = (float(top.sel(set_up_cost=f, method="nearest")) for f in (0.1, 1.0))
    home = record["made"].sel(place="core").isel(link_cost=0)
    away = [str(b) for b in home["block"].values if float(home.sel(block=b)) < 0.5]
    return {
        "title": (
            f"Links at 5 % fragment {100 * low:.0f} % of sales where a cut costs a tenth of the "
            f"fixed cost, {100 * high:.0f} % where it costs as much again; {' and '.join(away)} "
            "leave the core"
        ),
        "caption": (
            "Left: share of sales by firms that cut their chain, over the cost of a link between "
            "neighbouring places (5 % for a link cost of 1.05) and the set-up cost of each cut "
            "(fixed cost of a firm: 1); lines: mean number of cuts of an active firm. Right: where "
            f"each block is made, share of sales, at a set-up cost of {given['shown_set_up']:g}; "
            "where links are dear the whole chain moves or stays at once, without a cut. "
            "A lead firm of the core takes for each number of cuts the cheapest chain of three "
            "blocks over three places in a row, then the number of cuts by its productivity. "
            f"Own cost shares {given['own']}, labour in them {given['labour']}, the rest skill; "
            f"wages {given['wage']}, skill {given['skill']}; sigma {given['sigma']:g}, Pareto "
            f"shape {given['kappa']:g}, market size fixed. All {record['sales'].size:,} points in "
            "closed form; every number of cuts compared. Theory, no data; wages do not answer."
        ),
        "checks": "cheapest chains by messages equal enumeration of all paths (tests)",
    }


def draw(record: xr.Dataset) -> Figure:
    """Region on the left, a panel for each block on the right."""
    figure, axes = style.sheet(
        [["region", str(b)] for b in record["block"].values],
        height=4.2,
        width_ratios=[1.45, 1.0],
    )
    region, link = axes["region"], record["link_cost"].values
    image = region.pcolormesh(
        link, record["set_up_cost"], 100 * record["sales"].T, vmin=0, vmax=100, rasterized=True
    )
    lines = region.contour(
        link,
        record["set_up_cost"],
        record["cuts"].T,
        [0.1, 0.5, 1.0, 1.5],
        colors="white",
        linewidths=0.9,
    )
    region.clabel(lines, fmt="%g", fontsize=7)
    region.set(xlabel="cost of a link between neighbours", ylabel="set-up cost of a cut")
    figure.colorbar(image, ax=region, label="sales of firms that fragment, %", aspect=32)
    for k, block in enumerate(record["block"].values):
        ax = axes[str(block)]
        share = 100 * record["made"].sel(block=block)
        ax.stackplot(
            link, share.T.values, colors=style.COLOURS[:3], labels=list(share["place"].values)
        )
        ax.set(xlim=(link[0], link[-1]), ylim=(0, 100), title=str(block))
        ax.set_ylabel("% of sales")
        if k < record.sizes["block"] - 1:
            ax.tick_params(labelbottom=False)
        else:
            ax.set_xlabel("cost of a link between neighbours")
    handles, labels = axes[str(record["block"].values[0])].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=3, title="block made in")
    return figure
