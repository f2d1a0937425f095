"""Levels after a change of a calibrated economy are exact hat algebra, with every wedge."""

import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table
from hat_oracle import hat_counterfactual

from neg.analysis.baseline import calibrate
from neg.economy.general.build import general_economy
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

TABLE = random_table()
RNG = np.random.default_rng(7)
TAU_HAT = RNG.uniform(0.8, 1.2, (3, 3, 2))
TARIFF = RNG.uniform(0.0, 0.4, (3, 3, 2)) * ~np.eye(3, dtype=bool)[:, :, None]
THETA = np.array([4.0, 6.5])


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("mobile", [False, True])
@pytest.mark.parametrize("deficits", ["kept", "closed"])
def test_levels_equal_hat_algebra(alpha, mobile, deficits):
    model = calibrate(
        TABLE,
        theta=THETA,
        alpha=alpha,
        uses="common",
        mobility="sectors" if mobile else "immobile",
    )
    after = model.with_(tau=TAU_HAT, tariff=TARIFF)
    if deficits == "closed":
        after = after.with_(deficit_rule="zero")
    x = model.initial_distribution()
    if mobile:
        used = jnp.ones(6, bool)
        before, later = equilibrium_at(model, x, used), equilibrium_at(after, x, used)
    else:
        before, later = short_run(model), short_run(after)
    expected = hat_counterfactual(
        TABLE,
        THETA,
        np.full(2, alpha),
        TAU_HAT,
        TARIFF,
        None if deficits == "kept" else np.zeros(3),
        mobile=mobile,
    )
    old, new = before.outcomes, later.outcomes
    expected["consumption"] = expected["welfare"] = expected["real_income"]
    for name in ("wage", "output", "unit_cost", "income", "consumption", "welfare"):
        change = np.asarray(new[name] / old[name])
        np.testing.assert_allclose(change, expected[name], rtol=1e-10, err_msg=name)
    index = np.asarray(new["price_index"] / old["price_index"])[:, :, 0]
    np.testing.assert_allclose(index, expected["price_index"], rtol=1e-10)


@pytest.mark.parametrize("theta", [2.5, 5.0])
def test_gains_from_trade_formula_in_one_armington_sector(theta):
    rng = np.random.default_rng(3)
    tau = 1 + rng.uniform(0.2, 1.0, (4, 4)) * ~np.eye(4, dtype=bool)
    model = general_economy(
        places=list("abcd"),
        sectors=["goods"],
        employment=rng.uniform(0.5, 2.0, (4, 1)),
        theta=theta,
        tau=tau,
        productivity=rng.uniform(0.5, 2.0, (4, 1)),
    )
    before, after = short_run(model), short_run(model.with_(tau=tau[..., None] ** 0.7))

    def domestic(result) -> np.ndarray:
        trade = np.asarray(result.outcomes["trade"])[:, :, 0]
        return np.diag(trade) / trade.sum(axis=0)

    gain = np.asarray(after.outcomes["welfare"] / before.outcomes["welfare"])
    expected = (domestic(after) / domestic(before)) ** (-1 / theta)
    np.testing.assert_allclose(gain, expected, rtol=1e-10)
    assert np.all(gain > 1.01)  # the change is one that a wrong formula would miss
