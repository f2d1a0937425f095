"""What a chain of blocks is: shares of value, and how productivity is drawn along it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import check_shape, is_concrete
from neg.core.errors import InvalidParameterError
from neg.core.parameters import Parametric, option, parameter

DRAWS = ("chain", "stage", "value-added")
"""What one draw of productivity is for: a whole chain (Antras and de Gortari 2020), the output of a
block at every stage (Eaton and Kortum 2002), or the value added of a block (Yi 2003)."""


class Chain(Parametric):
    """A chain of K blocks: block n adds its own inputs to what it gets from block n - 1.

        log unit_n = own_n log c_n + (1 - own_n) log P_{n-1},      own_1 = 1
        log P_n    = -log(sum_i a_i (unit_n tau_n)^-e_n) / e_n
        beta_n     = prod_{m>n} (1 - own_m),                       sum_n own_n beta_n = 1

    =============  =====================  ==================  ====================================
    ``draws``      e_n on what is sold    weight a            source
    =============  =====================  ==================  ====================================
    chain          theta beta_n           A^(own_n beta_n)    Antras and de Gortari (2020) [S]
    stage          theta                  A                   Eaton and Kortum at every stage
    value-added    theta / own_n          A                   Yi (2003, 2010)
    =============  =====================  ==================  ====================================

    With one block all three are the ordinary model. Left out: inventories, contracts, capacity,
    the number of blocks as a choice, several chains that share a plant.

    Args:
        own: ``[block]`` share of own inputs in the value of what leaves a block; the first is 1,
            the others are below it.
        theta: trade elasticity.
        draws: one of ``chain``, ``stage``, ``value-added``.

    >>> [round(float(share), 2) for share in Chain([1.0, 0.4, 0.3], 5.0).beta]
    [0.42, 0.7, 1.0]
    """

    own: Float[Array, " block"] = parameter(
        meaning="share of own inputs in the value that leaves a block",
        low=0.0,
        high=1.0,
        low_open=True,
        axes=("block",),
    )
    theta: Array = parameter(4.0, "trade elasticity", low=0.0, low_open=True)
    draws: str = option("chain", "what one draw of productivity is for", DRAWS)

    def __check_init__(self) -> None:
        check_shape("own", self.own, (max(self.own.size, 1),))
        check_first("own", self.own)

    @classmethod
    def equal(cls, blocks: int, theta: float = 4.0, draws: str = "chain") -> Chain:
        """Blocks that add the same value each: ``own_n = 1 / n``."""
        return cls(1.0 / np.arange(1, blocks + 1), theta, draws)

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return self.own.shape[0]

    @property
    def beta(self) -> Float[Array, " block"]:
        """Value of what leaves each block over that of the final good."""
        return downstream(self.own)

    @property
    def elasticity(self) -> Float[Array, " block"]:
        """Elasticity of demand for what leaves a block."""
        return elasticities(self.own, self.theta, self.draws)

    @property
    def weight(self) -> Float[Array, " block"]:
        """Power of productivity in the weight of a place."""
        return powers(self.own, self.draws)


def check_first(name: str, own: Array) -> None:
    """Raise a named error unless the first block, and no other, uses own inputs only."""
    if not is_concrete(own):
        return
    share = np.asarray(own)
    if abs(float(share[0]) - 1.0) > 1e-12:
        raise InvalidParameterError(
            f"{name}[0] = {float(share[0]):g} is not allowed; must be 1: nothing comes before "
            "block 1"
        )
    if (whole := np.flatnonzero(share[1:] >= 1.0)).size:
        raise InvalidParameterError(
            f"{name}[{int(whole[0]) + 1}] = 1 is not allowed; must be below 1 after the first "
            "block: what comes before would be worth nothing"
        )


def downstream(own: Float[Array, " block"]) -> Float[Array, " block"]:
    """``beta_n``: product of ``1 - own`` over later blocks."""
    later = jnp.concatenate([1.0 - own[1:], jnp.ones(1)])
    return jax.lax.cumprod(later, axis=0, reverse=True)


def elasticities(own: Array, theta: Array, draws: str) -> Float[Array, " block"]:
    """Elasticity of demand for what leaves each block under one kind of draws."""
    if draws == "chain":
        return theta * downstream(own)
    return theta * jnp.ones_like(own) if draws == "stage" else theta / own


def powers(own: Array, draws: str) -> Float[Array, " block"]:
    """Power of productivity in the weight of a place under one kind of draws."""
    return own * downstream(own) if draws == "chain" else jnp.ones_like(own)
