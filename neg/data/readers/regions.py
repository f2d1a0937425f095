"""Read regions: a table of their facts and, if there is one, a GeoJSON of their outlines."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.checks import check_labels
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.files import FileFormat, Source, origin_of
from neg.data.readers.marks import numbers_of
from neg.data.readers.outlines import centroid, read_outlines, ring_area
from neg.data.readers.places import check_asked, is_total, tidy_places
from neg.data.readers.text import Columns, read_columns

_MISSING = ("", "NA")


class Regions(NamedTuple):
    """Facts along ``place``, and per place its outer rings ``[k, 2]`` (longitude, latitude)."""

    data: xr.Dataset
    outlines: dict[str, list[np.ndarray]]


def read_regions(
    table: Source,
    geojson: str | Path | None = None,
    *,
    id: str = "id",  # noqa: A002  (the name of the column in most files)
    property: str | None = None,  # noqa: A002
    year: int | None = None,
    form: FileFormat = FileFormat(),  # noqa: B008  (frozen)
) -> Regions:
    """Read regions from a table with a column of labels and, optionally, outlines from GeoJSON.

    Columns of numbers become variables along ``place`` (``lon``, ``lat`` in degrees, ``area`` in
    km2, the rest as in the file); columns of text become coordinates. Empty cells are NaN and
    counted in ``attrs["notes"]``. Where ``lon``/``lat`` or ``area`` are absent they are computed
    from the outlines: centroid of the largest ring, spherical area less holes.

    Arguments
        table: a path (text, ``.xlsx``, ``.dta``, ``.parquet``) or a DataFrame.
        geojson: a FeatureCollection of polygons in degrees of longitude and latitude.
        id: the column of labels.
        property: the property of a GeoJSON feature that holds its label; its ``id`` or the
            property named like the column by default.
        year: which year of a panel to take; without a column of years, the year of the data.
        form: how the file writes what it says, see :class:`FileFormat`.

    Raises :class:`LabelMismatchError` if the labels of the two files differ or repeat, or a column
    that is not the identifier is called ``place``, and :class:`InvalidDataError` naming file and
    row, or feature.

    >>> read = read_regions(pd.DataFrame({"id": ["01", "02"], "people": [5, 7]}))
    >>> float(read.data["people"].sel(place="02"))
    7.0
    """
    columns = read_columns(
        table,
        form,
        text=(id,),
        choose=lambda header: [name for name in header if name != form.year],
        year=year,
    )
    if id != "place" and "place" in columns:
        raise LabelMismatchError(
            f"{columns.name}, row 1: the column 'place' beside the identifier {id!r} would replace "
            "the labels; rename it, or read it as the identifier with id='place'"
        )
    columns.refuse_repeated(pd.DataFrame({id: columns.labels(id)}), id)
    columns.frame = columns.frame[~_totals(columns, id)]
    labels = columns.labels(id)
    renamed = tidy_places(columns.name, labels, form, columns.notes)
    places = [renamed[label] for label in labels]
    check_labels(f"column {id} of {columns.name}", places)
    dataset = xr.Dataset(coords={"place": places})
    notes = columns.notes
    for column in columns.frame.columns.drop(id):
        text = columns.frame[column]
        present = text[~text.isin(_MISSING)].to_list()
        if present and np.isnan(numbers_of(present, columns.decimal)).all():
            dataset = dataset.assign_coords({column: ("place", text.to_list())})
            continue
        values = columns.numbers(column, missing=_MISSING)
        empty = int(values.isna().sum())
        if empty:
            notes.append(f"{column}: {empty} places are empty in the file and NaN")
        dataset[column] = ("place", values.to_numpy())
    _check_coordinates(columns.name, dataset, columns.frame.index)
    outlines: dict[str, list[np.ndarray]] = {}
    if geojson is not None:
        path = Path(geojson)
        found, areas, notes_found = read_outlines(path, property or id, form)
        tidy = tidy_places(path.name, [*places, *found], form, [])
        outlines = {tidy[label]: rings for label, rings in found.items()}
        areas = {tidy[label]: area for label, area in areas.items()}
        check_labels(f"features of {path.name}", sorted(outlines), sorted(places))
        notes += notes_found
        _add_geometry(dataset, outlines, areas, notes)
    for name, unit in (("lon", "degree"), ("lat", "degree"), ("area", "km2")):
        if name in dataset:
            dataset[name].attrs["unit"] = unit
    dataset.attrs = {"source": origin_of(columns.name), "notes": "; ".join(notes)}
    if columns.year is not None:
        dataset.attrs["year"] = columns.year
    return Regions(dataset, outlines)


def _totals(columns: Columns, key: str) -> pd.Series:
    """Mark rows that are the sum of the others: asked for, or by their name and one column."""
    form, labels = columns.form, columns.labels(key)
    check_asked(columns.name, form, labels)
    if not isinstance(form.totals, str):
        columns.notes.append(f"left out as asked: {', '.join(form.totals)}")
        return labels.isin(list(form.totals))
    named = labels.map(is_total).astype(bool) & (form.totals == "check")
    for row in labels.index[named]:
        adds_up = False
        for column in columns.frame.columns.drop(key):
            values = numbers_of(columns.frame[column].to_list(), columns.decimal)
            total = np.nansum(values[~named.to_numpy()])
            said = values[labels.index.get_loc(row)]
            adds_up |= bool(said > 0 and abs(said - total) <= 1e-2 * said)
        if not adds_up:
            raise InvalidDataError(
                f"{columns.name}, row {row}: {labels[row]!r} looks like a total but no column adds "
                f"up to it; say FileFormat(totals=[{labels[row]!r}]) to leave it out, or "
                "totals='keep'"
            )
        columns.notes.append(f"{labels[row]}: the sum of the others, left out")
    return named


def _check_coordinates(name: str, dataset: xr.Dataset, rows: pd.Index) -> None:
    for axis, limit in (("lon", 360.0), ("lat", 90.0)):
        if axis in dataset.data_vars:
            bad = np.flatnonzero(np.abs(dataset[axis].to_numpy()) > limit)
            if bad.size:
                raise InvalidDataError(
                    f"{name}, row {rows[bad[0]]}: {axis} = "
                    f"{dataset[axis].values[bad[0]]:g} is not allowed; must be in "
                    f"[-{limit:g}, {limit:g}] degrees"
                )


def _add_geometry(
    dataset: xr.Dataset,
    outlines: dict[str, list[np.ndarray]],
    areas: dict[str, float],
    notes: list[str],
) -> None:
    """Compute what the table lacks from the outlines."""
    places = [str(place) for place in dataset["place"].values]
    if "lon" not in dataset or "lat" not in dataset:
        points = np.array(
            [
                centroid(max(outlines[p], key=ring_area)) if outlines[p] else (np.nan, np.nan)
                for p in places
            ]
        )
        dataset["lon"], dataset["lat"] = ("place", points[:, 0]), ("place", points[:, 1])
        notes.append("lon and lat are centroids of the largest outline")
    if "area" not in dataset:
        values = [areas[place] if outlines[place] else np.nan for place in places]
        dataset["area"] = ("place", np.array(values))
        notes.append("area is computed from the outlines")
