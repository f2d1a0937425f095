"""Simulate, estimate, recover: confidence intervals cover the truth as often as they say."""

import jax.numpy as jnp
import numpy as np
import pytest

from neg.economy.general.build import general_economy
from neg.economy.lever import Lever
from neg.estimation import fit, learnt
from neg.estimation.refits import bootstrap
from neg.solvers.short_run import short_run

OFF = 1.0 - np.eye(3)
ECONOMY = general_economy(
    places=["a", "b", "c"],
    sectors=["goods"],
    employment=[[1.0], [2.0], [0.7]],
    theta=4.0,
    tau=1.0 + 0.3 * OFF,
)
BORDER, AHEAD = Lever("tau", "times"), Lever("productivity", "times", places="b")
UNKNOWNS = {"border": (BORDER, 0.8, 2.0), "ahead": (AHEAD, 0.1, 10.0)}


def moments(out):
    return {"trade": jnp.log(out["trade"][..., 0]), "wage": jnp.log(out["wage"][:, 0])}


@pytest.mark.slow  # two hundred estimations
def test_intervals_cover_the_truth_in_two_hundred_samples():
    truth = AHEAD.put(BORDER.put(ECONOMY, 1.15), 1.4)
    exact = moments(short_run(truth).outcomes)
    sds = {"trade": 0.05, "wage": 0.02}
    found = fit(ECONOMY, UNKNOWNS, moments, exact, covariance=sds)
    known = learnt(found)
    np.testing.assert_allclose(known.values, [1.15, 1.4], rtol=1e-7)
    many = bootstrap(found, 400, seed=3)
    assert many.converged.all()
    # The spread of the estimates is what the delta method says.
    np.testing.assert_allclose(many.standard_errors, known.standard_errors, rtol=0.12)
    inside = np.abs(many.values - [1.15, 1.4]) <= 1.96 * many.errors
    # Binomial, 400 draws of 95 %: standard deviation 1.1 points; three of them.
    np.testing.assert_allclose(inside.mean(axis=0), 0.95, atol=0.033)
    # J has a chi squared distribution with 12 - 2 degrees of freedom.
    assert many.loss.mean() == pytest.approx(10.0, abs=3 * np.sqrt(20 / 400))
