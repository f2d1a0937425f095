"""Tastes for places and sectors, moving costs and origins in the general economy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from neg.economy.general_people import real_income

from neg.core.errors import InvalidDataError, InvalidParameterError, InvalidShapeError
from neg.economy.general.build import general_economy
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run

PLACES, SECTORS = ["a", "b", "c"], ["s", "t"]
RNG = np.random.default_rng(3)
TAU = 1 + RNG.uniform(0.2, 0.8, (3, 3)) * ~np.eye(3, dtype=bool)
RESIDENTS = np.array([[0.9, 0.1, 0.0], [0.2, 1.5, 0.3], [0.1, 0.0, 0.8]])  # two pairs closed
COST = np.array([[0.0, 0.4, 0.7], [0.3, 0.0, 0.5], [0.6, 0.9, 0.0]])


def economy(**options):
    given = {
        "places": PLACES,
        "sectors": SECTORS,
        "employment": RNG.uniform(0.5, 1.5, (3, 2)),
        "theta": [4.0, 6.0],
        "alpha": [0.0, 0.3],
        "tau": TAU,
        "productivity": np.random.default_rng(1).uniform(0.7, 1.5, (3, 2)),
        "residents": RESIDENTS,
        "moving_cost": COST,
        "place_taste": 0.5,
        "sector_taste": 0.2,
        "mobility": "free",
    }
    return general_economy(**given | options)


def settled(model, **options):
    x = model.initial_distribution()
    return equilibrium_at(model, x, x > 0, **options)


def by_group(model, x):
    """People as [group, place, sector]."""
    table = np.zeros((len(model.group_names), *model.shape))
    place, sector = np.divmod(np.asarray(model.cell), len(SECTORS))
    table[np.asarray(model.group), place, sector] = x
    return table


# Choice probabilities ---------------------------------------------------------------------------


@pytest.mark.parametrize(("nu", "eta"), [(0.5, 0.2), (0.4, 0.4), (1.5, 0.05)])
def test_equal_payoffs_are_nested_choice_probabilities(nu, eta):
    model = economy(place_taste=nu, sector_taste=eta)
    found = settled(model)
    assert float(found.residual) < 1e-10 and found.stable
    assert np.max(np.abs(found.x - model.initial_distribution())) > 0.1
    flows = model.flows(found.prices, found.x)
    value = np.asarray(real_income(model, flows, found.prices))
    people = by_group(model, found.x)
    for o, name in enumerate(model.group_names):
        assert name == f"from {PLACES[o]}"
        utility = np.where(people[o] > 0, value - COST[o][:, None], -np.inf)
        draw = np.exp(utility / eta)
        with np.errstate(divide="ignore"):
            pull = draw.sum(axis=1) ** (eta / nu)
        place = pull / pull.sum()
        sector = draw / np.where(draw.sum(axis=1) > 0, draw.sum(axis=1), 1)[:, None]
        expected = place[:, None] * sector
        np.testing.assert_allclose(people[o] / people[o].sum(), expected, rtol=1e-8)
    assert people[0, 2].sum() == people[2, 1].sum() == 0.0


def test_people_add_up_and_markets_see_all_origins():
    model = economy()
    x = model.initial_distribution()
    np.testing.assert_allclose(model.employment_of(x), model.employment, rtol=1e-14)
    np.testing.assert_allclose(by_group(model, x).sum(axis=0), model.employment, rtol=1e-14)
    share = by_group(model, x) / np.asarray(model.employment)
    mix = RESIDENTS / RESIDENTS.sum(axis=0)
    np.testing.assert_allclose(share[:, :, 0], mix, rtol=1e-14)
    assert model.cell_labels[:2] == ("a:s from a", "a:s from b")
    blind = economy(residents=None, moving_cost=None, mobility="immobile")
    blind = blind.with_(employment=model.employment)
    ours, theirs = short_run(model).outcomes, short_run(blind).outcomes
    np.testing.assert_allclose(ours["wage"], theirs["wage"], rtol=1e-9)
    np.testing.assert_allclose(ours["residents"], by_group(model, x).sum(axis=2), rtol=1e-12)


def test_taste_of_zero_is_no_taste():
    off = economy(residents=None, moving_cost=None, place_taste=None, sector_taste=None)
    zero = off.with_(place_taste=0.0, sector_taste=0.0)
    x, prices = off.initial_distribution(), short_run(off).prices
    np.testing.assert_allclose(off.payoff(prices, x), zero.payoff(prices, x), rtol=1e-13)


def test_an_empty_place_offers_its_best_mix_of_sectors():
    model = economy(residents=None, moving_cost=None, place_taste=None, sector_taste=0.3)
    x = np.asarray(model.initial_distribution()).copy()
    x[:2], x[2:] = 0.0, x[2:] * x.sum() / x[2:].sum()
    prices = short_run(model.with_(sector_taste=0.3), x).prices
    bare = np.asarray(model.with_(sector_taste=0.0).payoff(prices, x))
    value = np.asarray(model.payoff(prices, x))
    expected = 0.3 * np.log(np.exp(bare[:2] / 0.3).sum())
    np.testing.assert_allclose(value[:2], expected, rtol=1e-12)


def test_payoffs_and_their_derivatives_are_finite_where_nobody_is():
    model = economy()
    x = np.asarray(model.initial_distribution()).copy()
    place = np.asarray(model.cell) // 2
    gone = (np.asarray(model.group) == 1) & (place == 2)
    x[gone], x[(np.asarray(model.group) == 1) & (place == 1)] = 0.0, 1.0
    prices = short_run(economy(), None).prices
    value, slope = model.payoff(prices, x), jax.jacfwd(model.payoff, 1)(prices, jnp.asarray(x))
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(slope))
    assert np.all(np.asarray(value)[gone] > 1e5)  # nobody there: a first comer gains without bound


# Gradients and methods --------------------------------------------------------------------------

PARAMETERS = ("moving_cost", "place_taste", "sector_taste", "origin_share", "amenity", "tau")


def welfare(model):
    return settled(model).value @ jnp.array([1.0, 0.5, 2.0])


def test_gradients_of_the_long_run_equal_central_differences():
    model = economy()
    gradient = eqx.filter_jit(eqx.filter_grad(welfare))(model)
    h = 1e-5
    for name in PARAMETERS:
        value = np.asarray(getattr(model, name))
        way = np.random.default_rng(2).uniform(-1, 1, value.shape)
        if name == "origin_share":  # shares of a place and sector keep their sum
            total = np.zeros(6)
            np.add.at(total, np.asarray(model.cell), way)
            way -= (total / np.bincount(np.asarray(model.cell)))[np.asarray(model.cell)]
        ends = [welfare(model.with_(**{name: value + s * h * way})) for s in (1, -1)]
        exact = float(jnp.sum(getattr(gradient, name) * way))
        assert exact == pytest.approx(float(ends[0] - ends[1]) / (2 * h), rel=2e-6, abs=1e-9), name
        assert np.all(np.isfinite(getattr(gradient, name)))


@pytest.mark.parametrize("options", [{}, {"place_taste": 2.0, "sector_taste": 0.05}])
def test_the_damped_iteration_reaches_the_same_equilibrium(options):
    model = economy(**options)
    dense, free = settled(model), settled(model, method="matrix-free")
    np.testing.assert_allclose(free.x, dense.x, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(free.value, dense.value, rtol=0, atol=1e-9)


def test_strong_tastes_keep_industry_spread():
    """Helpman's cumulative causation ends where tastes for places are dispersed enough."""
    model = general_economy(
        places=["a", "b"],
        sectors=["goods"],
        employment=0.5,
        theta=3.0,
        alpha=1.0,
        tau=np.array([[1, 2.0], [2.0, 1]]),
        housing_share=0.2,
        mobility="free",
        place_taste=0.0,
    )
    start = jnp.array([0.6, 0.4])
    assert abs(float(long_run(model, start).x[0]) - 0.5) > 0.1
    tasteful = long_run(model.with_(place_taste=0.5), start)
    np.testing.assert_allclose(tasteful.x, 0.5, atol=1e-8)
    assert tasteful.stable


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"place_taste": -0.1}, InvalidParameterError, "place_taste"),
        ({"sector_taste": np.nan}, InvalidParameterError, "sector_taste"),
        ({"residents": np.eye(2)}, InvalidShapeError, r"residents .*\(3, 3, 2\)"),
        ({"residents": -np.eye(3)}, InvalidDataError, r"residents\[0, 0, 0\]"),
        ({"residents": np.diag([1.0, 0.0, 1.0])}, InvalidDataError, "nobody is resident in 'b'"),
        ({"areas": {"EU": ["a", "b"]}}, InvalidDataError, "another area"),
        ({"residents": None}, InvalidDataError, "needs residents"),
        ({"moving_cost": np.zeros((2, 3))}, InvalidShapeError, "moving_cost"),
        ({"moving_cost": np.inf}, InvalidDataError, "moving_cost"),
    ],
)
def test_bad_input_is_refused_by_name(options, error, words):
    with pytest.raises(error, match=words):
        economy(**options)
