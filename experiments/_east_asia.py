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
    "BRN": (108.5, 8.5),
    "HKG": (117.5, 18.0),
    "JPN": (145.5, 34.0),
    "KHM": (91.5, 5.5),
    "KOR": (130.5, 31.0),
    "LAO": (88.5, 14.0),
    "MMR": (86.5, 17.8),
    "MYS": (121.0, 8.0),
    "NZL": (164.0, -40.5),
    "PHL": (129.0, 15.0),
    "SGP": (94.5, -3.5),
    "THA": (90.0, 9.8),
    "TWN": (128.0, 23.0),
    "VNM": (114.0, 13.0),
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
