"""Branches of equilibria as lines to draw, cut exactly where their stability changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from neg.bifurcation.branch import Branch, Kind
from neg.bifurcation.diagram import Diagram

Shown = Callable[[np.ndarray], np.ndarray]
"""Maps distributions, shape (points, cells), to what is drawn of them, shape (points,)."""


def lines(found: Diagram, shown: Shown, unit: str) -> xr.Dataset:
    """Every branch and its mirror images as rows of ``parameter``, ``shown`` and ``stable``.

    Special points are part of the line twice, once with the stability before and once with that
    after. Where an unused cell would pay more the state is no equilibrium: there, and to fill the
    rows, stands NaN.
    """
    rows: list[tuple[np.ndarray, ...]] = []
    for branch in found.branches:
        parameter, x, stable = _with_special_points(branch)
        images: list[np.ndarray] = []
        for element in found.group.elements:
            image = shown(x[:, element])
            if not any(np.allclose(image, other, equal_nan=True) for other in images):
                images.append(image)
        rows += [(parameter, image, stable) for image in images]
    width = max(len(row[0]) for row in rows)
    table = np.full((3, len(rows), width), np.nan)
    for k, row in enumerate(rows):
        for quantity, line in enumerate(row):
            table[quantity, k, : len(line)] = line
    units = {"parameter": "1", "shown": unit, "stable": "1: stable, 0: unstable"}
    return xr.Dataset(
        {
            name: (("branch", "point"), part, {"units": units[name]})
            for name, part in zip(units, table, strict=True)
        },
        coords={"branch": np.arange(len(rows)), "point": np.arange(width)},
    )


def _with_special_points(branch: Branch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of a branch with its special points put in, and their stability on either side."""
    parameter, x = list(branch.parameter), list(branch.x)
    stable, entering = list(_filled(branch.stable)), list(branch.entering)
    inside = [point for point in branch.special if point.kind not in (Kind.JOINED, Kind.EMPTIED)]
    for point in sorted(inside, key=lambda point: -point.index):
        here = slice(point.index + 1, point.index + 1)
        parameter[here] = [point.parameter] * 2
        x[here] = [point.x] * 2
        for flags in (stable, entering):
            flags[here] = flags[point.index : point.index + 2]
    equilibrium = np.array(entering) == 0
    return np.where(equilibrium, parameter, np.nan), np.array(x), np.array(stable)


def _filled(stable: np.ndarray) -> np.ndarray:
    """Ends that lie on a special point take the stability of the points next to them."""
    stable = stable.copy()
    if len(stable) > 1 and np.isnan(stable[0]):
        stable[0] = stable[1]
    if len(stable) > 1 and np.isnan(stable[-1]):
        stable[-1] = stable[-2]
    return stable
