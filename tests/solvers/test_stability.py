"""Verdicts under four dynamics, the arguments they rest on, and paths that confirm them."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.errors import ConvergenceError, UnknownNameError
from neg.models.core_periphery import CorePeriphery
from neg.places.layouts import equidistant, racetrack
from neg.search.equilibria import equilibria
from neg.solvers.dynamics import Logit, Smith, paths
from neg.solvers.stability import index_of, tangent_basis
from neg.solvers.verdict import stability

ALL = ("replicator", "smith", "best-response")


@pytest.fixture(scope="module")
def five():
    return equilibria(CorePeriphery(sigma=5.0, mu=0.4, tau=1.7))


@pytest.mark.parametrize("dynamics", ALL)
def test_two_regions_have_the_same_verdicts_under_all_dynamics(five, dynamics):
    verdicts = [stability(five.model, point, dynamics) for point in five.points]
    assert [v.stable for v in verdicts] == [True, False, False, True, True]
    assert all(v.argument for v in verdicts)
    np.testing.assert_allclose(verdicts[0].pattern, [1, -1])
    assert np.isnan(verdicts[0].gaps).all() and verdicts[3].gaps[1] < 0


def test_replicator_spectrum_is_the_growth_rate(five):
    for point in five.points[:3]:
        verdict = stability(five.model, point)
        assert verdict.spectrum[0].real == pytest.approx(float(point.growth), rel=1e-9)


@pytest.mark.slow
def test_logit_judges_the_perturbed_equilibrium(five):
    """With little noise as without; with much noise only the even state is left, and stable."""
    verdicts = [stability(five.model, p, Logit(0.002)).stable for p in five.points]
    assert verdicts == [True, False, False, True, True]
    model = CorePeriphery(sigma=5.0, mu=0.4, tau=1.5)
    assert stability(model, [0.5, 0.5], Logit(0.001)).stable is False
    judged = stability(model, [0.5, 0.5], Logit(0.5))
    assert judged.stable is True
    end = paths(model, [0.6, 0.4], [0, 60], Logit(0.5))["x"].values[0, -1]
    np.testing.assert_allclose(end, judged.equilibrium.x, atol=1e-6)


@pytest.mark.slow
def test_logit_growth_rate_is_seen_on_the_path():
    model, noise = CorePeriphery(sigma=5.0, mu=0.4, tau=1.7), 0.05
    rate = stability(model, [0.5, 0.5], Logit(noise)).spectrum[0].real
    x = paths(model, [0.501, 0.499], [0.0, 1.0, 2.0], Logit(noise))["x"].values[0, :, 0] - 0.5
    assert np.log(x[2] / x[1]) == pytest.approx(rate, rel=1e-3)


def test_near_zero_nobody_can_tell():
    model = CorePeriphery(sigma=5.0, mu=0.4, tau=1.6265765616977854)
    for dynamics in ALL:
        verdict = stability(model, [0.5, 0.5], dynamics)
        assert verdict.stable is None and "too close to" in verdict.argument


@pytest.mark.slow
def test_three_regions_and_the_unstable_pattern():
    model = CorePeriphery(geography=equidistant(3), tau=1.5)
    for dynamics in ALL:
        verdict = stability(model, np.full(3, 1 / 3), dynamics)
        assert verdict.stable is False
        assert verdict.pattern.sum() == pytest.approx(0, abs=1e-9)
    ring = CorePeriphery(geography=racetrack(8), tau=1.9)
    pattern = stability(ring, np.full(8, 1 / 8)).pattern
    np.testing.assert_allclose(pattern, [1, -1] * 4, atol=1e-6)


def test_index_and_tangent_space(five):
    assert [index_of(point) for point in five.points] == [1, -1, -1, 1, 1]
    basis = tangent_basis(five.model.groups, np.array([True, True]))
    np.testing.assert_allclose(np.abs(basis[:, 0]), 2**-0.5)


def test_bad_input_is_named():
    model = CorePeriphery(tau=1.7)
    with pytest.raises(UnknownNameError, match="unknown dynamics 'drift'"):
        stability(model, [0.5, 0.5], "drift")
    with pytest.raises(ConvergenceError):
        stability(CorePeriphery(tau=2.5), [1.0, 0.0], Smith())
    assert jnp.asarray(0.0).dtype == jnp.float64


@pytest.mark.parametrize("x", [[0.6, 0.4], [0.9, 0.1]])
def test_a_distribution_that_is_no_equilibrium_is_not_judged_as_another(x):
    with pytest.raises(ConvergenceError, match="is none: the one that Newton's method finds"):
        stability(CorePeriphery(tau=1.7), x)
    assert stability(CorePeriphery(tau=1.7), [0.835, 0.165]).stable is False  # rounded
