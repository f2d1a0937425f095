"""Numbers of the network of cities: what has a source, and what is assumed and said to be.

Money is USD for a 20-foot container, time hours. Everything here is replaced by giving other modes,
transfers, borders or crossings to :func:`neg.east_asia.network.city_network`, or moved by Levers.
"""

from __future__ import annotations

from typing import NamedTuple

from neg.network import Mode

DETOUR = 1.3
"""Road over great circle. Measured ratios of most large countries are 1.2 to 1.4 (Ballou, Rahardja
and Sakai 2002, Transportation Research A 36(9)); one number for all is assumed."""
REACH_KM = 400.0
"""Longest road between two places of one economy (great circle): assumed."""
THROUGH = 1.05
"""A road is left out where the way through a third place is at most so much longer: assumed."""
ON_LAND = 0.8
"""Least share of a road's straight line within the outline of its economy: assumed."""

MODES = (
    Mode("road", 1.0, 38.5),
    Mode("sea", 0.24, 14.7, 190.0, 12.0),
    Mode("air", 45.2, 800.0, 690.0, 9.0),
)
"""USD a km, km an hour, fixed USD and hours: assumed, of the size that models of East Asia use."""

PORT = (150.0, 36.0)
AIRPORT = (100.0, 6.0)
"""USD and hours of a change between road and ship, road and plane: assumed."""
UNLOADING = (150.0, 10.0)
"""USD and hours of a change of trucks at Savannakhet, from before the transit agreement of 2009
(which removed it: Asian Development Bank, release of 11 June 2009); the numbers are assumed."""

AIRPORTS = 3
"""Largest places of every economy that have one: assumed."""


class Clearance(NamedTuple):
    """Border compliance of one economy: hours and USD of exports and of imports."""

    export_hours: float
    import_hours: float
    export_usd: float
    import_usd: float


ELSEWHERE = Clearance(60.0, 60.0, 250.0, 80.0)
"""Where the source could not be read: assumed (it says only that these are below 84 hours)."""
RICH = Clearance(12.0, 24.0, 250.0, 60.0)
"""The same for the economies of high income: assumed."""

READ: dict[str, dict[str, float]] = {
    "AUS": {"export_usd": 766.0},
    "BRN": {"export_hours": 117.0, "export_usd": 340.0, "import_usd": 50.0},
    "CHN": {"export_usd": 256.20, "import_usd": 77.25},
    "HKG": {"export_usd": 0.0, "import_usd": 56.8},
    "IDN": {"import_hours": 99.36, "export_usd": 211.07, "import_usd": 164.4},
    "IND": {"export_usd": 211.92, "import_usd": 100.0},
    "JPN": {"export_usd": 272.44, "import_usd": 107.0},
    "KHM": {"export_usd": 375.0, "import_usd": 120.0},
    "KOR": {"export_usd": 184.72, "import_usd": 26.75},
    "LAO": {"export_usd": 140.0, "import_usd": 115.0},
    "MMR": {
        "export_hours": 141.67,
        "import_hours": 230.0,
        "export_usd": 431.67,
        "import_usd": 210.0,
    },
    "MYS": {"export_usd": 212.50, "import_usd": 60.0},
    "PHL": {"import_hours": 120.0, "export_usd": 456.0, "import_usd": 67.5},
    "SGP": {
        "export_hours": 10.0,
        "import_hours": 33.0,
        "export_usd": 335.0,
        "import_usd": 40.0,
    },
    "THA": {"export_usd": 222.56, "import_usd": 43.45},
    "VNM": {"export_usd": 290.0, "import_usd": 182.5},
}
"""Doing Business 2020 (World Bank, data of 2019): hours and fees of border compliance of exports,
hours of imports, fees of documents of imports; mostly at seaports. The programme ended in 2021 over
irregularities in its data. What is not here could not be read and is assumed."""
INCOME_HIGH = ("AUS", "NZL", "JPN", "KOR", "TWN", "HKG", "SGP", "USA", "EU27")
CLOSER = {"MYS": {"export_hours": 40.0, "import_hours": 40.0}}
"""The source puts Malaysia inside 48 hours without a number: assumed."""

AIR_HOURS = 12.0
"""Clearance at airports, whatever the pair: assumed. Fees are those at ports."""


def clearance(economy: str) -> Clearance:
    """Clearance of an economy at its ports: what was read, else what is assumed."""
    base = RICH if economy in INCOME_HIGH else ELSEWHERE
    return base._replace(**{**CLOSER.get(economy, {}), **READ.get(economy, {})})


def at_ports(first: str, second: str) -> tuple[float, float]:
    """USD and hours between two economies, the mean of both directions: links have but one."""
    a, b = clearance(first), clearance(second)
    usd = (a.export_usd + b.import_usd + b.export_usd + a.import_usd) / 2.0
    return usd, (a.export_hours + b.import_hours + b.export_hours + a.import_hours) / 2.0


class Crossing(NamedTuple):
    """A road across a border: the towns on either side (name, economy, degrees), USD, hours."""

    name: str
    here: tuple[str, str, float, float]
    there: tuple[str, str, float, float]
    usd: float = 250.0
    hours: float = 12.0


CROSSINGS = (
    Crossing(
        "Second Friendship Bridge",
        ("Mukdahan", "THA", 104.724, 16.545),
        ("Savannakhet", "LAO", 104.762, 16.570),
    ),
    Crossing("Lao Bao", ("Dansavanh", "LAO", 106.59, 16.62), ("Lao Bao", "VNM", 106.60, 16.62)),
    Crossing(
        "First Friendship Bridge",
        ("Nong Khai", "THA", 102.742, 17.878),
        ("Vientiane", "LAO", 102.600, 17.967),
    ),
    Crossing(
        "Poipet", ("Aranyaprathet", "THA", 102.501, 13.693), ("Poipet", "KHM", 102.56, 13.66), 300.0
    ),
    Crossing(
        "Moc Bai", ("Bavet", "KHM", 106.136, 11.063), ("Moc Bai", "VNM", 106.18, 11.07), 300.0
    ),
    Crossing(
        "Mae Sot",
        ("Mae Sot", "THA", 98.567, 16.717),
        ("Myawaddy", "MMR", 98.509, 16.689),
        400.0,
        24.0,
    ),
    Crossing("Sadao", ("Sadao", "THA", 100.423, 6.639), ("Bukit Kayu Hitam", "MYS", 100.42, 6.52)),
    Crossing(
        "Woodlands",
        ("Singapore", "SGP", 103.850, 1.290),
        ("Johor Bahru", "MYS", 103.758, 1.466),
        150.0,
        6.0,
    ),
    Crossing(
        "Huu Nghi",
        ("Lang Son", "VNM", 106.761, 21.853),
        ("Pingxiang, Guangxi", "CHN", 106.757, 22.097),
    ),
    Crossing("Lao Cai", ("Lao Cai", "VNM", 103.971, 22.486), ("Hekou", "CHN", 104.011, 22.539)),
    Crossing("Muse", ("Muse", "MMR", 97.90, 23.99), ("Ruili", "CHN", 97.85, 24.01), 400.0, 24.0),
    Crossing("Boten", ("Boten", "LAO", 101.68, 21.19), ("Mohan", "CHN", 101.68, 21.18)),
    Crossing(
        "Lok Ma Chau",
        ("Hong Kong", "HKG", 114.175, 22.278),
        ("Shenzhen", "CHN", 114.068, 22.546),
        150.0,
        6.0,
    ),
    Crossing(
        "Moreh", ("Moreh", "IND", 94.301, 24.251), ("Tamu", "MMR", 94.312, 24.217), 400.0, 24.0
    ),
    Crossing(
        "Sungai Tujuh",
        ("Bandar Seri Begawan", "BRN", 114.940, 4.890),
        ("Miri", "MYS", 113.992, 4.399),
    ),
    Crossing("Tebedu", ("Entikong", "IDN", 110.33, 0.97), ("Tebedu", "MYS", 110.36, 1.01)),
)
"""Roads between economies exist here only: a list from general knowledge; USD and hours of a
crossing, both sides together, are assumed. Towns that are no place of the economy are passed
through: nobody lives there."""

BRIDGES = (
    ("JPN", (130.94, 33.96), (130.87, 33.90)),
    ("JPN", (133.81, 34.46), (133.83, 34.35)),
    ("MYS", (100.40, 5.36), (100.31, 5.35)),
    ("CHN", (121.90, 29.90), (122.00, 30.00)),
    ("CHN", (121.60, 31.40), (121.50, 31.58)),
    ("KOR", (128.70, 35.02), (128.69, 34.95)),
    ("SGP", (103.80, 1.35), (103.81, 1.36)),
)
"""Bridges and tunnels between pieces of land of one economy (degrees of their ends): Kanmon, Seto,
Penang, Zhoushan, Chongming, Geoje; from general knowledge."""

ASSUMPTIONS = (
    "roads: great circle times 1.3, between places of an economy within 400 km (and one for each "
    "piece of land that would else fall apart), left out where a third place lies on the way; "
    "across borders at 16 named crossings only, 150 to 400 USD and 6 to 24 hours each",
    "costs for a 20-foot container: road 1 USD a km at 38.5 km an hour, sea 0.24 at 14.7 with 190 "
    "USD and 12 hours, air 45.2 at 800 with 690 USD and 9 hours; 150 USD and 36 hours at a port, "
    "100 and 6 at an airport, 12 hours of clearance there",
    "clearance at ports that the source does not give: 60 hours in and out, 250 USD out and 80 in; "
    "high-income economies 12 and 24 hours, 60 USD in; Malaysia 40 hours",
    "output per person rises with the size of a place with the elasticity said; every place of an "
    "economy has its mix of sectors, costs and final uses, and its share in deficits by output",
)
"""What is assumed, in words, for captions and reports."""
SOURCES = (
    "cities and people: GeoNames, rescaled to the Penn World Table's totals of 2019 (indicative)",
    "output, value added and flows between economies: OECD inter-country input-output table 2020",
    "sea distances between ports: searoute",
    "hours and fees at ports, where read: World Bank, Doing Business 2020 (data of 2019)",
)
"""What has a source, in words."""
