"""The protocol of a layer of trade cost: how much dearer it makes a delivery, and who is paid."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.economy.general.outcomes import granted
from neg.economy.part import Part
from neg.economy.scene import Scene

CHANNELS = {"nobody": "barrier", "destination": "tariff", "origin": "export_tax"}
"""What a layer moves, by who is paid: resources burnt, tariffs, export taxes."""


class Barrier(Part):
    """A layer of trade cost: a part that states its :meth:`ad_valorem` rate.

        log factor_ij = log(1 + rate_ij)   between different places, none at home (unless ``home``)

    ``payee`` says who gets it: ``nobody`` (resources burnt on the way), ``destination`` (a
    tariff) or ``origin`` (an export tax). Layers multiply.
    """

    payee: ClassVar[str] = "nobody"
    home: ClassVar[bool] = False

    def ad_valorem(self, scene: Scene) -> Any:
        """Ad valorem rate: a number, ``[origin, destination]``, or with a last axis of sectors."""
        raise NotImplementedError(f"{type(self).__name__} states no rate")

    def log_factor(self, scene: Scene) -> Float[Array, "origin destination *sector"]:
        """Log of one plus the rate, abroad."""
        factor = jnp.log1p(jnp.asarray(self.ad_valorem(scene)))
        if factor.ndim < 2:
            factor = jnp.broadcast_to(factor, (scene.places, scene.places, *factor.shape))
        if self.home:
            return factor
        abroad = 1.0 - jnp.eye(scene.places)
        return factor * (abroad if factor.ndim == 2 else abroad[..., None])

    def borne(self, scene: Scene) -> Array | None:
        """Log of the part of the factor that the budget of the origin bears; None for none.

        Resources are used as without it; buyers do not pay for them, the income of the origin
        does (``grants`` of a general economy).
        """
        return None

    def effects(self, scene: Scene) -> dict[str, Array]:
        """The log factor, on the channel of who is paid; what a budget bears, as a grant."""
        if self.payee not in CHANNELS:
            raise InvalidParameterError(
                f"payee of {self.label!r} is {self.payee!r}; must be one of {list(CHANNELS)}"
            )
        factor, borne = self.log_factor(scene), self.borne(scene)
        if borne is None:
            return {CHANNELS[self.payee]: factor}
        return {CHANNELS[self.payee]: factor - borne, "grant": borne}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """The factor on deliveries, and what the budget of each place pays for it."""
        factor, borne = self.log_factor(scene), self.borne(scene)
        if borne is None:
            return {"factor": jnp.exp(factor)}
        return {"factor": jnp.exp(factor - borne), "budget": granted(scene, borne)}

    @property
    def words(self) -> str:
        """The layer."""
        return f"{self.label} costs"
