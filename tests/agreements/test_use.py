"""Use of preferences: numbers computed apart, closed forms, limits, overlap, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.agreements import (
    FixedCost,
    LogNormalCost,
    UniformCost,
    overlapping_use,
    preference_use,
    switch_draws,
)
from neg.core.errors import InvalidParameterError

USED = {  # margin: log-normal (median 0.03, sd 0.8), uniform up to 0.08
    0.0: (0.0, 0.0),
    0.005: (0.012555224338961548, 0.0625),
    0.01: (0.08483493348710491, 0.125),
    0.02: (0.30613656640274967, 0.25),
    0.03: (0.5, 0.375),
    0.05: (0.738436294505174, 0.625),
    0.08: (0.8899075425427891, 1.0),
    0.1: (0.9338335915743343, 1.0),
    0.15: (0.9778793504293019, 1.0),
    0.25: (0.9959793338791244, 1.0),
}


@pytest.mark.parametrize(
    ("family", "cost", "known"),
    [
        (
            LogNormalCost(0.8),
            0.03,
            {"kernel": 0.8668677362694347, "value": 0.9478668482433128}
            | {"effective_tariff": 0.004761946092270245, "factor": 1.0314510248909081}
            | {"burnt": 0.028901056185523282, "firms": 0.9338335915743345},
        ),
        (
            UniformCost(),
            0.08,
            {"kernel": 0.8590323290826267, "value": 1.0, "effective_tariff": 0.0}
            | {"factor": 1.0387179169454552, "burnt": 0.03608783746782762, "firms": 1.0},
        ),
    ],
)
def test_what_a_margin_of_ten_per_cent_does(family, cost, known):
    use = preference_use(0.1, 0.0, theta=4.0, compliance=family, cost=cost)
    for name, value in known.items():
        np.testing.assert_allclose(np.squeeze(getattr(use, name)), value, rtol=1e-10, atol=1e-14)


def test_use_rises_with_the_margin():
    margin, known = np.array(list(USED)), np.array(list(USED.values()))
    curved = preference_use(margin, 0.0, theta=4.0).firms[:, 0]
    flat = preference_use(margin, 0.0, theta=4.0, compliance=UniformCost(), cost=0.08).firms[:, 0]
    np.testing.assert_allclose(curved, known[:, 0], rtol=1e-11, atol=1e-16)
    np.testing.assert_allclose(flat, known[:, 1], rtol=1e-11, atol=1e-16)


@pytest.mark.parametrize(("theta", "highest", "mfn"), [(4.0, 0.08, 0.1), (7.0, 0.3, 0.12)])
def test_the_uniform_kernel_has_a_closed_form(theta, highest, mfn):
    mu = min(mfn, highest)
    free = (1 - (1 + mu) ** (1 - theta)) / ((theta - 1) * highest)
    known = free + (1 - mu / highest) * (1 + mfn) ** -theta
    use = preference_use(mfn, 0.0, theta=theta, compliance=UniformCost(), cost=highest)
    assert float(use.kernel) == pytest.approx(known, rel=1e-13)


@pytest.mark.parametrize("zeta", [1.06, 1.5, 3.0, 6.0])
def test_small_firms_drop_out_of_a_fixed_cost(zeta):
    mu, fixed = 0.1, 0.16
    family = FixedCost(zeta)
    use = preference_use(mu, 0.0, theta=4.0, compliance=family, cost=fixed)
    assert float(use.firms[0]) == pytest.approx((fixed / mu) ** -zeta, rel=1e-12)
    y = family.coordinate(jnp.asarray(mu / fixed))
    assert float(family.by_value(y)) == pytest.approx((fixed / mu) ** (1 - zeta), rel=1e-12)
    if zeta == 1.06:
        assert float(use.firms[0]) == pytest.approx(0.6076210605465904, rel=1e-12)
        assert float(family.by_value(y)) == pytest.approx(0.9721936968745447, rel=1e-12)
    # The integral over sales against a fine sum over quantiles of sales.
    p = (np.arange(400_000) + 0.5) / 400_000
    price = np.minimum(1 + fixed * p ** (1 / (zeta - 1)), 1 + mu)
    assert float(use.kernel) == pytest.approx(np.mean(price**-4.0), rel=1e-6)
    all_use = preference_use(0.2, 0.0, theta=4.0, compliance=family, cost=fixed)
    assert float(all_use.firms[0]) == 1.0


@pytest.mark.parametrize("family", [LogNormalCost(0.8), UniformCost(), FixedCost(1.3)])
def test_limits(family):
    none = preference_use(0.05, 0.05, theta=5.0, compliance=family)
    assert float(none.kernel) == float(jnp.exp(-5.0 * jnp.log1p(0.05)))  # MFN exactly
    assert float(none.effective_tariff) == 0.05 and float(none.factor) == 1.0
    unable = preference_use(0.05, 0.0, theta=5.0, compliance=family, origin=0.0)
    np.testing.assert_allclose(unable.effective_tariff, 0.05, rtol=1e-14)
    np.testing.assert_allclose(unable.factor, 1.0, rtol=1e-14)
    free = preference_use(0.1, 0.02, theta=5.0, compliance=family, cost=0.0)
    np.testing.assert_allclose(free.kernel, 1.02**-5.0, rtol=1e-13)
    np.testing.assert_allclose(free.effective_tariff, 0.02, rtol=1e-12)
    np.testing.assert_allclose([free.factor, free.firms[0]], 1.0, rtol=1e-13)
    wide = preference_use(5.0, 0.0, theta=5.0, compliance=family, origin=0.7)
    assert float(wide.firms[0]) == pytest.approx(0.7, rel=1e-9)
    some = preference_use(0.1, 0.02, theta=5.0, compliance=family, origin=0.6, coverage=0.8)
    assert 1.1**-5.0 < float(some.kernel) < 1.02**-5.0
    assert 0.02 < float(some.effective_tariff) < 0.1


def test_value_and_count_differ_and_coverage_averages_kernels():
    use = preference_use(0.1, 0.0, theta=4.0, origin=0.9)
    assert float(use.value[0]) > float(use.firms[0])
    half = preference_use(0.1, 0.0, theta=4.0, origin=0.9, coverage=0.5)
    np.testing.assert_allclose(half.kernel, 0.5 * use.kernel + 0.5 * 1.1**-4.0, rtol=1e-14)


@pytest.mark.parametrize("family", [LogNormalCost(0.8), UniformCost(), FixedCost(1.3)])
def test_slopes_are_those_of_differences_and_finite_without_a_margin(family):
    @jax.jit
    def kernel(mfn, cost):
        return preference_use(mfn, 0.0, theta=4.0, compliance=family, cost=cost).kernel

    both = jax.jit(jax.grad(kernel, argnums=(0, 1)))
    slopes, at = both(0.06, 0.09), np.array([0.06, 0.09])
    for slope, step in zip(slopes, np.eye(2) * 1e-5, strict=True):
        difference = (kernel(*(at + step)) - kernel(*(at - step))) / 2e-5
        assert float(slope) == pytest.approx(float(difference), rel=1e-6)
    assert float(both(0.0, 0.09)[0]) == pytest.approx(-4.0)


# Overlap -----------------------------------------------------------------------------------------


def test_each_firm_takes_the_cheapest_of_overlapping_agreements():
    use = overlapping_use(0.1, [0.0, 0.03], [0.03, 0.012], theta=4.0)
    known = [0.7465861687194291, 0.23831687452275097]
    np.testing.assert_allclose(use.firms, known, rtol=1e-12)
    assert float(1 - use.firms.sum()) == pytest.approx(0.015096956757819968, rel=1e-11)
    assert float(use.kernel) == pytest.approx(0.8750307924705509, rel=1e-10)
    cross = switch_draws(0.1, [0.0, 0.03], [1.0, 0.4])
    np.testing.assert_allclose(cross, [0.05102040816326531, 0.16990291262135915], rtol=1e-12)


def test_overlap_against_a_sum_over_firms():
    """Four agreements, rules and lines of different width, costs of managing many."""
    rng = np.random.default_rng(0)
    rates, costs = np.array([0.0, 0.02, 0.05, 0.12]), np.array([0.05, 0.02, 0.004, 0.001])
    origin, lines = np.array([0.3, 0.9, 0.6, 0.8]), np.array([1.0, 0.7, 0.9, 0.5])
    use = overlapping_use(0.1, rates, costs, origin, lines, theta=4.0, nu=0.1)
    n = 1_000_000  # the last agreement has no margin: three are managed
    z = np.exp(0.8 * rng.standard_normal(n))
    able = (rng.random((n, 1)) < origin) & (rng.random((n, 1)) < lines)
    price = np.where(able, (1 + rates) * (1 + costs * 1.2 * z[:, None]), np.inf)
    price = np.column_stack([np.full(n, 1.1), price])
    best = price.argmin(axis=1)
    count = np.bincount(best, minlength=5)[1:] / n
    np.testing.assert_allclose(use.firms, count, atol=2e-3)
    weight = price.min(axis=1) ** -4.0
    assert float(use.kernel) == pytest.approx(weight.mean(), rel=1e-3)
    value = np.array([weight[best == g].sum() for g in range(1, 5)]) / weight.sum()
    np.testing.assert_allclose(use.value, value, atol=2e-3)
    duty = np.append(0.1, rates)[best]
    share = np.average(duty / (1 + duty), weights=weight)
    assert float(use.effective_tariff) == pytest.approx(share / (1 - share), rel=1e-2)


def test_the_same_agreement_twice_is_one():
    one = preference_use(0.1, 0.0, theta=4.0, origin=0.8)
    two = overlapping_use(0.1, [0.0, 0.0], [0.03, 0.03], [0.8, 0.8], theta=4.0)
    np.testing.assert_allclose(two.kernel, one.kernel, rtol=1e-14)
    assert float(two.firms.sum()) == pytest.approx(float(one.firms[0]), rel=1e-13)
    many = overlapping_use(0.1, [0.0, 0.0], [0.03, 0.03], [0.8, 0.8], theta=4.0, nu=0.1)
    assert float(many.kernel) < float(two.kernel)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"coverage": 1.2}, r"coverage = 1.2 .*\[0, 1\]"),
        ({"origin": -0.1}, r"origin = -0.1 .*\[0, 1\]"),
        ({"cost": -0.01}, r"cost = -0.01 .*\[0, inf\)"),
        ({"theta": 0.0}, r"theta = 0 .*\(0, inf\)"),
    ],
)
def test_bad_input_is_named(given, words):
    with pytest.raises(InvalidParameterError, match=words):
        preference_use(0.1, 0.0, **({"theta": 4.0} | given))
    with pytest.raises(InvalidParameterError, match=r"sd = 0 .*\(0, inf\)"):
        LogNormalCost(0.0)
