"""A threshold with its gradient with respect to all parameters, against the threshold alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks._timing import Pair
from neg.breakpoints.thresholds import thresholds
from neg.models.core_periphery import CorePeriphery
from neg.models.puga import PugaImmobile
from neg.places.layouts import racetrack

MODELS = {
    "two regions": CorePeriphery(sigma=5.0, mu=0.4),
    "racetrack of eight": CorePeriphery(geography=racetrack(8)),
    "bell of two regions": PugaImmobile(),
}


def cases() -> list[Pair]:
    """One pair a model; the ratio is the time of the threshold alone over that of both."""
    note = "must not fall below 0.5: both together at most twice the threshold alone"
    return [
        Pair(
            f"threshold and gradient, {name}",
            lambda model=model: both(model),
            lambda model=model: alone(model),
            agree,
            "alone",
            note=note,
        )
        for name, model in MODELS.items()
    ]


def both(model: Any) -> list[tuple[float, dict[str, float]]]:
    """Every threshold of the trade cost with its gradient."""
    return [(point.value, point.gradient()) for point in thresholds(model).points]


def alone(model: Any) -> list[float]:
    """Every threshold of the trade cost."""
    return [point.value for point in thresholds(model).points]


def agree(one: list[tuple[float, dict[str, float]]], other: list[float]) -> None:
    """The same thresholds, with finite gradients."""
    np.testing.assert_allclose([value for value, _ in one], other, rtol=1e-12)
    assert all(np.isfinite(list(slopes.values())).all() for _, slopes in one)
