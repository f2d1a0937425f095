"""Distributions as users have them: shares in single precision, head counts, and mistakes."""

import numpy as np
import pytest

from neg.core.checks import as_masses
from neg.core.errors import InvalidDataError

INDEX, MASS = np.array([0, 0, 1, 1]), np.array([0.4, 2.0])


def test_what_adds_up_is_left_alone():
    x = np.array([0.1, 0.3, 2.0, 0.0])
    assert as_masses("x", x, INDEX, MASS) is x


def test_single_precision_adds_up_exactly():
    x = np.float64(np.random.default_rng(0).dirichlet(np.ones(500)).astype(np.float32))
    assert x.sum() != 1.0
    y = as_masses("x", x, np.zeros(500, int), np.ones(1))
    assert float(y.sum()) == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(y, x, rtol=1e-6)


def test_head_counts_are_shares_of_their_group():
    y = as_masses("x", np.array([900.0, 100.0, 1.0, 3.0]), INDEX, MASS)
    np.testing.assert_allclose(y, [0.36, 0.04, 0.5, 1.5])


@pytest.mark.parametrize("x", [[0.2, 0.1, 1, 1], [0.4, 0.4, 1, 1], [0, 0, 1, 1], [0.4, 0, 2, 2]])
def test_other_sums_are_mistakes(x):
    with pytest.raises(InvalidDataError, match="must add up to its mass .* or be head counts"):
        as_masses("x", np.array(x, float), INDEX, MASS)
