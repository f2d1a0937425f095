"""Exact hat algebra: changes between two equilibria of one economy, labelled."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from neg.analysis.outcomes import labelled
from neg.core.errors import LabelMismatchError


def changes(before: Any, after: Any) -> xr.Dataset:
    """Every outcome after over before: ``x_hat = x' / x``, one variable for each outcome.

    Exact for any size of change, since both are equilibria in levels; at a calibrated baseline,
    where prices are one, solving in levels is hat algebra (tested to 1e-10). Where both are zero
    the change is NaN. Attributes keep what is held fixed and how both solves ended.

    Source: Dekle, Eaton and Kortum (2008), IMF Staff Papers 55(3).
    """
    first, second = labelled(before), labelled(after)
    for name in first.coords:
        if not first[name].equals(second[name]):
            raise LabelMismatchError(f"the two solutions differ in their {name} labels")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = second / first
    for name in ratio.data_vars:
        label = first[name].attrs.get("label", name)
        ratio[name].attrs = {"label": f"{label}, after over before", "units": "1"}
    ratio.attrs = {
        "held_fixed": first.attrs.get("held_fixed", ""),
        "status_before": first.attrs.get("status", ""),
        "status_after": second.attrs.get("status", ""),
    }
    return ratio
