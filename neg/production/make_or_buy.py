"""Make or buy, smoothly: at each cut a part is made in-house or bought at arm's length."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.chains import Chain, Trace
from neg.chains.chain import elasticities
from neg.core.checks import check_shape
from neg.core.errors import InvalidParameterError
from neg.core.parameters import parameter
from neg.economy.general.chained import blocks_of
from neg.economy.part import Part
from neg.economy.scene import Scene

QUADRANTS = ("home_in_house", "home_bought", "abroad_in_house", "abroad_bought")
"""Place and boundary of what blocks before the last earn, as outcomes of :class:`MakeOrBuy`."""


class Modes(eqx.Module):
    """The two modes at the links of a chain: ``link`` is a factor on the cost of what leaves a
    place after a block, ``in_house`` the share made in-house, both ``[place, block]``."""

    link: Float[Array, "place block"]
    in_house: Float[Array, "place block"]


def modes(elasticity: Any, control: Any, contract: Any, *, draws: int = 1) -> Modes:
    """Cost and shares of the two modes at each link.

        m^-e = (m_V^-e + m_O^-e) / 2 * draws,      in-house = m_V^-e / (m_V^-e + m_O^-e)

    Args:
        elasticity: ``[block]`` e of demand for what leaves each block (``chain.elasticity``).
        control: ``[place]`` m_V, cost factor of control from headquarters.
        contract: ``[place]`` m_O, cost factor of contracts at arm's length.
        draws: 1: the two modes share one draw, and equal modes cost what one does; 2: each has a
            draw of its own, and the choice alone lowers cost by ``2^(-1/e)``.

    The last block's link goes to the buyer: no mode there, factor 1 and share 0. Wedges are
    resources. Idea: Grossman and Helpman (2002, 2005); left out: hold-up.
    """
    if draws not in (1, 2):
        raise InvalidParameterError(f"draws = {draws} is not allowed; must be 1 or 2")
    power = jnp.asarray(elasticity, dtype=float)
    made = -power * jnp.log(jnp.asarray(control, dtype=float))[:, None]
    bought = -power * jnp.log(jnp.asarray(contract, dtype=float))[:, None]
    total = jnp.logaddexp(made, bought)
    inner = jnp.arange(power.shape[0]) < power.shape[0] - 1
    factor = jnp.exp(-(total - np.log(2.0 / draws)) / power)
    return Modes(jnp.where(inner, factor, 1.0), jnp.where(inner, jnp.exp(made - total), 0.0))


def contract_cost(level: Any, institutions: Any, density: Any, elasticity: Any) -> Array:
    """``m_O = 1 + level (1 - institutions) density^-elasticity``, by place."""
    density = jnp.asarray(density, dtype=float)
    return 1.0 + level * (1.0 - jnp.asarray(institutions, dtype=float)) * density**-elasticity


def quadrants(
    chain: Chain, found: Trace, in_house: Any, home: int, buyer: int
) -> dict[str, Float[Array, ""]]:
    """Shares of a buyer's spending by place and boundary of the blocks before the last.

        weights own_n beta_n pi_n(i | j), n < K;   they add up to 1 - own_K without tariffs

    Args:
        chain, found: the chain, traced with the cost factors of :func:`modes` on its links.
        in_house: ``[place, block]`` share in-house.
        home, buyer: number of the place of headquarters, and of the buyer.

    Source: Kimura and Ando (2005), fragmentation in two dimensions.
    """
    in_house = jnp.asarray(in_house, dtype=float)
    check_shape("in_house", in_house, found.value_added.shape[:2])
    value = found.value_added[:, :-1, buyer]
    inside = value * in_house[:, :-1]
    bought = value - inside
    return {
        "home, in-house": jnp.sum(inside[home]),
        "home, arm's length": jnp.sum(bought[home]),
        "abroad, in-house": jnp.sum(inside) - jnp.sum(inside[home]),
        "abroad, arm's length": jnp.sum(bought) - jnp.sum(bought[home]),
    }


class MakeOrBuy(Part):
    """At every link between blocks, parts are made in-house or bought, whichever draw is cheaper.

        m_V[i] = exp(governance distance[i])                       control from headquarters
        m_O[i] = 1 + contract (1 - institutions[i]) density[i]^-eta  contracts; thick markets help
        tau_n[i, k] <- tau_n[i, k] ((m_V^-e + m_O^-e) / 2)^(-1/e)     link after block n < K

    ``density`` are workers in blocks of a place over the average of places. The wedges burn
    resources. Needs an economy with chains. Equal modes of no cost leave the economy as it is.
    """

    label: ClassVar[str] = "boundary"
    lever: ClassVar[str] = "contract"
    source: ClassVar[str] = "Grossman and Helpman (2002, 2005); Kimura and Ando (2005)"

    governance: Array = parameter(0.0, "log cost of control per unit of distance", low=0.0)
    distance: Array = parameter(0.0, "distance from headquarters", low=0.0, axes=("place",))
    contract: Array = parameter(0.0, "cost of contracts without institutions", low=0.0)
    institutions: Array = parameter(
        0.0, "quality of institutions", low=0.0, high=1.0, axes=("place",)
    )
    eta: Array = parameter(0.0, "elasticity of contract cost to the density of suppliers", low=0.0)

    def check(self, model: Any) -> None:
        """Only a general economy with a chain of two blocks or more has such links."""
        if not any(len(chain) > 1 for chain in blocks_of(model)):
            raise InvalidParameterError(
                f"part 'boundary' is not allowed: {type(model).__name__} has no chain of two "
                "blocks or more"
            )

    def by_block(self, scene: Scene) -> list[tuple[np.ndarray, Modes]]:
        """Modes at the links of every chain, with the sectors of its blocks."""
        base = scene.model
        places = len(base.places)
        control = jnp.exp(self.governance * jnp.broadcast_to(self.distance, (places,)))
        people = base.cells.by_sector(scene.x)
        found = []
        for chain in base.chains.blocks:
            where = np.asarray(chain)
            makers = jnp.sum(people[:, where], axis=1)
            density = makers / jnp.mean(makers)
            density = jnp.where(density > 0, density, 1e-6)
            contract = contract_cost(self.contract, self.institutions, density, self.eta)
            power = elasticities(base.own_share[where], base.theta[where], base.chains.draws)
            found.append((where, modes(power, control, contract)))
        return found

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Dearer links after the blocks before the last."""
        places, sectors = scene.model.shape
        barrier = jnp.zeros((places, places, sectors))
        for where, found in self.by_block(scene):
            barrier = barrier.at[..., where].set(jnp.log(found.link)[:, None, :])
        return {"barrier": barrier}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Share made in-house by place and sector, zero where no choice is; the four quadrants.

        Quadrants are shares of what blocks before the last earn in the world. At home are the
        places at no distance from headquarters.
        """
        share = jnp.zeros(scene.model.shape)
        revenue = scene.model.flows(scene.prices, scene.x).revenue
        home = (jnp.broadcast_to(self.distance, (scene.places,)) == 0)[:, None]
        value = {name: jnp.zeros(()) for name in QUADRANTS}
        for where, found in self.by_block(scene):
            share = share.at[:, where].set(found.in_house)
            earned, inside = revenue[:, where[:-1]], found.in_house[:, :-1]
            made, bought = earned * inside, earned * (1.0 - inside)
            by = (made * home, bought * home, made * ~home, bought * ~home)
            value = {name: value[name] + jnp.sum(v) for name, v in zip(QUADRANTS, by, strict=True)}
        total = sum(value.values())
        quadrant = {n: v / jnp.where(total > 0, total, 1.0) for n, v in value.items()}
        return {"in_house": share} | quadrant
