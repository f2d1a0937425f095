"""Bounds that cannot be left: an unknown between them is a function of a number without any."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array


def free(value: Array, low: float, high: float) -> Array:
    """The unbounded number that stands for a value between two bounds (any may be infinite)."""
    if np.isinf(low) and np.isinf(high):
        return value
    if np.isinf(high):
        return jnp.log(value - low)
    if np.isinf(low):
        return -jnp.log(high - value)
    return jnp.log(value - low) - jnp.log(high - value)


def bounded(z: Array, low: float, high: float) -> Array:
    """The value between two bounds that an unbounded number stands for; undoes :func:`free`."""
    if np.isinf(low) and np.isinf(high):
        return z
    if np.isinf(high):
        return low + jnp.exp(z)
    if np.isinf(low):
        return high - jnp.exp(-z)
    return low + (high - low) * jax.nn.sigmoid(z)
