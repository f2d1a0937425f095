"""Labels are read: arrays with names are put into the order asked for, or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neg.core.checks import as_numbers, check_labels, check_shape
from neg.core.errors import InvalidShapeError, LabelMismatchError, unknown_name

_ALSO = {"exporter": "origin", "from": "origin", "importer": "destination", "to": "destination"}
"""Other names of axes, as users give them to the rows and columns of a table."""


def has_labels(value: Any) -> bool:
    """Whether a value carries names: a pandas or xarray object, or a mapping."""
    return isinstance(value, Mapping) or hasattr(value, "coords") or hasattr(value, "iloc")


def align(name: str, value: Any, axes: Mapping[str, Sequence[str]]) -> np.ndarray:
    """The numbers of ``value`` in the order of ``axes``, of size one along axes it does not have.

    ``axes`` maps each axis, in order, to its labels. A DataArray is read by the names of its
    dimensions and their labels; a DataFrame by the labels of rows and columns, which are the axes
    that their names say (``destination``, or ``importer``), else the first and the second; a
    Series or mapping by the labels of the one axis that it covers; other arrays have the shape of
    all axes, of the first ones, or are a number.

    Raises :class:`LabelMismatchError` for labels missing, unknown or repeated, and
    :class:`InvalidShapeError` for a shape that fits no axes.
    """
    if hasattr(value, "coords"):
        return _from_dataarray(name, value, axes)
    if hasattr(value, "columns"):
        return _from_frame(name, value, axes)
    if has_labels(value):
        return _from_series(name, dict(value.items()), axes)
    array = as_numbers(name, value)
    sizes = [len(labels) for labels in axes.values()]
    if array.ndim > len(sizes):
        raise InvalidShapeError(f"{name} has shape {array.shape}; must be {tuple(sizes)}")
    if array.ndim == 0:
        return array.reshape((1,) * len(sizes))
    # One entry along an axis holds for all of it.
    wanted = tuple(1 if given == 1 else n for n, given in zip(sizes, array.shape, strict=False))
    check_shape(name, array, wanted)
    return array.reshape(array.shape + (1,) * (len(sizes) - array.ndim))


def order_of(name: str, labels: Sequence[str], expected: Sequence[str]) -> list[int]:
    """Where each expected label stands among ``labels``; refused unless they are the same set."""
    found = [str(label) for label in labels]
    if set(found) != set(expected) or len(found) != len(expected):
        check_labels(name, found, list(expected))
    position = {label: k for k, label in enumerate(found)}
    return [position[label] for label in expected]


def _from_dataarray(name: str, value: Any, axes: Mapping[str, Sequence[str]]) -> np.ndarray:
    for dim in value.dims:
        if dim not in axes:
            raise unknown_name(f"dimension of {name}", dim, axes)
        if dim in value.coords:
            order = order_of(f"{dim} of {name}", value.coords[dim].values, axes[dim])
            value = value.isel({dim: order})
        elif value.sizes[dim] != len(axes[dim]):
            raise InvalidShapeError(
                f"{name} has {value.sizes[dim]} entries along {dim}; must have {len(axes[dim])}"
            )
    present = [axis for axis in axes if axis in value.dims]
    array = as_numbers(name, value.transpose(*present))
    return array.reshape([len(axes[axis]) if axis in present else 1 for axis in axes])


def _from_frame(name: str, value: Any, axes: Mapping[str, Sequence[str]]) -> np.ndarray:
    if len(axes) < 2:
        raise InvalidShapeError(f"{name} is a table; must have the axes {list(axes)} only")
    first, second = _axes_of_frame(name, value, list(axes))
    rows = order_of(f"rows of {name}", value.index, axes[first])
    columns = order_of(f"columns of {name}", value.columns, axes[second])
    array = as_numbers(name, value)[np.ix_(rows, columns)]
    if list(axes).index(first) > list(axes).index(second):
        array = array.T
    return array.reshape([len(axes[a]) if a in (first, second) else 1 for a in axes])


def _axes_of_frame(name: str, value: Any, axes: list[str]) -> tuple[str, str]:
    """What rows and columns are: as their names say, the first two axes where they say nothing."""
    said = [str(entry).casefold() for entry in (value.index.name, value.columns.name)]
    rows, columns = (found if (found := _ALSO.get(one, one)) in axes else None for one in said)
    if rows is None and columns is None:
        return axes[0], axes[1]
    if rows == columns:
        raise LabelMismatchError(f"rows and columns of {name} are both named {said[0]!r}")
    other = next(axis for axis in axes if axis not in (rows, columns))
    return rows or other, columns or other


def _from_series(
    name: str, value: Mapping[Any, Any], axes: Mapping[str, Sequence[str]]
) -> np.ndarray:
    found = [str(label) for label in value]
    fitting = [axis for axis, labels in axes.items() if set(found) == set(labels)]
    if not fitting:
        near = max(axes, key=lambda axis: len(set(found) & set(axes[axis])))
        check_labels(f"{near} of {name}", found, list(axes[near]))
    if len(fitting) > 1 and fitting != ["origin", "destination"]:
        raise LabelMismatchError(f"labels of {name} fit {fitting}; must fit one axis")
    if len(fitting) > 1:
        raise LabelMismatchError(
            f"{name} has one entry a place, which may be origin or destination; "
            "must be a table of both"
        )
    axis = fitting[0]
    by_label = {str(label): number for label, number in value.items()}
    array = as_numbers(name, [by_label[label] for label in axes[axis]])
    return array.reshape([len(array) if other == axis else 1 for other in axes])
