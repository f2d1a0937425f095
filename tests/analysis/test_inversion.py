"""Inversion: fundamentals that return the data when solved."""

import jax.numpy as jnp
import numpy as np
import pytest

from neg.analysis.baseline import calibrate
from neg.analysis.inversion import invert
from neg.core.errors import InvalidDataError
from neg.data import load_icio
from neg.economy.composed import compose
from neg.economy.general import Mobility
from neg.economy.general.build import general_economy
from neg.parts import Density, Tastes
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run


def one_sector(seed: int, alpha: float, people=None, **options):
    rng = np.random.default_rng(seed)
    n = 5
    tau = 1 + rng.uniform(0.1, 1.0, (n, n)) * ~np.eye(n, dtype=bool)
    return general_economy(
        places=list("abcde"),
        sectors=["goods"],
        employment=1.0,
        theta=5.0,
        alpha=alpha,
        tau=tau,
        housing_share=0.3,
        land=rng.uniform(0.5, 2.0, n),
        mobility=Mobility("free", residents=people),
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "alpha"), [(0, 0.0), (1, 0.5)])
def test_solving_after_inversion_returns_the_data(seed, alpha):
    rng = np.random.default_rng(seed + 10)
    wage, people = rng.uniform(0.7, 1.5, (5, 1)), rng.uniform(0.5, 2.0, (5, 1))
    found = invert(one_sector(seed, alpha), wage, people)
    assert np.mean(np.log(found.productivity)) == pytest.approx(0.0, abs=1e-10)
    assert np.mean(np.log(found.amenity)) == pytest.approx(0.0, abs=1e-12)
    wage = wage / (np.sum(wage * people) / people.sum())
    np.testing.assert_allclose(short_run(found).outcomes["wage"], wage, rtol=1e-9)
    settled = equilibrium_at(found, found.initial_distribution(), jnp.ones(5, bool))
    np.testing.assert_allclose(settled.x, people[:, 0], rtol=1e-8)
    assert np.ptp(np.log(np.asarray(found.productivity))) > 0.1  # the data were not trivial


def test_inversion_recovers_the_fundamentals_that_made_the_data():
    rng = np.random.default_rng(5)
    a = np.exp(rng.normal(0, 0.3, (5, 1)))
    a /= np.exp(np.mean(np.log(a)))
    truth = one_sector(2, 0.2).with_(productivity=a, employment=rng.uniform(0.5, 2.0, (5, 1)))
    wage = np.asarray(short_run(truth).outcomes["wage"])
    found = invert(truth.with_(productivity=np.ones((5, 1))), wage, np.asarray(truth.employment))
    np.testing.assert_allclose(found.productivity, a, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("mobility", ["free", "places"])
def test_wages_and_people_of_the_table_are_returned(mobility):
    """The embedded table at trade costs, wages and scale that it was not calibrated at."""
    table = load_icio()
    sold = np.maximum(table.final, 0.0)  # one entry is a return to stocks, valued at unit cost
    more = (sold - table.final).sum(axis=(2, 3))
    table = table.replace(final=sold, value_added=table.value_added + more)
    n, rng = len(table.places), np.random.default_rng(0)
    base = calibrate(table, theta=5.0, alpha=0.2, uses="common", mobility=mobility)
    wage = np.exp(rng.normal(0, 0.5, (n, 1))) * np.ones(base.shape)
    people = np.asarray(base.employment) / wage
    scale = people.sum() / (wage * people).sum()
    tau = 1 + rng.uniform(0.1, 1.0, base.tau.shape) * ~np.eye(n, dtype=bool)[:, :, None]
    crowded = compose(base, [Density(delta=0.6, residents=0.0)])
    found = invert(crowded.with_(tau=tau, deficit=base.deficit * scale), wage, people)
    # Amenity suffices where all people of the world choose one place; costs help where the
    # workers of every sector do.
    assert ("moving costs" in found.says) == (mobility == "places")
    x = found.initial_distribution()
    prices = short_run(found).prices
    settled = equilibrium_at(found, x, x > 0, prices=prices, method="matrix-free")
    assert float(settled.residual) < 1e-10
    np.testing.assert_allclose(settled.x, x, rtol=1e-9)
    np.testing.assert_allclose(settled.outcomes["wage"], wage * scale, rtol=1e-9)
    np.testing.assert_allclose(settled.outcomes["output"], table.output * scale, rtol=1e-9)


@pytest.mark.slow
def test_people_by_origin_stay_where_they_are_seen():
    """Productivity from wages, moving costs from who lives where: both at once, with tastes."""
    rng = np.random.default_rng(4)
    model = one_sector(3, 0.2, people=rng.uniform(0.1, 1.0, (5, 5)), parts=[Tastes(kappa=0.8)])
    wage, people = rng.uniform(0.7, 1.5, (5, 1)), rng.uniform(0.5, 2.0, (5, 1))
    found = invert(model, wage, people)
    np.testing.assert_array_equal(found.amenity, model.amenity)
    x = found.initial_distribution()
    settled = equilibrium_at(found, x, x > 0)
    np.testing.assert_allclose(settled.x, x, rtol=1e-8)
    moved = np.asarray(found.value("moving.cost")).reshape(
        5, 5
    )  # [place, origin]: cells go by place
    np.testing.assert_allclose(np.diag(moved), 0.0, atol=1e-15)
    np.testing.assert_allclose(found.cells.by_sector(x), people, rtol=1e-12)


def test_data_that_no_productivity_rationalises_are_refused():
    model = general_economy(
        places=["a", "b"],
        sectors=["s", "t"],
        employment=1.0,
        theta=4.0,
        tau=np.array([[1.0, 1.5], [1.5, 1.0]]),
        final_share=[0.7, 0.3],
    )
    with pytest.raises(InvalidDataError, match="what its buyers spend"):
        invert(model, np.ones((2, 2)), np.ones((2, 2)))
