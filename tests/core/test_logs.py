"""The log of nothing."""

import jax
import jax.numpy as jnp
import numpy as np

from neg.core.logs import EMPTY_LOG, log_mass


def test_log_of_a_mass_and_its_derivative():
    x = jnp.asarray([0.0, 1e-300, 0.5])
    np.testing.assert_allclose(log_mass(x), [EMPTY_LOG, np.log(1e-300), np.log(0.5)])
    assert 100 * float(log_mass(x)[1]) > EMPTY_LOG
    np.testing.assert_allclose(jax.vmap(jax.grad(log_mass))(x)[jnp.asarray([0, 2])], [0.0, 2.0])
