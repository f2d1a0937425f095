"""Continuation against scipy: the same residual, the same points, one after the other.

The peer is a plain pseudo-arclength continuation: numpy residual over all shares, log wages and the
real wage, secant predictor, ``scipy.optimize.root`` (hybr) as corrector. It is handed our step
lengths, so that it needs no step control of its own and fails nowhere. Where stability is asked
for, it takes it from a finite-difference Jacobian; it encloses no special points, finds no starts.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.optimize import root

from benchmarks._timing import Pair
from neg.bifurcation.arclength import Steps, trace
from neg.bifurcation.branch import Branch, Kind
from neg.bifurcation.continuation import continuation
from neg.bifurcation.course import Course
from neg.bifurcation.line import line_symmetries, parameter_line
from neg.bifurcation.switching import exits, leave
from neg.models.core_periphery import CorePeriphery
from neg.places.layouts import racetrack

LOW, HIGH = 0.02, 0.9


def cases() -> list[Pair]:
    """One branch at 8 and 16 places; all primary branches at 16."""
    return [_one_branch(8), _one_branch(16), _all_primary(16)]


def _model(places: int) -> CorePeriphery:
    return CorePeriphery(geography=racetrack(places)).with_(phi=0.05)


def _primary(model: CorePeriphery, group: Any, steps: Steps) -> list[Branch]:
    line = parameter_line(model, "phi", LOW, HIGH)
    trunk = continuation(model, "phi", low=LOW, high=HIGH, group=group, steps=steps)
    found = [trunk]
    for point in trunk.of_kind(Kind.BRANCH):
        for way in exits(trunk, point, group)[0]:
            branch = leave(Course(model, line, group, steps), way)
            assert branch is not None
            found.append(branch)
    return found


def _one_branch(places: int) -> Pair:
    model = _model(places)
    group = line_symmetries(model, parameter_line(model, "phi", LOW, HIGH))
    steps = Steps(largest=0.005)
    branch = _primary(model, group, steps)[1]
    start, heading = jnp.asarray(branch.points[1]), jnp.asarray(branch.tangents[1])
    row = jnp.asarray(branch.metric) * heading
    peer = _Peer(model, branch, first=1)

    def ours() -> Any:
        return trace(model, branch.line, branch.reduction, start, row, heading, steps, 400)

    def agree(mine: Any, other: np.ndarray) -> None:
        count = int(mine.count)
        np.testing.assert_allclose(other[:, -1], np.asarray(mine.points)[:count, -1], atol=1e-7)

    return Pair(
        f"period doubling of {places} places, {len(branch) - 1} points",
        ours,
        peer.follow,
        agree,
        "scipy",
        repeats=9,
        note="one branch, symmetry-reduced and compiled, against all unknowns in numpy",
    )


def _all_primary(places: int) -> Pair:
    model = _model(places)
    group = line_symmetries(model, parameter_line(model, "phi", LOW, HIGH))
    found = _primary(model, group, Steps())
    peers = [_Peer(model, branch, first=0 if i == 0 else 1) for i, branch in enumerate(found)]

    def ours() -> list[np.ndarray]:
        return [branch.points for branch in _primary(model, group, Steps())]

    def agree(mine: list[np.ndarray], other: list[np.ndarray]) -> None:
        for i, (points, theirs) in enumerate(zip(mine, other, strict=True)):
            np.testing.assert_allclose(theirs[:, -1], points[min(i, 1) :, -1], atol=1e-7)

    return Pair(
        f"all {len(found)} primary branches of {places} places",
        ours,
        lambda: [peer.with_stability(peer.follow()) for peer in peers],
        agree,
        "scipy",
        repeats=7,
        note="both with stability; ours also finds the starts and encloses the special points",
    )


class _Peer:
    """Plain continuation of one branch in all unknowns: shares, log wages, real wage, freeness."""

    def __init__(self, model: CorePeriphery, branch: Branch, first: int) -> None:
        self.sigma, self.mu = float(model.sigma), float(model.mu)
        self.distance = np.asarray(model.geography.distance)
        self.n = self.distance.shape[0]
        state = np.hstack([branch.x, branch.prices, branch.value, branch.parameter[:, None]])
        self.states = state[first:]
        weights = [np.ones(self.n), np.full(self.n, 1 / self.n), [0.0], [(HIGH - LOW) ** -2]]
        self.metric = np.concatenate(weights)

    def residual(self, u: np.ndarray) -> np.ndarray:
        n, sigma, mu = self.n, self.sigma, self.mu
        x, wage, value, phi = u[:n], np.exp(u[n : 2 * n]), u[2 * n], u[-1]
        freeness = phi**self.distance
        index = ((x * wage ** (1 - sigma)) @ freeness) ** (1 / (1 - sigma))
        income = mu * x * wage + (1 - mu) / n
        potential = freeness @ (income * index ** (sigma - 1))
        market = np.log(potential) - sigma * u[n : 2 * n]
        gap = u[n : 2 * n] - mu * np.log(index) - value
        return np.concatenate([gap, market, [x.sum() - 1.0]])

    def follow(self) -> np.ndarray:
        """The branch from its first two points, at the given distances from point to point."""
        points = [self.states[0], self.states[1]]
        for target in self.states[2:]:
            chord = points[-1] - points[-2]
            tangent = chord / np.sqrt(np.sum(self.metric * chord**2))
            row = self.metric * tangent
            length = row @ (target - points[-1])
            guess = points[-1] + length * tangent
            level = row @ guess

            def equations(u: np.ndarray, row: np.ndarray = row, level: float = level) -> np.ndarray:
                return np.append(self.residual(u), row @ u - level)

            points.append(root(equations, guess, tol=1e-12).x)
        return np.array(points)

    def with_stability(self, points: np.ndarray) -> np.ndarray:
        """The points; computes, as a user would, how fast deviations grow at each of them."""
        self.growth = [self._growth(u) for u in points]
        return points

    def _growth(self, u: np.ndarray) -> float:
        n, step = self.n, 1e-7
        base = self.residual(u)
        slopes = np.array([(self.residual(u + step * e) - base) / step for e in np.eye(len(u))]).T
        gap, market = slopes[:n], slopes[n : 2 * n]
        total = gap[:, :n] - gap[:, n : 2 * n] @ np.linalg.solve(
            market[:, n : 2 * n], market[:, :n]
        )
        x = u[:n]
        matrix = x[:, None] * (total - x @ total - 10.0)  # ten: moves the direction off the simplex
        return float(np.linalg.eigvals(matrix).real.max())
