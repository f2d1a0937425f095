"""Where places lie: great circles, and the piece of land of its economy that each stands on."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from neg import data

RADIUS = 6371.0088
"""Of the mean sphere, km."""


def great_circle(lon1: Any, lat1: Any, lon2: Any, lat2: Any) -> Any:
    """Great-circle distances on the mean sphere, km (haversine formula), of arrays or numbers."""
    a, b = np.radians(lat1), np.radians(lat2)
    half = np.sin((b - a) / 2) ** 2
    half = half + np.cos(a) * np.cos(b) * np.sin(np.radians(np.subtract(lon2, lon1)) / 2) ** 2
    return 2 * RADIUS * np.arcsin(np.sqrt(half))


def inside(ring: Float[np.ndarray, "corner 2"], points: Float[np.ndarray, "point 2"]) -> np.ndarray:
    """Which points lie within a ring of longitudes and latitudes: a ray crosses it an odd time.

    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0], [0.0, 0.0]])
    >>> inside(square, np.array([[1.0, 1.0], [3.0, 1.0]])).tolist()
    [True, False]
    """
    found = np.zeros(len(points), dtype=bool)
    low, high = ring.min(axis=0), ring.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    if not near.size:
        return found
    x, y = points[near, 0][:, None], points[near, 1][:, None]
    (x1, y1), (x2, y2) = ring[:-1].T, ring[1:].T
    above = (y1 > y) != (y2 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        right = x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)
    found[near] = (above & right).sum(axis=1) % 2 == 1
    return found


@cache
def _rings(economy: str) -> list[np.ndarray]:
    return data.borders().get(economy, [])


def landmass(economy: str, points: Float[np.ndarray, "point 2"]) -> Int[np.ndarray, " point"]:
    """Number of the outline of an economy within which each point lies, else of the nearest one.

    Places on a coast may fall outside an outline that is drawn coarsely.
    """
    rings = _rings(economy)
    found = np.full(len(points), -1)
    for number, ring in enumerate(rings):
        found[inside(ring, points) & (found < 0)] = number
    for k in np.flatnonzero(found < 0):
        if rings:
            gaps = [np.square(ring - points[k]).sum(axis=1).min() for ring in rings]
            found[k] = int(np.argmin(gaps))
    return found


def share_on_land(
    economy: str, start: Float[np.ndarray, "pair 2"], end: Float[np.ndarray, "pair 2"]
) -> Float[np.ndarray, " pair"]:
    """Share of the straight line between points that lies within the outlines of an economy."""
    steps = np.linspace(0.05, 0.95, 19)
    points = start[:, None] + (end - start)[:, None] * steps[:, None]
    flat = points.reshape(-1, 2)
    on = np.zeros(len(flat), dtype=bool)
    for ring in _rings(economy):
        on |= inside(ring, flat)
    return on.reshape(points.shape[:2]).mean(axis=1)
