"""Read a commuting matrix: people by where they live and where they work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.checks import check_choice
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.text import labels, numbers, open_text, read_columns, read_grid


def read_commuting(
    path: str | Path,
    *,
    residence: str = "residence",
    workplace: str = "workplace",
    commuters: str = "commuters",
    empty: str = "keep",
    year: int | None = None,
) -> xr.DataArray:
    """Read commuters ``[residence, workplace]`` from a pair list or a square matrix.

    A file whose header names the three columns is a list of pairs; any other is a matrix with the
    workplaces in its first row and the residences in its first column. Pairs that are not listed
    and empty cells are zero and counted in ``attrs["notes"]``.

    Arguments
        residence, workplace, commuters: names of the columns of a pair list.
        empty: places where nobody lives or nobody works: ``"keep"`` them (reported), or
            ``"error"``.

    Raises :class:`InvalidDataError` or :class:`LabelMismatchError` naming file and row.
    """
    check_choice("treatment of empty places", empty, ("keep", "error"))
    path = Path(path)
    with open_text(path) as stream:
        header = [name.strip('" ') for name in stream.readline().strip().split(",")]
    columns = (residence, workplace, commuters)
    frame = _pairs(path, columns) if set(columns) <= set(header) else read_grid(path)
    frame = frame.astype(float)
    if (frame.to_numpy() < 0).any():
        i, j = np.argwhere(frame.to_numpy() < 0)[0]
        raise InvalidDataError(
            f"{path.name}, row {i + 2} ({frame.index[i]}), column {frame.columns[j]}: "
            f"{frame.iloc[i, j]:g} is not allowed; must be >= 0"
        )
    places = list(dict.fromkeys([*frame.index, *frame.columns]))
    square = frame.reindex(index=places, columns=places)
    notes = [f"{int(square.isna().to_numpy().sum())} pairs are not in the file: zero"]
    values = square.fillna(0.0).to_numpy()
    for axis, what in ((1, "residents"), (0, "workers")):
        nobody = [place for place, n in zip(places, values.sum(axis), strict=True) if n == 0]
        if nobody and empty == "error":
            raise InvalidDataError(f"{path.name}: place {nobody[0]!r} has no {what}")
        if nobody:
            notes.append(f"{len(nobody)} places have no {what}: {', '.join(map(str, nobody))}")
    attrs: dict[str, object] = {"unit": "persons", "source": f"file {path.name}"}
    if year is not None:
        attrs["year"] = year
    return xr.DataArray(
        values,
        dims=("residence", "workplace"),
        coords={"residence": places, "workplace": places},
        name="commuters",
        attrs={**attrs, "notes": "; ".join(notes)},
    )


def _pairs(path: Path, columns: tuple[str, str, str]) -> pd.DataFrame:
    """Pivot a pair list; a pair that stands twice raises with its row."""
    home, work, count = columns
    frame = read_columns(path, columns)
    keys = pd.DataFrame({home: labels(frame, home, path), work: labels(frame, work, path)})
    again = keys.duplicated()
    if again.any():
        row = again.index[again][0]
        raise LabelMismatchError(
            f"{path.name}, row {row}: the pair {' '.join(keys.loc[row])} occurs twice; must be "
            "unique"
        )
    keys[count] = numbers(frame, count, path, low=0.0)
    order = list(dict.fromkeys([*keys[home], *keys[work]]))
    return keys.pivot(index=home, columns=work, values=count).reindex(index=order, columns=order)
