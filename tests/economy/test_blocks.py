"""Which places trade ties together: by any chain of sales, either way."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from neg.economy.general.connected import same_block


@pytest.mark.parametrize("share", [0.0, 0.03, 0.08, 1.0])
def test_blocks_are_the_weak_components_of_sales(share):
    rng = np.random.default_rng(int(100 * share))
    link = rng.uniform(size=(25, 25)) < share
    _, piece = connected_components(link, directed=True, connection="weak")
    found = np.asarray(same_block(jnp.asarray(link)))
    np.testing.assert_array_equal(found, (piece[:, None] == piece).astype(float))


def test_a_chain_of_many_is_one_block():
    line = np.eye(40, k=1, dtype=bool)
    line[19, 20] = False
    found = np.asarray(same_block(jnp.asarray(line)))
    assert found[0, 19] == 1.0 and found[0, 20] == 0.0 and found.sum() == 2 * 20 * 20


def test_derivatives_pass_by_and_batches_agree():
    weight = jnp.asarray(np.random.default_rng(3).uniform(size=(3, 6, 6)))

    def number(w):
        return jnp.sum(same_block(w > 0.8) @ jnp.sum(w, axis=1))

    back = jax.grad(number)(weight[0])
    np.testing.assert_allclose(back, jax.jacfwd(number)(weight[0]))
    one = jnp.stack([same_block(w > 0.8) for w in weight])
    np.testing.assert_array_equal(jax.vmap(lambda w: same_block(w > 0.8))(weight), one)
