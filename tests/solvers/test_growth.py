"""Growth rates without a matrix: against spectra, with empty cells, in circles, and at the door."""

import warnings
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate, solve
from neg.core.status import Stability
from neg.economy.model import Groups, Model
from neg.models.core_periphery import CorePeriphery
from neg.solvers.growth import largest_growth
from neg.solvers.long_run import equilibrium_at, long_run


class Linear(Model):
    """Payoffs ``slope @ x``: the even distribution is an equilibrium where rows have one sum."""

    slope: Any = eqx.field(converter=jnp.asarray)

    @property
    def groups(self):
        return Groups.single(self.slope.shape[0])

    def initial_prices(self, x):
        return {}

    def market_residual(self, prices, x):
        return {}

    def payoff(self, prices, x):
        return self.slope @ x


@pytest.mark.parametrize("cells", [6, 60])
@pytest.mark.parametrize("shift", [-20.0, 2.0])
def test_rates_of_any_slope_are_those_of_its_spectrum(cells, shift):
    """Also with complex eigenvalues; few movements are done at once, many by iteration."""
    rng = np.random.default_rng(cells)
    slope = rng.normal(size=(cells, cells)) + shift * np.eye(cells)
    model = Linear(slope - slope.mean(axis=1, keepdims=True))
    x = model.groups.uniform()
    found = largest_growth(model, x, {}, x > 0)
    tangent = np.linalg.svd(np.ones((1, cells)))[2][1:]
    exact = np.linalg.eigvals(tangent @ slope @ tangent.T).real.max() / cells
    assert abs(found.rate - exact) <= max(2 * found.error, 1e-12)
    assert found.error <= 0.02 * abs(found.rate)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [pytest.param(0.1, marks=pytest.mark.slow), 1.0])
def test_rates_of_an_economy_are_those_of_its_spectrum(alpha):
    """At unit prices the observed allocation is an equilibrium, whatever the scale elasticity."""
    table = random_table(5, 10, seed=4, tariffs=False)
    economy = calibrate(table, theta=4.0, alpha=alpha, uses="common", mobility="sectors")
    x = economy.initial_distribution()
    point = equilibrium_at(economy, x, x > 0, method="dense")
    found = largest_growth(economy, point.x, point.prices, point.used)
    assert found.rate == pytest.approx(float(point.growth), rel=1e-2)
    assert abs(found.rate - float(point.growth)) <= found.error
    assert Stability.of(*found) is point.stability


def test_unused_cells_that_pay_more_or_less_count():
    model = CorePeriphery(sigma=5.0, mu=0.4, tau=1.7)
    corner = equilibrium_at(model, [1.0, 0.0], [True, False])
    found = largest_growth(model, corner.x, corner.prices, corner.used)
    assert found.rate == pytest.approx(float(corner.growth), rel=1e-9)
    even = equilibrium_at(model, [0.5, 0.5], [True, True])
    found = largest_growth(model, even.x, even.prices, even.used)
    assert found.rate == pytest.approx(float(even.growth), rel=1e-9)


def test_four_verdicts():
    assert Stability.of(-1.0) is Stability.STABLE
    assert Stability.of(1.0, 0.1) is Stability.UNSTABLE
    assert Stability.of(-1e-9) is Stability.CANNOT_TELL
    assert Stability.of(-1.0, 2.0) is Stability.CANNOT_TELL  # known too roughly
    assert Stability.of(np.nan, np.inf) is Stability.CANNOT_TELL  # computed in vain
    assert Stability.of(np.nan, np.nan) is Stability.NOT_COMPUTED
    assert [one.known for one in Stability] == [True, False, None, None]


@pytest.mark.slow
def test_inside_compiled_code_nothing_is_claimed():
    table = random_table(3, 2, seed=4, tariffs=False)
    economy = calibrate(table, theta=4.0, alpha=0.1, uses="common", mobility="sectors")
    x = economy.initial_distribution()
    inside = eqx.filter_jit(lambda e: equilibrium_at(e, x, x > 0, method="matrix-free"))(economy)
    assert inside.stability is Stability.NOT_COMPUTED and inside.stable is None


@pytest.mark.slow
def test_a_large_table_is_solved_without_a_warning():
    """31 regions and 40 sectors: what users call says stable, and follows no dynamics."""
    economy = calibrate(random_table(31, 40, seed=1), uses="common", mobility="sectors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = solve(economy)
    assert found.stability is Stability.STABLE and float(found.residual) < 1e-10


@pytest.mark.slow
def test_paths_of_large_economies_end_where_dense_ones_do():
    table = random_table(3, 3, seed=6, tariffs=False)
    economy = calibrate(table, theta=4.0, alpha=0.2, uses="common", mobility="sectors")
    start = np.asarray(economy.initial_distribution()) * (1 + 0.3 * np.cos(np.arange(9)))
    groups = economy.groups
    start = start * (groups.mass / groups.total(start))[groups.index]
    dense = long_run(economy, start)
    free = long_run(economy, start, method="matrix-free")
    np.testing.assert_allclose(free.x, dense.x, rtol=1e-8)
    assert free.stability is dense.stability is Stability.STABLE
