"""Open any input, a file of text, a workbook or a frame, as rows of text with line numbers."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import pandas as pd

from neg.core.checks import check_choice
from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    MissingPackageError,
    unknown_name,
)

Source: TypeAlias = "str | Path | pd.DataFrame"
Row: TypeAlias = "tuple[int, list[str]]"

#: Separators that are looked for; where two split a file equally well, the earlier one is taken.
SEPARATORS = ("\t", ";", "|", ",")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BROKEN = (EOFError, gzip.BadGzipFile, zlib.error)
_LOOK = 30  # lines from which the separator is told
_UNREADABLE = {".xls", ".ods", ".zip", ".7z", ".rar", ".rds", ".rdata", ".sav", ".mat", ".feather"}


@dataclass(frozen=True)
class FileFormat:
    """How a file writes what it says; whatever is None is read from the file, or asked for.

    Arguments
        encoding: name of the encoding; by default UTF-8, UTF-16 or UTF-32 as the file shows, else
            cp1252 (reported).
        separator: one character between fields; by default tab, ``;``, ``|`` or ``,``.
        decimal: ``"."`` or ``","``; by default told from the numbers, refused where it is unclear.
        sheet: name of the sheet of a workbook; the first by default.
        year: name of the column of years in a panel.
        tariff: ``"rate"`` (0.05) or ``"percent"`` (5); by default rates, refused above one.
        totals: places and sectors that are sums of the others: ``"check"`` (left out where they
            add up, refused where they do not), ``"keep"``, or a list of labels to leave out.
        names: whether names of countries are turned into ISO 3166 alpha-3 codes.

    Raises :class:`UnknownNameError` or :class:`InvalidParameterError` for a choice that is none.
    """

    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    year: str = "year"
    tariff: str | None = None
    totals: str | Sequence[str] = "check"
    names: bool = False

    def __post_init__(self) -> None:
        if self.decimal is not None:
            check_choice("decimal mark", self.decimal, (".", ","))
        if self.tariff is not None:
            check_choice("unit of tariffs", self.tariff, ("rate", "percent"))
        if isinstance(self.totals, str):
            check_choice("treatment of totals", self.totals, ("check", "keep"))
        if self.separator is not None and len(self.separator) != 1:
            raise InvalidParameterError(
                f"separator = {self.separator!r} is not allowed; must be one character"
            )
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise unknown_name(
                    "encoding", self.encoding, ("utf-8", "utf-16", "cp1252", "and others of Python")
                ) from None


@dataclass
class Sheet:
    """Rows of text: ``(line, fields)``, the header first; notes of what was done to read them."""

    name: str
    rows: Iterator[Row]
    form: FileFormat
    separator: str = ","
    notes: list[str] = field(default_factory=list)

    def header(self) -> tuple[int, list[str]]:
        """Take the first row that is not blank; a file without one raises."""
        for line, fields in self.rows:
            if any(text.strip() for text in fields):
                return line, [text.strip() for text in fields]
        raise InvalidDataError(f"{self.name} is empty; must hold a header and rows below it")


def origin_of(name: str) -> str:
    """What attributes say of where data come from: the file, or that they were a frame."""
    return name if name == "DataFrame" else f"file {name}"


def open_sheet(source: Source, form: FileFormat, *, grid: bool = False) -> Sheet:
    """Open a path by its ending, or a frame; everything arrives as rows of text.

    Text (any other ending, ``.gz`` too), ``.xlsx``, ``.dta``, ``.parquet`` and frames are read. Of
    a frame the line 2 is the first row; a named index is a column and, for ``grid``, any index
    but the default one holds the labels of the rows.

    Raises :class:`MissingPackageError` where a package for the format is not installed, and
    :class:`InvalidDataError` for content that cannot be read, with the remedy.
    """
    if isinstance(source, pd.DataFrame):
        return Sheet("DataFrame", frame_rows("DataFrame", source, grid=grid), form)
    if not isinstance(source, str | PathLike):
        raise InvalidDataError(
            f"a {type(source).__name__} is not read; must be a path or a pandas DataFrame"
        )
    path = Path(source)
    if path.is_dir():
        raise InvalidDataError(f"{path.name} is a folder; must be a file")
    ending = path.suffix.lower()
    if ending in (".xlsx", ".xlsm"):
        return _workbook(path, form)
    if ending in (".dta", ".parquet"):
        frame = _stata(path) if ending == ".dta" else _parquet(path)
        return Sheet(path.name, frame_rows(path.name, frame, grid=grid), form)
    if ending in _UNREADABLE:
        raise InvalidDataError(
            f"{path.name}: files {ending} are not read; unpack it, or save it as .csv, .xlsx, .dta "
            "or .parquet, or pass a DataFrame"
        )
    notes: list[str] = []
    encoding = find_encoding(path, form.encoding, notes)
    lines = _lines(path, encoding)
    first = list(islice(lines, _LOOK))
    separator = form.separator or find_separator(first)
    if separator != ",":
        notes.append(f"fields are separated by {separator!r}")
    return Sheet(
        path.name, _split(path.name, chain(first, lines), separator), form, separator, notes
    )


def read_text(path: Path, form: FileFormat, notes: list[str]) -> str:
    """Return the whole text of a file in its encoding."""
    return "".join(_lines(path, find_encoding(path, form.encoding, notes)))


def find_encoding(path: Path, stated: str | None, notes: list[str]) -> str:
    """Tell the encoding of a file from its marks and bytes; cp1252 is noted as a guess."""
    with _open(path) as stream:
        try:
            head = stream.read(4096)
        except _BROKEN as error:
            raise InvalidDataError(f"{path.name} cannot be unpacked: {error}") from None
        if stated is not None:
            return "utf-8-sig" if codecs.lookup(stated).name == "utf-8" else stated
        for mark, name in _BOMS:
            if head.startswith(mark):
                return name
        if head.count(0):
            even, odd = head[::2].count(0), head[1::2].count(0)
            if min(even, odd) * 10 < max(even, odd) > len(head) // 4:
                return "utf-16-be" if even > odd else "utf-16-le"
            raise InvalidDataError(
                f"{path.name} holds no text; save it as .csv, .xlsx, .dta or .parquet"
            )
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while head:
                decoder.decode(head)
                head = stream.read(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            notes.append(
                "not UTF-8: read as cp1252; say FileFormat(encoding=...) if names look odd"
            )
            return "cp1252"
    return "utf-8"


def find_separator(lines: Sequence[str]) -> str:
    """Return the separator that splits the lines into most fields, equally many in each."""
    best, chosen = (-1.0, 0), ","
    for separator in SEPARATORS:
        try:
            fields = [
                len(row)
                for row in csv.reader(lines, delimiter=separator, skipinitialspace=True)
                if any(row)
            ]
        except csv.Error:
            continue
        if not fields or max(fields) < 2:
            continue
        usual = max(set(fields), key=fields.count)
        score = (float(usual > 1 and fields.count(usual) == len(fields)), usual)
        if score > best:
            best, chosen = score, separator
    return chosen


def frame_rows(name: str, frame: pd.DataFrame, *, grid: bool) -> Iterator[Row]:
    """Give the rows of a frame as text, the header first; numbers are written out exactly."""
    if frame.columns.nlevels > 1 or (grid and frame.index.nlevels > 1):
        raise InvalidDataError(f"{name} has labels of several levels; must have one (reset_index)")
    corner = ""
    if grid:
        plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
        if plain and frame.shape[0] == frame.shape[1] and _is_number(frame.iloc[:, 0]):
            raise InvalidDataError(f"{name} has no labels of its rows; set its index")
        if not plain:
            parts = [frame.index.name, frame.columns.name]
            corner = "\\".join(str(part) for part in parts if part is not None)
            if frame.columns.name is not None and frame.index.name is None:
                corner = f"\\{corner}"
            frame = frame.rename_axis(None).reset_index()
    elif any(level is not None for level in frame.index.names):
        frame = frame.reset_index()
    columns = [_texts(frame.iloc[:, j]) for j in range(frame.shape[1])]
    header = _texts(pd.Series(list(frame.columns), dtype=object))
    if grid and not plain:
        header[0] = corner
    yield 1, header
    for line, fields in enumerate(zip(*columns, strict=True), start=2):
        yield line, list(fields)


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column))


def _texts(column: pd.Series) -> list[str]:
    if pd.api.types.is_integer_dtype(column.dtype) and not column.hasnans:
        return list(map(str, column.tolist()))
    return [_text(value) for value in column.tolist()]


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _open(path: Path) -> BinaryIO:
    # Of types: a gzip file reads as a binary one.
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(path: Path, encoding: str) -> Iterator[str]:
    with _open(path) as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as stream:
        try:
            yield from stream
        except _BROKEN as error:
            raise InvalidDataError(f"{path.name} cannot be unpacked: {error}") from None
        except UnicodeError as error:
            raise InvalidDataError(
                f"{path.name} is not in the encoding {encoding!r} ({error}); say which one it has "
                "in FileFormat(encoding=...)"
            ) from None


def _split(name: str, lines: Iterable[str], separator: str) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidDataError(f"{name}, row {reader.line_num}: {error}") from None
        yield reader.line_num, fields


def _workbook(path: Path, form: FileFormat) -> Sheet:
    try:
        book = pd.ExcelFile(path, engine="openpyxl")
    except ImportError:
        raise _missing(path.name, "openpyxl") from None
    except Exception as error:  # the package has no error of its own for a broken file
        raise InvalidDataError(f"{path.name} is no workbook: {error}") from None
    with book:
        names = [str(sheet) for sheet in book.sheet_names]
        if form.sheet is not None and form.sheet not in names:
            raise unknown_name("sheet", form.sheet, names)
        chosen = form.sheet or names[0]
        # "NA" is a label (Namibia), only an empty cell is missing
        frame = pd.read_excel(
            book, sheet_name=chosen, header=None, dtype=object, keep_default_na=False, na_values=""
        )
    notes = [f"sheet {chosen!r} of {len(names)} was read"] if len(names) > 1 else []
    columns = [_texts(frame.iloc[:, j]) for j in range(frame.shape[1])]
    rows = enumerate((list(fields) for fields in zip(*columns, strict=True)), start=1)
    return Sheet(path.name, iter(rows), form, notes=notes)


def _stata(path: Path) -> pd.DataFrame:
    try:
        return pd.read_stata(path)
    except Exception as error:  # of several kinds for a broken file
        raise InvalidDataError(
            f"{path.name} is no file of Stata that can be read: {error}"
        ) from None


def _parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except ImportError:
        raise _missing(path.name, "pyarrow") from None
    except Exception as error:  # pyarrow's errors cannot be named without importing it
        raise InvalidDataError(f"{path.name} is no Parquet file: {error}") from None


def _missing(name: str, package: str) -> MissingPackageError:
    return MissingPackageError(
        f"{name} needs the package {package}: pip install {package}, or save the file as .csv"
    )
