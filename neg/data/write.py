"""Write results to CSV, netCDF or LaTeX: the whole file or none of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import xarray as xr

from neg.core.checks import check_choice
from neg.core.errors import InvalidDataError, InvalidShapeError

Labelled: TypeAlias = xr.Dataset | xr.DataArray | pd.DataFrame

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


def write_whole(path: str | Path, content: bytes) -> Path:
    """Write ``content`` to ``path`` through a temporary file beside it and one rename.

    A reader sees the old file or the new one, never a part of one; a failure leaves no trace.
    """
    target = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        # mkstemp makes private files; give the result the permissions of an ordinary new file
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def to_frame(data: Labelled) -> pd.DataFrame:
    """Return labelled data as one table in long form, a column per dimension and variable.

    Variables of a dataset that lack some of its dimensions would be repeated along them without
    notice: that raises :class:`InvalidShapeError`.
    """
    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, xr.DataArray):
        data = data.to_dataset(name=data.name or "value")
    ragged = [name for name, array in data.data_vars.items() if set(array.dims) != set(data.dims)]
    if ragged:
        raise InvalidShapeError(
            f"variable {ragged[0]!r} has dimensions {data[ragged[0]].dims}, the data set has "
            f"{tuple(data.dims)}; must be the same: write one variable at a time"
        )
    return data.to_dataframe().reset_index()


def write_csv(data: Labelled, path: str | Path, *, digits: int | None = None) -> Path:
    """Write labelled data in long form as CSV, a column per dimension and variable.

    ``digits`` are significant digits; by default as many as it takes to read back exactly.
    """
    form = None if digits is None else f"%.{digits}g"
    text = to_frame(data).to_csv(index=False, float_format=form, lineterminator="\n")
    return write_whole(path, text.encode("utf-8"))


def write_netcdf(data: xr.Dataset | xr.DataArray, path: str | Path) -> Path:
    """Write labelled data with all attributes as netCDF 3 (no library beyond ``scipy`` needed)."""
    if isinstance(data, xr.DataArray):
        data = data.to_dataset(name=data.name or "value")
    return write_whole(path, bytes(data.to_netcdf(engine="scipy", format="NETCDF3_64BIT")))


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
    if data.ndim not in (1, 2):
        raise InvalidShapeError(f"data has {data.ndim} dimensions; must have one or two")
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
    return write_whole(path, ("\n".join(lines) + "\n").encode("utf-8"))


def save(data: Labelled, path: str | Path) -> Path:
    """Write by the ending of the name: ``.csv``, ``.nc`` (netCDF) or ``.tex`` (LaTeX)."""
    writers = {".csv": write_csv, ".nc": write_netcdf, ".tex": write_latex}
    ending = Path(path).suffix
    check_choice("ending of a file name", ending, writers)
    return writers[ending](data, path)  # type: ignore[operator]


def _escape(text: object) -> str:
    return str(text).translate(_LATEX)


def _cell(value: object, digits: int) -> str:
    if isinstance(value, float):
        return "--" if value != value else f"{value:.{digits}f}"
    return _escape(value)
