"""Menus: the envelope against brute force, moments against quadrature, free entry, bad input."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from neg.core.errors import InvalidDataError, InvalidParameterError, InvalidShapeError
from neg.menus import LogNormal, Menu, Pareto, envelope, free_entry

TIERS = ([0.2, 0.3, 0.45, 0.7], [0.3, 0.6, 1.3, 3.5])


@pytest.fixture(scope="module")
def many_lines():
    rng = np.random.default_rng(3)
    lines = [rng.uniform([0, -0.5], [3, 4], size=(6, 2)).T for _ in range(40)]
    lines.append(np.array([[1.0, 1.0, 2.0, 2.0, 0.0, 1.0], [1.0, 1.0, 3.0, 2.5, 0.5, 0.9]]))
    return lines


def test_the_envelope_is_the_best_line_everywhere(many_lines):
    grid = np.linspace(1e-4, 12.0, 3001)
    for slope, cost in many_lines:
        low, high = map(np.asarray, envelope(jnp.asarray(slope), jnp.asarray(cost)))
        inside = (grid[:, None] > low) & (grid[:, None] < high)
        assert (inside.sum(axis=1) <= 1).all()
        value = grid[:, None] * slope - cost
        assert np.allclose(value[inside], value[inside.any(axis=1)].max(axis=1), atol=1e-12)
        assert np.isclose((np.minimum(high, 12.0) - np.minimum(low, 12.0)).sum(), 12.0)


@pytest.mark.parametrize(
    ("sizes", "density"),
    [
        (Pareto(1.7, 0.6), stats.pareto(1.7, scale=0.6)),
        (LogNormal(-0.2, 0.9), stats.lognorm(0.9, scale=np.exp(-0.2))),
    ],
    ids=["pareto", "log-normal"],
)
@pytest.mark.parametrize("power", [0.0, 1.0, 0.5])
def test_partial_moments_are_those_of_quadrature(sizes, density, power):
    for low, high in [(0.7, 2.0), (0.1, 3.0), (2.0, 2.0), (3.0, 1.0)]:
        start = max(low, density.support()[0])
        want = 0.0
        if high > start:
            want = integrate.quad(lambda x: x**power * density.pdf(x), start, high, epsabs=1e-13)[0]
        assert float(sizes.between(power, low, high)) == pytest.approx(want, abs=1e-10)
    assert float(sizes.between(0.0, 0.0, jnp.inf)) == pytest.approx(1.0, abs=1e-14)
    assert float(sizes.between(1.0, 0.0, jnp.inf)) == pytest.approx(density.mean(), rel=1e-12)


@pytest.mark.slow
def test_everybody_chooses_and_profits_are_those_of_a_grid():
    sizes = LogNormal(0.0, 0.7)
    menu = Menu([0.5, 0.8, 1.3], [0.4, 1.1, 3.0], modes=("a", "b", "c"))
    choice = menu.choose(sizes)
    assert float(choice.firms.sum()) == pytest.approx(1.0, abs=1e-14)
    x = np.asarray(sizes.quantile((np.arange(200000) + 0.5) / 200000))
    share = np.bincount(np.asarray(menu.best(x)), minlength=4) / x.size
    assert np.allclose(choice.firms, share, atol=2e-5)
    value = np.maximum((x[:, None] * np.asarray(menu.slope) - np.asarray(menu.cost)).max(1), 0.0)
    assert float(choice.profit) == pytest.approx(value.mean(), rel=1e-3)
    assert choice.labelled().firms.sel(mode="out").item() == float(choice.firms[0])


def test_a_mode_that_is_never_best_is_empty_and_gradients_are_finite():
    def shares(cost):
        menu = Menu([1.0, 1.2, 2.0], jnp.stack([jnp.array(1.0), cost, jnp.array(3.0)]))
        return menu.choose(Pareto(1.5)).firms

    assert float(shares(jnp.array(2.9))[2]) == 0.0
    assert np.isfinite(jax.jacobian(shares)(jnp.array(2.9))).all()
    step = 1e-6
    slope = (shares(jnp.array(1.3 + step)) - shares(jnp.array(1.3 - step))) / (2 * step)
    assert np.allclose(jax.jacobian(shares)(jnp.array(1.3)), slope, atol=1e-8)


def test_far_cut_offs_keep_a_gradient():
    far = jax.grad(lambda c: jnp.log(LogNormal(0.0, 0.5).above(0.0, c)))(jnp.array(1e4))
    assert np.isfinite(far) and far < 0


@pytest.mark.parametrize(
    "sizes", [Pareto(1.4), pytest.param(LogNormal(0.0, 0.8), marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("entry", [0.01, 0.3, 20.0])
def test_free_entry(sizes, entry):
    def profit(factor):
        return Menu(factor * jnp.array([1.0, 1.6]), [0.3, 0.9]).choose(sizes).profit

    factor = free_entry(Menu([1.0, 1.6], [0.3, 0.9]), sizes, entry)
    assert float(profit(factor)) == pytest.approx(entry, rel=1e-11)
    slope = jax.grad(lambda f: free_entry(Menu([1.0, 1.6], [0.3, 0.9]), sizes, f))(jnp.array(entry))
    assert float(slope) == pytest.approx(1 / float(jax.grad(profit)(factor)), rel=1e-9)


def test_tiers_reach_the_oracle():
    choice = Menu(*TIERS).choose(Pareto(4.5).raised(3.0))
    assert choice.low == pytest.approx([1.0, 1.5, 3.0, 4.666666666666666, 8.8], rel=1e-12)
    assert choice.high[:-1] == pytest.approx(np.asarray(choice.low[1:]), rel=1e-14)
    firms = [
        *(0.45566894604818253, 0.35188096422194226, 0.09325507903995896),
        *(0.0608882003226866, 0.038306810367229646),
    ]
    assert choice.firms == pytest.approx(firms, rel=1e-12)
    sales = [0.0, 0.127631205167158, 0.0916142695435519, 0.15107453732478637, 0.6296799879645038]
    assert choice.sales_share == pytest.approx(sales, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "size",
    [Pareto(1.7, 0.5), pytest.param(LogNormal(0.3, 1.1), marks=pytest.mark.slow)],
    ids=["pareto", "normal"],
)
def test_modes_by_envelope_are_those_of_a_population(size):
    rng = np.random.default_rng(1)
    lines = rng.uniform([[0.1], [0.1]], [[1.0], [3.0]], size=(4, 2, 6))
    menus = Menu(lines[:, 0], lines[:, 1])
    x = size.draw(jax.random.key(3), 1_000_000)
    chosen, choice = np.asarray(menus.best(x)), menus.choose(size)
    for n in range(4):
        share = np.asarray(choice.firms[n])
        counts = np.bincount(chosen[n], minlength=7) / len(x)
        error = np.sqrt(share * (1 - share) / len(x))
        assert counts == pytest.approx(share, abs=5 * error.max())
        alone = Menu(*lines[n]).choose(size)
        assert alone.sales_share == pytest.approx(np.asarray(choice.sales_share[n]), rel=1e-13)
    assert choice.labelled().profit.shape == (4,)


def test_a_mode_below_the_envelope_is_never_chosen():
    dominated = Menu([0.2, 0.25, 0.7], [0.3, 2.0, 3.5]).choose(Pareto(1.5))
    assert dominated.used.tolist() == [True, True, False, True]
    twice = Menu([0.2, 0.2, 0.2], [0.4, 0.4, 0.3]).choose(Pareto(1.5))
    assert twice.used.tolist() == [True, False, False, True]
    free = Menu([0.2, 0.7], [0.01, 3.5]).choose(Pareto(1.5))
    assert not free.used[0]  # a kink below the support: everybody is in


@pytest.mark.parametrize("size", [Pareto(2.5, 0.7), LogNormal(-0.2, 0.9)])
@pytest.mark.parametrize("power", [0.0, 1.0, 1.8])
def test_density_hazard_and_powers(size, power):
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


def test_far_modes_have_finite_gradients():
    def outcome(theta):
        modes = Menu(theta[2:4], theta[4:6]).choose(LogNormal(theta[0], jnp.exp(theta[1])))
        return jnp.sum(modes.sales_share * jnp.arange(3.0)) + modes.profit

    at = jnp.asarray([0.1, -0.3, 0.4, 0.41, 0.5, 900.0])
    assert np.isfinite(jax.grad(outcome)(at)).all()

    def pareto(kappa):
        return jnp.sum(Menu(*TIERS).choose(Pareto(kappa)).firms * jnp.arange(5.0))

    numeric = (pareto(1.5 + 1e-6) - pareto(1.5 - 1e-6)) / 2e-6
    assert jax.grad(pareto)(1.5) == pytest.approx(float(numeric), rel=1e-7)


def test_bad_input_is_named():
    with pytest.raises(InvalidParameterError, match="sizes without a mean are not allowed"):
        Menu(*TIERS).choose(Pareto(3.0).raised(3.0))
    with pytest.raises(InvalidParameterError, match="kappa = 0"):
        Pareto(0.0)
    with pytest.raises(InvalidDataError, match=r"slope\[1\] = -1"):
        Menu([1.0, -1.0], [0.0, 0.0])
    with pytest.raises(InvalidShapeError, match=r"cost has shape \(1,\); must be \(2,\)"):
        Menu([1.0, 2.0], [0.0])
    with pytest.raises(InvalidShapeError, match="modes has 1 names; must have 2"):
        Menu([1.0, 2.0], [0.0, 1.0], modes=("a",))
