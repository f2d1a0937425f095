"""Outlines from TopoJSON: decode arcs into rings, clip to a window, simplify."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Ring = np.ndarray


def rings(topology: dict[str, Any], geometry: dict[str, Any]) -> Iterator[Ring]:
    """Yield every ring ``[k, 2]`` (longitude, latitude) of a polygon, outer rings and holes."""
    if geometry["type"] == "GeometryCollection":
        for member in geometry["geometries"]:
            yield from rings(topology, member)
        return
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    for polygon in polygons:
        for indices in polygon:
            arcs = [_arc(topology, index) for index in indices]
            # consecutive arcs share an end point
            yield np.concatenate([arcs[0], *(arc[1:] for arc in arcs[1:])])


def _arc(topology: dict[str, Any], index: int) -> Ring:
    """Decode one arc: quantised differences; a negative index means the arc backwards."""
    forward = index if index >= 0 else ~index
    steps = np.cumsum(np.asarray(topology["arcs"][forward], dtype=float), axis=0)
    transform = topology["transform"]
    points = steps * transform["scale"] + transform["translate"]
    return points if index >= 0 else points[::-1]


def clip(ring: Ring, window: tuple[float, float, float, float]) -> Ring:
    """Return the part of ``ring`` inside ``window`` (west, south, east, north); may be empty.

    Sutherland and Hodgman (1974): one pass per side.
    """
    west, south, east, north = window
    for axis, bound, keep in ((0, west, 1), (0, east, -1), (1, south, 1), (1, north, -1)):
        if len(ring) == 0:
            break
        before, inside = np.roll(ring, 1, axis=0), keep * (ring[:, axis] - bound) >= 0
        crossed = inside != np.roll(inside, 1)
        kept: list[Ring] = []
        for point, last, is_in, crosses in zip(ring, before, inside, crossed, strict=True):
            if crosses:
                share = (bound - last[axis]) / (point[axis] - last[axis])
                kept.append(last + share * (point - last))
            if is_in:
                kept.append(point)
        ring = np.array(kept).reshape(-1, 2)
    return ring


def simplify(ring: Ring, tolerance: float) -> Ring:
    """Drop points nearer than ``tolerance`` degrees to the line through those that stay.

    Douglas and Peucker (1973), without recursion. A closed ring is cut at its farthest point.
    """
    keep = np.zeros(len(ring), dtype=bool)
    keep[[0, -1]] = True
    far = int(np.argmax(np.hypot(*(ring - ring[0]).T)))
    keep[far] = True
    spans = [(0, far), (far, len(ring) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        line = ring[last] - ring[first]
        offset = ring[first + 1 : last] - ring[first]
        length = np.hypot(*line)
        if length > 0:
            distance = np.abs(line[0] * offset[:, 1] - line[1] * offset[:, 0]) / length
        else:
            distance = np.hypot(*offset.T)
        if distance.max() > tolerance:
            split = first + 1 + int(distance.argmax())
            keep[split] = True
            spans += [(first, split), (split, last)]
    return ring[keep]


def area(ring: Ring) -> float:
    """Return the area inside ``ring`` in square degrees (shoelace formula)."""
    x, y = ring.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
