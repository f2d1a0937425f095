"""Certified search for equilibria with one degree of freedom: intervals without gaps.

The payoff gap ``D(u)`` between two used cells is sampled with its exact slope on a grid of the log
odds ``u``, and intervals are halved until each one is decided:

    no equilibrium   the signs at both ends agree, and |D| exceeds what slopes at the ends and a
                     bound M on |D''| can take away on the way
    one equilibrium  the signs differ, and the slope cannot change sign given M

``M`` is the largest change of slope over the interval and its neighbours, times a safety factor:
the certificate rests on this sampled bound (payoffs are analytic inside a face). Intervals
shorter than the resolution that stay undecided, as at a fold or break point, are reported.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from neg.economy.model import Model
from neg.search.faces import Face, gaps

DEPTH = 60.0
"""Log odds up to which a certificate must reach: shares of 1e-26, below any rounding error."""
LIMIT = 690.0
"""Log odds up to which a line is searched: shares down to 1e-300."""
RESOLUTION = 1e-5
"""Length of an interval of log odds that is not halved any more."""
SAFETY = 3.0
_COARSE = 0.25
"""Intervals without cleared markets are not halved below this."""
_COARSE_FAR = 0.2
"""The same, as a share of the log odds, beyond the depth that a certificate needs."""
_BLOCK = 4096
_BRACKET_STEPS = 60


class Line(NamedTuple):
    """Equilibria on one-dimensional faces of a batch of models, and what stayed undecided.

    ``owner`` is the position of the model in the batch; ``slope`` the derivative of the gap with
    respect to the log odds: negative means stable under dynamics that follow payoffs.
    ``undecided`` has rows (owner, low, high), ``evaluations`` counts payoff evaluations;
    ``uncleared`` is the smallest log odds at which markets did not clear (infinite if they did).
    """

    owner: np.ndarray
    u: np.ndarray
    slope: np.ndarray
    undecided: np.ndarray
    evaluations: int
    uncleared: float


class Sampler:
    """Gaps and slopes at any number of points, by one compiled program for blocks of them."""

    def __init__(self, model: Model, parameter: str | None, face: Face, values: np.ndarray) -> None:
        self.arguments = (model, parameter, face)
        self.values = values
        self.count = 0

    def __call__(self, owner: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gaps and slopes at the log odds ``u`` of the models ``owner``."""
        self.count += len(owner)
        parts = [
            self._block(owner[k : k + _BLOCK], u[k : k + _BLOCK])
            for k in range(0, len(owner), _BLOCK)
        ]
        gap, slope = zip(*parts, strict=True)
        return np.concatenate(gap), np.concatenate(slope)

    def _block(self, owner: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gap, slope = self._evaluated(owner, u, far=False)
        lost = np.isnan(gap).any(axis=1) & (np.abs(u) <= DEPTH).all(axis=1)
        if lost.any():
            gap[lost], slope[lost] = self._evaluated(owner[lost], u[lost], far=True)
        return gap, slope

    def _evaluated(
        self, owner: np.ndarray, u: np.ndarray, *, far: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        size = len(owner)
        values, points = np.empty(_BLOCK), np.empty((_BLOCK, u.shape[1]))
        values[:size], points[:size] = self.values[owner], u
        values[size:], points[size:] = values[size - 1], u[-1]
        arrays = (jnp.asarray(values), jnp.asarray(points), jnp.asarray(size))
        gap, slope = gaps(*self.arguments, *arrays, far=far)
        return np.array(gap)[:size], np.array(slope)[:size]


def starting_grid(cells: int) -> np.ndarray:
    """Nodes even in shares, with tails in log odds that grow longer; none at the even split."""
    inner = max(cells - 20, 4)
    share = (np.arange(inner + 1) + 0.382) / (inner + 1.25)
    share = 0.01 + 0.98 * share
    middle = np.log(share) - np.log1p(-share)
    tail = np.linspace(0.0, 1.0, 11)[1:] ** 2
    left = middle[0] - (DEPTH + middle[0]) * tail
    right = middle[-1] + (DEPTH - middle[-1]) * tail
    far = np.geomspace(DEPTH, LIMIT, 17)[1:]
    return np.concatenate([-far[::-1], left[::-1], middle, right, far])


def search_line(
    model: Model,
    face: Face,
    *,
    parameter: str | None = None,
    values: np.ndarray | None = None,
    cells: int = 100,
) -> Line:
    """All equilibria inside a face with one degree of freedom, for every value of a parameter."""
    values = np.zeros(1) if values is None else np.asarray(values, dtype=float)
    sample = Sampler(model, parameter, face, values)
    grid = starting_grid(cells)
    owner = np.repeat(np.arange(len(values)), len(grid))
    u = np.tile(grid, len(values))
    gap, slope = _flat(sample(owner, u[:, None]))
    uncleared = np.inf
    brackets: list[np.ndarray] = []
    undecided: list[np.ndarray] = []
    open_nodes = np.ones(len(u), dtype=bool)  # whether the interval to the right is to be decided
    while True:
        step = np.diff(u)
        inside = (owner[1:] == owner[:-1]) & open_nodes[:-1]
        one, split = _decide(step, gap, slope, owner)
        one, split = one & inside, split & inside
        for k in np.flatnonzero(one):
            brackets.append(np.array([owner[k], u[k], u[k + 1], gap[k], slope[k]]))
        lost = np.isnan(gap[1:]) | np.isnan(gap[:-1])
        coarse = np.where(np.abs(u[:-1]) > DEPTH, _COARSE_FAR * np.abs(u[:-1]), _COARSE)
        hopeless = split & lost & (step < coarse)
        if hopeless.any():
            uncleared = min(uncleared, float(np.abs(u[:-1][hopeless]).min()))
        split &= ~hopeless
        short = split & (step < RESOLUTION)
        for k in np.flatnonzero(short):
            undecided.append(np.array([owner[k], u[k], u[k + 1]]))
        halve = np.flatnonzero(split & ~short)
        if not len(halve):
            break
        middle = 0.5 * (u[halve] + u[halve + 1])
        new_gap, new_slope = _flat(sample(owner[halve], middle[:, None]))
        open_nodes = np.zeros(len(u), dtype=bool)
        open_nodes[halve] = True
        order = np.argsort(np.concatenate([np.arange(len(u)), halve + 0.5]), kind="stable")
        owner = np.concatenate([owner, owner[halve]])[order]
        u = np.concatenate([u, middle])[order]
        gap = np.concatenate([gap, new_gap])[order]
        slope = np.concatenate([slope, new_slope])[order]
        open_nodes = np.concatenate([open_nodes, np.ones(len(halve), dtype=bool)])[order]
    found = _roots(sample, np.array(brackets).reshape(-1, 5))
    return Line(*found, np.array(undecided).reshape(-1, 3), sample.count, uncleared)


def _decide(
    step: np.ndarray, gap: np.ndarray, slope: np.ndarray, owner: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which intervals hold exactly one equilibrium, and which are undecided."""
    step = np.where(step > 0, step, 1.0)  # from one owner to the next: never decided
    bend = np.abs(np.diff(slope)) / step
    bend = np.where(owner[1:] == owner[:-1], bend, 0.0)
    wide = bend.copy()  # neighbours where markets do not clear say nothing of the curvature here
    wide[1:] = np.where(np.isnan(bend[1:]), np.nan, np.fmax(wide[1:], bend[:-1]))
    wide[:-1] = np.where(np.isnan(bend[:-1]), np.nan, np.fmax(wide[:-1], bend[1:]))
    half = 0.5 * step
    loss = SAFETY * wide * half  # of slope, from either end to the middle
    sign = np.sign(gap)
    same = sign[1:] * sign[:-1] > 0
    toward_left = sign[:-1] * slope[:-1] * half - 0.5 * loss * half + np.abs(gap[:-1])
    toward_right = -sign[1:] * slope[1:] * half - 0.5 * loss * half + np.abs(gap[1:])
    none = same & (toward_left > 0) & (toward_right > 0)
    monotone = (slope[:-1] * slope[1:] > 0) & (
        np.minimum(np.abs(slope[:-1]), np.abs(slope[1:])) > loss
    )
    one = (sign[1:] * sign[:-1] < 0) & monotone
    none |= same & monotone
    return one, ~(one | none)


def _roots(sample: Sampler, brackets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton's method inside brackets; an iterate on the edge of its bracket is accepted."""
    owner = brackets[:, 0].astype(int)
    low, high = brackets[:, 1].copy(), brackets[:, 2].copy()
    sign = np.sign(brackets[:, 3])
    u = brackets[:, 1].copy()
    gap, slope = brackets[:, 3].copy(), brackets[:, 4].copy()
    active = np.arange(len(owner))
    for _ in range(_BRACKET_STEPS):
        if not len(active):
            break
        a = active
        newton = u[a] - gap[a] / np.where(slope[a] == 0, np.nan, slope[a])
        inside = (newton >= low[a]) & (newton <= high[a])
        new = np.where(inside, newton, 0.5 * (low[a] + high[a]))
        moved = np.abs(new - u[a])
        u[a] = new
        gap[a], slope[a] = _flat(sample(owner[a], u[a][:, None]))
        below = np.sign(gap[a]) == sign[a]
        low[a] = np.where(below, u[a], low[a])
        high[a] = np.where(below, high[a], u[a])
        size = np.maximum(np.abs(u[a]), 1.0)
        # Newton's last step squares the error: after 1e-9 nothing but rounding is left.
        settled = inside & (moved <= 1e-9 * size)
        done = (gap[a] == 0) | settled | (high[a] - low[a] <= 1e-14 * size)
        active = a[~done]
    return owner, u, slope


def _flat(sampled: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    gap, slope = sampled
    return gap[:, 0], slope[:, 0, 0]
