"""Exact inversion: as many moments as unknowns, the same problem by another route."""

import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate
from neg.core.errors import ConvergenceError, InvalidParameterError, UnknownNameError
from neg.economy.lever import Lever
from neg.estimation import Unknown, fit, match_moments
from neg.models.core_periphery import CorePeriphery
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

MODEL = calibrate(random_table(seed=6, tariffs=False), theta=4.0, uses="common")
UNKNOWNS = {
    "cost": (Lever("tau", "times", origins="p0", destinations="p1"), 0.5, 2.0),
    "ahead": (Lever("productivity", "times", places="p2"), 0.2, 5.0),
}
TRUTH = {"cost": 0.9, "ahead": 1.2}


def moments(out):
    return {"trade": jnp.log(out["trade"][0, 1].sum()), "wage": jnp.log(out["mean_wage"][2])}


@pytest.fixture(scope="module")
def targets():
    economy = MODEL
    for name, (lever, _, _) in UNKNOWNS.items():
        economy = lever.put(economy, TRUTH[name])
    return moments(short_run(economy).outcomes)


@pytest.fixture(scope="module")
def exact(targets):
    return fit(MODEL, UNKNOWNS, moments, targets, route="exact", tolerance=1e-12)


@pytest.mark.slow
def test_the_inversion_gives_back_the_truth(exact):
    for name, value in TRUTH.items():
        assert float(exact.values[name]) == pytest.approx(value, rel=1e-10)
    assert exact.converged and exact.gradient <= 1e-12


@pytest.mark.slow
def test_minimum_distance_finds_the_same(exact, targets):
    near = fit(MODEL, UNKNOWNS, moments, targets)
    for name, value in TRUTH.items():
        assert float(near.values[name]) == pytest.approx(value, rel=1e-6)
    assert exact.solves <= near.solves
    np.testing.assert_allclose(exact.jacobian, near.jacobian, rtol=1e-5)
    np.testing.assert_allclose(
        short_run(exact.economy).outcomes["wage"], exact.solution.outcomes["wage"], rtol=1e-10
    )


@pytest.mark.slow
def test_in_the_long_run_the_branch_is_kept():
    even = lambda tau: equilibrium_at(CorePeriphery(tau=tau), [0.5, 0.5], [True, True])
    index = lambda out: {"index": out["price_index"][0]}
    start = even(2.0)
    unknown = {"tau": Unknown("tau", 1.0, 3.0)}
    aim = index(even(1.7).outcomes)
    found = fit(start.model, unknown, index, aim, at=start, route="exact")
    assert float(found.values["tau"]) == pytest.approx(1.7, rel=1e-7)
    with pytest.raises(ConvergenceError, match="'index' misses its target"):
        beyond = index(even(1.4).outcomes)  # unstable there: another branch
        fit(start.model, unknown, index, beyond, at=start, route="exact")


def test_targets_out_of_reach_are_said_to_be():
    square = lambda v: {"square": v["a"] ** 2, "sum": v["a"] + v["b"]}
    unknowns = {"a": (0.5, 0.0, 1.0), "b": (0.5, 0.0, 1.0)}
    found = match_moments(square, unknowns, {"square": 0.49, "sum": 1.0}, route="exact")
    assert float(found.values["b"]) == pytest.approx(0.3, rel=1e-7)
    with pytest.raises(ConvergenceError, match="no values inside the bounds"):
        match_moments(square, unknowns, {"square": 4.0, "sum": 2.5}, route="exact")


def test_counts_must_match_and_routes_are_named():
    one = lambda v: {"square": v["a"] ** 2}
    with pytest.raises(InvalidParameterError, match="2 unknowns and 1 moments"):
        match_moments(
            one, {"a": (0.5, 0.0, 1.0), "b": (0.5, 0.0, 1.0)}, {"square": 0.4}, route="exact"
        )
    with pytest.raises(UnknownNameError, match="distance, exact"):
        match_moments(one, {"a": (0.5, 0.0, 1.0)}, {"square": 0.4}, route="best")
