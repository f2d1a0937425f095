"""Calibration recovers the truth; a budget spent by gradient beats equal cuts."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.errors import ConvergenceError, InvalidParameterError, LabelMismatchError
from neg.economy.general.build import general_economy
from neg.estimation import best_border_cuts, match_moments
from neg.solvers.short_run import short_run

RNG = np.random.default_rng(0)
OFF = ~np.eye(4, dtype=bool)
DISTANCE = RNG.uniform(0.5, 2.0, (4, 4)) * OFF
ECONOMY = general_economy(
    places=list("abcd"),
    sectors=["goods"],
    employment=RNG.uniform(0.5, 2.0, (4, 1)),
    theta=4.0,
    tau=1.0 + 0.3 * DISTANCE,
)


def moments(unknown):
    """Domestic shares, and how trade falls with distance."""
    log_tau = unknown["border"] * jnp.asarray(OFF) + unknown["slope"] * jnp.asarray(DISTANCE)
    model = eqx.tree_at(
        lambda m: (m.tau, m.theta),
        ECONOMY,
        (jnp.exp(log_tau)[..., None], jnp.reshape(unknown["theta"], (1,))),
    )
    out = short_run(model).outcomes
    trade = out["trade"][:, :, 0]
    own = jnp.diag(trade) / jnp.sum(trade, axis=0)
    return {"own": own, "wage": jnp.log(out["wage"][:, 0])}


UNKNOWNS = {"border": (0.3, 0.0, np.inf), "slope": (0.1, 0.0, 1.0), "theta": (3.0, 1.0, 12.0)}


@pytest.mark.slow
def test_recovers_the_truth_on_simulated_data():
    truth = {"border": jnp.asarray(0.12), "slope": jnp.asarray(0.25), "theta": jnp.asarray(5.0)}
    found = match_moments(moments, UNKNOWNS, moments(truth), tolerance=1e-9)
    assert found.converged and found.rank == 3 and found.gradient <= 1e-9
    for name, value in truth.items():
        assert float(found.values[name]) == pytest.approx(float(value), rel=1e-6), name
    assert found.jacobian.shape == (8, 3)


def test_says_when_moments_cannot_tell_and_when_it_did_not_converge():
    def together(unknown):  # only the sum of the two is ever seen
        return {"sum": unknown["a"] + unknown["b"]}

    found = match_moments(
        together, {"a": (1.0, 0.0, 5.0), "b": (1.0, -np.inf, np.inf)}, {"sum": 3.0}
    )
    assert found.rank == 1 and found.loss < 1e-15
    with pytest.raises(ConvergenceError, match="gradient"):
        steep = lambda unknown: {"sum": unknown["a"] ** 9 + unknown["b"] ** 9}
        match_moments(
            steep, {"a": (1.0, 0.0, 5.0), "b": (1.0, 0.0, 9.0)}, {"sum": 3e4}, max_steps=1
        )
    still = match_moments(
        together,
        {"a": (1.0, 0.0, 5.0), "b": (1.0, 0.0, 9.0)},
        {"sum": 3.0},
        max_steps=0,
        throw=False,
    )
    assert not still.converged and float(still.values["a"]) == pytest.approx(1.0)
    assert float(still.moments["sum"]) == pytest.approx(2.0)
    with pytest.raises(InvalidParameterError, match="strictly inside"):
        match_moments(together, {"a": (6.0, 0.0, 5.0), "b": (1.0, 0.0, 9.0)}, {"sum": 3.0})
    with pytest.raises(LabelMismatchError, match="targets"):
        match_moments(together, {"a": (1.0, 0.0, 5.0), "b": (1.0, 0.0, 9.0)}, {"total": 3.0})


@pytest.mark.slow
def test_budget_is_kept_and_beats_equal_cuts():
    policy = best_border_cuts(ECONOMY, ["a", "b", "c"], budget=0.05, cap=0.15)
    trade = np.asarray(short_run(ECONOMY).outcomes["trade"])[:, :, 0]
    weight = np.where(policy.equal > 0, trade, 0.0)
    weight = weight / weight.sum()
    for cut in (policy.cut, policy.equal):
        assert np.sum(cut * weight) == pytest.approx(0.05, rel=1e-9)
        assert np.all((cut >= 0) & (cut <= 0.15))
        assert not cut[3].any() and not cut[:, 3].any() and not np.diag(cut).any()
    assert policy.gain > policy.equal_gain > 0
    # No transfer of budget between two pairs that are not at a bound gains anything.
    assert policy.shadow_price > 0 and policy.gradient <= 1e-7
