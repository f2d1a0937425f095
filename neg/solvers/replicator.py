"""The replicator dynamics: who grows at which rate, in logs of shares, and when they are at rest.

    d log x_i / dt = V_i - sum_j x_j V_j / m    (j in the group of i, m its mass)

The rule is stated here. Those who follow it differ in their algebra: :mod:`neg.solvers.path` by
implicit steps with a Jacobian, on the way to rest; :mod:`neg.solvers.departure` by explicit steps
without one; :mod:`neg.solvers.dynamics` in time, to a tolerance, beside other rules.

Source: Fujita, Krugman and Venables (1999), The Spatial Economy, ch. 5; Weibull (1995),
Evolutionary Game Theory, ch. 3.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.model import Groups

EMPTY = 1e-8
"""Share of its group's mass below which a cell is a candidate for being empty."""
LOG_FLOOR = -32.0
"""Log share at which a dying cell is held: a first entrant, ready to grow."""


def average_payoff(
    groups: Groups, x: Float[Array, " cell"], payoff: Float[Array, " cell"]
) -> Float[Array, " group"]:
    """Mean payoff of each group over its members."""
    return groups.total(x * payoff) / groups.mass


def growth_of_shares(
    groups: Groups, x: Float[Array, " cell"], payoff: Float[Array, " cell"]
) -> Float[Array, " cell"]:
    """Growth rate of each share: payoff over the mean of the cell's group."""
    return payoff - average_payoff(groups, x, payoff)[groups.index]


def log_shares(groups: Groups, y: Float[Array, " cell"]) -> Float[Array, " cell"]:
    """Log shares held at the floor and adding up to one in each group."""
    y = jnp.maximum(y, LOG_FLOOR)
    return y - jnp.log(groups.total(jnp.exp(y)))[groups.index]


def imbalance(
    groups: Groups, x: Float[Array, " cell"], payoff: Float[Array, " cell"]
) -> Float[Array, ""]:
    """Largest payoff gap that still moves anybody: of used cells, or of empty ones that pay."""
    gap = growth_of_shares(groups, x, payoff)
    matters = jnp.where(x > EMPTY * groups.cell_mass, jnp.abs(gap), jnp.maximum(gap, 0.0))
    return jnp.max(matters)
