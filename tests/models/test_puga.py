"""Puga's model with mobile and with immobile labour."""

import numpy as np
import pytest
from model_tools import growth, payoffs, settle, threshold

from neg.models import get_model
from neg.models.puga import Puga, PugaImmobile
from neg.models.vertical_linkages import VerticalLinkages
from neg.places.layouts import equidistant, racetrack


@pytest.mark.parametrize(
    ("sigma", "gamma", "m", "theta"),
    [(5, 0.2, 0.2, 0.5), (4, 0.3, 0.1, 0.6), (7, 0.1, 0.4, 0.3), (6, 0.4, 0.25, 0.7)],
)
def test_break_point_with_mobile_labour(sigma, gamma, m, theta):
    eta = theta * (1 - gamma) / (gamma * (1 - theta))
    bracket = (1 - gamma) * (sigma * (1 - gamma) * (1 - m) - 1) - gamma**2 * eta
    expected = 1 + 2 * (2 * sigma - 1) * (gamma + m * (1 - gamma)) / ((1 - m) * bracket)
    model = Puga(sigma=sigma, gamma=gamma, m=m, theta=theta)
    found = threshold(model, "tau", 1.02, 8.0)
    assert found == pytest.approx(expected ** (1 / (sigma - 1)), rel=1e-8)


def bell(sigma: float, gamma: float, m: float, theta: float) -> np.ndarray:
    """Freeness at both break points: determinant of the linearised model on the odd pattern.

    Labour supply to industry gives ``l = eta w``, income ``y = gamma w``; price index and zero
    profit are two equations in ``w`` and the price index.
    """
    eta = theta * (1 - gamma) / (gamma * (1 - theta))
    index = np.poly1d([sigma * m, 1 - sigma])
    wage = np.poly1d([-((1 - m) * gamma + m * (1 + eta)), sigma * (1 - m)])
    linkage = np.poly1d([1 + eta - sigma * (1 - m), 0]) * np.poly1d([sigma - 1, -sigma * m])
    chi = np.roots(index * wage - linkage)
    return np.sort((1 - chi) / (1 + chi))


@pytest.mark.parametrize(
    ("sigma", "gamma", "m", "theta"),
    [(5, 0.1, 0.5, 0.55), (5, 0.1, 0.5, 0.8), (4, 0.2, 0.45, 0.7), (6, 0.1, 0.55, 0.5)],
)
def test_two_break_points_with_immobile_labour(sigma, gamma, m, theta):
    model = PugaImmobile(sigma=sigma, gamma=gamma, m=m, theta=theta)
    first, second = bell(sigma, gamma, m, theta)
    assert 0 < first < second < 1
    middle = (first + second) / 2
    assert threshold(model, "phi", first / 4, middle) == pytest.approx(first, rel=1e-8)
    assert threshold(model, "phi", middle, (1 + second) / 2) == pytest.approx(second, rel=1e-8)
    assert growth(model.with_(phi=middle)) > 0


def test_strongly_falling_returns_on_farms_keep_industry_spread():
    model = PugaImmobile(theta=0.2)
    assert np.all(np.iscomplex(bell(5, 0.1, 0.5, 0.2)))
    assert all(growth(model.with_(phi=phi)) < 0 for phi in np.linspace(0.02, 0.98, 13))


def test_immobile_labour_tends_to_vertical_linkages():
    puga = PugaImmobile(m=0.4, gamma=0.3, theta=1.0, tau=1.4)
    linkages = VerticalLinkages(alpha=0.4, mu=0.3, tau=1.4)
    x = np.array([0.3, 0.2, 0.4, 0.1])
    np.testing.assert_allclose(payoffs(puga, x), payoffs(linkages, x), atol=1e-12)


def test_full_agglomeration_is_an_equilibrium_at_low_trade_cost_only():
    for model in (Puga(), PugaImmobile(), Puga(geography=equidistant(3))):
        empty = list(range(3, model.groups.cells, 2))
        signs = [
            settle(model.with_(phi=phi), model.agglomerated(), empty)[1][3] for phi in (0.05, 0.3)
        ]
        assert signs[0] > 0 > signs[1]


def test_symmetric_state_is_an_equilibrium_on_the_racetrack():
    assert growth(Puga(geography=racetrack(6), tau=4.0)) < 0
    assert growth(Puga(geography=racetrack(6), tau=1.1)) > 0


def test_both_variants_are_known_by_name():
    assert get_model("puga")().labour == "mobile"
    assert get_model("puga-immobile")().labour == "immobile"
    np.testing.assert_allclose(np.asarray(get_model("puga-immobile")().groups.mass), 0.5)
