"""Labels as files give them: twins, totals, names of countries, the corner of a matrix."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from neg.core.checks import check_choice, check_labels
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.countries import country_codes, find_code
from neg.data.readers.files import FileFormat
from neg.data.readers.text import Columns, Grid

#: What tables call the sum of all others.
TOTALS = {
    *("total", "totals", "sum", "all", "world", "wld", "grand total", "all countries"),
    *("all sectors", "totaal", "totale", "insgesamt", "summe", "gesamt", "alle", "somme"),
    *("tous", "toplam", "razem", "suma", "всего", "итого", "合计", "总计", "合計", "世界", "합계"),
}
Part: TypeAlias = "tuple[np.ndarray, Sequence[str], Sequence[str] | None]"
_LOOSE, _EXACT = 1e-2, 1e-9  # of a sum by its name, rounded in print; of one found by its numbers


def tidy_places(
    name: str, labels: Iterable[str], form: FileFormat, notes: list[str]
) -> dict[str, str]:
    """Return what each label is called from here on, and refuse one place under two labels.

    Accents are composed (NFC); with ``form.names`` names of countries become ISO codes. Labels that
    differ by case or leading zeros only, or as name and code of one country, raise
    :class:`LabelMismatchError`.
    """
    found = list(dict.fromkeys(labels))
    codes = {label: find_code(label) for label in found}
    named = [label for label in found if codes[label] not in (None, label)]
    if form.names:
        asked = () if isinstance(form.totals, str) else form.totals
        kept = [label for label in found if is_total(label) or label in asked]
        known = [label for label in found if label not in kept]
        renamed = dict(zip(known, country_codes(known, name), strict=True))
        notes.append(f"{len(named)} names of countries turned into ISO codes")
        renamed |= {label: label for label in kept}
    else:
        renamed = {label: unicodedata.normalize("NFC", label) for label in found}
        if 2 * len(named) > len(found):
            notes.append(
                f"countries are written as {named[0]!r}; FileFormat(names=True) turns them into "
                "ISO codes"
            )
    seen: dict[str, str] = {}
    for label in found:
        folded = renamed[label].casefold()
        keys = {folded, folded.lstrip("0") or "0"}
        if codes[label] is not None:
            keys.add(f"country {codes[label]}")
        for key in keys:
            other = seen.setdefault(key, label)
            if renamed[other] != renamed[label]:
                raise LabelMismatchError(
                    f"{name}: {other!r} and {label!r} are one place under two labels (case, "
                    "leading zeros, name and code); must be written in one way"
                )
    return renamed


def tidy_columns(table: Columns, columns: Sequence[str]) -> list[pd.Series]:
    """Return columns of places under their tidy names."""
    read = [table.labels(column) for column in columns]
    every = [label for column in read for label in column.unique()]
    renamed = tidy_places(table.name, every, table.form, table.notes)
    return [column.map(renamed) for column in read]


def tidy_grid(grid: Grid) -> None:
    """Give the rows and columns of a grid their tidy names, in place.

    Raises :class:`InvalidDataError` where one of them is the year of a panel.
    """
    years = {grid.form.year.casefold(), "year"}
    for label in (*grid.rows, *grid.columns):
        if label.casefold().strip() in years:
            raise InvalidDataError(
                f"{grid.name}: {label!r} is no place; a matrix holds one year: take the year out "
                "of it, or give one row per pair of places, where a column of years is read"
            )
    renamed = tidy_places(grid.name, [*grid.rows, *grid.columns], grid.form, grid.notes)
    grid.rows = [renamed[label] for label in grid.rows]
    grid.columns = [renamed[label] for label in grid.columns]
    check_labels(f"first column of {grid.name}", grid.rows)
    check_labels(f"header of {grid.name}", grid.columns)


def totals(
    name: str,
    kind: str,
    labels: Sequence[str],
    parts: Sequence[Part],
    form: FileFormat,
    notes: list[str],
) -> list[str]:
    """Return the labels that stand for the sum of all others and are to be left out.

    Arguments
        labels: all labels of the kind (``"place"``, ``"sector"``).
        parts: arrays with the labels of their first axis and, if they are of the same kind, of
            their second; missing is NaN.

    A label with the name of a total is left out if it adds up to 1 % in every part that has it,
    with what places sell at home or without;
    else :class:`InvalidDataError` asks, as for a label of another name that is the sum of three or
    more others in every digit.
    """
    if not isinstance(form.totals, str):
        out = [label for label in form.totals if label in labels]
        if out:
            notes.append(f"{kind}s left out as asked: {', '.join(out)}")
        return out
    if form.totals == "keep" or len(labels) < 2:
        return []
    suspects = [label for label in labels if is_total(label)]
    out = []
    for label in labels:
        skipped = {label, *suspects}
        named = label in suspects
        if not named and len(labels) - len(skipped) < 3:
            continue
        evidence = [_adds_up(part, label, skipped, _LOOSE if named else _EXACT) for part in parts]
        is_sum = True in evidence and False not in evidence
        if named and is_sum:
            out.append(label)
        elif named or is_sum:
            what = "looks like a total but is not" if named else "is exactly"
            raise InvalidDataError(
                f"{name}: {kind} {label!r} {what} the sum of all others; say "
                f"FileFormat(totals=[{label!r}]) to leave it out, or totals='keep'"
            )
    if out:
        notes.append(f"{kind}s left out as sums of the others: {', '.join(out)}")
    return out


def check_asked(name: str, form: FileFormat, known: Iterable[str]) -> None:
    """Refuse a total to be left out that the file has not."""
    found = set(known)
    for label in () if isinstance(form.totals, str) else form.totals:
        if label not in found:
            raise LabelMismatchError(
                f"{name}: {label!r} of totals is not in the file; must be one of its labels"
            )


def is_total(label: str) -> bool:
    """Whether a label has the name of a total."""
    word = label.strip().casefold()
    return word in TOTALS or word.startswith(("total ", "total,", "total:", "sum of "))


def _adds_up(part: Part, label: str, skipped: set[str], tolerance: float) -> bool | None:
    """Whether a line of an array is the sum of the others; None where it holds nothing."""
    values, rows, columns = part
    if label not in rows:
        return None
    if columns is not None:
        values = values[:, [j for j, other in enumerate(columns) if other not in skipped]]
    line = np.nan_to_num(values[list(rows).index(label)])
    if not line.any():
        return None
    others = np.nan_to_num(values[[i for i, x in enumerate(rows) if x not in skipped]])
    sums = [others.sum(axis=0)]
    if columns is not None:  # totals of trade often leave out what is sold at home
        inner = [x for x in rows if x not in skipped]
        outer = [x for x in columns if x not in skipped]
        home = np.array([[x == y for y in outer] for x in inner]).reshape(others.shape[:2])
        sums.append(np.where(home.reshape(*home.shape, *[1] * (others.ndim - 2)), 0, others).sum(0))
    return any(
        bool((np.abs(line - total) <= tolerance * np.maximum(np.abs(line), total)).all())
        for total in sums
    )


def grid_totals(grid: Grid) -> None:
    """Leave the totals among the places of a grid out, in place."""
    every = list(dict.fromkeys([*grid.rows, *grid.columns]))
    check_asked(grid.name, grid.form, every)
    parts = ((grid.values, grid.rows, grid.columns), (grid.values.T, grid.columns, grid.rows))
    gone = totals(grid.name, "place", every, parts, grid.form, grid.notes)
    rows = [i for i, label in enumerate(grid.rows) if label not in gone]
    columns = [j for j, label in enumerate(grid.columns) if label not in gone]
    grid.values = grid.values[np.ix_(rows, columns)]
    grid.rows = [grid.rows[i] for i in rows]
    grid.lines = [grid.lines[i] for i in rows]
    grid.columns = [grid.columns[j] for j in columns]


def orientation(
    grid: Grid, rows: str | None, words: Mapping[str, Sequence[str]], default: str
) -> str:
    """Tell what the rows of a grid are, as stated, as its corner says, or by default.

    The corner says it as ``home\\work`` (rows first), as ``workers by home``, or with the name of
    the rows alone. ``words`` gives for both meanings the patterns of words that stand for them. A
    corner that says something else, such as what is counted, raises; an empty one, or one that only
    names a code, leaves the default, with a note.
    """
    check_choice("meaning of the rows", default if rows is None else rows, words)
    said = _corner(grid.corner, words)
    if rows is not None:
        if said is not None and said != rows:
            grid.notes.append(f"the corner {grid.corner!r} says that rows are {said}: overruled")
        return rows
    if said is not None:
        grid.notes.append(f"rows are {said}: the corner says {grid.corner!r}")
        return said
    if grid.corner.strip() and (_meanings(grid.corner, words) or not _neutral(grid.corner)):
        raise InvalidDataError(
            f"{grid.name}, row 1: the corner {grid.corner!r} does not say what the rows are; give "
            f"rows={' or '.join(map(repr, words))}"
        )
    grid.notes.append(f"rows taken as {default}: the file does not say it")
    return default


_NEUTRAL = (
    *("id", "code", "fips", "geoid", "place", "region", "county", "country", "name", "label"),
    *("nuts", "lau", "unnamed", "index", "iso", "area", "district", "economy", "v1", "ags"),
)
_MARKS = ("\\", "/", "|", "→", "->", ">", " x ", "×", " to ")
_BY = re.compile(r"(?<![^\W_])by(?![^\W_])", re.IGNORECASE)
_AND = re.compile(r"\band\b|[&+,;\\/|→>×]|\s(?:x|to|by)\s", re.IGNORECASE)
#: Words for what is counted that also sound like a place: rows are what follows their "by".
_COUNTED = re.compile(r"\b(?:residents?|households?|jobs?|imports?|exports?)\b")


def _corner(corner: str, words: Mapping[str, Sequence[str]]) -> str | None:
    """What the corner says the rows are, if it names one or both meanings."""
    left, *rest = _BY.split(corner, maxsplit=1)
    if rest and (second := _meanings(_AND.split(rest[0].strip())[0], words)):
        first = _meanings(left, words)
        if len(first) == 1 and first != second and _only_place(left, words):
            return first.pop()  # rows by columns
        return second.pop() if len(second) == 1 else None
    for mark in _MARKS:
        left, found, right = corner.partition(mark)
        if found:
            break
    first, second = (_meanings(part, words) for part in (left, right))
    if len(first) == 1 and first != second:
        return first.pop()
    # Columns that are named beside rows that are not tell what is left for the rows.
    if not first and len(second) == 1 and (_neutral(left) or not left.strip()):
        return next(meaning for meaning in words if meaning not in second)
    return None


def _meanings(text: str, words: Mapping[str, Sequence[str]]) -> set[str]:
    plain = _plain(text)
    return {meaning for meaning, parts in words.items() if re.search(_pattern(parts), plain)}


def _pattern(parts: Iterable[str]) -> str:
    return rf"\b(?:{'|'.join(parts)})\b"


def _plain(text: str) -> str:
    """The words of a text, small, with one blank between them."""
    return " ".join(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))).casefold()


def _neutral(text: str) -> bool:
    return text.casefold().strip().startswith(_NEUTRAL)


def _only_place(text: str, words: Mapping[str, Sequence[str]]) -> bool:
    """Whether a text names places and nothing that is counted there."""
    plain = _plain(text)
    rest = re.sub(_pattern(part for parts in words.values() for part in parts), "", plain)
    known = all(word in ("of", "the") or word.startswith(_NEUTRAL) for word in rest.split())
    return known and not _COUNTED.search(plain)
