"""The canonical models are corners of the general economy: the same outcomes from both."""

import jax.numpy as jnp
import numpy as np
import pytest

from neg.economy.general.build import general_economy
from neg.models.allen_arkolakis import AllenArkolakis
from neg.models.core_periphery import CorePeriphery
from neg.models.helpman import Helpman
from neg.models.puga import Puga
from neg.models.vertical_linkages import VerticalLinkages
from neg.parts import Density, Spillovers
from neg.places.layouts import Geography
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run

PLACES = ["a", "b", "c"]
TAU = np.array([[1.0, 1.6, 2.1], [1.5, 1.0, 1.8], [1.9, 1.7, 1.0]])
GEOGRAPHY = Geography.from_iceberg(TAU, names=tuple(PLACES))
SPREADS = [[0.2, 0.5, 0.3], [0.9, 0.05, 0.05], [0.0, 0.6, 0.4], [0.0, 1.0, 0.0]]
CLOSE = {"rtol": 1e-10, "atol": 1e-12}


def core_periphery(sigma: float, mu: float, x: np.ndarray, tau: np.ndarray = TAU):
    """Farmers and workers as two sectors; productivity makes the price index that of one unit."""
    n = len(tau)
    return general_economy(
        places=PLACES[:n],
        sectors=["farms", "industry"],
        employment=np.stack([np.full(n, (1 - mu) / n), mu * np.asarray(x)], axis=1),
        theta=sigma - 1,
        alpha=1.0,
        tau=tau,
        productivity=[1.0, 1.0 / mu],
        final_share=[1 - mu, mu],
        homogeneous=["farms"],
        mobility={"farms": "immobile", "industry": "places"},
    )


@pytest.mark.parametrize("x", SPREADS)
@pytest.mark.parametrize(("sigma", "mu"), [(5.0, 0.4), (3.0, 0.2), (8.0, 0.7)])
def test_core_periphery_at_given_distributions(sigma, mu, x):
    general = short_run(core_periphery(sigma, mu, np.array(x)))
    canon = short_run(CorePeriphery(sigma=sigma, mu=mu, tau=np.e, geography=GEOGRAPHY), np.array(x))
    ours, theirs = general.outcomes, canon.outcomes
    np.testing.assert_allclose(ours["wage"][:, 1], theirs["wage"], **CLOSE)
    np.testing.assert_allclose(ours["price_index"][:, 1, 0], theirs["price_index"], **CLOSE)
    np.testing.assert_allclose(ours["income"], theirs["income"], **CLOSE)
    np.testing.assert_allclose(ours["payoff"][:, 1], theirs["payoff"], **CLOSE)
    np.testing.assert_allclose(ours["consumer_index"], theirs["price_index"] ** mu, **CLOSE)
    np.testing.assert_allclose(ours["wage"][:, 0], 1.0, **CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("tau", [1.5, 1.7, 2.2])
@pytest.mark.parametrize("share", [0.5, 0.7, 1.0])
def test_core_periphery_in_the_long_run(tau, share):
    mu = 0.4
    start = np.array([share, 1 - share])
    pair = np.array([[1.0, tau], [tau, 1.0]])
    model = core_periphery(5.0, mu, start, pair)
    general = long_run(model, model.initial_distribution())
    canon = long_run(CorePeriphery(sigma=5.0, mu=mu, tau=tau), start)
    industry = np.asarray(general.x)[1::2]
    np.testing.assert_allclose(industry / mu, canon.x, rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.asarray(general.payoff)[1::2], canon.payoff, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(np.asarray(general.used)[1::2], canon.used)
    assert general.stable == canon.stable


def linkages(canon, x: np.ndarray):
    """Farms on land and an industry that buys from itself, in the units of the canonical file."""
    n, farm, share = canon.places, float(canon.farm_labour_share), float(canon.input_share)
    spent = float(canon.industry_share)
    land_term = (1 - farm) ** (1 - farm) if farm < 1 else 1.0
    return general_economy(
        places=PLACES[:n],
        sectors=["farms", "industry"],
        employment=np.asarray(x).reshape(n, 2),
        theta=float(canon.sigma) - 1,
        alpha=1.0,
        tau=np.asarray(canon.iceberg),
        productivity=[farm**farm * land_term, 1 - share],
        land=1.0 / n,
        land_share=[1 - farm, 0.0],
        input_share=[[0.0, 0.0], [0.0, share]],
        final_share=[1 - spent, spent],
        homogeneous=["farms"],
        mobility="sectors",
    )


@pytest.mark.parametrize(
    "canon",
    [
        VerticalLinkages(geography=GEOGRAPHY, tau=np.e),
        VerticalLinkages(geography=GEOGRAPHY, tau=np.e, sigma=7.0, alpha=0.6, mu=0.2),
        Puga(geography=GEOGRAPHY, tau=np.e, labour="immobile"),
        Puga(geography=GEOGRAPHY, tau=np.e, labour="immobile", gamma=0.4, m=0.3, theta=0.7),
    ],
)
@pytest.mark.parametrize("industry", [[0.1, 0.3, 0.2], [0.05, 0.0, 0.15]])
def test_models_of_vertical_linkages(canon, industry):
    x = np.stack([1 / 3 - np.array(industry), np.array(industry)], axis=1).ravel()
    general, exact = short_run(linkages(canon, x)), short_run(canon, x)
    ours, theirs = general.outcomes, exact.outcomes
    np.testing.assert_allclose(ours["wage"][:, 1], theirs["wage"], **CLOSE)
    np.testing.assert_allclose(ours["price_index"][:, 1, 0], theirs["price_index"], **CLOSE)
    np.testing.assert_allclose(ours["income"], theirs["income"], **CLOSE)
    # In the general economy workers own the land of their place, in proportion to wages.
    wages = np.sum(np.asarray(ours["wage"] * ours["employment"]), axis=1)
    transfer = np.log(np.asarray(ours["income"]) / wages)[:, None]
    payoff = np.asarray(exact.payoff).reshape(3, 2)
    np.testing.assert_allclose(np.asarray(ours["payoff"]) - transfer, payoff, **CLOSE)


@pytest.mark.parametrize("x", SPREADS[:3])
@pytest.mark.parametrize(("sigma", "a"), [(4.0, 0.8), (6.0, 0.6)])
@pytest.mark.parametrize("rents", ["local", "pooled"])
def test_helpman(sigma, a, rents, x):
    canon = Helpman(sigma=sigma, a=a, tau=np.e, geography=GEOGRAPHY, rents=rents)
    model = general_economy(
        places=PLACES,
        sectors=["goods"],
        employment=np.array(x)[:, None],
        theta=sigma - 1,
        alpha=1.0,
        tau=TAU,
        housing_share=1 - a,
        land=1 / 3,
        rent_rule=rents if rents == "local" else "per-head",
        mobility="free",
    )
    used = np.array(x) > 0
    ours, theirs = short_run(model).outcomes, short_run(canon, np.array(x)).outcomes
    np.testing.assert_allclose(ours["wage"][:, 0], theirs["wage"], **CLOSE)
    np.testing.assert_allclose(ours["price_index"][:, 0, 0], theirs["price_index"], **CLOSE)
    np.testing.assert_allclose(ours["rent"][used], theirs["rent"][used], **CLOSE)
    payoff = np.asarray(ours["payoff"])[:, 0]
    np.testing.assert_allclose(payoff[used], np.asarray(theirs["payoff"])[used], **CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize(("sigma", "alpha", "beta"), [(9.0, 0.1, -0.3), (5.0, 0.2, -0.4)])
def test_allen_arkolakis(sigma, alpha, beta):
    canon = AllenArkolakis(sigma=sigma, alpha=alpha, beta=beta, tau=np.e, geography=GEOGRAPHY)
    model = general_economy(
        places=PLACES,
        sectors=["goods"],
        employment=1 / 3,
        theta=sigma - 1,
        alpha=0.0,
        tau=TAU,
        mobility="free",
        parts=[Spillovers(rho=alpha), Density(delta=-beta, residents=0.0)],
    )
    x = np.array([0.5, 0.3, 0.2])
    ours, theirs = short_run(model, x).outcomes, short_run(canon, x).outcomes
    for name, value in (
        ("wage", ours["wage"][:, 0]),
        ("price_index", ours["price_index"][:, 0, 0]),
        ("payoff", ours["payoff"][:, 0]),
    ):
        np.testing.assert_allclose(value, theirs[name], **CLOSE)
    used = jnp.ones(3, bool)
    general, exact = equilibrium_at(model, x, used), equilibrium_at(canon, x, used)
    np.testing.assert_allclose(general.x, exact.x, rtol=0, atol=1e-10)
    assert float(general.growth) == pytest.approx(float(exact.growth), abs=1e-8)
