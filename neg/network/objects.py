"""What a transport network is made of: places, modes, links, transfers, borders."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from typing import Any

import numpy as np

from neg.core.checks import check_kind
from neg.core.errors import InvalidDataError, UnknownNameError, did_you_mean


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
class LinkCost:
    """What a link costs where it differs from its mode: money (USD a shipment), speed, hours.

    What is None is that of the mode.
    """

    usd_per_km: float | None = None
    kmh: float | None = None
    fixed_usd: float | None = None
    fixed_hours: float | None = None


@dataclasses.dataclass(frozen=True)
class Link:
    """A way of one mode between two places, in both directions unless ``two_way`` is false.

        money = fixed_usd + usd_per_km km;   hours = fixed_hours + km / kmh

    ``factor`` is an iceberg factor of its own, for links whose cost is known as a share of value.
    ``capacity`` is the traffic, as a share of world income, at which a congested link costs what
    is stated here. ``cost`` is what differs from the mode; tables and mappings of links give its
    entries beside the others (``usd_per_km``, ``kmh``, ``fixed_usd``, ``fixed_hours``).

    >>> Link("A", "B", km=120.0, cost=LinkCost(kmh=80.0)).label
    'A-B:road'
    """

    origin: str
    destination: str
    mode: str = "road"
    km: float = 0.0
    cost: LinkCost = LinkCost()
    factor: float = 1.0
    capacity: float = 1.0
    two_way: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        check_kind(f"cost of link {self.label!r}", self.cost, LinkCost)

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


def link_usd(link: Link, mode: Mode) -> float:
    """Money of a link, where it does not say that of its mode."""
    own = link.cost
    rate = mode.usd_per_km if own.usd_per_km is None else own.usd_per_km
    return (mode.fixed_usd if own.fixed_usd is None else own.fixed_usd) + rate * link.km


def link_hours(link: Link, mode: Mode) -> float:
    """Hours of a link, where it does not say those of its mode."""
    own = link.cost
    speed = mode.kmh if own.kmh is None else own.kmh
    return (mode.fixed_hours if own.fixed_hours is None else own.fixed_hours) + link.km / speed


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


def numbers(one: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of an object's numbers, those of its cost among them where it gives any."""
    for field in dataclasses.fields(one):
        value = getattr(one, field.name)
        if isinstance(value, LinkCost):
            yield from numbers(value)
        elif field.type == "float" or (field.type == "float | None" and value is not None):
            yield field.name, value


def _check_kinds(kind: Any, values: Mapping[str, Any], where: str) -> None:
    """Raise a named error for text, None or a truth value where a number stands, and the reverse.

    >>> _check_kinds(Link, {"origin": "A", "destination": "B", "km": "80"}, "links[0]")
    Traceback (most recent call last):
    neg.core.errors.InvalidDataError: km of links[0] is '80'; must be a number
    """
    fields = dataclasses.fields(kind) + (dataclasses.fields(LinkCost) if kind is Link else ())
    for field in fields:
        if field.name not in values or field.type not in ("float", "float | None", "bool"):
            continue
        value = values[field.name]
        truth = isinstance(value, bool | np.bool_)
        if field.type == "bool" and not truth:
            raise InvalidDataError(f"{field.name} of {where} is {value!r}; must be true or false")
        left_out = field.type == "float | None" and value is None
        if field.type != "bool" and not left_out and (truth or not isinstance(value, Real)):
            raise InvalidDataError(f"{field.name} of {where} is {value!r}; must be a number")


def _columns(kind: Any) -> list[str]:
    """What rows and mappings of a kind give, in order: a link's cost by its entries."""
    found: list[str] = []
    for field in dataclasses.fields(kind):
        own = [inner.name for inner in dataclasses.fields(LinkCost)]
        found += own if kind is Link and field.name == "cost" else [field.name]
    return found


def _made(kind: Any, given: Mapping[str, Any], where: str) -> Any:
    _check_kinds(kind, given, where)
    if kind is not Link:
        return kind(**given)
    inner = {field.name for field in dataclasses.fields(LinkCost)}
    cost = LinkCost(**{name: value for name, value in given.items() if name in inner})
    return Link(cost=cost, **{n: v for n, v in given.items() if n not in inner})


def _one(kind: Any, item: Any, where: str) -> Any:
    if isinstance(item, kind):
        _check_kinds(kind, vars(item) | (vars(item.cost) if kind is Link else {}), where)
        return item
    names = _columns(kind)
    if isinstance(item, str) and kind is Place:
        return Place(item)
    if isinstance(item, Mapping):
        also = _ALSO.get(kind, {})
        fields = {also.get(key, key): value for key, value in item.items()}
        for key in fields:
            if key not in names:
                hint = did_you_mean(key, names)
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
        return _made(kind, {str(key): value for key, value in fields.items()}, where)
    if isinstance(item, Iterable) and not isinstance(item, str):
        values = tuple(item)
        if len(values) <= len(names):
            return _made(kind, dict(zip(names, values, strict=False)), where)
    raise InvalidDataError(f"{where} is {item!r}; must be a mapping or a row of {names}")
