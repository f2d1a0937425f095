"""Puga: input linkages and farms with falling returns, with or without migration."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.economy.model import FREENESS, Alias, Groups, option, parameter
from neg.models.input_linkages import InputLinkages


class Puga(InputLinkages):
    """Puga's model of the rise and fall of regional inequalities.

    The equations are those of :class:`InputLinkages` with farms of labour share ``theta`` on fixed
    land, whose owners live beside it. Labour supply to industry then has the elasticity
    ``eta = theta (1-gamma) / (gamma (1-theta))`` where places are alike. With ``labour`` mobile
    all workers form one group over every sector of every place; with ``labour`` immobile the
    workers of each place choose among its two sectors only.

    Leaves out: land owners who move, and trade costs of the farm good.

    Source: Puga (1999), European Economic Review 43(2).

    >>> from neg import short_run
    >>> model = Puga(labour="immobile")
    >>> found = short_run(model, model.initial_distribution())
    >>> [round(float(value), 4) for value in found.payoff]
    [-0.4998, -0.4998, -0.4998, -0.4998]
    """

    name: ClassVar[str] = "puga"
    source: ClassVar[str] = "Puga 1999"
    aliases: ClassVar[dict[str, Alias]] = {"phi": FREENESS}

    sigma: Float[Array, ""] = parameter(
        5.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    gamma: Float[Array, ""] = parameter(
        0.2, "expenditure share of manufactures", low=0.0, high=1.0, low_open=True, high_open=True
    )
    m: Float[Array, ""] = parameter(
        0.2, "cost share of intermediate inputs", low=0.0, high=1.0, high_open=True
    )
    theta: Float[Array, ""] = parameter(
        0.5, "cost share of labour in agriculture", low=0.0, high=1.0, low_open=True
    )
    labour: str = option("mobile", "whether workers move between places", ("mobile", "immobile"))

    @property
    def groups(self) -> Groups:
        """One group of workers if they are mobile, one per place if not; world mass one."""
        return Groups.single(2 * self.places) if self.labour == "mobile" else super().groups

    @property
    def input_share(self) -> Float[Array, ""]:
        """Cost share of intermediate inputs ``m``."""
        return self.m

    @property
    def industry_share(self) -> Float[Array, ""]:
        """Expenditure share of manufactures ``gamma``."""
        return self.gamma

    @property
    def farm_labour_share(self) -> Float[Array, ""]:
        """Cost share of labour on farms ``theta``."""
        return jnp.asarray(self.theta)


class PugaImmobile(Puga):
    """Puga's model with immobile labour: concentration first, then dispersion again (the bell).

    Source: Puga (1999), European Economic Review 43(2).
    """

    name: ClassVar[str] = "puga-immobile"
    source: ClassVar[str] = "Puga 1999, immobile labour"

    gamma: Float[Array, ""] = parameter(
        0.1, "expenditure share of manufactures", low=0.0, high=1.0, low_open=True, high_open=True
    )
    m: Float[Array, ""] = parameter(
        0.5, "cost share of intermediate inputs", low=0.0, high=1.0, high_open=True
    )
    theta: Float[Array, ""] = parameter(
        0.55, "cost share of labour in agriculture", low=0.0, high=1.0, low_open=True
    )
    labour: str = option("immobile", "whether workers move between places", ("mobile", "immobile"))
