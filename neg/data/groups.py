"""Named groups of economies, as tuples of ISO 3166 alpha-3 codes."""

from __future__ import annotations

#: The ten members of ASEAN (1999 to 2025).
ASEAN = ("BRN", "IDN", "KHM", "LAO", "MMR", "MYS", "PHL", "SGP", "THA", "VNM")
#: Cambodia, Lao PDR, Myanmar and Viet Nam, the members who joined ASEAN in the 1990s.
CLMV = ("KHM", "LAO", "MMR", "VNM")
#: East Asia as Lim and Kimura count it for trade shares: ASEAN 10, China, Japan, Hong Kong, Korea.
EAST_ASIA = (*ASEAN, "CHN", "JPN", "HKG", "KOR")
#: The 15 signatories of the Regional Comprehensive Economic Partnership (2020).
RCEP = (*ASEAN, "AUS", "CHN", "JPN", "KOR", "NZL")
#: The 16 countries among which 120 bilateral agreements are possible: RCEP and India.
ASEAN_PLUS_SIX = (*RCEP, "IND")
#: The 18 economies of the embedded table: all but the USA, the EU and the rest of the world.
EAST_ASIA_PACIFIC = (
    *("AUS", "BRN", "CHN", "HKG", "IDN", "IND", "JPN", "KHM", "KOR"),
    *("LAO", "MMR", "MYS", "NZL", "PHL", "SGP", "THA", "TWN", "VNM"),
)
#: The 21 regions of the embedded table, in its order.
REGIONS = (*EAST_ASIA_PACIFIC, "USA", "EU27", "ROW")
#: Groups by the names that stand for their members in files: all but the whole table.
BY_NAME = {
    "ASEAN": ASEAN,
    "CLMV": CLMV,
    "EAST_ASIA": EAST_ASIA,
    "RCEP": RCEP,
    "ASEAN_PLUS_SIX": ASEAN_PLUS_SIX,
    "EAST_ASIA_PACIFIC": EAST_ASIA_PACIFIC,
}
