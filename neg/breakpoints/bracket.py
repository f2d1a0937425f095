"""Zeros of test functions along a scale: bracketed, converged, and checked on both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from neg.breakpoints.scale import Scale

UNDECIDED = 1e-12
"""Test values below this are rounding errors: their sign says nothing."""
_AIM = 1e-12


class Zero(NamedTuple):
    """A zero of a test function: coordinate, checked bracket in parameter units, verdict.

    At a ``pole`` the sign changes through infinity: no zero, nothing vanishes there.
    """

    v: float
    value: float
    interval: tuple[float, float]
    converged: bool
    pole: bool = False


class _SignChange(Exception):
    def __init__(self, at: float) -> None:
        self.at = at


def brackets(v: np.ndarray, values: np.ndarray) -> list[tuple[float, float]]:
    """Neighbouring coordinates between which the test value changes sign."""
    known = np.isfinite(values) & (np.abs(values) > UNDECIDED)
    pairs = []
    for i, j in zip(range(len(v) - 1), range(1, len(v)), strict=True):
        if known[i] and known[j] and values[i] * values[j] < 0:
            pairs.append((float(v[i]), float(v[j])))
    # A node that hits the zero exactly: its neighbours make the bracket.
    for i in range(1, len(v) - 1):
        around = known[i - 1] and known[i + 1] and values[i - 1] * values[i + 1] < 0
        if not known[i] and np.isfinite(values[i]) and around:
            pairs.append((float(v[i - 1]), float(v[i + 1])))
    return sorted(pairs)


def near_misses(v: np.ndarray, values: np.ndarray) -> list[tuple[float, float]]:
    """Neighbourhoods where the test value turns back towards zero without reaching it."""
    found = []
    for i in range(1, len(v) - 1):
        a, b, c = values[i - 1 : i + 2]
        same = np.isfinite([a, b, c]).all() and a * b > 0 and b * c > 0
        # By its curvature the test value can fall by a fraction of the second difference at most.
        if same and abs(b) <= min(abs(a), abs(c)) and UNDECIDED < abs(b) <= abs(a - 2 * b + c):
            found.append((float(v[i - 1]), float(v[i + 1])))
    return found


def hidden_pair(
    test: Callable[[float], float], low: float, high: float
) -> list[tuple[float, float]]:
    """Brackets of two zeros between ``low`` and ``high``, where the test has the same sign."""
    sign = np.sign(test(low))

    def distance(v: float) -> float:
        value = sign * test(v)
        if value < -UNDECIDED:
            raise _SignChange(v)
        return value

    try:
        minimize_scalar(distance, bounds=(low, high), method="bounded", options={"xatol": 1e-7})
    except _SignChange as change:
        return [(low, change.at), (change.at, high)]
    return []


def converge(test: Callable[[float], float], low: float, high: float, scale: Scale) -> Zero:
    """The zero of a continuous test function between two coordinates of opposite sign.

    A safeguarded secant method runs to rounding; converged means that the test value was then seen
    to change sign within a relative distance of 1e-12 of the parameter (or of its distance from a
    range end). A sign change towards which the test value grows is a pole.
    """
    outside = test(low), test(high)
    sign = np.sign(outside[0])
    v = brentq(test, low, high, xtol=1e-15, rtol=4 * np.finfo(float).eps, maxiter=200)
    width = 1e-13
    while True:
        left, right = max(v - width, low), min(v + width, high)
        inside = test(left), test(right)
        if np.sign(inside[0]) == sign and np.sign(inside[1]) == -sign:
            break
        if left == low and right == high:
            break
        width *= 4.0
    value = float(scale.value(v))
    interval = (float(scale.value(left)), float(scale.value(right)))
    spread = interval[1] - interval[0]
    pole = bool(np.abs(inside).max() > np.abs(outside).max())
    converged = not pole and bool(spread <= 4 * _AIM * max(1.0, abs(value)))
    return Zero(v, value, interval, converged, pole)
