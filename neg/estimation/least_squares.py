"""Minimum distance, many problems of one shape at once: Levenberg-Marquardt that starts warm.

Steps are those of optimistix, driven through its interface of single steps so that what one step
knows of the equilibrium is where the next one starts. Lanes are starts, samples or pinned values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from neg.core.compilation import quick_jit
from neg.core.errors import LabelMismatchError
from neg.estimation.transforms import bounded, free

_TIGHT = 1e-13  # relative step at which optimistix calls a lane finished: the gradient judges
_STILL = 12  # steps without a move after which a lane ends
_POLISH = 4  # Gauss-Newton steps at the end
_ROUNDS = 4  # times that the unknowns are scaled anew


class Problem(eqx.Module):
    """Moments as a function of named values, with bounds: ``moments(values, near)``.

    ``near`` is whatever one evaluation hands to the next (where the equilibrium was).
    """

    moments: Callable[[dict[str, Array], Any], tuple[dict[str, Array], Any]]
    names: tuple[str, ...] = eqx.field(static=True)
    shapes: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    low: tuple[float, ...] = eqx.field(static=True)
    high: tuple[float, ...] = eqx.field(static=True)
    moment_names: tuple[str, ...] = eqx.field(static=True)

    def values(self, z: Float[Array, " unknown"]) -> dict[str, Array]:
        """The named values of a point."""
        found, at = {}, 0
        for name, shape, low, high in zip(
            self.names, self.shapes, self.low, self.high, strict=True
        ):
            size = math.prod(shape)
            found[name] = bounded(z[at : at + size].reshape(shape), low, high)
            at += size
        return found

    def point(self, values: dict[str, Any]) -> Float[Array, " unknown"]:
        """The point of named values, strictly inside their bounds."""
        parts = [
            jnp.ravel(free(jnp.asarray(values[name], dtype=float), low, high))
            for name, low, high in zip(self.names, self.low, self.high, strict=True)
        ]
        return jnp.concatenate(parts)

    def flat(self, z: Float[Array, " unknown"], start: Any) -> tuple[Array, dict[str, Array], Any]:
        """All moments in one vector, by name, and where to start next."""
        found, after = self.moments(self.values(z), start)
        if set(found) != set(self.moment_names):
            raise LabelMismatchError(
                f"moments are named {sorted(found)} and targets {sorted(self.moment_names)}; "
                "must be the same"
            )
        named = {name: jnp.asarray(found[name], dtype=float) for name in self.moment_names}
        return jnp.concatenate([jnp.ravel(value) for value in named.values()]), named, after


class At(NamedTuple):
    """One evaluation a lane: weighted gaps, their derivative in the point, moments, where."""

    gaps: Float[Array, "lane moment"]
    jacobian: Float[Array, "lane moment unknown"]
    flat: Float[Array, "lane moment"]
    moments: dict[str, Array]
    near: Any
    slope: Float[Array, "lane unknown"]


class Lanes(NamedTuple):
    """Where every lane ended."""

    z: Float[Array, "lane unknown"]
    at: At
    gradient: Float[np.ndarray, " lane"]
    steps: Int[np.ndarray, " lane"]
    solves: int


@quick_jit
def evaluate(problem: Problem, z: Array, target: Array, root: Array, near: Any) -> At:
    """Moments, weighted gaps and their derivative, in every lane."""

    def one(z: Array, target: Array, near: Any) -> At:
        def gaps(z: Array) -> tuple[Array, Any]:
            flat, named, after = problem.flat(z, near)
            gap = root @ (flat - target)
            return gap, (gap, flat, named, after)

        turn = jax.jacfwd if z.shape[0] <= target.shape[0] else jax.jacrev
        jacobian, (gap, flat, named, after) = turn(gaps, has_aux=True)(z)
        values = lambda z: jnp.concatenate([jnp.ravel(v) for v in problem.values(z).values()])
        slope = jax.jvp(values, (z,), (jnp.ones_like(z),))[1]
        return At(gap, jacobian, flat, named, after, slope)

    return jax.vmap(one)(z, target, near)


def minimise(
    problem: Problem,
    z: Float[Array, "lane unknown"],
    target: Float[Array, "lane moment"],
    root: Float[Array, "moment moment"],
    near: Any,
    *,
    pinned: Bool[np.ndarray, "lane unknown"] | None = None,
    tolerance: float = 1e-8,
    max_steps: int = 200,
) -> Lanes:
    """Lower the weighted sum of squared gaps in every lane until its gradient is small.

    Unknowns are scaled by the derivative of the moments, anew in every round, so that units of
    unknowns and moments do not matter. Pinned unknowns stay where they start.
    """
    held = jnp.zeros(z.shape, dtype=bool) if pinned is None else jnp.asarray(pinned)
    steps, solves = np.zeros(len(z), dtype=int), 0
    here = evaluate(problem, z, target, root, near)
    for _ in range(_ROUNDS):
        solves += 1
        left = _gradient(here, held)
        if np.all(~(left > 0.01 * tolerance)) or int(steps.max()) >= max_steps:
            break
        size = jnp.sqrt(jnp.sum(here.jacobian**2, axis=1))
        most = jnp.max(jnp.where(jnp.isfinite(size), size, 0.0), axis=1, keepdims=True)
        scale = 1.0 / jnp.maximum(size, 1e-6 * jnp.where(most > 0, most, 1.0))
        scale = jnp.where(held | ~jnp.isfinite(scale), 0.0, scale)
        limit = jnp.asarray(max_steps - int(steps.max()))
        moved, near, taken = _march(problem, z, scale, target, root, here.near, limit)
        better = evaluate(problem, moved, target, root, near)
        old, new = (np.asarray(jnp.sum(at.gaps**2, axis=1)) for at in (here, better))
        gained = np.isfinite(new) & (new <= old * (1 + 1e-12))
        still = np.all(np.asarray(moved)[gained] == np.asarray(z)[gained])
        z, here = _chosen(gained, (moved, better), (z, here))
        steps = steps + np.asarray(taken)
        if still:
            break
    # Where the loss at its bottom is not zero, rounding hides the last steps from it: Gauss-Newton
    # steps that flatten the slope finish.
    for _ in range(_POLISH if max_steps > 0 else 0):
        left = _gradient(here, held)
        if np.all(~(left > 0.1 * tolerance)):
            break
        moved = z - jnp.asarray(_gauss_newton(here, np.asarray(held)))
        better = evaluate(problem, moved, target, root, here.near)
        solves += 1
        old, new = (np.asarray(jnp.sum(at.gaps**2, axis=1)) for at in (here, better))
        # Flat is no aim in itself: at a bound of an unknown every loss is.
        flatter = (_gradient(better, held) < left) & (new <= old * (1 + 1e-9))
        if not flatter.any():
            break
        z, here = _chosen(flatter, (moved, better), (z, here))
    return Lanes(z, here, _gradient(here, held), steps, solves + int(steps.max()))


def _chosen(take: np.ndarray, new: Any, old: Any) -> Any:
    """The new numbers of the lanes that ``take`` says, the old ones of the others."""
    one = lambda a, b: jnp.where(take.reshape(-1, *(1,) * (a.ndim - 1)), a, b)
    return jax.tree.map(one, new, old)


def _gauss_newton(at: At, held: np.ndarray) -> np.ndarray:
    """The step of Gauss and Newton in every lane; nothing along directions that are not seen."""
    gaps, jacobian = np.asarray(at.gaps), np.where(held[:, None, :], 0.0, np.asarray(at.jacobian))
    step = np.zeros(held.shape)
    for lane in range(len(gaps)):
        if np.isfinite(gaps[lane]).all() and np.isfinite(jacobian[lane]).all():
            step[lane] = np.linalg.lstsq(jacobian[lane], gaps[lane], rcond=1e-7)[0]
    return step


def _gradient(at: At, held: Array) -> np.ndarray:
    """Largest derivative of the sum of squared gaps in the unknowns that may move."""
    slope = 2.0 * jnp.einsum("lm,lmu->lu", at.gaps, at.jacobian)
    return np.asarray(jnp.max(jnp.where(held, 0.0, jnp.abs(slope)), axis=1))


@quick_jit
def _march(
    problem: Problem,
    z: Array,
    scale: Array,
    target: Array,
    root: Array,
    near: Any,
    max_steps: Array,
) -> tuple[Array, Any, Array]:
    """Levenberg-Marquardt steps in every lane, each solve from what the last one found."""
    import optimistix as optx  # loaded where it is used: it takes half a second

    solver: Any = optx.LevenbergMarquardt(rtol=_TIGHT, atol=_TIGHT)
    tags: frozenset = frozenset()

    def one(z: Array, scale: Array, target: Array, near: Any) -> tuple[Array, Any, Array]:
        def gaps(u: Array, near: Any) -> tuple[Array, Any]:
            flat, _, after = problem.flat(z + scale * u, near)
            return root @ (flat - target), after

        start = jnp.zeros_like(z)
        options = {"jac": "fwd" if z.shape[0] <= target.shape[0] else "bwd"}
        shapes = jax.eval_shape(gaps, start, near)
        state = solver.init(gaps, start, near, options, *shapes, tags)
        moving, fixed = eqx.partition(state, eqx.is_array)

        def unfinished(carry: tuple) -> Array:
            *_, steps, still, done = carry
            return ~done & (steps < max_steps) & (still < _STILL)

        def body(carry: tuple) -> tuple:
            u, moving, near, steps, still, _ = carry
            state = eqx.combine(fixed, moving)
            new, state, after = solver.step(gaps, u, near, options, state, tags)
            done, _ = solver.terminate(gaps, new, near, options, state, tags)
            good = jnp.all(
                jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(after)])
                if jax.tree.leaves(after)
                else jnp.asarray(True)
            ) & (steps > 0)
            near = jax.tree.map(lambda a, b: jnp.where(good, a, b), after, near)
            still = jnp.where(jnp.all(new == u) & (steps > 0), still + 1, 0)
            return new, eqx.partition(state, eqx.is_array)[0], near, steps + 1, still, done

        zero = jnp.asarray(0)
        carry = (start, moving, near, zero, zero, jnp.asarray(False))
        u, _, near, steps, _, _ = jax.lax.while_loop(unfinished, body, carry)
        return z + scale * u, near, steps

    return jax.vmap(one)(z, scale, target, near)


@quick_jit
def long_way(
    problem: Problem, z: Array, target: Array, root: Array, near: Any, steps: Any, rate: Array
) -> tuple[Array, Any]:
    """Steps of Adam (optax) in every lane, from far away; steps that leave the branch are left out.

    ``steps`` is an array of that length with the noise of every step, ``[step, moment]``: zero, or
    draws that are added to the targets where these are known by samples only.
    """
    import optax  # loaded where it is used: it takes a quarter of a second

    search = optax.apply_if_finite(optax.adam(rate), max_consecutive_errors=10**6)

    def one(z: Array, target: Array, near: Any) -> tuple[Array, Any]:
        def loss(z: Array, near: Any, noise: Array) -> tuple[Array, Any]:
            flat, _, after = problem.flat(z, near)
            gap = root @ (flat - target - noise)
            return gap @ gap, after

        def step(carry: tuple, noise: Array) -> tuple[tuple, None]:
            z, state, near = carry
            slope, after = jax.grad(loss, has_aux=True)(z, near, noise)
            change, state = search.update(slope, state, z)
            return (z + change, state, after), None

        (z, _, near), _ = jax.lax.scan(step, (z, search.init(z), near), steps)
        return z, near

    return jax.vmap(one)(z, target, near)
