"""Vertical linkages against the thresholds of theory."""

import numpy as np
import pytest
from model_tools import growth, settle, threshold
from scipy.optimize import brentq

from neg.models.vertical_linkages import VerticalLinkages
from neg.places.layouts import equidistant

PARAMETERS = [(0.4, 5.0, 0.4), (0.4, 5.0, 0.2), (0.2, 3.0, 0.3), (0.55, 7.0, 0.1), (0.3, 2.5, 0.45)]


def break_point(share: float, sigma: float) -> float:
    """Core-periphery break point with the share of the linkage."""
    rho = (sigma - 1) / sigma
    chi = share * (1 + rho) / (rho + share**2)
    return ((1 + chi) / (1 - chi)) ** (1 / (sigma - 1))


def sustain_point(share: float, sigma: float, places: int = 2) -> float:
    """Core-periphery sustain point of ``places`` equidistant places."""

    def gap(tau: float) -> float:
        phi, n = tau ** (1 - sigma), places
        market = (
            (1 + (n - 1) * share) / n * phi + (1 - share) / (n * phi) + (n - 2) * (1 - share) / n
        )
        return tau ** (-share * sigma) * market - 1

    return brentq(gap, 1.05, 20.0, xtol=1e-14)


@pytest.mark.parametrize(("alpha", "sigma", "mu"), PARAMETERS)
def test_break_point(alpha, sigma, mu):
    model = VerticalLinkages(alpha=alpha, sigma=sigma, mu=mu)
    assert threshold(model, "tau", 1.02, 6.0) == pytest.approx(break_point(alpha, sigma), rel=1e-8)


@pytest.mark.parametrize(("alpha", "sigma", "mu"), PARAMETERS)
def test_sustain_point(alpha, sigma, mu):
    model = VerticalLinkages(alpha=alpha, sigma=sigma, mu=mu)

    def entry(model):
        x, gain = settle(model, model.agglomerated(), [3])
        assert x[1] == pytest.approx(mu)  # both places' demand is made in one
        return gain[3]

    found = threshold(model, "tau", 1.3 * break_point(alpha, sigma) ** 0.5, 8.0, entry)
    assert found == pytest.approx(sustain_point(alpha, sigma), rel=1e-8)


def test_three_places():
    model = VerticalLinkages(mu=0.25, geography=equidistant(3))
    alpha, sigma = 0.4, 5.0
    chi = alpha * (1 + 0.8) / (0.8 + alpha**2)
    phi = (1 - chi) / (1 + 2 * chi)
    assert threshold(model, "phi", 0.01, 0.9) == pytest.approx(phi, rel=1e-8)

    def entry(model):
        _, gain = settle(model, model.agglomerated(), [3, 5])
        return gain[3]

    expected = sustain_point(alpha, sigma, 3)
    assert threshold(model, "tau", 1.3, 3.0, entry) == pytest.approx(expected, rel=1e-8)


def test_wages_differ_when_industry_does_not_fit():
    model = VerticalLinkages(mu=0.7, tau=1.2)
    x, gain = settle(model, [0.0, 0.5, 0.3, 0.2], [0])
    assert growth(model, x) < 0
    assert gain[0] < -0.05  # farms pay one, industry more
    np.testing.assert_allclose(gain[1:], 0.0, atol=1e-10)


def test_strong_linkages_have_a_pole_and_no_break_point():
    """Beyond ``alpha = rho`` the short run is singular on the odd pattern: no rate is ever zero."""
    alpha, sigma, mu = 0.85, 3.0, 0.3
    index = np.poly1d([sigma * alpha, 1 - sigma])
    wage = np.poly1d([-((1 - alpha) * mu + alpha), sigma * (1 - alpha)])
    cross = np.poly1d([1 - sigma * (1 - alpha), 0]) * np.poly1d([sigma - 1, -sigma * alpha])
    (chi,) = [root for root in np.roots(index * wage - cross) if 0 < root < 1]
    pole = (1 - chi) / (1 + chi)
    model = VerticalLinkages(alpha=alpha, sigma=sigma, mu=mu)
    assert growth(model.with_(phi=pole * 1.001)) > 100
    assert growth(model.with_(phi=pole * 0.999)) < -0.5
    assert all(growth(model.with_(phi=phi)) > 0.05 for phi in np.linspace(pole + 0.01, 0.95, 10))
    assert all(growth(model.with_(phi=phi)) < -0.5 for phi in np.linspace(0.01, pole - 0.01, 10))
