"""Which block goes where on the map of East Asia when its links get cheaper.

Manufacturing of the 2020 table is split into parts, assembly that buys them, and the rest. The
economy is calibrated to it; then what links between the 18 economies cost is taken away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments._east_asia import BLOCKS, NAMES, REST, panel, split_in_words, table_in_blocks
from experiments._words import listed, settings
from neg import data
from neg.analysis import Lever, calibrate
from neg.analysis.compare import solve
from neg.core.status import Status
from neg.figures import style
from neg.figures.scale import Scale

CONFIG: dict[str, Any] = {
    "theta": 4.0,
    "alpha": 0.5,  # scale elasticity of manufacturing
    "link": 0.05,  # cost of a link of the chain between two economies, of the value of parts
    "split": {"own_share": [1.0, 0.5], "parts": 0.4, "value_added": [0.8, 1.3]},
    "mobility": "sectors",
}
SMOKE: dict[str, Any] = {"mobility": "immobile"}


def economy(config: dict[str, Any]) -> Any:
    """The economy of the table with what links of the chain cost abroad."""
    table = table_in_blocks(config["split"])
    made = np.isin(table.sectors, (*BLOCKS, REST))
    abroad = ~np.eye(len(table.places), dtype=bool)[..., None]
    rate = config["link"] * abroad * np.isin(table.sectors, BLOCKS[:1])
    return calibrate(
        table,
        theta=config["theta"],
        alpha=np.where(made, config["alpha"], 0.0),
        layers={"link": (rate, "resource")},
        uses="common",
        chains=[BLOCKS],
        mobility=config["mobility"],
        deficit_rule="world-share",
    )


def run(config: dict[str, Any], progress: Any) -> xr.Dataset:
    """Revenue of blocks by place, at the table and with free links between the 18."""
    model = economy(config)
    lever = Lever("link.factor", "set", among=data.EAST_ASIA_PACIFIC, sectors=BLOCKS[:1])
    revenue, income = [], []
    statuses = []
    for k, (name, here) in enumerate({"table": model, "free links": lever.put(model, 0.0)}.items()):
        progress(k, 2, name)
        found = solve(here)
        out = found.outcomes
        revenue.append(np.asarray(out["output"]))
        income.append(np.asarray(out["welfare"]))
        statuses.append(Status(int(found.status)).name.lower())
    return xr.Dataset(
        {
            "revenue": (("case", "place", "sector"), revenue, {"units": "mn USD of 2020"}),
            "welfare": (("case", "place"), income, {"units": "baskets"}),
        },
        coords={
            "case": ["table", "free links"],
            "place": list(model.places),
            "sector": list(model.sectors),
        },
        attrs={"status": ", ".join(sorted(set(statuses)))},
    )


def _shares(record: xr.Dataset) -> xr.DataArray:
    """Share of each of the 18 in what the world's producers of a block earn, by case."""
    one = record["revenue"].sel(sector=list(BLOCKS))
    share = one / one.sum("place")
    return share.sel(place=list(data.EAST_ASIA_PACIFIC))


def _change(record: xr.Dataset) -> xr.DataArray:
    share = _shares(record)
    return 100.0 * (share.sel(case="free links") / share.sel(case="table") - 1.0)


def _leading(record: xr.Dataset, block: str, most: int = 3) -> str:
    """Where the share of the world rises most, in points."""
    share = 100.0 * _shares(record).sel(sector=block)
    gain = share.sel(case="free links") - share.sel(case="table")
    order = [str(p) for p in gain["place"].values[np.argsort(-gain.values)][:most]]
    return listed([f"{NAMES[p]} (+{float(gain.sel(place=p)):.2f})" for p in order])


def describe(record: xr.Dataset) -> dict[str, str]:
    """Where blocks go."""
    config = settings(record)
    gain = 100.0 * (
        record["welfare"].sel(case="free links") / record["welfare"].sel(case="table") - 1
    )
    gain = gain.sel(place=list(data.EAST_ASIA_PACIFIC))
    best = str(gain["place"].values[int(np.argmax(gain.values))])
    moves = config["mobility"] != "immobile"
    return {
        "title": (
            f"Free links shift parts of the world to {_leading(record, 'parts')}, assembly to "
            f"{_leading(record, 'assembly')}, in points of its share"
        ),
        "caption": (
            "Top: share of each economy in what producers of a block earn by their own inputs, in "
            "the world, 2020. Bottom: change of that share when a link of the chain between two of "
            f"the 18 costs nothing instead of {100 * config['link']:g} % of the value of parts "
            "(coordination, communication and time: assumed), per cent of the share, "
            "colours up to 10. "
            f"Welfare rises most in {NAMES[best]} ({float(gain.max()):.2f} %). General economy "
            "calibrated to the OECD table of 2020 (18 economies and the rest of the world; food "
            "and primary, manufacturing, all other sectors). "
            f"{split_in_words(config['split'])}. θ = {config['theta']:g}, increasing returns in "
            f"manufacturing (α = {config['alpha']:g}); "
            + (
                "workers change sector within their economy; the stable equilibrium next to that "
                "of the table."
                if moves
                else "nobody moves."
            )
        ),
        "checks": "both equilibria to 1e-10; that of the table is the table",
    }


def draw(record: xr.Dataset) -> Figure:
    """Shares above, their changes below, a column for each block."""
    figure, axes = style.sheet(2, 2, height=5.6)
    share, change = 100.0 * _shares(record).sel(case="table"), _change(record)
    top = (0.1, float(share.max()))
    most = float(np.clip(abs(change).max(), 0.1, 10.0))
    for k, block in enumerate(BLOCKS):
        panel(
            axes[0, k],
            share.sel(sector=block),
            f"{block}: share of the world, 2020",
            "%",
            scale=Scale(logarithmic=True, limits=top, bar=k == 1),
        )
        panel(
            axes[1, k],
            change.sel(sector=block),
            f"{block}: change with free links",
            "change of share, %",
            scale=Scale(centre=0.0, limits=(-most, most), bar=k == 1),
        )
    return figure
