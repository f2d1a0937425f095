"""Payoff difference of two regions when the division of industry between them is held by hand.

With ``s`` the share of industry in region 1, every market clears, every cell pays what its group
earns, only the two industrial cells may differ:

    V_1 - v_1 = (1 - s) D,   V_2 - v_2 = - s D,   x_1 / (x_1 + x_2) = s

``D`` is the payoff difference, an unknown like the prices. Equilibria lie where it is zero (stable
where it falls in ``s``), at ``s = 1`` where it is positive, at ``s = 0`` where it is negative.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.protocol import Model
from neg.solvers.system import Unknowns, flat_prices, long_run_residual, pack

TOLERANCE = 1e-10
_STEPS = 40


class Wiggle(NamedTuple):
    """Payoff difference and unknowns by parameter and share; NaN where the solve failed."""

    difference: np.ndarray  # [value, share]
    unknowns: np.ndarray  # [value, share, unknown]


def wiggle(
    model: Model, name: str, values: np.ndarray, shares: np.ndarray, start: np.ndarray | None = None
) -> Wiggle:
    """Solve for the payoff difference at every value of a parameter and every share.

    Shares are taken in their order, each solved from the one before; the first one from ``start``,
    or else from the model's initial distribution. ``shares`` lie strictly between zero and one.
    """
    z = np.asarray(_starts(model, name, jnp.asarray(values))) if start is None else start
    found = []
    for share in shares:
        z, good = _newton(model, name, values, float(share), z)
        found.append(np.where(good[:, None], z, np.nan))
    unknowns = np.stack(found, axis=1)
    return Wiggle(unknowns[..., -1], unknowns)


def _newton(
    model: Model, name: str, values: np.ndarray, share: float, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method for all values at once, with steps of at most two in any (log) unknown.

    Only the residual and its Jacobian are compiled: compilation is most of what a first run costs.
    """
    here, point = jnp.asarray(values), jnp.asarray(share)
    size = np.full(len(values), np.inf)
    for _ in range(_STEPS):
        residual, jacobian = map(np.asarray, _linearised(model, name, here, point, jnp.asarray(z)))
        size = np.abs(residual).max(axis=1)
        step = np.linalg.solve(jacobian, -residual[..., None])[..., 0]
        step *= np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        z = z + step
        if (size <= 1e-2 * TOLERANCE).all():
            break
    return z, size <= TOLERANCE


def _linearised(
    model: Model, name: str, values: Array, share: Array, z: Array
) -> tuple[Array, Array]:
    def at(value: Array, point: Array) -> tuple[Array, Array]:
        args = (model.with_(**{name: value}), share)

        def both(point: Array) -> tuple[Array, Array]:
            residual = held_residual(point, args)
            return residual, residual

        jacobian, residual = jax.jacfwd(both, has_aux=True)(point)
        return residual, jacobian

    return jax.vmap(at)(values, z)


# Compiled without the optimisations that take longer than all that is computed here.
_linearised = jax.jit(
    _linearised,
    static_argnames="name",
    compiler_options={"xla_backend_optimization_level": 0},
)


def held_residual(
    z: Float[Array, " unknown"], args: tuple[Model, Float[Array, ""]]
) -> Float[Array, " unknown"]:
    """Equilibrium conditions with the share of region 1 held; the payoff difference comes last."""
    model, share = args
    first, second = model.industry
    used = jnp.ones(model.groups.cells, dtype=bool)
    mass = jnp.log(model.groups.cell_mass)
    free = long_run_residual(z[:-1], (model, used))
    held = free.at[first].add(-(1.0 - share) * z[-1]).at[second].add(share * z[-1])
    ratio = z[first] + mass[first] - z[second] - mass[second]
    return jnp.append(held, ratio - jnp.log(share / (1.0 - share)))


def _starts(model: Model, name: str, values: Array) -> Array:
    def at(value: Array) -> Array:
        here = model.with_(**{name: value})
        x = here.initial_distribution()
        p, _ = flat_prices(here, x)
        even = pack(Unknowns(jnp.log(x / here.groups.cell_mass), p, jnp.zeros(here.groups.count)))
        return jnp.append(even, 0.0)

    return jax.vmap(at)(values)
