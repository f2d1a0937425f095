"""What levers are put to over time: laws, and the dates between dates at which they turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.core.checks import as_numbers, check_finite, check_kind
from neg.core.errors import InvalidDataError
from neg.economy.lever import Lever

Law = Callable[[float], Any]
"""A value (a number, or an array for a lever of many entries) at a date."""

_STRAIGHT = 0.01
"""Distance from a straight line, over how far the entry moves on the path, that is none."""


class Scheduled(NamedTuple):
    """A lever and what it is put to at each date."""

    lever: Lever
    law: Law


class Schedule:
    """Levers by name, each with its law.

    A law can be asked at single dates only: each interval is split into ``samples`` equal parts,
    at whose ends all laws are looked at. What a law does between two of these is not seen.
    """

    def __init__(
        self, given: Mapping[str, Law | tuple[Lever, Law]], dates: np.ndarray, samples: int
    ) -> None:
        check_kind("schedule", given, Mapping)
        if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
            raise InvalidDataError(f"samples = {samples!r} is not allowed; must be an integer >= 1")
        self.plan = {name: _scheduled(name, one) for name, one in given.items()}
        self.samples = samples
        seen = [self._row(date) for date in dates]
        self._reach = np.ptp(seen, axis=0)

    @property
    def levers(self) -> tuple[Lever, ...]:
        """What moves."""
        return tuple(one.lever for one in self.plan.values())

    def values(self, date: float) -> tuple[Array, ...]:
        """What the levers are put to at a date."""
        return tuple(jnp.asarray(self.value(name, date)) for name in self.plan)

    def value(self, name: str, date: float) -> np.ndarray:
        """What one lever is put to at a date."""
        found = self.plan[name].law(date)
        told = f"the value of the law of {name!r} at date {date:g}"
        if found is None:
            raise InvalidDataError(f"{told} is None; must be a number or an array of numbers")
        check_finite(told, found)
        return as_numbers(told, found)

    def stops(self, first: float, last: float) -> list[float]:
        """Dates after ``first``, up to ``last``, between which all laws are straight lines."""
        dates = np.linspace(first, last, self.samples + 1)
        if not self.plan or self.samples == 1:
            return [last]
        seen = np.array([self._row(date) for date in dates])
        reach = np.maximum(self._reach, np.ptp(seen, axis=0))
        turns = _turns(seen / np.where(reach > 0, reach, 1.0))
        return [*(float(dates[k]) for k in turns), last]

    def _row(self, date: float) -> np.ndarray:
        """All entries of all levers at a date."""
        values = [self.value(name, date).ravel() for name in self.plan]
        return np.concatenate(values) if values else np.zeros(0)


def _turns(rows: np.ndarray) -> list[int]:
    """Rows at which a curve has to be split, so that straight lines between them are near it.

    Source: Ramer (1972), Computer Graphics and Image Processing 1(3); Douglas and Peucker (1973).
    """
    steps = len(rows) - 1
    if steps < 2:
        return []
    weight = np.linspace(0.0, 1.0, steps + 1)[:, None]
    away = np.abs(rows - (1.0 - weight) * rows[0] - weight * rows[-1]).max(axis=1)
    k = int(np.argmax(away))
    if away[k] <= _STRAIGHT:
        return []
    return [*_turns(rows[: k + 1]), k, *(k + later for later in _turns(rows[k:]))]


def _scheduled(name: str, given: Any) -> Scheduled:
    """A law for the parameter of that name, or a lever and its law."""
    if callable(given):
        return Scheduled(Lever(name), given)
    pair = tuple(given) if isinstance(given, tuple | list) else ()
    if len(pair) != 2 or not isinstance(pair[0], Lever) or not callable(pair[1]):
        raise InvalidDataError(
            f"schedule[{name!r}] = {given!r} is not allowed; must be a law (a function of the "
            "date) or a Lever and a law"
        )
    return Scheduled(*pair)
