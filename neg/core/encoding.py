"""What netCDF (classic) cannot hold, as something marked that it can: flags, integers, None."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.errors import InvalidDataError

_JSON = "json:"  # marks an attribute that is kept as JSON text
_KIND = "stored_kind"  # remembers the kind of number that a variable had
_NONE = "<none>"  # stands for None among texts
_NEITHER = -1  # stands for None among truth values


def plain(value: Any) -> Any:
    """Lists, numbers and texts for what JSON does not know (``default`` of :func:`json.dumps`)."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def encode(record: xr.Dataset) -> xr.Dataset:
    """Copy of the record that netCDF (classic) can hold; :func:`decode` undoes it.

    Integers that 32 bits cannot hold become doubles or, beyond 2**53, texts; truth values become
    bytes; attributes that are no text and no plain number become JSON text. Raises
    :class:`InvalidDataError` for complex numbers, stacked labels, mixed kinds, names that netCDF
    does not allow and attributes that JSON cannot hold.
    """
    record = record.copy()
    for name in list(record.variables):
        _check_name("variable", name)
        if isinstance(record.indexes.get(name), pd.MultiIndex):
            raise InvalidDataError(f"coordinate {name!r} holds stacked labels; unstack it first")
        record[name] = _encode_variable(str(name), record[name])
    for name in record.dims:
        _check_name("dimension", name)
    record.attrs = _encode_attributes(record.attrs)
    return record


def _check_name(kind: str, name: Any) -> None:
    """Classic netCDF: no slash, no control letter, no blank at the end."""
    text = name if isinstance(name, str) else ""
    if not text or "/" in text or text != text.rstrip() or not text.isprintable():
        raise InvalidDataError(
            f"{kind} {name!r} is not allowed in netCDF; must be a text without '/' or line breaks, "
            "and not end with a blank"
        )


def _encode_variable(name: str, variable: xr.DataArray) -> xr.DataArray:
    values, mark = variable.values, None
    if values.dtype.kind == "c":
        raise InvalidDataError(f"variable {name!r} is complex; store its real and imaginary parts")
    if values.dtype.kind == "b":
        values, mark = values.astype(np.int8), "bool"
    elif values.dtype.kind in "iu" and values.dtype != np.int32:
        values, mark = _encode_integers(values), str(values.dtype)
    elif values.dtype.kind in "OT":
        values, mark = _encode_objects(name, values)
    attributes = _encode_attributes(variable.attrs)
    if mark is not None:
        attributes[_KIND] = mark
    return xr.DataArray(values, dims=variable.dims, attrs=attributes)


def _encode_integers(values: np.ndarray) -> np.ndarray:
    limits = np.iinfo(np.int32)
    if values.size == 0 or (values.min() >= limits.min and values.max() <= limits.max):
        return values.astype(np.int32)
    if max(-int(values.min()), int(values.max())) > 2**53:  # more digits than a double has
        return values.astype(str)
    return values.astype(np.float64)


def _encode_objects(name: str, values: np.ndarray) -> tuple[np.ndarray, str]:
    """Texts, numbers or truth values, None among them: as texts, numbers with NaN, or bytes."""
    present = [value for value in values.flat if not pd.isna(value)]
    if all(isinstance(value, str) for value in present):
        texts = [_NONE if pd.isna(value) else value for value in values.flat]
        return np.array(texts, dtype=str).reshape(values.shape), "text"
    if all(isinstance(value, bool | np.bool_) for value in present):
        flags = [_NEITHER if pd.isna(value) else int(value) for value in values.flat]
        return np.array(flags, dtype=np.int8).reshape(values.shape), "bool or none"
    try:
        numbers = [np.nan if pd.isna(value) else float(value) for value in values.flat]
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"variable {name!r} mixes kinds; must hold numbers or texts (None allowed)"
        ) from error
    return np.array(numbers).reshape(values.shape), "float64"


def _encode_attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    for key in attributes:
        _check_name("attribute", key)
    return {str(key): _encode_attribute(key, value) for key, value in attributes.items()}


def _encode_attribute(name: Any, value: Any) -> Any:
    if isinstance(value, str) and value and not value.startswith(_JSON):
        return value
    if isinstance(value, float | np.floating):  # also numpy's, which are not Python's
        return float(value)
    if type(value) is int and abs(value) < 2**31:
        return value
    if isinstance(value, np.ndarray) and value.dtype == np.float64 and value.ndim == 1 < value.size:
        return value
    try:
        return _JSON + json.dumps(value, default=plain)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"attribute {name!r} is not allowed: {error}; must be text, numbers, or lists and "
            "dictionaries of them"
        ) from None


def decode(record: xr.Dataset) -> xr.Dataset:
    """The record as it was before :func:`encode`."""
    for name in list(record.variables):
        variable = record[name]
        attributes = {key: _decode_attribute(value) for key, value in variable.attrs.items()}
        kind = attributes.pop(_KIND, None)
        record[name] = xr.DataArray(
            _decode_values(variable.values, kind), dims=variable.dims, attrs=attributes
        )
    record.attrs = {key: _decode_attribute(value) for key, value in record.attrs.items()}
    return record


def _decode_values(values: np.ndarray, kind: str | None) -> np.ndarray:
    texts = values.dtype.kind in "SO"
    if texts and kind not in (None, "text"):  # integers beyond 2**53
        numbers = [int(text) for text in values.astype(str).flat]
        return np.array(numbers, dtype=kind).reshape(values.shape)
    if kind == "text" or texts:
        values = values.astype(str).astype(object)
        values[values == _NONE] = None
        return values
    if kind == "bool or none":
        flags = [None if value == _NEITHER else bool(value) for value in values.flat]
        return np.array(flags, dtype=object).reshape(values.shape)
    return values if kind is None else values.astype(kind)


def _decode_attribute(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_JSON):
        return json.loads(value[len(_JSON) :])
    return value
