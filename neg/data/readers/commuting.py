"""Read a commuting matrix: people by where they live and where they work."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from neg.core.checks import check_choice
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.files import FileFormat, Source, open_sheet, origin_of
from neg.data.readers.places import grid_totals, orientation, tidy_columns, tidy_grid
from neg.data.readers.text import Grid, read_columns, read_grid

#: Patterns of words in the corner of a matrix that say what its rows are. Workers, jobs and
#: employees are what is counted, wherever they are.
ROWS = {
    "residence": (
        *(r"home\w*", r"resid\w*", "live[sd]?", "living", r"house(?:hold)?s?", "origins?", "from"),
        *(r"wohn\w*", r"h geo\w*"),
    ),
    "workplace": (
        *(r"work(?!er|force|ing|load|day)\w*", "job", "employers?", r"dest\w*", r"offices?"),
        *(r"(?:place|location|area|region|county|district) of employment", "^to"),
        *(r"arbeits(?!kr[aä]|los|plätze|zeit)\w*", r"w geo\w*"),
    ),
}
_COLUMNS = ("residence", "workplace", "commuters")


def read_commuting(
    source: Source,
    *,
    residence: str = "residence",
    workplace: str = "workplace",
    commuters: str = "commuters",
    rows: str | None = None,
    empty: str = "keep",
    year: int | None = None,
    form: FileFormat = FileFormat(),  # noqa: B008  (frozen)
) -> xr.DataArray:
    """Read commuters ``[residence, workplace]`` from a pair list or a matrix.

    A file whose header names the three columns is a list of pairs; any other is a matrix with
    labels in its first row and first column. Pairs that are not listed and empty cells are zero and
    counted in ``attrs["notes"]``; labels are text and keep their leading zeros.

    Arguments
        source: a path (text, ``.xlsx``, ``.dta``, ``.parquet``) or a DataFrame.
        residence, workplace, commuters: names of the columns of a pair list, whatever their case.
        rows: what a row of a matrix is: ``"residence"`` or ``"workplace"``; by default as the
            corner says (``home\\work`` or ``work_id``), and residences where it is empty.
        empty: places where nobody lives or nobody works: ``"keep"`` them (reported), or
            ``"error"``.
        year: which year of a panel to take; without a column of years, the year of the data.
        form: how the file writes what it says, see :class:`FileFormat`.

    Raises :class:`InvalidDataError` or :class:`LabelMismatchError` naming file and row; a corner
    that says neither asks for ``rows``.

    >>> square = pd.DataFrame([[8.0, 2.0], [1.0, 9.0]], index=["01", "02"], columns=["01", "02"])
    >>> float(read_commuting(square, rows="residence").sel(residence="01", workplace="02"))
    2.0
    """
    check_choice("treatment of empty places", empty, ("keep", "error"))
    columns = (residence, workplace, commuters)
    if _is_list(source, columns, form):
        grid, year = _pairs(source, columns, year, form)
    else:
        grid = read_grid(source, form)
        tidy_grid(grid)
        grid.nonnegative()
        if not set(grid.rows) & set(grid.columns):
            raise LabelMismatchError(
                f"{grid.name}: no label of its rows ({grid.rows[0]}, ...) is one of its "
                f"columns ({grid.columns[0]}, ...); must name places in one way, or give the "
                "columns of a pair list with residence=, workplace=, commuters="
            )
        if orientation(grid, rows, ROWS, "residence") == "workplace":
            grid.values = grid.values.T
            grid.rows, grid.columns = grid.columns, grid.rows
    grid_totals(grid)
    places = list(dict.fromkeys([*grid.rows, *grid.columns]))
    frame = pd.DataFrame(grid.values, index=grid.rows, columns=grid.columns)
    square = frame.reindex(index=places, columns=places)
    notes = [*grid.notes, f"{int(square.isna().to_numpy().sum())} pairs are not in the file: zero"]
    values = square.fillna(0.0).to_numpy()
    for axis, what in ((1, "residents"), (0, "workers")):
        nobody = [place for place, n in zip(places, values.sum(axis), strict=True) if n == 0]
        if nobody and empty == "error":
            raise InvalidDataError(f"{grid.name}: place {nobody[0]!r} has no {what}")
        if nobody:
            notes.append(f"{len(nobody)} places have no {what}: {', '.join(nobody)}")
    attrs: dict[str, object] = {"unit": "persons", "source": origin_of(grid.name)}
    if year is not None:
        attrs["year"] = year
    return xr.DataArray(
        values,
        dims=("residence", "workplace"),
        coords={"residence": places, "workplace": places},
        name="commuters",
        attrs={**attrs, "notes": "; ".join(notes)},
    )


def _is_list(source: Source, columns: tuple[str, str, str], form: FileFormat) -> bool:
    """Whether a file is a list of pairs: its header, or the caller, names columns of one."""
    _, header = open_sheet(source, form).header()
    found = [name.casefold() for name in header]
    named = [name for name in columns if name.casefold() in found]
    stated = any(name not in _COLUMNS for name in columns)
    return stated or len(named) > 1 or any(name.casefold() in found[1:] for name in named)


def _pairs(
    source: Source, columns: tuple[str, str, str], year: int | None, form: FileFormat
) -> tuple[Grid, int | None]:
    """Pivot a pair list; a pair that stands twice raises with its row."""
    home, work, count = columns
    table = read_columns(source, form, text=(home, work), required=(count,), year=year)
    lives, works = tidy_columns(table, (home, work))
    keys = pd.DataFrame({"residence": lives, "workplace": works})
    table.refuse_repeated(keys, "pair")
    keys["count"] = table.numbers(count, low=0.0)
    order = list(dict.fromkeys([*keys["residence"], *keys["workplace"]]))
    frame = keys.pivot(index="residence", columns="workplace", values="count")
    values = frame.reindex(index=order, columns=order).to_numpy(dtype=float)
    grid = Grid(table.name, "", order, list(order), values, [0] * len(order), form, table.notes)
    return grid, table.year if table.year is not None else year
