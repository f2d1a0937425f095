"""A transport network, read from lists, mappings or tables and checked once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from neg.core.checks import check_labels
from neg.core.errors import (
    DisconnectedPlaceError,
    DuplicateLinkError,
    InvalidParameterError,
    unknown_name,
)
from neg.network.costs import Costs
from neg.network.graph import Graph, build
from neg.network.objects import Border, Link, Mode, Place, Transfer, numbers, read


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """Places, links by mode, transfers and borders; build it with :func:`network`."""

    places: tuple[Place, ...]
    modes: tuple[Mode, ...]
    links: tuple[Link, ...]
    transfers: tuple[Transfer, ...]
    borders: tuple[Border, ...]
    """One for each pair of economies, and mode where it says one, that some link crosses."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the places."""
        return tuple(place.name for place in self.places)

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of links, transfers and borders: the axes that levers select on."""
        return {
            "link": tuple(one.label for one in self.links),
            "transfer": tuple(one.label for one in self.transfers),
            "border": tuple(one.label for one in self.borders),
        }

    @cached_property
    def graph(self) -> Graph:
        """The graph of states: a place and a mode."""
        return build(self)

    @cached_property
    def costs(self) -> Costs:
        """Money (USD a shipment) and hours of links, transfers and borders."""
        modes = {mode.name: mode for mode in self.modes}
        links = [(one, modes[one.mode]) for one in self.links]
        return Costs(
            link_usd=np.array([_usd(one, mode) for one, mode in links]),
            link_hours=np.array([_hours(one, mode) for one, mode in links]),
            link_factor=np.array([one.factor for one in self.links], dtype=float),
            closed=np.zeros(len(self.links)),
            transfer_usd=np.array([one.usd for one in self.transfers], dtype=float),
            transfer_hours=np.array([one.hours for one in self.transfers], dtype=float),
            border_usd=np.array([one.usd for one in self.borders], dtype=float),
            border_hours=np.array([one.hours for one in self.borders], dtype=float),
        )

    @property
    def capacity(self) -> np.ndarray:
        """Capacity of every link, as a share of world income."""
        return np.array([one.capacity for one in self.links], dtype=float)

    @cached_property
    def arcs_by_label(self) -> tuple[np.ndarray, pd.MultiIndex]:
        """Order of arcs by label of their link or transfer and direction, and the index of that."""
        graph, names = self.graph, np.array(self.names)
        # Of no use where there are no transfers, but then no arc asks for one.
        links, transfers = (np.array([*self.labels[axis], ""]) for axis in ("link", "transfer"))
        label = np.where(graph.link >= 0, links[graph.link], transfers[graph.transfer])
        ends = names[graph.place[graph.tail]], names[graph.place[graph.head]]
        found = [np.unique(one, return_inverse=True) for one in (label, *ends)]
        codes = [own for _, own in found]
        order = np.lexsort(codes[::-1])
        index = pd.MultiIndex(
            [level for level, _ in found],
            [own[order] for own in codes],
            names=["label", "from", "to"],
        )
        return order, index

    def index(self, names: Sequence[str] | str | None) -> np.ndarray:
        """Where places stand among all; None for every one."""
        if names is None:
            return np.arange(len(self.places))
        names = [names] if isinstance(names, str) else list(names)
        for name in names:
            if name not in self._position:
                raise unknown_name("place", name, self.names)
        return np.array([self._position[name] for name in names], dtype=int)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.names)}

    def label_index(self, axis: str, label: str) -> int:
        """Where a link, transfer or border stands among all."""
        labels = self.labels[axis]
        if label not in labels:
            raise unknown_name(axis, label, labels)
        return labels.index(label)


def network(
    places: Any, links: Any, *, modes: Any = None, transfers: Any = None, borders: Any = None
) -> Network:
    """A network from lists, mappings or DataFrames of places, links, modes, transfers, borders.

    Fields, units and defaults are those of :class:`neg.network.Place`, ``Link``, ``Mode``,
    ``Transfer`` and ``Border``; a mapping of places gives their economies. A border is paid by
    every link whose ends lie in different economies. Without ``modes`` every mode is free but for
    what links say.

    Raises:
        UnknownNameError: a link ends at a place, or uses a mode, that does not exist; a wrong key.
        InvalidParameterError: money, hours, distance, capacity negative; speed not positive.
        DuplicateLinkError: a link is given twice (two of one pair and mode need names).
        DisconnectedPlaceError: no route joins a place to the others.

    >>> from neg.network import network
    >>> road = {"road": {"usd_per_km": 1.0, "kmh": 40.0}}
    >>> there = network(["A", "B"], [("A", "B", "road", 80)], modes=road)
    >>> there.labels["link"], float(there.costs.link_hours[0])
    (('A-B:road',), 2.0)
    """
    nodes = read(Place, places, "places")
    ways = read(Link, links, "links")
    kinds = read(Mode, modes, "modes")
    if modes is None:
        kinds = tuple(Mode(name) for name in dict.fromkeys(one.mode for one in ways))
    changes, crossings = read(Transfer, transfers, "transfers"), read(Border, borders, "borders")
    check_labels("places", [one.name for one in nodes])
    check_labels("modes", [one.name for one in kinds])
    _check_names(nodes, kinds, ways, changes, crossings)
    _check_numbers(kinds, ways, changes, crossings)
    _check_twice(ways)
    check_labels("transfers", [one.label for one in changes])
    check_labels("borders", [one.label for one in crossings])
    found = Network(nodes, kinds, ways, changes, _crossed(nodes, ways, crossings))
    _check_joined(found)
    return found


def grid(rows: int, columns: int, factors: Any) -> Network:
    """A grid of places, row by row, with given iceberg factors of the links to neighbours.

    ``factors`` is a number, or a list of ``(from, to, factor)`` with places by their numbers, one
    for each direction.

    >>> grid(3, 3, 1.5).labels["link"][:2]
    ('0-1:road', '0-3:road')
    """
    places = [str(k) for k in range(rows * columns)]
    if np.ndim(factors) == 0:
        pairs = [
            (k, other)
            for k in range(rows * columns)
            for other, there in ((k + 1, (k + 1) % columns), (k + columns, k + columns))
            if there and other < rows * columns
        ]
        links = [Link(str(a), str(b), factor=float(factors)) for a, b in pairs]
    else:
        links = [
            Link(str(int(a)), str(int(b)), factor=float(f), two_way=False) for a, b, f in factors
        ]
    return network(places, links)


def _usd(link: Link, mode: Mode) -> float:
    own = link.cost
    rate = mode.usd_per_km if own.usd_per_km is None else own.usd_per_km
    return (mode.fixed_usd if own.fixed_usd is None else own.fixed_usd) + rate * link.km


def _hours(link: Link, mode: Mode) -> float:
    own = link.cost
    speed = mode.kmh if own.kmh is None else own.kmh
    return (mode.fixed_hours if own.fixed_hours is None else own.fixed_hours) + link.km / speed


def _check_names(nodes: Any, kinds: Any, ways: Any, changes: Any, crossings: Any) -> None:
    names, modes = [one.name for one in nodes], [one.name for one in kinds]
    known, known_modes = set(names), set(modes)
    economies = {one.economy for one in nodes} | {""}
    for link in ways:
        for end in (link.origin, link.destination):
            if end not in known:
                raise unknown_name(f"place of link {link.label!r}", end, names)
        if link.mode not in known_modes:
            raise unknown_name(f"mode of link {link.label!r}", link.mode, modes)
        if link.origin == link.destination:
            raise InvalidParameterError(
                f"link {link.label!r} leads from {link.origin!r} to itself; must join two places"
            )
    for change in changes:
        if change.place not in known:
            raise unknown_name(f"place of transfer {change.label!r}", change.place, names)
        for mode in (change.first, change.second):
            if mode not in known_modes:
                raise unknown_name(f"mode of transfer {change.label!r}", mode, modes)
    for border in crossings:
        for economy in (border.first, border.second):
            if economy not in economies:
                allowed = sorted(economies - {""})
                raise unknown_name(f"economy of border {border.label!r}", economy, allowed)
        if border.mode and border.mode not in known_modes:
            raise unknown_name(f"mode of border {border.label!r}", border.mode, modes)


_POSITIVE = ("kmh", "capacity", "factor")


def _check_numbers(*groups: Any) -> None:
    for group in groups:
        for one in group:
            label = getattr(one, "label", None) or one.name
            for name, value in numbers(one):
                if isinstance(value, str | bool) or value is None:
                    continue
                positive = name in _POSITIVE
                infinite = name == "kmh" and value == float("inf")
                least = 1.0 if name == "factor" else 0.0
                bad = value <= 0 if positive else value < 0
                if not infinite and (not np.isfinite(value) or bad or value < least):
                    allowed = "positive" if positive and least == 0 else f"at least {least:g}"
                    raise InvalidParameterError(
                        f"{name} of {type(one).__name__.lower()} {label!r} is {value:g}; "
                        f"must be finite and {allowed}"
                    )


def _check_twice(ways: tuple[Link, ...]) -> None:
    seen: dict[str, Link] = {}
    for link in ways:
        keys = [link.label]
        back = f"{link.destination}-{link.origin}:{link.mode}"
        if not link.name and link.two_way:
            keys.append(back)
        for key in keys:
            other = seen.get(key)
            if other is not None and not (key == back and not (other.two_way or link.two_way)):
                raise DuplicateLinkError(
                    f"link {link.label!r} is given twice ({other.label!r} stands for it already"
                    f"{', in both directions' if other.two_way else ''}); must be given once, "
                    "or have a name of its own if there are two, or two_way=False"
                )
        seen |= dict.fromkeys(keys, link)


def _crossed(
    nodes: tuple[Place, ...], ways: tuple[Link, ...], given: tuple[Border, ...]
) -> tuple[Border, ...]:
    """The borders that links cross: that of pair and mode, else of the pair, else the default."""
    economy = {one.name: one.economy for one in nodes}
    by_label = {one.label: one for one in given}
    default = by_label.get("-")
    found: dict[str, Border] = {}
    for link in ways:
        ends = sorted((economy[link.origin], economy[link.destination]))
        if ends[0] == ends[1] or not all(ends):
            continue
        pair = "-".join(ends)
        for label in (f"{pair}:{link.mode}", pair):
            if label in by_label:
                found[label] = by_label[label]
                break
        else:
            if default is not None:
                found[pair] = dataclasses.replace(default, first=ends[0], second=ends[1])
    return tuple(found[label] for label in sorted(found))


def _check_joined(found: Network) -> None:
    graph, names = found.graph, found.names
    count = len(names)
    place = graph.place
    rows, columns = place[graph.tail], place[graph.head]
    matrix = csr_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    for connection in ("weak", "strong"):
        pieces, piece = connected_components(matrix, directed=True, connection=connection)
        if pieces > 1:
            sizes = np.bincount(piece)
            alone = names[int(np.argmin(sizes[piece]))]
            how = "joins" if connection == "weak" else "leads both to and from"
            raise DisconnectedPlaceError(
                f"place {alone!r}: no link {how} it and the others; every place must be within "
                "reach of every other"
            )
