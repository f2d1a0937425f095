"""Test functions whose zeros are thresholds, at one parameter value and along a whole scale.

Two states are followed along a parameter: the interior equilibrium, with the spectrum of its
adjustment dynamics, and full agglomeration, with the gain of the first unit that leaves it.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.breakpoints.scale import Scale
from neg.economy.model import Model
from neg.solvers.newton import newton
from neg.solvers.short_run import market_system
from neg.solvers.stability import average_payoff, replicator_jacobian
from neg.solvers.system import (
    Unknowns,
    distribution,
    flat_prices,
    long_run_residual,
    pack,
    payoff,
    slopes,
    unpack,
)

RESIDUAL_TOLERANCE = 1e-10
"""Largest violation of the equilibrium conditions at which a state counts as an equilibrium."""
NULL = 1e-7
"""Singular values below this share of the largest belong to a kernel that symmetry forces: steps
along it would only amplify rounding errors, and leave the symmetric state."""
_STEPS = 40


class State(eqx.Module):
    """An equilibrium with given used cells: unknowns, whether it is one, and its test values.

    ``growth`` holds the real parts of the spectrum of the replicator dynamics, largest first;
    ``gain`` the largest gain of a unit that moves to a cell that is meant to stay empty;
    ``moved`` the largest change of a share from the start of the solve.
    """

    z: Float[Array, " unknown"]
    x: Float[Array, " cell"]
    ok: Bool[Array, ""]
    growth: Float[Array, " cell"]
    gain: Float[Array, ""]
    moved: Float[Array, ""]


def model_at(model: Model, parameter: str, value: Any) -> Model:
    """The model with one scalar parameter or alias replaced."""
    return model.with_(**{parameter: value})


def settle(model: Model, z: Array, used: Array) -> tuple[Array, Array]:
    """Newton's method on the equilibrium conditions that never steps along a kernel.

    Returns the point with the smallest residual and that residual.
    """

    def function(point: Array) -> Array:
        return long_run_residual(point, (model, used))

    def body(state: tuple) -> tuple:
        point, value, count, _ = state
        step = null_free(jax.jacfwd(function)(point)) @ -value
        step = step * jnp.minimum(1.0, 2.0 / jnp.maximum(jnp.max(jnp.abs(step)), 1e-300))
        new = function(point + step)
        # Far away a step may raise the residual; near the solution it must not.
        better = (_norm(new) < _norm(value)) | (~(_norm(value) < 1e-3) & jnp.all(jnp.isfinite(new)))
        done = ~better | (_norm(new) < 1e-15)
        point = jnp.where(better, point + step, point)
        return point, jnp.where(better, new, value), count + 1, done

    def unfinished(state: tuple) -> Array:
        return ~state[3] & (state[2] < _STEPS)

    start = function(z)
    state = (z, start, 0, ~jnp.all(jnp.isfinite(start)))
    point, value, _, _ = jax.lax.while_loop(unfinished, body, state)
    return point, _norm(value)


def null_free(matrix: Array) -> Array:
    """Pseudo-inverse without the kernel."""
    safe = jnp.where(jnp.all(jnp.isfinite(matrix)), matrix, jnp.eye(matrix.shape[0]))
    return jnp.linalg.pinv(safe, rtol=NULL)


def start_at(model: Model, x: Array, used: Array) -> Array:
    """The unknowns at the distribution ``x`` with cleared markets."""
    p = newton(market_system, flat_prices(model, x)[0], (model, x)).z
    value = average_payoff(model.groups, x, payoff(model, p, x))
    share = jnp.where(used, x / model.groups.cell_mass, 1.0)
    return pack(Unknowns(jnp.log(share), p, value))


def gather(model: Model, x: Array, used: Array) -> Array:
    """The distribution ``x`` with every group gathered in its used cells."""
    groups = model.groups
    kept = jnp.where(used, x, 0.0)
    return kept * (groups.mass / groups.total(kept))[groups.index]


def state_from(model: Model, z: Array, used: Array, closed: Array) -> State:
    """The equilibrium with cells ``used`` near ``z``; ``closed`` cells are kept empty by decree."""
    groups = model.groups
    before = distribution(model, unpack(model, z).log_share, used)
    z, residual = settle(model, z, used)
    share, p, value = unpack(model, z)
    x = distribution(model, share, used)
    slope = slopes(model, p, x)
    gap = slope.payoff - value[groups.index]
    inner = jnp.max(jnp.where(used | closed, -jnp.inf, gap), initial=-jnp.inf)
    matrix = replicator_jacobian(groups, x, slope.payoff, slope.total, used)
    safe = jnp.where(jnp.all(jnp.isfinite(matrix)), matrix, jnp.nan)
    growth = jnp.sort(jnp.real(_eigenvalues(safe)), descending=True)
    return State(
        z=z,
        x=x * (groups.mass / groups.total(x))[groups.index],
        ok=(residual <= RESIDUAL_TOLERANCE) & (inner <= RESIDUAL_TOLERANCE),
        growth=growth,
        gain=jnp.max(jnp.where(closed, gap, -jnp.inf), initial=-jnp.inf),
        moved=jnp.max(jnp.abs(x - before) / groups.cell_mass),
    )


class Walk:
    """States of one model along a scale of one parameter, with given used cells.

    All three ways to ask for states (from the start, along, at one coordinate) run one compiled
    program, since compiling it costs more than all that it computes here.
    """

    def __init__(
        self, model: Model, parameter: str, scale: Scale, v: Any, used: Any, closed: Any
    ) -> None:
        self.model, self.parameter, self.scale = model, parameter, scale
        self.v = np.asarray(v)
        self.used, self.closed = jnp.asarray(used), jnp.asarray(closed)
        self.unknowns = sum(np.shape(part)[0] for part in _shapes(model))

    @property
    def masks(self) -> tuple[Array, Array]:
        """Used cells, and cells kept empty by decree."""
        return self.used, self.closed

    def from_start(self) -> Any:
        """States at every node, each from the initial distribution gathered in the used cells."""
        return self._run(self.v, np.zeros(self.unknowns), True, False)

    def along(self, v: np.ndarray, z: Any) -> Any:
        """States along the coordinates ``v``, each from the last one found; lost ones not ok."""
        return self._run(v, z, False, True)

    def at(self, v: float, z: Any) -> Any:
        """The state at coordinate ``v`` near the unknowns ``z``."""
        states = self._run(np.asarray([v]), z, False, False)
        return jax.tree.map(lambda leaf: leaf[0], states)

    def _run(self, v: np.ndarray, z: Any, fresh: bool, chained: bool) -> Any:
        count = len(v)
        padded = np.concatenate([v, np.full(len(self.v) - count, v[-1])])
        states = _walk(
            self.model,
            self.parameter,
            self.scale,
            (jnp.asarray(padded), jnp.asarray(z), jnp.asarray(count)),
            (jnp.asarray(fresh), jnp.asarray(chained)),
            self.masks,
        )
        return jax.tree.map(lambda leaf: np.asarray(leaf)[:count], states)


@eqx.filter_jit
def _walk(
    model: Model, parameter: str, scale: Scale, where: tuple, how: tuple, masks: tuple
) -> State:
    """States at the first ``count`` coordinates; the rest of the arrays stays empty."""
    v, z, count = where
    fresh, chained = how
    used, closed = masks

    def one(coordinate: Array, last: Array) -> State:
        here = model_at(model, parameter, scale.value(coordinate))
        start = jax.lax.cond(
            fresh,
            lambda: start_at(here, gather(here, here.initial_distribution(), used), used),
            lambda: last,
        )
        return state_from(here, start, used, closed)

    def body(carry: tuple) -> tuple:
        k, last, states = carry
        state = one(v[k], last)
        states = jax.tree.map(lambda whole, part: whole.at[k].set(part), states, state)
        return k + 1, jnp.where(chained & state.ok, state.z, last), states

    shape = jax.eval_shape(one, v[0], z)
    empty = jax.tree.map(lambda leaf: jnp.zeros((v.shape[0], *leaf.shape), leaf.dtype), shape)
    return jax.lax.while_loop(lambda carry: carry[0] < count, body, (0, z, empty))[2]


def _shapes(model: Model) -> tuple[Any, Any, Any]:
    """Shapes of the unknowns of the model: log shares, log prices, values."""
    groups = model.groups
    prices = jax.eval_shape(lambda: flat_prices(model, groups.uniform())[0])
    return groups.index, prices, groups.mass


def _eigenvalues(matrix: Array) -> Array:
    finite = jnp.all(jnp.isfinite(matrix))
    return jnp.where(finite, jnp.linalg.eigvals(jnp.where(finite, matrix, 0.0)), jnp.nan)


def _norm(value: Array) -> Array:
    return jnp.max(jnp.abs(value), initial=0.0)
