"""A smooth program with bounds: SLSQP of scipy to get there, Newton on what binds to finish.

maximise f(v)   subject to   g_k(v) >= 0,   low <= v <= high
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize, nnls

_BINDS = 1e-6  # distance to a limit, relative, at which it counts as reached
_STEP = 1e-5  # of finite differences of exact gradients, in full ranges of an instrument
_RESTARTS = 3
_POLISH = 6

Array = np.ndarray


class Seen(NamedTuple):
    """One evaluation: value and slope, limits (at least zero) and their slopes."""

    value: float
    slope: Float[Array, " instrument"]
    limits: Float[Array, " limit"]
    limit_slopes: Float[Array, "limit instrument"]

    @property
    def good(self) -> bool:
        """Whether everything is a number."""
        return all(bool(np.all(np.isfinite(part))) for part in self)


class End(NamedTuple):
    """Where a program ended; multipliers of limits, of lower and of upper bounds."""

    v: Float[Array, " instrument"]
    seen: Seen
    multipliers: Float[Array, " limit"]
    low: Float[Array, " instrument"]
    high: Float[Array, " instrument"]
    residual: float
    steps: int
    evaluations: int


def kkt(
    v: Array, seen: Seen, low: Array, high: Array, width: Array
) -> tuple[Array, Array, Array, float]:
    """Multipliers that explain the slope best, and what they leave of it.

        slope + sum_k m_k dg_k + m_low - m_high = 0,   m >= 0, zero where nothing binds

    In full ranges of the instruments (``width``); what is violated of the limits counts as well.
    """
    size = np.maximum(np.abs(seen.limit_slopes * width).max(axis=1, initial=0.0), 1e-300)
    binds = seen.limits <= _BINDS * size
    at_low, at_high = (v - low) <= _BINDS * width, (high - v) <= _BINDS * width
    eye = np.eye(len(v))
    columns = [
        (seen.limit_slopes * width / size[:, None])[binds].T,
        eye[:, at_low],
        -eye[:, at_high],
    ]
    matrix = np.concatenate(columns, axis=1)
    slope = seen.slope * width
    scale = max(float(np.abs(slope).max()), 1e-300)
    found = nnls(matrix, -slope / scale)[0] * scale if matrix.shape[1] else np.zeros(0)
    left = float(np.abs(slope + matrix @ found).max())
    count, lows = int(binds.sum()), int(at_low.sum())
    multipliers, m_low, m_high = np.zeros(len(binds)), np.zeros(len(v)), np.zeros(len(v))
    multipliers[binds] = found[:count] / size[binds]
    m_low[at_low] = found[count : count + lows] / width[at_low]
    m_high[at_high] = found[count + lows :] / width[at_high]
    violated = float(np.max(-seen.limits / size, initial=0.0)) * scale
    return multipliers, m_low, m_high, max(left, violated)


def solve_program(
    evaluate: Callable[[Array], Seen],
    start: Array,
    low: Array,
    high: Array,
    *,
    tolerance: float = 1e-8,
    max_steps: int = 200,
    first_step: float = 0.25,
) -> End:
    """A local maximum; the caller judges ``residual`` (see :func:`kkt`).

    Points at which ``evaluate`` gives no numbers are left by shorter steps. ``first_step`` is the
    length of the first one, in full ranges: a long one may jump over the nearest maximum.
    """
    width = np.where(np.isfinite(low) & np.isfinite(high), high - low, 1.0)
    memory = _Memory(evaluate, np.asarray(start, dtype=float))
    v, steps = np.asarray(start, dtype=float), 0
    for _ in range(_RESTARTS):
        left = kkt(v, memory(v), low, high, width)[3]
        if left <= tolerance or steps >= max_steps:
            break
        v, taken = _slsqp(memory, v, low, high, width, max_steps - steps, first_step)
        steps += taken
        v = _polish(memory, v, low, high, width, tolerance)
    v = _touching(memory, v, low, high, width, tolerance)
    seen = memory(v)
    multipliers, m_low, m_high, left = kkt(v, seen, low, high, width)
    return End(v, seen, multipliers, m_low, m_high, left, steps, memory.count)


class _Memory:
    """Evaluations by point; where there are no numbers, a value that no step accepts."""

    def __init__(self, evaluate: Callable[[Array], Seen], start: Array) -> None:
        self.evaluate, self.count = evaluate, 0
        self.known: dict[bytes, Seen] = {}
        self.last = self(start)

    def __call__(self, v: Array) -> Seen:
        key = np.asarray(v, dtype=float).tobytes()
        if key not in self.known:
            seen = self.evaluate(np.asarray(v, dtype=float))
            self.count += 1
            if not seen.good and hasattr(self, "last"):
                worse = self.last.value - 10.0 * (1.0 + abs(self.last.value))
                seen = Seen(worse, self.last.slope, self.last.limits - 1.0, self.last.limit_slopes)
            elif seen.good:
                self.last = seen
            self.known[key] = seen
        return self.known[key]


def _slsqp(
    memory: _Memory,
    v: Array,
    low: Array,
    high: Array,
    width: Array,
    max_steps: int,
    first_step: float,
) -> tuple[Array, int]:
    first = memory(v)
    if not first.good:
        return v, 0
    scale = max(float(np.abs(first.slope * width).max()), 1e-12) / first_step
    limit = np.maximum(np.abs(first.limit_slopes * width).max(axis=1, initial=0.0), 1e-300)
    at = lambda u: np.clip(v + width * u, low, high)
    constraint = {
        "type": "ineq",
        "fun": lambda u: memory(at(u)).limits / limit,
        "jac": lambda u: memory(at(u)).limit_slopes * width / limit[:, None],
    }
    found = minimize(
        lambda u: -(memory(at(u)).value - first.value) / scale,
        np.zeros(len(v)),
        jac=lambda u: -memory(at(u)).slope * width / scale,
        bounds=list(zip((low - v) / width, (high - v) / width, strict=True)),
        constraints=[constraint] if len(first.limits) else [],
        method="SLSQP",
        options={"maxiter": max_steps, "ftol": 1e-14},
    )
    end = at(np.asarray(found.x))
    seen = memory(end)
    feasible = np.all(seen.limits >= np.minimum(first.limits, 0.0) - 1e-5 * limit)
    better = seen.good and feasible and np.all(np.isfinite(end))
    return (end if better else v), int(found.nit)


def _touching(
    memory: _Memory, v: Array, low: Array, high: Array, width: Array, tolerance: float
) -> Array:
    """The point moved onto the limits that bind: a budget is spent to the last bit of it.

    Conditions are judged in full ranges of instruments, beside which a budget may be small.
    """
    seen = memory(v)
    multipliers, m_low, m_high, left = kkt(v, seen, low, high, width)
    move, held = (m_low <= 0) & (m_high <= 0), multipliers > 0
    if not (held.any() and move.any() and seen.good):
        return v
    normal = (seen.limit_slopes * width)[held][:, move]
    step = np.zeros(len(v))
    step[move] = np.linalg.lstsq(normal, -seen.limits[held], rcond=None)[0]
    new = np.clip(v + width * step, low, high)
    good = kkt(new, memory(new), low, high, width)[3] <= max(left, tolerance)
    return new if good else v


def _polish(
    memory: _Memory, v: Array, low: Array, high: Array, width: Array, tolerance: float
) -> Array:
    """Newton's method on the first-order conditions, with what binds kept binding."""
    for _ in range(_POLISH):
        seen = memory(v)
        multipliers, m_low, m_high, left = kkt(v, seen, low, high, width)
        if left <= 0.1 * tolerance or not seen.good:
            break
        snapped = np.where(m_low > 0, low, np.where(m_high > 0, high, v))
        move = np.flatnonzero((m_low <= 0) & (m_high <= 0))
        held = np.flatnonzero(multipliers > 0)
        seen = memory(snapped)
        if not len(move) or not seen.good:
            v = snapped
            break

        def slope(point: Array, m: Array = multipliers) -> Array:
            there = memory(point)
            return (there.slope + m @ there.limit_slopes) * width

        columns = []
        for k in move:
            h = _STEP * width[k] * (1.0 if snapped[k] + _STEP * width[k] <= high[k] else -1.0)
            other = snapped.copy()
            other[k] += h
            columns.append((slope(other) - slope(snapped))[move] / (h / width[k]))
        normal = (seen.limit_slopes * width)[np.ix_(held, move)]
        zero = np.zeros((len(held), len(held)))
        matrix = np.block([[np.stack(columns, axis=1), normal.T], [normal, zero]])
        right = -np.concatenate([(seen.slope * width)[move], seen.limits[held]])
        # Unknown are the step and the new multipliers themselves: their old part is in the matrix.
        step = np.linalg.lstsq(matrix, right, rcond=None)[0][: len(move)]
        new = snapped.copy()
        new[move] = np.clip(snapped[move] + width[move] * step, low[move], high[move])
        if not kkt(new, memory(new), low, high, width)[3] < left:
            break
        v = new
    return v
