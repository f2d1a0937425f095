"""Fits and policies from plain data, such as a configuration file holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.lever import Lever
from neg.economy.model import Model
from neg.estimation.costs import Cost, cost_of
from neg.estimation.frontier import Package, packages
from neg.estimation.levers import Unknown
from neg.estimation.minimum_distance import fit
from neg.estimation.moments import moments_of, read
from neg.estimation.policy import maximise
from neg.estimation.result import Result
from neg.estimation.welfare import atkinson, gap, real_income

_LEVER: tuple[str, ...] = (
    "path",
    "operation",
    "among",
    "origins",
    "destinations",
    "places",
    "sectors",
)
_LEVER = (*_LEVER, "groups", "cells", "kinds", "abroad_only")
_BOUNDS = ("low", "high", "start", "prior")
_AIMS = {"real-income": real_income, "atkinson": atkinson, "gap": gap}


def fit_from(economy: Model, data: Mapping[str, Any]) -> Result:
    """A fit from plain data: ``unknowns``, ``targets`` and how to search.

    >>> from neg.models.core_periphery import CorePeriphery
    >>> data = {
    ...     "unknowns": {"tau": {"path": "tau", "low": 1.0, "high": 3.0}},
    ...     "targets": {"index": {"outcome": "price_index", "places": ["0"], "value": 0.7}},
    ... }
    >>> bool(fit_from(CorePeriphery(tau=1.7), data).converged)
    True

    A target is a :class:`neg.estimation.moments.Moment` with its ``value``, and its ``weight`` or
    standard deviation (``sd``, then all have one); an unknown a lever with ``low``, ``high`` and
    perhaps ``start`` and ``prior`` (mean and standard deviation). ``search`` holds the fields of
    :class:`neg.estimation.minimum_distance.Search`.
    """
    _keys("fit", data, ("unknowns", "targets", "search"))
    unknowns = {name: _unknown(name, one) for name, one in _part(data, "unknowns").items()}
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
    return fit(
        economy,
        unknowns,
        moments_of(economy, targets),
        values,
        weights=weights or None,
        covariance=spreads or None,
        **dict(data.get("search", {})),
    )


def policy_from(economy: Model, data: Mapping[str, Any]) -> Result | tuple[Package, ...]:
    """A policy from plain data: ``instruments``, ``objective``, a ``budget`` or ``budgets``.

    An instrument is a lever with ``low``, ``high`` and perhaps a ``cost``: the price of a unit, or
    the fields of :class:`neg.estimation.costs.Cost`. The ``objective`` is ``{"kind":
    "real-income", "places": [...]}``, ``{"kind": "atkinson", "aversion": 2}``, ``{"kind": "gap",
    "rich": [...], "poor": [...]}``, or a moment. Floors are named objectives with ``at_least``.
    With ``budgets`` the best package of each is found.
    """
    _keys("policy", data, ("instruments", "objective", "budget", "budgets", "floors", "search"))
    given = {name: dict(one) for name, one in _part(data, "instruments").items()}
    costs = {name: _cost(one.pop("cost")) for name, one in given.items() if "cost" in one}
    instruments = {name: _unknown(name, one) for name, one in given.items()}
    objective = _aim(economy, _part(data, "objective"))
    floors = {}
    for name, one in dict(data.get("floors", {})).items():
        if "at_least" not in one:
            raise InvalidParameterError(f"floor {name!r} does not say at_least what; must")
        aim = {key: value for key, value in one.items() if key != "at_least"}
        floors[name] = (_aim(economy, aim), float(one["at_least"]))
    options: dict[str, Any] = dict(data.get("search", {})) | {"floors": floors or None}
    if "budgets" in data:
        if "budget" in data:
            raise InvalidParameterError("budget and budgets are both given; must be one of them")
        return packages(economy, instruments, objective, data["budgets"], costs, **options)
    budget = data.get("budget")
    return maximise(economy, instruments, objective, budget=budget, costs=costs or None, **options)


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if not data.get(name):
        raise InvalidParameterError(f"{name} is missing; must be given")
    return data[name]


def _keys(what: str, data: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in data:
        if key not in known:
            raise unknown_name(f"entry of a {what}", key, known)


def _unknown(name: str, data: Mapping[str, Any]) -> Unknown:
    _keys(f"lever {name!r}", data, (*_LEVER, *_BOUNDS))
    if "path" not in data:
        raise InvalidParameterError(f"lever {name!r} has no path; must name a parameter")
    chosen = {key: value for key, value in data.items() if key in _LEVER}
    rest = {key: value for key, value in data.items() if key in _BOUNDS}
    if "prior" in rest:
        mean, spread = rest["prior"]
        rest["prior"] = (float(mean), float(spread))
    return Unknown(Lever(**chosen), **rest)


def _cost(given: Any) -> Cost:
    if isinstance(given, Mapping):
        _keys("cost", given, ("base", "steep", "reach"))
        return Cost(**given)
    return cost_of(given)


def _aim(economy: Model, data: Mapping[str, Any]) -> Any:
    rest = {key: value for key, value in data.items() if key != "kind"}
    if "kind" not in data:
        return read(rest).bind(economy)
    if data["kind"] not in _AIMS:
        raise unknown_name("kind of objective", data["kind"], list(_AIMS))
    try:
        return _AIMS[data["kind"]](economy, **rest)  # type: ignore[operator]
    except TypeError as error:
        raise InvalidParameterError(f"objective {dict(data)}: {error}") from None
