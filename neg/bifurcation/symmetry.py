"""Symmetries of an economy: which relabellings of its cells leave everything as it was.

A symmetry is a permutation ``g`` of the cells such that payoffs at the relabelled distribution are
the relabelled payoffs, ``V(g x) = g V(x)``. Candidates are the automorphisms of how payoffs respond
when one cell grows (and of the distances), found by backtracking; each is then put to the test at
a distribution without any symmetry, so that no asymmetry of the model is overlooked.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.core.compilation import quick_jit
from neg.economy.model import Model
from neg.solvers.newton import newton
from neg.solvers.short_run import market_system
from neg.solvers.system import flat_prices, payoff

LIMIT = 2000
"""Groups with more elements than this are represented by some of their elements."""
SAME = 1e-7
"""Shares that differ by less than this are taken as equal."""


@dataclasses.dataclass(frozen=True)
class Symmetry:
    """A group of permutations of cells; ``x[elements]`` are all images of a distribution ``x``.

    A group of more than ``LIMIT`` elements, such as all n! permutations of equidistant regions, is
    not listed whole (``complete`` is false): it is represented by elements that suffice to find
    clusters of equal cells, and ``twins`` labels the cells that may be exchanged freely.
    """

    elements: np.ndarray
    complete: bool = True
    twins: np.ndarray | None = None

    @classmethod
    def trivial(cls, cells: int) -> Symmetry:
        """The group that leaves every cell where it is."""
        return cls(np.arange(cells)[None, :])

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.elements.shape[1]

    @property
    def order(self) -> int:
        """Number of listed elements."""
        return self.elements.shape[0]

    @property
    def orbits(self) -> np.ndarray:
        """Label of the orbit of each cell, numbered from zero in order of appearance."""
        return orbit_labels(self.elements)

    def isotropy(self, *states: np.ndarray, tolerance: float = SAME) -> Symmetry:
        """The subgroup that leaves every given state (one entry per cell) as it is."""
        keep = np.ones(self.order, dtype=bool)
        for state in states:
            values = np.asarray(state)
            keep &= (np.abs(values[self.elements] - values) <= tolerance).all(axis=1)
        return dataclasses.replace(self, elements=self.elements[keep])

    def average(self, x: np.ndarray) -> np.ndarray:
        """The nearest state with this symmetry: every orbit at its mean."""
        labels = self.orbits
        return (np.bincount(labels, np.asarray(x)) / np.bincount(labels))[labels]

    def images(self, x: np.ndarray, tolerance: float = SAME) -> np.ndarray:
        """All different states that symmetries make of ``x``, in the order of the elements."""
        images = np.asarray(x)[self.elements]
        _, first = np.unique(np.round(images / (10 * tolerance)), axis=0, return_index=True)
        return images[np.sort(first)]

    def nearest(self, x: np.ndarray, target: np.ndarray) -> np.ndarray:
        """The symmetry ``g`` whose image ``x[g]`` comes nearest to ``target``."""
        x, target = np.asarray(x), np.asarray(target)
        if self.twins is not None and not self.complete:
            permutation = np.arange(self.cells)
            for twin in np.unique(self.twins):
                cells = np.flatnonzero(self.twins == twin)
                ranked = np.argsort(target[cells], kind="stable")
                permutation[cells[ranked]] = cells[np.argsort(x[cells], kind="stable")]
            return permutation
        distance = np.abs(x[self.elements] - target).max(axis=1)
        return self.elements[int(np.argmin(distance))]

    @property
    def name(self) -> str:
        """Name of the abstract group: trivial, Z2, Z_n, D_n, S_n or its order."""
        if not self.complete:
            return f"at least {self.order} symmetries"
        order, cells = self.order, np.arange(self.cells)
        if order == 1:
            return "trivial"
        if order == 2:
            return "D1" if (self.elements == cells).all(axis=0).any() else "Z2"
        orders = np.array([permutation_order(g) for g in self.elements])
        if orders.max() == order:
            return f"Z{order}"
        if order % 2 == 0 and orders.max() * 2 >= order and order <= 4 * self.cells:
            half = order // 2
            rotations = self.elements[orders == half] if half > 2 else self.elements[orders == 2]
            for rotation in rotations:
                outside = ~_is_power_of(self.elements, rotation)
                if outside.sum() == half and (orders[outside] == 2).all():
                    return f"D{half}"
        moved = int((self.elements != cells).any(axis=0).sum())
        if order == math.factorial(moved):
            return f"S{moved}"
        return f"order {order}"


def symmetries(model: Model, *others: Model) -> Symmetry:
    """The symmetries that ``model`` (and each of the others, at other parameters) has.

    Found from the response of payoffs when one cell of the even distribution grows and, where the
    cells are the places of a geography, from the distances; tested at an uneven distribution.
    """
    colours = np.zeros((model.groups.cells, model.groups.cells), dtype=int)
    for one in (model, *others):
        for matrix in _signatures(one):
            colours = _merge(colours, _levels(np.asarray(matrix)))
            if len(np.unique(np.diag(colours))) == len(colours):
                return Symmetry.trivial(len(colours))  # no two cells are alike
    group = automorphisms(colours)
    for one in (model, *others):
        group = _tested(one, group)
    return group


def automorphisms(colours: np.ndarray, limit: int = LIMIT) -> Symmetry:
    """All permutations ``g`` with ``colours[g i, g j] = colours[i, j]``, by backtracking.

    ``colours`` is an integer matrix, its diagonal colours the cells themselves.
    """
    found: list[np.ndarray] = []
    for permutation in _extensions(colours):
        found.append(permutation)
        if len(found) > limit:
            twins = _twin_classes(colours)
            return Symmetry(_some_of_twins(twins), complete=False, twins=twins)
    return Symmetry(np.array(found))


def orbit_labels(elements: np.ndarray) -> np.ndarray:
    """Label of each cell's orbit under the group that the permutations generate."""
    lowest = elements.min(axis=0)
    for _ in range(elements.shape[1]):
        through = np.minimum(lowest, lowest[lowest])
        np.minimum.at(through, elements, np.broadcast_to(through, elements.shape))
        through = np.minimum(through, through[elements].min(axis=0))
        if (through == lowest).all():
            break
        lowest = through
    return np.unique(lowest, return_inverse=True)[1]


def permutation_order(permutation: np.ndarray) -> int:
    """How often a permutation must be repeated until nothing has changed."""
    power, count = permutation, 1
    while (power != np.arange(len(permutation))).any():
        power, count = permutation[power], count + 1
    return count


_CLUSTERS = 12  # more are counted, not listed


def clusters(x: np.ndarray, tolerance: float = 1e-6) -> list[tuple[float, int]]:
    """Different shares in ``x``, largest first, and how many cells have each."""
    ordered = np.sort(np.asarray(x))[::-1]
    breaks = np.flatnonzero(ordered[:-1] - ordered[1:] > tolerance) + 1
    return [(float(part.mean()), len(part)) for part in np.split(ordered, breaks)]


def pattern(x: np.ndarray, cells: int | None = None) -> str:
    """A distribution in words: ``8 of 16``, ``4+4``, ``1+2 of 8``: sizes of equal clusters.

    More than a dozen clusters are only counted: ``231 sizes``.
    """
    levels = clusters(x)
    total = len(x) if cells is None else cells
    sizes = [count for share, count in levels if share > 1e-6]
    many = len(sizes) > _CLUSTERS
    text = f"{len(sizes)} sizes" if many else "+".join(str(size) for size in sizes)
    return f"{text} of {total}" if sum(sizes) < total else text


@quick_jit
def cleared(model: Model, x: Array) -> tuple[Array, Array]:
    """Flat log prices that clear the markets at ``x`` and the payoffs there, without a check."""
    p = newton(market_system, flat_prices(model, x)[0], (model, x)).z
    return p, payoff(model, p, x)


def _payoffs(model: Model, states: np.ndarray) -> np.ndarray:
    """Payoffs at each state, one after the other: one small program serves any number."""
    return np.array([cleared(model, jnp.asarray(x))[1] for x in states])


def _signatures(model: Model) -> Iterator[np.ndarray]:
    """Matrices that every symmetry leaves as they are: what it means to add to one cell."""
    groups = model.groups
    yield np.asarray(groups.index)[:, None] == np.asarray(groups.index)[None, :] + 0.0
    yield np.diag(np.asarray(groups.cell_mass))
    even = groups.uniform()
    paid = _payoffs(model, np.asarray(even)[None])[0]
    if np.isfinite(paid).all():  # cells that pay differently, all else even, are not alike
        yield np.diag(paid)
    added = even[None, :] + 0.3 * jnp.diag(even)
    added = added / jax.vmap(groups.total)(added)[:, groups.index] * groups.cell_mass
    response = _payoffs(model, np.asarray(added))
    if np.isfinite(response).all():
        yield response
    geography = getattr(model, "geography", None)
    if geography is not None and geography.places == groups.cells:
        yield np.asarray(geography.distance)


def distributions(group: Symmetry, model: Model, x: np.ndarray) -> np.ndarray:
    """All different distributions that symmetries make of ``x``, told apart by their shares."""
    mass = np.asarray(model.groups.cell_mass)
    return group.images(x / mass) * mass


def _levels(matrix: np.ndarray) -> np.ndarray:
    """Integer labels of the different values of a matrix, rounding noise apart."""
    flat = matrix.ravel()
    order = np.argsort(flat)
    gap = np.diff(flat[order]) > 1e-8 * max(1.0, float(np.abs(flat).max()))
    labels = np.empty(flat.size, dtype=int)
    labels[order] = np.concatenate([[0], np.cumsum(gap)])
    return labels.reshape(matrix.shape)


def _merge(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    pairs = left * (right.max() + 1) + right
    return np.unique(pairs, return_inverse=True)[1].reshape(left.shape)


def _extensions(colours: np.ndarray) -> Iterator[np.ndarray]:
    """Depth-first search over images of cells 0, 1, 2, ...; candidates that fit all before."""
    cells = colours.shape[0]
    diagonal = np.diag(colours)

    def extend(images: list[int]) -> Iterator[np.ndarray]:
        depth = len(images)
        if depth == cells:
            yield np.array(images)
            return
        fits = diagonal == diagonal[depth]
        if depth:
            fits &= (colours[:, images] == colours[depth, :depth]).all(axis=1)
            fits &= (colours[images, :] == colours[:depth, depth][:, None]).all(axis=0)
            fits[images] = False
        for image in np.flatnonzero(fits):
            yield from extend([*images, int(image)])

    return extend([])


def _twin_classes(colours: np.ndarray) -> np.ndarray:
    """Label cells so that equal labels may be exchanged with everything else fixed."""
    cells = colours.shape[0]
    labels = np.arange(cells)
    for i in range(cells):
        for j in range(i):
            swap = np.arange(cells)
            swap[[i, j]] = j, i
            if (colours[np.ix_(swap, swap)] == colours).all():
                labels[i] = labels[j]
                break
    return labels


def _some_of_twins(twins: np.ndarray) -> np.ndarray:
    """Permutations that turn up to three runs of twin cells in circles, and the identity."""
    cells = len(twins)
    found = [np.arange(cells)]
    for twin in np.unique(twins):
        members = np.flatnonzero(twins == twin)
        for first in range(len(members) + 1):
            for second in range(first, len(members) + 1):
                parts = (members[:first], members[first:second], members[second:])
                found.append(_turn(cells, parts))
    return np.unique(np.array(found), axis=0)


def _turn(cells: int, parts: Sequence[np.ndarray]) -> np.ndarray:
    permutation = np.arange(cells)
    for part in parts:
        permutation[part] = np.roll(part, 1)
    return permutation


def _tested(model: Model, group: Symmetry) -> Symmetry:
    """The elements under which payoffs at an uneven distribution move as they should."""
    index, mass = np.asarray(model.groups.index), np.asarray(model.groups.mass)
    uneven = np.exp(0.3 * np.sin(1.0 + 2.3 * np.arange(group.cells) ** 1.5))
    x = uneven * (mass / np.bincount(index, uneven, len(mass)))[index]
    expected = _payoffs(model, x[None, :])[0]
    values = _payoffs(model, x[group.elements])
    scale = max(1.0, float(np.abs(expected).max()))
    wrong = np.abs(values - expected[group.elements]).max(axis=1) > 1e-7 * scale
    return dataclasses.replace(group, elements=group.elements[~wrong])


def _is_power_of(elements: np.ndarray, permutation: np.ndarray) -> np.ndarray:
    powers, power = {tuple(range(len(permutation)))}, permutation
    while tuple(power) not in powers:
        powers.add(tuple(power))
        power = permutation[power]
    return np.array([tuple(element) in powers for element in elements])
