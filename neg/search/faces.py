"""Faces of the set of distributions, and payoff gaps on them as plain functions of one or two
coordinates: what the certified searches subdivide.

A face is a set of used cells. Its coordinates are log odds, so that tiny shares are
resolved on both sides: for two used cells ``x_a = m / (1 + exp(-u))``, ``x_b = m - x_a``; for
three, ``u`` splits the first from the rest and ``v`` the second from the third.
"""

from __future__ import annotations

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.core.compilation import quick_jit
from neg.economy.model import Model
from neg.solvers.hoist import hoist
from neg.solvers.newton import undamped
from neg.solvers.small import solve
from neg.solvers.system import both, flat_prices

_CHUNK = 1024
_STEPS = 40
_NEAR = 3.0
_STRIDE = 2.0


class Face(eqx.Module):
    """One or two splits of mass: ``x = base + mass * (product of logistic factors)``.

    Row k of ``first`` and ``second`` marks the cells on either side of split k; ``pairs`` the two
    cells (as unit vectors) whose payoffs are compared, one pair for each coordinate.
    """

    used: Bool[Array, " cell"]
    mass: Float[Array, " cell"]
    first: Float[Array, "split cell"]
    second: Float[Array, "split cell"]
    pairs: Float[Array, "split cell"]

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return self.first.shape[0]

    def distribution(self, u: Float[Array, " split"]) -> Float[Array, " cell"]:
        """The distribution at log odds ``u``."""
        x = self.mass
        for k in range(self.dimension):
            up, down = jax.nn.sigmoid(u[k]), jax.nn.sigmoid(-u[k])
            apart = self.first[k] + self.second[k]
            x = x * (self.first[k] * up + self.second[k] * down + (1.0 - apart))
        return x


def supports(model: Model) -> list[np.ndarray]:
    """Every set of used cells with each group somewhere, the smallest first."""
    index = np.asarray(model.groups.index)
    choices = []
    for group in range(model.groups.count):
        cells = [int(i) for i in np.flatnonzero(index == group)]
        sizes = range(1, len(cells) + 1)
        choices.append([c for size in sizes for c in itertools.combinations(cells, size)])
    masks = []
    for combination in itertools.product(*choices):
        used = np.zeros(len(index), dtype=bool)
        used[list(itertools.chain(*combination))] = True
        masks.append(used)
    return sorted(masks, key=lambda used: int(used.sum()))


def dimension(model: Model, used: np.ndarray) -> int:
    """Degrees of freedom of the distributions with these used cells."""
    return int(used.sum()) - model.groups.count


def face_of(model: Model, used: np.ndarray) -> Face:
    """The face of a set of used cells with one or two degrees of freedom."""
    groups = np.asarray(model.groups.index)
    cells = len(used)
    splits = []
    for group in range(model.groups.count):
        inside = [int(i) for i in np.flatnonzero(used & (groups == group))]
        for k in range(len(inside) - 1):
            splits.append((inside[k], inside[k + 1 :]))
    rows = np.zeros((3, len(splits), cells))
    for k, (one, rest) in enumerate(splits):
        rows[0, k, one] = 1.0
        rows[1, k, rest] = 1.0
        rows[2, k, one], rows[2, k, rest[-1]] = 1.0, -1.0
    mass = jnp.where(jnp.asarray(used), model.groups.cell_mass, 0.0)
    return Face(jnp.asarray(used), mass, *(jnp.asarray(row) for row in rows))


@quick_jit
def gaps(
    model: Model,
    parameter: str | None,
    face: Face,
    values: Array,
    u: Array,
    count: Array,
    far: bool = False,
) -> tuple[Array, Array]:
    """Payoff gaps and their slopes at the first ``count`` points, each with its parameter value.

    ``values`` has shape (points,), ``u`` (points, split); gaps are NaN where markets do not clear.
    With ``far`` prices are followed to each point from the middle of the face. Points are worked
    off in chunks, the markets of one chunk cleared together.
    """
    size = u.shape[1]

    def one(value: Array, at: Array) -> tuple[Array, Array]:
        here = model if parameter is None else model.with_(**{parameter: value})
        return gap_and_slope(here, face, at, far)

    def body(state: tuple) -> tuple:
        k, gap, slope = state
        start = k * _CHUNK
        part = jax.lax.dynamic_slice(values, (start,), (_CHUNK,))
        points = jax.lax.dynamic_slice(u, (start, 0), (_CHUNK, size))
        new_gap, new_slope = jax.vmap(one)(part, points)
        gap = jax.lax.dynamic_update_slice(gap, new_gap, (start, 0))
        slope = jax.lax.dynamic_update_slice(slope, new_slope, (start, 0, 0))
        return k + 1, gap, slope

    empty = jnp.zeros_like(u), jnp.zeros((*u.shape, size))
    _, gap, slope = jax.lax.while_loop(lambda state: state[0] * _CHUNK < count, body, (0, *empty))
    return gap, slope


def gap_and_slope(model: Model, face: Face, u: Array, far: bool = False) -> tuple[Array, Array]:
    """Payoff gaps at cleared markets and their derivative with respect to the log odds."""

    p = flat_prices(model, face.distribution(u))[0]
    size = p.shape[0]

    def stated(point: Array) -> Array:
        excess, value = both(model, point[:size], face.distribution(point[size:]))
        return jnp.concatenate([excess, face.pairs @ value])

    # Evaluated in few places: what is compiled grows with their number.
    system = hoist(stated, jnp.concatenate([p, u]))

    def clear(p: Array, at: Array) -> Array:
        return system(jnp.concatenate([p, at]))[:size]

    p = _followed(clear, p, u) if far else cleared(lambda p: clear(p, u), p)
    slopes, value = jax.jacfwd(lambda z: (system(z),) * 2, has_aux=True)(jnp.concatenate([p, u]))
    gap, by_p, by_u = value[size:], slopes[size:, :size], slopes[size:, size:]
    if size:
        by_u = by_u - by_p @ solve(slopes[:size, :size], slopes[:size, size:])
        gap = jnp.where(jnp.max(jnp.abs(value[:size])) < 1e-9, gap, jnp.nan)
    return gap, by_u


def cleared(function: Any, p: Array) -> Array:
    """Prices at which ``function`` is zero: Newton's method with bounded steps, until rounding
    stops it."""
    if not p.shape[0]:
        return p

    def evaluate(point: Array) -> tuple[Array, Array]:
        slopes, value = jax.jacfwd(lambda at: (function(at),) * 2, has_aux=True)(point)
        return value, slopes

    def step(slopes: Array, value: Array) -> Array:
        return solve(slopes, -value[:, None])[:, 0]

    limits: dict = {"tolerance": 1e-7, "max_steps": _STEPS, "max_change": 2.0}
    return undamped(evaluate, p, rule=step, last=True, **limits).z


def _followed(clear: Any, p: Array, u: Array) -> Array:
    """Prices at ``u``, followed from the middle of the face along the straight line.

    Where the goods of everybody become scarce, their prices lie out of reach of one Newton solve.
    """
    near = jnp.clip(u, -_NEAR, _NEAR)
    strides = jnp.ceil(jnp.max(jnp.abs(u - near)) / _STRIDE).astype(int)

    def body(state: tuple) -> tuple:
        k, before, last = state
        at = near + (u - near) * (k / jnp.maximum(strides, 1))
        return k + 1, last, cleared(lambda p: clear(p, at), 2.0 * last - before)

    first = cleared(lambda p: clear(p, near), p)
    return jax.lax.while_loop(lambda s: s[0] <= strides, body, (1, first, first))[2]
