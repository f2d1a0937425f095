"""Logs that stay finite, with a finite derivative, where nobody is."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array

EMPTY_LOG = -1e6
"""Stands for the log of nothing: far below the log of any positive number that a computer holds,
so that no other force outweighs it and a corner never looks sustained by mistake."""


def log_mass(x: Array) -> Array:
    """``log x``, and ``EMPTY_LOG`` with derivative zero where ``x`` is zero.

    Where crowding has no limit the first entrant into an empty cell gains without bound; corner
    checks compare payoffs, so that gain must be a number, and a large one. ``x`` holds masses >= 0
    of any shape.

    >>> log_mass(jnp.array([0.0, 1.0])).tolist()
    [-1000000.0, 0.0]
    """
    some = x > 0
    return jnp.where(some, jnp.log(jnp.where(some, x, 1.0)), EMPTY_LOG)
