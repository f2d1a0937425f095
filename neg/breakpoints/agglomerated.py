"""Where full agglomeration becomes, or ceases to be, an equilibrium."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from neg.breakpoints.bracket import Zero, brackets, converge, hidden_pair, near_misses
from neg.breakpoints.crossings import Walk
from neg.breakpoints.scale import Scale
from neg.economy.model import Model

_PROBE_ABOVE = 8
_MOST_MASKS = 32


class Corner(NamedTuple):
    """Industry in one place: cells used, cells closed to it, and the gain along the scale."""

    cell: int
    same_as: tuple[int, ...]
    walk: Walk
    v: np.ndarray
    z: np.ndarray
    gain: np.ndarray


class Leaving(NamedTuple):
    """A zero of the gain of the first unit that leaves the agglomeration."""

    zero: Zero
    z: np.ndarray
    x: np.ndarray
    corner: Corner
    sustained_below: bool


def corners(model: Model, parameter: str, scale: Scale, v: np.ndarray) -> list[Corner]:
    """Full agglomeration in every place, one for each class of places that are alike."""
    cells = list(model.industry)
    if len(cells) > _PROBE_ABOVE:
        classes = _alike(model, parameter, scale, v, cells)
        cells = list(classes)
    else:
        classes = {cell: (cell,) for cell in cells}
    found = [corner for cell in cells for corner in _corner(model, parameter, scale, v, cell)]
    merged: list[Corner] = []
    for corner in found:
        corner = corner._replace(same_as=classes[corner.cell])
        twin = next((k for k, other in enumerate(merged) if _same(corner, other)), None)
        if twin is None:
            merged.append(corner)
        else:
            both = merged[twin].same_as + corner.same_as
            merged[twin] = merged[twin]._replace(same_as=both)
    return merged


def leavings(model: Model, parameter: str, scale: Scale, found: list[Corner]) -> list[Leaving]:
    """Sign changes of the gain from leaving, for every corner."""
    result = []
    for corner in found:

        def near(v: float, corner: Corner = corner) -> Any:
            return corner.walk.at(v, corner.z[int(np.argmin(np.abs(corner.v - v)))])

        def test(v: float, near: Callable[[float], Any] = near) -> float:
            return float(near(v).gain)

        pairs = brackets(corner.v, corner.gain)
        for low, high in near_misses(corner.v, corner.gain):
            pairs += hidden_pair(test, low, high)
        for low, high in sorted(pairs):
            zero = converge(test, low, high, scale)
            if zero.pole:
                continue
            state = near(zero.v)
            zero = zero._replace(converged=zero.converged and bool(state.ok))
            result.append(Leaving(zero, state.z, state.x, corner, test(low) < 0))
    return sorted(result, key=lambda item: item.zero.v)


def _corner(model: Model, parameter: str, scale: Scale, v: np.ndarray, cell: int) -> list[Corner]:
    """The corner of one place; several where different sets of other cells are used."""
    closed = np.zeros(model.groups.cells, dtype=bool)
    closed[[other for other in model.industry if other != cell]] = True
    missing = np.ones(len(v), dtype=bool)
    result = []
    for used in _masks(model, cell, closed):
        walk = Walk(model, parameter, scale, v, used, closed)
        states = walk.from_start()
        ok = states.ok
        if ok.any():
            result.append(Corner(cell, (cell,), walk, v[ok], states.z[ok], states.gain[ok]))
        missing &= ~ok
        if not missing.any():
            break
    return result


def _masks(model: Model, cell: int, closed: np.ndarray) -> list[np.ndarray]:
    """Sets of used cells with industry in ``cell`` alone, the largest first."""
    index = np.asarray(model.groups.index)
    choices = []
    for group in range(model.groups.count):
        open_cells = [int(i) for i in np.flatnonzero((index == group) & ~closed)]
        subsets = [
            subset
            for size in range(len(open_cells), 0, -1)
            for subset in itertools.combinations(open_cells, size)
            if cell not in open_cells or cell in subset
        ]
        choices.append(subsets)
    masks = []
    for combination in itertools.islice(itertools.product(*choices), _MOST_MASKS):
        used = np.zeros(len(index), dtype=bool)
        used[list(itertools.chain(*combination))] = True
        masks.append(used)
    return masks


def _alike(
    model: Model, parameter: str, scale: Scale, v: np.ndarray, cells: list[int]
) -> dict[int, tuple[int, ...]]:
    """Cells that the geography cannot tell apart, by the first of each: equal gains at probes."""
    probes = v[[len(v) // 3, len(v) // 2, 2 * len(v) // 3]]
    classes: dict[int, tuple[int, ...]] = {}
    gains: dict[int, np.ndarray] = {}
    for cell in cells:
        found = _corner(model, parameter, scale, probes, cell)
        gain = found[0].gain if found else np.full(len(probes), np.nan)
        twin = next((first for first, other in gains.items() if _close(gain, other)), cell)
        classes[twin] = (*classes.get(twin, ()), cell)
        gains.setdefault(twin, gain)
    return classes


def _same(a: Corner, b: Corner) -> bool:
    return a.cell != b.cell and len(a.v) == len(b.v) and _close(a.gain, b.gain)


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-11, equal_nan=True))
