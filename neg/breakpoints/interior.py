"""Where the most symmetric interior equilibrium gains or loses stability, or vanishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.breakpoints.bracket import Zero, brackets, converge, hidden_pair, near_misses
from neg.breakpoints.crossings import Walk, model_at
from neg.breakpoints.scale import Scale
from neg.core.status import Status
from neg.economy.model import Model
from neg.solvers.newton import newton
from neg.solvers.system import long_run_residual

_SAME = 1e-6
_LEAP = 0.25
_HALVINGS = 12
_CHAINS = 3


class Chain(NamedTuple):
    """One interior equilibrium followed along the scale: nodes where it exists, in order."""

    v: np.ndarray
    z: np.ndarray
    x: np.ndarray
    growth: np.ndarray


class Crossing(NamedTuple):
    """A zero of the ``rank``-th largest growth rate; ``left`` is set where the branch folds."""

    zero: Zero
    z: np.ndarray
    x: np.ndarray
    rank: int
    stable_below: bool
    left: Array | None = None


class Interior:
    """The interior equilibrium of ``model`` along a scale of one parameter."""

    def __init__(self, model: Model, parameter: str, scale: Scale, v: np.ndarray) -> None:
        self.model, self.parameter, self.scale, self.v = model, parameter, scale, v
        everywhere = np.ones(model.groups.cells, dtype=bool)
        self.walk = Walk(model, parameter, scale, v, everywhere, ~everywhere)
        self.chains = self._chains()
        self.poles: list[float] = []

    def crossings(self, ranks: int = 1) -> list[Crossing]:
        """Sign changes of the ``ranks`` largest growth rates, and folds, along all chains."""
        found: list[Crossing] = []
        for chain in self.chains:
            for rank in range(min(ranks, chain.growth.shape[1])):
                found += self._sign_changes(chain, rank)
            found += self._folds(chain)
        return _distinct(found)

    def _chains(self) -> list[Chain]:
        states = self.walk.from_start()
        ok, z, x, growth, moved = states.ok, states.z, states.x, states.growth, states.moved
        if not ok.any():
            return []
        if moved[ok].max() < _SAME:  # the start is the equilibrium throughout: by symmetry
            return [Chain(self.v[ok], z[ok], x[ok], growth[ok])]
        chains: list[Chain] = []
        left = ok.copy()
        while left.any() and len(chains) < _CHAINS:
            # Most even first, and stable before unstable: the state that dispersion forces hold.
            order = np.where(left, moved + 10.0 * (growth[:, 0] > 0), np.inf)
            chain, nodes = self._follow(int(np.argmin(order)), z)
            chains.append(chain)
            for row, node in enumerate(nodes):
                if np.abs(chain.x[row] - x[node]).max() < _SAME:
                    left[node] = False
            left[nodes[0] if len(nodes) == 1 else int(np.argmin(order))] = False
        return chains

    def _follow(self, anchor: int, z: np.ndarray) -> tuple[Chain, list[int]]:
        count = len(self.v)
        rows: dict[int, tuple] = {}
        for order in (np.arange(anchor, count), np.arange(anchor, -1, -1)):
            states = self.walk.along(self.v[order], z[anchor])
            for row, node in enumerate(order):
                if not (states.ok[row] and states.moved[row] < _LEAP):
                    break
                rows[int(node)] = (states.z[row], states.x[row], states.growth[row])
        nodes = sorted(rows) or [anchor]
        if not rows:
            state = self.walk.at(self.v[anchor], z[anchor])
            rows[anchor] = (state.z, state.x, state.growth)
        parts = [np.stack([rows[node][k] for node in nodes]) for k in range(3)]
        return Chain(self.v[nodes], *parts), nodes

    def _test(self, chain: Chain, rank: int) -> Callable[[float], float]:
        """The growth rate as a function of the coordinate, started from the nearest state known."""
        known_v, known_z = list(chain.v), list(chain.z)

        def test(v: float) -> float:
            nearest = int(np.argmin(np.abs(np.asarray(known_v) - v)))
            state = self.walk.at(v, known_z[nearest])
            if bool(state.ok):
                known_v.append(v)
                known_z.append(state.z)
            return float(state.growth[rank])

        return test

    def _sign_changes(self, chain: Chain, rank: int) -> list[Crossing]:
        test = self._test(chain, rank)
        values = chain.growth[:, rank]
        pairs = brackets(chain.v, values)
        if rank == 0:
            for low, high in near_misses(chain.v, values):
                pairs += hidden_pair(test, low, high)
        found = []
        for low, high in sorted(pairs):
            zero = converge(test, low, high, self.scale)
            if zero.pole:  # market clearing is singular there: nothing crosses zero
                self.poles.append(zero.value)
                continue
            start = chain.z[int(np.argmin(np.abs(chain.v - zero.v)))]
            state = self.walk.at(zero.v, start)
            zero = zero._replace(converged=zero.converged and bool(state.ok))
            found.append(Crossing(zero, state.z, state.x, rank, test(low) < 0))
        return found

    def _folds(self, chain: Chain) -> list[Crossing]:
        found = []
        gap = np.diff(self.v).max()
        for end, step in ((0, -gap), (-1, gap)):
            limit = chain.v[end] + step
            if not self.v[0] <= limit <= self.v[-1]:
                continue
            v, z = chain.v[end], chain.z[end]
            for _ in range(_HALVINGS):
                step = step / 2
                state = self.walk.at(v + step, z)
                if bool(state.ok) and float(state.moved) < _LEAP:
                    v, z = v + step, state.z
            share = self.walk.at(v, z).x / np.asarray(self.model.groups.cell_mass)
            if share.min() < 1e-5:
                continue  # a cell empties: the branch goes on along the boundary
            crossing = self._fold(v, z, sorted((float(chain.v[end]), float(limit))))
            if crossing is not None:
                found.append(crossing)
        return found

    def _fold(self, v: float, z: np.ndarray, within: list[float]) -> Crossing | None:
        point, left, ok = _solve_fold(
            self.model, self.parameter, self.scale, jnp.asarray(v), jnp.asarray(z), self.walk.used
        )
        at = float(point[-1])
        if not (bool(ok) and within[0] - 1e-9 <= at <= within[1] + 1e-9):
            return None
        state = self.walk.at(v, z)
        if abs(float(state.growth[0])) > abs(float(state.growth[-1])) * 0.5:
            return None  # another eigenvalue folds: stability does not change hands here
        value = float(self.scale.value(at))
        ends = float(self.scale.value(at - 1e-13)), float(self.scale.value(at + 1e-13))
        zero = Zero(at, value, ends, True)
        found = np.asarray(point[: z.shape[0]])
        return Crossing(zero, found, self.walk.at(at, found).x, 0, at > v, left)


@eqx.filter_jit
def _solve_fold(
    model: Model, parameter: str, scale: Scale, v: Array, z: Array, used: Array
) -> tuple[Array, Array, Array]:
    """Newton's method on F = 0, F_z phi = 0, |phi| fixed: the fold, and its left null vector."""
    size = z.shape[0]

    def function(point: Array, coordinate: Array) -> Array:
        return long_run_residual(point, (model_at(model, parameter, scale.value(coordinate)), used))

    def fold(y: Array, direction: Array) -> Array:
        point, phi, coordinate = y[:size], y[size:-1], y[-1]
        value, change = jax.jvp(lambda p: function(p, coordinate), (point,), (phi,))
        return jnp.concatenate([value, change, jnp.vdot(direction, phi)[None] - 1.0])

    phi = jnp.linalg.svd(jax.jacfwd(function)(z, v))[2][-1]
    start = jnp.concatenate([z, phi, v[None]])
    root = newton(fold, start, phi, tolerance=1e-11, max_change=0.5)
    left = jnp.linalg.svd(jax.jacfwd(function)(root.z[:size], root.z[-1]))[0][:, -1]
    return root.z, left, root.status == Status.CONVERGED


def _distinct(found: list[Crossing]) -> list[Crossing]:
    """Crossings without those seen twice (two chains, or one eigenvalue of a degenerate pair)."""
    kept: list[Crossing] = []
    for crossing in sorted(found, key=lambda c: (c.rank, c.zero.v)):
        near = [abs(crossing.zero.v - other.zero.v) < 1e-9 for other in kept]
        if not any(near):
            kept.append(crossing)
    return sorted(kept, key=lambda c: c.zero.v)
