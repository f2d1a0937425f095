"""Check a file without solving anything: names, units, reach, and whether it changes something."""

from __future__ import annotations

import os
import warnings

from neg.scenario_files.finding import check_searches
from neg.scenario_files.moves import idle
from neg.scenario_files.plausible import implausible
from neg.scenario_files.resolve import resolve
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.sweeping import plan


class ScenarioWarning(UserWarning):
    """A file that can be solved but does not do what it seems to."""


def check_scenario(scenario: ScenarioFile, *, folder: str | os.PathLike[str] = ".") -> list[str]:
    """What a file does that it hardly means to, in sentences; none if all is well.

    Among them numbers that can hardly be in the unit of their key.

    Builds the economy, every edit and the plan of the sweep: data, names, labels, ranges, routes
    between all places. Nothing is solved. Raises a named error for what cannot be used.

    >>> from neg.scenario_files import check_scenario, parse_scenario
    >>> check_scenario(parse_scenario('schema = 1\\nname = "nothing"\\n'))
    ['the file has no edit: it solves the baseline alone']
    """
    found = implausible(scenario)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = resolve(scenario, folder)
        found += [str(one.message) for one in caught if issubclass(one.category, UserWarning)]
    swept = {path for point in plan(scenario, folder).points for path in point}
    searched = scenario.fit is not None or scenario.policy is not None
    check_searches(scenario, folder)
    if not scenario.edit:
        if not swept and not searched:
            found.append("the file has no edit: it solves the baseline alone")
    elif not scenario.edit.agreement:
        still = list(idle(made.changed, made.moves))
        # One edit may be several moves: hours of imports and of exports, say.
        moving = {move.path for move in made.moves if move not in still and move.path}
        still = [move for move in still if move.path not in swept | moving]
        found += [f"{move.path or move.lever.path} changes nothing" for move in still]
        if not moving and len(still) == len(made.moves) and not swept:
            found.append("the scenario changes nothing")
    from neg.scenario_files.treaties import edited

    if scenario.edit.agreement and edited(scenario) == list(scenario.agreement):
        found.append("edits of agreements change nothing")
    _ = made.edited  # every value is within its range, every place within reach
    return list(dict.fromkeys(found))
