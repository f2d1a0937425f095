"""Exact inversion: as many unknowns as moments, and every moment met."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.compilation import own_settings, quick_jit
from neg.core.errors import InvalidParameterError
from neg.estimation.least_squares import Lanes, Problem, evaluate
from neg.solvers.newton import Root, newton


@own_settings
def invert(
    problem: Problem,
    z: Float[Array, "lane unknown"],
    target: Float[Array, " moment"],
    near: object,
    *,
    tolerance: float,
    max_steps: int,
) -> Lanes:
    """The unknowns at which every moment is its target, by Newton's method with backtracking.

        m(v) - target = 0,   as many equations as unknowns

    from every lane's point; the equilibrium is solved again in every step. ``gradient`` of the
    lanes is the largest gap left, ``solves`` counts steps and their starts. Raises
    :class:`InvalidParameterError` where counts differ.
    """
    unknowns, moments = z.shape[1], len(target)
    if unknowns != moments:
        raise InvalidParameterError(
            f"route 'exact' has {unknowns} unknowns and {moments} moments; must be as many of one "
            "as of the other (route 'distance' takes any)"
        )
    roots = [_root(problem, one, target, near, tolerance, max_steps) for one in z]
    found = jnp.stack([root.z for root in roots])
    many = lambda leaf: jnp.broadcast_to(leaf, (len(z), *jnp.shape(leaf)))
    lanes = found, many(target), jnp.eye(moments), jax.tree.map(many, near)
    steps = np.asarray([int(root.steps) for root in roots])
    gap = np.asarray([float(root.residual) for root in roots])
    return Lanes(found, evaluate(problem, *lanes), gap, steps, int(np.sum(steps + 1)))


@quick_jit
def _root(
    problem: Problem, z: Array, target: Array, near: object, tolerance: float, max_steps: int
) -> Root:
    def gaps(z: Array, target: Array) -> Array:
        return problem.flat(z, near)[0] - target

    return newton(gaps, z, target, tolerance=tolerance, max_steps=max_steps, max_change=2.0)
