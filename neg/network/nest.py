"""Modes of one link as a nest: what the link costs, and how modes share it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_range, check_shares, is_concrete
from neg.core.errors import InvalidShapeError


def nested_cost(
    costs: Any, weights: Any, eta: Any = 1.099
) -> tuple[Float[Array, "*link"], Float[Array, "*link mode"]]:
    """Iceberg cost of a link over its modes, and their shares.

        t^-eta = sum_m w_m t_m^-eta,   share_m = w_m (t_m / t)^-eta,   sum_m w_m = 1

    Weights add up to one, so that a link is never cheaper than its cheapest mode.

    Args:
        costs: iceberg factors ``[..., mode]``, at least one; infinite where there is no such mode.
        weights: of modes, ``[mode]`` or like costs.
        eta: elasticity between modes, positive.

    Raises:
        SharesError: weights do not add up to one.

    >>> cost, share = nested_cost([1.3, 1.5], [0.7, 0.3], 1.099)
    >>> round(float(cost), 9), round(float(share[0]), 9)
    (1.353890365, 0.7319553)
    """
    t, w = jnp.asarray(costs, dtype=float), jnp.asarray(weights, dtype=float)
    if t.shape[-1:] != w.shape[-1:]:
        raise InvalidShapeError(f"weights have shape {w.shape}; must have one entry a mode")
    if is_concrete(t):
        finite = np.asarray(t)
        check_range("costs", finite[np.isfinite(finite)], 1.0)
    check_range("weights", w, 0.0)
    check_range("eta", eta, 0.0, low_open=True)
    check_shares("weights", jnp.sum(w, axis=-1))
    exists = jnp.isfinite(t) & (w > 0)
    logs = jnp.log(jnp.where(exists, w, 1.0)) - eta * jnp.log(jnp.where(exists, t, 1.0))
    logs = jnp.where(exists, logs, -jnp.inf)
    total = jax.nn.logsumexp(logs, axis=-1)
    return jnp.exp(-total / eta), jnp.exp(logs - total[..., None])
