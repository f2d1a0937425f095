"""The price of final consumption in the general economy, and logs that stay finite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import jax.numpy as jnp
from jaxtyping import Array, Float

if TYPE_CHECKING:
    from neg.economy.general import GeneralEconomy
    from neg.economy.general_equations import Flows

_TINY = 1e-300
_LOG_TINY = math.log(_TINY)


def log_consumer_index(model: GeneralEconomy, flows: Flows) -> Float[Array, " place"]:
    """Log price of one unit of final consumption, goods and housing together."""
    indices = flows.log_index[:, :, list(model.final_use)]
    kept = 1.0 - model.final_tax
    rent = log_finite(flows.rent)
    housing = jnp.where(model.housing_share > 0, model.housing_share * rent, 0.0)
    return (jnp.sum(model.final_share * indices, axis=(1, 2)) + housing) / kept


def log_finite(value: Array) -> Array:
    """Log that is finite at zero, and so are its derivatives of every order."""
    some = value > _TINY
    return jnp.where(some, jnp.log(jnp.where(some, value, 1.0)), _LOG_TINY)
