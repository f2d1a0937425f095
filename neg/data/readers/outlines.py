"""Outlines of places from GeoJSON: rings in degrees, their areas and centroids."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.data.readers.files import FileFormat, read_text

EARTH_RADIUS = 6371.0088
#: Codes of coordinate systems in degrees that differ by metres only.
_DEGREES = (
    "WGS84",
    "WGS 84",
    "CRS84",
    "CRS83",
    "CRS27",
    "4326",
    "4979",
    "4258",
    "4269",
    "4267",
    "4283",
    "7844",
)
_REMEDY = "convert it to WGS 84 in degrees (EPSG:4326), as with ogr2ogr -t_srs EPSG:4326"


def read_outlines(
    path: Path,
    key: str = "id",
    form: FileFormat = FileFormat(),  # noqa: B008  (frozen)
) -> tuple[dict[str, list[np.ndarray]], dict[str, float], list[str]]:
    """Return outer rings and areas (km2, holes subtracted) per feature of a GeoJSON collection.

    Rings across the antimeridian (a step of more than 180 degrees) are continued beyond 180 degrees
    and noted; features without coordinates have no rings, and are noted.

    Raises :class:`InvalidDataError` for coordinates that are not degrees, naming the feature, and
    :class:`LabelMismatchError` for a feature without a label or a label that occurs twice.
    """
    notes: list[str] = []
    try:
        content = json.loads(read_text(path, form, notes))
    except json.JSONDecodeError as error:
        raise InvalidDataError(f"{path.name}, row {error.lineno}: no JSON: {error.msg}") from None
    kind = content.get("type") if isinstance(content, dict) else type(content).__name__
    if kind != "FeatureCollection" or not isinstance(content.get("features"), list):
        raise InvalidDataError(
            f"{path.name}: type = {kind!r} is not allowed; must be FeatureCollection with features"
        )
    _check_system(path, content.get("crs"))
    outlines: dict[str, list[np.ndarray]] = {}
    areas: dict[str, float] = {}
    for number, feature in enumerate(content["features"], start=1):
        label = _label(path, number, feature, key)
        where = f"{path.name}, feature {number} ({label})"
        if label in outlines:
            raise LabelMismatchError(f"{where}: {key} = {label!r} occurs twice; must be unique")
        polygons, crossing = _polygons(where, feature.get("geometry"))
        if not polygons:
            notes.append(f"feature {label} has no outline")
        if crossing:
            notes.append(f"the outline of {label} crosses the antimeridian and is continued there")
        outlines[label] = [rings[0] for rings in polygons]
        areas[label] = sum(
            ring_area(rings[0]) - sum(ring_area(hole) for hole in rings[1:]) for rings in polygons
        )
        if polygons and not areas[label] > 0:
            raise InvalidDataError(f"{where}: the outline encloses no area; must be a polygon")
    return outlines, areas, notes


def ring_area(ring: np.ndarray) -> float:
    r"""Return the area inside a ring on the sphere, km2, exact for sides of equal-area projection.

    .. math:: A = \frac{R^2}{2} |\sum (\lambda_{k+1} - \lambda_k)(\sin\phi_k + \sin\phi_{k+1})|

    Steps of longitude go the short way; a ring around a pole has the cap as its inside.
    """
    lon, height = np.radians(ring[:, 0]), np.sin(np.radians(ring[:, 1]))
    steps = np.roll(lon, -1) - lon
    steps = steps - 2 * np.pi * np.round(steps / (2 * np.pi))
    half = abs(float(np.sum(steps * (height + np.roll(height, -1))))) / 2
    winds = round(abs(float(steps.sum())) / (2 * np.pi))
    return EARTH_RADIUS**2 * (2 * np.pi - half if winds else half)


def centroid(ring: np.ndarray) -> np.ndarray:
    """Return the centroid of the plane polygon in a ring, its longitude in [-180, 180]."""
    local = ring - ring[0]
    x, y = local.T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    if cross.sum() == 0:
        point = ring.mean(0)
    else:
        middle = ((local + np.roll(local, -1, axis=0)) * cross[:, None]).sum(0)
        point = ring[0] + middle / (3 * cross.sum())
    if abs(point[0]) > 180.0:
        point[0] = (point[0] + 180.0) % 360.0 - 180.0
    return point


def _label(path: Path, number: int, feature: Any, key: str) -> str:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise InvalidDataError(f"{path.name}, feature {number}: no feature; must have type Feature")
    label = (feature.get("properties") or {}).get(key, feature.get("id"))
    if label is None:
        raise LabelMismatchError(
            f"{path.name}, feature {number}: it has neither a property {key!r} nor an id"
        )
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return str(label).strip()


def _check_system(path: Path, system: Any) -> None:
    """Refuse a stated coordinate system that is not in degrees."""
    if system is None:
        return
    name = str((system.get("properties") or {}).get("name", "")) if isinstance(system, dict) else ""
    code = re.split(r"[:/]", name)[-1]
    if code.upper() not in _DEGREES:
        raise InvalidDataError(
            f"{path.name}: crs = {name or system!r} is not in degrees of longitude and latitude; "
            f"{_REMEDY}"
        )


def _polygons(where: str, geometry: Any) -> tuple[list[list[np.ndarray]], bool]:
    """Return polygons as lists of rings, the outer first, and whether one was continued."""
    if geometry is None:
        return [], False
    kind = geometry.get("type") if isinstance(geometry, dict) else geometry
    if kind not in ("Polygon", "MultiPolygon"):
        raise InvalidDataError(
            f"{where}: geometry {kind!r} is not allowed; must be Polygon or MultiPolygon"
        )
    coordinates = geometry.get("coordinates") or []
    polygons, crossing = [], False
    for part in [coordinates] if kind == "Polygon" else coordinates:
        if not part:
            continue
        rings = [_ring(where, ring) for ring in part]
        continued = [_continued(ring) for ring in rings]
        crossing |= any(not np.array_equal(*pair) for pair in zip(rings, continued, strict=True))
        polygons.append(continued)
    return polygons, crossing


def _ring(where: str, points: Sequence[Any]) -> np.ndarray:
    try:
        ring = np.array([point[:2] for point in points], dtype=float)
    except (TypeError, ValueError, IndexError):
        ring = np.empty((0, 2))
    if len(ring) < 4 or ring.shape[1:] != (2,) or not np.isfinite(ring).all():
        raise InvalidDataError(
            f"{where}: a ring needs four or more points, closed, with finite coordinates"
        )
    if not (ring[0] == ring[-1]).all():
        raise InvalidDataError(
            f"{where}: the ring ends at {ring[-1].tolist()}, not where it starts, "
            f"{ring[0].tolist()}; must be closed"
        )
    outside = (np.abs(ring[:, 0]) > 360.0) | (np.abs(ring[:, 1]) > 90.0)
    if outside.any():
        raise InvalidDataError(
            f"{where}: the point {ring[outside][0].tolist()} is not in degrees of longitude and "
            f"latitude; {_REMEDY}"
        )
    return ring


def _continued(ring: np.ndarray) -> np.ndarray:
    """Take every step of longitude the short way; a ring around a pole stays as it is."""
    if np.abs(np.diff(ring[:, 0])).max() <= 180.0:
        return ring
    lon = np.unwrap(ring[:, 0], period=360.0)
    if lon[0] != lon[-1]:
        return ring
    if lon.mean() > 270.0 or lon.mean() < -180.0:
        lon = lon - 360.0 * np.round(lon.mean() / 360.0)
    return np.column_stack([lon, ring[:, 1]])
