"""Linearised adjustment at a long-run equilibrium: replicator dynamics, tangent space, index."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.core.compilation import quick_jit
from neg.economy.model import Groups, Model
from neg.solvers.replicator import growth_of_shares
from neg.solvers.system import Slopes, slopes


def replicator_jacobian(
    groups: Groups,
    x: Float[Array, " cell"],
    payoff: Float[Array, " cell"],
    slope: Float[Array, "cell cell"],
    used: Bool[Array, " cell"],
) -> Float[Array, "cell cell"]:
    """Linearised replicator dynamics at an equilibrium, without the direction off the simplex.

    Rows of used cells hold ``x_i (G_ik - mean_g G_k)``; rows of unused cells hold their payoff gap
    on the diagonal, the rate at which a first entrant's share would grow. The zero eigenvalue that
    belongs to each group's adding-up constraint is moved far to the left, where it can decide
    nothing.
    """
    same = groups.index[:, None] == groups.index[None, :]
    mean = (groups.mass[:, None] ** -1) * _group_sum(groups, x[:, None] * slope)
    inner = x[:, None] * (slope - mean[groups.index])
    shift = 1.0 + jnp.max(jnp.abs(inner), initial=0.0)
    weight = x / groups.cell_mass
    inner = inner - 4.0 * x.shape[0] * shift * weight[:, None] * same
    growth = growth_of_shares(groups, x, payoff)
    return jnp.where(used[:, None], inner, jnp.diag(growth))


def growth_rate(
    groups: Groups,
    x: Float[Array, " cell"],
    payoff: Float[Array, " cell"],
    slope: Float[Array, "cell cell"],
    used: Bool[Array, " cell"],
) -> Float[Array, ""]:
    """Largest real part of the spectrum: negative means that small deviations die out."""
    matrix = replicator_jacobian(groups, x, payoff, slope, used)
    safe = jnp.where(jnp.isfinite(matrix), matrix, 0.0)
    largest = jnp.max(jnp.real(jnp.linalg.eigvals(safe)))
    return jnp.where(jnp.all(jnp.isfinite(matrix)), largest, jnp.nan)


def tangent_basis(groups: Groups, used: Any) -> np.ndarray:
    """Orthonormal columns that span the movements of mass among the used cells of each group."""
    index, used = np.asarray(groups.index), np.asarray(used)
    columns = []
    for group in range(groups.count):
        inside = np.flatnonzero(used & (index == group))
        for k in range(1, len(inside)):
            column = np.zeros(len(index))
            column[inside[:k]] = 1.0
            column[inside[k]] = -k
            columns.append(column / np.linalg.norm(column))
    return np.array(columns).reshape(-1, len(index)).T


@quick_jit
def linearised(model: Model, x: Array, prices: Any) -> Slopes:
    """Payoffs and their total derivative at a distribution with cleared markets."""
    return slopes(model, jax.flatten_util.ravel_pytree(prices)[0], x)


def index_of(point: Any, tolerance: float = 1e-9) -> int | None:
    """Index of an equilibrium: the sign of ``det(-dV/dx)`` on movements among its used cells.

    The indices of all equilibria of an economy add up to one if payoffs are continuous and no
    equilibrium is degenerate; an equilibrium of index -1 is unstable under all dynamics whose rest
    points are the equilibria. None for a degenerate one: a slope of zero, or an unused cell that
    pays exactly as much.

    Source: Demichelis and Germano (2000), Journal of Economic Theory 94(2).
    """
    groups, used = point.model.groups, np.asarray(point.used)
    slope = linearised(point.model, point.x, point.prices)
    gap = np.asarray(slope.payoff) - np.asarray(point.value)[np.asarray(groups.index)]
    if (np.abs(gap[~used]) <= tolerance).any():
        return None
    # In units of the root of each share: next to a corner a slope goes like 1 / x, and one of 1e12
    # would drown the others in rounding. The sign of the determinant does not change.
    root = np.sqrt(np.asarray(point.x) / np.asarray(groups.cell_mass))
    basis = _scaled_basis(groups, used, root)
    if not basis.shape[1]:
        return 1
    tangent = basis.T @ (root[:, None] * np.asarray(slope.total) * root) @ basis
    if not np.linalg.svd(tangent, compute_uv=False)[-1] > tolerance:
        return None
    return int(np.sign(np.linalg.det(-tangent)))


def _scaled_basis(groups: Groups, used: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Orthonormal columns orthogonal to the root shares of each group's used cells."""
    index = np.asarray(groups.index)
    columns = []
    for group in range(groups.count):
        inside = np.flatnonzero(used & (index == group))
        inside = inside[np.argsort(-root[inside], kind="stable")]
        for k in range(1, len(inside)):
            column = np.zeros(len(index))
            column[inside[:k]] = root[inside[:k]] * root[inside[k]] / (root[inside[:k]] ** 2).sum()
            column[inside[k]] = -1.0
            columns.append(column / np.linalg.norm(column))
    return np.array(columns).reshape(-1, len(index)).T


def _group_sum(groups: Groups, rows: Float[Array, "cell k"]) -> Float[Array, "group k"]:
    return jnp.zeros((groups.count, rows.shape[1])).at[groups.index].add(rows)
