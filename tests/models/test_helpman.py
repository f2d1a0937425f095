"""Models without immobile demand: Helpman, Allen and Arkolakis, urban costs."""

import numpy as np
import pytest
from model_tools import entry_gain, growth, settle, threshold

from neg.models.allen_arkolakis import AllenArkolakis
from neg.models.helpman import Helpman
from neg.models.urban_costs import UrbanCosts
from neg.places.layouts import equidistant, racetrack


def freeness(chi: float, places: int = 2) -> float:
    """Freeness at which the odd pattern of equidistant places has the eigenvalue ``chi``."""
    return (1 - chi) / (1 + (places - 1) * chi)


def chi_local(a: float, sigma: float) -> float:
    return (1 - a) * sigma * (sigma - 1) / (a * (2 * sigma - 1) - (1 - a) * (sigma - 1) ** 2)


@pytest.mark.parametrize("places", [2, 3])
@pytest.mark.parametrize(("a", "sigma"), [(0.8, 4.0), (0.7, 3.0), (0.9, 7.0), (0.6, 2.2)])
def test_helpman_with_local_rents(a, sigma, places):
    expected = freeness(chi_local(a, sigma), places)
    model = Helpman(a=a, sigma=sigma, geography=equidistant(places))
    found = threshold(model, "phi", expected / 3, (1 + expected) / 2)
    assert found == pytest.approx(expected, rel=1e-8)
    assert growth(model.with_(phi=expected / 2)) > 0  # industry gathers where trade is costly


def test_helpman_never_agglomerates_with_weak_scale():
    model = Helpman(a=0.7, sigma=4.0)
    assert 4.0 * (1 - 0.7) > 1
    assert all(growth(model.with_(phi=phi)) < 0 for phi in np.geomspace(1e-6, 0.99, 15))


@pytest.mark.parametrize(("a", "sigma"), [(0.8, 4.0), (0.7, 3.0), (0.9, 7.0)])
def test_helpman_with_pooled_rents(a, sigma):
    """Linearised: ``D w = chi (1-chi)``, ``a^2 w - a (chi w - chi/(sigma-1)) = 1 - a``."""
    chi = np.poly1d([1, 0])
    determinant = np.poly1d([-(sigma - 1), -a, sigma])
    wage = chi * (1 - chi)
    zero = (a**2 - a * chi) * wage + (a / (sigma - 1) * chi - (1 - a)) * determinant
    (root,) = [float(np.real(z)) for z in zero.roots if abs(z.imag) < 1e-12 and 0 < z.real < 1]
    model = Helpman(a=a, sigma=sigma, rents="pooled")
    found = threshold(model, "phi", 1e-3, 0.95)
    assert found == pytest.approx(freeness(root), rel=1e-8)


def test_helpman_never_empties_a_place():
    model = Helpman(tau=2.0)
    x, _ = settle(model, [0.9, 0.1])
    assert growth(model, x) < 0
    assert 0.01 < np.min(x) < 0.4
    assert entry_gain(model) > 1.0


@pytest.mark.parametrize("places", [2, 4])
@pytest.mark.parametrize(
    ("alpha", "beta", "sigma"), [(0.1, -0.05, 9.0), (0.1, -0.2, 5.0), (0.05, -0.1, 6.0)]
)
def test_allen_arkolakis(alpha, beta, sigma, places):
    chi = (1 - (sigma - 1) * alpha - sigma * beta) / (1 + sigma * alpha + (sigma - 1) * beta)
    model = AllenArkolakis(alpha=alpha, beta=beta, sigma=sigma, geography=equidistant(places))
    if 0 < chi < 1:
        found = threshold(model, "phi", 1e-4, 0.99)
        assert found == pytest.approx(freeness(chi, places), rel=1e-8)
        assert growth(model.with_(phi=found / 2)) > 0
    else:
        assert all(growth(model.with_(phi=phi)) < 0 for phi in np.geomspace(1e-4, 0.99, 9))


def test_allen_arkolakis_symmetric_state_that_is_not_unique():
    model = AllenArkolakis(sigma=5.0, alpha=0.2, beta=-0.1).with_(phi=0.2)
    assert growth(model) > 0
    x, _ = settle(model, [0.98, 0.02])
    np.testing.assert_allclose(x, [0.991, 0.009], atol=5e-4)
    assert growth(model, x) < 0


@pytest.mark.parametrize("places", [2, 3])
@pytest.mark.parametrize(("theta", "sigma"), [(0.3, 4.0), (0.5, 3.0), (0.8, 2.5)])
def test_urban_costs(theta, sigma, places):
    """Helpman's condition with the elasticities of labour at work and of commuting."""
    lost = theta / places / 2
    loss, labour = lost / (1 - lost), (1 - 2 * lost) / (1 - lost)
    top = loss * sigma * (sigma - 1)
    chi = top / (labour * (2 * sigma - 1) - loss * (sigma - 1) ** 2)
    model = UrbanCosts(theta=theta, sigma=sigma, geography=equidistant(places))
    found = threshold(model, "phi", 1e-3, 0.99)
    assert found == pytest.approx(freeness(chi, places), rel=1e-8)
    assert growth(model.with_(phi=found / 2)) > 0 > growth(model.with_(phi=(1 + found) / 2))


def test_urban_costs_sustain_one_city_only_while_trade_is_costly():
    model = UrbanCosts(theta=0.8, sigma=2.5)
    assert entry_gain(model.with_(phi=0.05)) < 0 < entry_gain(model.with_(phi=0.9))


def test_first_break_on_the_racetrack_is_the_smoothest_pattern():
    """With local dispersion, agglomeration sets in at the largest wave length as trade opens."""
    chi = chi_local(0.8, 4.0)
    model = Helpman(geography=racetrack(6))

    def largest(r):  # eigenvalues fall with freeness; the last pattern to turn stable
        m = np.arange(1, 6)
        wave = (1 - r) ** 2 / (1 - 2 * r * np.cos(np.pi * m / 3) + r**2)
        return np.max(wave * (1 - (-1.0) ** m * r**3) / (1 - r**3)) - chi

    found = threshold(model, "phi", 0.05, 0.9)
    assert largest(found) == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("model", [Helpman(), Helpman(rents="pooled"), AllenArkolakis()])
def test_empty_places_attract_at_any_trade_cost(model):
    """Free housing outweighs every trade cost, so full agglomeration is never an equilibrium."""
    assert all(entry_gain(model.with_(tau=tau)) > 100 for tau in (1.1, 30.0, 1e5))


def test_places_without_people_repel_where_agglomeration_has_no_limit():
    model = AllenArkolakis(alpha=0.2, beta=0.0, sigma=9.0)
    assert entry_gain(model) < -100
