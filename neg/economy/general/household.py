"""How the people of the general economy spend."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.parameters import Parametric, parameter


class Household(Parametric):
    """Cobb-Douglas expenditure on goods by kind of final demand, and on housing.

        log e_j = (sum_kf beta_jkf log P_jku(f) + h_j log r_j) / (1 - taxes_j)

    Spending is its derivative (Roy's identity). Income less final taxes and the value of stock
    changes is spent; ``u(f)`` is the class of use of kind f.
    """

    kinds: tuple[str, ...] = eqx.field(static=True)
    final_use: tuple[int, ...] = eqx.field(static=True)
    final_share: Float[Array, "place sector kind"] = parameter(
        meaning="share of spendable income spent on each good, by kind of final demand",
        axes=("place", "sector", "kind"),
    )
    final_tax: Float[Array, " place"] = parameter(
        meaning="taxes on final demand, share of spendable income", axes=("place",)
    )
    housing_share: Float[Array, " place"] = parameter(
        meaning="expenditure share of housing", low=0.0, high=1.0, high_open=True, axes=("place",)
    )
    amenity: Float[Array, " place"] = parameter(
        meaning="amenity, a factor on utility", low=0.0, low_open=True, axes=("place",)
    )

    def log_expenditure(
        self, log_index: Float[Array, "place sector use"], log_rent: Float[Array, " place"]
    ) -> Float[Array, " place"]:
        """Log price of one unit of final consumption, goods and housing together."""
        use = np.eye(log_index.shape[2])[list(self.final_use)]  # [kind, use]
        weight = jnp.einsum("jkf,fu->jku", self.final_share, use)
        # Where nobody spends on housing, a rent of nothing (whose log is huge) weighs nothing.
        housing = jnp.where(self.housing_share > 0, self.housing_share * log_rent, 0.0)
        return (jnp.sum(weight * log_index, axis=(1, 2)) + housing) / (1.0 - self.final_tax)

    def bills(self, income: Float[Array, " place"], uses: int) -> tuple[Array, Array]:
        """Spending on goods ``[place, sector, use]`` and on housing ``[place]``."""
        places, sectors, _ = self.final_share.shape
        zeros = jnp.zeros((places, sectors, uses)), jnp.zeros(places)
        goods, housing = jax.linear_transpose(self.log_expenditure, *zeros)(
            income * (1.0 - self.final_tax)
        )
        return goods, housing
