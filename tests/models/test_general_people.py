"""Tastes for places and sectors, moving costs and origins in the general economy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from scipy.special import logsumexp

from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
)
from neg.economy.composed import compose
from neg.economy.general import Mobility
from neg.economy.general.build import general_economy
from neg.economy.lever import Lever
from neg.parts import MovingCosts, Tastes, moving_costs
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run

PLACES, SECTORS = ["a", "b", "c"], ["s", "t"]
RNG = np.random.default_rng(3)
TAU = 1 + RNG.uniform(0.2, 0.8, (3, 3)) * ~np.eye(3, dtype=bool)
RESIDENTS = np.array([[0.9, 0.1, 0.0], [0.2, 1.5, 0.3], [0.1, 0.0, 0.8]])  # two pairs closed
COST = np.array([[0.0, 0.4, 0.7], [0.3, 0.0, 0.5], [0.6, 0.9, 0.0]])


TASTES = Tastes(kappa=0.5, sectors=0.2)


def people(**options):
    """Two sectors in three places, with no part switched on."""
    given = {
        "places": PLACES,
        "sectors": SECTORS,
        "employment": RNG.uniform(0.5, 1.5, (3, 2)),
        "theta": [4.0, 6.0],
        "alpha": [0.0, 0.3],
        "tau": TAU,
        "productivity": np.random.default_rng(1).uniform(0.7, 1.5, (3, 2)),
    } | options
    moves = {name: given.pop(name) for name in ("areas", "residents") if name in given}
    return general_economy(mobility=Mobility(given.pop("mobility", "free"), **moves), **given)


def economy(tastes=TASTES, cost=COST, residents=RESIDENTS, **options):
    """The same with people by origin, moving costs and tastes."""
    base = people(residents=residents, **options)
    return compose(base, [moving_costs(base, cost), tastes])


def settled(model, **options):
    x = model.initial_distribution()
    return equilibrium_at(model, x, x > 0, **options)


def by_group(model, x):
    """People as [group, place, sector]."""
    cells = model.cells
    table = np.zeros((len(cells.names), *model.shape))
    place, sector = np.divmod(cells.cell, len(SECTORS))
    table[cells.group, place, sector] = x
    return table


# Choice probabilities ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nu", "eta"), [pytest.param(0.5, 0.2, marks=pytest.mark.slow), (0.4, 0.4), (1.5, 0.05)]
)
def test_equal_payoffs_are_nested_choice_probabilities(nu, eta):
    model = economy(Tastes(kappa=nu, sectors=eta))
    found = settled(model)
    assert float(found.residual) < 1e-10 and found.stable
    assert np.max(np.abs(found.x - model.initial_distribution())) > 0.1
    value = np.asarray(found.outcomes["payoff"])  # of the base: what everybody there has
    np.testing.assert_allclose(found.outcomes["cell_payoff"], found.payoff, rtol=1e-12)
    people = by_group(model, found.x)
    for o, name in enumerate(model.cells.names):
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
    np.testing.assert_allclose(model.cells.by_sector(x), model.employment, rtol=1e-14)
    np.testing.assert_allclose(by_group(model, x).sum(axis=0), model.employment, rtol=1e-14)
    share = by_group(model, x) / np.asarray(model.employment)
    mix = RESIDENTS / RESIDENTS.sum(axis=0)
    np.testing.assert_allclose(share[:, :, 0], mix, rtol=1e-14)
    assert model.cell_labels[:2] == ("a:s from a", "a:s from b")
    blind = people(mobility="immobile").with_(employment=model.employment)
    ours, theirs = short_run(model).outcomes, short_run(blind).outcomes
    np.testing.assert_allclose(ours["wage"], theirs["wage"], rtol=1e-9)
    np.testing.assert_allclose(ours["residents"], by_group(model, x).sum(axis=2), rtol=1e-12)


@pytest.mark.slow
def test_taste_of_zero_is_no_taste():
    off = people()
    zero = compose(off, [Tastes(kappa=0.0, sectors=0.0)])
    x, prices = off.initial_distribution(), short_run(off).prices
    np.testing.assert_allclose(off.payoff(prices, x), zero.payoff(prices, x), rtol=1e-13)
    alike = compose(off, [Tastes(kappa=0.0)])
    np.testing.assert_allclose(off.payoff(prices, x), alike.payoff(prices, x), rtol=1e-13)


def test_tastes_without_sectors_are_one_logit_over_all_cells():
    base = people()
    one, nested = (compose(base, [t]) for t in (Tastes(kappa=0.4), Tastes(kappa=0.4, sectors=0.4)))
    x, prices = base.initial_distribution(), short_run(base).prices
    np.testing.assert_allclose(one.payoff(prices, x), nested.payoff(prices, x), rtol=1e-12)


def test_an_empty_place_offers_its_best_mix_of_sectors():
    model = compose(people(), [Tastes(kappa=0.0, sectors=0.3)])
    x = np.asarray(model.initial_distribution()).copy()
    x[:2], x[2:] = 0.0, x[2:] * x.sum() / x[2:].sum()
    prices = short_run(model, x).prices
    bare = np.asarray(model.base.payoff(prices, x))
    value = np.asarray(model.payoff(prices, x))
    expected = 0.3 * logsumexp(bare[:2] / 0.3)
    np.testing.assert_allclose(value[:2], expected, rtol=1e-12)


@pytest.mark.slow
def test_payoffs_and_their_derivatives_are_finite_where_nobody_is():
    model = economy()
    x = np.asarray(model.initial_distribution()).copy()
    place, group = model.cells.cell // 2, model.cells.group
    gone = (group == 1) & (place == 2)
    x[gone], x[(group == 1) & (place == 1)] = 0.0, 1.0
    prices = short_run(economy(), None).prices
    value, slope = model.payoff(prices, x), jax.jacfwd(model.payoff, 1)(prices, jnp.asarray(x))
    assert np.all(np.isfinite(value)) and np.all(np.isfinite(slope))
    assert np.all(np.asarray(value)[gone] > 1e5)  # nobody there: a first comer gains without bound


# Gradients and methods --------------------------------------------------------------------------

PARAMETERS = ("moving.cost", "tastes.kappa", "tastes.sectors", "origin_share", "amenity", "tau")


def welfare(model):
    return settled(model).value @ jnp.array([1.0, 0.5, 2.0])


@pytest.mark.slow
def test_gradients_of_the_long_run_equal_central_differences():
    model = economy()
    gradient = eqx.filter_jit(eqx.filter_grad(welfare))(model)
    h = 1e-5

    def read(tree, name):
        return tree.cells.origin_share if name == "origin_share" else tree.value(name)

    for name in PARAMETERS:
        value = np.asarray(read(model, name))
        way = np.random.default_rng(2).uniform(-1, 1, value.shape)
        if name == "origin_share":  # shares of a place and sector keep their sum
            total = np.zeros(6)
            cell = model.cells.cell
            np.add.at(total, cell, way)
            way -= (total / np.bincount(cell))[cell]
        ends = [welfare(model.with_(**{name: value + s * h * way})) for s in (1, -1)]
        exact = float(jnp.sum(read(gradient, name) * way))
        assert exact == pytest.approx(float(ends[0] - ends[1]) / (2 * h), rel=2e-6, abs=1e-9), name
        assert np.all(np.isfinite(read(gradient, name)))


@pytest.mark.slow
@pytest.mark.parametrize("tastes", [TASTES, Tastes(kappa=2.0, sectors=0.05)])
def test_the_damped_iteration_reaches_the_same_equilibrium(tastes):
    model = economy(tastes)
    dense, free = settled(model), settled(model, method="matrix-free")
    np.testing.assert_allclose(free.x, dense.x, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(free.value, dense.value, rtol=0, atol=1e-9)


@pytest.mark.slow
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
        parts=[Tastes(kappa=0.0)],
    )
    start = jnp.array([0.6, 0.4])
    assert abs(float(long_run(model, start).x[0]) - 0.5) > 0.1
    tasteful = long_run(model.with_(**{"tastes.kappa": 0.5}), start)
    np.testing.assert_allclose(tasteful.x, 0.5, atol=1e-8)
    assert tasteful.stable


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"residents": np.eye(2)}, InvalidShapeError, r"residents .*\(3, 3, 2\)"),
        ({"residents": -np.eye(3)}, InvalidDataError, r"residents\[0, 0, 0\]"),
        ({"residents": np.diag([1.0, 0.0, 1.0])}, InvalidDataError, "nobody is resident in 'b'"),
        ({"areas": {"EU": ["a", "b"]}}, InvalidDataError, "another area"),
        ({"residents": None}, InvalidDataError, "moving costs are by origin; residents"),
        ({"cost": np.zeros((2, 3))}, InvalidShapeError, r"moving costs has shape \(2, 3\)"),
        ({"cost": np.inf}, InvalidParameterError, "cost.* must be finite"),
    ],
)
def test_bad_input_is_refused_by_name(options, error, words):
    with pytest.raises(error, match=words):
        economy(**options)


def test_bad_tastes_and_costs_are_refused_by_name():
    with pytest.raises(InvalidParameterError, match="kappa = -0.1"):
        Tastes(kappa=-0.1)
    with pytest.raises(InvalidParameterError, match="sectors = nan"):
        Tastes(sectors=np.nan)
    with pytest.raises(InvalidShapeError, match=r"moving.cost has shape \(4,\); must be \(6,\)"):
        compose(people(), [MovingCosts(np.zeros(4))])
    with pytest.raises(LabelMismatchError, match="moving costs .*'x'"):
        cost = xr.DataArray(COST, coords={"origin": PLACES, "place": ["a", "b", "x"]})
        moving_costs(people(residents=RESIDENTS), cost)


def test_labelled_moving_costs_are_read_by_their_labels():
    base = people(residents=RESIDENTS)
    order = ["c", "a", "b"]
    cost = xr.DataArray(COST, coords={"origin": PLACES, "place": PLACES})
    moved = cost.sel(place=order, origin=order).transpose("place", "origin")
    np.testing.assert_array_equal(moving_costs(base, moved).cost, moving_costs(base, COST).cost)
    flat = np.asarray(moving_costs(base, 0.3).cost)
    home = np.asarray(base.cells.origin)[base.cells.group] == base.cells.places
    np.testing.assert_array_equal(flat, np.where(home, 0.0, 0.3))


@pytest.mark.slow
def test_free_movement_is_a_share_of_moving_costs():
    members, skilled = ("a", "b"), ("t",)
    base = economy()
    lever = Lever("moving.free", "set", among=members, sectors=skilled)
    closed = base.with_(**{"moving.free": 0.0})
    same = settled(closed).outcomes["employment"]
    np.testing.assert_allclose(same, settled(base).outcomes["employment"], rtol=1e-12)
    half = lever.put(closed, 0.5)
    cells = base.cells
    origin = np.asarray(cells.origin)[np.asarray(cells.member)]
    place, sector = np.asarray(cells.place), np.asarray(cells.sector)
    inside = (origin < 2) & (place < 2) & (sector == 1)
    cost = np.asarray(base.part("moving").cost) * np.where(inside, 0.5, 1.0)
    other = base.with_(**{"moving.cost": cost})
    x = base.initial_distribution()
    one, two = short_run(half, x).payoff, short_run(other, x).payoff
    np.testing.assert_allclose(one, two, rtol=1e-12)
    moved = settled(half).outcomes["residents"] - settled(base).outcomes["residents"]
    assert abs(np.asarray(moved)[:2, :2]).max() > 1e-3
    with pytest.raises(InvalidParameterError, match="free is not allowed"):
        compose(people(), [MovingCosts(free=0.5)])
