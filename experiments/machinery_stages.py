"""Machinery trade of East Asia split by stage: parts for machinery, inputs of others, final goods.

The table of 2011 knows machinery as a sector of its own, and what each buying sector spends on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._east_asia import NAMES
from neg import data
from neg.figures import heat, style

CONFIG: dict[str, Any] = {"members": ["CHN", "IDN", "JPN", "KOR", "TWN"]}
SMOKE: dict[str, Any] = {}
STAGES = ("parts for machinery", "inputs of other sectors", "final goods")


def stages(table: xr.Dataset) -> xr.DataArray:
    """Share of each stage in what every economy buys of machinery, ``[destination, stage]``.

    Into sector b of j goes ``input_share_b X_jb`` of machinery; the rest is final.
    """
    flows = table["flows"]
    at = [p for p in flows["origin"].values if p in flows["destination"].values]
    output = flows.sum("destination").sel(origin=at).rename(sector="buyer", origin="destination")
    into = output * table["input_share"].sel(sector="machinery")
    bought = flows.sel(sector="machinery").sum("origin").sel(destination=at)
    own = into.sel(buyer="machinery").drop_vars("buyer")
    others = into.sum("buyer") - own
    last = bought - own - others
    found = xr.concat([own, others, last], "stage").assign_coords(stage=list(STAGES))
    return (found / bought).drop_vars("sector").transpose("destination", "stage")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Bilateral machinery trade among the members, and its stages."""
    progress(0, 1, "table")
    table, members = data.asia7(), list(config["members"])
    flows = table["flows"].sel(sector="machinery", origin=members, destination=members) / 1e3
    home = xr.DataArray(
        np.eye(len(members), dtype=bool),
        dims=("origin", "destination"),
        coords={"origin": members, "destination": members},
    )
    trade = flows.where(~home).drop_vars("sector")
    split = stages(table)
    by_stage = trade.fillna(0.0) * split.sel(destination=members)
    goods = table["flows"].sel(origin=members, destination=members).drop_sel(sector="services")
    abroad = goods.where(~home).sum(["origin", "destination"])
    return xr.Dataset(
        {
            "trade": trade.assign_attrs(units="billion USD"),
            "stage_share": split.sel(destination=members).assign_attrs(units="1"),
            "exports": by_stage.sum("destination").assign_attrs(units="billion USD"),
            "imports": by_stage.sum("origin").assign_attrs(units="billion USD"),
            "sector_share": (abroad / abroad.sum()).assign_attrs(units="1"),
        },
        attrs={"status": "converged"},
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """How much of machinery trade is parts."""
    total = record["exports"].sum("origin")
    share = 100.0 * total / total.sum()
    part = {str(s): float(share.sel(stage=s)) for s in share["stage"].values}
    machinery = 100.0 * float(record["sector_share"].sel(sector="machinery"))
    net = record["exports"].sel(stage=STAGES[0]) - record["imports"].sel(stage=STAGES[0]).rename(
        destination="origin"
    )
    most = str(net.idxmax("origin").values)
    return {
        "title": (
            f"{part[STAGES[0]]:.0f} % of machinery that East Asian economies sell each other are "
            "parts for machinery again"
        ),
        "caption": (
            "Left: sales of machinery of one economy (rows) to another (columns), 2011. Right: "
            "what the economy sells to (above) and buys from (below) the others by stage: "
            f"{', '.join(f'{name} {value:.0f} %' for name, value in part.items())}. "
            f"{NAMES[most]} sells most parts beyond what it buys. Machinery is "
            f"{machinery:.0f} % of the goods that the five sell each other. WIOD table of 2011, "
            "seven economies of Asia and the Pacific and the rest of the world, five sectors; "
            "China, Indonesia, Japan, Korea and Taiwan are shown. Assumed: each sector spends the "
            "same share of its sales on machinery in every economy (the mean of the table), and "
            "all uses of an economy buy from the same mix of origins."
        ),
        "checks": "stages add up to trade to 1e-12",
    }


def draw(record: xr.Dataset) -> Figure:
    """The matrix, and bars up for sales and down for purchases."""
    figure, (left, right) = style.sheet(1, 2, height=3.0, width_ratios=[1.0, 1.25])
    names = [NAMES[str(p)] for p in record["origin"].values]
    heat.heat_map(
        left,
        record["trade"].values,
        names,
        names,
        label="billion USD",
        row_label="from",
        column_label="to",
        numbers=".0f",
    )
    left.set_title("machinery, 2011")
    up = down = np.zeros(len(names))
    for colour, stage in zip(style.COLOURS, record["stage"].values, strict=False):
        sold = record["exports"].sel(stage=stage).values
        bought = record["imports"].sel(stage=stage).values
        right.bar(names, sold, bottom=up, color=colour, width=0.7, label=str(stage))
        right.bar(names, -bought, bottom=-down, color=colour, width=0.7)
        up, down = up + sold, down + bought
    right.axhline(0.0, color=style.INK, lw=0.8)
    right.set(ylabel="bought  |  sold, billion USD", ylim=(-1.1 * down.max(), 2.1 * up.max()))
    right.legend(loc="upper right")
    return figure
