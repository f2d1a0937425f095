"""The menu and the distributions under it: closed forms, simulation, gradients."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from neg.core.errors import InvalidParameterError, InvalidShapeError
from neg.firms import LogNormal, Pareto, menu

TIERS = ([0.2, 0.3, 0.45, 0.7], [0.3, 0.6, 1.3, 3.5])


def test_tiers_reach_the_oracle():
    tiers, size = menu(*TIERS), Pareto(4.5).raised(3.0)
    low, high = tiers.bounds(size.least)
    assert low == pytest.approx([1.0, 1.5, 3.0, 4.666666666666666, 8.8], rel=1e-12)
    assert high[:-1] == pytest.approx(np.asarray(low[1:]), rel=1e-14)
    assert tiers.firms(size) == pytest.approx(
        [
            0.45566894604818253,
            0.35188096422194226,
            0.09325507903995896,
            0.0608882003226866,
            0.038306810367229646,
        ],
        rel=1e-12,
    )
    assert tiers.revenue_shares(size) == pytest.approx(
        [0.0, 0.127631205167158, 0.0916142695435519, 0.15107453732478637, 0.6296799879645038],
        rel=1e-12,
    )


def test_antras_helpman_is_a_menu():
    psi = [0.03295898437500001, 0.0391383603386754, 0.0655282888083202, 0.08235050979829124]
    forms = menu([20.0 * p for p in psi], [0.8, 1.05, 3.15, 5.5])
    share = forms.firms(Pareto(4.5).raised(3.0))
    found = [
        0.2520531391077021,
        0.40036915748046126,
        0.22157688355275695,
        0.0718296516942901,
        0.054171168164789577,
    ]
    assert share == pytest.approx(found, rel=1e-11)


@pytest.mark.parametrize("size", [Pareto(1.7, 0.5), LogNormal(0.3, 1.1)], ids=["pareto", "normal"])
def test_modes_by_envelope_are_those_of_a_population(size):
    rng = np.random.default_rng(1)
    for _ in range(4):
        modes = menu(rng.uniform(0.1, 1.0, 6), rng.uniform(0.1, 3.0, 6))
        x = size.draw(jax.random.key(3), 1_000_000)
        counts = np.bincount(np.asarray(modes.choice(x)), minlength=7) / len(x)
        share = np.asarray(modes.firms(size))
        error = np.sqrt(share * (1 - share) / len(x))
        assert np.abs(counts - share) == pytest.approx(0.0, abs=5 * error.max())
        assert np.sum(share) == pytest.approx(1.0, rel=1e-12)


def test_a_mode_below_the_envelope_is_never_chosen():
    dominated = menu([0.2, 0.25, 0.7], [0.3, 2.0, 3.5])
    assert not dominated.used(Pareto(1.5))[2]
    assert dominated.firms(Pareto(1.5))[2] == 0.0
    twice = menu([0.2, 0.2, 0.2], [0.4, 0.4, 0.3])
    assert np.asarray(twice.used(Pareto(1.5))).tolist() == [True, False, False, True]
    free = menu([0.2, 0.7], [0.01, 3.5])
    assert not free.used(Pareto(1.5))[0]  # a kink below the support: everybody is in


@pytest.mark.parametrize("size", [Pareto(2.5, 0.7), LogNormal(-0.2, 0.9)])
@pytest.mark.parametrize("power", [0.0, 1.0, 1.8])
def test_upper_moments_against_quadrature(size, power):
    cut = 1.9

    def integrand(log_z: float) -> float:
        z = np.exp(log_z)
        return float(z ** (power + 1) * size.density(jnp.asarray(z)))

    value, _ = integrate.quad(integrand, np.log(cut), np.log(cut) + 40, limit=200)
    assert size.above(power, cut) == pytest.approx(value, rel=1e-8)
    slope = jax.grad(lambda c: jnp.log(size.above(power, c)))(cut) * cut
    assert size.hazard(power, cut) == pytest.approx(-float(slope), rel=1e-10)
    whole = size.raised(1.3).above(power / 1.3, cut**1.3)
    assert whole == pytest.approx(float(size.above(power, cut)), rel=1e-12)


def test_far_cuts_and_absent_modes_have_finite_gradients():
    def outcome(theta):
        size = LogNormal(theta[0], jnp.exp(theta[1]))
        modes = menu(jnp.stack([theta[2], theta[3]]), jnp.stack([theta[4], theta[5]]))
        return jnp.sum(modes.revenue_shares(size) * jnp.arange(3.0)) + modes.expected_profit(size)

    at = jnp.asarray([0.1, -0.3, 0.4, 0.41, 0.5, 900.0])
    assert np.isfinite(jax.grad(outcome)(at)).all()

    def pareto(kappa):
        return jnp.sum(menu(*TIERS).firms(Pareto(kappa)) * jnp.arange(5.0))

    step = 1e-6
    numeric = (pareto(1.5 + step) - pareto(1.5 - step)) / (2 * step)
    assert jax.grad(pareto)(1.5) == pytest.approx(float(numeric), rel=1e-7)


def test_bad_menus_are_refused():
    with pytest.raises(InvalidShapeError, match="fixed has shape"):
        menu([0.2, 0.3], [0.1])
    with pytest.raises(InvalidParameterError, match="slope = -0.2"):
        menu([-0.2], [0.1])
    with pytest.raises(InvalidParameterError, match="kappa = 0"):
        Pareto(0.0)
