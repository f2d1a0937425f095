"""Labelled outcomes of any solution: every number with its place, sector, unit and status."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np
import xarray as xr

from neg.models.general import GeneralEconomy
from neg.quantities import describe
from neg.status import Status


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
        stable = solution.stable
        attributes["stable"] = "cannot tell" if stable is None else str(stable).lower()
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
    """What a counterfactual of this economy holds fixed, in one sentence."""
    single = np.asarray(model.groups.size()) == 1
    labour = (
        "employment of every place and sector"
        if single.all()
        else f"the mass of each of {len(model.group_names)} mobility groups"
    )
    deficits = {
        "fixed": "trade deficits in units of the numeraire",
        "world-share": "trade deficits as shares of world labour income",
        "own-share": "trade deficits as shares of own labour income (scaled to add up)",
        "zero": "trade deficits at zero",
    }[model.deficit_rule]
    numeraire = "world average wage" if model.numeraire == "world" else f"wage of {model.numeraire}"
    if any(model.homogeneous):
        numeraire = "price of the homogeneous good"
    return (
        f"{labour}, {deficits}, cost and spending shares, elasticities, productivity, tastes, "
        f"land; numeraire: {numeraire}"
    )


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
    }
    return {axis: values for axis, values in labels.items() if axis in dataset.dims}


def _uses(model: GeneralEconomy) -> list[str]:
    names: dict[int, list[str]] = {}
    for label, use in zip(
        (*model.sectors, *model.kinds), (*model.industry_use, *model.final_use), strict=True
    ):
        names.setdefault(use, []).append(label)
    return ["all uses" if len(names) == 1 else "+".join(names[use]) for use in sorted(names)]
