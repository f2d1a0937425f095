"""The 21 regions: what is set by hand. Coordinates of cities are looked up, never typed."""

from __future__ import annotations

from typing import NamedTuple


class Port(NamedTuple):
    """A seaport: name, longitude and latitude in degrees."""

    name: str
    lon: float
    lat: float


class Region(NamedTuple):
    """A region: its main city (GeoNames name and country code), its ports, its area in km2."""

    name: str
    city: str
    country: str
    ports: tuple[Port, ...]
    area: float | None = None  # None: from the facts file


LAEM_CHABANG = Port("Laem Chabang", 100.88, 13.08)

#: Land of the earth without Antarctica, km2.
INHABITED_LAND = 134_740_000.0

REGIONS = {
    "AUS": Region("Australia", "Sydney", "AU", (Port("Port Botany", 151.22, -33.97),)),
    "BRN": Region("Brunei Darussalam", "Bandar Seri Begawan", "BN", (Port("Muara", 115.07, 5.02),)),
    "CHN": Region("China", "Shanghai", "CN", (Port("Shanghai", 121.90, 31.20),)),
    "HKG": Region("Hong Kong SAR, China", "Hong Kong", "HK", (Port("Hong Kong", 114.13, 22.33),)),
    "IDN": Region("Indonesia", "Jakarta", "ID", (Port("Tanjung Priok", 106.88, -6.10),)),
    "IND": Region("India", "Mumbai", "IN", (Port("Nhava Sheva", 72.95, 18.95),)),
    "JPN": Region("Japan", "Tokyo", "JP", (Port("Tokyo", 139.78, 35.61),)),
    "KHM": Region("Cambodia", "Phnom Penh", "KH", (Port("Sihanoukville", 103.51, 10.64),)),
    "KOR": Region("Republic of Korea", "Seoul", "KR", (Port("Busan", 129.06, 35.10),)),
    "LAO": Region("Lao PDR", "Vientiane", "LA", (LAEM_CHABANG,)),
    "MMR": Region("Myanmar", "Yangon", "MM", (Port("Yangon", 96.25, 16.75),)),
    "MYS": Region("Malaysia", "Kuala Lumpur", "MY", (Port("Port Klang", 101.36, 3.00),)),
    "NZL": Region("New Zealand", "Auckland", "NZ", (Port("Auckland", 174.78, -36.84),)),
    "PHL": Region("Philippines", "Manila", "PH", (Port("Manila", 120.95, 14.60),)),
    "SGP": Region("Singapore", "Singapore", "SG", (Port("Singapore", 103.84, 1.26),)),
    "THA": Region("Thailand", "Bangkok", "TH", (LAEM_CHABANG,)),
    "TWN": Region("Taiwan", "Taipei", "TW", (Port("Kaohsiung", 120.28, 22.61),)),
    "VNM": Region("Viet Nam", "Ho Chi Minh City", "VN", (Port("Cat Lai", 106.79, 10.76),)),
    "USA": Region(
        "United States",
        "Chicago",
        "US",
        (Port("Los Angeles", -118.26, 33.74), Port("New York", -74.04, 40.67)),
        9_833_517.0,
    ),
    "EU27": Region(
        "European Union (27)",
        "Frankfurt am Main",
        "DE",
        (Port("Rotterdam", 4.05, 51.95),),
        4_236_351.0,
    ),
    "ROW": Region("Rest of the world", "Dubai", "AE", (Port("Jebel Ali", 55.06, 25.01),)),
}

#: Regions whose ports lie abroad: the way to the port is added to the sea distance.
LANDLOCKED = ("LAO",)

#: Regions whose main cities lie on one land mass with open roads between them. The Republic of
#: Korea is left out (its land border is closed), Borneo and the islands as well, and the rest of
#: the world, which is no single place.
LAND_MASS = ("CHN", "HKG", "IND", "KHM", "LAO", "MMR", "MYS", "SGP", "THA", "VNM", "EU27")

#: Length of a road over that of the great circle; Ballou, Rahardja and Sakai (2002,
#: Transportation Research A 36) find 1.2 to 1.4 for most large countries.
DETOUR = 1.3

EU27 = (
    *("AUT", "BEL", "BGR", "CYP", "CZE", "DEU", "DNK", "ESP", "EST", "FIN", "FRA", "GRC", "HRV"),
    *("HUN", "IRL", "ITA", "LTU", "LUX", "LVA", "MLT", "NLD", "POL", "PRT", "ROU", "SVK", "SVN"),
    "SWE",
)

#: The 77 economies of the OECD tables, 2023 edition, in the order of the packaged file.
OECD_77 = (
    *("ARG", "AUS", "AUT", "BEL", "BGD", "BGR", "BLR", "BRA", "BRN", "CAN", "CHE", "CHL", "CHN"),
    *("CIV", "CMR", "COL", "CRI", "CYP", "CZE", "DEU", "DNK", "EGY", "ESP", "EST", "FIN", "FRA"),
    *("GBR", "GRC", "HKG", "HRV", "HUN", "IDN", "IND", "IRL", "ISL", "ISR", "ITA", "JOR", "JPN"),
    *("KAZ", "KHM", "KOR", "LAO", "LTU", "LUX", "LVA", "MAR", "MEX", "MLT", "MMR", "MYS", "NGA"),
    *("NLD", "NOR", "NZL", "PAK", "PER", "PHL", "POL", "PRT", "ROU", "RUS", "SAU", "SEN", "SGP"),
    *("SVK", "SVN", "SWE", "THA", "TUN", "TUR", "TWN", "UKR", "USA", "VNM", "ZAF", "ROW"),
)

SECTORS = (
    *("food_primary", "manufacturing", "utilities", "construction", "trade", "transport"),
    *("hospitality_ict", "finance_property", "business_government", "education_health"),
    "other_services",
)
USES = ("final_consumption", "final_investment", "final_abroad")

MAIN_PORTS = {
    "AUS": ("Sydney", "Melbourne", "Brisbane", "Perth", "Adelaide", "Darwin"),
    "BRN": ("Bandar Seri Begawan",),
    "CHN": (
        *("Shanghai", "Ningbo", "Shenzhen", "Guangzhou", "Qingdao", "Tianjin", "Xiamen", "Dalian"),
        *("Fuzhou", "Qinzhou", "Haikou"),
    ),
    "HKG": ("Hong Kong",),
    "IDN": ("Jakarta", "Surabaya", "Medan", "Makassar", "Semarang", "Balikpapan", "Pontianak"),
    "IND": ("Mumbai", "Chennai", "Kolkata", "Kochi", "Visakhapatnam"),
    "JPN": ("Tokyo", "Nagoya", "Osaka", "Fukuoka", "Sapporo"),
    "KHM": ("Sihanoukville",),
    "KOR": ("Busan", "Incheon"),
    "MMR": ("Yangon",),
    "MYS": ("Klang", "Johor Bahru", "George Town", "Kuching", "Kota Kinabalu"),
    "NZL": ("Auckland", "Christchurch"),
    "PHL": ("Manila", "Cebu City", "Davao"),
    "SGP": ("Singapore",),
    "THA": ("Si Racha", "Hat Yai"),
    "TWN": ("Kaohsiung", "Keelung"),
    "VNM": ("Ho Chi Minh City", "Haiphong", "Da Nang"),
}
"""Ports that ships from abroad call at, by the city at which they lie: from general knowledge."""
