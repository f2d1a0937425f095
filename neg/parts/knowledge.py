"""Knowledge that grows with industry: a stock that moves in time."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import option, parameter
from neg.economy.part import Part
from neg.economy.scene import Scene


class Knowledge(Part):
    """Each place learns by doing and forgets; what it knows makes it a better place to be.

        dk_i / dt = start + learning x_i - forgetting k_i
        payoff + gamma log k_i      (acts = "payoff"),  or efficiency of its producers

    At rest ``k_i = (start + learning x_i) / forgetting``: without ``start`` the long run is that
    of an economy with a local externality of elasticity gamma.

    Source: Romer (1986), Journal of Political Economy 94(5), and Lucas (1988), in the local form
    of Allen and Arkolakis (2014). Leaves out: what places learn from each other.
    """

    label: ClassVar[str] = "knowledge"
    lever: ClassVar[str] = "learning"
    source: ClassVar[str] = "Romer 1986; Lucas 1988"

    gamma: Float[Array, ""] = parameter(0.1, "elasticity of payoffs (or efficiency) to knowledge")
    learning: Float[Array, ""] = parameter(
        1.0, "knowledge that a unit of industry adds in a unit of time", low=0.0, unit="1 / time"
    )
    forgetting: Float[Array, ""] = parameter(
        1.0, "share of knowledge lost in a unit of time", low=0.0, low_open=True, unit="1 / time"
    )
    start: Float[Array, ""] = parameter(
        0.1, "knowledge that comes without industry", low=0.0, unit="1 / time"
    )
    acts: str = option("payoff", "what knowledge raises", ("payoff", "productivity"))

    def _rest(self, scene: Scene) -> Float[Array, " place"]:
        return self.start + self.learning * scene.mass

    def stocks(self, scene: Scene) -> dict[str, Array]:
        """Log knowledge at rest, or almost none where none would be."""
        return {"level": jnp.log(jnp.maximum(self._rest(scene), 1e-12) / self.forgetting)}

    def drift(self, scene: Scene) -> dict[str, Array]:
        """Growth rate of knowledge."""
        level = jnp.exp(scene.own(self, "level"))
        return {"level": jnp.maximum(self._rest(scene), 1e-12) / level - self.forgetting}

    def payoff(self, scene: Scene) -> Float[Array, " cell"] | None:
        """What living where more is known adds."""
        if self.acts != "payoff":
            return None
        return scene.at_cells(self.gamma * scene.own(self, "level"))

    def effects(self, scene: Scene) -> dict[str, Array]:
        """What knowledge adds to efficiency."""
        if self.acts != "productivity":
            return {}
        return {"productivity": (self.gamma * scene.own(self, "level"))[:, None]}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Knowledge of each place."""
        return {"level": jnp.exp(scene.own(self, "level"))}
