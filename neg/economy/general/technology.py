"""How the general economy produces: unit cost, and what it pays to whom."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from neg.core.parameters import Parametric, altered, parameter

_CELL = ("place", "sector")


class Technology(Parametric):
    """Cobb-Douglas unit cost of labour, land and inputs; production taxes on revenue.

        log c_is = (gL_is log w_is + gH_is log r_i + sum_k g_iks log P_iku(s)) / (1 - taxes_is)

    Payments to factors and inputs are its derivatives (Shephard's lemma): nothing is written
    twice. ``u(s)`` is the class of use from which industry s buys (``use``).
    """

    # Class of use from which each industry buys its inputs.
    industry_use: tuple[int, ...] = eqx.field(static=True)
    homogeneous: tuple[bool, ...] = eqx.field(static=True)
    labour_share: Float[Array, "place sector"] = parameter(
        meaning="cost share of labour", axes=_CELL
    )
    land_share: Float[Array, "place sector"] = parameter(
        meaning="cost share of land", low=0.0, axes=_CELL
    )
    tax_share: Float[Array, "place sector"] = parameter(
        meaning="production taxes over output", axes=_CELL
    )
    input_share: Float[Array, "place input sector"] = parameter(
        meaning="cost share of each input", low=0.0, axes=("place", "input", "sector")
    )
    productivity: Float[Array, "place sector"] = parameter(
        meaning="A of supply; zero where nothing can be made", low=0.0, axes=_CELL
    )
    reference: Float[Array, "place sector"] = parameter(
        meaning="output at which scale neither helps nor hurts", low=0.0, low_open=True, axes=_CELL
    )

    @property
    def active(self) -> Bool[Array, "place sector"]:
        """Which cells can produce at all."""
        return self.productivity > 0

    @property
    def homogeneous_mask(self) -> Bool[Array, " sector"]:
        """Which sectors make the freely traded homogeneous good of price one."""
        return jnp.asarray(self.homogeneous)

    def bent(self, effects: dict[str, Array]) -> Technology:
        """With cost shares of inputs times the exponential of the effect ``inputs``, if there is.

        Labour and land share what is left, as before.
        """
        if "inputs" not in effects:
            return self
        share = self.input_share * jnp.exp(effects["inputs"])
        kept = 1.0 - self.tax_share
        before, after = (kept - jnp.sum(one, axis=1) for one in (self.input_share, share))
        some = before > 0
        left = jnp.where(some, after / jnp.where(some, before, 1.0), 1.0)
        own = {name: getattr(self, name) * left for name in ("labour_share", "land_share")}
        return altered(self, input_share=share, **own)

    def log_unit_cost(
        self,
        log_wage: Float[Array, "place sector"],
        log_rent: Float[Array, " place"],
        log_index: Float[Array, "place input use"],
    ) -> Float[Array, "place sector"]:
        """Log unit cost from factor prices and price indices of inputs."""
        if log_index.shape[2] == 1:
            materials = jnp.einsum("iks,ik->is", self.input_share, log_index[:, :, 0])
        else:
            use = np.eye(log_index.shape[2])[list(self.industry_use)]  # [sector, use]
            bought = jnp.einsum("iku,su->iks", log_index, use)
            materials = jnp.sum(self.input_share * bought, axis=1)
        factors = self.labour_share * log_wage + self.land_share * log_rent[:, None]
        return (factors + materials) / (1.0 - self.tax_share)

    def bills(self, revenue: Float[Array, "place sector"], uses: int) -> tuple[Array, Array, Array]:
        """Payments to labour ``[place, sector]``, land ``[place]``, inputs ``[place, input, use]``.

        Derivatives of log unit cost times what is left of revenue after production taxes.
        """
        places, sectors = self.labour_share.shape
        zeros = (
            jnp.zeros((places, sectors)),
            jnp.zeros(places),
            jnp.zeros((places, sectors, uses)),
        )
        pay = jax.linear_transpose(self.log_unit_cost, *zeros)
        labour, land, inputs = pay(revenue * (1.0 - self.tax_share))
        return labour, land, inputs
