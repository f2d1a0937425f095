"""Needs that come first: the share of industry in spending then rises with income."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.core.parameters import parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene


class Subsistence(Part):
    """Everybody buys ``need`` units of the homogeneous good, of price one, before anything else.

        E_js = beta_js (I_j - need_j L_j) (+ need_j L_j of the homogeneous good)
        V_is = log(w_is / mean w_j) + log(I_j / L_j - need_j) - sum beta log P - h log r

    (Stone and Geary). The payoff is real income beyond the needs; what is left after them is
    divided in proportion to pay, like rents, so that who earns less than the need is no special
    case (in an equilibrium where people may choose their sector all earn the same). Where the
    income of a place does not cover its needs no markets clear, and the solve says so.

    >>> from neg import compose, general_economy
    >>> farms = {"places": ["a"], "sectors": ["farms", "goods"], "homogeneous": ["farms"]}
    >>> economy = general_economy(**farms, employment=[[0.5, 0.5]], theta=4.0)
    >>> float(compose(economy, [Subsistence(need=0.2)]).get("subsistence.need"))
    0.2

    Source: Geary (1950), Review of Economic Studies 18(1); Stone (1954), Economic Journal 64; in
    this use Puga and Venables (1996), Journal of the Japanese and International Economies 10(4).
    Leaves out: needs for goods that places make differently.
    """

    label: ClassVar[str] = "subsistence"
    lever: ClassVar[str] = "need"
    source: ClassVar[str] = "Geary 1950; Stone 1954"
    says: ClassVar[frozenset[str]] = frozenset({"needs"})

    need: Float[Array, " place"] = parameter(
        0.1,
        "homogeneous good that everybody buys first",
        low=0.0,
        unit="numeraire per head",
        axes=("place",),
    )

    def check(self, model: Model) -> None:
        """One homogeneous good."""
        technology = getattr(model, "technology", None)
        count = sum(technology.homogeneous) if technology is not None else 0
        if count != 1:
            raise InvalidParameterError(
                f"part 'subsistence' is not allowed on a {type(model).__name__} with {count} "
                "homogeneous goods; must be on a general economy with one"
            )

    def effects(self, scene: Scene) -> dict[str, Array]:
        """What everybody buys first, money per head by place and sector."""
        same = scene.model.technology.homogeneous_mask
        need = jnp.broadcast_to(self.need, (scene.places,))
        return {"needs": need[:, None] * same}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Share of the income of each place that needs take."""
        seen = scene.model.flows(scene.prices, scene.x)
        need = jnp.broadcast_to(self.need, (scene.places,)) * jnp.sum(seen.people, axis=1)
        return {"share": need / jnp.where(seen.income > 0, seen.income, 1.0)}
