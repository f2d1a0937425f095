"""The path of the dynamics: it obeys the replicator equation, keeps mass, ends at rest."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_tools import payoffs
from scipy.integrate import solve_ivp

from neg.economy.model import Groups
from neg.models.core_periphery import CorePeriphery
from neg.solvers.path import follow
from neg.solvers.replicator import EMPTY, imbalance
from neg.solvers.system import flat_prices, market
from tests.solvers.toys import Cliff, pair, pitchfork

run = jax.jit(follow)


def start_of(model, x):
    x = jnp.asarray(x, dtype=float)
    return x, flat_prices(model, x)[0]


@pytest.mark.parametrize(("s", "end"), [(0.05, 0.5), (-0.4, -0.5), (0.9, 0.5)])
def test_a_toy_runs_to_its_stable_points(s, end):
    """Payoff difference s / 4 - s^3: the stable points are s = +-1/2."""
    model = pitchfork(rate=0.25)
    x, _, steps, broken = run(model, *start_of(model, pair(s)), 1e-10, 500)
    assert not bool(broken) and int(steps) < 100
    np.testing.assert_allclose(x[0] - x[1], end, atol=1e-8)


def test_it_ends_where_the_replicator_equation_does():
    """From either side of the unstable equilibrium, as a general integrator finds as well."""
    model = CorePeriphery(tau=1.7)

    def velocity(t, y):
        x = np.exp(y)
        value = payoffs(model, x / x.sum())
        return value - (x / x.sum()) @ value

    for x in ([0.86, 0.14], [0.75, 0.25]):
        last = solve_ivp(velocity, (0, 2000), np.log(x), method="LSODA", rtol=1e-8)
        expected = np.exp(last.y[:, -1]) / np.exp(last.y[:, -1]).sum()
        found, p, _, _ = run(model, *start_of(model, x), 1e-6, 500)
        np.testing.assert_allclose(found, expected, atol=2e-3)
        np.testing.assert_allclose(market(model, p, found), 0.0, atol=1e-6)


def test_mass_is_kept_along_the_way():
    model = CorePeriphery(tau=1.5)
    for steps in (2, 4, 7):  # the first evaluates the start
        x, _, taken, _ = run(model, *start_of(model, [0.6, 0.4]), 1e-9, steps)
        assert int(taken) == steps
        assert float(x.sum()) == pytest.approx(1.0, abs=1e-13)
        assert float(x[0]) > 0.6  # more come to the larger place


def test_a_dying_cell_is_held_ready_for_a_first_entrant():
    model = CorePeriphery(tau=1.4)
    x, _, _, _ = run(model, *start_of(model, [0.9, 0.1]), 1e-8, 500)
    assert 0 < float(x[1]) < EMPTY


def test_a_path_that_leaves_the_domain_is_given_up():
    """No real payoff anywhere: the path reports that it broke instead of going on."""
    model = Cliff(rate=0.6)
    x, p = start_of(model, pair(0.2))
    _, _, steps, broken = run(model, x, p, 1e-8, 500)
    assert bool(broken) and int(steps) < 100


def test_imbalance_counts_used_cells_and_empty_ones_that_pay():
    groups = Groups.single(3)
    x = jnp.array([0.5, 0.5, 0.0])
    assert float(imbalance(groups, x, jnp.array([1.0, 1.0, 0.5]))) == 0.0
    assert float(imbalance(groups, x, jnp.array([1.0, 1.0, 1.5]))) == 0.5
    assert float(imbalance(groups, x, jnp.array([1.2, 0.8, 0.5]))) == pytest.approx(0.2)
