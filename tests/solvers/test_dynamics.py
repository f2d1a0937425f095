"""Adjustment in time: conservation, rest points, growth rates, hysteresis, basins."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.errors import InvalidDataError, InvalidParameterError, UnknownNameError
from neg.economy.model import Groups
from neg.models.core_periphery import CorePeriphery
from neg.models.vertical_linkages import VerticalLinkages
from neg.solvers.dynamics import Dynamics, Logit, basins, dynamics_of, paths

MODEL = CorePeriphery(sigma=5.0, mu=0.4, tau=1.7)


@pytest.mark.parametrize("name", sorted(Dynamics.registry))
def test_velocities_keep_mass_and_reward_payoffs(name):
    """Mass stays in each group, empty cells lose nothing, and payoffs rise on average."""
    groups = Groups(jnp.array([0, 0, 0, 1, 1]), jnp.array([1.0, 2.0]))
    rule = Logit(1e-3) if name == "logit" else dynamics_of(name)
    generator = np.random.default_rng(1)
    for _ in range(20):
        x = generator.dirichlet(np.ones(3)), 2 * generator.dirichlet(np.ones(2))
        x = jnp.asarray(np.concatenate(x))
        payoff = jnp.asarray(generator.normal(size=5))
        speed = rule.velocity(groups, x, payoff)
        np.testing.assert_allclose(groups.total(speed), 0.0, atol=1e-12)
        assert float(speed @ payoff) > 0
        corner = jnp.array([1.0, 0, 0, 2.0, 0])
        assert (np.asarray(rule.velocity(groups, corner, payoff))[[1, 2, 4]] >= 0).all()


@pytest.mark.parametrize(
    "name",
    ["replicator", *(pytest.param(n, marks=pytest.mark.slow) for n in ("smith", "best-response"))],
)
def test_paths_end_in_the_basin_that_they_start_in(name):
    until = 30.0 if name == "best-response" else 800.0
    ends = paths(MODEL, [[0.9, 0.1], [0.7, 0.3]], [0.0, 0.5 * until, until], name)
    np.testing.assert_allclose(ends["x"].values[:, -1, 0], [1.0, 0.5], atol=2e-3)
    np.testing.assert_allclose(ends["x"].sum("cell"), 1.0, atol=1e-12)
    assert ends["x"].dims == ("path", "time", "cell") and ends.attrs["dynamics"] == name


def test_replicator_grows_at_the_rate_of_its_spectrum():
    model = MODEL.with_(tau=1.5)
    from neg.solvers.long_run import equilibrium_at

    rate = float(equilibrium_at(model, jnp.array([0.5, 0.5]), jnp.ones(2, bool)).growth)
    x = paths(model, [0.5001, 0.4999], [0.0, 20.0, 40.0])["x"].values[0, :, 0] - 0.5
    assert np.log(x[2] / x[1]) / 20.0 == pytest.approx(rate, rel=1e-4)


@pytest.mark.slow
def test_hysteresis_when_trade_cost_falls_and_rises_again():
    """At the same trade cost the economy is spread out before and agglomerated after."""

    def tau(time):
        return 1.7 - 0.25 * jnp.sin(jnp.pi * time / 2000.0)

    path = paths(
        MODEL, [0.501, 0.499], [0.0, 100.0, 1900.0, 2000.0], Logit(2e-3), parameters={"tau": tau}
    )
    share = path["x"].values[0, :, 0]
    assert abs(share[1] - 0.5) < 0.05 and abs(share[-1] - 0.5) > 0.4
    assert float(path["tau"][-1]) == pytest.approx(1.7)


@pytest.mark.slow
def test_several_groups_and_their_masses():
    model = VerticalLinkages(tau=1.7)
    x = np.asarray(model.initial_distribution()) * np.array([1.05, 1.0, 1.0, 1.0])
    x = np.concatenate([x[:2] / x[:2].sum() / 2, x[2:] / x[2:].sum() / 2])
    end = paths(model, x, [0.0, 50.0])["x"].values[0, -1]
    np.testing.assert_allclose(end.reshape(2, 2).sum(axis=1), 0.5, atol=1e-12)


def test_basins_of_core_periphery():
    share = np.linspace(0.05, 0.95, 7)
    found = basins(MODEL, np.stack([share, 1 - share], axis=1))
    reached = found["x"].values[found["destination"].values][:, 0]
    np.testing.assert_allclose(reached, [0, 0.5, 0.5, 0.5, 0.5, 0.5, 1], atol=1e-3)
    assert found["settled"].values.all()


def test_bad_input_is_named():
    with pytest.raises(InvalidDataError, match="increasing"):
        paths(MODEL, [0.5, 0.5], [1.0, 0.0])
    with pytest.raises(InvalidDataError, match="adds up to"):
        paths(MODEL, [0.5, 0.6], [0.0, 1.0])
    with pytest.raises(UnknownNameError, match="dynamics"):
        paths(MODEL, [0.5, 0.5], [0.0, 1.0], "drift")
    with pytest.raises(InvalidParameterError, match="noise"):
        Logit(0.0)
    with pytest.raises(UnknownNameError, match="parameter"):
        paths(MODEL, [0.5, 0.5], [0.0, 1.0], parameters={"cost": lambda t: t})
