"""Numbers as people write them: decimal commas, groups of thousands, per cent; never guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np

from neg.core.errors import InvalidDataError

Group: TypeAlias = "tuple[Callable[[int], str], Sequence[str]]"
_NUMBER = re.compile(r"[+-]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][+-]?\d+)?")
_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+")
_SPACES = dict.fromkeys(map(ord, " \u00a0\u202f\u2009'\u2019"), "")
_SPACED = re.compile(r"[+-]?\d{1,3}(?:[ \u00a0\u202f\u2009'\u2019]\d{3})+(?:[.,]\d+)?")


def decimal_mark(name: str, cells: Iterable[Group], separator: str, stated: str | None) -> str:
    """Tell the decimal mark, ``"."`` or ``","``, from all numbers of a file together.

    A mark is decimal if some number has it last of both marks, or has it where no group of
    thousands can end. Where every number that has a comma (or, in files that are not separated by
    commas, a point) could as well be grouped in thousands, :class:`InvalidDataError` asks.

    Arguments
        cells: the cells of each row or column, with a function that says where one of them stands.
    """
    if stated is not None:
        return stated
    groups = list(cells)
    if separator == "," and not any("," in cell for _, group in groups for cell in group):
        return "."  # nothing to tell: the usual file, quickly
    proof: dict[str, str] = {}
    unclear = ""
    for at, i, cell in ((at, i, cell) for at, group in groups for i, cell in enumerate(group)):
        if "," not in cell and "." not in cell:
            continue
        text = cell.strip().rstrip("%").translate(_SPACES)
        if not _NUMBER.fullmatch(text):
            continue
        last = "," if text.rfind(",") > text.rfind(".") else "."
        other = "." if last == "," else ","
        if other in text or not _GROUPS.fullmatch(text):
            proof.setdefault(last if text.count(last) == 1 else other, f"{cell!r} in {at(i)}")
        elif text.count(last) > 1:
            proof.setdefault(other, f"{cell!r} in {at(i)}")
        elif last == "," or separator != ",":
            unclear = unclear or f"{at(i)}: {cell!r}"
    if len(proof) == 2:
        raise InvalidDataError(
            f"{name} writes {proof['.']} and {proof[',']}: two decimal marks; must have one "
            "(state it: FileFormat(decimal=...))"
        )
    if not proof and unclear:
        raise InvalidDataError(
            f"{name}, {unclear} may be a decimal fraction or thousands; say "
            "FileFormat(decimal=',') or FileFormat(decimal='.')"
        )
    return next(iter(proof), ".")


def number(text: str, decimal: str = ".") -> float:
    """Return the number that a cell says, NaN if it says none; groups of thousands are joined."""
    text = text.strip().replace("\u2212", "-")
    if _SPACED.fullmatch(text):
        text = text.translate(_SPACES)
    grouping = "," if decimal == "." else "."
    if grouping in text:
        whole, _, rest = text.partition(decimal)
        if not _GROUPS.fullmatch(whole) or grouping in rest:
            return math.nan
        text = whole.replace(grouping, "") + (decimal + rest if rest else "")
    if decimal == ",":
        text = text.replace(",", ".")
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def numbers_of(cells: list[str], decimal: str = ".") -> np.ndarray:
    """Return the numbers of many cells; a cell that is empty or no number gives NaN."""
    if decimal == "." and "_" not in "".join(cells):
        try:
            return np.fromiter(map(float, cells), float, len(cells))
        except ValueError:
            pass
    return np.array([number(cell, decimal) for cell in cells], dtype=float)


def percent(text: str, decimal: str = ".") -> tuple[float, bool]:
    """Return a rate and whether the cell itself says that it is in per cent (``19.5 %``)."""
    bare = text.strip()
    if bare.endswith("%"):
        return number(bare[:-1], decimal) / 100.0, True
    return number(bare, decimal), False
