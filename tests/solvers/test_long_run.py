"""Long-run equilibria: those that dynamics reach, corners, stability, gradients, batches."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_tools import settle
from scipy.optimize import brentq

from neg.core.errors import ConvergenceError, InvalidDataError, UnknownNameError
from neg.core.status import Status
from neg.models.core_periphery import CorePeriphery
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run
from tests.solvers.toys import Cliff, fold, pair, pitchfork

# Five equilibria: even and both corners stable, two uneven ones between them unstable.
MODEL = CorePeriphery(tau=1.7)


@pytest.fixture(scope="module")
def uneven():
    return settle(MODEL, [0.85, 0.15])[0]


# Which equilibrium ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "reached"),
    [(None, 0.5), (-0.02, 0.5), (0.02, 1.0), (0.14, 1.0)],
    ids=["tilted even", "just inside", "just outside", "nearly all"],
)
def test_starts_on_either_side_of_the_unstable_equilibrium_part(uneven, offset, reached):
    start = None if offset is None else [uneven[0] + offset, uneven[1] - offset]
    found = long_run(MODEL, start)
    np.testing.assert_allclose(found.x, [reached, 1 - reached], atol=1e-9)
    assert found.stable and float(found.residual) < 1e-10
    assert list(np.asarray(found.used)) == [True, reached < 1]
    mirrored = None if start is None else start[::-1]
    np.testing.assert_allclose(long_run(MODEL, mirrored).x[::-1], found.x, atol=1e-9)


def test_every_unit_earns_the_most_it_can(uneven):
    for start in ([0.9, 0.1], [0.6, 0.4], uneven):
        found = long_run(MODEL, start)
        payoff = np.asarray(short_run(MODEL, found.x).payoff)
        assert np.ptp(payoff[np.asarray(found.x) > 0]) < 1e-10
        assert payoff.max() == pytest.approx(float(found.value[0]), abs=1e-10)


def test_a_start_that_is_an_unstable_equilibrium_is_returned_and_called_unstable(uneven):
    found = long_run(MODEL, uneven)
    np.testing.assert_allclose(found.x, uneven, atol=1e-9)
    assert found.stable is False and float(found.growth) > 0
    even = long_run(MODEL.with_(tau=1.3), [0.5, 0.5])  # below the break point
    np.testing.assert_allclose(even.x, 0.5, atol=1e-9)
    assert even.stable is False


def test_a_tilted_start_leaves_an_unstable_equilibrium():
    found = long_run(MODEL.with_(tau=1.3))
    assert sorted(np.asarray(found.x).tolist()) == [0.0, 1.0] and found.stable


def test_a_corner_that_is_no_equilibrium_is_left_and_named():
    model = MODEL.with_(tau=2.2)  # beyond the sustain point
    np.testing.assert_allclose(long_run(model, [1.0, 0.0]).x, 0.5, atol=1e-9)
    corner = equilibrium_at(model, [1.0, 0.0], [True, False], throw=False)
    assert corner.status == Status.NOT_EQUILIBRIUM and np.isnan(corner.x).all()
    with pytest.raises(ConvergenceError, match="not_equilibrium: .*gain by moving"):
        equilibrium_at(model, [1.0, 0.0], [True, False])


@pytest.mark.slow  # compiles the matrix-free solver
def test_without_a_matrix_a_corner_that_is_no_equilibrium_is_nan_too():
    def at(tau):
        model = MODEL.with_(tau=tau)
        return equilibrium_at(
            *(model, [1.0, 0.0], [True, False]), method="matrix-free", throw=False
        )

    good, failed = at(1.5), at(2.2)
    assert good.status == Status.CONVERGED and float(good.residual) < 1e-10
    assert failed.status == Status.NOT_EQUILIBRIUM
    for value in (failed.x, failed.payoff, failed.value, failed.prices["wage"]):
        assert np.isnan(value).all()


def test_at_the_break_point_stability_is_not_told():
    found = long_run(MODEL.with_(tau=1.6265765616977854), [0.5, 0.5])
    assert found.stable is None and abs(float(found.growth)) < 1e-7


# Gradients --------------------------------------------------------------------------------------


def selected(tau, start):
    found = long_run(MODEL.with_(tau=tau), start)
    return jnp.array([found.x[0], found.value[0], found.payoff[1]])


@pytest.mark.parametrize("where", ["even", "uneven", "corner"])
def test_gradient_follows_the_equilibrium_found(uneven, where):
    start = {"even": [0.55, 0.45], "uneven": uneven, "corner": [0.9, 0.1]}[where]
    exact = np.asarray(SLOPE(1.7, jnp.asarray(start)))

    def branch(tau):  # by numpy Newton steps on the model's own equations
        x, gap = settle(MODEL.with_(tau=tau), start, (1,) if where == "corner" else ())
        payoff = np.asarray(short_run(MODEL.with_(tau=tau), x).payoff)
        return np.array([x[0], payoff[0], payoff[1]])

    if where == "corner":
        start = [1.0, 0.0]
    h = 1e-5
    expected = (branch(1.7 + h) - branch(1.7 - h)) / (2 * h)
    np.testing.assert_allclose(exact, expected, rtol=1e-6, atol=1e-9)


SLOPE = jax.jit(jax.jacrev(selected))


def test_forward_and_reverse_agree(uneven):
    forward = jax.jit(jax.jacfwd(selected))(1.7, jnp.asarray(uneven))
    np.testing.assert_allclose(forward, SLOPE(1.7, jnp.asarray(uneven)), rtol=1e-10)


def test_no_gradient_at_the_break_point():
    """With payoff difference rate s - s^3 the even split breaks at rate zero."""

    def share(rate):
        return long_run(pitchfork(rate=rate), pair(0.0)).x[0]

    slope = jax.jit(jax.grad(share))
    assert np.isnan(slope(0.0)) and float(slope(-0.1)) == 0.0


def test_near_a_fold_the_slope_is_that_of_the_branch():
    """s = 0.1 + sqrt(rate) is the stable branch."""
    slope = jax.jit(jax.grad(lambda rate: long_run(fold(rate=rate), pair(0.5)).x[0]))
    for rate in (0.04, 0.0025):
        assert float(slope(rate)) == pytest.approx(0.25 / np.sqrt(rate), rel=1e-7)


# Failure ----------------------------------------------------------------------------------------


def test_a_failed_solve_raises_and_is_nan_in_both_modes():
    """Beyond rate one half this toy has no real payoff at all."""
    model = Cliff(rate=0.6)
    with pytest.raises(ConvergenceError) as caught:
        long_run(model, pair(0.1))
    assert not Status(int(caught.value.solution.status)).ok
    failed = long_run(model, pair(0.1), throw=False)
    assert np.isnan(failed.x).all() and np.isnan(failed.value).all() and failed.stable is None

    def share(rate):
        return long_run(Cliff(rate=rate), pair(0.1)).x[0]

    for mode in (jax.jacfwd, jax.jacrev):
        assert np.isnan(jax.jit(mode(share))(0.6))


@pytest.mark.parametrize("steps", [1, 2, 8])
def test_too_few_steps_are_no_equilibrium(uneven, steps):
    """Not even where Newton's method finds one: the path leads elsewhere, past the unstable one."""
    start = [uneven[0] - 0.05, uneven[1] + 0.05]
    failed = long_run(MODEL, start, max_steps=steps, throw=False)
    assert failed.status == Status.MAX_STEPS and np.isnan(failed.x).all()
    np.testing.assert_allclose(long_run(MODEL, start).x, 0.5, atol=1e-9)


# Compiled and in batches ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_batch_of_starts_equals_one_after_another():
    starts = jnp.array([[0.9, 0.1], [0.55, 0.45], [0.2, 0.8], [0.05, 0.95]])
    batch = eqx.filter_jit(jax.vmap(lambda x: long_run(MODEL, x)))(starts)
    np.testing.assert_array_equal(batch.status, 0)
    for start, x, growth in zip(starts, batch.x, batch.growth, strict=True):
        alone = long_run(MODEL, start)
        np.testing.assert_allclose(x, alone.x, atol=1e-11)
        assert float(growth) == pytest.approx(float(alone.growth), rel=1e-7)


# What is entered and refused --------------------------------------------------------------------


def test_sustain_point_from_corner_payoffs():
    """The gain from leaving a corner changes sign where theory says."""

    def gap(tau):
        phi, mu, sigma = tau**-4.0, 0.4, 5.0
        return tau ** (-mu * sigma) * ((1 + mu) / 2 * phi + (1 - mu) / 2 / phi) - 1

    point = brentq(gap, 1.5, 2.5, xtol=1e-14)
    for tau, ok in ((point - 1e-6, True), (point + 1e-6, False)):
        found = equilibrium_at(MODEL.with_(tau=tau), [1.0, 0.0], [True, False], throw=False)
        assert (found.status == Status.CONVERGED) == ok


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: long_run(MODEL, [0.5, 0.6]), InvalidDataError, "adds up to 1.1 in group 0"),
        (lambda: long_run(MODEL, [-0.5, 1.5]), InvalidDataError, r"x\[0\] = -0.5"),
        (
            lambda: equilibrium_at(MODEL, [0.5, 0.5], [True, True], method="fast"),
            *(UnknownNameError, "method 'fast'; allowed: auto, dense, matrix-free"),
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_starts_in_single_precision_and_head_counts_are_taken():
    model = CorePeriphery(sigma=5.0, mu=0.4, tau=1.7)
    wanted = np.asarray(long_run(model, [0.9, 0.1]).x)
    for start in (np.float32([0.9, 0.1]), (900, 100), [1.8e6, 0.2e6]):
        np.testing.assert_array_equal(long_run(model, start).x, wanted)
