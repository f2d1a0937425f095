"""Gradients to every link of the network of cities: against differences, at equilibria."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from neg.analysis import gradient
from neg.east_asia import Where, city_economy
from neg.economy.lever import Lever
from neg.solvers.long_run import equilibrium_at

LEVER = Lever("network.link_usd", "times")


def outcome(out):
    return jnp.log(out["welfare"].sum())


@pytest.mark.slow
@pytest.mark.parametrize("routing", ["least", "smooth"])
def test_the_gradient_to_every_link_is_that_of_differences(routing):
    more = {"routing": routing} | ({"route_theta": 700.0} if routing == "smooth" else {})
    economy = city_economy(Where(most=2), **more).economy
    x = economy.initial_distribution()
    used = jnp.ones(x.shape, bool)
    at = equilibrium_at(economy, x, used, method="matrix-free", tolerance=1e-12)
    found = gradient(economy, outcome, LEVER, at=at)
    labels = list(economy.labels["link"])
    assert found.shape == (len(labels),)
    order = np.argsort(np.asarray(found))
    assert float(found[int(order[0])]) < -1e-7  # dearer links hurt
    for k in (int(order[0]), int(order[3])):
        lever = Lever("network.link_usd", "times", links=(labels[k],))
        ends = []
        for step in (1e-4, -1e-4):
            moved = lever.put(economy, 1.0 + step)
            near = equilibrium_at(
                moved, at.x, used, prices=at.prices, method="matrix-free", tolerance=1e-12
            )
            ends.append(float(outcome(near.outcomes)))
        assert float(found[k]) == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=2e-4)
