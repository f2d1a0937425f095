"""People who differ in which place, and which sector, they like."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.logs import log_mass
from neg.core.numbers import if_given
from neg.core.parameters import parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Tastes(Part):
    """Tastes for places (dispersion ``kappa``) and within them for sectors (``sectors``).

        V_m - kappa log(n_gi / m_g) - sectors log(x_m / n_gi)      payoff of the marginal person

    of cell m = (g, i, s), ``x_m`` people of group g in place i and sector s, ``n_gi`` those in
    any sector of the place, ``m_g`` all of the group. With tastes drawn from nested Frechet
    distributions, equal payoffs are the choice probabilities

        x_m / n_gi ~ exp(V_m / sectors),   n_gi / m_g ~ (sum_s exp(V_m / sectors))^(sectors / kappa)

    Without ``sectors`` all cells of a group are alike: the logit ``x_m / m_g ~ exp(V_m / kappa)``,
    and no cell is ever empty.

    Leaves out: tastes that differ between groups.
    """

    label: ClassVar[str] = "tastes"
    lever: ClassVar[str] = "kappa"
    source: ClassVar[str] = (
        "Tabuchi and Thisse 2002, Journal of Development Economics 69(1); Tombe and Zhu 2019, "
        "American Economic Review 109(5)"
    )

    kappa: Float[Array, ""] = parameter(
        0.05, "spread of tastes for places, in units of payoff", low=0.0
    )
    sectors: Float[Array, ""] | None = parameter(
        None, "spread of tastes for sectors of a place; as for places if not given", low=0.0
    )

    def marginal(self, scene: Scene, value: Float[Array, " cell"]) -> Float[Array, " cell"]:
        """Less the draw of the last one to come; an empty place offers its best mix of sectors."""
        sectors = if_given(self.sectors)
        if sectors is None:
            return value - self.kappa * log_mass(scene.x / scene.groups.cell_mass)
        there = self._there(scene, scene.x)
        some = there > 0
        share = jnp.where(some, scene.x / jnp.where(some, there, 1.0), 0.0)
        used = value - sectors * log_mass(share)
        scale = jnp.where(sectors > 0, sectors, 1.0)
        nest, count = self._nests(scene)
        best = jax.lax.stop_gradient(jax.ops.segment_max(value, nest, count)[nest])
        pull = self._there(scene, jnp.exp((value - best) / scale))
        mix = jnp.where(sectors > 0, best + scale * jnp.log(pull), value)
        taste = self.kappa * log_mass(there / scene.groups.cell_mass)
        return jnp.where(some, used, mix) - taste

    def hints(self, scene: Scene) -> dict[str, Array]:
        """How far payoffs fall as a cell fills."""
        sectors = if_given(self.sectors)
        if sectors is None:
            return {"spread": jnp.full(scene.x.shape, self.kappa)}
        there = self._there(scene, scene.x)
        inside = scene.x / jnp.where(there > 0, there, 1.0)
        return {"spread": self.kappa * inside + sectors * (1.0 - inside)}

    def _nests(self, scene: Scene) -> tuple[Array, int]:
        """Number of the (group, place) pair of each cell; cells outside places stand alone."""
        place, groups = np.asarray(scene.cell_places), scene.groups
        outside = place < 0
        alone = np.where(outside, scene.places + np.cumsum(outside) - 1, place)
        count = int(alone.max()) + 1
        return groups.index * count + alone, groups.count * count

    def _there(self, scene: Scene, values: Array) -> Float[Array, " cell"]:
        """Sum over the cells of the same group in the same place."""
        nest, count = self._nests(scene)
        return jax.ops.segment_sum(values, nest, count)[nest]

    @property
    def words(self) -> str:
        """Dispersion of tastes."""
        spreads = {"places": self.kappa} | (
            {} if self.sectors is None else {"sectors": self.sectors}
        )
        return "dispersion of tastes for " + " and ".join(
            f"{name} ({float(value):g})" if is_concrete(value) else name
            for name, value in spreads.items()
        )
