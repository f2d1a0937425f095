"""The graph of states of a network: (place, mode), with links and transfers as its arcs."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from neg.network.transport import Network


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """States and arcs. A trip starts and ends in any mode of its places, at no charge.

    Where vehicles are changed without changing the mode, a state is two: what arrives, and what
    leaves. ``link``, ``transfer`` and ``border`` say whose an arc is, -1 for none.
    """

    place: np.ndarray
    """Place of every state."""
    mode: np.ndarray
    """Mode of every state, by number."""
    starts: np.ndarray
    """Whether trips start in the state."""
    ends: np.ndarray
    """Whether trips end in it."""
    stay: np.ndarray
    """For every place, the number of states in which a trip to itself is no arc, yet a route."""
    tail: np.ndarray
    head: np.ndarray
    link: np.ndarray
    transfer: np.ndarray
    border: np.ndarray

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.place)

    @property
    def arcs(self) -> int:
        """Number of arcs."""
        return len(self.tail)

    @cached_property
    def last(self) -> np.ndarray:
        """States in which trips to every place end, ``[place, choice]``; -1 for no more."""
        at = np.flatnonzero(self.ends)
        at = at[np.argsort(self.place[at], kind="stable")]
        count = np.bincount(self.place[at], minlength=len(self.stay))
        table = np.full((len(count), int(count.max())), -1)
        within = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
        table[self.place[at], within] = at
        return table


def build(network: Network) -> Graph:
    """The graph of a network."""
    number = {place.name: k for k, place in enumerate(network.places)}
    modes = {mode.name: k for k, mode in enumerate(network.modes)}
    split = {(t.place, t.first) for t in network.transfers if t.first == t.second}
    leaving: dict[tuple[str, str], int] = {}
    arriving: dict[tuple[str, str], int] = {}
    place: list[int] = []
    mode: list[int] = []
    starts: list[bool] = []
    ends: list[bool] = []

    def state(name: str, by: str, arrives: bool) -> int:
        key = (name, by)
        if key not in leaving:
            parts = ((True, False), (False, True)) if key in split else ((True, True),)
            for begins, finishes in parts:
                place.append(number[name])
                mode.append(modes[by])
                starts.append(begins)
                ends.append(finishes)
            leaving[key], arriving[key] = len(place) - len(parts), len(place) - 1
        return arriving[key] if arrives else leaving[key]

    crossing = _borders(network)
    arcs: list[tuple[int, int, int, int, int]] = []
    for k, link in enumerate(network.links):
        ways = [(link.origin, link.destination)]
        ways += [(link.destination, link.origin)] if link.two_way else []
        border = crossing(link)
        for here, there in ways:
            tail, head = state(here, link.mode, False), state(there, link.mode, True)
            arcs.append((tail, head, k, -1, border))
    for k, change in enumerate(network.transfers):
        ways = [(change.first, change.second)]
        ways += [(change.second, change.first)] if change.first != change.second else []
        for first, second in ways:
            tail, head = state(change.place, first, True), state(change.place, second, False)
            arcs.append((tail, head, -1, k, -1))
    table = np.array(arcs, dtype=np.int64).reshape(-1, 5)
    stay = np.zeros(len(network.places), dtype=int)
    for name, by in split:
        if (name, by) in leaving:
            stay[number[name]] += 1
    return Graph(
        np.array(place, dtype=int),
        np.array(mode, dtype=int),
        np.array(starts, dtype=bool),
        np.array(ends, dtype=bool),
        stay,
        *(np.ascontiguousarray(column) for column in table.T),
    )


def _borders(network: Network) -> Any:
    economy = {place.name: place.economy for place in network.places}
    position = {border.label: k for k, border in enumerate(network.borders)}

    def crossing(link: Any) -> int:
        ends = sorted((economy[link.origin], economy[link.destination]))
        if ends[0] == ends[1] or not all(ends):
            return -1
        pair = "-".join(ends)
        return position.get(f"{pair}:{link.mode}", position.get(pair, -1))

    return crossing
