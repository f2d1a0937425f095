"""Draw a diagram: lines by stability, special points, and where the dynamics end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from neg.bifurcation.branch import Kind
from neg.bifurcation.symmetry import distributions
from neg.bifurcation.tree import Tree
from neg.figures import diagram as shapes
from neg.figures import style

Shown = Callable[[np.ndarray], np.ndarray]
"""Maps distributions, shape (points, cells), to what is drawn of them, shape (points,)."""

_MARKED = {Kind.BRANCH: "break", Kind.SUSTAIN: "sustain", Kind.FOLD: "fold"}
_SYMBOLS = {"tau": "τ", "phi": "φ", "sigma": "σ", "mu": "μ", "theta": "θ", "alpha": "α"}
_MOST_NAMED = 4


def lines(diagram: Tree, shown: Shown, unit: str = "1") -> xr.Dataset:
    """Every branch and its mirror images as rows of ``parameter``, ``shown`` and ``stable``.

    Special points are part of the line twice, once with the stability before and once with that
    after. Where an unused cell would pay more the state is no equilibrium: there, and to fill the
    rows, stands NaN. Images that look the same are drawn once. ``number`` is the branch.
    """
    rows: list[tuple[np.ndarray, ...]] = []
    owner: list[int] = []
    for number, branch in enumerate(diagram.branches):
        parameter, x, stable = branch.outline()
        images: list[np.ndarray] = []
        for element in diagram.group.elements:
            image = shown(x[:, element])
            if not any(np.allclose(image, other, equal_nan=True) for other in images):
                images.append(image)
        rows += [(parameter, image, stable) for image in images]
        owner += [number] * len(images)
    width = max((len(row[0]) for row in rows), default=0)
    table = np.full((3, len(rows), width), np.nan)
    for k, row in enumerate(rows):
        for quantity, line in enumerate(row):
            table[quantity, k, : len(line)] = line
    units = {"parameter": "1", "shown": unit, "stable": "1: stable, 0: unstable"}
    return xr.Dataset(
        {
            name: (("branch", "point"), part, {"units": units[name]})
            for name, part in zip(units, table, strict=True)
        }
        | {"number": ("branch", np.array(owner, dtype=int), {"units": "1"})},
        coords={"branch": np.arange(len(rows)), "point": np.arange(width)},
    )


def plot(diagram: Any, axes: Any = None, *, shown: Shown | None = None, label: str = "") -> Any:
    """Draw a diagram into ``axes`` (default: new ones, one page column wide); returns the axes.

    ``shown`` maps distributions, shape (points, cells), to the height drawn, ``label`` says what
    it is; default the share of the first place where there are two, else of the largest one.
    Solid lines are stable, dashed ones unstable; dots are stable states that random starts
    reached, their area the share of starts.
    """
    height, words = (shown, label) if shown else _default(diagram)
    symbol = _SYMBOLS.get(diagram.line.label, diagram.line.label)
    with style.house():
        if axes is None:
            from matplotlib import pyplot as plt

            axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")[1]
        drawn = lines(diagram, height)
        for k in range(drawn.sizes["branch"]):
            row = drawn.isel(branch=k)
            shapes.branch(axes, row["parameter"], row["shown"], row["stable"])
        for state in diagram.basins.states:
            if state.starts:
                images = distributions(diagram.group, diagram.model, state.x)
                seen = {round(float(height(x[None])[0]), 6) for x in images}
                size = 45 * state.share / len(seen)
                axes.scatter([state.value] * len(seen), sorted(seen), s=size, color=style.INK)
        _mark(diagram, axes, height, symbol)
        axes.set_xlabel(symbol)
        axes.set_ylabel(words)
        axes.set_xlim(float(diagram.line.low), float(diagram.line.high))
        shapes.legend(axes, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    return axes


def _default(diagram: Tree) -> tuple[Shown, str]:
    industry = np.asarray(diagram.model.industry, dtype=int)
    places, number = np.unique(np.asarray(diagram.model.cell_places)[industry], return_inverse=True)
    two = len(places) == 2
    member = np.eye(len(places))[number]

    def share(x: np.ndarray) -> np.ndarray:
        part = x[:, industry] @ member
        part = part / np.maximum(part.sum(axis=1, keepdims=True), 1e-300)
        return part[:, 0] if two else part.max(axis=1)

    return share, "share of the first place" if two else "share of the largest place"


def _mark(diagram: Tree, axes: Any, height: Shown, symbol: str) -> None:
    """Special points that bound stable states or equilibria, with their values if they are few."""
    marks: dict[tuple[float, float], str] = {}
    for number, point in diagram.special:
        beside = diagram.branches[number].entering[point.index : point.index + 2]
        if point.kind in _MARKED and (beside == 0).any():
            at = float(height(point.x[None])[0])
            marks.setdefault((round(point.parameter, 6), round(at, 6)), _MARKED[point.kind])
    top = axes.get_ylim()[1]
    for (where, at), name in marks.items():
        if len(marks) <= _MOST_NAMED:
            away = (10.0, -26.0 if at > 0.8 * top else 12.0)
            shapes.special_point(axes, where, at, name, symbol=symbol, offset=away)
        else:  # too many to name: the table of the diagram lists them
            shapes.mark(axes, where, at, name, size=3.5)
