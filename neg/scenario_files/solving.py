"""Solve scenario files: levels, changes from the baseline, labelled; several files side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from pydantic import ConfigDict

from neg.analysis.compare import compare
from neg.analysis.scenarios import Scenario
from neg.core.checks import check_labels
from neg.core.errors import InvalidDataError
from neg.scenario_files.hours import joined, layers_of_hours, side_by_side
from neg.scenario_files.resolve import TIME_LAYERS, Resolved, label_of, outcome_names, resolve
from neg.scenario_files.result import Solved
from neg.scenario_files.schema import ScenarioFile

Progress = Callable[[int, int, str], None]
_EDITS = ("name", "description", "assumptions", "edit", "sweep", "output", "fit", "policy")


class Prepared(Scenario):
    """A scenario whose economy is there already."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    economy: Any

    def apply(self, economy: Any) -> Any:
        """The economy after the edits of its file."""
        return self.economy


def solve_scenario(
    scenario: ScenarioFile,
    *,
    folder: str | os.PathLike[str] = ".",
    progress: Progress | None = None,
) -> Solved:
    """Solve a file's baseline and its edits; levels and exact changes, labelled.

    ``folder`` is where paths of data in the file start.

    >>> from neg.scenario_files import read_scenario, solve_scenario
    >>> result = solve_scenario(read_scenario("tariff-war"))
    >>> change = result.dataset["real_income_change"].sel(place="CHN")  # none at the baseline
    >>> bool((change.dropna("scenario") < 0).all())
    True

    Raises :class:`neg.core.errors.ConvergenceError` where an equilibrium is not found.
    """
    return compare_scenarios([scenario], folders=[folder], progress=progress)


def compare_scenarios(
    scenarios: Sequence[ScenarioFile],
    *,
    folders: Sequence[str | os.PathLike[str]] | None = None,
    progress: Progress | None = None,
) -> Solved:
    """Solve several files side by side; those with one baseline share it.

    Changes are from the baseline of each file. The data set has the dimension ``scenario``: the
    baselines (``baseline``, or ``baseline of NAME`` where they differ), then the files by name.
    Raises :class:`neg.core.errors.LabelMismatchError` for two files of one name.
    """
    if not scenarios:
        raise InvalidDataError("there is no scenario to solve; must be one at least")
    check_labels("names of scenario files", [one.name for one in scenarios])
    places = folders or ["."] * len(scenarios)
    groups: dict[str, list[Resolved]] = {}
    for one, folder in zip(scenarios, places, strict=True):
        same = {key: value for key, value in one.data().items() if key not in _EDITS}
        groups.setdefault(repr((same, str(folder))), []).append(resolve(one, folder))
    parts = []
    for members in groups.values():
        label = "baseline" if len(groups) == 1 else f"baseline of {members[0].scenario.name}"
        parts.append(_solve_group(members, label, progress))
    dataset = parts[0] if len(parts) == 1 else xr.concat(parts, "scenario", join="outer")
    dataset.attrs = parts[0].attrs
    dataset.attrs["status"] = ", ".join(sorted({part.attrs["status"] for part in parts}))
    return Solved(tuple(scenarios), dataset)


def _solve_group(members: list[Resolved], label: str, progress: Progress | None) -> xr.Dataset:
    cases = [
        Prepared(name=one.scenario.name, economy=one.edited) for one in members if one.scenario.edit
    ]
    baseline = members[0].baseline
    solved = compare(baseline, cases, progress=progress)
    wanted: dict[str, str] = {}
    for one in members:
        wanted |= outcome_names(one)
    found = pick(solved, wanted)
    if any(TIME_LAYERS in one.scenario.output.variables for one in members):
        found[TIME_LAYERS] = layers_of_time(solved, joined(baseline))
    if not cases:
        found = found.drop_vars([name for name in found if str(name).endswith("_change")])
    names = [label if str(name) == "baseline" else str(name) for name in solved["scenario"].values]
    return found.assign_coords(scenario=names)


def pick(solved: xr.Dataset, wanted: dict[str, str]) -> xr.Dataset:
    """The variables that files ask for, by their names there, with changes and how solves ended."""
    found = xr.Dataset(attrs=solved.attrs)
    for name, inner in wanted.items():
        for ending in ("", "_change"):
            if inner + ending in solved:
                label = f"change of {label_of(name)[0]}" if ending else label_of(name)[0]
                found[name + ending] = solved[inner + ending].assign_attrs(label=label)
    for name in ("equivalent_variation",):
        if name in solved:
            found[name] = solved[name]
    for name in map(str, solved.data_vars):
        if name.startswith("solve_"):
            found[name] = solved[name]
    return found


def layers_of_time(solved: xr.Dataset, pairs: np.ndarray) -> xr.DataArray:
    """Share of transactions by hours from door to door, of the pairs that the network joins."""
    rows = []
    for name in solved["scenario"].values:
        one = solved.sel(scenario=name)
        rows.append(layers_of_hours(one["network.hours"], one["trade"], pairs))
    return side_by_side(rows, xr.DataArray(list(solved["scenario"].values), dims="scenario"))
