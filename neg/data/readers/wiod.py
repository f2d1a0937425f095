"""Read the World Input-Output Database as wide CSV, releases of 2013 and 2016."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from neg.core.checks import check_choice
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.files import FileFormat, Row, Sheet, Source, open_sheet, origin_of
from neg.data.readers.marks import decimal_mark, numbers_of
from neg.data.readers.text import match_names, one_year, read_year
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
class _Cells:
    """The cells of the file with their labels: per column (place, number), per row likewise."""

    columns: list[tuple[str, int]]
    names: list[str]  # of the columns, as the file has them
    codes: list[str]  # of the columns; empty where the file does not say them
    rows: list[tuple[str, str, str, str, int]]  # code, description, place, number, line
    values: np.ndarray
    year: int | None


def read_wiod(
    source: Source,
    *,
    year: int | None = None,
    margins: str = "taxes",
    inventories: str = "keep",
    value_added: str = "error",
    floor: float = 1e-3,
    balance_tolerance: float = 1e-3,
    form: FileFormat = FileFormat(),  # noqa: B008  (frozen)
) -> Table:
    """Read a world input-output table in one of its two wide layouts.

    Release of 2016 as data frame: columns ``IndustryCode, IndustryDescription, Country, RNr,
    Year, vAUS1 ... vAUS56, ..., vAUS57 ... vAUS61, ..., TOT``. Spreadsheet of either release, as
    CSV or workbook: four header lines (code, description, country, ``c1`` ...) over four label
    columns. The last five columns of a country are the final uses (:data:`USES`); rows of the
    country ``TOT`` are taxes, adjustments, value added, transport margins and output.

    Arguments
        source: a path (text, ``.xlsx``, ``.dta``, ``.parquet``) or a DataFrame.
        year: which year to take where the file has the column ``Year``; else the year of the data.
        margins: international transport margins, fob adjustments and purchases abroad are counted
            as ``"taxes"`` (net taxes) or ``"value_added"`` of the industry that pays them.
        inventories, value_added, floor, balance_tolerance: see :meth:`Draft.table`.
        form: how the file writes what it says, see :class:`FileFormat`.

    Raises :class:`InvalidDataError` and :class:`LabelMismatchError` with file, row and column.
    """
    check_choice("treatment of margins", margins, ("taxes", "value_added"))
    sheet = open_sheet(source, form)
    first_row = sheet.header()
    if any(name.casefold() == "industrycode" for name in first_row[1]):
        cells = _frame_layout(sheet, first_row[1], year)
    else:
        cells = _sheet_layout(sheet, [first_row, *sheet.rows], year)
    name = sheet.name
    upper = [row for row in cells.rows if row[2] != "TOT"]
    places = list(dict.fromkeys(row[2] for row in upper))
    sectors = list(dict.fromkeys(row[0] or row[1] for row in upper))
    n, S, F = len(places), len(sectors), len(USES)
    industries = [(place, k) for place in places for k in range(1, S + 1)]
    first = min((k for _, k in cells.columns if k > S), default=S + 1)
    finals = [(place, first + f) for place in places for f in range(F)]
    position = {label: j for j, label in enumerate(cells.columns)}
    missing = [label for label in industries + finals if label not in position]
    if missing:
        place, k = missing[0]
        raise LabelMismatchError(f"{name}: column {k} of {place} is missing")
    _check_order(name, cells, places, sectors)
    used = cells.values[:, [position[label] for label in industries]]
    final = cells.values[:, [position[label] for label in finals]]
    bottom = {_kind(name, row): i for i, row in enumerate(cells.rows) if row[2] == "TOT"}
    for needed in ("TXSP", "VA"):
        if needed not in bottom:
            raise LabelMismatchError(f"{name}: the row of {_BOTTOM[needed]!r} is missing")
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
        year=cells.year,
        source=f"World Input-Output Database, {origin_of(name)}",
        notes=list(sheet.notes),
    )
    extra = used[others].sum(0).reshape(n, S)
    if margins == "taxes":
        draft.net_taxes_industry = draft.net_taxes_industry + extra
    else:
        draft.value_added = draft.value_added + extra
    draft.notes.append(
        f"transport margins and adjustments ({extra.sum():.6g} million USD) counted as {margins}"
    )
    _check_output(name, cells, n * S, draft.output.ravel(), balance_tolerance)
    return draft.table(
        inventories=inventories,
        value_added=value_added,
        floor=floor,
        balance_tolerance=balance_tolerance,
    )


def _frame_layout(sheet: Sheet, header: list[str], year: int | None) -> _Cells:
    names = match_names(sheet, header, ("IndustryCode", "Country", "RNr", "Year"))
    if "Country" not in names:
        raise LabelMismatchError(f"{sheet.name}, row 1: column 'Country' is missing")
    columns, taken = [], []
    for j, name in enumerate(header):
        match = re.fullmatch(r"v(\w{3})(\d+)", name, re.IGNORECASE)
        if match or name == "TOT":
            columns.append((match[1].upper(), int(match[2])) if match else ("TOT", 0))
            taken.append(j)
    found: list[tuple[tuple[str, str, str, str, int], list[str]]] = []
    years = set()
    for line, fields in sheet.rows:
        if not any(fields):
            continue
        fields = [*fields, *[""] * (len(header) - len(fields))]
        if "Year" in names:
            now = read_year(sheet.name, line, "Year", fields[names.index("Year")])
            years.add(now)
            if year is not None and now != year:
                continue
        label = [
            fields[names.index(name)].strip() if name in names else ""
            for name in ("IndustryCode", "IndustryDescription", "Country", "RNr")
        ]
        # Of types: four labels and a line: five, always.
        found.append(((*label, line), [fields[j] for j in taken]))  # type: ignore[arg-type]
    only = one_year(sheet, years, year)
    return _cells(sheet, columns, [header[j] for j in taken], [""] * len(taken), found, only)


def _sheet_layout(sheet: Sheet, lines: list[Row], year: int | None) -> _Cells:
    texts = [[text.strip() for text in fields] for _, fields in lines]
    top = next(
        (i for i, line in enumerate(texts) if any(re.fullmatch(r"c\d+", c) for c in line[4:])), None
    )
    if top is None or top < 3:
        raise LabelMismatchError(
            f"{sheet.name}: neither a header with 'IndustryCode' nor a header line c1, c2, ... "
            "found"
        )
    codes, words, countries, numbered = (
        [*line, *[""] * len(texts[top])] for line in texts[top - 3 : top + 1]
    )
    taken = [j for j, name in enumerate(numbered) if re.fullmatch(r"c\d+", name)]
    columns = [
        ("TOT", 0)
        if countries[j] in ("TOT", "") or "total" in words[j].lower()
        else (countries[j], int(numbered[j][1:]))
        for j in taken
    ]
    found = []
    for (line, _), text in zip(lines[top + 1 :], texts[top + 1 :], strict=True):
        if len(text) > 3 and re.fullmatch(r"[rc]\d+", text[3]):
            cells = [text[j] if j < len(text) else "nothing" for j in taken]
            found.append(((text[0], text[1], text[2] or "TOT", text[3][1:], line), cells))
    names = [f"{numbered[j]} of {countries[j] or 'TOT'}" for j in taken]
    return _cells(sheet, columns, names, [codes[j] for j in taken], found, year)


def _cells(
    sheet: Sheet,
    columns: list[tuple[str, int]],
    names: list[str],
    codes: list[str],
    found: list[tuple[tuple[str, str, str, str, int], list[str]]],
    year: int | None,
) -> _Cells:
    """Read the numbers; an empty cell, as the totals have them, is zero."""
    if not found:
        raise InvalidDataError(f"{sheet.name} holds no rows below its header")
    every = [
        (lambda j, line=label[4]: f"row {line}, column {names[j]}", texts) for label, texts in found
    ]
    decimal = decimal_mark(sheet.name, every, sheet.separator, sheet.form.decimal)
    values = np.zeros((len(found), len(columns)))
    for i, (label, texts) in enumerate(found):
        stripped = [text.strip() for text in texts]
        values[i] = numbers_of([text or "0" for text in stripped], decimal)
        for j in np.flatnonzero(~np.isfinite(values[i]))[:1]:
            raise InvalidDataError(
                f"{sheet.name}, row {label[4]}, column {names[j]}: {stripped[j]!r} is not allowed; "
                "must be a finite number"
            )
    return _Cells(columns, names, codes, [label for label, _ in found], values, year)


def _check_order(name: str, cells: _Cells, places: list[str], sectors: list[str]) -> None:
    """Refuse industries whose number, on either side of the table, is that of another one."""
    S = len(sectors)
    expected = [(place, sector) for place in places for sector in sectors]
    for i, (place, sector) in enumerate(expected):
        code, words, country, number, line = cells.rows[i] if i < len(cells.rows) else [""] * 5
        if (country, code or words) != (place, sector) or number not in ("", str(i % S + 1)):
            raise LabelMismatchError(
                f"{name}, row {line}: industry {code or words!r} (number {number}) of {country!r} "
                f"stands where {sector!r} of {place!r} is expected; every country must list the "
                f"same {S} industries in the same order"
            )
    for (place, k), code, column in zip(cells.columns, cells.codes, cells.names, strict=True):
        if 1 <= k <= S and code and code != sectors[k - 1]:
            raise LabelMismatchError(
                f"{name}: column {column} is {code!r} of {place}, row {k} is {sectors[k - 1]!r}; "
                "rows and columns must list the same industries in the same order"
            )


def _kind(name: str, row: tuple[str, str, str, str, int]) -> str:
    """Tell which row below the industries this is, by its code or its description."""
    code, description, _, _, line = row
    for kind, words in _BOTTOM.items():
        if code == kind or words in description.lower():
            return kind
    raise LabelMismatchError(f"{name}, row {line}: {description or code!r} is not known")


def _check_output(
    name: str, cells: _Cells, count: int, output: np.ndarray, tolerance: float
) -> None:
    """Compare the total column of the file, if it has one, with the row sums."""
    if ("TOT", 0) not in cells.columns:
        return
    stated = cells.values[:count, cells.columns.index(("TOT", 0))]
    bad = np.flatnonzero(np.abs(stated - output) > tolerance * np.maximum(np.abs(stated), 1.0))
    if bad.size:
        code, words, place, _, line = cells.rows[bad[0]]
        raise InvalidDataError(
            f"{name}, row {line} ({place} {code or words}): uses add up to "
            f"{output[bad[0]]:.10g}, the total says {stated[bad[0]]:.10g}"
        )
