"""Vertical linkages: firms draw firms, because they buy from and sell to each other."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.model import FREENESS, Alias, parameter
from neg.models.input_linkages import InputLinkages


class VerticalLinkages(InputLinkages):
    """Krugman and Venables' model: immobile workers, mobile between sectors, inputs from industry.

    The equations are those of :class:`InputLinkages` with farms that use labour alone
    (``theta = 1``, farm wage one). Up to ``mu = 1/n`` industry fits into one place and wages are
    equal everywhere; above it the place that holds industry pays more.

    Leaves out: migration, and land or capital in either sector.

    Source: Krugman and Venables (1995), Quarterly Journal of Economics 110(4); Fujita, Krugman
    and Venables (1999), The Spatial Economy, ch. 14.

    >>> from neg import short_run
    >>> model = VerticalLinkages(alpha=0.4, mu=0.3)
    >>> found = short_run(model, model.initial_distribution())
    >>> [round(float(value), 4) for value in found.payoff]
    [-0.2575, -0.2575, -0.2575, -0.2575]
    """

    name: ClassVar[str] = "vertical-linkages"
    source: ClassVar[str] = "Krugman and Venables 1995; Fujita, Krugman and Venables 1999, ch. 14"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        5.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    alpha: Float[Array, ""] = parameter(
        0.4, "cost share of intermediate inputs", low=0.0, high=1.0, high_open=True
    )
    mu: Float[Array, ""] = parameter(
        0.3, "expenditure share of manufactures", low=0.0, high=1.0, low_open=True, high_open=True
    )

    @property
    def input_share(self) -> Float[Array, ""]:
        """Cost share of intermediate inputs ``alpha``."""
        return self.alpha

    @property
    def industry_share(self) -> Float[Array, ""]:
        """Expenditure share of manufactures ``mu``."""
        return self.mu

    @property
    def farm_labour_share(self) -> Float[Array, ""]:
        """Farms use labour alone."""
        return jnp.ones(())
