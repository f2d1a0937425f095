"""Read the World Input-Output Database as wide CSV, releases of 2013 and 2016."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neg.core.checks import check_choice
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.text import open_text
from neg.data.table import Table
from neg.data.treatments import Draft

USES = ("households", "non_profit", "government", "fixed_capital", "inventories")
#: Rows below the industries: code of the release of 2016, and words of the description.
_BOTTOM = {
    "II_fob": "total intermediate",
    "TXSP": "taxes less subsidies",
    "EXP_adj": "fob adjustments",
    "PURR": "purchases abroad by residents",
    "PURNR": "by non-residents",
    "VA": "value added",
    "IntTTM": "transport margins",
    "GO": "output at basic prices",
}


@dataclass
class _Sheet:
    """The cells of the file with their labels: per column (place, number), per row likewise."""

    columns: list[tuple[str, int]]
    rows: list[tuple[str, str, str, int]]  # code, description, place, line of the file
    values: np.ndarray


def read_wiod(
    path: str | Path,
    *,
    year: int | None = None,
    margins: str = "taxes",
    inventories: str = "keep",
    value_added: str = "error",
    floor: float = 1e-3,
    balance_tolerance: float = 1e-3,
) -> Table:
    """Read a world input-output table in one of its two wide layouts.

    Release of 2016 as data frame: columns ``IndustryCode, IndustryDescription, Country, RNr,
    Year, vAUS1 ... vAUS56, ..., vAUS57 ... vAUS61, ..., TOT``. Spreadsheet of either release saved
    as CSV: four header lines (code, description, country, ``c1`` ...) over four label columns. The
    last five columns of a country are the final uses (:data:`USES`); rows of the country ``TOT``
    are taxes, adjustments, value added, transport margins and output.

    Arguments
        margins: international transport margins, fob adjustments and purchases abroad are counted
            as ``"taxes"`` (net taxes) or ``"value_added"`` of the industry that pays them.
        inventories, value_added, floor, balance_tolerance: see :meth:`Draft.table`.
    """
    check_choice("treatment of margins", margins, ("taxes", "value_added"))
    path = Path(path)
    with open_text(path) as stream:
        lines = list(csv.reader(stream))
    sheet = _frame_layout(path, lines) if _is_frame(lines) else _sheet_layout(path, lines)
    upper = [i for i, row in enumerate(sheet.rows) if row[2] != "TOT"]
    places = list(dict.fromkeys(sheet.rows[i][2] for i in upper))
    sectors = list(dict.fromkeys(sheet.rows[i][0] or sheet.rows[i][1] for i in upper))
    n, S, F = len(places), len(sectors), len(USES)
    industries = [(place, k) for place in places for k in range(1, S + 1)]
    first = min((k for _, k in sheet.columns if k > S), default=S + 1)
    finals = [(place, first + f) for place in places for f in range(F)]
    position = {label: j for j, label in enumerate(sheet.columns)}
    missing = [label for label in industries + finals if label not in position]
    if missing:
        place, k = missing[0]
        raise LabelMismatchError(f"{path.name}: column {k} of {place} is missing")
    if [row[2] for row in sheet.rows[: n * S]] != [place for place in places for _ in sectors]:
        raise LabelMismatchError(
            f"{path.name}: every country must list the same {S} industries in the same order"
        )
    used = sheet.values[:, [position[label] for label in industries]]
    final = sheet.values[:, [position[label] for label in finals]]
    bottom = {_kind(path, row): i for i, row in enumerate(sheet.rows) if row[2] == "TOT"}
    for needed in ("TXSP", "VA"):
        if needed not in bottom:
            raise LabelMismatchError(f"{path.name}: the row of {_BOTTOM[needed]!r} is missing")
    others = [bottom[kind] for kind in ("EXP_adj", "PURR", "PURNR", "IntTTM") if kind in bottom]
    draft = Draft(
        places=places,
        sectors=sectors,
        uses=list(USES),
        intermediate=used[: n * S].reshape(n, S, n, S),
        final=final[: n * S].reshape(n, S, n, F),
        value_added=used[bottom["VA"]].reshape(n, S),
        net_taxes_industry=used[bottom["TXSP"]].reshape(n, S),
        net_taxes_final=final[[bottom["TXSP"], *others]].sum(0).reshape(n, F),
        unit="million USD",
        year=year,
        source=f"World Input-Output Database, file {path.name}",
    )
    extra = used[others].sum(0).reshape(n, S)
    if margins == "taxes":
        draft.net_taxes_industry = draft.net_taxes_industry + extra
    else:
        draft.value_added = draft.value_added + extra
    draft.notes.append(
        f"transport margins and adjustments ({extra.sum():.6g} million USD) counted as {margins}"
    )
    _check_output(path, sheet, n * S, draft.output.ravel(), balance_tolerance)
    return draft.table(
        inventories=inventories,
        value_added=value_added,
        floor=floor,
        balance_tolerance=balance_tolerance,
    )


def _is_frame(lines: list[list[str]]) -> bool:
    return bool(lines) and "IndustryCode" in lines[0]


def _frame_layout(path: Path, lines: list[list[str]]) -> _Sheet:
    header = [name.strip() for name in lines[0]]
    named = {name: header.index(name) for name in ("IndustryCode", "Country") if name in header}
    if "Country" not in named:
        raise LabelMismatchError(f"{path.name}, row 1: column 'Country' is missing")
    text = header.index("IndustryDescription") if "IndustryDescription" in header else None
    columns, places = [], []
    for j, name in enumerate(header):
        match = re.fullmatch(r"v(\w{3})(\d+)", name)
        if match or name == "TOT":
            columns.append((match[1], int(match[2])) if match else ("TOT", 0))
            places.append(j)
    rows, values = [], []
    for number, line in enumerate(lines[1:], start=2):
        if any(line):
            note = line[text] if text is not None else ""
            rows.append((line[named["IndustryCode"]], note, line[named["Country"]], number))
            values.append(_cells(path, number, line, places, header))
    return _Sheet(columns, rows, np.array(values))


def _sheet_layout(path: Path, lines: list[list[str]]) -> _Sheet:
    top = next(
        (i for i, line in enumerate(lines) if any(re.fullmatch(r"c\d+", c) for c in line[4:])), None
    )
    if top is None or top < 3:
        raise LabelMismatchError(
            f"{path.name}: neither a header with 'IndustryCode' nor a header line c1, c2, ... found"
        )
    numbered, countries = lines[top], lines[top - 1]
    places = [j for j, name in enumerate(numbered) if re.fullmatch(r"c\d+", name)]
    columns = [
        ("TOT", 0)
        if countries[j] in ("TOT", "") or "total" in lines[top - 2][j].lower()
        else (countries[j], int(numbered[j][1:]))
        for j in places
    ]
    rows, values = [], []
    for number, line in enumerate(lines[top + 1 :], start=top + 2):
        if len(line) > 3 and re.fullmatch(r"r\d+", line[3]):
            rows.append((line[0], line[1], line[2] or "TOT", number))
            values.append(_cells(path, number, line, places, numbered))
    return _Sheet(columns, rows, np.array(values))


def _cells(
    path: Path, number: int, line: list[str], places: list[int], header: list[str]
) -> list[float]:
    """Numbers of one line; an empty cell, as the totals have them, is zero."""
    try:
        values = [float(line[j] or 0) for j in places]
        if all(map(math.isfinite, values)):
            return values
    except (ValueError, IndexError):
        pass
    for j in places:
        shown = line[j] if j < len(line) else "nothing"
        try:
            good = math.isfinite(float(shown or 0))
        except ValueError:
            good = False
        if not good:
            break
    raise InvalidDataError(
        f"{path.name}, row {number}, column {header[j]}: {shown!r} is not allowed; "
        "must be a finite number"
    )


def _kind(path: Path, row: tuple[str, str, str, int]) -> str:
    """Tell which row below the industries this is, by its code or its description."""
    code, description, _, number = row
    for kind, words in _BOTTOM.items():
        if code == kind or words in description.lower():
            return kind
    raise LabelMismatchError(f"{path.name}, row {number}: {description or code!r} is not known")


def _check_output(
    path: Path, sheet: _Sheet, cells: int, output: np.ndarray, tolerance: float
) -> None:
    """Compare the total column of the file, if it has one, with the row sums."""
    if ("TOT", 0) not in sheet.columns:
        return
    stated = sheet.values[:cells, sheet.columns.index(("TOT", 0))]
    bad = np.flatnonzero(np.abs(stated - output) > tolerance * np.maximum(np.abs(stated), 1.0))
    if bad.size:
        row = sheet.rows[bad[0]]
        raise InvalidDataError(
            f"{path.name}, row {row[3]} ({row[2]} {row[0]}): uses add up to "
            f"{output[bad[0]]:.10g}, the total says {stated[bad[0]]:.10g}"
        )
