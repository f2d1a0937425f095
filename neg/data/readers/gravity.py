"""Read the gravity data of CEPII: one row per pair of countries (and year)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.errors import InvalidDataError, LabelMismatchError, unknown_name
from neg.data.readers.text import labels, numbers, open_text, read_columns

#: Columns that are labels or codes, not variables.
_CODES = ("year", "country_id_o", "country_id_d", "iso3_o", "iso3_d", "iso3num_o", "iso3num_d")
_EXISTS = ("country_exists_o", "country_exists_d")
_MISSING = ("", "NA", ".")


def read_gravity(
    path: str | Path,
    *,
    year: int | None = None,
    variables: Sequence[str] | None = None,
    places: Sequence[str] | None = None,
) -> xr.Dataset:
    """Read CEPII gravity data: ``iso3_o, iso3_d, dist, contig, comlang_off, tradeflow_...``.

    Returns pair variables ``[origin, destination]``; variables of one country (``gdp_o``, ``pop_d``
    and so on, both ends) become ``gdp`` [place]. Pairs that the file does not list, empty cells and
    ``NA`` are NaN and counted in ``attrs["notes"]``. Units are those of the data base: km for
    distances, thousand current USD for trade flows and GDP, thousand persons for population.

    Arguments
        year: which year to take; needed if the file holds several.
        variables: which columns to read; all numeric ones by default.
        places: which countries to keep, in this order; all by default, sorted.

    Rows whose ``country_exists_o`` or ``country_exists_d`` is 0 are left out, and counted. Raises
    :class:`InvalidDataError` or :class:`LabelMismatchError` naming file and row.
    """
    path = Path(path)
    with open_text(path) as stream:
        header = next(csv.reader(stream), [])
    found = [name for name in header if name not in (*_CODES, *_EXISTS)]
    for name in variables or ():
        if name not in found:
            raise unknown_name("variable", name, found)
    chosen = list(variables or found)
    if year is not None and "year" not in header:
        raise LabelMismatchError(f"{path.name}, row 1: column 'year' is missing")
    only = None if year is None else ("year", str(year))
    frame = read_columns(path, ("iso3_o", "iso3_d", *chosen), ("year", *_EXISTS), only)
    notes: list[str] = []
    if year is None and "year" in frame:
        year = _one_year(path, frame)
    gone = np.zeros(len(frame), dtype=bool)
    for column in _EXISTS:
        if column in frame:
            gone |= (frame[column] == "0").to_numpy()
    if gone.any():
        notes.append(f"{int(gone.sum())} rows of countries that do not exist that year left out")
        frame = frame[~gone]
    ends = pd.DataFrame(
        {"origin": labels(frame, "iso3_o", path), "destination": labels(frame, "iso3_d", path)}
    )
    if places is not None:
        known = {*ends["origin"], *ends["destination"]}
        for place in places:
            if place not in known:
                raise unknown_name("country", place, sorted(known))
        kept = ends.isin(list(places)).all(axis=1)
        notes.append(f"{int((~kept).sum())} rows of other countries left out")
        frame, ends = frame[kept], ends[kept]
    again = ends.duplicated()
    if again.any():
        row = again.index[again][0]
        raise LabelMismatchError(
            f"{path.name}, row {row}: the pair {' '.join(ends.loc[row])} occurs twice; must be "
            "unique"
        )
    order = list(places) if places is not None else sorted({*ends["origin"], *ends["destination"]})
    index = pd.Index(order)
    at = (index.get_indexer(ends["origin"]), index.get_indexer(ends["destination"]))
    dataset = xr.Dataset(coords={"origin": order, "destination": order, "place": order})
    for name in chosen:
        if not _numeric(frame[name]):
            if variables is not None:
                numbers(frame, name, path, missing=_MISSING)  # raises with the row
            notes.append(f"column {name} holds text and is left out")
            continue
        values = numbers(frame, name, path, missing=_MISSING)
        stem, end = name[:-2], name[-2:]
        other = f"{stem}_d" if end == "_o" else f"{stem}_o"
        # trade has two reporters, so that tradeflow_..._o is a variable of the pair
        if end in ("_o", "_d") and other in header and not name.startswith("tradeflow"):
            side = "origin" if end == "_o" else "destination"
            _add_place(path, dataset, stem, ends[side], values)
            continue
        matrix = np.full((len(order), len(order)), np.nan)
        matrix[at] = values
        dataset[name] = (("origin", "destination"), matrix, {"unit": _unit(name)})
    for variable, array in dataset.data_vars.items():
        empty = int(array.isnull().sum())
        if empty:
            unit = "countries" if array.dims == ("place",) else "pairs"
            notes.append(f"{variable}: {empty} {unit} are missing and NaN")
    dataset.attrs = {"source": f"CEPII gravity data, file {path.name}", "notes": "; ".join(notes)}
    if year is not None:
        dataset.attrs["year"] = year
    return dataset


def _one_year(path: Path, frame: pd.DataFrame) -> int:
    """Return the only year of the file."""
    years = sorted(set(frame["year"]))
    if len(years) > 1:
        raise InvalidDataError(
            f"{path.name} holds the years {years[0]} to {years[-1]}; choose one with year="
        )
    return int(years[0])


def _numeric(text: pd.Series) -> bool:
    """Whether the first entry that is not missing is a number."""
    present = text[~text.isin(_MISSING)]
    return present.empty or bool(pd.notna(pd.to_numeric(present.iloc[:1], errors="coerce")).all())


def _add_place(
    path: Path, dataset: xr.Dataset, name: str, places: pd.Series, values: pd.Series
) -> None:
    """Add a variable of one country, which must be the same in all of its rows."""
    known = values.groupby(places).agg(["min", "max"])
    differs = known.index[(known["max"] != known["min"]) & known["min"].notna()]
    if len(differs):
        row = values.index[(places == differs[0]) & (values != known["min"][differs[0]])][0]
        raise InvalidDataError(
            f"{path.name}, row {row}: {name} of {differs[0]} is {values[row]:g}, elsewhere "
            f"{known['min'][differs[0]]:g}; must be one value per country and year"
        )
    new = known["min"].reindex(dataset["place"].values).to_numpy()
    if name in dataset:
        old = dataset[name].to_numpy()
        clash = np.flatnonzero((old != new) & ~np.isnan(old) & ~np.isnan(new))
        if clash.size:
            place = dataset["place"].values[clash[0]]
            raise InvalidDataError(
                f"{path.name}: {name} of {place} is {old[clash[0]]:g} as origin and "
                f"{new[clash[0]]:g} as destination; must be one value"
            )
        new = np.where(np.isnan(old), new, old)
    dataset[name] = ("place", new, {"unit": _unit(name)})


def _unit(name: str) -> str:
    if name.startswith("dist"):
        return "km"
    if name.startswith(("tradeflow", "gdp")):
        return "1000 USD" if not name.startswith("gdpcap") else "1000 USD per person"
    return "1000 persons" if name == "pop" else "1"
