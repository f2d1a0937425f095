"""From the lines of finished cases to one labelled data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from neg.analysis.outcomes import axes_of
from neg.core.quantities import describe
from neg.scenario_files.hours import joined, layers_of_hours, side_by_side
from neg.scenario_files.ledger import Case
from neg.scenario_files.points import at_point
from neg.scenario_files.reading import to_toml
from neg.scenario_files.resolve import TIME_LAYERS, label_of, outcome_names
from neg.scenario_files.units import baseline_key, is_number_of_edit, resolved_text


def assemble(made: Any, done: Mapping[str, Case]) -> xr.Dataset:
    """All cases of a sweep, in its order: levels, changes from their baselines, statuses.

    What was swept is a coordinate of ``case`` under the path that the file gives it.
    """
    rest = [{p: v for p, v in one.items() if not is_number_of_edit(p)} for one in made.points]
    first = resolved_text(to_toml(at_point(made.scenario, rest[0])), made.folder)
    model = first.baseline
    known = {repr(one): one for one in rest}
    keys = {
        text: baseline_key(at_point(made.scenario, one), made.folder) for text, one in known.items()
    }
    lines = [done[key] for key in made.keys]
    before = [done[keys[repr(one)]] for one in rest]
    dataset = xr.Dataset(coords={"case": np.arange(len(lines))})
    for path in dict.fromkeys(path for point in made.points for path in point):
        values = [point.get(path, np.nan) for point in made.points]
        array = np.array(values, dtype=float if _numbers(values) else object)
        dataset = dataset.assign_coords({path: ("case", array, {"units": "as in the file"})})
    for name, inner in outcome_names(first).items():
        levels, base = (_stacked(some, inner) for some in (lines, before))
        axes = ("case", *axes_of(model, inner, levels.shape[1:]))
        label, unit = label_of(name)
        dataset[name] = (axes, levels, {"label": label, "units": unit})
        change, unit = _change(inner, levels, base, unit)
        dataset[f"{name}_change"] = (axes, change, {"label": f"change of {label}", "units": unit})
    if TIME_LAYERS in made.scenario.output.variables:
        dataset[TIME_LAYERS] = _time_layers(lines, joined(model))
    dataset["solve_status"] = ("case", [line["status"] for line in lines], {"units": "1"})
    reasons = [line.get("reason", "") for line in lines]
    if any(reasons):
        dataset["solve_reason"] = ("case", reasons, {"units": "1"})
    residual = np.array([line["residual"] for line in lines], dtype=float)
    dataset["solve_residual"] = ("case", residual, {"units": "1"})
    own = {axis: list(names) for axis, names in model.labels.items() if axis in dataset.dims}
    dataset = dataset.assign_coords(own)
    dataset.attrs["held_fixed"] = model.held_fixed
    statuses = {line["status"] for line in (*lines, *before)}
    dataset.attrs["status"] = ", ".join(sorted(statuses))
    return dataset


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _stacked(lines: list[Case], name: str) -> np.ndarray:
    return np.array([line["outcomes"][name] for line in lines], dtype=float)


def _change(inner: str, levels: np.ndarray, base: np.ndarray, unit: str) -> tuple[np.ndarray, str]:
    """Per cent, or the difference of what may have either sign."""
    kind = describe(inner).change
    if kind == "difference":
        return levels - base, unit
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.exp(levels - base) if kind == "log" else levels / base
    return 100.0 * (ratio - 1.0), "per cent"


def _time_layers(lines: list[Case], pairs: np.ndarray) -> xr.DataArray:
    rows = []
    for line in lines:
        hours, trade = (np.array(line["outcomes"][n], float) for n in ("network.hours", "trade"))
        rows.append(layers_of_hours(hours, trade, pairs))
    return side_by_side(rows, xr.DataArray(np.arange(len(lines)), dims="case"))
