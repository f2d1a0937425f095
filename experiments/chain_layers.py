"""How far goods travel at each link of a chain: late links pay on all value and stay near (M7)."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._words import listed, settings
from neg import data
from neg.chains import Chain, trace
from neg.figures import style
from neg.network.transactions import KM, time_layers

CONFIG: dict[str, Any] = {
    "blocks": 4,
    "theta": 5.0,
    "border": 0.10,  # of value, at each crossing
    "per_1000_km": 0.03,
    "integration": 0.5,  # of both costs, after
    "home_km": 50.0,
}
SMOKE: dict[str, Any] = {"blocks": 2}
_LAYERS = ("local", "neighbouring", "regional", "world")
_EDGES = ("under 100 km", "100 to 1,500", "1,500 to 6,000", "over 6,000 km")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Trace the chain at both costs and sort shipments of every link by distance."""
    progress(0, 1, "chain")
    table, count = data.load_icio(), config["blocks"]
    places = list(data.EAST_ASIA_PACIFIC)
    at = [table.places.index(p) for p in places]
    size = table.output[at, table.sectors.index("manufacturing")]
    km = data.distances("sea").sel(origin=places, destination=places).values
    home = np.eye(len(places), dtype=bool)
    km = np.where(home, config["home_km"], km)
    chain = Chain.equal(count, config["theta"])
    spending = np.asarray(size / size.sum())
    share = np.empty((2, count, len(_LAYERS)))
    mean = np.empty((2, count))
    for k, left in enumerate((1.0, config["integration"])):
        cost = config["border"] + config["per_1000_km"] * km / 1000.0
        link = np.where(home, 1.0, 1.0 + left * cost)[..., None] * np.ones(count)
        draws = np.repeat((size / size.sum())[:, None], count, axis=1)
        found = trace(chain, np.ones((len(places), count)), link, suppliers=draws)
        shipped = np.einsum("ijnb,b->ijn", np.asarray(found.shipped), spending)
        for n in range(count):
            share[k, n] = time_layers(km, shipped[..., n], edges=KM).values
            mean[k, n] = float((km * shipped[..., n])[~home].sum() / shipped[..., n][~home].sum())
    return xr.Dataset(
        {
            "share": (("case", "link", "layer"), share, {"units": "1"}),
            "mean_km": (("case", "link"), mean, {"units": "km"}),
        },
        coords={
            "case": ["before", "after"],
            "link": np.arange(1, count + 1),
            "layer": list(_LAYERS),
        },
        attrs={"status": "converged"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """Home shares of the first and the last link."""
    config = settings(record)
    local = 100.0 * record["share"].sel(layer="local")
    before = local.sel(case="before").values
    after = local.sel(case="after").values
    between, last = ", ".join(f"{value:.0f}" for value in before[:-1]), before[-1]
    far = record["mean_km"].sel(case="before")
    return {
        "title": (
            f"Later links between blocks stay at home more: {between} % of value; the last, to "
            f"buyers who do not move, {last:.0f} %"
        ),
        "caption": (
            f"Shares in the value shipped at each of the {config['blocks']} links of a chain "
            "(the last goes to the buyer), by distance, before (wide bars) and after (narrow) "
            f"costs of crossing are cut by {100 * (1 - config['integration']):.0f} %: after, "
            f"{listed(f'{value:.0f}' for value in after)} % stay at home. Links pay on all the "
            "value so far: late blocks are drawn together most. "
            f"What is sold abroad travels {float(far[0]):,.0f} km at the first link and "
            f"{float(far[-1]):,.0f} at the last, on average. A chain of equal blocks (Antras and "
            f"de Gortari 2020), θ = {config['theta']:g}, among the 18 economies of East Asia and "
            "the Pacific: draws of every block in proportion to output of manufacturing, buyers "
            "too (OECD table, 2020); own costs the same everywhere. Assumed: a crossing costs "
            f"{100 * config['border']:g} % of value and {100 * config['per_1000_km']:g} % for "
            f"every 1,000 km at sea; sales at home travel {config['home_km']:g} km and cost "
            "nothing. Layers of Lim and Kimura by distance instead of time."
        ),
        "checks": "shares add up to one; payments are derivatives of prices to 1e-12",
    }


def draw(record: xr.Dataset) -> Figure:
    """Stacked bars by link, before and after."""
    figure, ax = style.sheet(1, 1, height=2.8, width="column")
    links = record["link"].values
    for k, (case, width) in enumerate((("before", 0.42), ("after", 0.26))):
        bottom = np.zeros(len(links))
        for colour, layer, edge in zip(style.COLOURS, _LAYERS, _EDGES, strict=False):
            value = record["share"].sel(case=case, layer=layer).values
            label = edge if k == 0 else None
            ax.bar(links + (-0.22, 0.16)[k], value, width, bottom=bottom, color=colour, label=label)
            bottom = bottom + value
    ax.set_xticks(links)
    ax.set(
        xlabel="link of the chain (wide: before, narrow: after)",
        ylabel="share of value shipped",
        ylim=(0.0, 1.42),
    )
    ax.set_yticks([0.0, 0.5, 1.0])
    ax.legend(loc="upper center", ncols=2, borderpad=0.0, columnspacing=1.0)
    return figure
