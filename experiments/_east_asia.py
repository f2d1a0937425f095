"""What maps of East Asia and the Pacific share: extent, short names, where labels stand."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from neg import data
from neg.figures import maps

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
        "colours": "YlGnBu" if options.get("centre") is None else None,
    }
    return maps.choropleth(axes, data.borders(), values, label=label, **(settings | options))
