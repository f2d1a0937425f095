"""Numbers of a file that look as if they were in another unit than their key says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from neg.scenario_files.schema import ScenarioFile


class _Unit(NamedTuple):
    """What a number may be before it is asked about, and what it then may have been meant for."""

    low: float
    high: float
    words: str


_SHARE = _Unit(-1.0, 3.0, "rates are shares: 0.195 is 19.5 %")
_COST = _Unit(0.0, 1.0, "costs of compliance are shares of value: 0.03 is 3 %")
_FACTOR = _Unit(0.0, 20.0, "factors: 0.5 is half, 1 is no change")
_HOURS = _Unit(0.0, 2_000.0, "in hours: 2,000 are 83 days")
_USD = _Unit(0.0, 1e6, "in USD a shipment")
_UNITS = {
    "rate": _SHARE,
    "mfn_rate": _SHARE,
    "ntm_rate": _SHARE,
    "preferential_rate": _SHARE,
    "margin": _SHARE,
    "median": _COST,
    "highest": _COST,
    "time_cost_per_day": _Unit(0.0, 0.2, "a share of the value a day: 0.01 is one per cent"),
    "value_usd": _Unit(100.0, 1e8, "in USD a shipment"),
    "hours": _HOURS,
    "export_hours": _HOURS,
    "import_hours": _HOURS,
    "fixed_hours": _HOURS,
    "usd": _USD,
    "export_usd": _USD,
    "import_usd": _USD,
    "fixed_usd": _USD,
    "fee_usd": _USD,
    "usd_per_km": _Unit(0.0, 1_000.0, "in USD a shipment and km"),
    "kmh": _Unit(1.0, 1_500.0, "in km an hour"),
    "km": _Unit(0.0, 25_000.0, "in km: half the way around the earth are 20,000"),
    "longitude": _Unit(-180.0, 180.0, "in degrees, east of Greenwich positive"),
    "latitude": _Unit(-90.0, 90.0, "in degrees, north of the equator positive"),
}
"""Plausible values by key: bounds far outside what is observed, so that a scenario may be bold."""
_OF_EDITS = dict.fromkeys(
    ("factor", "hours_factor", "fee_factor", "time_factor", "money_factor"), _FACTOR
)
"""The same of keys that are factors in edits, and may be something else in other sections."""
_STEPS = "steps"
"""Of a range that is swept: no value of the key."""


def implausible(scenario: ScenarioFile) -> list[str]:
    """Numbers that can hardly be in the unit of their key, in sentences.

    They may be meant: none is refused for that.

    >>> from neg.scenario_files import parse_scenario
    >>> text = 'schema = 1\\nname = "x"\\n[tariff]\\nmfn_rate = 19.5\\n'
    >>> implausible(parse_scenario(text))[0].split(";")[0]
    'tariff.mfn_rate = 19.5 is hardly in the unit that is asked for'
    """
    found = []
    for path, value, unit in _numbers(
        scenario.model_dump(by_alias=True, exclude_unset=True), "", None
    ):
        if not unit.low <= value <= unit.high:
            found.append(
                f"{path} = {value:g} is hardly in the unit that is asked for; {unit.words}"
            )
    return found


def _numbers(node: Any, path: str, unit: _Unit | None) -> Iterator[tuple[str, float, _Unit]]:
    """Numbers of a tree with the unit that the nearest known key above them has.

    A swept key is a path, of which the last part is the key of its values.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            inner = f"{path}.{key}" if path else str(key)
            if key != _STEPS:
                yield from _numbers(value, inner, _unit_of(inner, unit))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _numbers(value, f"{path}.{number}", unit)
    elif unit is not None and isinstance(node, int | float) and not isinstance(node, bool):
        yield path, float(node), unit


def _unit_of(path: str, unit: _Unit | None) -> _Unit | None:
    """The unit of the key at the end of a path, else that of the keys above it."""
    key = path.rpartition(".")[2]
    factors = _OF_EDITS if "edit" in path.split(".")[:4] else {}  # sweep.cases.0.edit at most
    return factors.get(key) or _UNITS.get(key, unit)
