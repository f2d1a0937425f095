"""Read the gravity data of CEPII: one row per pair of countries (and year)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.errors import InvalidDataError, unknown_name
from neg.data.readers.files import FileFormat, Source, origin_of
from neg.data.readers.marks import number
from neg.data.readers.places import tidy_columns
from neg.data.readers.text import Columns, read_columns

#: Columns that are labels or codes, not variables.
_CODES = ("country_id_o", "country_id_d", "iso3_o", "iso3_d", "iso3num_o", "iso3num_d")
_EXISTS = ("country_exists_o", "country_exists_d")
_MISSING = ("", "NA", ".")
#: Beginnings of variables with two ends that belong to the pair: two reporters, two directions.
_OF_PAIR = ("tradeflow", "manuf_tradeflow", "heg", "hostility", "empire", "col_dep")
#: Beginnings of variables of one country, in which two values are an error of the file.
_OF_PLACE = ("gdp", "pop", "area", "lat", "lon", "gmt", "wto", "gatt", "eu", "entry", "polity")


def read_gravity(
    source: Source,
    *,
    year: int | None = None,
    variables: Sequence[str] | None = None,
    places: Sequence[str] | None = None,
    form: FileFormat = FileFormat(),  # noqa: B008  (frozen)
) -> xr.Dataset:
    """Read CEPII gravity data: ``iso3_o, iso3_d, dist, contig, comlang_off, tradeflow_...``.

    Returns pair variables ``[origin, destination]``; variables of one country (``gdp_o``, ``pop_d``
    and so on, both ends) become ``gdp`` [place]. Variables of the pair with two ends, such as
    ``heg_o`` (the origin was hegemon of the destination) or ``tradeflow_comtrade_o`` (reported by
    the origin), stay two; so does any that takes several values in one country, which is noted.
    Pairs that the file does not list, empty cells and ``NA`` are NaN and counted in
    ``attrs["notes"]``. Units are those of the data base: km for distances, thousand current USD for
    trade flows and GDP, thousand persons for population.

    Arguments
        source: a path (text, ``.xlsx``, ``.dta``, ``.parquet``) or a DataFrame.
        year: which year to take; needed if the file holds several.
        variables: which columns to read; all numeric ones by default.
        places: which countries to keep, in this order; all by default, sorted.
        form: how the file writes what it says, see :class:`FileFormat`.

    Rows whose ``country_exists_o`` or ``country_exists_d`` is 0 are left out, and counted. Raises
    :class:`InvalidDataError` or :class:`LabelMismatchError` naming file and row.
    """

    def choose(header: list[str]) -> list[str]:
        known = {*_CODES, *_EXISTS, form.year}
        found = [name for name in header if name.casefold() not in known]
        for name in variables or ():
            if name not in found:
                raise unknown_name("variable", name, found)
        return list(variables or found)

    needed = () if year is None else (form.year,)
    table = read_columns(
        source,
        form,
        text=("iso3_o", "iso3_d"),
        required=needed,
        optional=(*_EXISTS, *(variables or ())),
        choose=lambda header: [*choose(header), *needed],
        year=year,
    )
    chosen = [name for name in table.frame if name in choose(table.header)]
    notes = table.notes
    gone = np.zeros(len(table.frame), dtype=bool)
    for column in _EXISTS:
        if column in table:
            gone |= table.frame[column].map(lambda text: number(text) == 0).to_numpy()
    if gone.any():
        notes.append(f"{int(gone.sum())} rows of countries that do not exist that year left out")
        table.frame = table.frame[~gone]
    origin, destination = tidy_columns(table, ("iso3_o", "iso3_d"))
    ends = pd.DataFrame({"origin": origin, "destination": destination})
    if places is not None:
        known = {*ends["origin"], *ends["destination"]}
        for place in places:
            if place not in known:
                raise unknown_name("country", place, sorted(known))
        kept = ends.isin(list(places)).all(axis=1)
        notes.append(f"{int((~kept).sum())} rows of other countries left out")
        table.frame, ends = table.frame[kept], ends[kept]
    table.refuse_repeated(ends, "pair")
    order = list(places) if places is not None else sorted({*ends["origin"], *ends["destination"]})
    index = pd.Index(order)
    at = (index.get_indexer(ends["origin"]), index.get_indexer(ends["destination"]))
    dataset = xr.Dataset(coords={"origin": order, "destination": order, "place": order})
    read: dict[str, pd.Series] = {}
    for name in chosen:
        if variables is None and not _numeric(table.frame[name]):
            notes.append(f"column {name} holds text and is left out")
            continue
        read[name] = table.numbers(name, missing=_MISSING)
    for name, values in read.items():
        stem, end = name[:-2], name[-2:]
        pair = f"{stem}_d" if end == "_o" else f"{stem}_o"
        side = "origin" if end == "_o" else "destination"
        if end in ("_o", "_d") and pair in table.header and not stem.startswith(_OF_PAIR):
            if stem.startswith(_OF_PLACE) or _of_place(stem, read, ends):
                _add_place(table, dataset, stem, ends[side], values)
                continue
            if end == "_o":
                notes.append(f"{stem} differs among partners of one country: {name}, {pair}")
        matrix = np.full((len(order), len(order)), np.nan)
        matrix[at] = values
        dataset[name] = (("origin", "destination"), matrix, {"unit": _unit(name)})
    for variable, array in dataset.data_vars.items():
        empty = int(array.isnull().sum())
        if empty:
            unit = "countries" if array.dims == ("place",) else "pairs"
            notes.append(f"{variable}: {empty} {unit} are missing and NaN")
    dataset.attrs = {
        "source": f"CEPII gravity data, {origin_of(table.name)}",
        "notes": "; ".join(notes),
    }
    if table.year is not None:
        dataset.attrs["year"] = table.year
    return dataset


def _numeric(text: pd.Series) -> bool:
    """Whether the first entry that is not missing is a number."""
    present = text[~text.isin(_MISSING)]
    return present.empty or any(np.isfinite(number(present.iloc[0], mark)) for mark in ".,")


def _of_place(stem: str, read: dict[str, pd.Series], ends: pd.DataFrame) -> bool:
    """Whether a variable with two ends has one value per country, whichever end it stands at."""
    sides = [
        pd.DataFrame({"place": ends[side], "value": read[name]})
        for side, name in (("origin", f"{stem}_o"), ("destination", f"{stem}_d"))
        if name in read
    ]
    values = pd.concat(sides).dropna()
    return bool((values.groupby("place")["value"].nunique() <= 1).all())


def _add_place(
    table: Columns, dataset: xr.Dataset, name: str, places: pd.Series, values: pd.Series
) -> None:
    """Add a variable of one country, which must be the same in all of its rows."""
    known = values.groupby(places).agg(["min", "max"])
    differs = known.index[(known["max"] != known["min"]) & known["min"].notna()]
    if len(differs):
        row = values.index[(places == differs[0]) & (values != known["min"][differs[0]])][0]
        raise InvalidDataError(
            f"{table.name}, row {row}: {name} of {differs[0]} is {values[row]:g}, elsewhere "
            f"{known['min'][differs[0]]:g}; must be one value per country and year"
        )
    new = known["min"].reindex(dataset["place"].values).to_numpy()
    if name in dataset:
        old = dataset[name].to_numpy()
        clash = np.flatnonzero((old != new) & ~np.isnan(old) & ~np.isnan(new))
        if clash.size:
            place = dataset["place"].values[clash[0]]
            raise InvalidDataError(
                f"{table.name}: {name} of {place} is {old[clash[0]]:g} as origin and "
                f"{new[clash[0]]:g} as destination; must be one value"
            )
        new = np.where(np.isnan(old), new, old)
    dataset[name] = ("place", new, {"unit": _unit(name)})


def _unit(name: str) -> str:
    if name.startswith("dist"):
        return "km"
    if name.startswith(("tradeflow", "manuf_tradeflow", "gdp")):
        return "1000 USD" if not name.startswith("gdpcap") else "1000 USD per person"
    return "1000 persons" if name == "pop" else "1"
