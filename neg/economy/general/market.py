"""How the general economy trades: supply, trade costs, freeness."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.numbers import if_given
from neg.core.parameters import Parametric, parameter

_PAIR = ("origin", "destination", "sector")


class Market(Parametric):
    """Differentiated goods of every origin, bought with trade elasticity theta.

        S_is = A_is (Y_is / (c_is Q_is))^alpha_s c_is^-theta_s                        supply
        K_ijsu = D_ijsu (tau_ijs (1 + e_ijs))^-theta_s (1 + t_ijs)^-theta_s k_s       freeness
        log P_jsu = -log(sum_i S_is K_ijsu) / theta_s                                 price index

    ``k`` (``tariff_response``, one by default) is the elasticity of imports to tariffs over that to
    other trade costs: above one where tariffs are levied on a price that holds a mark-up.

    Source: Krugman (1980); Eaton and Kortum (2002); Kucheryavyy, Lyn and Rodriguez-Clare (2024);
    tariffs apart: Costinot and Rodriguez-Clare (2014), Handbook of International Economics 4, 4.2.
    """

    theta: Float[Array, " sector"] = parameter(
        meaning="trade elasticity", low=0.0, low_open=True, axes=("sector",)
    )
    alpha: Float[Array, " sector"] = parameter(
        meaning="scale elasticity", low=0.0, high=1.0, axes=("sector",)
    )
    taste: Float[Array, "origin destination sector use"] = parameter(
        meaning="taste for the goods of an origin", low=0.0, axes=(*_PAIR, "use")
    )
    tau: Float[Array, "origin destination sector"] = parameter(
        meaning="iceberg cost, apart from layers", low=0.0, low_open=True, axes=_PAIR
    )
    tariff: Float[Array, "origin destination sector"] = parameter(
        meaning="tariff, apart from layers; revenue of the destination",
        low=-1.0,
        low_open=True,
        axes=_PAIR,
        unit="ad valorem",
    )
    export_tax: Float[Array, "origin destination sector"] = parameter(
        meaning="export tax, apart from layers; revenue of the origin",
        low=-1.0,
        low_open=True,
        axes=_PAIR,
        unit="ad valorem",
    )
    tariff_response: Float[Array, " sector"] | None = parameter(
        None,
        "elasticity of imports to tariffs over that to other trade costs",
        low=0.0,
        low_open=True,
        axes=("sector",),
        neutral=1.0,
    )

    def freeness(self) -> Float[Array, "origin destination sector use"]:
        """Freeness K; the tastes hold zeros where nothing is sold."""
        duty = jnp.log1p(self.tariff)
        response = if_given(self.tariff_response)
        duty = duty if response is None else response * duty
        cost = jnp.log(self.tau) + duty + jnp.log1p(self.export_tax)
        return self.taste * jnp.exp(-self.theta * cost)[..., None]

    @property
    def wedge(self) -> Float[Array, "origin destination sector"]:
        """What buyers pay over what sellers get."""
        return (1.0 + self.tariff) * (1.0 + self.export_tax)
