"""Where to look for equilibria that no branch found so far leads to.

Two kinds of starts serve any number of cells: distributions drawn at random, and those that are
even over an orbit of a subgroup of the symmetries. The latter are equilibria of their used cells at
every parameter value, as the subgroup exchanges these cells and leaves the distribution as it is:
every second place on a circle, a checkerboard, a triangle of a hexagonal lattice.

Source: Ikeda and Murota (2014), Bifurcation Theory for Hexagonal Agglomeration in Economic
Geography; Ikeda, Onda and Takayama (2019), Spatial period doubling, invariant pattern, and break
point in economic geography in two dimensions.
"""

from __future__ import annotations

import numpy as np

from neg.bifurcation.symmetry import Symmetry, distributions, orbit_labels
from neg.economy.model import Model

MOST_PATTERNS = 64


def agglomerated(model: Model, group: Symmetry) -> list[np.ndarray]:
    """Full agglomeration, one of each class of images.

    Every group in its cell of one rank, and what the model itself calls agglomerated in a place.
    """
    index, mass = np.asarray(model.groups.index), np.asarray(model.groups.mass)
    members = [np.flatnonzero(index == k) for k in range(len(mass))]
    most = max(len(cells) for cells in members)
    states = []
    for rank in range(most if most > 1 else 0):
        x = np.zeros(len(index))
        for k, cells in enumerate(members):
            x[cells[rank % len(cells)]] = mass[k]
        states.append(x)
    if len(mass) > 1:
        places = np.unique(np.asarray(model.cell_places))
        states += [np.asarray(model.agglomerated(int(p))) for p in places[places >= 0]]
    found: list[np.ndarray] = []
    for x in states:
        corner = ((x == 0) | (x == mass[index])).all()
        known = (distributions(group, model, y) for y in found)
        if corner and not any((y == x).all(axis=1).any() for y in known):
            found.append(x)
    return found


def patterns(model: Model, group: Symmetry) -> list[np.ndarray]:
    """Distributions even over an orbit of a subgroup of the symmetries, one of each class.

    The most symmetric first, without the even distribution and full agglomeration, at most
    ``MOST_PATTERNS``. None for models with several groups of mobile units.
    """
    if model.groups.count > 1 or group.order == 1:
        return []
    mass = float(np.asarray(model.groups.mass)[0])
    kept: dict[bytes, tuple[int, np.ndarray]] = {}
    for labels in _partitions(group):
        for block in range(labels.max() + 1):
            mask = labels == block
            if 1 < mask.sum() < group.cells:
                key = _class_of(mask, group)
                if key not in kept:
                    kept[key] = (group.isotropy(mask + 0.0).order, mask)
    ordered = sorted(kept.values(), key=lambda one: (-one[0], -one[1].sum()))
    return [mask * mass / mask.sum() for _, mask in ordered[:MOST_PATTERNS]]


def _partitions(group: Symmetry) -> list[np.ndarray]:
    """Partitions of the cells into the orbits of subgroups with one or two generators.

    One of each class of images of the first generator: the others give mirror images.
    """
    same = np.arange(group.cells)
    cyclic = _distinct(np.stack([orbit_labels(np.stack([same, g])) for g in group.elements]))
    images = {row.tobytes(): row for row in cyclic}
    firsts = []
    while images:
        first = next(iter(images.values()))
        firsts.append(first)
        for row in _distinct(_renumbered(first[group.elements])):
            images.pop(row.tobytes(), None)
    joined = [_distinct(_join(first, cyclic)) for first in firsts]
    return list(_distinct(np.concatenate([cyclic, *joined])))


def _distinct(rows: np.ndarray) -> np.ndarray:
    return np.unique(rows, axis=0)


def _renumbered(rows: np.ndarray) -> np.ndarray:
    """Labels of each row numbered in order of appearance."""
    alike = rows[:, :, None] == rows[:, None, :]
    first = alike.argmax(axis=2)  # the first cell with the same label
    opens = first == np.arange(rows.shape[1])
    number = np.cumsum(opens, axis=1) - 1
    return np.take_along_axis(number, first, axis=1)


def _join(first: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For each of the other partitions, the finest that it and the first both refine."""
    rows, cells = others.shape
    offset = np.arange(rows)[:, None] * cells
    lowest = np.broadcast_to(np.arange(cells), others.shape)
    while True:
        before = lowest
        for labels in (np.broadcast_to(first, others.shape), others):
            least = np.full(rows * cells, cells)
            np.minimum.at(least, (labels + offset).ravel(), lowest.ravel())
            lowest = least[labels + offset]
        if (lowest == before).all():
            return _renumbered(lowest)


def _class_of(mask: np.ndarray, group: Symmetry) -> bytes:
    """The same for all images of a set of cells."""
    if group.twins is not None and not group.complete:
        return np.bincount(group.twins[mask], minlength=group.cells).tobytes()
    rows = np.packbits(mask[group.elements], axis=1)
    return min(row.tobytes() for row in rows)
