"""Fits and policies of scenario files: what is found, with the equilibrium before and after."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from neg.analysis.compare import compare, solve
from neg.core.errors import InvalidDataError, InvalidParameterError, unknown_name
from neg.economy.lever import SELECTORS
from neg.estimation import marginal_values
from neg.estimation.levers import Unknown, in_hands
from neg.estimation.moments import moments_of
from neg.estimation.plain import fit_from, known_in, policy_from, priced, unknown_of
from neg.estimation.result import Result as Found
from neg.scenario_files.found import of_fit, of_policy
from neg.scenario_files.moves import widened
from neg.scenario_files.points import at_point
from neg.scenario_files.resolve import known_outcomes, outcome_names, resolve
from neg.scenario_files.result import Searched
from neg.scenario_files.schema import ScenarioFile
from neg.scenario_files.solving import Prepared, Progress, pick

_OF_WELFARE = ("real-income", "atkinson", "gap")
_LISTS = (*SELECTORS, "rich", "poor")
Folder = str | os.PathLike[str]


def fit_scenario(
    scenario: ScenarioFile, *, folder: Folder = ".", progress: Progress | None = None
) -> Searched:
    """Fit the unknowns of a file to its targets, on its economy after its edits.

    ``values``, ``standard_errors`` and the fit itself stand in ``found``; ``dataset`` has these,
    moments and targets, what the data do not see, and the equilibrium before and after.

    >>> from neg.scenario_files import fit_scenario, read_scenario
    >>> result = fit_scenario(read_scenario("border-effect"))
    >>> round(float(result.dataset["value"].sel(unknown="ASEAN borders")), 4)
    0.9024

    Raises :class:`neg.core.errors.ConvergenceError` where no minimum is found, and named errors for
    what the file names and the economy does not have.
    """
    base, at = _start(scenario, folder)
    if progress is not None:
        progress(0, 2, f"fit of {scenario.name}")
    found = _fitted(scenario, base, at)
    dataset = _compared(scenario, folder, base, {scenario.name: found.economy}, progress)
    dataset = dataset.merge(of_fit(scenario, found), combine_attrs="override")
    return Searched((scenario,), dataset, kind="fit", found=(found,))


def policy_scenario(
    scenario: ScenarioFile, *, folder: Folder = ".", progress: Progress | None = None
) -> Searched:
    """The best policy of a file under its budget, or under each of its budgets.

    A file with a fit is fitted first; draws are fitted each. ``found`` holds the policies (one a
    budget); ``dataset`` values, spending, shadow prices, the worth of one more unit of money on
    every lever, and the equilibrium before and after. Raises as :func:`fit_scenario`.
    """
    if scenario.policy is None:
        raise InvalidDataError(f"{scenario.name} has no [policy]; must have one")
    data = _wide(_policy_data(scenario))
    base, at = _start(scenario, folder)
    _check_aims(scenario, base)
    if scenario.fit is not None:
        base = _fitted(scenario, base, at).economy
    draws = [_draw(scenario, folder, point) for point in _points(scenario.policy.draws)]
    places = list(base.labels["place"])
    for aim in (data["objective"], *data.get("floors", {}).values()):
        if "people" in aim:
            aim["people"] = _by_place(aim["people"], places)
    levers, costs = priced(base, data)
    if progress is not None:
        progress(0, 2, f"policy of {scenario.name}")
    answer = policy_from(base, data, draws=draws, at=at)
    single = isinstance(answer, Found)
    found: tuple[Found, ...]
    budgets: list[float | None]
    if isinstance(answer, Found):
        found, budgets = (answer,), [scenario.policy.budget]
    else:
        found, budgets = tuple(one.result for one in answer), [one.budget for one in answer]
    labels = ["no budget" if b is None else f"budget {b:g}" for b in budgets]
    after = {
        (scenario.name if single else f"{scenario.name}-{b:g}"): _put(base, levers, one.values)
        for b, one in zip(budgets, found, strict=True)
    }
    dataset = _compared(scenario, folder, base, after, progress)
    told = of_policy(levers, costs, labels, budgets, found)
    if costs:
        aim = found[0].problem.numbers[0]
        # Each draw at its own assumed costs: what a unit of a lever is may depend on what is drawn.
        worth = [
            marginal_values(one, levers, aim, priced(one, data)[1], at=at)[0]
            for one in draws or [base]
        ]
        names = [f"draw {k}" for k in range(len(draws))] or ["as given"]
        told["worth"] = (("draw", "lever"), worth, {"units": "objective per unit of money"})
        told = told.assign_coords(draw=names)
    dataset = dataset.merge(told, combine_attrs="override")
    return Searched((scenario,), dataset, kind="policy", found=found)


def check_searches(scenario: ScenarioFile, folder: Folder = ".") -> None:
    """Raise named errors for levers, moments and costs that the economy does not have."""
    if scenario.fit is None and scenario.policy is None:
        return
    economy = resolve(scenario, folder).edited
    if scenario.fit is not None:
        data = _wide(_fit_data(scenario))
        economy = known_in(economy, data["known"])
        keys = ("value", "sd", "weight")
        targets = data["targets"].items()
        moments_of(economy, {n: {k: v for k, v in t.items() if k not in keys} for n, t in targets})
        in_hands(
            economy, {n: unknown_of(n, one) for n, one in data["unknowns"].items()}, inside=True
        )
    if scenario.policy is not None:
        _check_aims(scenario, economy)
        for point in _points(scenario.policy.draws):
            at_point(scenario, point)
        in_hands(economy, priced(economy, _wide(_policy_data(scenario)))[0], inside=False)


def _check_aims(scenario: ScenarioFile, economy: Any) -> None:
    """Canonical models report no welfare: a policy on them makes an outcome large that they do."""
    if scenario.model is None or scenario.policy is None:
        return
    known = known_outcomes(economy)
    aims = {"objective": scenario.policy.objective, **scenario.policy.floors}
    for name, aim in aims.items():
        if aim.kind in _OF_WELFARE and "welfare" not in known:
            raise InvalidParameterError(
                f"policy.{name} is of kind {aim.kind!r}, and the model {scenario.model.name} "
                f"reports no welfare; must be a moment of an outcome, of {known}"
            )


def _start(scenario: ScenarioFile, folder: Folder) -> tuple[Any, Any]:
    """The economy of a file after its edits, what is known put in, and its branch."""
    economy = resolve(scenario, folder).edited
    if scenario.fit is not None:
        economy = known_in(economy, _wide(_fit_data(scenario))["known"])
    return economy, solve(economy) if scenario.moves else None


def _fitted(scenario: ScenarioFile, economy: Any, at: Any) -> Found:
    if scenario.fit is None:
        raise InvalidDataError(f"{scenario.name} has no [fit]; must have one")
    data = {key: one for key, one in _wide(_fit_data(scenario)).items() if key != "known"}
    return fit_from(economy, data, at=at)


def _draw(scenario: ScenarioFile, folder: Folder, point: Mapping[str, Any]) -> Any:
    one = at_point(scenario, point)
    economy, at = _start(one, folder)
    return economy if one.fit is None else _fitted(one, economy, at).economy


def _points(draws: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    if not draws:
        return []
    return [dict(zip(draws, row, strict=True)) for row in itertools.product(*draws.values())]


def _put(economy: Any, levers: Mapping[str, Unknown], values: Mapping[str, float]) -> Any:
    for name, one in levers.items():
        assert not isinstance(one.lever, str)
        economy = one.lever.put(economy, values[name])
    return economy


def _compared(
    scenario: ScenarioFile,
    folder: Folder,
    base: Any,
    after: Mapping[str, Any],
    progress: Progress | None,
) -> xr.Dataset:
    """Levels before and after, and changes, of the variables that the file asks for."""
    cases = [Prepared(name=name, economy=economy) for name, economy in after.items()]
    solved = compare(base, cases, progress=progress)
    return pick(solved, outcome_names(resolve(scenario, folder)))


def _fit_data(scenario: ScenarioFile) -> dict[str, Any]:
    section = scenario.fit
    assert section is not None
    return {
        "unknowns": {name: one.plain() for name, one in section.unknowns.items()},
        "targets": {name: one.plain() for name, one in section.targets.items()},
        "known": {name: one.plain() for name, one in section.known.items()},
        "search": section.search.model_dump(exclude_unset=True),
    }


def _policy_data(scenario: ScenarioFile) -> dict[str, Any]:
    section = scenario.policy
    assert section is not None
    data = section.model_dump(exclude_unset=True, exclude={"levers", "costs", "draws"})
    costs = section.costs.items()
    return data | {
        "levers": {name: one.plain() for name, one in section.levers.items()},
        "costs": {n: one if isinstance(one, float | int) else one.plain() for n, one in costs},
    }


def _wide(data: Any) -> Any:
    """Plain data with names of groups of places, such as ASEAN, written out."""
    if not isinstance(data, Mapping):
        return data
    return {
        key: list(widened({key: value})[key])
        if key in _LISTS and isinstance(value, list)
        else _wide(value)
        for key, value in data.items()
    }


def _by_place(people: Mapping[str, float], places: Sequence[str]) -> list[float]:
    for name in people:
        if name not in places:
            raise unknown_name("place of people", name, places)
    return [float(people.get(place, 0.0)) for place in places]
