"""A geography from a file: a square matrix of distances, with or without the names of places."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from neg.core.checks import check_labels
from neg.core.errors import InvalidDataError, InvalidShapeError
from neg.places.layouts import Geography, from_distance

_SEPARATORS = ("\t", ";", ",")


def read_distances(path: str) -> Geography:
    """The places of a text file and how many steps they lie apart, ``[origin, destination]``.

    Columns are separated by comma, semicolon, tab or blanks. Names may stand in the first row, in
    the first column or in both; columns are put into the order of the rows by name. Raises
    :class:`neg.core.errors.InvalidDataError` with file, row and column for what is no number and
    :class:`neg.core.errors.LabelMismatchError` for names that do not match.

    A file of the lines ``,A,B``, ``A,0,1`` and ``B,1.5,0`` gives two places, the way from B to A
    half as long again as the way back.
    """
    rows = _rows(Path(path))
    name = Path(path).name
    cells = [row for _, row in rows]
    # Names that look like numbers are told by the shape.
    above = any(_number(cell) is None for cell in cells[0][1:]) or (
        _number(cells[0][0]) is None and len(cells) == len(cells[0])
    )
    below = cells[above:]
    named = any(_number(row[0]) is None for row in below)
    beside = named or (above and len(below[-1]) == len(below) + 1) if below else False
    labels = [row[0] for row in below] if beside else []
    columns = cells[0][-len(below) :] if above and below else []
    matrix = _matrix(name, rows[above:], int(beside))
    width = len(cells[0]) - (beside and len(cells[0]) > len(below)) if above else matrix.shape[1]
    if matrix.shape != (len(below), len(below)) or width != len(below):
        raise InvalidShapeError(f"{name} has {len(below)} rows and {width} columns; must be square")
    if columns:
        check_labels(f"first row of {name}", columns)
    if labels:
        check_labels(f"first column of {name}", labels)
    if labels and columns:
        check_labels(f"first column of {name}", sorted(labels), sorted(columns))
        matrix = matrix[:, [columns.index(label) for label in labels]]
    return from_distance(matrix, labels or columns or None)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Line number and stripped cells of every line that holds something."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidDataError(f"{path.name} is no text in UTF-8; save it as CSV UTF-8") from None
    lines = [(k, line) for k, line in enumerate(text.splitlines(), 1) if line.strip(" \t,;")]
    if not lines:
        raise InvalidDataError(f"{path.name} is empty; must hold a square matrix")
    separator = next((mark for mark in _SEPARATORS if mark in lines[0][1]), None)
    if separator is None:
        return [(k, line.split()) for k, line in lines]
    return [
        (k, [cell.strip() for cell in next(csv.reader([line], delimiter=separator))])
        for k, line in lines
    ]


def _matrix(name: str, rows: list[tuple[int, list[str]]], skip: int) -> np.ndarray:
    values = []
    for line, row in rows:
        if len(row) != len(rows[0][1]):
            raise InvalidDataError(
                f"{name}, row {line}: {len(row)} fields; must be {len(rows[0][1])}"
            )
        found = [_number(cell) for cell in row[skip:]]
        for column, (value, cell) in enumerate(zip(found, row[skip:], strict=True), 1 + skip):
            if value is None or not 0.0 <= value < np.inf:
                raise InvalidDataError(
                    f"{name}, row {line}, column {column}: {cell!r} is not allowed; must be a "
                    "finite number >= 0"
                )
        values.append(found)
    return np.array(values, dtype=float).reshape(len(rows), -1 if rows else 0)


def _number(cell: str) -> float | None:
    """The number, with a decimal comma too (which no separator can be within a cell)."""
    try:
        return float(cell.replace(",", "."))
    except ValueError:
        return None
