"""The cases of a sweep: which values of which keys, in which order, and the key of each case."""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import neg
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.scenario_files.reading import from_data
from neg.scenario_files.schema import Range, ScenarioFile

Point = dict[str, Any]
_SECTIONS = ("economy", "model", "tariff", "shipment", "network")
_WORDS = ("name", "description", "assumptions", "output", "sweep", "fit", "policy")
"""What a case's numbers do not depend on."""


def points_of(scenario: ScenarioFile) -> list[Point]:
    """The cases of a file, ``{path: value}``: of a grid the last path moves fastest.

    A file without a sweep has one case.
    """
    if "cases" in scenario.sweep:
        listed = scenario.sweep["cases"]
        assert isinstance(listed, list)
        return [dict(case) for case in listed if isinstance(case, dict)]
    axes = [_values(given) for given in scenario.sweep.values()]
    return [dict(zip(scenario.sweep, row, strict=True)) for row in itertools.product(*axes)]


def _values(given: Any) -> list[Any]:
    if not isinstance(given, Range):
        return list(given)
    last = given.steps - 1
    inner = [given.from_ + (given.to - given.from_) * k / last for k in range(last)]
    return [*(float(f"{value:.12g}") for value in inner), given.to]  # 0.1, not 0.09999999999999999


def at_point(scenario: ScenarioFile, point: Mapping[str, Any]) -> ScenarioFile:
    """The file with values put at paths such as ``edit.border.0.hours_factor``, and no sweep.

    Raises named errors for a path that the file does not have and a value that is not allowed.
    """
    data = copy.deepcopy(scenario.data())
    data.pop("sweep", None)
    for path, value in point.items():
        _put(data, path, value)
    said = ", ".join(f"{path} = {value!r}" for path, value in point.items())
    return from_data(data, f"{scenario.name} at {said}" if said else scenario.name)


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    keys = path.split(".")
    place: Any = data
    for number, key in enumerate(keys):
        last = number == len(keys) - 1
        if isinstance(place, list):
            if not key.isdigit() or int(key) >= len(place):
                raise UnknownNameError(
                    f"sweep path {path!r}: {key!r} is not there; must be a number below "
                    f"{len(place)}"
                )
            if last:
                place[int(key)] = value
            else:
                place = place[int(key)]
        elif isinstance(place, dict):
            if last:
                place[key] = value
            elif key in place:
                place = place[key]
            elif number == 0 and key in _SECTIONS:
                place = place.setdefault(key, {})
            else:
                raise UnknownNameError(
                    f"sweep path {path!r}: {key!r} is not there; must be among {sorted(place)}"
                )
        else:
            raise InvalidParameterError(f"sweep path {path!r} leads into a value; must name a key")


def fingerprint(scenario: ScenarioFile, folder: str | Path = ".") -> dict[str, Any]:
    """All that the numbers of every case depend on, besides its own values.

    Content of a data file, not its name; the version of the library; the variables asked for.
    """
    data = {key: value for key, value in scenario.data().items() if key not in _WORDS}
    path = Path(folder) / scenario.economy.data
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return {
        "data": data,
        "file": content,
        "version": neg.__version__,
        "variables": scenario.output.variables,
    }


def case_key(base: Mapping[str, Any], point: Mapping[str, Any]) -> str:
    """The key of a case: a hash of its resolved parameters.

    The same numbers give the same key, wherever the file says them.
    """
    data = copy.deepcopy(base["data"])
    for path, value in point.items():
        _put(data, path, value)
    text = json.dumps({**base, "data": data}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
