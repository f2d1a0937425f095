"""Cases of a sweep that are built before any is solved: those at the ends of what is swept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from neg.core.errors import InvalidDataError, InvalidParameterError, UnknownNameError
from neg.scenario_files.points import Point, at_point
from neg.scenario_files.reading import to_toml
from neg.scenario_files.resolve import Resolved
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.units import is_number_of_edit, resolved_text


def edited_cases(
    scenario: ScenarioFile, folder: str | os.PathLike[str], points: Sequence[Point]
) -> Iterator[tuple[Point, Resolved]]:
    """The cases at the ends of a sweep, made real; their numbers of edits are still to be put.

    Raises named errors, with the case, for names and values that it cannot have.
    """
    for point in ends(points):
        rest = {path: value for path, value in point.items() if not is_number_of_edit(path)}
        try:
            yield point, resolved_text(to_toml(at_point(scenario, rest)), str(folder))
        except (InvalidDataError, InvalidParameterError, UnknownNameError) as error:
            raise type(error)(f"the case {said(point)}: {error}") from None


def ends(points: Sequence[Point]) -> list[Point]:
    """The first case, and those with the lowest and highest number and every word of each key.

    Numbers that are allowed are an interval: what holds at its ends holds between.

    >>> ends([{"a": 1.0}, {"a": 2.0}, {"a": 3.0}])
    [{'a': 1.0}, {'a': 3.0}]
    """
    chosen = {0} if points else set()
    for path in dict.fromkeys(path for point in points for path in point):
        numbers: dict[int, float] = {}
        words: dict[str, int] = {}
        for k, point in enumerate(points):
            value = point.get(path)
            if isinstance(value, int | float) and not isinstance(value, bool):
                numbers[k] = float(value)
            elif path in point:
                words.setdefault(repr(value), k)
        chosen |= set(words.values())
        if numbers:
            chosen |= {min(numbers, key=numbers.__getitem__), max(numbers, key=numbers.__getitem__)}
    return [points[k] for k in sorted(chosen)]


def said(point: Point) -> str:
    """A case in words."""
    return ", ".join(f"{path} = {value!r}" for path, value in point.items())
