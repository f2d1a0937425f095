"""The path of the replicator dynamics, in logs and together with the prices along it."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from neg.economy.model import Model
from neg.solvers.replicator import growth_of_shares, imbalance, log_shares
from neg.solvers.system import both

_MAX_LOG_CHANGE = 1.5
_GROWTH = 0.5  # longest step, in units of the inverse of the fastest growth rate
_SHORTEST = 1e-9  # step in time below which the path is given up


def follow(model: Model, x: Array, p: Array, target: Array, max_steps: Array) -> tuple:
    """Follow the replicator dynamics until payoffs differ by less than ``target``.

    Distribution (in logs) and prices move together, one linearly implicit step of

        dy_i / dt = V_i - mean V,   0 = F(p, y)

    at a time; a step that leaves markets too far from clearing is halved and tried again.
    """
    groups = model.groups
    cells = x.shape[0]

    def stacked(point: Array) -> tuple[Array, Array]:
        excess, paid = both(model, point[cells:], groups.cell_mass * jnp.exp(point[:cells]))
        value = jnp.concatenate([paid, excess])
        return value, value

    def body(state: _Path) -> _Path:
        jacobian, value = jax.jacfwd(stacked, has_aux=True)(state.trial)
        x = groups.cell_mass * jnp.exp(state.trial[:cells])
        gap = imbalance(groups, x, value[:cells])
        excess = jnp.max(jnp.abs(value[cells:]), initial=0.0)
        first = state.steps == 0
        good = (excess <= jnp.maximum(0.5 * state.excess, 1e-2)) & jnp.isfinite(gap) | first
        faster = jnp.clip(1.2 * state.gap / jnp.maximum(gap, 1e-300), 0.5, 2.5)
        longer = jnp.where(first, state.length, jnp.clip(state.length * faster, 1e-8, 1e6))
        length = jnp.where(good, longer, state.length / 4)
        length = jnp.minimum(length, _GROWTH / jnp.maximum(state.fastest, 1e-300))
        point = jnp.where(good, state.trial, state.point)
        value = jnp.where(good, value, state.value)
        jacobian = jnp.where(good, jacobian, state.jacobian)
        trial, mode, fastest = ahead(point, value, jacobian, length, state.mode)
        return _Path(
            point=point,
            trial=trial,
            mode=mode,
            fastest=fastest,
            value=value,
            jacobian=jacobian,
            length=length,
            gap=jnp.where(good, gap, state.gap),
            excess=jnp.where(good, excess, state.excess),
            steps=state.steps + 1,
        )

    def ahead(
        point: Array, value: Array, jacobian: Array, length: Array, mode: Array
    ) -> tuple[Array, Array, Array]:
        """One linearly implicit step of the given length in time.

        Also the fastest growing deviation and its rate, by one inverse iteration a step: a step
        longer than the inverse of that rate would go back to the equilibrium that is being left.
        """
        x = groups.cell_mass * jnp.exp(point[:cells])
        v_p = jacobian[:cells, cells:]
        excess_prices, response = _eliminate(value[cells:], jacobian[cells:], cells)
        total = jacobian[:cells, :cells] - v_p @ response
        velocity = value[:cells] - v_p @ excess_prices  # payoffs at the prices that clear markets
        velocity = growth_of_shares(groups, x, velocity)
        weight = x / groups.cell_mass
        mean = jnp.zeros((groups.count, cells)).at[groups.index].add(weight[:, None] * total)
        same = groups.index[:, None] == groups.index[None, :]
        pull = total - mean[groups.index] - same * (weight * velocity)[None, :]
        solved = jnp.linalg.solve(
            jnp.eye(cells) / length - pull, jnp.stack([velocity, mode], axis=1)
        )
        change, grown = solved[:, 0], solved[:, 1]
        fastest = 1.0 / length - 1.0 / (mode @ grown)
        # Each cell by itself: what dies fast must not shorten the step of those that live.
        change = jnp.clip(change, -_MAX_LOG_CHANGE, _MAX_LOG_CHANGE)
        y = log_shares(groups, point[:cells] + change)
        prices = point[cells:] - excess_prices - response @ (y - point[:cells])
        return jnp.concatenate([y, prices]), grown / jnp.linalg.norm(grown), fastest

    def unfinished(state: _Path) -> Array:
        return (
            (jnp.maximum(state.gap, state.excess) > target)
            & (state.steps < max_steps)
            & (state.length > _SHORTEST)
        )

    y = log_shares(groups, jnp.log(jnp.maximum(x / groups.cell_mass, 1e-300)))
    start = jnp.concatenate([y, p])
    size = start.shape[0]
    mode = jnp.cos(1.0 + 3.7 * jnp.arange(cells))
    end = jax.lax.while_loop(
        unfinished,
        body,
        _Path(
            point=start,
            trial=start,
            mode=mode / jnp.linalg.norm(mode),
            fastest=jnp.asarray(0.0),
            value=jnp.full(size, jnp.nan),
            jacobian=jnp.full((size, size), jnp.nan),
            length=jnp.asarray(0.1),
            gap=jnp.asarray(jnp.inf),
            excess=jnp.asarray(jnp.inf),
            steps=jnp.asarray(0),
        ),
    )
    # Not a number where the path began ends the loop at once, and is no arrival.
    broken = (end.length <= _SHORTEST) | ~jnp.isfinite(end.gap)
    return groups.cell_mass * jnp.exp(end.point[:cells]), end.point[cells:], end.steps, broken


class _Path(NamedTuple):
    point: Array
    trial: Array
    mode: Array
    fastest: Array
    value: Array
    jacobian: Array
    length: Array
    gap: Array
    excess: Array
    steps: Array


def _eliminate(excess: Array, jacobian: Array, cells: int) -> tuple[Array, Array]:
    """What prices answer to excess demand, and to the distribution."""
    if excess.shape[0] == 0:
        return excess, jacobian[:, :cells]
    right = jnp.concatenate([excess[:, None], jacobian[:, :cells]], axis=1)
    solved = jnp.linalg.solve(jacobian[:, cells:], right)
    return solved[:, 0], solved[:, 1:]
