"""Labelled arrays: put into the order of the labels that are expected, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from neg.core.checks import check_labels
from neg.core.errors import InvalidShapeError, LabelMismatchError


def axis_labels(name: str, array: xr.DataArray, axis: str) -> list[str]:
    """Return the labels of one axis as text; an axis that is absent or has none raises."""
    if axis not in array.dims:
        raise InvalidShapeError(
            f"{name} has dimensions {tuple(map(str, array.dims))}; must have {axis!r}"
        )
    if axis not in array.coords:
        raise LabelMismatchError(f"{name} has no labels along {axis!r}; must name them")
    labels = [str(label) for label in array[axis].values]
    check_labels(f"{axis} of {name}", labels)
    return labels


def align(name: str, array: xr.DataArray, axes: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Return the values with the axes, and along each the labels, in the order of ``axes``.

    Raises :class:`InvalidShapeError` for other axes, and :class:`LabelMismatchError` for labels
    that repeat, are absent, or are not expected.
    """
    extra = [str(axis) for axis in array.dims if axis not in axes]
    if extra:
        raise InvalidShapeError(
            f"{name} has dimensions {tuple(map(str, array.dims))}; must be {tuple(axes)}"
        )
    take = []
    for axis, expected in axes.items():
        labels = axis_labels(name, array, axis)
        if set(labels) != set(expected):
            check_labels(f"{axis} of {name}", labels, list(expected))
        position = {label: i for i, label in enumerate(labels)}
        take.append([position[str(label)] for label in expected])
    return np.asarray(array.transpose(*axes).values)[np.ix_(*take)]
