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
    unknown_name,
)
from neg.network.checking import (
    check_borders,
    check_lengths,
    check_names,
    check_numbers,
    check_twice,
)
from neg.network.costs import Costs
from neg.network.graph import Graph, build
from neg.network.objects import (
    Border,
    Link,
    Mode,
    Place,
    Transfer,
    link_hours,
    link_usd,
    read,
)


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
            link_usd=np.array([link_usd(one, mode) for one, mode in links]),
            link_hours=np.array([link_hours(one, mode) for one, mode in links]),
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

    def place_among(self, what: str, name: str, names: Sequence[str]) -> int:
        """Where a place stands among those asked for; a named error if it is none of them."""
        self.index(name)
        if name not in names:
            raise unknown_name(what, name, names)
        return list(names).index(name)

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
        InvalidDataError: text, None or a truth value in place of a number, or the reverse.
        InvalidParameterError: money, hours, distance, capacity negative; speed not positive; a link
            that is free for want of kilometres; a border of one economy, or of none there is.
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
    check_names(nodes, kinds, ways, changes, crossings)
    check_numbers(kinds, ways, changes, crossings)
    check_lengths(ways, kinds)
    check_borders(nodes, crossings)
    check_twice(ways)
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
