"""Short-run equilibria: markets clear, derivatives are right, failures look like failures."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_tools import clear

from neg.core.errors import ConvergenceError, InvalidDataError, InvalidShapeError, UnknownNameError
from neg.core.status import Status
from neg.models.core_periphery import CorePeriphery
from neg.places.layouts import racetrack
from neg.solvers.short_run import short_run

MODEL = CorePeriphery(tau=1.7)
X = jnp.array([0.7, 0.3])


def test_prices_clear_the_markets():
    found = short_run(MODEL, X)
    p, value, _ = clear(MODEL, X)
    np.testing.assert_allclose(found.prices["wage"], p, atol=1e-12)
    np.testing.assert_allclose(found.payoff, value, atol=1e-12)
    assert found.status == Status.CONVERGED and float(found.residual) < 1e-11
    assert 1e-3 < float(found.condition) <= 1.0


def test_the_start_is_the_initial_distribution_and_may_hold_prices():
    even = short_run(MODEL)
    np.testing.assert_array_equal(even.x, [0.5, 0.5])
    near = short_run(MODEL, X, prices=short_run(MODEL, X).prices)
    assert int(near.steps) == 0


def payoff_gap(tau, x):
    pay = short_run(MODEL.with_(tau=tau), x).payoff
    return pay[0] - pay[1]


@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev], ids=["forward", "reverse"])
def test_derivatives_equal_differences(mode):
    value = jax.jit(payoff_gap)
    by_tau, by_x = jax.jit(mode(payoff_gap, argnums=(0, 1)))(1.7, X)
    h = 1e-5
    expected = (value(1.7 + h, X) - value(1.7 - h, X)) / (2 * h)
    assert float(by_tau) == pytest.approx(float(expected), rel=1e-7)
    total = clear(MODEL, X)[2]  # dV/dx by linear algebra on the model's equations
    np.testing.assert_allclose(by_x, total[0] - total[1], rtol=1e-9)


# Failure ----------------------------------------------------------------------------------------


def test_a_failed_solve_raises_and_carries_what_it_reached():
    with pytest.raises(ConvergenceError, match="max_steps: .*after . steps.*") as caught:
        short_run(MODEL, X, max_steps=1)
    solution = caught.value.solution
    assert solution.status == Status.MAX_STEPS and float(solution.residual) > 1e-11
    assert np.isnan(solution.prices["wage"]).all()


@pytest.mark.parametrize("mode", [jax.jacfwd, jax.jacrev], ids=["forward", "reverse"])
def test_a_failed_solve_is_nan_inside_compiled_code_too(mode):
    def value(tau):  # throw is true by default: inside jit the status and NaN must speak
        return short_run(MODEL.with_(tau=tau), X, max_steps=1).payoff[0]

    assert np.isnan(jax.jit(value)(1.7)) and np.isnan(jax.jit(mode(value))(1.7))
    failed = eqx.filter_jit(lambda m: short_run(m, X, max_steps=1, throw=False))(MODEL)
    assert failed.status == Status.MAX_STEPS


# Batches ----------------------------------------------------------------------------------------


def test_a_batch_of_parameters_equals_one_after_another():
    taus = jnp.array([1.2, 1.5, 2.0])
    batch = jax.jit(jax.vmap(lambda tau: short_run(MODEL.with_(tau=tau), X).payoff))(taus)
    for tau, row in zip(taus, batch, strict=True):
        np.testing.assert_allclose(short_run(MODEL.with_(tau=tau), X).payoff, row, atol=1e-13)


def test_without_a_matrix_the_solution_is_the_same():
    model = CorePeriphery(tau=1.3, geography=racetrack(4))
    x = jnp.array([0.4, 0.3, 0.2, 0.1])
    dense, free = (short_run(model, x, method=m) for m in ("dense", "matrix-free"))
    np.testing.assert_allclose(free.payoff, dense.payoff, atol=1e-9)


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        ([0.5, 0.3, 0.2], InvalidShapeError, r"x has shape \(3,\); must be \(2,\)"),
        ([0.5, np.nan], InvalidDataError, r"x\[1\] = nan .*finite and non-negative"),
        ([1.5, -0.5], InvalidDataError, r"x\[1\] = -0.5 .*finite and non-negative"),
        ([0.5, 0.4], InvalidDataError, "x adds up to 0.9 in group 0; must add up to its mass 1"),
    ],
)
def test_bad_distributions_are_refused_by_name(x, error, words):
    with pytest.raises(error, match=words):
        short_run(MODEL, x)


def test_unknown_method_is_refused_by_name():
    with pytest.raises(UnknownNameError, match="method 'fast'; allowed: auto, dense"):
        short_run(MODEL, X, method="fast")
