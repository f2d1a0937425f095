"""Choropleth maps from longitude–latitude polygons; places too small to see become discs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.path import Path

from neg.core.errors import InvalidDataError, LabelMismatchError
from neg.figures import style
from neg.figures.scale import Scale

Polygons = Mapping[str, Sequence[np.ndarray]]
"""Outer rings of each place: arrays of shape (points, 2), longitude and latitude in degrees."""

Extent = tuple[float, float, float, float]
"""West, east, south, north in degrees."""

_DISC = 6.0  # diameter of a disc in points
_SMALL = 2e-4  # a place below this share of the map's area is drawn as a disc


def choropleth(
    axes: Axes,
    polygons: Polygons,
    values: Any,
    *,
    label: str,
    extent: Extent | None = None,
    scale: Scale = Scale(),  # noqa: B008  (frozen)
    background: Polygons | None = None,
    names: bool | Mapping[str, tuple[float, float]] = False,
) -> ScalarMappable:
    """Colour each place by its value and add a colour bar; returns what maps values to colours.

    Args:
        axes: where to draw.
        polygons: rings of each place that may be coloured, by name.
        values: value by place name (mapping, series or labelled array with one dimension); missing
            or NaN places stay blank.
        label: quantity and unit, written along the colour bar.
        extent: part of the world to show; default: all polygons that have values.
        scale: which values have which colours, and whether there is a colour bar.
        background: rings of further land, drawn blank.
        names: whether to write the name of each place on it; or where some names stand, in
            degrees: a thin line leads from there to the place.

    Raises:
        LabelMismatchError: a value names a place that has no polygon.
        InvalidDataError: a value on a logarithmic scale is not positive, or ``values`` are no
            numbers by place.

    >>> from matplotlib.figure import Figure
    >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> places = {"A": [square], "B": [square + [2.0, 0.0]]}
    >>> drawn = choropleth(Figure().subplots(), places, {"A": 1.0, "B": 3.0}, label="index")
    >>> [float(end) for end in drawn.get_clim()]
    [1.0, 3.0]
    """
    given = _by_place(values)
    if unknown := [name for name in given if name not in polygons]:
        raise LabelMismatchError(f"values name places without polygons: {unknown}")
    rings = {name: [_shifted(ring) for ring in some] for name, some in polygons.items()}
    west, east, south, north = extent or _extent([ring for name in given for ring in rings[name]])

    finite = [value for value in given.values() if np.isfinite(value)]
    mappable = ScalarMappable(scale.norm(finite), scale.map)
    blank = [
        ring
        for name, some in rings.items()
        if not np.isfinite(_value(given, name))
        for ring in some
    ]
    blank += [_shifted(ring) for some in (background or {}).values() for ring in some]
    axes.add_collection(_land(blank, facecolors=style.BLANK, edgecolors="white"))
    area = (east - west) * (north - south)
    for name, value in given.items():
        if not np.isfinite(value):
            continue
        colour = tuple(mappable.to_rgba(np.asarray(value)))
        axes.add_collection(_land(rings[name], facecolors=[colour], edgecolors=style.QUIET))
        if sum(_area(ring) for ring in rings[name]) < _SMALL * area:
            x, y = _middle(rings[name])
            axes.plot(x, y, "o", ms=_DISC, mfc=colour, mec=style.INK, mew=0.7, zorder=4)
    if names is not False:
        stands = names if isinstance(names, Mapping) else {}
        _write_names(axes, {name: rings[name] for name in given}, stands, _SMALL * area)
    _frame(axes, (west, east, south, north))
    scale.draw_bar(axes, mappable, finite, label, shrink=0.8)
    return mappable


def _by_place(values: Any) -> dict[str, float]:
    if hasattr(values, "to_series"):  # a labelled array, whose items are no pairs
        if values.ndim != 1 or values.dims[0] not in values.coords:
            raise InvalidDataError(
                f"values have the dimensions {values.dims}; must be one, with labels: places"
            )
        values = values.to_series()
    try:
        return {str(name): float(value) for name, value in dict(values).items()}
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"values are not allowed: {error}; must be numbers by place (a mapping, a series or a "
            "labelled array)"
        ) from error


def _land(rings: list[np.ndarray], **options: Any) -> PolyCollection:
    return PolyCollection(rings, linewidths=0.4, zorder=2, **options)


def _shifted(ring: np.ndarray) -> np.ndarray:
    """The ring on a map with its edge at 30° W, in the Atlantic, so that the Pacific is whole."""
    ring = np.asarray(ring, dtype=float)
    return ring + [360.0, 0.0] if ring[:, 0].mean() < -30.0 else ring


def _value(values: Mapping[str, float], name: str) -> float:
    return values.get(name, float("nan"))


def _extent(rings: list[np.ndarray]) -> Extent:
    points = np.concatenate(rings)
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    margin = 0.02 * max(east - west, north - south)
    return west - margin, east + margin, south - margin, north + margin


def _area(ring: np.ndarray) -> float:
    """Area in square degrees (shoelace formula)."""
    x, y = ring[:, 0], ring[:, 1]
    return 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))


def _middle(rings: Sequence[np.ndarray]) -> tuple[float, float]:
    """Centroid of the largest ring."""
    ring = max(rings, key=_area)
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    if abs(cross.sum()) < 1e-12:
        return float(ring[:, 0].mean()), float(ring[:, 1].mean())
    weight = 3 * cross.sum()
    return (
        float(ring[0, 0] + ((x + np.roll(x, -1)) * cross).sum() / weight),
        float(ring[0, 1] + ((y + np.roll(y, -1)) * cross).sum() / weight),
    )


def _write_names(
    axes: Axes, rings: Polygons, stands: Mapping[str, tuple[float, float]], small: float
) -> None:
    from matplotlib.patheffects import AbstractPathEffect, withStroke

    white: list[AbstractPathEffect] = [withStroke(linewidth=1.5, foreground="white")]
    tiny = {n: _middle(some) for n, some in rings.items() if sum(map(_area, some)) < small}
    discs = np.array(list(tiny.values())).reshape(-1, 2)
    for name, some in rings.items():
        place = tiny.get(name) or _inside(some, discs)
        look: dict[str, Any] = {
            "fontsize": style.SMALLEST,
            "zorder": 6,
            "ha": "center",
            "va": "center",
        }
        if name in stands:
            line: dict[str, Any] = {"arrowstyle": "-", "color": style.INK, "lw": 0.6, "shrinkA": 0}
            line["shrinkB"] = 0.5 * _DISC if name in tiny else 1.0
            text = axes.annotate(name, place, xytext=stands[name], arrowprops=line, **look)
        elif name in tiny:
            look |= {"ha": "left", "va": "top", "textcoords": "offset points"}
            text = axes.annotate(name, place, xytext=(5, -1), **look)
        else:
            text = axes.annotate(name, place, **look)
        text.set_path_effects(white)


def _inside(rings: Sequence[np.ndarray], discs: np.ndarray) -> tuple[float, float]:
    """The point of a place that lies farthest from its borders and from the discs on it."""
    large = 0.2 * max(map(_area, rings))
    best, point = 0.0, _middle(rings)
    for ring in rings:
        low, high = ring.min(axis=0), ring.max(axis=0)
        grid = np.stack(np.meshgrid(*np.linspace(low, high, 27)[1:-1].T), axis=-1).reshape(-1, 2)
        grid = grid[Path(ring).contains_points(grid)]
        if _area(ring) < large or not len(grid):
            continue
        # Discs hide what lies around them: they keep others twice as far away as a border does.
        far = np.linalg.norm(grid[:, None] - ring[None], axis=2).min(axis=1)
        for disc in discs:
            far = np.minimum(far, 0.5 * np.linalg.norm(grid - disc, axis=1))
        if far.max() > best:
            best, (x, y) = far.max(), grid[far.argmax()]
            point = float(x), float(y)
    return point


def _frame(axes: Axes, extent: Extent) -> None:
    west, east, south, north = extent
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], facecolor=style.SEA)
    axes.set_aspect(1.0 / np.cos(np.deg2rad(0.5 * (south + north))))
    axes.spines[:].set_visible(False)
