"""A bifurcation diagram as a labelled data set: branches by points, and the special points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neg.bifurcation.tree import Tree
from neg.diagrams.basins import Basins
from neg.economy.delegate import Delegate
from neg.economy.model import Model

_ROWS: dict[str, tuple[str, str]] = {
    "parameter": ("", "parameter at each point"),
    "growth": ("1 / time", "largest growth rate of a small deviation"),
    "stable": ("1", "1 where deviations die out, 0 where one grows, NaN where it cannot be told"),
    "unstable": ("1", "number of growing directions among used cells"),
    "entering": ("1", "number of unused cells that would pay more"),
    "residual": ("1", "largest violation of the equilibrium conditions"),
    "iterations": ("1", "Newton steps"),
    "failures": ("1", "failed attempts before the point was reached"),
}
_CELLS: dict[str, tuple[str, str]] = {
    "x": ("mass", "distribution of mobile units"),
    "payoff": ("log", "payoff of each cell"),
}


def name_of(model: Model) -> str:
    """Name of an economy, without the parts and levers that were put on it."""
    while not type(model).name and isinstance(model, Delegate):
        model = model.base
    return type(model).name or type(model).__name__


def to_dataset(diagram: Tree, basins: Basins) -> xr.Dataset:
    """Branches as rows padded with NaN, special points and stable states reached in lists.

    Dimensions: ``branch``, ``point``, ``cell``, ``special``, ``basin`` (a stable state that the
    dynamics reached at a parameter value), ``searched`` (the parameter values at which they were
    followed). The attributes say what was solved, how it ended, what was searched and what not.
    """
    branches = diagram.branches
    most = max((len(branch) for branch in branches), default=0)
    cells = list(diagram.model.cell_labels)
    data: dict[str, Any] = {}
    for name, (units, meaning) in _ROWS.items():
        values = np.full((len(branches), most), np.nan)
        for i, branch in enumerate(branches):
            values[i, : len(branch)] = getattr(branch, name)
        data[name] = (("branch", "point"), values, {"units": units or "1", "long_name": meaning})
    for name, (units, meaning) in _CELLS.items():
        values = np.full((len(branches), most, len(cells)), np.nan)
        for i, branch in enumerate(branches):
            values[i, : len(branch)] = getattr(branch, name)
        data[name] = (
            ("branch", "point", "cell"),
            values,
            {"units": units, "long_name": meaning},
        )
    data |= _per_branch(diagram)
    data |= _per_special(diagram)
    data |= _per_basin(basins, len(cells))
    early = sum(not branch.converged for branch in branches)
    return xr.Dataset(
        data,
        coords={
            "branch": np.arange(len(branches)),
            "point": np.arange(most),
            "cell": cells,
            "special": np.arange(len(diagram.special)),
            "basin": np.arange(len(basins.states)),
            "searched": np.arange(len(basins.values)),
        },
        attrs={
            "title": f"Bifurcation diagram over {diagram.line.label}",
            "caption": (
                f"{len(branches)} branches of equilibria (one of each class of mirror images) "
                f"over {diagram.line.label} from {float(diagram.line.low):g} "
                f"to {float(diagram.line.high):g}."
            ),
            "status": "converged" if not early else f"{early} branches ended early",
            "model": name_of(diagram.model),
            "parameter": diagram.line.label,
            "low": float(diagram.line.low),
            "high": float(diagram.line.high),
            "notes": list(diagram.notes),
        },
    )


def _per_branch(diagram: Tree) -> dict[str, Any]:
    branches = diagram.branches

    def of(values: list[Any], meaning: str) -> tuple[str, np.ndarray, dict[str, str]]:
        texts = values and isinstance(values[0], str)
        array = np.array(values, dtype=object if texts else None)
        return "branch", array, {"units": "1", "long_name": meaning}

    return {
        "label": of([branch.label for branch in branches], "symmetry and clusters"),
        "symmetry": of([branch.symmetry.name for branch in branches], "symmetry group"),
        "images": of(list(diagram.images), "number of mirror images"),
        "depth": of(list(diagram.depth), "branch points between it and a start"),
        "parent": of([parent for parent, _ in diagram.parents], "branch it left; -1 for a start"),
        "start": of([_end(branch.start) for branch in branches], "why the branch begins"),
        "end": of([_end(branch.end) for branch in branches], "why the branch ends"),
        "trouble": of([branch.trouble.name.lower() for branch in branches], "last failed step"),
    }


def _end(end: Any) -> str:
    return "special point" if end is None else str(end.name).lower()


def _per_special(diagram: Tree) -> dict[str, Any]:
    special = diagram.special

    def of(name: str, values: list[Any], meaning: str, units: str = "1") -> dict[str, Any]:
        texts = bool(values) and isinstance(values[0], str)
        array = np.array(values, dtype=object if texts else None)
        return {f"special_{name}": ("special", array, {"units": units, "long_name": meaning})}

    cells = len(diagram.model.cell_labels)
    x = np.array([point.x for _, point in special]).reshape(len(special), cells)
    return {
        **of("branch", [number for number, _ in special], "branch on which it lies"),
        **of("kind", [str(point.kind) for _, point in special], "what happens there"),
        **of("parameter", [point.parameter for _, point in special], "parameter there"),
        **of("low", [point.interval[0] for _, point in special], "lower end of its interval"),
        **of("high", [point.interval[1] for _, point in special], "upper end of its interval"),
        **of("converged", [point.converged for _, point in special], "condition holds"),
        **of("multiplicity", [point.multiplicity for _, point in special], "critical modes"),
        **of("pattern", [point.pattern for _, point in special], "clusters of equal cells"),
        "special_x": (
            ("special", "cell"),
            x,
            {"units": "mass", "long_name": "distribution at the special point"},
        ),
    }


def _per_basin(basins: Basins, cells: int) -> dict[str, Any]:
    states = basins.states

    def of(dims: Any, values: Any, units: str, meaning: str) -> tuple[Any, Any, dict[str, str]]:
        return dims, np.array(values), {"units": units, "long_name": meaning}

    return {
        "basin_parameter": of("basin", [s.value for s in states], "1", "parameter there"),
        "basin_branch": of("basin", [s.branch for s in states], "1", "branch; -1 for none"),
        "basin_share": of(
            "basin", [s.share for s in states], "1", "share of random starts that end there"
        ),
        "basin_starts": of(
            "basin", [s.starts for s in states], "starts", "random starts that end there"
        ),
        "basin_growth": of("basin", [s.growth for s in states], "1 / time", "largest growth rate"),
        "basin_x": of(
            ("basin", "cell"),
            np.reshape([s.x for s in states], (len(states), cells)),
            "mass",
            "distribution reached",
        ),
        "searched_parameter": of(
            "searched", basins.values, "1", "where the dynamics were followed"
        ),
        "searched_starts": of(
            "searched", [basins.starts] * len(basins.values), "starts", "random starts followed"
        ),
        "searched_restless": of(
            "searched", basins.restless, "starts", "random starts that came to no stable rest"
        ),
    }


def to_frame(diagram: Tree, basins: Basins) -> pd.DataFrame:
    """One row for each branch: where it runs, where it is stable, what it hangs on.

    ``reached`` is the largest share of random starts that end on it at one parameter value.
    """
    rows = []
    for number, branch in enumerate(diagram.branches):
        value, _, stable = branch.outline()
        calm = value[(stable == 1) & np.isfinite(value)]
        reached = [state.share for state in basins.states if state.branch == number]
        rows.append(
            {
                "state": branch.label,
                "images": diagram.images[number],
                "from": branch.parameter.min(),
                "to": branch.parameter.max(),
                "stable_from": calm.min() if len(calm) else np.nan,
                "stable_to": calm.max() if len(calm) else np.nan,
                "parent": diagram.parents[number][0],
                "reached": max(reached, default=np.nan),
            }
        )
    return pd.DataFrame(rows).rename_axis("branch")
