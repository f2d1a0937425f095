"""Models as flat vectors: names come back, slopes are right, unused cells are exactly empty."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_tools import clear

from neg.models.core_periphery import CorePeriphery
from neg.models.vertical_linkages import VerticalLinkages
from neg.solvers.replicator import average_payoff
from neg.solvers.stability import growth_rate
from neg.solvers.system import (
    Unknowns,
    both,
    distribution,
    flat_prices,
    long_run_residual,
    market,
    pack,
    payoff,
    slopes,
    slopes_at_equilibrium,
    stop,
    unpack,
)
from tests.solvers.toys import pair, pitchfork

MODEL = CorePeriphery(tau=1.7)
X = jnp.array([0.7, 0.3])
P, VALUE, TOTAL = clear(MODEL, X)


def test_prices_keep_their_names():
    flat, unravel = flat_prices(MODEL, X)
    assert flat.shape == (2,) and flat.dtype == np.float64
    np.testing.assert_array_equal(unravel(flat + 1.0)["wage"], [1.0, 1.0])


def test_a_model_without_prices_has_an_empty_vector():
    flat, _ = flat_prices(pitchfork(), jnp.asarray(pair(0.2)))
    assert flat.shape == (0,) and flat.dtype == np.float64
    assert market(pitchfork(), flat, jnp.asarray(pair(0.2))).shape == (0,)


def test_together_is_the_same_as_apart():
    residual, value = both(MODEL, jnp.asarray(P), X)
    np.testing.assert_array_equal(residual, market(MODEL, jnp.asarray(P), X))
    np.testing.assert_array_equal(value, payoff(MODEL, jnp.asarray(P), X))


def test_slopes_are_those_of_payoffs_when_markets_clear():
    found = jax.jit(slopes)(MODEL, jnp.asarray(P), X)
    np.testing.assert_allclose(found.payoff, VALUE, atol=1e-12)
    np.testing.assert_allclose(found.total, TOTAL, rtol=1e-10)
    h = 1e-5
    for cell in range(2):
        step = h * np.eye(2)[cell]
        (p_up, v_up, _), (p_down, v_down, _) = clear(MODEL, X + step), clear(MODEL, X - step)
        np.testing.assert_allclose(found.total[:, cell], (v_up - v_down) / (2 * h), rtol=1e-6)
        np.testing.assert_allclose(found.prices[:, cell], (p_up - p_down) / (2 * h), rtol=1e-6)


def test_unknowns_survive_packing():
    model = VerticalLinkages()  # two groups
    cells, groups = model.groups.cells, model.groups.count
    size = flat_prices(model, model.initial_distribution())[0].shape[0]
    parts = Unknowns(*(jnp.arange(n) + 10.0 * n for n in (cells, size, groups)))
    for part, again in zip(parts, unpack(model, pack(parts)), strict=True):
        np.testing.assert_array_equal(again, part)


def test_unused_cells_are_exactly_empty_and_have_no_derivative():
    used = jnp.array([True, False])
    x = distribution(MODEL, jnp.array([0.0, 5.0]), used)
    np.testing.assert_array_equal(x, [1.0, 0.0])
    slope = jax.jacfwd(lambda y: distribution(MODEL, y, used))(jnp.array([0.0, 5.0]))
    np.testing.assert_array_equal(slope, [[1.0, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize("x", [[0.5, 0.5], [1.0, 0.0]])
def test_residual_is_zero_at_an_equilibrium_and_says_what_is_violated(x):
    x = jnp.asarray(x)
    p, value, total = clear(MODEL, x)
    used = x > 0
    earned = average_payoff(MODEL.groups, x, value)
    z = pack(Unknowns(jnp.where(used, jnp.log(jnp.where(used, x, 1.0)), 0.0), p, earned))
    residual = long_run_residual(z, (MODEL, used))
    np.testing.assert_allclose(residual, 0.0, atol=1e-11)
    moved = long_run_residual(z.at[-1].add(0.1), (MODEL, used))
    np.testing.assert_allclose(moved[:2], jnp.where(used, -0.1, 0.0), atol=1e-11)
    # Stability read off the Jacobian of the long-run system is that of payoffs.
    jacobian = jax.jit(jax.jacfwd(long_run_residual))(z, (MODEL, used))
    slope = slopes_at_equilibrium(MODEL, jacobian, x)
    both_used = np.outer(used, used)
    np.testing.assert_allclose(np.where(both_used, slope, 0), np.where(both_used, total, 0))
    rates = [float(growth_rate(MODEL.groups, x, value, s, used)) for s in (slope, total)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-9) and rates[0] < 0


def test_stop_stops_derivatives_and_nothing_else():
    slope = jax.grad(lambda tau: jnp.sum(stop(MODEL.with_(tau=tau)).iceberg))(1.7)
    assert float(slope) == 0.0
    assert stop(MODEL).geography.names == MODEL.geography.names
