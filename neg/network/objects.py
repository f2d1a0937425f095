"""What a transport network is made of: places, modes, links, transfers, borders."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from neg.core.errors import InvalidDataError, UnknownNameError


@dataclasses.dataclass(frozen=True)
class Place:
    """A node: its name, the economy it lies in, and where (degrees), for maps."""

    name: str
    economy: str = ""
    longitude: float = float("nan")
    latitude: float = float("nan")


@dataclasses.dataclass(frozen=True)
class Mode:
    """A mode and what its links cost unless they say otherwise, for one shipment."""

    name: str
    usd_per_km: float = 0.0
    kmh: float = float("inf")
    fixed_usd: float = 0.0
    fixed_hours: float = 0.0


@dataclasses.dataclass(frozen=True)
class Link:
    """A way of one mode between two places, in both directions unless ``two_way`` is false.

        money = fixed_usd + usd_per_km km;   hours = fixed_hours + km / kmh

    ``factor`` is an iceberg factor of its own, for links whose cost is known as a share of value.
    ``capacity`` is the traffic, as a share of world income, at which a congested link costs what
    is stated here. What is None is that of the mode.
    """

    origin: str
    destination: str
    mode: str = "road"
    km: float = 0.0
    usd_per_km: float | None = None
    kmh: float | None = None
    fixed_usd: float | None = None
    fixed_hours: float | None = None
    factor: float = 1.0
    capacity: float = 1.0
    two_way: bool = True
    name: str = ""

    @property
    def label(self) -> str:
        """Its name, or ``origin-destination:mode``."""
        return self.name or f"{self.origin}-{self.destination}:{self.mode}"


@dataclasses.dataclass(frozen=True)
class Transfer:
    """A change of mode at a place, both ways; or, with one mode twice, of vehicle.

    A change of vehicle is paid by whoever passes through the place in that mode.
    """

    place: str
    first: str
    second: str
    usd: float = 0.0
    hours: float = 0.0

    @property
    def label(self) -> str:
        """``place:first-second``, modes in the order of the alphabet."""
        return ":".join([self.place, "-".join(sorted((self.first, self.second)))])


@dataclasses.dataclass(frozen=True)
class Border:
    """What crossing from one economy to the other costs, by one mode or (empty) by any.

    With both economies empty it holds for every pair that has none of its own.
    """

    first: str = ""
    second: str = ""
    mode: str = ""
    usd: float = 0.0
    hours: float = 0.0

    @property
    def label(self) -> str:
        """``first-second``, in the order of the alphabet, and ``:mode`` if it holds for one."""
        pair = "-".join(sorted((self.first, self.second)))
        return f"{pair}:{self.mode}" if self.mode else pair


_ALSO = {
    Link: {"from": "origin", "to": "destination"},
    Transfer: {"mode_from": "first", "mode_to": "second"},
    Border: {"economy_from": "first", "economy_to": "second"},
}


def read(kind: Any, given: Any, what: str) -> tuple[Any, ...]:
    """Objects of a kind from a list of them, of mappings or of tuples, or from a DataFrame.

    Columns and keys are the names of the fields (``from`` and ``to`` stand for the ends of a
    link); empty cells of a table are left out. Raises
    :class:`neg.core.errors.UnknownNameError` for a key that does not exist, with the nearest one:
    keys carry their units, so that a wrong unit is an unknown key.
    """
    if given is None:
        return ()
    if hasattr(given, "to_dict") and hasattr(given, "columns"):
        records = given.to_dict(orient="records")
        given = [{k: v for k, v in row.items() if not _missing(v)} for row in records]
    elif isinstance(given, Mapping):
        given = [
            {"name": name, **(inner if isinstance(inner, Mapping) else {"economy": inner})}
            for name, inner in given.items()
        ]
    elif isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidDataError(f"{what} is {given!r}; must be a list, a mapping or a DataFrame")
    return tuple(_one(kind, item, f"{what}[{k}]") for k, item in enumerate(given))


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and bool(np.isnan(value)))


def _one(kind: Any, item: Any, where: str) -> Any:
    if isinstance(item, kind):
        return item
    names = [field.name for field in dataclasses.fields(kind)]
    if isinstance(item, str) and kind is Place:
        return Place(item)
    if isinstance(item, Mapping):
        also = _ALSO.get(kind, {})
        fields = {also.get(key, key): value for key, value in item.items()}
        for key in fields:
            if key not in names:
                near = difflib.get_close_matches(str(key), names, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise UnknownNameError(
                    f"{where} has the key {key!r}{hint} allowed: {', '.join(names)}"
                )
        missing = [
            field.name
            for field in dataclasses.fields(kind)
            if field.default is dataclasses.MISSING and field.name not in fields
        ]
        if missing:
            raise InvalidDataError(f"{where} says no {missing[0]}; must have {names}")
        return kind(**{str(key): value for key, value in fields.items()})
    if isinstance(item, Iterable) and not isinstance(item, str):
        values = tuple(item)
        if len(values) <= len(names):
            return kind(*values)
    raise InvalidDataError(f"{where} is {item!r}; must be a mapping or a row of {names}")
