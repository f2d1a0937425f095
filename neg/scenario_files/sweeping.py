"""Sweeps: all cases of a file, in batches where they share a structure, resumed where they stop.

Cases are worked off in units. A unit holds cases that differ in numbers of edits only, always the
same ones in the same order; so a resumed sweep gives what an unbroken one gives, bit for bit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.core.records import check_writable
from neg.scenario_files.assembly import assemble
from neg.scenario_files.ledger import Case, append_cases, plain, read_cases
from neg.scenario_files.moves import apply
from neg.scenario_files.points import Point, at_point, case_key, fingerprint, points_of
from neg.scenario_files.result import Solved
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.trying import edited_cases
from neg.scenario_files.units import is_number_of_edit, solve_unit

Progress = Callable[[int, int, str], None]
LEDGER = "cases.jsonl"
_UNIT = 512
"""Cases that are solved, and put down, together at most."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """The cases of a sweep, the key of each, and the units in which they are solved."""

    scenario: ScenarioFile
    folder: str
    points: list[Point]
    keys: list[str]
    units: list[list[int]]


def plan(scenario: ScenarioFile, folder: str | os.PathLike[str] = ".") -> Plan:
    """What a sweep will do; checks every path, builds and solves nothing."""
    points = points_of(scenario)
    base = fingerprint(scenario, Path(folder))
    for point in points:
        for path, value in point.items():
            if is_number_of_edit(path) and isinstance(value, bool | str):
                raise InvalidParameterError(f"sweep {path!r} is put to {value!r}; must be a number")
    groups: dict[str, list[int]] = {}
    for number, point in enumerate(points):
        structure = repr((sorted(_rest(point).items()), sorted(point)))
        groups.setdefault(structure, []).append(number)
    for members in groups.values():  # those of a group differ in numbers only
        at_point(scenario, points[members[0]])
    together = not scenario.moves
    size = _UNIT if together else 1
    units = [
        members[first : first + size]
        for members in groups.values()
        for first in range(0, len(members), size)
    ]
    keys = [case_key(base, point) for point in points]
    return Plan(scenario, str(folder), points, keys, units)


def _rest(point: Point) -> Point:
    return {path: value for path, value in point.items() if not is_number_of_edit(path)}


def sweep_scenario(
    scenario: ScenarioFile,
    out: str | os.PathLike[str] | None = None,
    *,
    folder: str | os.PathLike[str] = ".",
    jobs: int = 1,
    resume: bool = False,
    progress: Progress | None = None,
) -> Solved:
    """Solve every case of a file's sweep; with ``out``, put each finished case down there.

    Args:
        scenario: a file; without a sweep it has one case.
        out: folder of ``cases.jsonl``, to which finished cases are appended.
        folder: where paths of data in the file start.
        jobs: processes side by side.
        resume: skip cases that ``out`` holds already; else a ledger there is refused.
        progress: called with cases done, cases in all, and the file's name.

    Cases that are not solved are NaN and say so (``solve_status``), and why where edits leave a
    place out of reach (``solve_reason``). Raises named errors for what cannot be used, before
    anything is solved: the cases with the lowest and the highest value of each key are built first.
    """
    if jobs < 1:
        raise InvalidParameterError(f"jobs = {jobs} is not allowed; must be 1 or more")
    made = plan(scenario, folder)
    done: dict[str, Case] = {}
    ledger = None if out is None else Path(out) / LEDGER
    if ledger is not None:
        check_writable(ledger)
        if ledger.exists() and not resume:
            raise InvalidDataError(
                f"{ledger} exists: an earlier sweep wrote it; resume it, or name another folder"
            )
        done = read_cases(ledger)
    missing = [made.points[k] for k, key in enumerate(made.keys) if key not in done]
    for point, case in edited_cases(scenario, folder, missing):
        apply(case.changed, case.moves, point)
    count = len(made.points)
    left = [unit for unit in made.units if any(made.keys[k] not in done for k in unit)]
    if progress is not None:
        progress(sum(key in done for key in made.keys), count, scenario.name)
    for lines in _solved(made, left, jobs):
        new = [line for line in lines if line["key"] not in done]
        if ledger is not None:
            append_cases(ledger, new)
        done |= {line["key"]: line for line in plain(new)}
        if progress is not None:
            progress(sum(key in done for key in made.keys), count, scenario.name)
    return Solved((scenario,), assemble(made, done), swept=True)


def _solved(made: Plan, left: list[list[int]], jobs: int) -> Iterator[list[Case]]:
    work = [
        (made.scenario, made.folder, [made.points[k] for k in unit], [made.keys[k] for k in unit])
        for unit in left
    ]
    if jobs == 1 or len(work) < 2:
        for one in work:
            yield solve_unit(*one)
        return
    pool = ProcessPoolExecutor(min(jobs, len(work)), mp_context=get_context("spawn"))
    try:
        for future in as_completed([pool.submit(solve_unit, *one) for one in work]):
            yield future.result()
    except BaseException:
        for process in list(getattr(pool, "_processes", {}).values()):
            with contextlib.suppress(OSError):
                process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
