"""Stylised geographies: who is how many steps from whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_finite, check_labels, check_range, check_shape, is_concrete
from neg.core.errors import InvalidParameterError, InvalidShapeError, unknown_name
from neg.core.numbers import as_float


class Geography(eqx.Module):
    """Places with names, coordinates for drawing, and pairwise distances.

    ``distance[i, j]`` is in steps between neighbours, so that an iceberg cost between neighbours
    of ``tau`` gives ``tau ** distance[i, j]`` between i and j; asymmetric distances are allowed.

    Args:
        distance: steps from origin to destination, finite and >= 0, shape (places, places).
        coordinates: where places are drawn, any unit, shape (places, 2).
        names: a name for each place, no two alike.
        kind: how the layout is called.

    Raises:
        neg.core.errors.InvalidShapeError: arrays do not fit the number of names.
        neg.core.errors.InvalidDataError: a distance is negative or not finite.
        neg.core.errors.LabelMismatchError: a name occurs twice.

    >>> import jax.numpy as jnp
    >>> places = Geography([[0, 1], [1.5, 0]], jnp.zeros((2, 2)), ("A", "B"))
    >>> places.places, float(places.distance[1, 0])
    (2, 1.5)
    """

    distance: Float[Array, "origin destination"] = eqx.field(converter=as_float)
    coordinates: Float[Array, "place 2"] = eqx.field(converter=as_float)
    names: tuple[str, ...] = eqx.field(static=True)
    kind: str = eqx.field(static=True, default="general")

    def __check_init__(self) -> None:
        places = len(self.names)
        check_labels("names", self.names)
        check_shape("distance", self.distance, (places, places))
        check_shape("coordinates", self.coordinates, (places, 2))
        check_finite("distance", self.distance, nonnegative=True)

    @property
    def places(self) -> int:
        """Number of places."""
        return len(self.names)

    @classmethod
    def from_iceberg(cls, iceberg: Any, names: Sequence[str] | None = None) -> Geography:
        """Geography of a given matrix of iceberg costs, to be used with ``tau`` equal to e.

            distance = log(iceberg)

        Args:
            iceberg: cost factors from origin to destination, finite and >= 1, shape
                (places, places).
            names: names of the places; by default their numbers.

        Raises:
            neg.core.errors.InvalidParameterError: a cost below one or not finite.

        >>> import math
        >>> costs = Geography.from_iceberg([[1.0, 1.5], [2.0, 1.0]], ["A", "B"])
        >>> round(float(math.e ** costs.distance[1, 0]), 12)
        2.0
        """
        check_range("iceberg", iceberg, 1.0)
        matrix = as_float(iceberg)
        return from_distance(jnp.log(matrix), names)


def from_distance(
    distance: Any, names: Sequence[str] | None = None, coordinates: Any = None
) -> Geography:
    """Geography of a given distance matrix; places are drawn on a circle if not located.

    Args:
        distance: steps from origin to destination, finite and >= 0, shape (places, places).
        names: names of the places; by default their numbers.
        coordinates: where places are drawn, shape (places, 2).

    Raises:
        neg.core.errors.InvalidShapeError: the matrix is not square.
        neg.core.errors.InvalidDataError: a distance is negative or not finite.

    >>> from_distance([[0, 1], [1.01, 0]], ["A", "B"]).names
    ('A', 'B')
    """
    matrix = as_float(distance)
    if matrix.ndim != 2:
        raise InvalidShapeError(f"distance has shape {matrix.shape}; must be (places, places)")
    count = matrix.shape[0]
    if coordinates is None:
        coordinates = _circle(count)
    return Geography(matrix, coordinates, tuple(names) if names is not None else _names(count))


def equidistant(places: int = 2) -> Geography:
    """Places that are all one step from each other; ``places`` is an integer >= 1.

    >>> equidistant(3).distance.tolist()
    [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    """
    _check_count("places", places, 1)
    return Geography(as_float(1.0 - np.eye(places)), _circle(places), _names(places), "equidistant")


def racetrack(places: int = 8) -> Geography:
    """Places evenly spaced on a circle; distance is the number of steps the short way round.

        distance_ij = min(|i - j|, n - |i - j|)

    ``places`` is an integer >= 2. Source: Krugman (1993), European Economic Review 37(2-3).

    >>> racetrack(6).distance[0].tolist()
    [0.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    """
    _check_count("places", places, 2)
    gap = np.abs(np.subtract.outer(np.arange(places), np.arange(places)))
    return Geography(
        as_float(np.minimum(gap, places - gap)), _circle(places), _names(places), "racetrack"
    )


def line(places: int = 5) -> Geography:
    """Places evenly spaced on a line; ``places`` is an integer >= 2.

        distance_ij = |i - j|

    >>> line(4).distance[0].tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    _check_count("places", places, 2)
    index = np.arange(places)
    coordinates = as_float(np.stack([index, np.zeros(places)], axis=1))
    return Geography(
        as_float(np.abs(np.subtract.outer(index, index))), coordinates, _names(places), "line"
    )


def star(places: int = 5) -> Geography:
    """One hub, one step from every other place; the others are two steps apart, via the hub.

    ``places`` counts the hub, place 0, and is an integer >= 2.

    >>> star(4).distance[1].tolist()
    [1.0, 0.0, 2.0, 2.0]
    """
    _check_count("places", places, 2)
    distance = 2.0 * (1.0 - np.eye(places))
    distance[0, 1:] = distance[1:, 0] = 1.0
    coordinates = as_float(np.vstack([np.zeros((1, 2)), _circle(places - 1)]))
    return Geography(as_float(distance), coordinates, _names(places), "star")


def square_torus(rows: int = 4, columns: int | None = None) -> Geography:
    """Square lattice closed to a torus; distance counts steps along the lattice.

    ``rows`` and ``columns`` (by default as many) are integers >= 2; places are named by both.

    >>> square_torus(3).names[:4], float(square_torus(3).distance[0, 8])
    (('0,0', '0,1', '0,2', '1,0'), 2.0)
    """
    columns = rows if columns is None else columns
    _check_count("rows", rows, 2)
    _check_count("columns", columns, 2)
    i, j = (a.ravel() for a in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    di = np.abs(np.subtract.outer(i, i))
    dj = np.abs(np.subtract.outer(j, j))
    distance = np.minimum(di, rows - di) + np.minimum(dj, columns - dj)
    names = tuple(f"{a},{b}" for a, b in zip(i, j, strict=True))
    return Geography(distance, as_float(np.stack([j, -i], axis=1)), names, "square torus")


def hexagonal_torus(rows: int = 6) -> Geography:
    """Hexagonal (triangular-neighbour) lattice of ``rows`` by ``rows``, closed to a torus.

    Distance counts steps along the lattice, with six neighbours to each place. ``rows`` is an
    integer >= 2. Source: Ikeda and Murota (2014), Bifurcation Theory for Hexagonal Agglomeration in
    Economic Geography, ch. 2.

    >>> int((hexagonal_torus(6).distance[0] == 1).sum())
    6
    """
    _check_count("rows", rows, 2)
    a, b = (v.ravel() for v in np.meshgrid(np.arange(rows), np.arange(rows), indexing="ij"))
    best = np.full((rows * rows, rows * rows), np.inf)
    for shift_a in (-rows, 0, rows):
        for shift_b in (-rows, 0, rows):
            da = np.subtract.outer(a, a) + shift_a
            db = np.subtract.outer(b, b) + shift_b
            steps = np.maximum(np.maximum(np.abs(da), np.abs(db)), np.abs(da + db))
            best = np.minimum(best, steps)
    coordinates = as_float(np.stack([b + 0.5 * a, -a * np.sqrt(3.0) / 2.0], axis=1))
    names = tuple(f"{i},{j}" for i, j in zip(a, b, strict=True))
    return Geography(as_float(best), coordinates, names, "hexagonal torus")


_LAYOUTS: dict[str, Callable[[int], Geography]] = {
    "equidistant": equidistant,
    "racetrack": racetrack,
    "line": line,
    "star": star,
    "square": square_torus,
    "hexagonal": hexagonal_torus,
}


def layout(kind: str, places: int) -> Geography:
    """Geography of a plain name; ``places`` counts all places (a square number on lattices).

    Args:
        kind: equidistant, racetrack, line, star, square or hexagonal.
        places: how many places there are in all, an integer.

    Raises:
        neg.core.errors.UnknownNameError: there is no layout of this name.
        neg.core.errors.InvalidParameterError: a number of places that the layout cannot have.

    >>> layout("racetrack", 8).kind
    'racetrack'
    """
    if kind not in _LAYOUTS:
        raise unknown_name("geography", kind, _LAYOUTS)
    if kind in ("square", "hexagonal"):
        rows = round(float(places) ** 0.5)
        if rows * rows != places:
            raise InvalidParameterError(
                f"places = {places} is not allowed for geography {kind}; must be a square number"
            )
        return _LAYOUTS[kind](rows)
    return _LAYOUTS[kind](places)


def _check_count(name: str, value: int, low: int) -> None:
    if is_concrete(value) and (int(value) != value or value < low):
        raise InvalidParameterError(f"{name} = {value} is not allowed; must be an integer >= {low}")


def _names(places: int) -> tuple[str, ...]:
    return tuple(str(i) for i in range(places))


def _circle(places: int) -> Any:
    angle = np.pi / 2 - 2 * np.pi * np.arange(places) / max(places, 1)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
