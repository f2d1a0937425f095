"""One unit of a sweep: cases that differ in numbers of edits only, solved together."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np

from neg.analysis.compare import solve
from neg.core.errors import DisconnectedPlaceError, SpectralRadiusError
from neg.core.status import Status
from neg.scenario_files.batch import chunk_size, solve_many
from neg.scenario_files.ledger import Case
from neg.scenario_files.moves import apply
from neg.scenario_files.points import Point, at_point, case_key, fingerprint
from neg.scenario_files.reading import parse_scenario, to_toml
from neg.scenario_files.resolve import TIME_LAYERS, Resolved, check_routes, outcome_names, resolve
from neg.scenario_files.schema import ScenarioFile
from neg.solvers.system import flat_prices

_NUMBER = re.compile(
    r"edit\.(layer\.\d+\.(factor|rate|cost)"
    r"|parameter\.\d+\.(factor|value|plus)"
    r"|link\.\d+\.(time_factor|money_factor)"
    r"|border\.\d+\.(hours_factor|hours|fee_factor|fee_usd)"
    r"|transfer\.\d+\.(money_factor|hours_factor))"
)


def is_number_of_edit(path: str) -> bool:
    """Whether a path leads to a number that a Lever is put to."""
    return _NUMBER.fullmatch(path) is not None


def solve_unit(
    scenario: ScenarioFile, folder: str, points: list[Point], keys: list[str]
) -> list[Case]:
    """The finished cases of a unit as lines, that of their baseline first."""
    rest = {path: value for path, value in points[0].items() if not is_number_of_edit(path)}
    found = resolved_text(to_toml(at_point(scenario, rest)), folder)
    names = inner_names(found)
    free = [path for path in points[0] if is_number_of_edit(path)]
    lines = [_baseline(found, folder, names)]
    if scenario.moves:
        for point, key in zip(points, keys, strict=True):
            own = _alone(apply(found.changed, found.moves, point), names)
            lines.append(_line(key, point, own, _reason(found, point, own)))
        return lines
    columns = [point[path] for point in points for path in free]
    values = np.array(columns, dtype=float).reshape(len(points), len(free))
    economy = found.changed
    puts = []
    fixed: list[float] = []
    for move in found.moves:  # in their order, those that do not vary among them
        if move.path in free:
            puts.append((move.lever, free.index(move.path)))
        else:
            puts.append((move.lever, len(free) + len(fixed)))
            fixed.append(move.value)
    rows = np.concatenate([values, np.tile(np.array(fixed), (len(points), 1))], axis=1)
    size = flat_prices(economy, economy.initial_distribution())[0].shape[0]
    chunk = min(chunk_size(size), 1 << max(len(points) - 1, 0).bit_length())
    solved = solve_many(economy, puts, rows, names, chunk=chunk)
    for number, (point, key) in enumerate(zip(points, keys, strict=True)):
        own = {name: value[number] for name, value in solved.items()}
        lines.append(_line(key, point, own, _reason(found, point, own)))
    return lines


def baseline_key(scenario: ScenarioFile, folder: str) -> str:
    """Key of the baseline of a case: the file without edits."""
    base = fingerprint(scenario, folder)
    bare = {key: value for key, value in base["data"].items() if key != "edit"}
    return case_key({**base, "data": bare}, {})


def inner_names(found: Resolved) -> list[str]:
    """Outcomes of the library that the variables of a file need."""
    names = list(dict.fromkeys(outcome_names(found).values()))
    if TIME_LAYERS in found.scenario.output.variables:
        names += [name for name in ("network.hours", "trade") if name not in names]
    return names


def _line(key: str, point: Point, own: dict[str, Any], reason: str = "") -> Case:
    """A finished case; one that cannot be reached is not solved, whatever the solver found."""
    status = Status(int(own["status"]))
    if reason and status.ok:
        status = Status.NO_EQUILIBRIUM
    outcomes = {k: v for k, v in own.items() if k not in ("status", "residual")}
    line: Case = {
        "key": key,
        "values": point,
        "status": status.name.lower(),
        "residual": float(own["residual"]),
        "outcomes": {
            name: np.asarray(value if not reason else np.full_like(value, np.nan)).tolist()
            for name, value in outcomes.items()
        },
    }
    return line | {"reason": reason} if reason else line


def _reason(found: Resolved, point: Point, own: dict[str, Any]) -> str:
    """Why a case has no equilibrium, where its network says so.

    Least-cost routes leave a place that is cut off to itself: this converges and is no answer.
    """
    closing = any(move.lever.path == "network.closed" for move in found.moves)
    if Status(int(own["status"])).ok and not closing:
        return ""
    return out_of_reach(apply(found.changed, found.moves, point))


def out_of_reach(economy: Any) -> str:
    """Why no goods can be carried on the network of an economy; nothing where they can."""
    try:
        check_routes(economy)
    except (DisconnectedPlaceError, SpectralRadiusError) as error:
        return str(error)
    return ""


def _alone(economy: Any, names: list[str]) -> dict[str, Any]:
    """One case by itself, at the equilibrium next to its observed allocation."""
    solution = solve(economy, throw=False)
    outcomes = solution.outcomes
    found: dict[str, Any] = {name: np.asarray(outcomes[name]) for name in names}
    if not Status(int(solution.status)).ok:
        found = {name: np.full_like(value, np.nan) for name, value in found.items()}
    return found | {"status": int(solution.status), "residual": float(solution.residual)}


_LATEST: dict[str, tuple[Any, Case]] = {}


def _baseline(found: Resolved, folder: str, names: list[str]) -> Case:
    key = baseline_key(found.scenario, folder)
    kept = _LATEST.get(key)
    if kept is None or kept[0] is not found.baseline:
        _LATEST.clear()
        _LATEST[key] = (found.baseline, _line(key, {}, _alone(found.baseline, names)))
    return _LATEST[key][1]


@functools.lru_cache(maxsize=2)
def resolved_text(text: str, folder: str) -> Resolved:
    """What the text of a file describes; the latest are kept."""
    return resolve(parse_scenario(text), folder)
