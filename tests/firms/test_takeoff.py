"""Take-off: steady states, folds, thresholds, rules and zones by the library's own tools."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from neg import compose, equilibria, paths, thresholds
from neg.core.errors import InvalidParameterError
from neg.firms import Plants, TakeOff
from neg.models.core_periphery import CorePeriphery

LOW, SADDLE, HIGH = 0.3809192880874538, 0.5595407523733145, 0.8283507360763316


def states(model):
    points = sorted(equilibria(model).points, key=lambda point: float(point.x[0]))
    return points, [float(point.x[0]) for point in points]


@pytest.fixture(scope="module")
def host():
    return TakeOff()


@pytest.fixture(scope="module")
def two():
    return compose(TakeOff(), [Plants()])


def test_three_states_found_and_labelled(host):
    points, at = states(host)
    assert at == pytest.approx([LOW, SADDLE, HIGH], rel=1e-10)
    growth = [float(point.growth) for point in points]
    assert growth == pytest.approx(
        [-0.013630292021362539, 0.01335938964834582, -0.05225224015276142], rel=1e-7
    )
    high = points[2].outcomes
    assert high["exposure"] == pytest.approx(0.3460666650780141, rel=1e-9)
    assert high["plants"] == pytest.approx(0.5235340096349428, rel=1e-9)
    assert high["local_share"] == pytest.approx(0.661020408816085, rel=1e-9)


@pytest.mark.slow
def test_with_plants_as_a_stock(two):
    points, at = states(two)
    assert at == pytest.approx([LOW, SADDLE, HIGH], rel=1e-10)
    growth = [float(point.growth) for point in points]
    assert growth == pytest.approx(
        [-0.013582240813806462, 0.012692428541161177, -0.042979124860137885], rel=1e-7
    )
    needed = TakeOff().plants_needed(jnp.asarray(LOW))
    settled = TakeOff().plants_at(jnp.asarray(LOW))
    assert needed == pytest.approx(float(settled), rel=1e-10)


@pytest.mark.slow
def test_folds_of_learning_and_training(host):
    for name in ("lam", "h"):
        scale = 1.0 if name == "lam" else 0.25
        low, high = 0.15 / scale, 0.4 / scale
        found = [point.value for point in thresholds(host, name, low, high).of_kind("fold")]
        at = [0.2087593623196426 / scale, 0.3024151967142643 / scale]
        assert found == pytest.approx(at, rel=1e-8)


def test_export_zone_has_no_take_off(host):
    for nbar in (1.0, 30.0):
        points, at = states(host.with_(zone=1.0, nbar=nbar))
        assert at == pytest.approx([1 / 3], rel=1e-10)
        assert points[0].growth == pytest.approx(-0.03, rel=1e-8)


def test_local_content_rules(host):
    _, at = states(host.with_(rule=0.3))
    assert at == pytest.approx([0.3550715454297527, 0.5660888140599277, HIGH], rel=1e-9)
    _, at = states(host.with_(rule=0.1))
    assert at == pytest.approx([0.37746257132378497, SADDLE, HIGH], rel=1e-9)
    costs = {
        0.1: (0.007776760449199015, 0.22259041635384352),
        0.3: (0.060835146051008496, 0.14415282343428013),
    }
    for rule, (cost, plants) in costs.items():
        ruled = host.with_(rule=rule)
        assert ruled.rule_cost(jnp.asarray(0.35)) == pytest.approx(cost, rel=1e-12)
        assert ruled.plants_at(jnp.asarray(0.35)) == pytest.approx(plants, rel=1e-12)
    # Where forced purchases teach as much as others, the early rule helps.
    low = jnp.asarray(0.35)
    for forced, better in ((0.0, False), (1.0, True)):
        ruled = host.with_(rule=0.3, forced=forced)
        gain = ruled.exposure(low, ruled.plants_at(low)) - host.exposure(low, host.plants_at(low))
        assert bool(gain > 0) is better


def test_the_cost_of_a_rule_is_that_of_two_sources_by_quadrature(host):
    # Cheapest way to source a share R locally when costs of two sources are Frechet: those with
    # the lowest relative cost, at a wedge between the two that makes the share R.
    rule, a, theta = 0.3, 0.35, 5.0
    share = float(host.local_share(jnp.asarray(a)))
    ratio = (1 - rule) / rule * share / (1 - share)  # wedge ** theta

    # E[log cost] = mixed expectation of the chosen source; in closed form the divergence / theta.
    u = np.linspace(1e-9, 1 - 1e-9, 2_000_001)
    odds = np.log(u / (1 - u)) + np.log((1 - share) / share)  # theta (log c_local - log c_import)
    local = odds < -np.log(ratio)
    assert local.mean() == pytest.approx(rule, abs=1e-5)
    chosen = np.where(local, odds, 0.0).mean() - np.where(odds < 0, odds, 0.0).mean()
    expected = rule * np.log(rule / share) + (1 - rule) * np.log((1 - rule) / (1 - share))
    assert chosen == pytest.approx(expected, rel=1e-4)
    cost = host.with_(rule=rule).rule_cost(jnp.asarray(a))
    assert cost == pytest.approx(0.6 / theta * expected, rel=1e-12)


@pytest.mark.slow
def test_the_path_is_that_of_the_equation(host):
    found = paths(host, [[0.3, 0.7], [0.5, 0.5]], [0.0, 20.0], tolerance=1e-10)
    end = found.x.values[:, -1, 0]
    assert end == pytest.approx([0.32416334489821447, 0.48841019473259684], rel=1e-8)

    def rate(_, a):
        at = jnp.asarray(a[0])
        return [float(host.learning(at, host.plants_at(at)))]

    other = integrate.solve_ivp(rate, (0, 20), [0.5], rtol=1e-9, atol=1e-12)
    assert end[1] == pytest.approx(other.y[0, -1], rel=1e-7)


@pytest.mark.slow
def test_patience_against_an_early_rule(two):
    start, plants = 0.562814783216621, 0.2879146474887032

    def end(model, a, n, years):
        path = paths(
            model, [[a, 1 - a]], [0.0, years], stocks={"plants.number": n}, tolerance=1e-10
        )
        return float(path.x[0, -1, 0]), float(path["plants.number"][0, -1])

    ruled = two.with_(rule=0.3)
    later = end(two, start, plants, 250.0)
    assert later[0] == pytest.approx(0.6589507213959509, rel=1e-8)
    assert end(two, start, plants, 3000.0)[0] == pytest.approx(HIGH, rel=1e-8)
    early = end(ruled, start, plants, 3000.0)
    assert early == pytest.approx((0.35507154542976377, 0.14737710117906072), rel=1e-8)
    assert end(ruled, *later, 3000.0)[0] == pytest.approx(HIGH, rel=1e-8)


@pytest.mark.slow  # a long path
def test_plants_needed_for_take_off(two):
    # With plants as a stock, more of them than this start a take-off from the low state.
    low, above = (
        paths(two, [[LOW, 1 - LOW]], [0.0, 600.0], stocks={"plants.number": n}, tolerance=1e-8)
        for n in (3.355395398264605 * 0.999, 3.355395398264605 * 1.001)
    )
    assert float(low.x[0, -1, 0]) < SADDLE < float(above.x[0, -1, 0])


def test_plants_need_a_host():
    with pytest.raises(InvalidParameterError, match="CorePeriphery"):
        compose(CorePeriphery(), [Plants()])
