"""Check a file without solving anything: names, units, reach, and whether it changes something."""

from __future__ import annotations

import os
import warnings

from neg.scenario_files.finding import check_searches
from neg.scenario_files.idling import changes_nothing, depth_of_nothing
from neg.scenario_files.moves import apply
from neg.scenario_files.plausible import implausible
from neg.scenario_files.resolve import resolve
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.sweeping import plan
from neg.scenario_files.trying import edited_cases, said
from neg.scenario_files.units import out_of_reach


class ScenarioWarning(UserWarning):
    """A file that can be solved but does not do what it seems to."""


def check_scenario(scenario: ScenarioFile, *, folder: str | os.PathLike[str] = ".") -> list[str]:
    """What a file does that it hardly means to, in sentences; none if all is well.

    Among them numbers that can hardly be in the unit of their key.

    Builds the economy, every edit and, of a sweep, the cases with the lowest and the highest value
    of each key: data, names, labels, ranges, routes between all places. Nothing is solved. Raises
    a named error for what cannot be used.

    >>> from neg.scenario_files import check_scenario, parse_scenario
    >>> check_scenario(parse_scenario('schema = 1\\nname = "nothing"\\n'))
    ['the file has no edit: it solves the baseline alone']
    """
    found = implausible(scenario)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = resolve(scenario, folder)
        points = plan(scenario, folder).points
        swept = bool(scenario.sweep)
        cases = list(edited_cases(scenario, folder, points)) if swept else [({}, made)]
        found += [str(one.message) for one in caught if issubclass(one.category, UserWarning)]
    searched = scenario.fit is not None or scenario.policy is not None
    check_searches(scenario, folder)
    if scenario.edit:
        found += changes_nothing(cases)
    elif not swept and not searched:
        found.append("the file has no edit: it solves the baseline alone")
    edited = made.edited  # every value is within its range, every place within reach
    found += depth_of_nothing(edited)
    for point, case in cases:
        if reason := out_of_reach(apply(case.changed, case.moves, point)):
            found.append(f"the case {said(point)} has no equilibrium: {reason}")
    return list(dict.fromkeys(found))
