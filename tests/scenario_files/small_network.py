"""Three economies of a file's own on roads and a railway, each at one place of the network."""

TEXT = """schema = 1
name = "small"
[world]
places = ["AA", "BB", "CC"]
sectors = ["goods"]
employment = 1.0
[network]
routing = "least"
mode = [
  { name = "road", usd_per_km = 1.0, kmh = 40.0 },
  { name = "rail", usd_per_km = 0.5, kmh = 20.0 },
]
place = [
  { name = "a", economy = "AA" }, { name = "b", economy = "BB" }, { name = "c", economy = "CC" },
]
link = [
  { from = "a", to = "b", km = 300.0 },
  { from = "b", to = "c", km = 400.0 },
  { from = "a", to = "c", mode = "rail", km = 900.0 },
]
[[network.border]]
between = ["AA", "BB"]
usd = 100.0
hours = 10.0
[[network.border]]
between = ["AA", "CC"]
usd = 100.0
hours = 10.0
"""

# Places of the economy under the names of the network's: trade starts and ends there.
SAME = TEXT.replace('["AA", "BB", "CC"]', '["a", "b", "c"]')


def with_links(text: str, *more: str) -> str:
    """The text with links added to its network."""
    return text.replace("link = [\n", "link = [\n" + "".join(f"  {{ {one} }},\n" for one in more))
