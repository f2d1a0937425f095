"""Anderson acceleration: linear systems, steps saved, what is learnt, failures named."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.status import Status
from neg.solvers.anderson import anderson
from neg.solvers.krylov import gmres


def linear(rate: float, size: int = 40):
    """A damped iteration whose slowest mode shrinks by ``rate`` a step, and its fixed point."""
    rng = np.random.default_rng(2)
    basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
    matrix = jnp.asarray(basis @ np.diag(np.linspace(-0.5, rate, size)) @ basis.T)
    right = jnp.asarray(rng.standard_normal(size))

    def step(z):
        value = matrix @ z + right - z
        return value, jnp.max(jnp.abs(value))

    return step, np.linalg.solve(np.eye(size) - np.asarray(matrix), right)


@pytest.mark.parametrize("memory", [10, 30])
def test_reaches_the_fixed_point(memory):
    step, exact = linear(0.99)
    root, _ = anderson(step, jnp.zeros(40), tolerance=1e-11, memory=memory)
    assert root.status == Status.CONVERGED and root.residual <= 1e-11
    np.testing.assert_allclose(root.z, exact, rtol=0, atol=1e-8)
    assert root.steps < 250  # plain iteration would need about 2,500 steps


def test_full_memory_ends_like_gmres():
    """On a linear problem of n unknowns the method with n vectors ends after about n steps."""
    step, _ = linear(0.9, size=12)
    root, _ = anderson(step, jnp.zeros(12), tolerance=1e-11, memory=12)
    assert root.steps <= 16


def test_failures_have_names():
    step, _ = linear(0.99)
    few, _ = anderson(step, jnp.zeros(40), max_steps=3)
    assert few.status == Status.MAX_STEPS and few.residual > 1e-3
    nothing, _ = anderson(lambda z: (z + jnp.nan, jnp.max(z) + jnp.nan), jnp.zeros(3))
    assert nothing.status == Status.NON_FINITE


def test_returns_the_best_point_not_the_last():
    """Where no fixed point exists the point with the least residual is kept."""

    def step(z):
        value = jnp.cosh(z)
        return value, jnp.max(jnp.abs(value))

    root, _ = anderson(step, jnp.full(2, -3.0), max_steps=50)
    assert root.status == Status.MAX_STEPS
    assert root.residual == pytest.approx(float(step(root.z)[1]))
    assert root.residual < np.cosh(3.0)


def test_secants_of_an_acceleration_precondition_the_linear_solve():
    """What took the acceleration its steps to learn is not learnt again."""
    step, _ = linear(0.99)
    root, secants = anderson(step, jnp.zeros(40), tolerance=1e-8, memory=30)
    assert root.status == Status.CONVERGED
    value, product = jax.linearize(lambda z: step(z)[0], root.z)
    solve = lambda undo: gmres(lambda v: product(undo(v)), -value, memory=10, restarts=1)[1]
    assert solve(secants.mix) < 1e-8 and solve(lambda v: v) > 1e-3
    forgotten = secants.forget(True)
    np.testing.assert_array_equal(forgotten.mix(value), value)
