"""Labelled outcomes of any solution: every number with its place, sector, unit and status."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
import xarray as xr

from neg.core.quantities import describe
from neg.core.status import Stability, Status
from neg.economy.general import GeneralEconomy


def labelled(solution: Any) -> xr.Dataset:
    """Outcomes of a short-run or long-run solution as a labelled data set.

    Arrays of the general economy carry places, sectors and pairs; those of other models their
    cells. Attributes hold the status of the solve, its residual, what is held fixed and, for a
    long-run equilibrium, whether it is stable.
    """
    model = solution.model
    dataset = xr.Dataset(attrs=solve_attributes(solution))
    for name, value in _outcomes(solution).items():
        array = np.asarray(value)
        quantity = describe(name)
        if isinstance(model, GeneralEconomy):
            axes = quantity.axes if len(quantity.axes) == array.ndim else _axes(model, array.shape)
        else:
            axes = ("cell",) if array.shape == (len(model.cell_labels),) else _plain(array)
        dataset[name] = (axes, array)
        dataset[name].attrs.update(
            label=quantity.label, units=quantity.unit, description=quantity.meaning
        )
    return dataset.assign_coords(_coordinates(model, dataset))


@eqx.filter_jit
def _outcomes(solution: Any) -> dict[str, Any]:
    return solution.outcomes


def solve_attributes(solution: Any) -> dict[str, Any]:
    """Status, residual and, where there is one, stability of a solution, as plain attributes."""
    attributes: dict[str, Any] = {
        "status": Status(int(solution.status)).name.lower(),
        "residual": float(solution.residual),
        "reciprocal_condition": float(solution.condition),
        "steps": int(solution.steps),
    }
    if hasattr(solution, "growth"):
        words = {Stability.STABLE: "true", Stability.UNSTABLE: "false"}
        attributes["stable"] = words.get(solution.stability, solution.stability.value)
        attributes["growth_rate"] = float(solution.growth)
        attributes["unused_cells"] = ", ".join(
            label
            for label, used in zip(
                solution.model.cell_labels, np.asarray(solution.used), strict=True
            )
            if not used
        )
    if isinstance(solution.model, GeneralEconomy):
        attributes["held_fixed"] = held_fixed(solution.model)
    return attributes


def held_fixed(model: GeneralEconomy) -> str:
    """What a counterfactual of this economy holds fixed, and by which rules, in one sentence."""
    numeraire = "world average wage" if model.numeraire == "world" else f"wage of {model.numeraire}"
    if any(model.homogeneous):
        numeraire = "price of the homogeneous good"
    return (
        f"{_labour(model)}, {_DEFICITS[model.deficit_rule]}, cost and spending shares, "
        f"elasticities, productivity, tastes, land; {_RENTS[model.rent_rule]}; "
        f"{_REBATES[model.rebate]}; numeraire: {numeraire}"
    )


_DEFICITS = {
    "fixed": "trade deficits in units of the numeraire",
    "world-share": "trade deficits as shares of world labour income",
    "own-share": "trade deficits as shares of own labour income (scaled to add up)",
    "zero": "trade deficits at zero",
}
_RENTS = {
    "local": "rents stay in their place",
    "pooled": "rents are pooled and shared in proportion to wages",
    "per-head": "rents are pooled and shared equally per head",
}
_REBATES = {
    "proportional": "rents, taxes and transfers reach people in proportion to wages",
    "lump-sum": "rents, taxes and transfers reach people equally per head of their place",
}


def _labour(model: GeneralEconomy) -> str:
    """Who may move, what holds them back, and whether hours answer wages."""
    size = np.asarray(model.groups.size())
    words = [
        "employment of every place and sector"
        if (size == 1).all()
        else f"the mass of each of {len(size)} mobility groups"
        + (f" ({int((size > 1).sum())} of them mobile)" if (size == 1).any() else "")
    ]
    if model.origin_share is not None:
        words.append("groups by place of origin")
    if model.moving_cost is not None:
        words.append("moving costs")
    dispersed = [
        f"{kind} ({float(value):g})"
        for kind, value in (("places", model.place_taste), ("sectors", model.sector_taste))
        if value is not None
    ]
    if dispersed:
        words.append(f"dispersion of tastes for {' and '.join(dispersed)}")
    words.append("hours" if model.labour_supply is None else "elasticity of hours to real wages")
    return ", ".join(words)


def _axes(model: GeneralEconomy, shape: tuple[int, ...]) -> tuple[str, ...]:
    places, sectors = model.shape
    known = {(places,): ("place",), (places, sectors): ("place", "sector")}
    return known.get(shape, tuple(f"axis_{i}" for i in range(len(shape))))


def _plain(array: np.ndarray) -> tuple[str, ...]:
    return tuple(f"axis_{i}" for i in range(array.ndim))


def _coordinates(model: Any, dataset: xr.Dataset) -> dict[str, list[str]]:
    if not isinstance(model, GeneralEconomy):
        return {"cell": list(model.cell_labels)} if "cell" in dataset.dims else {}
    labels = {
        "place": list(model.places),
        "origin": list(model.places),
        "destination": list(model.places),
        "sector": list(model.sectors),
        "use": _uses(model),
        "group": list(model.group_names),
    }
    return {axis: values for axis, values in labels.items() if axis in dataset.dims}


def _uses(model: GeneralEconomy) -> list[str]:
    names: dict[int, list[str]] = {}
    for label, use in zip(
        (*model.sectors, *model.kinds), (*model.industry_use, *model.final_use), strict=True
    ):
        names.setdefault(use, []).append(label)
    return ["all uses" if len(names) == 1 else "+".join(names[use]) for use in sorted(names)]
