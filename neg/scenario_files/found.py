"""What a fit or a policy found, as labelled data and as plain data for a record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from neg.estimation import learnt
from neg.estimation.levers import Unknown
from neg.estimation.result import Result as Found
from neg.scenario_files.schema import ScenarioFile


def of_fit(scenario: ScenarioFile, found: Found) -> xr.Dataset:
    """Unknowns, moments and what the data see, labelled."""
    data = found.problem
    unknowns, moments = list(data.problem.names), list(data.problem.moment_names)
    section = scenario.fit
    assert section is not None
    bounds = np.array([[section.unknowns[n].low, section.unknowns[n].high] for n in unknowns])
    one = {"units": "1"}
    variables: dict[str, Any] = {
        "value": ("unknown", [float(found.values[n]) for n in unknowns], one),
        "start": ("unknown", data.point.start, one),
        "low": ("unknown", bounds[:, 0], one),
        "high": ("unknown", bounds[:, 1], one),
        "target": ("moment", np.asarray(data.target), one),
        "reached": ("moment", [float(found.moments[n]) for n in moments], one),
        "slope": (("moment", "unknown"), found.jacobian, {"units": "moment per unknown"}),
    }
    coords: dict[str, Any] = {"unknown": unknowns, "moment": moments}
    if data.covariance is not None:
        known = learnt(found)
        ends = np.array([known.interval(name) for name in unknowns])
        variables |= {
            "standard_error": ("unknown", known.standard_errors, one),
            "interval": (("unknown", "end"), ends, one | {"label": "95 per cent"}),
            "deviation": ("moment", np.sqrt(np.diag(data.covariance)), one),
            "sensitivity": (("unknown", "moment"), known.sensitivity, one),
            "seen": ("direction", known.singular, one),
            "direction_of": (("direction", "unknown"), known.directions, one),
            "overidentification": ("test", list(map(float, known.overidentification)), one),
        }
        coords |= {
            "end": ["low", "high"],
            "direction": np.arange(len(known.singular)),
            "test": ["J", "degrees of freedom", "probability"],
        }
    return xr.Dataset(variables, coords)


def of_policy(
    levers: Mapping[str, Unknown],
    costs: Mapping[str, Any],
    labels: list[str],
    budgets: list[float | None],
    found: tuple[Found, ...],
) -> xr.Dataset:
    """Levers, spending, and what limits are worth, by budget."""
    names = list(levers)
    start = found[0].problem.point.start
    ends = [(one.low, one.high) for one in levers.values()]
    spent, shared = np.zeros((2, len(found), len(names)))
    for row, one in enumerate(found):
        for k, name in enumerate(names):
            if name not in costs:
                continue
            rest = dataclasses.replace(costs[name], share=1.0 - costs[name].share)
            spent[row, k], shared[row, k] = (
                cost.at(one.values[name], start[k], *ends[k])[0] for cost in (costs[name], rest)
            )
    limits = list(dict.fromkeys(key for one in found for key in one.shadow_prices))
    price = [[one.shadow_prices.get(key, 0.0) for key in limits] for one in found]
    money, own = {"units": "money of the table"}, {"units": "objective"}
    variables: dict[str, Any] = {
        "lever_value": (("package", "lever"), [[o.values[n] for n in names] for o in found]),
        "lever_start": ("lever", start),
        "spending": (("package", "lever"), spent, money),
        "shared": (("package", "lever"), shared, money | {"label": "paid by users"}),
        "lever_slope": (("package", "lever"), [[o.slope[n] for n in names] for o in found]),
        "budget": ("package", [np.nan if b is None else b for b in budgets], money),
        "gain": ("package", [one.gain for one in found], own),
        "kkt": ("package", [one.gradient for one in found], own),
        "shadow_price": (("package", "limit"), price, {"units": "objective per unit of the limit"}),
    }
    made = xr.Dataset(variables, {"package": labels, "lever": names, "limit": limits})
    for name in ("lever_value", "lever_start", "lever_slope"):
        made[name].attrs["units"] = "1"
    return made


def summary(kind: str, found: Sequence[Found], dataset: xr.Dataset) -> dict[str, Any]:
    """What a search found and how it ended, as plain data for a record."""
    told: list[dict[str, Any]] = []
    for one in found:
        entry: dict[str, Any] = {
            "status": "converged" if one.converged else "not converged",
            "first_order_conditions_left": one.gradient,
            "steps": one.steps,
            "equilibrium_solves": one.solves,
            "values": {name: float(value) for name, value in one.values.items()},
            "equilibrium_residual": float(one.solution.residual),
        }
        if kind == "fit":
            entry |= {"loss": one.loss, "rank": one.rank, "unknowns": len(one.values)}
            entry["moments"] = {name: float(value) for name, value in one.moments.items()}
            if "standard_error" in dataset:
                errors = dataset["standard_error"].to_series().to_dict()
                entry["standard_errors"] = errors
                entry["directions_not_seen"] = len(one.values) - one.rank
        else:
            entry |= {"objective": one.objective, "gain": one.gain}
            entry |= {"shadow_prices": one.shadow_prices, "slopes": one.slope}
        told.append(entry)
    return {"kind": kind, "found": told}
