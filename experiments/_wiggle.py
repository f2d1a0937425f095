"""Payoff difference of two regions when the division of industry between them is held by hand.

With ``s`` the share of industry in region 1, every market clears, every cell pays what its group
earns, only the two industrial cells may differ:

    V_1 - v_1 = (1 - s) D,   V_2 - v_2 = - s D,   x_1 / (x_1 + x_2) = s

``D`` is the payoff difference, an unknown like the prices. Equilibria lie where it is zero (stable
where it falls in ``s``), at ``s = 1`` where it is positive, at ``s = 0`` where it is negative.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.economy.model import Model
from neg.solvers.system import Unknowns, flat_prices, long_run_residual, pack

TOLERANCE = 1e-10
_STEPS = 40


class Wiggle(NamedTuple):
    """Payoff difference and unknowns by economy and share; NaN where the solve failed."""

    difference: np.ndarray  # [economy, share]
    unknowns: np.ndarray  # [economy, share, unknown]


def along(model: Model, name: str, values: np.ndarray) -> Model:
    """Economies that differ in one parameter, as one model whose arrays have a leading axis."""
    return jax.vmap(lambda value: model.with_(**{name: value}))(jnp.asarray(values))


def wiggle(
    models: Model,
    shares: np.ndarray,
    *,
    industry: tuple[int, int] = (0, 1),
    start: np.ndarray | None = None,
) -> Wiggle:
    """Solve for the payoff difference in every economy at every share.

    ``models`` is a stack of economies (see :func:`along`), ``industry`` the industrial cells of the
    two regions. Shares are taken in their order, each solved from the one before; the first one
    from ``start``, or else from the initial distribution. They lie strictly between zero and one.
    """
    z = np.asarray(jax.vmap(_start)(models)) if start is None else start
    found = []
    for share in shares:
        z, good = _newton(models, float(share), industry, z)
        found.append(np.where(good[:, None], z, np.nan))
    unknowns = np.stack(found, axis=1)
    return Wiggle(unknowns[..., -1], unknowns)


def _newton(
    models: Model, share: float, industry: tuple[int, int], z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method in all economies at once, with steps of at most two in any (log) unknown.

    Only the residual and its Jacobian are compiled: compilation is most of what a first run costs.
    """
    for _ in range(_STEPS):
        linear = _linearised(models, jnp.asarray(share), jnp.asarray(z), industry=industry)
        residual, jacobian = map(np.asarray, linear)
        size = np.abs(residual).max(axis=1)
        step = np.linalg.solve(jacobian, -residual[..., None])[..., 0]
        step *= np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        z = z + step
        if (size <= 1e-2 * TOLERANCE).all():
            break
    return z, size <= TOLERANCE


# Compiled without the optimisations that take longer than all that is computed here.
@functools.partial(
    jax.jit,
    static_argnames="industry",
    compiler_options={"xla_backend_optimization_level": 0},
)
def _linearised(
    models: Model, share: Array, z: Array, *, industry: tuple[int, int]
) -> tuple[Array, Array]:
    def at(model: Model, point: Array) -> tuple[Array, Array]:
        def both(point: Array) -> tuple[Array, Array]:
            residual = held_residual(point, model, share, industry)
            return residual, residual

        jacobian, residual = jax.jacfwd(both, has_aux=True)(point)
        return residual, jacobian

    return jax.vmap(at)(models, z)


def held_residual(
    z: Float[Array, " unknown"],
    model: Model,
    share: Float[Array, ""],
    industry: tuple[int, int],
) -> Float[Array, " unknown"]:
    """Equilibrium conditions with the share of region 1 held; the payoff difference comes last."""
    first, second = industry
    used = jnp.ones(model.groups.cells, dtype=bool)
    mass = jnp.log(model.groups.cell_mass)
    free = long_run_residual(z[:-1], (model, used))
    held = free.at[first].add(-(1.0 - share) * z[-1]).at[second].add(share * z[-1])
    ratio = z[first] + mass[first] - z[second] - mass[second]
    return jnp.append(held, ratio - jnp.log(share / (1.0 - share)))


def _start(model: Model) -> Array:
    x = model.initial_distribution()
    p, _ = flat_prices(model, x)
    even = pack(Unknowns(jnp.log(x / model.groups.cell_mass), p, jnp.zeros(model.groups.count)))
    return jnp.append(even, 0.0)
