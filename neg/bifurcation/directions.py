"""Directions in which branches leave a branch point, all of them up to symmetry.

Where a symmetric equilibrium breaks, symmetry forces several modes to become critical at once. The
equivariant branching lemma says where branches leave: along each direction of the kernel that is,
up to its length, the only one with the symmetries it has. These directions are found by
intersecting the spaces that single symmetries leave fixed.

Source: Golubitsky, Stewart and Schaeffer (1988), Singularities and Groups in Bifurcation Theory II,
ch. XIII; Ikeda and Murota (2014), Bifurcation Theory for Hexagonal Agglomeration in Economic
Geography.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neg.bifurcation.symmetry import Symmetry

_TOLERANCE = 1e-6
_MOST_SPACES = 4000
"""Limit on the number of fixed spaces looked at; kernels of the usual lattices need far fewer."""


class Direction(NamedTuple):
    """A direction in the kernel: over cells, of length one, with the symmetries it keeps.

    ``mirrored``: whether a symmetry turns the direction around, so that the branch leaves both
    ways alike (a pitchfork) and one half is enough.
    """

    mode: np.ndarray
    symmetry: Symmetry
    mirrored: bool


class Directions(NamedTuple):
    """Directions up to symmetry, and what else there may be.

    ``larger`` holds the dimensions (two and more) of fixed spaces without such a direction inside,
    in which the lemma says nothing; ``complete`` is false if the search was cut short.
    """

    found: list[Direction]
    larger: list[int]
    complete: bool


def directions(modes: np.ndarray, symmetry: Symmetry) -> Directions:
    """All directions of the kernel spanned by ``modes`` (cell, mode) that the lemma names.

    ``symmetry`` is that of the equilibrium at the branch point.
    """
    size = modes.shape[1]
    if size == 0:
        return Directions([], [], True)
    acting = np.einsum("ca,gcb->gab", modes, modes[symmetry.elements])
    distinct = _distinct(acting)
    spaces, complete = _fixed_spaces(distinct)
    axial = [basis[:, 0] for basis in spaces if basis.shape[1] == 1]
    found = []
    for vector in axial:
        mode = modes @ vector
        keeps = np.abs(acting @ vector - vector).max(axis=1) < _TOLERANCE
        turns = np.abs(distinct @ vector + vector).max(axis=1) < _TOLERANCE
        own = Symmetry(symmetry.elements[keeps], symmetry.complete, symmetry.twins)
        found.append(Direction(mode * _sign(mode), own, bool(turns.any())))
    larger = [
        basis.shape[1]
        for basis in spaces
        if basis.shape[1] > 1 and not _holds_smaller(basis, distinct)
    ]
    found.sort(key=lambda direction: -direction.symmetry.order)
    return Directions(_without_twins(found, symmetry), sorted(larger), complete)


def _without_twins(found: list[Direction], symmetry: Symmetry) -> list[Direction]:
    """Directions that differ after exchanging twins too, where not all symmetries are listed."""
    if symmetry.complete or symmetry.twins is None:
        return found
    kept: list[Direction] = []
    for direction in found:
        images = (direction.mode, -direction.mode)
        alike = any(
            np.abs(image[symmetry.nearest(image, other.mode)] - other.mode).max() < _TOLERANCE
            for image in images
            for other in kept
        )
        if not alike:
            kept.append(direction)
    return kept


def _sign(mode: np.ndarray) -> float:
    """Sign that makes the largest entries positive: a branch towards few large cells first."""
    return 1.0 if mode.max() >= -mode.min() - 1e-9 else -1.0


def _distinct(acting: np.ndarray) -> np.ndarray:
    keys = np.round(acting.reshape(len(acting), -1), 5) + 0.0
    _, first = np.unique(keys, axis=0, return_index=True)
    return acting[np.sort(first)]


def _fixed_spaces(acting: np.ndarray) -> tuple[list[np.ndarray], bool]:
    """Spaces fixed by subgroups, one of each class of images under the group, as bases."""
    size = acting.shape[1]
    seen: set[bytes] = set()
    spaces: list[np.ndarray] = []

    def enter(basis: np.ndarray) -> None:
        projector = basis @ basis.T
        if _key(projector) in seen:
            return
        images = acting @ projector @ np.swapaxes(acting, 1, 2)
        seen.update(_key(image) for image in images)
        spaces.append(basis)

    enter(np.eye(size))
    done = 0
    while done < len(spaces) and len(spaces) < _MOST_SPACES:
        for smaller in _smaller_spaces(spaces[done], acting):
            enter(smaller)
        done += 1
    return spaces, done == len(spaces)


def _smaller_spaces(basis: np.ndarray, acting: np.ndarray) -> list[np.ndarray]:
    """Intersections of a space with the fixed space of each symmetry, where properly smaller."""
    dimension = basis.shape[1]
    if dimension <= 1:
        return []
    _, sizes, right = np.linalg.svd(acting @ basis - basis, full_matrices=True)
    fixed = (sizes < _TOLERANCE).sum(axis=1)
    return [
        basis @ right[g, dimension - fixed[g] :].T
        for g in np.flatnonzero((fixed > 0) & (fixed < dimension))
    ]


def _holds_smaller(basis: np.ndarray, acting: np.ndarray) -> bool:
    return len(_smaller_spaces(basis, acting)) > 0


def _key(projector: np.ndarray) -> bytes:
    return (np.round(projector, 4) + 0.0).tobytes()
