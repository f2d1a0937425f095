"""Ways into foreign markets as a stock in time: stages, contacts, or born global."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.core.parameters import option, parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene
from neg.firms.processes import BornGlobal, Contacts, Stages


class WaysIn(Part):
    """How many foreign markets the firms of a place have found, in time.

        reach_i' given by the process;   barrier_ij = - weight log(reach_i / reference),  i != j

    ``stages``: firms by number of markets climb a ladder (:class:`Stages`); ``contacts``: partners
    are found through partners, ``reach' = direct + through reach - exit reach``
    (:class:`Contacts`); ``born global``: a share of each generation, ``reach' = exit (markets
    share - reach)`` (:class:`BornGlobal`). Reach is in markets per firm. Sales of an origin abroad
    go with the number of its firms that serve a market, so that ``weight = 1 / theta`` is the
    mass of firms in place of the cut-off; ``weight = 0`` switches the part off. ``lift``
    multiplies tries, what comes of fairs and matching, or (born global) divides the cost of a
    market. What policy pays for that is ``fairs``, money of the budget of the place, spent on the
    basket of its people (a general economy; ``budget`` reports it):

        lift in all = lift_i 2^(fairs_i / doubles)

    Source: as the processes; the form in which money lifts is an assumption. Leaves out: which
    market is served first.
    """

    label: ClassVar[str] = "ways_in"
    lever: ClassVar[str] = "lift"
    source: ClassVar[str] = "Johanson and Vahlne 1977; Chaney 2014; Oviatt and McDougall 1994"

    weight: Float[Array, ""] = parameter(0.2, "elasticity of delivered cost to reach", low=0.0)
    reference: Float[Array, ""] = parameter(
        1.0, "reach at which nothing is added", low=0.0, low_open=True, unit="markets per firm"
    )
    lift: Float[Array, " place"] = parameter(
        1.0, "support of search", low=0.0, low_open=True, axes=("place",)
    )
    fairs: Float[Array, " place"] | None = parameter(
        None,
        "budget of fairs and matching",
        low=0.0,
        axes=("place",),
        unit="money / year",
        neutral=0.0,
    )
    doubles: Float[Array, ""] = parameter(
        0.01,
        "budget at which fairs double the lift",
        low=0.0,
        low_open=True,
        unit="money / year",
    )
    process: str = option("contacts", "way in", ("stages", "contacts", "born global"))
    stages: Stages = Stages()
    contacts: Contacts = Contacts()
    born: BornGlobal = BornGlobal()

    def check(self, model: Model) -> None:
        """A budget needs incomes that pay it."""
        if self.fairs is not None and not hasattr(model, "flows"):
            raise InvalidParameterError(
                f"fairs is not allowed on a {type(model).__name__}; must be left out, or on a "
                "general economy, where income pays for it"
            )

    def _lift(self, scene: Scene) -> Float[Array, " place"]:
        more = 1.0 if self.fairs is None else jnp.exp2(self.fairs / self.doubles)
        return jnp.broadcast_to(self.lift * more, (scene.places,))

    def _rates(self, scene: Scene) -> tuple[Array, Array]:
        """Upward rates of the ladder ``[place, rung]`` and the exit rate."""
        up = jnp.append(self.stages.attempts * self.stages.success(), 0.0)
        return self._lift(scene)[:, None] * up, self.stages.exit

    def stocks(self, scene: Scene) -> dict[str, Array]:
        """Log of firms by number of markets (stages), or of reach, at rest."""
        if self.process == "stages":
            up, leave = self._rates(scene)
            first = jnp.broadcast_to(leave, (scene.places, 1))
            climb = jnp.concatenate([first, up[:, :-1]], axis=1) / (up + leave)
            return {"firms": jnp.cumsum(jnp.log(climb), axis=1)}
        return {"reach": jnp.log(self._rest(scene))}

    def _rest(self, scene: Scene) -> Float[Array, " place"]:
        if self.process == "contacts":
            return self._lift(scene) * self.contacts.mean()
        cheaper = self.born.f0 / self._lift(scene)
        share = jnp.stack([_share(self.born, f0) for f0 in cheaper])
        return self.born.markets * share

    def drift(self, scene: Scene) -> dict[str, Array]:
        """Growth rates of the stock."""
        if self.process == "stages":
            up, leave = self._rates(scene)
            mass = jnp.exp(scene.own(self, "firms"))
            first = jnp.broadcast_to(leave, (scene.places, 1))
            arrive = jnp.concatenate([first, (up * mass)[:, :-1]], axis=1)
            return {"firms": arrive / mass - up - leave}
        reach = jnp.exp(scene.own(self, "reach"))
        if self.process == "contacts":
            found = self._lift(scene) * self.contacts.direct / reach
            return {"reach": found + self.contacts.through - self.contacts.exit}
        return {"reach": self.born.exit * (self._rest(scene) / reach - 1.0)}

    def reach(self, scene: Scene) -> Float[Array, " place"]:
        """Markets per firm."""
        if self.process != "stages":
            return jnp.exp(scene.own(self, "reach"))
        mass = jnp.exp(scene.own(self, "firms"))
        return mass @ jnp.arange(mass.shape[1]) / jnp.sum(mass, axis=1)

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Deliveries abroad are dearer for those who know few."""
        factor = -self.weight * jnp.log(self.reach(scene) / self.reference)
        return {"barrier": factor[:, None] * (1.0 - jnp.eye(scene.places))}

    def outlay(self, scene: Scene) -> Float[Array, " place"] | None:
        """Fairs and matching."""
        return None if self.fairs is None else jnp.broadcast_to(self.fairs, (scene.places,))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Markets per firm of each place, and what the budget pays."""
        paid = self.outlay(scene)
        return {"reach": self.reach(scene)} | ({} if paid is None else {"budget": paid})


def _share(born: BornGlobal, f0: Array) -> Array:
    return born.with_(f0=f0).share()
