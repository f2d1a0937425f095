"""Read regions: a CSV of their facts and, if there is one, a GeoJSON of their outlines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from neg.core.checks import check_labels
from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.text import labels, numbers, open_text, read_columns

EARTH_RADIUS = 6371.0088
_MISSING = ("", "NA")


class Regions(NamedTuple):
    """Facts along ``place``, and per place its outer rings ``[k, 2]`` (longitude, latitude)."""

    data: xr.Dataset
    outlines: dict[str, list[np.ndarray]]


def read_regions(
    table: str | Path,
    geojson: str | Path | None = None,
    *,
    id: str = "id",  # noqa: A002  (the name of the column in most files)
    property: str | None = None,  # noqa: A002
) -> Regions:
    """Read regions from a CSV with a column of labels and, optionally, outlines from GeoJSON.

    Columns of numbers become variables along ``place`` (``lon``, ``lat`` in degrees, ``area`` in
    km2, the rest as in the file); columns of text become coordinates. Empty cells are NaN and
    counted in ``attrs["notes"]``. Where ``lon``/``lat`` or ``area`` are absent they are computed
    from the outlines: centroid of the largest ring, spherical area less holes.

    Arguments
        id: the column of labels.
        property: the property of a GeoJSON feature that holds its label; its ``id`` or the
            property named like the column by default.

    Raises :class:`LabelMismatchError` if the labels of the two files differ or repeat, and
    :class:`InvalidDataError` naming file and row, or feature.
    """
    path = Path(table)
    with open_text(path) as stream:
        header = stream.readline().strip().split(",")
    frame = read_columns(path, (id,), [name.strip('"') for name in header])
    places = labels(frame, id, path)
    again = places.duplicated()
    if again.any():
        row = again.index[again][0]
        raise LabelMismatchError(
            f"{path.name}, row {row}: {id} = {places[row]!r} occurs twice; must be unique"
        )
    dataset = xr.Dataset(coords={"place": places.to_list()})
    notes: list[str] = []
    for column in frame.columns.drop(id):
        text = frame[column].str.strip()
        present = text[~text.isin(_MISSING)]
        if len(present) and pd.to_numeric(present, errors="coerce").isna().all():
            dataset = dataset.assign_coords({column: ("place", text.to_list())})
            continue
        values = numbers(frame, column, path, missing=_MISSING)
        empty = int(values.isna().sum())
        if empty:
            notes.append(f"{column}: {empty} places are empty in the file and NaN")
        dataset[column] = ("place", values.to_numpy())
    _check_coordinates(path, dataset, frame.index)
    outlines: dict[str, list[np.ndarray]] = {}
    if geojson is not None:
        outlines, areas, notes_found = read_outlines(Path(geojson), property or id)
        check_labels(
            f"features of {Path(geojson).name}", sorted(outlines), sorted(places.to_list())
        )
        notes += notes_found
        _add_geometry(dataset, outlines, areas, notes)
    for name, unit in (("lon", "degree"), ("lat", "degree"), ("area", "km2")):
        if name in dataset:
            dataset[name].attrs["unit"] = unit
    dataset.attrs = {"source": f"file {path.name}", "notes": "; ".join(notes)}
    return Regions(dataset, outlines)


def read_outlines(
    path: Path, key: str = "id"
) -> tuple[dict[str, list[np.ndarray]], dict[str, float], list[str]]:
    """Return outer rings and areas (km2, holes subtracted) per feature of a GeoJSON collection."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InvalidDataError(f"{path.name}, row {error.lineno}: no JSON: {error.msg}") from None
    if content.get("type") != "FeatureCollection":
        raise InvalidDataError(
            f"{path.name}: type = {content.get('type')!r} is not allowed; must be FeatureCollection"
        )
    outlines: dict[str, list[np.ndarray]] = {}
    areas: dict[str, float] = {}
    notes: list[str] = []
    for number, feature in enumerate(content["features"], start=1):
        label = (feature.get("properties") or {}).get(key, feature.get("id"))
        where = f"{path.name}, feature {number}"
        if label is None:
            raise LabelMismatchError(f"{where}: it has neither a property {key!r} nor an id")
        if str(label) in outlines:
            raise LabelMismatchError(f"{where}: {key} = {label!r} occurs twice; must be unique")
        polygons = _polygons(where, feature.get("geometry"))
        if not polygons:
            notes.append(f"feature {label} has no outline")
        outlines[str(label)] = [rings[0] for rings in polygons]
        areas[str(label)] = sum(
            ring_area(rings[0]) - sum(ring_area(hole) for hole in rings[1:]) for rings in polygons
        )
    return outlines, areas, notes


def ring_area(ring: np.ndarray) -> float:
    r"""Return the area inside a ring on the sphere, km2, exact for sides of equal-area projection.

    .. math:: A = \frac{R^2}{2} |\sum (\lambda_{k+1} - \lambda_k)(\sin\phi_k + \sin\phi_{k+1})|
    """
    lon, height = np.radians(ring[:, 0]), np.sin(np.radians(ring[:, 1]))
    steps = np.roll(lon, -1) - lon
    return float(abs(np.sum(steps * (height + np.roll(height, -1))))) * EARTH_RADIUS**2 / 2


def centroid(ring: np.ndarray) -> np.ndarray:
    """Return the centroid (longitude, latitude) of the plane polygon inside a ring."""
    local = ring - ring[0]
    x, y = local.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    if cross.sum() == 0:
        return ring.mean(0)
    return ring[0] + ((local + np.roll(local, -1, axis=0)) * cross[:, None]).sum(0) / (
        3 * cross.sum()
    )


def _polygons(where: str, geometry: dict[str, Any] | None) -> list[list[np.ndarray]]:
    if geometry is None:
        return []
    kind = geometry.get("type")
    if kind not in ("Polygon", "MultiPolygon"):
        raise InvalidDataError(
            f"{where}: geometry {kind!r} is not allowed; must be Polygon or MultiPolygon"
        )
    parts = [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"]
    polygons = []
    for part in parts:
        rings = [np.array([point[:2] for point in ring], dtype=float) for ring in part]
        if any(len(ring) < 4 or not np.isfinite(ring).all() for ring in rings):
            raise InvalidDataError(
                f"{where}: a ring needs four or more points, closed, with finite coordinates"
            )
        polygons.append(rings)
    return polygons


def _check_coordinates(path: Path, dataset: xr.Dataset, rows: pd.Index) -> None:
    for name, limit in (("lon", 360.0), ("lat", 90.0)):
        if name in dataset:
            bad = np.flatnonzero(np.abs(dataset[name].to_numpy()) > limit)
            if bad.size:
                raise InvalidDataError(
                    f"{path.name}, row {rows[bad[0]]}: {name} = "
                    f"{dataset[name].values[bad[0]]:g} is not allowed; must be in "
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
