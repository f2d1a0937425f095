"""Forces that hold industry back where it crowds; any model takes them on (see ``congested``).

Competition among firms through the price index is no block: it is part of every model already.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.logs import log_mass
from neg.economy.model import Groups, Parametric, parameter


class Scene(NamedTuple):
    """What a block sees: who is where, and how far places lie apart (None without geography)."""

    x: Float[Array, " cell"]
    groups: Groups
    cell_places: np.ndarray
    distance: Float[Array, "origin destination"] | None

    @property
    def mass(self) -> Float[Array, " place"]:
        """Mobile units that crowd each place."""
        crowd = self.cell_places >= 0
        places = int(self.cell_places.max()) + 1
        return jnp.zeros(places).at[self.cell_places[crowd]].add(self.x[np.flatnonzero(crowd)])

    def at_cells(self, value: Float[Array, " place"]) -> Float[Array, " cell"]:
        """A value of each place, given to the cells that crowd it; zero for the others."""
        return jnp.where(self.cell_places >= 0, value[self.cell_places], 0.0)


class Block(Parametric):
    """One force: what it takes from payoffs, how much longer it makes trips, what it reports.

    ``label`` names the block's parameters from outside, as in ``land.supply``; ``lever`` is the
    parameter that policy moves.
    """

    label: ClassVar[str] = ""
    lever: ClassVar[str] = ""
    source: ClassVar[str] = ""
    registry: ClassVar[dict[str, type[Block]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("label"):
            Block.registry[cls.label] = cls

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """What the block adds to the payoff of each cell."""
        return jnp.zeros_like(scene.x)

    def delay(self, scene: Scene) -> Float[Array, "origin destination"] | None:
        """Factor by which trips take longer; None where the block leaves trips alone."""
        return None

    def quantities(self, scene: Scene) -> dict[str, Array]:
        """What the block reports, by name."""
        return {}


class Land(Block):
    """Land or housing: mobile people spend the share ``h`` on it, in fixed or elastic supply.

        r_i = farm_rent + x_i / supply,   payoff - h / (1 - h) log r_i

    Urban land is won from farms: none at farm rent, at most ``supply`` per place as rent rises
    without bound; farm rent zero is Helpman's fixed stock. Rents stay with the people of the
    place, so demand for goods does not change; the payoff is log utility over ``1 - h``.

    Leaves out: what the farms lose, and owners elsewhere.
    """

    label: ClassVar[str] = "land"
    lever: ClassVar[str] = "supply"
    source: ClassVar[str] = "Helpman 1998; Redding and Sturm 2008"

    h: Float[Array, ""] = parameter(
        0.1, "expenditure share of land", low=0.0, high=1.0, high_open=True
    )
    supply: Float[Array, ""] = parameter(
        1.0, "land of each place, per unit of people", low=0.0, low_open=True
    )
    farm_rent: Float[Array, ""] = parameter(1.0, "rent at the edge of the city", low=0.0)

    def rent(self, scene: Scene) -> Float[Array, " place"]:
        """Rent of land in each place."""
        return self.farm_rent + scene.mass / self.supply

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the log cost of land."""
        return scene.at_cells(-self.h / (1.0 - self.h) * log_mass(self.rent(scene)))

    def quantities(self, scene: Scene) -> dict[str, Array]:
        """Rent of land in each place."""
        return {"rent": self.rent(scene)}


class Wages(Block):
    """Local labour: the more industry a place has, the dearer the labour that it hires there.

        log premium_i = omega log(1 + x_i / pool),   payoff - log premium_i

    ``pool`` is the labour that a place releases at its first wage; training and open labour
    markets widen it.

    Leaves out: what the local labour earns, and does with it.
    """

    label: ClassVar[str] = "wages"
    lever: ClassVar[str] = "pool"
    source: ClassVar[str] = "Upward-sloping labour supply to industry, as in Puga 1999"

    omega: Float[Array, ""] = parameter(0.1, "elasticity of local labour cost", low=0.0)
    pool: Float[Array, ""] = parameter(1.0, "labour at hand in each place", low=0.0, low_open=True)

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the log premium."""
        return scene.at_cells(-self.omega * jnp.log1p(scene.mass / self.pool))

    def quantities(self, scene: Scene) -> dict[str, Array]:
        """Premium over the first wage in each place."""
        return {"premium": (1.0 + scene.mass / self.pool) ** self.omega}


class Density(Block):
    """Everything else that density spoils: ``payoff - delta log((residents + x_i) / area)``.

    Leaves out: what it is that crowds; an area that is the same everywhere moves no location.
    """

    label: ClassVar[str] = "density"
    lever: ClassVar[str] = "area"
    source: ClassVar[str] = "Allen and Arkolakis 2014, with beta < 0"

    delta: Float[Array, ""] = parameter(0.1, "elasticity of the loss to density", low=0.0)
    residents: Float[Array, ""] = parameter(0.5, "people who stay, in each place", low=0.0)
    area: Float[Array, ""] = parameter(1.0, "area of each place", low=0.0, low_open=True)

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the loss."""
        log_density = log_mass(self.residents + scene.mass) - jnp.log(self.area)
        return scene.at_cells(-self.delta * log_density)

    def quantities(self, scene: Scene) -> dict[str, Array]:
        """Density of each place."""
        return {"density": (self.residents + scene.mass) / self.area}


class Traffic(Block):
    """Congested links: trips take longer where industry at their two ends is large.

        distance_ij (1 + slope (v_ij / capacity)^power),   v_ij = (x_i + x_j) / 2

    The volume-delay function of the US Bureau of Public Roads (1964), whose usual values are
    slope 0.15 and power 4. The cost of trade rises through distance, iceberg or additive.

    Leaves out: choice among routes, and volumes other than industry at the ends.
    """

    label: ClassVar[str] = "traffic"
    lever: ClassVar[str] = "capacity"
    source: ClassVar[str] = "Bureau of Public Roads 1964"

    slope: Float[Array, ""] = parameter(0.15, "delay at capacity, over the free trip", low=0.0)
    power: Float[Array, ""] = parameter(4.0, "how sharply delay sets in", low=1.0)
    capacity: Float[Array, ""] = parameter(
        0.5, "industry at the ends that a link carries", low=0.0, low_open=True
    )

    def delay(self, scene: Scene) -> Float[Array, "origin destination"]:
        """Factor by which trips take longer."""
        mass = scene.mass
        load = log_mass((mass[:, None] + mass[None, :]) / 2.0) - jnp.log(self.capacity)
        return 1.0 + self.slope * jnp.exp(self.power * load)

    def quantities(self, scene: Scene) -> dict[str, Array]:
        """Factor by which trips take longer, for each pair."""
        return {"delay": self.delay(scene)}


class Pollution(Block):
    """Emissions of industry that hurt where they are made and, with distance, elsewhere.

        c_i = (1 - abatement) sum_j reach^distance_ij x_j
        payoff - damage c_i - cost abatement^2 / 2

    Leaves out: dynamics of the stock, and output lost to abatement other than its cost.
    """

    label: ClassVar[str] = "pollution"
    lever: ClassVar[str] = "abatement"
    source: ClassVar[str] = (
        "Lange and Quaas 2007, B.E. Journal of Economic Analysis and Policy 7(1)"
    )

    damage: Float[Array, ""] = parameter(0.1, "loss per unit of concentration", low=0.0)
    abatement: Float[Array, ""] = parameter(0.0, "share of emissions avoided", low=0.0, high=1.0)
    cost: Float[Array, ""] = parameter(0.0, "cost of avoiding emissions", low=0.0)
    reach: Float[Array, ""] = parameter(
        0.0, "share of emissions that arrives one step away", low=0.0, high=1.0
    )

    def concentration(self, scene: Scene) -> Float[Array, " place"]:
        """Concentration in each place."""
        emissions = (1.0 - self.abatement) * scene.mass
        if scene.distance is None:
            return emissions
        decay = jnp.exp(scene.distance * log_mass(self.reach))
        return emissions @ jnp.where(scene.distance == 0, 1.0, decay)

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """Minus the damage and the cost of abatement."""
        loss = self.damage * self.concentration(scene) + self.cost * self.abatement**2 / 2.0
        return scene.at_cells(-loss)

    def quantities(self, scene: Scene) -> dict[str, Array]:
        """Concentration in each place."""
        return {"concentration": self.concentration(scene)}


class Tastes(Block):
    """People differ in which cell they like: ``payoff - kappa log(x_c / mass)``.

    Equal payoffs then say ``x_c / mass = exp(V_c / kappa) / sum exp(V / kappa)`` over the cells of
    the group: the logit equilibrium. No cell is ever empty.

    Leaves out: tastes that are correlated between cells.
    """

    label: ClassVar[str] = "tastes"
    lever: ClassVar[str] = "kappa"
    source: ClassVar[str] = "Tabuchi and Thisse 2002, Journal of Development Economics 69(1)"

    kappa: Float[Array, ""] = parameter(0.05, "spread of tastes, in units of payoff", low=0.0)

    def payoff(self, scene: Scene) -> Float[Array, " cell"]:
        """What the last one to come thinks of the cell."""
        return -self.kappa * log_mass(scene.x / scene.groups.cell_mass)
