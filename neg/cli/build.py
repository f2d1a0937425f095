"""From the words of the command line to a model."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from neg.cli.matrix import read_distances
from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Model, SpatialModel
from neg.models import get_model
from neg.parts import switched_on
from neg.places.layouts import Geography, equidistant, layout

_GEOGRAPHY = ("regions", "geography", "places", "distances")
_DEFAULT_PLACES = {"square": 16, "hexagonal": 36, "racetrack": 8, "line": 5, "star": 5}


def build_model(name: str, assignments: Iterable[str], varied: str = "") -> Model:
    """The model of this plain name with parameters, options, geography and blocks set.

    ``land.h=0.2`` switches the block ``land`` on, with its parameter ``h``; so does a parameter
    ``varied`` of that name, which needs no value. Raises a named error
    for unknown names and for values that are not allowed.
    """
    kind = get_model(name)
    values = _pairs(assignments)
    blocks: dict[str, Any] = {
        key: number(key, values.pop(key)) for key in list(values) if "." in key
    }
    if "." in varied:
        blocks[varied.partition(".")[0]] = None  # a label alone: with its defaults
    allowed = [*kind.parameters(), *kind.options(), *kind.aliases]
    if issubclass(kind, SpatialModel):
        allowed += _GEOGRAPHY
    for key in values:
        if key not in allowed:
            raise unknown_name(f"parameter of {name}", key, allowed)
    fields: dict[str, Any] = {}
    geography = _geography(values)
    if geography is not None:
        fields["geography"] = geography
    fields |= {key: values[key] for key in kind.options() if key in values}
    for key in (*kind.parameters(), *kind.aliases):
        if key in values:
            fields[key] = number(key, values[key])
    return switched_on(kind(**fields), blocks)


def stated(model: Model, name: str) -> str:
    """The parameter that a name states: that of an alias, or the name itself."""
    alias = model.aliases.get(name)
    return name if alias is None or alias.of is None else alias.of


def check_free(model: Model, varied: str, assignments: Iterable[str]) -> list[str]:
    """Refuse a value for what varies; say what stays where another alias was given."""
    notes = []
    for key, text in _pairs(assignments).items():
        if stated(model, key) == stated(model, varied):
            raise InvalidParameterError(
                f"{key} = {text} is not allowed: {stated(model, varied)} is what varies"
                + (f" (as {varied})" if varied != stated(model, varied) else "")
                + f"; leave {key} out, or vary another parameter"
            )
        if key in model.aliases:
            own = stated(model, key)
            notes.append(
                f"{key} = {text} sets {own} = {float(model.get(own)):.6g}, which stays as "
                f"{varied} varies"
            )
    return notes


def interval(text: str) -> tuple[str, float, float]:
    """Name, low and high of ``NAME=LOW:HIGH``."""
    name, equals, ends = text.partition("=")
    low, colon, high = ends.partition(":")
    if not (name and equals and colon):
        raise InvalidParameterError(f"--over {text} is not allowed; must be NAME=LOW:HIGH")
    bounds = number(name, low), number(name, high)
    for bound, end in zip(bounds, (low, high), strict=True):
        if not math.isfinite(bound):
            raise InvalidParameterError(f"--over {name}: {end} is not allowed; must be finite")
    if not bounds[0] < bounds[1]:
        raise InvalidParameterError(f"--over {text} is not allowed; LOW must be below HIGH")
    return name, *bounds


def number(name: str, text: str) -> float:
    """A number of the command line; names the argument when it is none."""
    try:
        return float(text)
    except ValueError:
        raise InvalidParameterError(f"{name} = {text} is not allowed; must be a number") from None


def _pairs(assignments: Iterable[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise InvalidParameterError(f"{text!r} is not allowed; must be name=value")
        if name in values:
            raise InvalidParameterError(f"{name} is given twice; must be given once")
        values[name] = value
    return values


def _geography(values: dict[str, str]) -> Geography | None:
    given = {key: values[key] for key in _GEOGRAPHY if key in values}
    if not given:
        return None
    for alone, meaning in (("regions", "equidistant places"), ("distances", "those of a file")):
        if alone in given and len(given) > 1:
            others = " or ".join(key for key in given if key != alone)
            raise InvalidParameterError(
                f"{alone} is not allowed beside {others}: it means {meaning}"
            )
    if "distances" in given:
        return read_distances(given["distances"])
    if "regions" in given:
        return equidistant(_count("regions", given["regions"]))
    if "geography" not in given:
        raise InvalidParameterError("places is not allowed without geography; or give regions=N")
    kind = given["geography"]
    default = str(_DEFAULT_PLACES.get(kind, 2))
    return layout(kind, _count("places", given.get("places", default)))


def _count(name: str, text: str) -> int:
    value = number(name, text)
    if not math.isfinite(value) or value != int(value):
        raise InvalidParameterError(f"{name} = {text} is not allowed; must be an integer")
    return int(value)
