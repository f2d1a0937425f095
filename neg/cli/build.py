"""From the words of the command line to a model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Model, SpatialModel
from neg.models import get_model
from neg.parts import switched_on
from neg.places.layouts import Geography, equidistant, layout

_GEOGRAPHY = ("regions", "geography", "places")
_DEFAULT_PLACES = {"square": 16, "hexagonal": 36, "racetrack": 8, "line": 5, "star": 5}


def build_model(name: str, assignments: Iterable[str]) -> Model:
    """The model of this plain name with parameters, options, geography and blocks set.

    ``land.h=0.2`` switches the block ``land`` on, with its parameter ``h``. Raises a named error
    for unknown names and for values that are not allowed.
    """
    kind = get_model(name)
    values = _pairs(assignments)
    blocks = {key: number(key, values.pop(key)) for key in list(values) if "." in key}
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
    fields |= {key: number(key, values[key]) for key in kind.parameters() if key in values}
    model = kind(**fields)
    given = {key: number(key, values[key]) for key in kind.aliases if key in values}
    return switched_on(model.with_(**given) if given else model, blocks)


def interval(text: str) -> tuple[str, float, float]:
    """Name, low and high of ``NAME=LOW:HIGH``."""
    name, equals, ends = text.partition("=")
    low, colon, high = ends.partition(":")
    if not (name and equals and colon):
        raise InvalidParameterError(f"--over {text} is not allowed; must be NAME=LOW:HIGH")
    bounds = number(name, low), number(name, high)
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
    if "regions" in given:
        if len(given) > 1:
            raise InvalidParameterError(
                "regions is not allowed beside geography or places: it means equidistant places"
            )
        return equidistant(_count("regions", given["regions"]))
    if "geography" not in given:
        raise InvalidParameterError("places is not allowed without geography; or give regions=N")
    kind = given["geography"]
    default = str(_DEFAULT_PLACES.get(kind, 2))
    return layout(kind, _count("places", given.get("places", default)))


def _count(name: str, text: str) -> int:
    value = number(name, text)
    if value != int(value):
        raise InvalidParameterError(f"{name} = {text} is not allowed; must be an integer")
    return int(value)
