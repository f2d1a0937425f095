"""Models whose short run is explicit: Pflüger, linear demand, footloose and constructed capital."""

import jax.numpy as jnp
import numpy as np
import pytest
from model_tools import clear, entry_gain, growth, payoffs, settle, threshold
from scipy.optimize import brentq

from neg.core.errors import InvalidParameterError, InvalidShapeError
from neg.models.constructed_capital import ConstructedCapital
from neg.models.footloose_capital import FootlooseCapital
from neg.models.ottaviano_tabuchi_thisse import OttavianoTabuchiThisse
from neg.models.pflueger import Pflueger
from neg.places.layouts import equidistant, line
from neg.solvers.long_run import long_run
from neg.solvers.short_run import short_run


@pytest.mark.parametrize(("sigma", "rho"), [(6.0, 1.0), (4.0, 1.5), (3.0, 4.0), (8.0, 0.9)])
def test_pflueger_break_and_sustain_point(sigma, rho):
    model = Pflueger(sigma=sigma, rho_L=rho)
    top, bottom = 2 * rho * (sigma - 1) - sigma, 2 * rho * (sigma - 1) + 3 * sigma - 2
    first = threshold(model, "phi", 1e-3, 0.95)
    assert first == pytest.approx(top / bottom, rel=1e-8)

    def gap(phi):
        market = phi * (1 + rho) + rho / phi - 1 - 2 * rho
        return np.log(phi) / (sigma - 1) + market / sigma

    last = threshold(model, "phi", 1e-3, 0.99, entry_gain)
    assert last == pytest.approx(brentq(gap, 1e-3, 0.99, xtol=1e-15), rel=1e-8)
    assert first < last  # supercritical: partial agglomeration is stable in between
    middle = model.with_(phi=(first + last) / 2)
    x, _ = settle(middle, [0.8, 0.2])
    assert 0.55 < x[0] < 0.999
    assert growth(middle, x) < 0 < growth(middle)


LINEAR = [
    {"a": 1.0, "b": 1.0, "c": 0.5, "f": 0.5, "A": 8.0, "L": 2.0},
    {"a": 2.0, "b": 0.7, "c": 0.3, "f": 1.0, "A": 20.0, "L": 3.0},
    {"a": 1.0, "b": 1.5, "c": 1.0, "f": 0.3, "A": 10.0, "L": 1.0},
]


@pytest.mark.parametrize("values", LINEAR)
def test_linear_model_break_point(values):
    a, b, c, f, A, L = values.values()
    expected = 4 * a * f * (3 * b * f + 2 * c * L)
    expected /= 2 * b * f * (3 * b * f + 3 * c * L + c * A) + c**2 * L * (A + L)
    model = OttavianoTabuchiThisse(**values)
    assert threshold(model, "tau", expected / 3, expected * 1.2) == pytest.approx(
        expected, rel=1e-8
    )
    if expected < float(model.trade_limit):  # the thresholds of the linear model coincide
        found = threshold(model, "tau", expected / 3, expected * 1.1, entry_gain)
        assert found == pytest.approx(expected, rel=1e-8)


def test_linear_model_trades_everywhere_below_the_limit():
    model = OttavianoTabuchiThisse(A=8.0)
    limit = float(model.trade_limit)
    assert limit == pytest.approx(0.5)
    corner = jnp.asarray([2.0, 0.0])
    below = short_run(model.with_(tau=limit - 1e-6), corner).outcomes["trade_share"]
    above = short_run(model.with_(tau=limit + 1e-6), corner).outcomes["trade_share"]
    np.testing.assert_allclose(below, [1.0, 1.0])
    np.testing.assert_allclose(above, [0.5, 1.0])


def test_linear_model_prices_and_surplus_are_those_of_the_paper():
    model = OttavianoTabuchiThisse(A=8.0, tau=0.3)
    x = jnp.asarray([1.4, 0.6])
    found = short_run(model, x)
    N = 4.0
    slope = 1.0 + 0.5 * N
    n = np.asarray(x) / 0.5
    home = (2 * 1.0 + 0.3 * 0.5 * n[::-1]) / (2 * (2 + 0.5 * N))
    weight = np.stack([n, n[::-1]])
    # in each place: own price in the first row, price of imports in the second
    imports = home + 0.15
    price = np.stack([home, imports])
    total = (weight * price).sum(0)
    surplus = N / 2 - total + slope / 2 * (weight * price**2).sum(0) - 0.25 * total**2
    np.testing.assert_allclose(found.outcomes["price_index"], total / N, rtol=1e-10)
    np.testing.assert_allclose(found.outcomes["surplus"], surplus, rtol=1e-10)
    people = 4.0 + np.asarray(x)
    reward = slope * (home**2 * people + (imports[::-1] - 0.3) ** 2 * people[::-1]) / 0.5
    np.testing.assert_allclose(found.outcomes["wage"], reward, rtol=1e-10)


def test_linear_model_in_autarky_does_not_feel_the_trade_cost():
    near, far = (OttavianoTabuchiThisse(tau=tau) for tau in (3.0, 30.0))
    x = [1.5, 0.5]
    np.testing.assert_allclose(payoffs(near, x), payoffs(far, x), rtol=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.53, 0.56])
@pytest.mark.parametrize("phi", [0.2, 0.5, 0.7])
def test_home_market_effect(share, phi):
    model = FootlooseCapital(share=share).with_(phi=phi)
    x, _ = settle(model, [0.6, 0.4])
    assert x[0] - 0.5 == pytest.approx((1 + phi) / (1 - phi) * (share - 0.5), abs=1e-10)
    assert growth(model, x) < 0


def test_home_market_effect_among_places_of_any_size():
    sizes, phi = np.asarray([0.35, 0.33, 0.32]), 0.3
    model = FootlooseCapital(sizes=sizes, geography=equidistant(3)).with_(phi=phi)
    x, _ = settle(model, np.full(3, 1 / 3))
    expected = 1 / 3 + (1 + 2 * phi) / (1 - phi) * (sizes - 1 / 3)
    np.testing.assert_allclose(x, expected, atol=1e-10)
    assert growth(model, x) < 0
    moved = model.with_(share=0.5).spending
    np.testing.assert_allclose(moved, [0.5, 0.5 * 33 / 65, 0.5 * 32 / 65])


def test_large_home_market_takes_all():
    model = FootlooseCapital(share=0.7).with_(phi=0.6)
    assert entry_gain(model) < 0
    np.testing.assert_allclose(long_run(model).x, [1.0, 0.0])
    assert entry_gain(model.with_(share=0.6)) > 0


def test_footloose_capital_refuses_wrong_sizes():
    assert float(FootlooseCapital(geography=line(5)).share) == pytest.approx(0.2)
    with pytest.raises(InvalidShapeError, match="sizes"):
        FootlooseCapital(sizes=np.ones(3))
    with pytest.raises(InvalidParameterError, match="sizes"):
        FootlooseCapital(sizes=np.asarray([1.0, -1.0]))


@pytest.mark.parametrize(
    ("mu", "sigma", "rho", "delta"), [(0.4, 5, 0.05, 0.1), (0.8, 2, 0.1, 0.02)]
)
def test_constructed_capital_breaks_where_it_ceases_to_sustain(mu, sigma, rho, delta):
    model = ConstructedCapital(mu=mu, sigma=sigma, rho=rho, delta=delta)
    beta = mu / sigma * rho / (rho + delta)
    expected = (1 - beta) / (1 + beta)
    low = expected / 2
    assert threshold(model, "phi", low, 0.9999) == pytest.approx(expected, rel=1e-8)
    # full agglomeration: the other root of its condition is free trade
    high = (1 + expected) / 2
    assert threshold(model, "phi", low, high, entry_gain) == pytest.approx(expected, rel=1e-8)


def test_constructed_capital_is_worth_its_cost_on_average():
    model = ConstructedCapital(geography=line(4), tau=1.7)
    x = np.asarray([0.1, 0.2, 0.3, 0.4])
    _, value, _ = clear(model, x)
    assert np.sum(x * np.exp(value)) == pytest.approx(1.0, rel=1e-12)
