"""What all readers share: any input into checked columns or a grid; errors name file and row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import pandas as pd

from neg.core.checks import check_labels
from neg.core.errors import InvalidDataError, LabelMismatchError, unknown_name
from neg.data.readers.files import FileFormat, Sheet, Source, open_sheet
from neg.data.readers.marks import decimal_mark, number, numbers_of, percent


@dataclass
class Columns:
    """Named columns as text, the index being the line of the file, and how to read them."""

    name: str
    frame: pd.DataFrame
    header: list[str]
    form: FileFormat
    separator: str
    notes: list[str]
    text: tuple[str, ...] = ()
    year: int | None = None

    def __contains__(self, column: str) -> bool:
        return column in self.frame

    @cached_property
    def decimal(self) -> str:
        """The decimal mark, told from all columns that are no labels."""
        others = self.frame.drop(columns=[name for name in self.text if name in self.frame])
        cells = [(partial(self._at, column), others[column].to_list()) for column in others]
        return decimal_mark(self.name, cells, self.separator, self.form.decimal)

    def _at(self, column: str, i: int) -> str:
        return f"row {self.frame.index[i]}, column {column}"

    def labels(self, column: str) -> pd.Series:
        """Return a column of labels; an empty one raises with its row."""
        empty = self.frame.index[self.frame[column] == ""]
        if len(empty):
            raise InvalidDataError(
                f"{self.name}, row {empty[0]}: {column} is empty; must be a label"
            )
        return self.frame[column]

    def numbers(
        self, column: str, *, low: float | None = None, missing: Sequence[str] = ()
    ) -> pd.Series:
        """Return a column as numbers; text, infinite values or values below ``low`` raise.

        Entries listed in ``missing`` become NaN; the caller reports how many there are.
        """
        text = self.frame[column]
        gone = text.isin(list(missing)) if missing else pd.Series(False, index=text.index)
        cells = text.where(~gone, "").to_list()
        values = pd.Series(numbers_of(cells, self.decimal), index=text.index)
        return self._checked(column, values, gone, low)

    def rates(self, column: str, *, missing: Sequence[str] = ("",)) -> pd.Series:
        """Return a column of ad valorem rates; per cent as stated, or as the cells say (``5 %``).

        A rate above one, where the unit is not stated, raises: it would be more than 100 %.
        """
        read = [percent(cell, self.decimal) for cell in self.frame[column]]
        values = pd.Series([value for value, _ in read], index=self.frame.index, dtype=float)
        marked = pd.Series([sign for _, sign in read], index=self.frame.index)
        gone = self.frame[column].isin(list(missing))
        if self.form.tariff == "percent":
            values = values.where(marked, values / 100.0)
            self.notes.append(f"{column} is given in per cent and was divided by 100")
        elif marked.any():
            if not (marked | gone).all():
                row = marked.index[~(marked | gone)][0]
                raise InvalidDataError(
                    f"{self.name}, row {row}: {column} = {self.frame[column][row]!r} has no % "
                    "sign, others have; say FileFormat(tariff='percent') or 'rate'"
                )
            self.notes.append(f"{column} is given in per cent and was divided by 100")
        elif self.form.tariff is None and (values > 1).any():
            row = values.index[values > 1][0]
            raise InvalidDataError(
                f"{self.name}, row {row}: {column} = {self.frame[column][row]!r} would be "
                f"{values[row]:.0%}; say FileFormat(tariff='percent'), or 'rate' if it is one"
            )
        return self._checked(column, values, gone, -1.0)

    def refuse_repeated(self, keys: pd.DataFrame, what: str) -> None:
        """Raise where the same ``keys`` stand in two rows, naming both and what may tell them."""
        again = keys.duplicated()
        if again.any():
            row = again.index[again][0]
            first = keys.index[(keys == keys.loc[row]).all(axis=1)][0]
            others = [name for name in self.header if name not in self.frame and name]
            hint = f"; columns that may tell them apart: {', '.join(others)}" if others else ""
            raise LabelMismatchError(
                f"{self.name}, row {row}: the {what} {' '.join(keys.loc[row])} occurs twice, first "
                f"in row {first}; must be unique{hint}"
            )

    def _checked(
        self, column: str, values: pd.Series, gone: pd.Series, low: float | None
    ) -> pd.Series:
        bad = ~gone & ~np.isfinite(values)
        allowed = "must be a finite number"
        if low is not None:
            bad |= values < low
            allowed += f" >= {low:g}"
        if bad.any():
            row = bad.index[bad][0]
            raise InvalidDataError(
                f"{self.name}, row {row}: {column} = {self.frame[column][row]!r} is not allowed; "
                f"{allowed}"
            )
        return values


@dataclass
class Grid:
    """A matrix with labels: ``values`` [row, column], NaN where the cell is empty."""

    name: str
    corner: str
    rows: list[str]
    columns: list[str]
    values: np.ndarray
    lines: list[int]
    form: FileFormat
    notes: list[str] = field(default_factory=list)

    def where(self, i: int, j: int) -> str:
        """Name one cell by row and column."""
        return f"row {self.lines[i]} ({self.rows[i]}), column {self.columns[j]}"

    def complete(self) -> np.ndarray:
        """Return the values; raise at the first empty cell."""
        for i, j in np.argwhere(np.isnan(self.values))[:1]:
            raise InvalidDataError(
                f"{self.name}, {self.where(i, j)}: the cell is empty; must be a number"
            )
        return self.values

    def nonnegative(self) -> None:
        """Raise at the first negative cell."""
        for i, j in np.argwhere(self.values < 0)[:1]:
            raise InvalidDataError(
                f"{self.name}, {self.where(i, j)}: {self.values[i, j]:g} is not allowed; "
                "must be >= 0"
            )


def read_columns(
    source: Source,
    form: FileFormat,
    *,
    text: Sequence[str],
    required: Sequence[str] = (),
    optional: Sequence[str] = (),
    choose: Callable[[list[str]], Sequence[str]] | None = None,
    year: int | None = None,
) -> Columns:
    """Read named columns as text; names match whatever their case and blanks around them.

    Arguments
        text: columns of labels; the first of them must be there unless ``optional`` names it.
        required, optional: further columns; ``choose(header)`` gives required ones instead.
        year: keep the rows of this year, where the file has the column ``form.year``. A file of
            several years without it raises; without such a column the year only labels the data.

    Raises :class:`LabelMismatchError` for missing or repeated columns, and
    :class:`InvalidDataError` for a row that is not as long as the header, or no rows at all.
    """
    sheet = open_sheet(source, form)
    first, header = sheet.header()
    spare = _unnamed(header)
    check_labels(f"header of {sheet.name}", [h for j, h in enumerate(header) if j not in spare])
    names = match_names(sheet, header, [*text, *required, *optional, form.year])
    if choose is not None:
        required = [name for name in choose([n for n in names if n]) if name not in text]
    needed = [name for name in (*text, *required) if name not in optional]
    missing = [name for name in needed if name not in names]
    if missing:
        raise LabelMismatchError(
            f"{sheet.name}, row {first}: column {missing[0]!r} is missing; found "
            f"{', '.join(name for name in header if name)}"
        )
    wanted = [j for j, name in enumerate(names) if name in {*text, *required, *optional}]
    key = names.index(form.year) if form.year in names else None
    rows, lines, years = [], [], set()
    known: dict[str, int] = {}
    for line, fields in sheet.rows:
        if not any(fields) or not "".join(fields).strip():
            continue
        if len(fields) != len(header) and any(fields[len(header) :]) or len(fields) < len(header):
            raise InvalidDataError(
                f"{sheet.name}, row {line}: {len(fields)} fields; must be {len(header)}"
            )
        for j in spare:
            if fields[j].strip():
                raise LabelMismatchError(
                    f"{sheet.name}, row {line}: {fields[j]!r} stands in a column without a name; "
                    f"name column {j + 1} in row {first}"
                )
        if key is not None:
            said = fields[key]
            if said not in known:
                known[said] = read_year(sheet.name, line, form.year, said)
            now = known[said]
            years.add(now)
            if year is not None and now != year:
                continue
        rows.append([fields[j].strip() for j in wanted])
        lines.append(line)
    only = one_year(sheet, years, year)
    if not rows:
        raise InvalidDataError(f"{sheet.name} holds no rows below its header")
    if spare:
        sheet.notes.append(f"{len(spare)} columns without name and content left out")
    ignored = [name for j, name in enumerate(names) if name and j not in {*wanted, key}]
    if ignored:
        shown = ", ".join(ignored[:6]) + (", ..." if len(ignored) > 6 else "")
        sheet.notes.append(f"columns that were not read: {shown}")
    frame = pd.DataFrame(rows, index=lines, columns=[names[j] for j in wanted], dtype=object)
    named = [name for name in names if name]
    return Columns(sheet.name, frame, named, form, sheet.separator, sheet.notes, tuple(text), only)


def match_names(sheet: Sheet, header: list[str], wanted: Sequence[str]) -> list[str]:
    """Return the header with names that differ from the wanted ones by case only put right."""
    names = list(header)
    for name in dict.fromkeys(wanted):
        if name in names:
            continue
        alike = [j for j, found in enumerate(header) if found.casefold() == name.casefold()]
        if len(alike) > 1:
            raise LabelMismatchError(
                f"{sheet.name}, row 1: {header[alike[0]]!r} and {header[alike[1]]!r} may both be "
                f"the column {name!r}; rename one"
            )
        for j in alike:
            names[j] = name
            sheet.notes.append(f"column {header[j]} taken as {name}")
    return names


def read_grid(source: Source, form: FileFormat) -> Grid:
    """Read a matrix with row labels in the first column and column labels in the first row.

    Labels stay text, leading zeros included. Raises :class:`LabelMismatchError` for repeated
    labels and :class:`InvalidDataError`, with file, row and column, for cells that are no finite
    number.
    """
    sheet = open_sheet(source, form, grid=True)
    first, header = sheet.header()
    while len(header) > 2 and not header[-1]:
        header.pop()
    columns = header[1:]
    check_labels(f"header of {sheet.name}", columns)
    if "" in columns:
        raise LabelMismatchError(
            f"{sheet.name}, row {first}: column {columns.index('') + 2} has no label"
        )
    width = len(columns)
    rows: list[str] = []
    lines: list[int] = []
    values: list[np.ndarray] = []
    later: list[tuple[int, list[str]]] = []
    for line, fields in sheet.rows:
        if not any(fields):
            continue
        if any(fields[width + 1 :]):
            raise InvalidDataError(
                f"{sheet.name}, row {line}: longer than the header: {len(fields)} fields; must be "
                f"{width + 1}"
            )
        cells = fields[1 : width + 1]
        cells += [""] * (width - len(cells))
        found = numbers_of(cells)
        if sheet.separator != "," or form.decimal == "," or _doubtful(cells, found):
            cells = [cell.strip() for cell in cells]
            later.append((len(rows), cells))  # the decimal mark is told from all of them together
        rows.append(fields[0].strip())
        lines.append(line)
        values.append(found)
    if not rows or not width:
        raise InvalidDataError(
            f"{sheet.name} holds no rows and columns below and beside its labels"
        )
    check_labels(f"first column of {sheet.name}", rows)
    grid = Grid(sheet.name, header[0], rows, columns, np.array(values), lines, form, sheet.notes)
    every = [(partial(grid.where, i), cells) for i, cells in later]
    decimal = decimal_mark(sheet.name, every, sheet.separator, form.decimal)
    for i, cells in later:
        grid.values[i] = [number(cell, decimal) for cell in cells]
        for j, cell in enumerate(cells):
            if cell and not np.isfinite(grid.values[i, j]):
                raise InvalidDataError(
                    f"{grid.name}, {grid.where(i, j)}: {cell!r} is not allowed; "
                    "must be a finite number"
                )
    return grid


def _doubtful(cells: list[str], found: np.ndarray) -> bool:
    return any(cells[j].strip() for j in np.flatnonzero(~np.isfinite(found)))


def _unnamed(header: list[str]) -> list[int]:
    """Columns without a name, as spreadsheets leave them behind the last one."""
    return [j for j, name in enumerate(header) if not name]


def read_year(name: str, line: int, column: str, text: str) -> int:
    """Return the year that a cell says; anything else raises with its row."""
    value = number(text)
    if not value.is_integer():
        raise InvalidDataError(
            f"{name}, row {line}: {column} = {text!r} is not allowed; must be a year"
        )
    return int(value)


def one_year(sheet: Sheet, years: set[int], year: int | None) -> int | None:
    """Return the year that is read, out of those in the file; several without a choice raise."""
    if year is not None and years and year not in years:
        raise unknown_name("year", year, sorted(years))
    if year is None and len(years) > 1:
        raise InvalidDataError(
            f"{sheet.name} holds the years {min(years)} to {max(years)}; choose one with year="
        )
    if len(years) > 1:
        sheet.notes.append(f"rows of {len(years) - 1} other years left out")
    return next(iter(years), None) if year is None else year
