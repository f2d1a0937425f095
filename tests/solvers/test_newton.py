"""Newton's method: every way it can end, and that it ends where it says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.status import Status
from neg.solvers.newton import newton, undamped

solve = jax.jit(newton, static_argnums=0)


def square(z, a):
    return z**2 - a


def no_zero(z, a):
    return z**2 + a


def flat(z, a):
    return jnp.array([z[0] + z[1] - a, z[0] + z[1] + a])


def only_above_zero(z, a):
    return jnp.sqrt(z) - a


def cliff(z, a):
    return jnp.where(z > a, z + 1.0, jnp.nan)


CASES = {
    Status.CONVERGED: (square, [3.0], 2.0, {}),
    Status.MAX_STEPS: (square, [1e6], 2.0, {"max_steps": 3}),
    Status.NON_FINITE: (only_above_zero, [-1.0], 1.0, {}),
    Status.STALLED: (cliff, [1.0], 0.0, {}),
    Status.SINGULAR: (flat, [0.3, 0.7], 1.0, {}),
}


@pytest.mark.parametrize("status", CASES, ids=lambda status: status.name)
def test_every_way_to_end(status):
    function, start, a, options = CASES[status]
    root = solve(function, jnp.array(start), jnp.asarray(a), **options)
    assert Status(int(root.status)) is status
    if status is Status.CONVERGED:
        assert float(root.z[0]) == pytest.approx(np.sqrt(2.0), rel=1e-15)
    if status is not Status.NON_FINITE:  # it stays at the best point it saw, and says how good
        value = function(root.z, a)
        assert float(root.residual) == pytest.approx(float(jnp.max(jnp.abs(value))), rel=1e-14)
        np.testing.assert_allclose(root.jacobian, jax.jacfwd(function)(root.z, a), rtol=1e-14)
    if status not in (Status.CONVERGED, Status.NON_FINITE):
        assert float(root.residual) > 1e-11
    if status is Status.MAX_STEPS:
        assert int(root.steps) == 3


def test_without_a_zero_it_never_converges():
    root = solve(no_zero, jnp.array([2.0]), jnp.asarray(1.0))
    assert Status(int(root.status)) in (Status.STALLED, Status.SINGULAR, Status.MAX_STEPS)
    assert float(root.residual) >= 1.0


def test_backtracking_tames_steps_that_overshoot():
    """Plain Newton on arctan diverges from starts beyond 1.39."""
    root = solve(lambda z, a: jnp.arctan(z - a), jnp.array([30.0]), jnp.asarray(0.5))
    assert root.status == Status.CONVERGED and float(root.z[0]) == pytest.approx(0.5, abs=1e-12)


def test_no_unknown_changes_by_more_than_allowed_in_one_step():
    root = solve(square, jnp.array([100.0]), jnp.asarray(1.0), max_change=1.0, max_steps=4)
    assert float(root.z[0]) == pytest.approx(96.0) and int(root.steps) == 4


def test_convergence_is_quadratic_and_the_last_step_is_kept():
    root = solve(square, jnp.array([1.5]), jnp.asarray(2.0), tolerance=1e-3)
    assert int(root.steps) <= 2
    assert float(root.residual) < 1e-5  # one step more than the tolerance asks for


def test_no_unknowns_is_solved():
    root = newton(lambda z, a: z, jnp.zeros(0), None)
    assert root.status == Status.CONVERGED and root.jacobian.shape == (0, 0)


def test_lanes_of_a_batch_end_on_their_own():
    starts = jnp.array([[1.5], [1e9], [3.0]])
    batch = jax.jit(jax.vmap(lambda z: newton(square, z, 2.0, max_steps=6)))(starts)
    expected = [Status.CONVERGED, Status.MAX_STEPS, Status.CONVERGED]
    assert [Status(int(status)) for status in batch.status] == expected
    alone = solve(square, starts[2], jnp.asarray(2.0), max_steps=6)
    np.testing.assert_array_equal(batch.z[2], alone.z)


def test_every_status_says_cause_and_remedy():
    for status in Status:
        assert status.cause and status.name.lower() in status.message
        assert bool(status.remedy) != status.ok


def both(function, a):
    return lambda z: (function(z, a), jax.jacfwd(function)(z, a))


def test_undamped_steps_end_in_every_way():
    limits = {"tolerance": 1e-12, "max_steps": 20}
    root = undamped(both(square, 2.0), jnp.array([1.5]), **limits)
    assert Status(int(root.status)) is Status.CONVERGED
    assert float(root.z[0]) == pytest.approx(np.sqrt(2.0), rel=1e-15)
    np.testing.assert_allclose(root.jacobian, [[2.0 * np.sqrt(2.0)]], rtol=1e-12)
    few = undamped(both(square, 2.0), jnp.array([1e6]), tolerance=1e-12, max_steps=3)
    assert Status(int(few.status)) is Status.MAX_STEPS and int(few.steps) == 3
    assert Status(int(undamped(both(no_zero, 1.0), jnp.array([0.0]), **limits).status)) in (
        Status.NON_FINITE,
        Status.MAX_STEPS,
    )
    outside = undamped(both(only_above_zero, 1.0), jnp.array([-1.0]), **limits)
    assert Status(int(outside.status)) is Status.NON_FINITE


def test_undamped_steps_are_newtons_own_and_bounded():
    # From 3 the step for z^2 = 2 is -7/6, and one step is what a large tolerance asks for.
    one = undamped(both(square, 2.0), jnp.array([3.0]), tolerance=10.0, max_steps=1, last=True)
    assert float(one.z[0]) == pytest.approx(3.0 - 7.0 / 6.0, rel=1e-15)
    short = undamped(
        both(square, 2.0),
        jnp.array([3.0]),
        tolerance=10.0,
        max_steps=1,
        max_change=0.5,
        last=True,
    )
    assert float(short.z[0]) == pytest.approx(2.5, rel=1e-15)
