"""Stability of a long-run equilibrium under the replicator dynamics, from its spectrum."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from neg.protocol import Groups


def average_payoff(
    groups: Groups, x: Float[Array, " cell"], payoff: Float[Array, " cell"]
) -> Float[Array, " group"]:
    """Mean payoff of each group over its members."""
    return groups.total(x * payoff) / groups.mass


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
    gap = payoff - average_payoff(groups, x, payoff)[groups.index]
    return jnp.where(used[:, None], inner, jnp.diag(gap))


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


def _group_sum(groups: Groups, rows: Float[Array, "cell k"]) -> Float[Array, "group k"]:
    return jnp.zeros((groups.count, rows.shape[1])).at[groups.index].add(rows)
