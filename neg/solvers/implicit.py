"""The implicit function theorem, once: derivatives of whatever solves ``residual(z, args) = 0``.

    dz = - (dF/dz)^-1 (dF/dargs) dargs

The rule refers to itself, so that derivatives of any order, forward and reverse, are right. The
linear system is solved once per tangent (or cotangent); solvers are never unrolled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Residual = Callable[[Float[Array, " unknown"], Any], Float[Array, " unknown"]]

SINGULAR_BELOW = float(jnp.finfo(jnp.float64).eps) ** 0.5
"""Reciprocal condition below which a linear system is called singular: at a fold or break point
the equilibrium itself is known to no more than the square root of the machine precision."""


@eqx.filter_custom_jvp
def implicit_solution(
    z: Float[Array, " unknown"], args: Any, ok: Any, regular: Any, *, residual: Residual
) -> Float[Array, " unknown"]:
    """A solution of ``residual(z, args) = 0`` that knows its derivative with respect to ``args``.

    ``ok`` says whether the solve is good: where it is not, value and derivative are NaN.
    ``regular`` says whether the linear system is well posed: where it is not (fold, break point),
    the derivative does not exist and is NaN.
    """
    del args, regular, residual
    return jnp.where(ok, z, jnp.nan)


@implicit_solution.def_jvp
def _implicit_jvp(primals: Any, tangents: Any, *, residual: Residual) -> Any:
    z, args, ok, regular = primals
    _, tangent_args, _, _ = tangents
    solution = implicit_solution(z, args, ok, regular, residual=residual)
    if all(leaf is None for leaf in jax.tree.leaves(tangent_args, is_leaf=lambda t: t is None)):
        return solution, jnp.zeros_like(solution)
    _, change = eqx.filter_jvp(lambda a: residual(solution, a), (args,), (tangent_args,))
    if change is None:  # the conditions do not hold what moves
        return solution, jnp.zeros_like(solution)
    jacobian = jax.jacfwd(lambda unknown: residual(unknown, args))(solution)
    good = ok & regular
    # A failed solve has NaN rows; the identity keeps the factorisation finite, the factor below
    # then makes the derivative NaN in both modes (a ``where`` would be lost in reverse mode).
    safe = jnp.where(good, jacobian, jnp.eye(z.shape[0]))
    return solution, jnp.linalg.solve(safe, -change) * jnp.where(good, 1.0, jnp.nan)


def reciprocal_condition(jacobian: Float[Array, "unknown unknown"]) -> Float[Array, ""]:
    """Reciprocal condition number in the 1-norm; zero where the matrix is singular."""
    inverse = jnp.linalg.inv(jacobian)
    product = jnp.linalg.norm(jacobian, 1) * jnp.linalg.norm(inverse, 1)
    return jnp.where(jnp.isfinite(product), 1.0 / product, 0.0)
