"""The model at one value of a parameter, and starts for the unknowns of an equilibrium there."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from neg.economy.model import Model
from neg.solvers.newton import newton
from neg.solvers.replicator import average_payoff
from neg.solvers.short_run import market_system
from neg.solvers.system import Unknowns, flat_prices, pack, payoff

NULL = 1e-7
"""Singular values below this share of the largest belong to a kernel that symmetry forces: steps
along it would only amplify rounding errors, and leave the symmetric state."""


def model_at(model: Model, parameter: str, value: Any) -> Model:
    """The model with one scalar parameter or alias replaced."""
    return model.with_(**{parameter: value})


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
    return model.groups.shared(jnp.where(used, x, 0.0))
