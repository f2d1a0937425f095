"""A chain of 20 blocks in 100 places: prices, payments and shares against products of matrices.

The peer is the same recursion written with numpy, one block after the other, for prices alone; all
20^100 paths are out of reach of anybody.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks._timing import Pair
from neg.chains import Chain, ChainBlocks, passed

BLOCKS, PLACES, THETA = 20, 100, 5.0


def cases() -> list[Pair]:
    """One pass forward and back, for spending of all buyers."""
    rng = np.random.default_rng(1)
    own = np.concatenate([[1.0], rng.uniform(0.1, 0.4, BLOCKS - 1)])
    cost = rng.uniform(0.5, 1.5, (BLOCKS, PLACES))
    link = 1.0 + rng.uniform(0.05, 0.5, (BLOCKS, PLACES, PLACES))
    chain = Chain(own, THETA)
    ones = jnp.ones((BLOCKS, PLACES))

    @jax.jit
    def ours() -> Any:
        along = ChainBlocks(
            chain.own, chain.elasticity, jnp.log(cost), jnp.log(link), ones, jnp.ones_like(link)
        )
        return passed(along, jnp.ones(PLACES))

    beta = np.asarray(chain.beta)

    def peer() -> np.ndarray:
        message = np.ones(PLACES)
        for n in range(BLOCKS):
            node = cost[n] ** (-THETA * own[n] * beta[n])
            message = (node * message) @ link[n] ** (-THETA * beta[n])
        return message ** (-1.0 / THETA)

    def agree(found: Any, price: np.ndarray) -> None:
        np.testing.assert_allclose(np.exp(found.log_price[-1]), price, rtol=1e-10)
        assert abs(float(found.earned.sum()) / PLACES - 1.0) < 1e-10

    return [
        Pair(
            f"chain of {BLOCKS} blocks in {PLACES} places",
            ours,
            peer,
            agree,
            "numpy, prices only",
            note="ours also finds what every block earns in every place and ships on every link",
        )
    ]
