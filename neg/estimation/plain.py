"""Fits and policies from plain data, such as a configuration file holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.lever import SELECTORS, Lever
from neg.economy.model import Model
from neg.estimation.costs import Cost, cost_of, usual_cost
from neg.estimation.frontier import Package, packages
from neg.estimation.levers import Unknown
from neg.estimation.minimum_distance import fit
from neg.estimation.moments import moments_of, read
from neg.estimation.policy import maximise
from neg.estimation.result import Result
from neg.estimation.welfare import atkinson, gap, real_income, small_firms
from neg.solvers.long_run import LongRun
from neg.solvers.short_run import ShortRun, short_run

_LEVER: tuple[str, ...] = ("path", "operation", *SELECTORS, "abroad_only")
_BOUNDS = ("low", "high", "start", "prior")
_COST = ("base", "price", "steep", "reach", "share", "stages")
_POLICY = ("levers", "objective", "budget", "budgets", "costs", "stage", "floors")
_AIMS = {
    "real-income": real_income,
    "atkinson": atkinson,
    "gap": gap,
    "small-firms": small_firms,
}


def fit_from(
    economy: Model, data: Mapping[str, Any], *, at: ShortRun | LongRun | None = None
) -> Result:
    """A fit from plain data: ``unknowns``, ``targets``, what is ``known``, and how to search.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> data = {
    ...     "unknowns": {"tau": {"path": "tau", "low": 1.0, "high": 3.0}},
    ...     "targets": {"index": {"outcome": "price_index", "places": ["0"], "value": 0.7}},
    ... }
    >>> bool(fit_from(CorePeriphery(tau=1.7), data).converged)
    True

    A target is a :class:`neg.estimation.moments.Moment` with its ``value``, and its ``weight`` or
    standard deviation (``sd``, then all have one); an unknown a lever with ``low``, ``high`` and
    perhaps ``start`` and ``prior`` (mean and standard deviation). ``known`` are levers with the
    ``value`` that they are put to before the fit. ``search`` holds the fields of
    :class:`neg.estimation.minimum_distance.FitSettings`.
    """
    _keys("fit", data, ("unknowns", "targets", "known", "search"))
    unknowns = {name: unknown_of(name, one) for name, one in _part(data, "unknowns").items()}
    targets = {name: dict(one) for name, one in _part(data, "targets").items()}
    values, weights, spreads = {}, {}, {}
    for name, one in targets.items():
        if "value" not in one:
            raise InvalidParameterError(f"target {name!r} has no value; must have one")
        values[name] = one.pop("value")
        if "weight" in one:
            weights[name] = one.pop("weight")
        if "sd" in one:
            spreads[name] = one.pop("sd")
    if spreads and (weights or len(spreads) < len(targets)):
        raise InvalidParameterError(
            "targets must all have a standard deviation (sd), or none of them and weights instead"
        )
    economy = known_in(economy, data.get("known", {}))
    return fit(
        economy,
        unknowns,
        moments_of(economy, targets),
        values,
        weights=weights or None,
        covariance=spreads or None,
        at=at,
        **dict(data.get("search", {})),
    )


def known_in(economy: Model, known: Mapping[str, Mapping[str, Any]]) -> Any:
    """The economy with levers that are known at their values."""
    for name, one in known.items():
        if "value" not in one:
            raise InvalidParameterError(f"known {name!r} has no value; must have one")
        lever = _lever(name, {key: value for key, value in one.items() if key != "value"})
        lever.check(economy)
        economy = lever.put(economy, one["value"])
    return economy


def policy_from(
    economy: Model,
    data: Mapping[str, Any],
    *,
    draws: Sequence[Model] = (),
    at: ShortRun | LongRun | None = None,
) -> Result | tuple[Package, ...]:
    """A policy from plain data: ``levers``, ``objective``, a ``budget`` or ``budgets``, ``costs``.

    A lever has ``low`` and ``high``, and perhaps ``stages``: it is used at these stages of
    development only. ``costs`` by the name of the lever hold the price of a unit, or the fields of
    :class:`neg.estimation.costs.Cost`; with a ``price`` instead of a ``base``, or where a lever is
    left out, the cost is the assumed one of :func:`neg.estimation.costs.usual_cost`. In ``stages``
    of a cost stand what a ``stage`` of development changes of it, by the name of the stage. The
    ``objective`` is ``{"kind": "real-income", "places": [...]}``, ``{"kind": "atkinson",
    "aversion": 2}``, ``{"kind": "gap", "rich": [...], "poor": [...]}``, ``{"kind":
    "small-firms"}``, or a moment. Floors are named objectives with ``at_least``. With ``budgets``
    the best package of each is found. ``draws`` are economies like this one that may be the true
    one: then the mean or, with ``over = "worst"``, the smallest of the objective is made large.
    The equilibrium followed is that on the branch of ``at``.
    """
    _keys("policy", data, (*_POLICY, "over", "search"))
    levers, costs = priced(economy, data)
    every = list(draws) or economy
    objective = _aim(economy, _part(data, "objective"))
    floors = {}
    for name, one in dict(data.get("floors", {})).items():
        if "at_least" not in one:
            raise InvalidParameterError(f"floor {name!r} does not say at_least what; must")
        aim = {key: value for key, value in one.items() if key != "at_least"}
        floors[name] = (_aim(economy, aim), float(one["at_least"]))
    options: dict[str, Any] = dict(data.get("search", {})) | {"floors": floors or None, "at": at}
    options["over"] = data.get("over", "expected")
    if "budgets" in data:
        if "budget" in data:
            raise InvalidParameterError("budget and budgets are both given; must be one of them")
        return packages(every, levers, objective, data["budgets"], costs, **options)
    budget = data.get("budget")
    if budget is None:
        return maximise(every, levers, objective, **options)
    return maximise(every, levers, objective, budget=budget, costs=costs, **options)


def priced(economy: Model, data: Mapping[str, Any]) -> tuple[dict[str, Unknown], dict[str, Cost]]:
    """The levers of a policy that its stage allows, and what each costs there.

    Without a budget nothing needs a cost: those that are not given are left out then.
    """
    stage = data.get("stage")
    given = {name: dict(one) for name, one in _part(data, "levers").items()}
    said = dict(data.get("costs", {}))
    for name in said:
        if name not in given:
            raise unknown_name("lever with a cost", name, list(given))
    stages = {name: one.pop("stages", None) for name, one in given.items()}
    known = {s for some in stages.values() for s in some or ()}
    known |= {s for one in said.values() if isinstance(one, Mapping) for s in one.get("stages", {})}
    if stage is not None and stage not in known:
        raise unknown_name("stage of development", stage, sorted(known))
    if stage is None and known:
        raise InvalidParameterError(
            f"levers or costs differ by stage, and no stage is given; must be in {sorted(known)}"
        )
    kept = [name for name in given if stages[name] is None or stage in stages[name]]
    if not kept:
        raise InvalidParameterError(f"no lever is used at the stage {stage!r}; one must be")
    levers = {name: unknown_of(name, given[name]) for name in kept}
    if data.get("budget") is None and "budgets" not in data:
        return levers, {}
    at = short_run(economy) if any(_usual(said.get(name)) for name in kept) else None
    return levers, {
        name: _cost(name, economy, levers[name].lever, said.get(name), stage, at) for name in kept
    }


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if not data.get(name):
        raise InvalidParameterError(f"{name} is missing; must be given")
    return data[name]


def _keys(what: str, data: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in data:
        if key not in known:
            raise unknown_name(f"entry of a {what}", key, known)


def unknown_of(name: str, data: Mapping[str, Any]) -> Unknown:
    """An unknown or an instrument from plain data: a lever with bounds, start and prior."""
    _keys(f"lever {name!r}", data, (*_LEVER, *_BOUNDS))
    rest = {key: value for key, value in data.items() if key in _BOUNDS}
    if "prior" in rest:
        mean, spread = rest["prior"]
        rest["prior"] = (float(mean), float(spread))
    return Unknown(_lever(name, {k: v for k, v in data.items() if k not in _BOUNDS}), **rest)


def _lever(name: str, data: Mapping[str, Any]) -> Lever:
    _keys(f"lever {name!r}", data, _LEVER)
    if "path" not in data:
        raise InvalidParameterError(f"lever {name!r} has no path; must name a parameter")
    return Lever(**data)


def _usual(given: Any) -> bool:
    return given is None or (isinstance(given, Mapping) and "base" not in given)


def _cost(name: str, economy: Model, lever: Any, given: Any, stage: str | None, at: Any) -> Cost:
    """The cost of a lever at a stage: as given, the rest as usual."""
    if given is not None and not isinstance(given, Mapping):
        return cost_of(given)
    fields = dict(given or {})
    _keys(f"cost of {name!r}", fields, _COST)
    here = fields.pop("stages", {}).get(stage, {})
    _keys(f"cost of {name!r} at the stage {stage!r}", here, _COST[:-1])
    fields |= here
    if "base" in fields and "price" in fields:
        raise InvalidParameterError(
            f"cost of {name!r} gives base and price; must give one: money for a unit, or for the "
            "first per cent over one per cent of the flow"
        )
    price = fields.pop("price", None)
    if "base" in fields:
        return Cost(**fields)
    return dataclasses.replace(usual_cost(economy, lever, at=at, price=price), **fields)


def _aim(economy: Model, data: Mapping[str, Any]) -> Any:
    rest = {key: value for key, value in data.items() if key != "kind"}
    if data.get("kind", "moment") == "moment":
        return read(rest.get("moment", rest)).bind(economy)
    if data["kind"] not in _AIMS:
        raise unknown_name("kind of objective", data["kind"], list(_AIMS))
    try:
        # Of types: callables of unlike signature, of which the checker sees ``object``.
        return _AIMS[data["kind"]](economy, **rest)  # type: ignore[operator]
    except TypeError as error:
        raise InvalidParameterError(f"objective {dict(data)}: {error}") from None
