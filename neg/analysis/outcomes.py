"""Labelled outcomes of any solution: every number with its place, sector, unit and status."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neg.core.compilation import quick_jit
from neg.core.quantities import describe
from neg.core.status import Stability, Status
from neg.economy.model import Model


def labelled(solution: Any) -> xr.Dataset:
    """Outcomes of a short-run or long-run solution as a labelled data set.

    Arrays carry places, sectors, pairs or cells, as the model says (``model.labels``); cells carry
    their place, sector and group. Attributes hold the status of the solve, its residual, what is
    held fixed and, for a long-run equilibrium, whether it is stable.

    >>> from neg.economy.general import general_economy
    >>> from neg.solvers.short_run import short_run
    >>> economy = general_economy(
    ...     places=["a", "b"], sectors=["goods"], employment=[[1.0], [2.0]], theta=4.0, tau=1.5
    ... )
    >>> found = labelled(short_run(economy))
    >>> round(float(found["wage"].sel(place="b", sector="goods")), 4), found.attrs["status"]
    (0.9694, 'converged')
    """
    model = solution.model
    dataset = xr.Dataset(attrs=solve_attributes(solution))
    for name, value in _outcomes(solution).items():
        array = np.asarray(value)
        quantity = describe(name)
        dataset[name] = (axes_of(model, name, array.shape), array)
        dataset[name].attrs.update(
            label=quantity.label, units=quantity.unit, description=quantity.meaning
        )
    labels = {axis: list(names) for axis, names in model.labels.items() if axis in dataset.dims}
    dataset = dataset.assign_coords(labels)
    if "cell" in dataset.dims:
        where = model.cell_coordinates
        dataset = dataset.assign_coords(
            {f"cell_{kind}": ("cell", list(names)) for kind, names in where.items()}
        )
    return dataset


def axes_of(model: Model, name: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Axes of an outcome: those of the registry where they fit, else as the model says."""
    labels = model.labels
    registered = describe(name).axes
    if registered and shape == tuple(len(labels.get(axis, ())) for axis in registered):
        return registered
    known = model.axes_of(name, shape)
    return known if known is not None else tuple(f"{name}_{i}" for i in range(len(shape)))


@quick_jit
def _outcomes(solution: Any) -> dict[str, Any]:
    return solution.outcomes


def solve_attributes(solution: Any) -> dict[str, Any]:
    """Status, residual and, where there is one, stability of a solution, as plain attributes."""
    attributes: dict[str, Any] = {
        "status": Status(int(solution.status)).name.lower(),
        "residual": float(solution.residual),
        "reciprocal_condition": float(solution.condition),
        "steps": int(solution.steps),
        "held_fixed": _held_fixed(solution.model),
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
    return attributes


def _held_fixed(model: Model) -> str:
    """Who may move, and what else is held fixed, in one sentence."""
    size = np.asarray(model.groups.size())
    if (size == 1).all():
        words = "employment of every place and sector"
    else:
        words = f"the mass of each of {len(size)} mobility groups"
        words += f" ({int((size > 1).sum())} of them mobile)" if (size == 1).any() else ""
    if "sector" in model.labels and "hours" not in model.says:
        words += ", hours"
    return f"{words}, {model.held_fixed}"
