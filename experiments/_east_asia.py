"""What maps of East Asia and the Pacific share: extent, short names, where labels stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from neg import data
from neg.data.aggregate import aggregate
from neg.figures import maps
from neg.figures.scale import Scale

BLOCKS = ("parts", "assembly")
REST = "other manufacturing"
"""What manufacturing of the table is split into where it is a chain."""

EXTENT = (65.0, 181.0, -48.5, 55.0)
"""From India to New Zealand: west, east, south, north."""

NAMES = {
    "AUS": "Australia",
    "BRN": "Brunei",
    "CHN": "China",
    "HKG": "Hong Kong",
    "IDN": "Indonesia",
    "IND": "India",
    "JPN": "Japan",
    "KHM": "Cambodia",
    "KOR": "Korea",
    "LAO": "Laos",
    "MMR": "Myanmar",
    "MYS": "Malaysia",
    "NZL": "New Zealand",
    "PHL": "Philippines",
    "SGP": "Singapore",
    "THA": "Thailand",
    "TWN": "Taiwan",
    "VNM": "Viet Nam",
    "USA": "United States",
    "EU27": "European Union",
    "ROW": "rest of the world",
}
"""Short names of the 21 regions."""

LABELS = {
    "BRN": (108.5, 8.8),
    "HKG": (118.5, 17.9),
    "JPN": (148.0, 33.5),
    "KHM": (89.5, 2.7),
    "KOR": (130.0, 29.5),
    "LAO": (86.5, 12.9),
    "MMR": (87.0, 18.0),
    "MYS": (90.5, -2.4),
    "NZL": (163.0, -38.5),
    "PHL": (131.0, 15.0),
    "SGP": (93.0, -7.5),
    "THA": (88.0, 7.8),
    "TWN": (129.0, 22.5),
    "VNM": (118.0, 13.3),
}
"""Longitude and latitude of the labels that do not fit on their economy."""


def panel(axes: Axes, values: Any, title: str, label: str, **options: Any) -> ScalarMappable:
    """A map of the 18 economies in the colours of their values."""
    axes.set_title(title)
    settings = {
        "extent": EXTENT,
        "background": {"land": data.land()},
        "names": LABELS,
    }
    scale = options.pop("scale", Scale())
    if scale.centre is None and scale.colours is None:
        scale = dataclasses.replace(scale, colours="YlGnBu")
    given = settings | options
    return maps.choropleth(axes, data.borders(), values, label=label, scale=scale, **given)


def table_in_blocks(split: Mapping[str, Any]) -> data.Table:
    """The 2020 table with one region outside, services merged, manufacturing in blocks."""
    full = data.load_icio()
    services = [s for s in full.sectors if s not in ("food_primary", "manufacturing")]
    rest = {"rest of the world": ["USA", "EU27", "ROW"]}
    merged = aggregate(full, rest, {"services": services})
    return data.split_chain(merged, "manufacturing", BLOCKS, rest=REST, **split)


def split_in_words(split: Mapping[str, Any]) -> str:
    """What the split of manufacturing assumes."""
    more = ", ".join(f"{value:g}" for value in split["value_added"])
    return (
        f"Manufacturing is a chain of parts and assembly, and the rest: {100 * split['parts']:g} % "
        f"of what it buys from itself are parts for assembly, which adds "
        f"{100 * split['own_share'][1]:g} % of the value of what it sells to others; value added "
        f"in own costs of parts and assembly is {more} of that in the rest. The table knows no "
        "blocks: this is assumed, and adds up to it exactly (chain draws, Antràs and de Gortari "
        "2020)"
    )
