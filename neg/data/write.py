"""Write results to CSV, netCDF or LaTeX: the whole file or none of it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.checks import check_choice
from neg.core.errors import InvalidDataError, InvalidShapeError
from neg.core.records import check_writable, write_record, write_text

Labelled: TypeAlias = xr.Dataset | xr.DataArray | pd.DataFrame
"""What can be written."""

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)


def to_frame(data: Labelled) -> pd.DataFrame:
    """Labelled data as one table in long form.

    Where all variables have the same dimensions: a column per dimension and variable. Where they
    differ (a whole comparison: some by place, some by place and sector), one row per number: the
    columns ``variable``, ``value``, ``units`` (if any are given) and all dimensions, empty where a
    variable has none. Attributes that are no part of a table stay behind: netCDF keeps them.
    """
    if isinstance(data, pd.DataFrame):
        named = any(name is not None for name in data.index.names)
        plain = isinstance(data.index, pd.RangeIndex) and not named
        return data if plain else data.reset_index()
    if isinstance(data, xr.DataArray):
        data = data.to_dataset(name=data.name or "value")
    whole = set(data.dims)
    if all(set(array.dims) == whole for array in data.data_vars.values()):
        return data.to_dataframe().reset_index() if whole else pd.DataFrame([_scalars(data)])
    return _one_row_per_number(data)


def _scalars(data: xr.Dataset) -> dict[str, object]:
    return {str(name): array.item() for name, array in {**data.coords, **data.data_vars}.items()}


def _one_row_per_number(data: xr.Dataset) -> pd.DataFrame:
    own = [str(name) for name in (*data.dims, *data.coords)]
    if taken := sorted({"variable", "value", "units"} & set(own)):
        raise InvalidDataError(
            f"dimension {taken[0]!r} is not allowed in a data set whose variables have different "
            "dimensions; rename it, or write one variable at a time"
        )
    frames = []
    for name, array in data.data_vars.items():
        if array.dims:
            frame = array.to_dataframe(name="value").reset_index()
        else:
            frame = pd.DataFrame([{**_scalars(array.coords.to_dataset()), "value": array.item()}])
        frame["value"] = frame["value"].astype(object)  # numbers, texts and flags side by side
        frame.insert(0, "variable", str(name))
        if unit := array.attrs.get("units", array.attrs.get("unit")):
            frame["units"] = str(unit)
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True)
    return table[[c for c in dict.fromkeys(["variable", *own, "value", "units"]) if c in table]]


def write_csv(data: Labelled, path: str | Path, *, digits: int | None = None) -> Path:
    """Write labelled data in long form as CSV (see :func:`to_frame` for the columns).

    ``digits`` are significant digits; by default as many as it takes to read back exactly. Raises
    :class:`neg.core.errors.OutputError` where the file cannot be written.
    """
    check_writable(path)
    form = None if digits is None else f"%.{digits}g"
    table = to_frame(data)
    if digits is not None:  # pandas formats columns of numbers alone
        mixed = [c for c in table if table[c].dtype == object]
        table = table.assign(**{c: [_short(v, digits) for v in table[c]] for c in mixed})
    text = table.to_csv(index=False, float_format=form, lineterminator="\n")
    return write_text(path, text)


def _short(value: object, digits: int) -> object:
    return f"{value:.{digits}g}" if isinstance(value, float) and value == value else value


def write_netcdf(data: xr.Dataset | xr.DataArray, path: str | Path) -> Path:
    """Write labelled data with all attributes as netCDF 3 (no library beyond ``scipy`` needed).

    :func:`neg.core.records.read_record` reads it back as it was, with truth values, large
    integers and attributes that are None, lists or dictionaries. Raises as
    :func:`neg.core.records.write_record` does.
    """
    if isinstance(data, xr.DataArray):
        data = data.to_dataset(name=data.name or "value")
    return write_record(path, data)


def write_latex(
    data: pd.DataFrame | xr.DataArray,
    path: str | Path,
    *,
    caption: str = "",
    label: str = "",
    digits: int = 3,
) -> Path:
    """Write a two-dimensional table as LaTeX (``booktabs`` rules), labels escaped.

    Arguments
        data: a frame, or an array with one or two dimensions (rows, columns).
        caption, label: put the table into a ``table`` environment when ``caption`` is given.
        digits: decimals shown.
    """
    if digits < 0:
        raise InvalidDataError(f"digits = {digits} is not allowed; must be >= 0")
    dimensions = 0 if isinstance(data, xr.Dataset) else data.ndim
    if dimensions not in (1, 2):
        raise InvalidShapeError(
            f"data has {dimensions} dimensions; must have one or two"
            if dimensions
            else "data is a whole data set or one number; must be a table: write one variable"
        )
    frame = data.to_pandas() if isinstance(data, xr.DataArray) else data
    if isinstance(frame, pd.Series):
        frame = frame.to_frame(str(frame.name or "value"))
    lines = [
        rf"\begin{{tabular}}{{l{'r' * frame.shape[1]}}}",
        r"\toprule",
        " & ".join(["", *(_escape(column) for column in frame.columns)]) + r" \\",
        r"\midrule",
        *(
            " & ".join([_escape(name), *(_cell(value, digits) for value in row)]) + r" \\"
            for name, row in zip(frame.index, frame.itertuples(index=False), strict=True)
        ),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if caption:
        tag = [rf"\label{{{label}}}"] if label else []
        head = [r"\begin{table}", r"\centering", rf"\caption{{{_escape(caption)}}}", *tag]
        lines = [*head, *lines, r"\end{table}"]
    return write_text(path, "\n".join(lines) + "\n")


def save(data: Labelled, path: str | Path) -> Path:
    """Write by the ending of the name: ``.csv``, ``.nc`` (netCDF) or ``.tex`` (LaTeX)."""
    writers = {".csv": write_csv, ".nc": write_netcdf, ".tex": write_latex}
    ending = Path(path).suffix
    check_choice("ending of a file name", ending, writers)
    if not isinstance(data, Labelled):
        remedy = " (its .to_frame() is one)" if hasattr(data, "to_frame") else ""
        raise InvalidDataError(
            f"data is {type(data).__name__}; must be a Dataset, DataArray or DataFrame{remedy}, "
            "such as neg.analysis.labelled makes of a solution"
        )
    # Of types: callables of like signature, of which the checker sees ``object``.
    return writers[ending](data, path)  # type: ignore[operator]


def _escape(text: object) -> str:
    return str(text).translate(_LATEX)


def _cell(value: object, digits: int) -> str:
    if value is None:
        return "--"
    if isinstance(value, float | np.floating):
        return "--" if value != value else f"{value:.{digits}f}"
    return _escape(value)
