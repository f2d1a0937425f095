"""Menus: the envelope against brute force, moments against quadrature, free entry, bad input."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from neg.core.errors import InvalidDataError, InvalidParameterError, InvalidShapeError
from neg.menus import LogNormal, Menu, Pareto, envelope, free_entry


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
        (Pareto(shape=1.7, low=0.6), stats.pareto(1.7, scale=0.6)),
        (LogNormal(mean=-0.2, spread=0.9), stats.lognorm(0.9, scale=np.exp(-0.2))),
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
        assert float(sizes.between(low, high, power)) == pytest.approx(want, abs=1e-10)
    assert float(sizes.between(0.0, jnp.inf)) == pytest.approx(1.0, abs=1e-14)
    assert float(sizes.between(0.0, jnp.inf, 1.0)) == pytest.approx(density.mean(), rel=1e-12)


def test_everybody_chooses_and_profits_are_those_of_a_grid():
    sizes = LogNormal(mean=0.0, spread=0.7)
    menu = Menu([0.5, 0.8, 1.3], [0.4, 1.1, 3.0], modes=("a", "b", "c"))
    choice = menu.choose(sizes)
    assert float(choice.firms.sum()) == pytest.approx(1.0, abs=1e-14)
    scale = sizes.mean + sizes.spread * stats.norm.ppf((np.arange(200000) + 0.5) / 200000)
    x = np.exp(np.asarray(scale))
    share = np.bincount(np.asarray(menu.best(x)), minlength=4) / x.size
    assert np.allclose(choice.firms, share, atol=2e-5)
    value = np.maximum((x[:, None] * np.asarray(menu.slope) - np.asarray(menu.cost)).max(1), 0.0)
    assert float(choice.profit) == pytest.approx(value.mean(), rel=1e-3)
    assert choice.labelled().firms.sel(mode="out").item() == float(choice.firms[0])


def test_a_mode_that_is_never_best_is_empty_and_gradients_are_finite():
    def shares(cost):
        menu = Menu([1.0, 1.2, 2.0], jnp.stack([jnp.array(1.0), cost, jnp.array(3.0)]))
        return menu.choose(Pareto(shape=1.5)).firms

    assert float(shares(jnp.array(2.9))[2]) == 0.0
    assert np.isfinite(jax.jacobian(shares)(jnp.array(2.9))).all()
    step = 1e-6
    slope = (shares(jnp.array(1.3 + step)) - shares(jnp.array(1.3 - step))) / (2 * step)
    assert np.allclose(jax.jacobian(shares)(jnp.array(1.3)), slope, atol=1e-8)


def test_far_cut_offs_keep_a_gradient():
    far = jax.grad(lambda c: jnp.log(LogNormal(spread=0.5).above(c)))(jnp.array(1e4))
    assert np.isfinite(far) and far < 0


@pytest.mark.parametrize("sizes", [Pareto(shape=1.4), LogNormal(spread=0.8)])
@pytest.mark.parametrize("entry", [0.01, 0.3, 20.0])
def test_free_entry(sizes, entry):
    def profit(factor):
        return Menu(factor * jnp.array([1.0, 1.6]), [0.3, 0.9]).choose(sizes).profit

    factor = free_entry(Menu([1.0, 1.6], [0.3, 0.9]), sizes, entry)
    assert float(profit(factor)) == pytest.approx(entry, rel=1e-11)
    slope = jax.grad(lambda f: free_entry(Menu([1.0, 1.6], [0.3, 0.9]), sizes, f))(jnp.array(entry))
    assert float(slope) == pytest.approx(1 / float(jax.grad(profit)(factor)), rel=1e-9)


def test_bad_input_is_named():
    with pytest.raises(InvalidParameterError, match="kappa = 3.0 is not allowed with sigma = 4.0"):
        Pareto.of_productivity(3.0, 4.0)
    with pytest.raises(InvalidDataError, match=r"slope\[1\] = -1"):
        Menu([1.0, -1.0], [0.0, 0.0])
    with pytest.raises(InvalidShapeError, match=r"cost has shape \(1,\); must be \(2,\)"):
        Menu([1.0, 2.0], [0.0])
    with pytest.raises(InvalidShapeError, match="modes has 1 names; must have 2"):
        Menu([1.0, 2.0], [0.0, 1.0], modes=("a",))
