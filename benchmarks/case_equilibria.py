"""All equilibria of two regions at 200 trade costs from 100 starts each, against scipy."""

from __future__ import annotations

import jax
import numpy as np
from scipy.optimize import root

from benchmarks._timing import Pair
from neg.models.core_periphery import CorePeriphery
from neg.search.sweep import sweep

SIGMA, MU = 5.0, 0.4
TAU = np.linspace(1.3, 2.2, 200)
STARTS = np.linspace(0.005, 0.995, 100)
SAME = 1e-6


def cases() -> list[Pair]:
    """Warm (compilation excluded) and cold (compilation in every call)."""
    note = "200 trade costs x 100 starts; scipy.optimize.root hybr on the same equations"
    return [
        Pair("all equilibria, compiled before", ours, peer, agree, "scipy", 3, note=note),
        Pair("all equilibria, compilation included", cold, peer, agree, "scipy", 2, note=note),
    ]


def ours() -> list[np.ndarray]:
    """Share of the first place in every equilibrium, by trade cost."""
    found = sweep(CorePeriphery(sigma=SIGMA, mu=MU), "tau", TAU, cells=len(STARTS))
    return [np.sort(found.at(k)[:, 0]) for k in range(len(TAU))]


def cold() -> list[np.ndarray]:
    """The same with nothing compiled."""
    jax.clear_caches()
    return ours()


def peer() -> list[np.ndarray]:
    """Newton-type search from every start at every trade cost, repetitions removed."""
    return [_scipy(phi) for phi in TAU ** (1.0 - SIGMA)]


def agree(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    """Every equilibrium that scipy finds is among ours, and few are missing from scipy's."""
    missing = 0
    for a, b in zip(one, other, strict=True):
        for share in b:
            if np.abs(a - share).min() > 1e-5:
                raise AssertionError(f"not found: share {share:.8f}")
        missing += len(a) - len(b)
    if not 0 <= missing <= 4:
        raise AssertionError(f"scipy lacks {missing} equilibria")


def _scipy(phi: float) -> np.ndarray:
    kernel = np.array([[1.0, phi], [phi, 1.0]])

    def parts(log_wage: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
        x = np.array([share, 1.0 - share])
        wage = np.exp(log_wage)
        supply = (x * np.exp((1.0 - SIGMA) * log_wage)) @ kernel
        income = MU * x * wage + (1.0 - MU) / 2
        market = np.log(kernel @ (income / supply)) - SIGMA * log_wage
        return market, log_wage - MU * np.log(supply) / (1.0 - SIGMA)

    def residual(z: np.ndarray) -> np.ndarray:
        market, payoff = parts(z[:2], 1.0 / (1.0 + np.exp(-z[2])))
        return np.array([market[0], market[1], payoff[0] - payoff[1]])

    found: list[float] = []
    for share in STARTS:
        start = np.array([0.0, 0.0, np.log(share / (1.0 - share))])
        with np.errstate(all="ignore"):
            solution = root(residual, start, method="hybr", tol=1e-12)
            value = 1.0 / (1.0 + np.exp(-solution.x[2]))
        good = np.abs(solution.fun).max() < 1e-9 and 1e-9 < value < 1 - 1e-9
        if good and not any(abs(value - other) < SAME for other in found):
            found.append(float(value))
    for share in (0.0, 1.0):
        with np.errstate(all="ignore"):
            wages = root(lambda w, s=share: parts(w, s)[0], np.zeros(2), tol=1e-12)
        payoff = parts(wages.x, share)[1]
        if (payoff[1] - payoff[0]) * (1 - 2 * share) >= 0:
            found.append(share)
    return np.sort(found)
