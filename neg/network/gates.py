"""A network under an economy of larger places: trade starts and ends at their gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError, unknown_name
from neg.economy.model import Model
from neg.economy.scene import Scene
from neg.network.carriage import Carriage
from neg.network.terms import own_terms
from neg.network.transport import Network


class Gates(Carriage):
    """Goods travel between places of a network that lie in the places of the economy.

        log tau_ij = sum_kl weight_ik weight_jl g_kl        g_kl: log cost from gate k to gate l

    the mean log cost of routes, by the share of a place's trade that each of its gates handles.
    Places of the economy without a gate, and sales at home, keep their costs. Everything moves by
    the Levers of :class:`Carriage`. Congestion is left out: traffic between the other places is
    not on the network. Build it with :meth:`through`.
    """

    gates: tuple[tuple[str, str, float], ...] = eqx.field(static=True, default=())

    @classmethod
    def through(
        cls, network: Network, gates: Mapping[str, Mapping[str, float]], **given: Any
    ) -> Gates:
        """The part for a network; ``gates`` holds, by place of the economy, weights by node.

        >>> from neg.network import Gates, network
        >>> net = network(["Bangkok", "Hanoi"], [("Bangkok", "Hanoi", "road", 1500)])
        >>> part = Gates.through(net, {"THA": {"Bangkok": 1.0}, "VNM": {"Hanoi": 1.0}})
        >>> part.gates
        (('THA', 'Bangkok', 1.0), ('VNM', 'Hanoi', 1.0))
        """
        listed = tuple(
            (place, node, float(weight))
            for place, weights in gates.items()
            for node, weight in weights.items()
        )
        network.index([node for _, node, _ in listed])
        sums: dict[str, float] = {}
        for place, _, weight in listed:
            sums[place] = sums.get(place, 0.0) + weight
        for place, total in sums.items():
            if abs(total - 1.0) > 1e-9 or min(w for p, _, w in listed if p == place) < 0:
                raise InvalidParameterError(
                    f"weights of the gates of {place!r} add up to {total:g}; must be shares that "
                    "add up to 1"
                )
        return cls(network=network, gates=listed, **(own_terms(network) | given))

    @property
    def _nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(node for _, node, _ in self.gates))

    def _places(self, model: Any) -> np.ndarray:
        return self.network.index(self._nodes)

    def _weights(self, scene: Scene) -> Float[np.ndarray, "place node"]:
        names, nodes = scene.model.place_names, self._nodes
        found = np.zeros((len(names), len(nodes)))
        for place, node, weight in self.gates:
            found[names.index(place), nodes.index(node)] += weight
        return found

    def check(self, model: Model) -> None:
        """Raise a named error for gates of places that are not there, or that no route joins."""
        for place, _, _ in self.gates:
            if place not in model.place_names:
                raise unknown_name("place with a gate", place, model.place_names)
        if self.crowding.congested == "yes":
            raise InvalidParameterError(
                "crowding.congested = 'yes' is not allowed where only some places are on the "
                "network; must be 'no'"
            )
        self._check_given(model)
        if is_concrete([*self._costs(), self.shipment, self.daily, self.theta]):
            self._check_routes(self._nodes)

    def _mean(self, scene: Scene, values: Array, lead: int = 0) -> Array:
        """From pairs of gates to pairs of places; ``lead`` axes come before them."""
        weights = jnp.asarray(self._weights(scene))
        letters = "ab"[:lead]
        spread = jnp.einsum(f"ik,{letters}kl...,jl->{letters}ij...", weights, values, weights)
        abroad = 1.0 - jnp.eye(weights.shape[0])
        more = values.ndim - lead - 2
        return spread * abroad.reshape(abroad.shape + (1,) * more)

    def log_factor(self, scene: Scene) -> Float[Array, "origin destination *sector"]:
        """Log of trade costs between places, by sector where shipments differ."""
        return self._mean(scene, super().log_factor(scene))

    def _by_layer(self, scene: Scene) -> Array:
        return self._mean(scene, super()._by_layer(scene), lead=1)

    def transit(self, scene: Scene) -> Array:
        """Hours between places, on average over their gates."""
        return self._mean(scene, super().transit(scene))
