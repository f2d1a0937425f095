"""Thresholds straight from a model's own equations, for comparison with theory.

Compiles one function per model (values and first derivatives of its equations); everything else
is plain numpy, independent of the solvers that the library offers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

from neg.economy.model import Model
from neg.solvers.stability import growth_rate
from neg.solvers.system import flat_prices, market, payoff

_growth_rate = eqx.filter_jit(growth_rate)


@eqx.filter_jit
def _equations(model: Model, p: Any, x: Any) -> Any:
    def both(p: Any, x: Any) -> Any:
        value = (market(model, p, x), payoff(model, p, x))
        return value, value

    derivatives, values = jax.jacfwd(both, argnums=(0, 1), has_aux=True)(p, x)
    return values, derivatives


@eqx.filter_jit
def _start(model: Model, x: Any) -> Any:
    return flat_prices(model, x)[0]


def clear(model: Model, x: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log prices that clear the markets at ``x``, the payoffs, and their total derivative."""
    x = model.initial_distribution() if x is None else jnp.asarray(x, dtype=float)
    p = np.asarray(_start(model, x))
    for _ in range(60):
        (f, v), ((f_p, f_x), (v_p, v_x)) = jax.tree.map(np.asarray, _equations(model, p, x))
        assert np.all(np.isfinite(f_p)) and np.all(np.isfinite(f_x)), "derivatives are not finite"
        if np.max(np.abs(f), initial=0.0) < 1e-13:
            break
        step = np.linalg.solve(f_p, -f) if p.size else p
        size = np.max(np.abs(step), initial=0.0)
        p = p + step / max(1.0, size / 4)
        if size < 1e-14:
            break
    assert np.max(np.abs(f), initial=0.0) < 1e-11, f"markets do not clear: {f}"
    response = -np.linalg.solve(f_p, f_x) if p.size else np.zeros((0, len(v)))
    return p, v, v_x + v_p @ response


def payoffs(model: Model, x: Any = None) -> np.ndarray:
    """Payoff of every cell at ``x``."""
    return clear(model, x)[1]


def growth(model: Model, x: Any = None) -> float:
    """Growth rate of a small deviation from ``x``, which must be an equilibrium."""
    x = model.initial_distribution() if x is None else jnp.asarray(x, dtype=float)
    _, v, slope = clear(model, x)
    gap = v - (model.groups.total(x * v) / model.groups.mass)[model.groups.index]
    assert np.max(np.abs(gap[np.asarray(x) > 0])) < 1e-9, f"payoffs differ: {gap}"
    return float(_growth_rate(model.groups, x, v, slope, x > 0))


def entry_gain(model: Model) -> float:
    """What the best paid entrant into an empty place gains where all are in place 0."""
    value = payoffs(model, model.agglomerated())
    return float(np.max(value[1:]) - value[0])


def settle(model: Model, x: Any, unused: Any = ()) -> tuple[np.ndarray, np.ndarray]:
    """The equilibrium near ``x`` without the cells ``unused``, and what each cell pays above it."""
    x = np.array(x, dtype=float)
    index, mass = np.asarray(model.groups.index), np.asarray(model.groups.mass)
    used = np.ones(x.shape, bool)
    used[list(unused)] = False
    x[~used] = 0.0
    member = (index[None, :] == np.arange(len(mass))[:, None]).astype(float)
    value = None
    for _ in range(60):
        _, v, slope = clear(model, x)
        value = (member @ (x * v)) / mass if value is None else value
        scale = np.where(used, x, 1.0)
        equal = np.where(used, v - value[index], x)
        rows = np.where(used[:, None], slope, np.eye(len(x))) * scale[None, :]
        matrix = np.block(
            [
                [rows, -np.where(used, member, 0.0).T],
                [member * scale[None, :], np.zeros((len(mass), len(mass)))],
            ]
        )
        step = np.linalg.solve(matrix, -np.concatenate([equal, member @ x - mass]))
        step /= max(1.0, np.max(np.abs(step)))
        x = np.where(used, x * np.exp(np.where(used, step[: len(x)], 0.0)), 0.0)
        value = value + step[len(x) :]
        if np.max(np.abs(step)) < 1e-12:
            break
    else:
        raise AssertionError("no equilibrium found")
    return x, payoffs(model, x) - value[index]


def threshold(
    model: Model, name: str, low: float, high: float, function: Callable[[Model], float] = growth
) -> float:
    """Value of a parameter between ``low`` and ``high`` at which ``function`` changes sign."""

    def value(v: float) -> float:
        return function(model.with_(**{name: v}))

    return float(brentq(value, low, high, xtol=1e-14, rtol=1e-14))
