"""Core-periphery and footloose entrepreneur against the thresholds of theory."""

import numpy as np
import pytest
from model_tools import clear, entry_gain, growth, settle, threshold
from scipy.optimize import brentq

from neg.models.core_periphery import CorePeriphery
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.places.layouts import equidistant, racetrack

PARAMETERS = [(0.4, 5.0), (0.2, 4.0), (0.55, 6.0), (0.3, 2.2)]


def chi_break(mu: float, sigma: float) -> float:
    rho = (sigma - 1) / sigma
    return mu * (1 + rho) / (rho + mu**2)


@pytest.mark.parametrize(("mu", "sigma"), PARAMETERS)
def test_break_point(mu, sigma):
    rho = (sigma - 1) / sigma
    expected = ((rho + mu) * (1 + mu) / ((rho - mu) * (1 - mu))) ** (1 / (sigma - 1))
    found = threshold(CorePeriphery(mu=mu, sigma=sigma), "tau", 1.02, 20.0)
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("places", [2, 3, 4])
@pytest.mark.parametrize(("mu", "sigma"), PARAMETERS)
def test_sustain_point(mu, sigma, places):
    def gap(tau):
        phi, n = tau ** (1 - sigma), places
        market = (1 + (n - 1) * mu) / n * phi + (1 - mu) / (n * phi) + (n - 2) * (1 - mu) / n
        return tau ** (-mu * sigma) * market - 1

    low, high = 1.3, 40.0
    model = CorePeriphery(mu=mu, sigma=sigma, geography=equidistant(places))
    found = threshold(model, "tau", low, high, entry_gain)
    assert found == pytest.approx(brentq(gap, low, high, xtol=1e-14), rel=1e-8)


def test_black_hole():
    model = CorePeriphery(mu=0.6, sigma=2.0)
    assert all(growth(model.with_(phi=phi)) > 0 for phi in np.geomspace(1e-6, 0.95, 12))


def test_five_equilibria_between_break_and_sustain_point():
    model = CorePeriphery(tau=1.7)
    assert growth(model) < 0 and entry_gain(model) < 0
    uneven, _ = settle(model, [0.85, 0.15])
    assert 0.6 < uneven[0] < 0.99
    assert growth(model, uneven) > 0 and growth(model, uneven[::-1].copy()) > 0


@pytest.mark.parametrize(("mu", "sigma"), [(0.4, 5.0), (0.3, 3.0), (0.6, 7.0)])
def test_footloose_entrepreneur_thresholds(mu, sigma):
    model = FootlooseEntrepreneur(mu=mu, sigma=sigma)
    found = threshold(model, "phi", 0.02, 0.95)
    expected = (sigma - mu) * (sigma - 1 - mu) / ((sigma + mu) * (sigma - 1 + mu))
    assert found == pytest.approx(expected, rel=1e-8)
    share = mu / sigma

    def gap(phi):
        return phi ** (mu / (sigma - 1) - 1) * ((1 + share) * phi**2 + 1 - share) / 2 - 1

    sustain = threshold(model, "phi", 0.02, 0.95, entry_gain)
    assert sustain == pytest.approx(brentq(gap, 0.02, 0.95, xtol=1e-15), rel=1e-8)
    rho = (sigma - 1) / sigma  # core-periphery at (mu / sigma, sigma) has the same
    twin = (rho - share) * (1 - share) / ((rho + share) * (1 + share))
    assert found == pytest.approx(twin, rel=1e-8)


@pytest.mark.parametrize("places", [4, 8, 16])
def test_racetrack_eigenvalues(places):
    r = 0.3
    freeness = np.asarray(CorePeriphery(geography=racetrack(places)).with_(phi=r).freeness(4.0))
    row = freeness[0] / freeness[0].sum()
    chi = np.real(np.fft.fft(row))
    m = np.arange(places)
    expected = (1 - r) ** 2 / (1 - 2 * r * np.cos(2 * np.pi * m / places) + r**2)
    expected *= (1 - (-1.0) ** m * r ** (places / 2)) / (1 - r ** (places / 2))
    np.testing.assert_allclose(chi, expected, atol=1e-12)


@pytest.mark.parametrize("places", [8, 16])
def test_racetrack_breaks_first_by_period_doubling(places):
    model = CorePeriphery(geography=racetrack(places))
    root = np.sqrt(chi_break(0.4, 5.0))
    expected = (1 - root) / (1 + root)
    assert expected == pytest.approx(0.071797, abs=1e-6)
    found = threshold(model, "phi", 0.02, 0.15)
    assert found == pytest.approx(expected, rel=1e-8)
    slope = clear(model.with_(phi=found))[2]
    _, vectors = np.linalg.eigh((slope + slope.T) / 2 - np.ones_like(slope) * 100)
    pattern = vectors[:, -1] * np.sign(vectors[0, -1]) * np.sqrt(places)
    np.testing.assert_allclose(pattern, (-1.0) ** np.arange(places), atol=1e-7)


def test_footloose_entrepreneur_on_the_racetrack():
    mu, sigma = 0.4, 5.0
    phi = (sigma - mu) * (sigma - 1 - mu) / ((sigma + mu) * (sigma - 1 + mu))
    root = np.sqrt((1 - phi) / (1 + phi))
    model = FootlooseEntrepreneur(geography=racetrack(8))
    found = threshold(model, "phi", 0.05, 0.9)
    assert found == pytest.approx((1 - root) / (1 + root), rel=1e-8)
