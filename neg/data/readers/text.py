"""What all readers share: text files into checked frames, errors that name file and row."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from neg.core.checks import check_labels
from neg.core.errors import InvalidDataError, LabelMismatchError, unknown_name


def open_text(path: Path) -> TextIO:
    """Open a text file, compressed (``.gz``) or not; a byte-order mark is skipped."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open("r", encoding="utf-8-sig", newline="")


def read_columns(
    path: Path,
    required: Sequence[str],
    optional: Sequence[str] = (),
    only: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """Read named columns as text; the index is the line number in the file.

    ``only`` keeps the rows where a column has a value, and refuses a value that none has.
    Raises :class:`LabelMismatchError` for missing or repeated columns, and
    :class:`InvalidDataError` for a row that is not as long as the header, or no rows at all.
    """
    with open_text(path) as stream:
        lines = csv.reader(stream)
        header = [name.strip() for name in next(lines, [])]
        check_labels(f"header of {path.name}", header)
        missing = [name for name in required if name not in header]
        if missing:
            raise LabelMismatchError(
                f"{path.name}, row 1: column {missing[0]!r} is missing; found {', '.join(header)}"
            )
        wanted = [j for j, name in enumerate(header) if name in {*required, *optional}]
        key = header.index(only[0]) if only else 0
        rows, line_numbers, seen = [], [], set()
        for line in lines:
            if not any(line):
                continue
            if len(line) != len(header):
                raise InvalidDataError(
                    f"{path.name}, row {lines.line_num}: {len(line)} fields; must be {len(header)}"
                )
            if only:
                seen.add(line[key])
                if line[key] != only[1]:
                    continue
            rows.append([line[j] for j in wanted])
            line_numbers.append(lines.line_num)
    if only and seen and not rows:
        raise unknown_name(only[0], only[1], sorted(seen))
    if not rows:
        raise InvalidDataError(f"{path.name} holds no rows below its header")
    return pd.DataFrame(rows, index=line_numbers, columns=[header[j] for j in wanted], dtype=str)


def labels(frame: pd.DataFrame, column: str, path: Path) -> pd.Series:
    """Return a column of labels, stripped; an empty one raises with its row."""
    stripped = frame[column].str.strip()
    empty = stripped.index[stripped == ""]
    if len(empty):
        raise InvalidDataError(f"{path.name}, row {empty[0]}: {column} is empty; must be a label")
    return stripped


def numbers(
    frame: pd.DataFrame,
    column: str,
    path: Path,
    *,
    low: float | None = None,
    missing: Sequence[str] = (),
) -> pd.Series:
    """Return a column as numbers; text, infinite values or values below ``low`` raise.

    Entries listed in ``missing`` become NaN; the caller reports how many there are.
    """
    text = frame[column].str.strip()
    gone = text.isin(list(missing)) if missing else pd.Series(False, index=text.index)
    values = pd.to_numeric(text.where(~gone), errors="coerce").astype(float)
    bad = ~gone & ~np.isfinite(values)
    allowed = "must be a finite number"
    if low is not None:
        bad |= values < low
        allowed += f" >= {low:g}"
    if bad.any():
        row = bad.index[bad][0]
        raise InvalidDataError(
            f"{path.name}, row {row}: {column} = {text[row]!r} is not allowed; {allowed}"
        )
    return values


def read_grid(path: Path) -> pd.DataFrame:
    """Read a matrix with row labels in the first column and column labels in the first row.

    Raises :class:`LabelMismatchError` for repeated labels and :class:`InvalidDataError`, with
    file, row and column, for cells that are no finite number.
    """
    with open_text(path) as stream:
        header = next(csv.reader(stream), [])
    check_labels(f"header of {path.name}", header[1:])
    try:
        frame = pd.read_csv(path, index_col=0, keep_default_na=False, na_values=[""])
    except pd.errors.ParserError as error:
        raise InvalidDataError(
            f"{path.name}: a row is longer than the header: {str(error).split('C error: ')[-1]}"
        ) from None
    if frame.shape[1] != len(header) - 1:
        raise InvalidDataError(f"{path.name}, row 2: longer than the header of {len(header)} cells")
    frame.index = frame.index.astype(str).str.strip()
    frame.columns = frame.columns.str.strip()
    check_labels(f"first column of {path.name}", list(frame.index))
    for column in frame.columns:
        if frame[column].dtype.kind not in "fiu":
            text = frame[column]
            frame[column] = pd.to_numeric(text, errors="coerce").astype(float)
            _refuse_cell(path, frame, column, frame[column].isna() & text.notna(), text)
        _refuse_cell(path, frame, column, np.isinf(frame[column]), frame[column])
    return frame.astype(float)


def complete(frame: pd.DataFrame, path: Path) -> np.ndarray:
    """Return the values of a grid; raise at the first empty cell."""
    values = frame.to_numpy(dtype=float)
    if np.isnan(values).any():
        i, j = np.argwhere(np.isnan(values))[0]
        raise InvalidDataError(
            f"{path.name}, row {i + 2} ({frame.index[i]}), column {frame.columns[j]}: "
            "the cell is empty; must be a number"
        )
    return values


def _refuse_cell(
    path: Path, frame: pd.DataFrame, column: str, bad: pd.Series, shown: pd.Series
) -> None:
    if bad.any():
        i = int(np.flatnonzero(bad.to_numpy())[0])
        raise InvalidDataError(
            f"{path.name}, row {i + 2} ({frame.index[i]}), column {column}: "
            f"{shown.iloc[i]!r} is not allowed; must be a finite number"
        )
