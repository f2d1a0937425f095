"""Newton's method from many starts on many sets of used cells, away from what is known."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.breakpoints.crossings import gather, start_at
from neg.core.compilation import quick_jit
from neg.economy.model import Model
from neg.solvers.newton import undamped
from neg.solvers.system import distribution, long_run_residual, unpack

_BLOCK = 256
_KNOWN = 128
_STEPS = 60
_CONVERGED = 1e-10
_SMALLEST_LOG_SHARE = -695.0
_DEEPEST = 60.0


class Deflation(eqx.Module):
    """Known equilibria with their sets of used cells; rows beyond ``count`` are empty."""

    share: Float[Array, "known cell"]
    used: Array
    count: Array

    def log_factor(self, share: Array, used: Array) -> Array:
        """Log of the factor by which the residual grows near a known equilibrium of this set."""
        alike = jnp.all(self.used == used, axis=1) & (jnp.arange(_KNOWN) < self.count)
        distance = jnp.sum((share - self.share) ** 2, axis=1)
        distance = jnp.where(alike, jnp.maximum(distance, 1e-30), 1.0)
        return jnp.sum(jnp.where(alike, jnp.log1p(1e-2 / distance), 0.0))


def solve_from(
    model: Model, starts: np.ndarray, used: np.ndarray, known: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Equilibria with the cells ``used`` from each start; rows that did not converge are dropped.

    ``starts`` and ``used`` have one row per start; ``known`` holds distributions with their sets
    of used cells, from which the search is deflated. Returns distributions and used cells.
    """
    deflation = _deflation(model, known)
    found, sets = [], []
    for first in range(0, len(starts), _BLOCK):
        count = min(_BLOCK, len(starts) - first)
        block = np.zeros((_BLOCK, starts.shape[1]))
        mask = np.ones(block.shape, dtype=bool)
        block[:count], mask[:count] = starts[first : first + count], used[first : first + count]
        x, ok = _solve_block(
            model, jnp.asarray(block), jnp.asarray(mask), deflation, jnp.asarray(count)
        )
        good = np.asarray(ok)[:count]
        found.append(np.asarray(x)[:count][good])
        sets.append(mask[:count][good])
    return np.concatenate(found), np.concatenate(sets)


def _deflation(model: Model, known: list[tuple[np.ndarray, np.ndarray]]) -> Deflation:
    cells = model.groups.cells
    share, used = np.zeros((_KNOWN, cells)), np.zeros((_KNOWN, cells), dtype=bool)
    mass = np.asarray(model.groups.cell_mass)
    for row, (x, cells_used) in enumerate(known[-_KNOWN:]):
        share[row], used[row] = x / mass, cells_used
    count = min(len(known), _KNOWN)
    return Deflation(jnp.asarray(share), jnp.asarray(used), jnp.asarray(count))


@quick_jit
def _solve_block(
    model: Model, starts: Array, used: Array, deflation: Deflation, count: Array
) -> tuple[Array, Array]:
    def body(state: tuple) -> tuple:
        k, x, ok = state
        point, good = _solve(model, starts[k], used[k], deflation)
        return k + 1, x.at[k].set(point), ok.at[k].set(good)

    state = (0, jnp.zeros_like(starts), jnp.zeros(starts.shape[0], dtype=bool))
    return jax.lax.while_loop(lambda s: s[0] < count, body, state)[1:]


def _solve(model: Model, start: Array, used: Array, deflation: Deflation) -> tuple[Array, Array]:
    """Newton's method on the deflated system ``exp(m(z)) F(z) = 0``.

    Its step solves ``(J + F m') s = - F``: the plain step, lengthened or turned.
    """
    z = start_at(model, gather(model, start, used), used)

    def function(point: Array) -> Array:
        return long_run_residual(point, (model, used))

    def factor(point: Array) -> Array:
        share = jnp.where(used, jnp.exp(unpack(model, point).log_share), 0.0)
        return deflation.log_factor(share, used)

    def evaluate(point: Array) -> tuple[Array, Array]:
        jacobian, value = jax.jacfwd(lambda at: (function(at),) * 2, has_aux=True)(point)
        lost = jnp.min(unpack(model, point).log_share) < _SMALLEST_LOG_SHARE
        matrix = jacobian + value[:, None] * jax.grad(factor)(point)[None, :]
        return jnp.where(lost, jnp.nan, value), matrix

    root = undamped(evaluate, z, tolerance=1e-13, max_steps=_STEPS, max_change=2.0)
    x = distribution(model, unpack(model, root.z).log_share, used)
    return x, root.residual <= _CONVERGED


def random_starts(model: Model, used: np.ndarray, count: int, seed: Any) -> np.ndarray:
    """The even distribution over the used cells and random ones: even on the simplex, and near it.

    Of every four the last is drawn in logs: some cells at shares of 1e-1 to 1e-26.
    """
    generator = np.random.default_rng(seed)
    index = np.asarray(model.groups.index)
    weights = generator.exponential(size=(count, len(index))) * used
    deep = (
        generator.uniform(size=weights[3::4].shape)
        * np.geomspace(2.0, _DEEPEST, 7)[np.arange(len(weights[3::4])) % 7, None]
    )
    weights[3::4] = np.exp(-deep) * used
    weights[0] = used
    total = np.zeros((count, model.groups.count))
    np.add.at(total.T, index, weights.T)
    return weights / total[:, index] * np.asarray(model.groups.cell_mass)
