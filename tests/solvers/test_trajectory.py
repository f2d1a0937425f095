"""Gradients through paths in time: a closed form, differences, stocks that rest or are given."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, get_model, paths
from neg.core.errors import NegError
from neg.firms import Plants, TakeOff
from neg.solvers.trajectory import trajectory

TIMES = jnp.array([0.0, 4.0, 20.0])


def learnt(host, a=0.5, **given):
    return trajectory(host, jnp.stack([a, 1.0 - a]), TIMES, tolerance=1e-10, **given)["x"][-1, 0]


@pytest.mark.slow
def test_the_export_zone_in_closed_form():
    """No exposure: a(T) = r + (a - r) exp(-(iota + g) T) with r = iota / (iota + g)."""

    def closed(iota, g, a):
        rest = iota / (iota + g)
        return rest + (a - rest) * jnp.exp(-(iota + g) * TIMES[-1])

    def found(iota, g, a):
        return learnt(TakeOff().with_(zone=1.0, iota=iota, g=g), a)

    at = (jnp.asarray(0.01), jnp.asarray(0.02), jnp.asarray(0.5))
    value, slope = jax.value_and_grad(found, argnums=(0, 1, 2))(*at)
    assert value == pytest.approx(float(closed(*at)), rel=1e-9)
    want = jax.grad(closed, argnums=(0, 1, 2))(*at)
    assert np.allclose(slope, want, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("rests", [True, False])
def test_take_off_with_plants_as_a_stock(rests):
    """Across the critical mass, where a small push decides: against differences of the path."""
    names = ("lam", "h", "attract", "plants.rho")
    given = {} if rests else {"stocks": {"plants.number": 0.28}}
    economy = compose(TakeOff(), [Plants()])

    def end(values):
        host = economy.with_(**dict(zip(names, values, strict=True)))
        return learnt(host, jnp.asarray(0.565), **given)

    at = jnp.array([0.25, 1.0, 0.3, 0.2])
    slope = np.asarray(jax.grad(end)(at))
    once = jax.jit(end)
    steps = 1e-4 * np.asarray(at)
    for k, step in enumerate(steps):
        ahead, back = (float(once(at.at[k].add(sign * step))) for sign in (1.0, -1.0))
        assert slope[k] == pytest.approx((ahead - back) / (2 * step), rel=2e-5, abs=1e-9), names[k]
    # Four times the training is one and the same as four times the learning.
    assert slope[1] == pytest.approx(0.25 * slope[0], rel=1e-8)


@pytest.mark.slow
def test_it_is_the_path_of_paths_on_a_market_economy():
    model = get_model("core-periphery")(tau=1.8)
    found = trajectory(model, [0.6, 0.4], [0.0, 10.0, 30.0])
    want = paths(model, [0.6, 0.4], [0.0, 10.0, 30.0])
    assert np.allclose(found["x"], want["x"].values[0], atol=1e-12)
    assert np.allclose(found["payoff"], want["payoff"].values[0], atol=1e-12)

    def share(tau):
        found = trajectory(model.with_(tau=tau), [0.6, 0.4], [0.0, 10.0], tolerance=1e-10)
        return found["x"][-1, 0]

    slope = float(jax.grad(share)(1.8))
    between = (float(share(1.8001)) - float(share(1.7999))) / 2e-4
    assert slope == pytest.approx(between, rel=1e-5)


def test_bad_input_is_named():
    with pytest.raises(NegError, match="stocks"):
        trajectory(TakeOff(), [0.5, 0.5], TIMES, stocks={"plants.number": 1.0})
