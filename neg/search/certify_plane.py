"""Certified search for equilibria with two degrees of freedom: boxes of log odds, quartered.

At the centre of a box of half width ``r`` with gap ``D``, slope ``J`` and a bound ``M`` on the
change of slope per unit, the box

    holds no equilibrium     if |D_i| > sum_j |J_ij| r + M r^2 / 2 for some i,
                             or |J^-1 D|_i > r + |J^-1| M r^2 / 2 for some i
    holds at most one        if |J^-1| M r < 1: then Newton's method finds it, or leaves

``M`` is the largest change of slope between the centres of the quarters of the parent box, times
a safety factor: the certificate rests on this sampled bound. Boxes below the resolution that stay
undecided are reported.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from neg.economy.model import Model
from neg.search.certify import DEPTH, SAFETY, Sampler
from neg.search.faces import Face

RESOLUTION = 1e-3
"""Half width of a box of log odds that is not quartered any more."""
_COARSE = 0.5
_START = 56
_MOST_BOXES = 60_000
_NEWTON_STEPS = 30
_SAME = 1e-7


class Plane(NamedTuple):
    """Equilibria on a two-dimensional face: log odds, and boxes that stayed undecided.

    ``uncleared`` is the smallest log odds at which markets did not clear (infinite if they did).
    """

    u: np.ndarray
    undecided: np.ndarray
    evaluations: int
    uncleared: float


def search_plane(model: Model, face: Face) -> Plane:
    """All equilibria inside a face with two degrees of freedom."""
    sample = Sampler(model, None, face, np.zeros(1))
    half = DEPTH / _START
    axis = -DEPTH + half * (2 * np.arange(_START) + 1)
    centre = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    uncleared = np.inf
    roots: list[np.ndarray] = []
    undecided: list[np.ndarray] = []
    while len(centre):
        half /= 2
        quarter = half * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        centre = (centre[:, None, :] + quarter[None]).reshape(-1, 2)
        gap, slope = sample(np.zeros(len(centre), dtype=int), centre)
        none, single = _decide(gap, slope, half)
        roots += _newton(sample, centre[single & ~none], half)
        left = ~(none | single)
        hopeless = left & np.isnan(gap).any(axis=1) & (half < _COARSE)
        if hopeless.any():
            uncleared = min(uncleared, float(np.abs(centre[hopeless]).max(axis=1).min()))
        left &= ~hopeless
        if half < RESOLUTION or sample.count > _MOST_BOXES:
            undecided += [np.array([*c, half]) for c in centre[left]]
            roots += _newton(sample, centre[left], half)
            break
        centre = centre[left]
    near = [box for box in undecided if not _explained(box, roots)]
    return Plane(_distinct(roots), np.array(near).reshape(-1, 3), sample.count, uncleared)


def _decide(gap: np.ndarray, slope: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    """Which boxes hold no equilibrium, and which at most one."""
    family = slope.reshape(-1, 4, 2, 2)
    with np.errstate(invalid="ignore"):
        change = np.abs(family[:, :, None] - family[:, None, :]).max(axis=(1, 2))
        bend = SAFETY * np.repeat(change, 4, axis=0) / (2 * half)  # of each entry, per unit
        curved = 0.5 * half**2 * bend.sum(axis=2)
        none = (np.abs(gap) > half * np.abs(slope).sum(axis=2) + curved).any(axis=1)
        determinant = slope[:, 0, 0] * slope[:, 1, 1] - slope[:, 0, 1] * slope[:, 1, 0]
        size = np.abs(slope).max(axis=(1, 2))
        regular = np.isfinite(determinant) & (np.abs(determinant) > 1e-12 * size**2)
        inverse = _inverse(slope, np.where(regular, determinant, 1.0))
        inverse = np.where(regular[:, None, None], inverse, np.eye(2))
        # The same test after multiplying by J^-1, sharper where the two gaps nearly agree.
        newton = np.abs(np.einsum("nij,nj->ni", inverse, gap))
        around = np.einsum("nij,nj->ni", np.abs(inverse), curved)
        none |= regular & (newton > half + around).any(axis=1)
        # J^-1 J(u) differs from one by less than one: D is one to one on the box.
        spread = np.einsum("nij,njk->nik", np.abs(inverse), bend * half).sum(axis=2)
        single = regular & (spread < 1.0).all(axis=1)
    return none, single


def _inverse(matrix: np.ndarray, determinant: np.ndarray) -> np.ndarray:
    """Inverse of each 2 by 2 matrix from its determinant."""
    adjugate = np.stack(
        [matrix[:, 1, 1], -matrix[:, 0, 1], -matrix[:, 1, 0], matrix[:, 0, 0]], axis=1
    )
    return adjugate.reshape(-1, 2, 2) / determinant[:, None, None]


def _newton(sample: Sampler, centre: np.ndarray, half: float) -> list[np.ndarray]:
    """The equilibrium of each box that has one, by Newton's method from its centre."""
    if not len(centre):
        return []
    u = centre.copy()
    inside = np.ones(len(u), dtype=bool)
    owner = np.zeros(len(u), dtype=int)
    gap = np.full(u.shape, np.nan)
    for _ in range(_NEWTON_STEPS):
        gap, slope = sample(owner, u)
        good = np.isfinite(gap).all(axis=1) & np.isfinite(slope).all(axis=(1, 2))
        safe = np.where(good[:, None, None], slope, np.eye(2))
        safe = np.where(np.abs(np.linalg.det(safe))[:, None, None] > 1e-300, safe, np.eye(2))
        step = np.linalg.solve(safe, -gap[..., None])[..., 0]
        step = np.where(good[:, None], step, 0.0)
        inside &= good
        u = u + np.clip(step, -2 * half, 2 * half)
        # On the edge counts as inside: neighbours may both find it, and none may lose it.
        inside &= (np.abs(u - centre) <= 3 * half).all(axis=1)
        if not inside.any() or np.abs(step[inside]).max() < 1e-13:
            break
    edge = half * (1 + 1e-6)
    found = inside & (np.abs(u - centre) <= edge).all(axis=1) & (np.abs(gap).max(axis=1) < 1e-9)
    return list(u[found])


def _explained(box: np.ndarray, roots: list[np.ndarray]) -> bool:
    """Whether an undecided box merely touches an equilibrium that has been found."""
    return any((np.abs(root - box[:2]) <= 1.5 * box[2]).all() for root in roots)


def _distinct(roots: list[np.ndarray]) -> np.ndarray:
    kept: list[np.ndarray] = []
    for root in roots:
        if not any(np.abs(root - other).max() < _SAME for other in kept):
            kept.append(root)
    return np.array(kept).reshape(-1, 2)
