"""Eight cities between Bangkok, Hanoi and Singapore, by road, rail, sea and air."""

from __future__ import annotations

from typing import Any

import numpy as np

from neg.network import Border, Link, Mode, Network, Place, Transfer, network

NAMES = {
    "BKK": "Bangkok",
    "LCB": "Laem Chabang",
    "VTE": "Vientiane",
    "SVK": "Savannakhet",
    "DAD": "Da Nang",
    "HAN": "Hanoi",
    "HPH": "Haiphong",
    "SIN": "Singapore",
}
PEOPLE = {
    "BKK": 10.5,
    "LCB": 1.0,
    "VTE": 0.9,
    "SVK": 0.5,
    "DAD": 1.2,
    "HAN": 8.0,
    "HPH": 2.0,
    "SIN": 5.7,
}
"""Millions, around 2020, rounded by hand: indicative."""
PRODUCTIVITY = {
    "BKK": 1.6,
    "LCB": 1.6,
    "VTE": 0.7,
    "SVK": 0.6,
    "DAD": 0.9,
    "HAN": 1.0,
    "HPH": 1.0,
    "SIN": 4.0,
}

_PLACES = [
    Place("BKK", "THA", 100.5, 13.75),
    Place("LCB", "THA", 100.9, 13.1),
    Place("VTE", "LAO", 102.6, 17.97),
    Place("SVK", "LAO", 104.75, 16.55),
    Place("DAD", "VNM", 108.2, 16.05),
    Place("HAN", "VNM", 105.85, 21.03),
    Place("HPH", "VNM", 106.7, 20.85),
    Place("SIN", "SGP", 103.8, 1.35),
]
_MODES = [
    Mode("road", 1.0, 40.0),
    Mode("rail", 0.5, 20.0, 50.0, 2.0),
    Mode("sea", 0.15, 25.0, 100.0, 24.0),
    Mode("air", 4.0, 700.0, 1500.0, 4.0),
]
_LINKS = [
    ("BKK", "LCB", "road", 130),
    ("BKK", "VTE", "road", 650),
    ("BKK", "SVK", "road", 680),
    ("SVK", "DAD", "road", 480),
    ("VTE", "HAN", "road", 790),
    ("DAD", "HAN", "road", 770),
    ("HAN", "HPH", "road", 120),
    ("BKK", "SIN", "road", 1850),
    ("BKK", "VTE", "rail", 640),
    ("BKK", "LCB", "rail", 140),
    ("DAD", "HAN", "rail", 790),
    ("HAN", "HPH", "rail", 102),
    ("LCB", "HPH", "sea", 2900),
    ("LCB", "SIN", "sea", 1450),
    ("SIN", "HPH", "sea", 2500),
    ("SIN", "DAD", "sea", 2000),
    ("DAD", "HPH", "sea", 560),
    ("BKK", "HAN", "air", 990),
    ("BKK", "SIN", "air", 1430),
    ("SIN", "HAN", "air", 2200),
    ("BKK", "DAD", "air", 850),
]
_CHANGES = {
    ("rail", "road"): (60.0, 4.0, ("BKK", "VTE", "HAN", "DAD", "LCB", "HPH")),
    ("road", "sea"): (180.0, 24.0, ("LCB", "HPH", "DAD", "SIN")),
    ("rail", "sea"): (120.0, 20.0, ("LCB", "HPH")),
    ("air", "road"): (100.0, 6.0, ("BKK", "HAN", "DAD", "SIN")),
}
_BORDERS = [
    Border("", "", "", 150.0, 12.0),
    Border("LAO", "THA", "", 300.0, 10.0),
    Border("LAO", "VNM", "", 250.0, 14.0),
    Border("SGP", "THA", "road", 400.0, 20.0),
    Border("THA", "VNM", "sea", 200.0, 60.0),
    Border("SGP", "VNM", "sea", 150.0, 40.0),
    Border("SGP", "THA", "sea", 120.0, 36.0),
]
ASSUMED = (
    "Costs of links, transfers and borders are round numbers that were assumed (road 1 USD and "
    "1/40 hour a km, rail 0.5 and 1/20, sea 0.15 and 1/25, air 4 and 1/700, for one 20-foot "
    "container, plus fixed costs), as are populations (millions, about 2020) and productivity"
)


def build(*, unloading: tuple[float, float] = (150.0, 24.0), land_hours: float = 1.0) -> Network:
    """The network; ``unloading`` is USD and hours of a change of trucks at Savannakhet.

    ``land_hours`` is a factor on hours at borders with Lao PDR.
    """
    changes = [
        Transfer(place, *modes, usd, hours)
        for modes, (usd, hours, places) in _CHANGES.items()
        for place in places
    ]
    changes.append(Transfer("SVK", "road", "road", *unloading))
    borders = [
        Border(b.first, b.second, b.mode, b.usd, b.hours * (land_hours if b.first == "LAO" else 1))
        for b in _BORDERS
    ]
    links = [Link(*row) for row in _LINKS]
    return network(_PLACES, links, modes=_MODES, transfers=changes, borders=borders)


def by_place(numbers: dict[str, float]) -> np.ndarray:
    """Numbers in the order of the places."""
    return np.array([numbers[place.name] for place in _PLACES])


def positions() -> dict[str, Any]:
    """Longitude and latitude of every place."""
    return {place.name: (place.longitude, place.latitude) for place in _PLACES}
