"""Linear systems of a few unknowns, written out: batches of them cost no call to a library."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

_WRITTEN_OUT = 4


def solve(
    matrix: Float[Array, "unknown unknown"], right: Float[Array, "unknown column"]
) -> Float[Array, "unknown column"]:
    """Solve ``matrix @ y = right``; up to four unknowns by elimination with partial pivoting."""
    size = matrix.shape[0]
    if size > _WRITTEN_OUT:
        return jnp.linalg.solve(matrix, right)
    rows = [jnp.concatenate([matrix[i], right[i]]) for i in range(size)]
    for k in range(size):
        for i in range(k + 1, size):  # swap in whichever row has the larger pivot
            larger = jnp.abs(rows[i][k]) > jnp.abs(rows[k][k])
            top, low = jnp.where(larger, rows[i], rows[k]), jnp.where(larger, rows[k], rows[i])
            rows[k], rows[i] = top, low
        for i in range(k + 1, size):
            rows[i] = rows[i] - rows[i][k] / rows[k][k] * rows[k]
    solution: list[Array] = [jnp.zeros(0)] * size
    for k in reversed(range(size)):
        known = rows[k][size:]
        for i in range(k + 1, size):
            known = known - rows[k][i] * solution[i]
        solution[k] = known / rows[k][k]
    return jnp.stack(solution)
