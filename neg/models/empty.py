"""Logs that stay finite, with a finite derivative, where nobody is."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array

FLOOR = 1e-30
"""Mass below which a cell counts as empty inside a log: far below what any solver resolves."""


def log_mass(x: Array) -> Array:
    """``log(max(x, FLOOR))``: where crowding has no limit the gain of a first entrant is large.

    Corner checks compare payoffs of empty cells, so they must be numbers; the derivative is zero
    at ``x = 0``, where the true one is infinite.
    """
    return jnp.log(jnp.maximum(x, FLOOR))
