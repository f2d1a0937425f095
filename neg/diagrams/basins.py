"""Where the dynamics end: rest points reached from many starts at many parameter values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from neg.bifurcation.line import ParameterLine
from neg.bifurcation.symmetry import Symmetry
from neg.core.compilation import quick_jit
from neg.core.status import Status
from neg.economy.model import Model
from neg.solvers.long_run import STABILITY_TOLERANCE, long_run

_BLOCK = 128
_SAME = 1e-5
"""Rest points whose shares differ by less, up to symmetry, are one."""


class Basin(NamedTuple):
    """A stable state at a parameter value, and the share of random starts that end there.

    Mirror images are one state: ``x`` is one of them, with the ``used`` cells and the largest
    ``growth`` rate of a deviation. ``starts`` of the random starts end there, the ``share`` of all
    at this value; none where only a start with a symmetry of its own did. ``branch`` is the branch
    of the diagram on which it lies, -1 if none could be followed.
    """

    value: float
    x: np.ndarray
    used: np.ndarray
    growth: float
    starts: int
    share: float
    branch: int = -1


class Basins(NamedTuple):
    """Stable states reached at some parameter values, the most frequent first at each.

    ``restless`` counts, for each of ``values``, random starts that came to no stable rest.
    """

    values: np.ndarray
    states: list[Basin]
    starts: int
    restless: np.ndarray


def follow_to_rest(
    model: Model,
    line: ParameterLine,
    group: Symmetry,
    values: np.ndarray,
    starts: np.ndarray,
    others: Sequence[np.ndarray],
) -> Basins:
    """Follow the replicator dynamics from every start at every parameter value.

    ``starts``, shape (start, cell), are random and are counted; ``others`` are not.
    """
    every = np.concatenate([starts, np.reshape(others, (-1, starts.shape[1]))])
    owner = np.repeat(np.arange(len(values)), len(every))
    x, used, growth, rest = _reached(model, line, values[owner], np.tile(every, (len(values), 1)))
    stable = rest & (growth < -STABILITY_TOLERANCE)
    counted = np.tile(np.arange(len(every)) < len(starts), len(values))
    mass = np.asarray(model.groups.cell_mass)
    states: list[Basin] = []
    for k, value in enumerate(values):
        here: list[Basin] = []
        for row in np.flatnonzero((owner == k) & stable):
            for number, one in enumerate(here):
                image = x[row][group.nearest(x[row], one.x)]
                if np.abs((image - one.x) / mass).max() < _SAME:
                    here[number] = one._replace(starts=one.starts + int(counted[row]))
                    break
            else:
                found = (float(value), x[row], used[row], float(growth[row]))
                here.append(Basin(*found, int(counted[row]), 0.0))
        here.sort(key=lambda one: -one.starts)
        states += [one._replace(share=one.starts / max(len(starts), 1)) for one in here]
    restless = np.array([((owner == k) & counted & ~stable).sum() for k in range(len(values))])
    return Basins(values, states, len(starts), restless)


def _reached(
    model: Model, line: ParameterLine, positions: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Ends of the dynamics: distribution, used cells, growth rate, whether they came to rest.

    Worked off in blocks of one size, so that one program serves any number of starts.
    """
    parts = []
    for first in range(0, len(starts), _BLOCK):
        count = min(_BLOCK, len(starts) - first)
        block, value = np.zeros((_BLOCK, starts.shape[1])), np.zeros(_BLOCK)
        block[:count], value[:count] = starts[first : first + count], positions[first:][:count]
        ends = _block(model, line, jnp.asarray(value), jnp.asarray(block), jnp.asarray(count))
        parts.append([np.asarray(part)[:count] for part in ends])
    x, used, growth, status = (np.concatenate(column) for column in zip(*parts, strict=True))
    return x, used, growth, status == Status.CONVERGED


@quick_jit
def _block(
    model: Model, line: ParameterLine, positions: Array, starts: Array, count: Array
) -> tuple[Array, ...]:
    def one(position: Array, start: Array) -> tuple[Array, ...]:
        end = long_run(line.at(model, position), start, throw=False)
        return end.x, end.used, end.growth, end.status

    def body(state: tuple) -> tuple:
        k, ends = state
        return k + 1, jax.tree.map(
            lambda all_, new: all_.at[k].set(new), ends, one(positions[k], starts[k])
        )

    empty = jax.eval_shape(one, positions[0], starts[0])
    ends = jax.tree.map(lambda leaf: jnp.zeros((_BLOCK, *leaf.shape), leaf.dtype), empty)
    return jax.lax.while_loop(lambda state: state[0] < count, body, (0, ends))[1]
