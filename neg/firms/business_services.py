"""Business services: what a budget spends makes the firms of a place more productive."""

from __future__ import annotations

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.parameters import parameter
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene
from neg.menus.given import sector_names


class BusinessServices(Part):
    """The budget of a place pays for design, testing, accounting, advice, which firms use.

        log efficiency_is = gain (1 - 2^(-support_i / halves))      in the chosen sectors

    ``support`` is money of the budget, spent on the basket of the people of the place, out of their
    income (:meth:`neg.economy.part.Part.outlay`). With the sectors of services chosen, it is
    what they cost to those who buy them as inputs; with the others, what firms make of them.

    Source: the form, with falling returns and at most ``gain``, is an assumption; services as
    inputs: Francois (1990), Canadian Journal of Economics 23(3). Leaves out: who gets them.
    Raises :class:`neg.core.errors.InvalidParameterError` on a model without incomes that pay,
    :class:`neg.core.errors.UnknownNameError` for sectors that are not there.
    """

    label: ClassVar[str] = "business_services"
    lever: ClassVar[str] = "support"
    source: ClassVar[str] = "Francois 1990"

    support: Float[Array, " place"] = parameter(
        0.0, "budget of business services", low=0.0, axes=("place",), unit="money / year"
    )
    gain: Float[Array, ""] = parameter(
        0.1, "largest rise of log productivity", low=0.0, unit="log points"
    )
    halves: Float[Array, ""] = parameter(
        0.02,
        "budget at which half of the gain is reached",
        low=0.0,
        low_open=True,
        unit="money / year",
    )
    sectors: tuple[str, ...] | None = eqx.field(default=None, static=True, converter=sector_names)

    def check(self, model: Model) -> None:
        """A budget needs incomes that pay it."""
        if not hasattr(model, "flows"):
            raise InvalidParameterError(
                f"part 'business_services' is not allowed on a {type(model).__name__}; must be on "
                "a general economy, where income pays for it"
            )
        for name in self.sectors or ():
            if name not in model.labels["sector"]:
                raise unknown_name("sector of business services", name, model.labels["sector"])

    def _rise(self, scene: Scene) -> Float[Array, " place"]:
        spent = jnp.broadcast_to(self.support, (scene.places,))
        return -self.gain * jnp.expm1(-jnp.log(2.0) * spent / self.halves)

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Log efficiency of the firms."""
        names = scene.model.labels["sector"]
        chosen = np.isin(names, self.sectors or names)
        return {"productivity": self._rise(scene)[:, None] * chosen}

    def outlay(self, scene: Scene) -> Float[Array, " place"]:
        """What the budget spends."""
        return jnp.broadcast_to(self.support, (scene.places,))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """The budget, and how much more productive firms are."""
        return {"budget": self.outlay(scene), "rise": self._rise(scene)}
