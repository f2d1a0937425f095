"""Products with large matrices in single precision: close to the others, and never beyond."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.solvers.single import LinearMap

RNG = np.random.default_rng(5)
MATRIX = jnp.asarray(RNG.uniform(size=(600, 600)))
Z = jnp.asarray(RNG.normal(size=600))


def plainly(z):
    return MATRIX @ z, z @ MATRIX


def in_a_branch(z):
    some = jnp.any(MATRIX != 0)
    return (jax.lax.cond(some, lambda q: MATRIX @ q, lambda q: 0.0 * q, z),)


def in_a_program(z):
    return (jax.jit(lambda m, q: jnp.einsum("ij,i->j", m, q))(MATRIX, z) / 3.0,)


def entry_by_entry(z):
    return (jnp.sum(MATRIX * z, axis=1), 2.0 * z)


@pytest.mark.parametrize("function", [plainly, in_a_branch, in_a_program, entry_by_entry])
def test_rough_products_are_right_to_single_precision(function):
    found = LinearMap.of(function, Z)
    exact, rough = eqx.filter_jit(found)(Z), eqx.filter_jit(found.rough)(Z)
    for value, near, want in zip(exact, rough, function(Z), strict=True):
        assert value.dtype == near.dtype == jnp.float64
        np.testing.assert_allclose(value, want, rtol=1e-12)
        np.testing.assert_allclose(near, want, rtol=1e-6, atol=1e-5 * float(jnp.abs(want).max()))
    assert any(half is not None for half in found.halves)
    assert not np.array_equal(rough[0], exact[0])  # it does read the smaller matrix


def test_small_matrices_stay_as_they_are():
    small = MATRIX[:50, :50]
    found = LinearMap.of(lambda z: (small @ z,), Z[:50])
    assert found.halves == [None] * len(found.halves)
    np.testing.assert_array_equal(found.rough(Z[:50])[0], found(Z[:50])[0])
