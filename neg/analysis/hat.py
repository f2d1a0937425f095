"""Exact hat algebra: changes between two equilibria of one economy, labelled."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neg.analysis.outcomes import labelled
from neg.core.errors import LabelMismatchError
from neg.core.quantities import describe

_WORDS = {
    "ratio": "after over before",
    "difference": "after less before",
    "log": "after over before, of its exponential",
}


def changes(before: Any, after: Any) -> xr.Dataset:
    """Every outcome after over before: ``x_hat = x' / x``, one variable for each outcome.

    What is in logs (payoffs) is compared by ``exp(x' - x)``, what may have either sign (balances)
    by ``x' - x``; labels say which. Exact for any size of change, since both are equilibria in
    levels; at a calibrated baseline, where prices are one, solving in levels is hat algebra
    (tested to 1e-10). Where both are zero the ratio is NaN. Attributes keep what is held fixed and
    how both solves ended.

    Raises :class:`LabelMismatchError` if the solutions differ in their labels.

    Source: Dekle, Eaton and Kortum (2008), IMF Staff Papers 55(3).
    """
    first, second = labelled(before), labelled(after)
    for name in first.coords:
        if name not in second.coords or not first[name].equals(second[name]):
            raise LabelMismatchError(f"the two solutions differ in their {name} labels")
    found = xr.Dataset(
        {
            name: change_of(str(name), first[name], second[name])
            for name in first.data_vars
            if name in second.data_vars
        }
    )
    found.attrs = {
        "held_fixed": first.attrs.get("held_fixed", ""),
        "status_before": first.attrs.get("status", ""),
        "status_after": second.attrs.get("status", ""),
    }
    return found


def change_of(name: str, before: xr.DataArray, after: xr.DataArray) -> xr.DataArray:
    """Change of one outcome, in the way that suits its kind."""
    kind = describe(name).change
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind == "difference":
            change = after - before
        elif kind == "log":
            change = after.copy(data=np.exp((after - before).values))
        else:
            change = after / before
    label = before.attrs.get("label", name)
    unit = before.attrs.get("units", "1") if kind == "difference" else "1"
    return change.assign_attrs(label=f"{label}, {_WORDS[kind]}", units=unit, change=kind)
