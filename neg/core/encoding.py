"""What netCDF (classic) cannot hold, as something marked that it can: flags, integers, None."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.errors import InvalidDataError

_JSON = "json:"  # marks an attribute that is kept as JSON text
_KIND = "stored_kind"  # remembers the kind of number that a variable had
_NONE = "<none>"  # stands for None among texts


def plain(value: Any) -> Any:
    """Lists, numbers and texts for what JSON does not know (``default`` of :func:`json.dumps`)."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def encode(record: xr.Dataset) -> xr.Dataset:
    """Copy of the record that netCDF (classic) can hold; :func:`decode` undoes it.

    Raises :class:`InvalidDataError` for complex numbers, stacked labels, mixed kinds and integers
    beyond 2**53.
    """
    record = record.copy()
    for name in list(record.variables):
        if isinstance(record.indexes.get(name), pd.MultiIndex):
            raise InvalidDataError(f"coordinate {name!r} holds stacked labels; unstack it first")
        record[name] = _encode_variable(str(name), record[name])
    record.attrs = {key: _encode_attribute(value) for key, value in record.attrs.items()}
    return record


def _encode_variable(name: str, variable: xr.DataArray) -> xr.DataArray:
    values, mark = variable.values, None
    if values.dtype.kind == "c":
        raise InvalidDataError(f"variable {name!r} is complex; store its real and imaginary parts")
    if values.dtype.kind == "b":
        values, mark = values.astype(np.int8), "bool"
    elif values.dtype.kind in "iu" and values.dtype != np.int32:
        values, mark = _encode_integers(name, values), str(values.dtype)
    elif values.dtype.kind in "OT":
        values, mark = _encode_objects(name, values)
    attributes = {key: _encode_attribute(value) for key, value in variable.attrs.items()}
    if mark is not None:
        attributes[_KIND] = mark
    return xr.DataArray(values, dims=variable.dims, attrs=attributes)


def _encode_integers(name: str, values: np.ndarray) -> np.ndarray:
    limits = np.iinfo(np.int32)
    if values.size == 0 or (values.min() >= limits.min and values.max() <= limits.max):
        return values.astype(np.int32)
    if np.abs(values.astype(float)).max() > 2.0**53:
        raise InvalidDataError(f"variable {name!r} holds integers beyond 2**53")
    return values.astype(np.float64)


def _encode_objects(name: str, values: np.ndarray) -> tuple[np.ndarray, str]:
    """Texts (with None among them) stay texts; numbers with None become numbers with NaN."""
    present = [value for value in values.flat if not pd.isna(value)]
    if all(isinstance(value, str) for value in present):
        texts = [_NONE if pd.isna(value) else value for value in values.flat]
        return np.array(texts, dtype=str).reshape(values.shape), "text"
    try:
        numbers = [np.nan if pd.isna(value) else float(value) for value in values.flat]
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"variable {name!r} mixes kinds; must hold numbers or texts (None allowed)"
        ) from error
    return np.array(numbers).reshape(values.shape), "float64"


def _encode_attribute(value: Any) -> Any:
    if isinstance(value, str | float | int | np.number | np.ndarray) and not isinstance(
        value, bool
    ):
        return value
    return _JSON + json.dumps(value, default=plain)


def decode(record: xr.Dataset) -> xr.Dataset:
    """The record as it was before :func:`encode`."""
    for name in list(record.variables):
        variable = record[name]
        attributes = {key: _decode_attribute(value) for key, value in variable.attrs.items()}
        kind = attributes.pop(_KIND, None)
        values = variable.values
        if kind == "text" or values.dtype.kind in "SO":
            values = values.astype(str).astype(object)
            values[values == _NONE] = None
        elif kind is not None:
            values = values.astype(kind)
        record[name] = xr.DataArray(values, dims=variable.dims, attrs=attributes)
    record.attrs = {key: _decode_attribute(value) for key, value in record.attrs.items()}
    return record


def _decode_attribute(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_JSON):
        return json.loads(value[len(_JSON) :])
    return value
