"""Value added against gross trade among the economies of East Asia, and trade by stage."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._east_asia import NAMES
from neg import data
from neg.accounting import exports_by_content, group_trade, trade_by_origin
from neg.figures import heat, style
from neg.figures.scale import Scale

CONFIG: dict[str, Any] = {"largest": 11}
SMOKE: dict[str, Any] = {"largest": 4}
MEMBERS = (*data.EAST_ASIA, "TWN")
STAGES = ("parts and components", "other inputs", "final goods")


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Two matrices, and manufactures by who uses them."""
    progress(0, 1, "accounts")
    table = data.load_icio()
    trade, content = trade_by_origin(table), exports_by_content(table)
    group = group_trade(table, MEMBERS)
    inside = trade.sel(origin=list(MEMBERS), destination=list(MEMBERS))
    size = inside.gross.sum("destination") + inside.gross.rename(
        origin="destination", destination="origin"
    ).sum("destination")
    kept = [str(p) for p in size.sortby(size, ascending=False)["origin"].values]
    kept = kept[: config["largest"]]
    at = [table.places.index(p) for p in MEMBERS]
    k = table.sectors.index("manufacturing")
    sold = table.intermediate[np.ix_(at, [k], at)][:, 0].copy()
    last = table.final[np.ix_(at, [k], at)][:, 0].sum(axis=2)
    for i in range(len(at)):
        sold[i, i], last[i, i] = 0.0, 0.0
    parts = sold[:, :, k].sum(axis=1)
    stages = np.stack([parts, sold.sum(axis=(1, 2)) - parts, last.sum(axis=1)], axis=1)
    order = [MEMBERS.index(p) for p in kept]
    pair = ("origin", "destination")
    picked = inside.sel(origin=kept, destination=kept)
    return xr.Dataset(
        {
            "gross": (pair, picked.gross.values / 1e3, {"units": "billion USD"}),
            "value_added": (pair, picked.value_added.values / 1e3, {"units": "billion USD"}),
            "stages": (("origin", "stage"), stages[order] / 1e3, {"units": "billion USD"}),
            "vax": ("origin", content.VAX_share.sel(place=kept).values, {"units": "1"}),
        },
        coords={"origin": kept, "destination": kept, "stage": list(STAGES)},
        attrs={
            "status": "converged",
            "ratio": float(group.value_added_over_gross),
            "intra": float(group.intra_share),
            "parts": float(group.parts_share),
            "year": int(table.year or 0),
        },
    )


def describe(record: xr.Dataset) -> dict[str, str]:
    """How much of gross trade is value added, and of what stage."""
    ratio = (record["value_added"] / record["gross"]).where(record["gross"] > 0)
    low = ratio.isel(ratio.fillna(9.0).argmin(...))
    pair = f"from {NAMES[str(low['origin'].values)]} to {NAMES[str(low['destination'].values)]}"
    return {
        "title": (
            f"Trade among East Asian economies is {100 * record.attrs['ratio']:.0f} % value added, "
            f"and {100 * record.attrs['parts']:.0f} % of its manufactures go into manufacturing"
        ),
        "caption": (
            "Left: gross sales of one economy (rows) to another (columns); right: value added of "
            "the row in final spending of the column; both in billion USD, log colours of one "
            f"scale. The {record.sizes['origin']} largest of {len(MEMBERS)} economies of East Asia "
            "(ASEAN, China, Hong Kong, Japan, Korea, Taiwan). "
            f"The ratio is lowest {pair} ({float(low):.2f}): goods pass through; above one "
            "where value arrives in goods of others. Below: exports of manufactures to the other "
            "economies of East Asia by use: by manufacturing (a proxy of parts and components, as "
            "the table has no classes of use by product), by other industries, for final use. "
            f"Trade inside is {100 * record.attrs['intra']:.1f} % of all exports and imports, "
            f"services included. OECD inter-country input-output table, {record.attrs['year']}, 21 "
            "regions, 11 sectors; value added includes net taxes (Johnson and Noguera 2012). "
            "Assumed: one technology per sector, exporter or not."
        ),
        "checks": "value added adds up to final spending to 1e-10 (tests)",
    }


def draw(record: xr.Dataset) -> Figure:
    """Two matrices above, bars by stage below."""
    figure, axes = style.sheet(
        [["gross", "value"], ["stages", "stages"]], height=6.3, height_ratios=[1.5, 1.0]
    )
    names = [NAMES[str(p)] for p in record["origin"].values]
    home = np.eye(len(names), dtype=bool)
    matrices = {"gross": record["gross"].values, "value": record["value_added"].values}
    shown = {k: np.log10(np.maximum(np.where(home, np.nan, v), 0.01)) for k, v in matrices.items()}
    top = max(np.nanmax(v) for v in shown.values())
    titles = {"gross": "gross trade", "value": "value added"}
    for key, matrix in shown.items():
        image = heat.heat_map(
            axes[key],
            matrix,
            names,
            names,
            label="",
            row_label="from" if key == "gross" else "",
            column_label="to",
            scale=Scale(limits=(-1.0, top), bar=False),
        )
        axes[key].set_title(titles[key])
        if key == "value":
            axes[key].set_yticks([])
    bar = figure.colorbar(image, ax=[axes["gross"], axes["value"]], aspect=28, pad=0.015)
    bar.set_label("billion USD")
    bar.set_ticks([-1, 0, 1, 2], labels=["0.1", "1", "10", "100"])
    below, left = np.zeros(len(names)), axes["stages"]
    for colour, stage in zip(style.COLOURS, record["stage"].values, strict=False):
        value = record["stages"].sel(stage=stage).values
        left.bar(names, value, bottom=below, color=colour, width=0.7, label=str(stage))
        below = below + value
    left.set_ylabel("exports of manufactures inside\nEast Asia, billion USD")
    left.tick_params(axis="x", rotation=90)
    left.legend(loc="upper right")
    return figure
