"""What parts have in common whose firms choose how often to cut the chain that they buy from."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.parameters import parameter
from neg.economy.general.chained import blocks_of
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene
from neg.menus import Pareto, Productivity
from neg.menus.given import law_of_size, sector_names

_FAR = 60.0
"""Largest log saving that counts: nobody does without what is that much cheaper."""


class Cutting(Part):
    """Sectors of firms with free entry that buy the good of one chain, cut q = 0 ... K - 1 times.

        P_h(q)^-theta_c = sum over paths with at most q cuts of prod node link    (draws "chain")
        saving(q) = log P_h(q) - log P_h(K-1)                                     an unknown

    Subclasses say what lines of profit there are at these savings. ``sectors`` are those whose
    firms choose; left out, all that buy from a chain and are no blocks.
    """

    says: ClassVar[frozenset[str]] = frozenset({"how firms cut chains"})

    set_up: Float[Array, " place"] = parameter(
        1.0, "set-up cost of each cut", low=0.0, axes=("place",), unit="bundles of own inputs"
    )
    fixed: Float[Array, " place"] = parameter(
        1.0, "fixed cost of a firm", low=0.0, axes=("place",), unit="bundles of own inputs"
    )
    entry: Float[Array, " place"] = parameter(
        0.5,
        "cost of entry",
        low=0.0,
        low_open=True,
        axes=("place",),
        unit="bundles of own inputs",
    )
    size: Productivity = eqx.field(default=Pareto(1.5), converter=law_of_size)
    sectors: tuple[str, ...] | None = eqx.field(default=None, static=True, converter=sector_names)

    # Where it works --------------------------------------------------------------------------

    def check(self, model: Model) -> None:
        """A general economy with chains, and sectors with free entry that buy from one of them."""
        seen: Any = model
        if not any(len(chain) > 1 for chain in blocks_of(model)):
            raise InvalidParameterError(
                f"part {self.label!r} is not allowed: {type(model).__name__} has no chain of two "
                "blocks or more"
            )
        if seen.chains.draws != "chain":
            raise InvalidParameterError(
                f"draws = {seen.chains.draws!r} is not allowed under part {self.label!r}; must be "
                "'chain': only there a firm chooses the chain as a whole"
            )
        for name in self.sectors or ():
            if name not in seen.sectors:
                raise unknown_name(f"sector of {self.label}", name, seen.sectors)
        lead = self._mask(seen)
        inside = seen.chains.mask(len(seen.sectors)) & np.isin(seen.sectors, self.sectors or ())
        if inside.any():
            raise InvalidParameterError(
                f"{seen.sectors[int(np.flatnonzero(inside)[0])]!r} is a block of a chain; must be "
                "a sector that buys the good of a chain"
            )
        technology, market = seen.technology, seen.market
        if not is_concrete((technology.input_share, market.alpha, market.theta)):
            return
        bought = np.asarray(technology.input_share)[:, self._last(seen)]  # [place, chain, sector]
        for s in np.flatnonzero(lead):
            self._check_sector(seen, int(s), bought[:, :, s])

    def _check_sector(self, model: Any, s: int, bought: np.ndarray) -> None:
        name, alpha = model.sectors[s], float(np.asarray(model.market.alpha)[s])
        used = (bought > 0).any(axis=0)
        if used.sum() != 1:
            raise InvalidParameterError(
                f"{name!r} buys from {int(used.sum())} chains; a sector of part {self.label!r} "
                "must buy the good of one chain of two blocks or more: name the sectors that do"
            )
        if alpha != 1.0:
            raise InvalidParameterError(
                f"alpha = {alpha:g} of {name!r} is not allowed under part {self.label!r}; must be "
                "1 (free entry): name the sectors where it is"
            )
        theta = float(np.asarray(model.market.theta)[s])
        kept = 1.0 - np.asarray(model.technology.tax_share)[:, s]
        most = theta / (theta + 1.0)
        share = (bought[:, used][:, 0] / kept).max()
        if share > most + 1e-12:
            raise InvalidParameterError(
                f"input_share = {share:g} of the chain in {name!r} is not allowed; must be at most "
                f"(sigma - 1) / sigma = {most:g}: the rest pays for fixed costs"
            )

    def _mask(self, model: Any) -> np.ndarray:
        """Which sectors' firms choose."""
        same = np.asarray(model.technology.homogeneous)
        outside = ~same & ~model.chains.mask(len(model.sectors))
        if self.sectors is not None:
            return outside & np.isin(model.sectors, self.sectors)
        share = model.technology.input_share
        if not is_concrete(share):
            return outside
        return outside & (np.asarray(share)[:, self._last(model)] > 0).any(axis=(0, 1))

    @staticmethod
    def _last(model: Any) -> np.ndarray:
        """Last blocks of all chains that can be cut."""
        return np.array([chain[-1] for chain in model.chains.blocks if len(chain) > 1])

    @staticmethod
    def _modes(model: Any) -> int:
        return max(len(chain) for chain in model.chains.blocks)

    def enters(self, model: Any) -> tuple[str, ...]:
        """Sectors whose firms choose."""
        return tuple(np.array(model.sectors)[self._mask(model)].tolist())

    # What firms choose -----------------------------------------------------------------------

    def _share(self, model: Any) -> Float[Array, "place chain sector"]:
        """Share of the good of each chain in what is left of revenue after production taxes."""
        technology = model.technology
        return technology.input_share[:, self._last(model)] / (1.0 - technology.tax_share)[:, None]

    def _input_prices(self, scene: Scene, lead: Array) -> tuple[Array, Array]:
        """Log prices of own inputs and of the chain's good, by place and sector.

        Own inputs are what is left of unit cost; where no firm chooses (``lead``), numbers of no
        meaning that are finite.
        """
        model, share = scene.model, self._share(scene.model)
        index = model.flows(scene.prices, scene.x).log_index[:, self._last(model), 0]
        paid = jnp.einsum("jc,jcs->js", index, share)
        whole = jnp.where(lead, jnp.sum(share, axis=1), 0.0)
        own = (scene.prices["cost"] - paid) / (1.0 - whole)
        return own, paid / jnp.where(lead, whole, 1.0)

    def _sigma(self, model: Any) -> Float[Array, " sector"]:
        return model.market.theta + 1.0

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Log of what a chain with at most q cuts costs over the best, by place and chain."""
        model = scene.model
        shape = (*model.shape, self._modes(model))
        bent = model.bend({"cuts": jnp.zeros(shape).at[..., -1].set(1.0)})
        seen = bent.flows(bent.initial_prices(scene.x), scene.x)
        return {"saving": self._savings(model, seen)}

    def _penalty(self, scene: Scene, share: Array) -> Float[Array, "place sector cut"]:
        """Log of operating profit with at most q cuts, over that with any."""
        # Savings are never negative; on the way to a solution they may be guessed so.
        guess = jnp.clip(scene.own(self, "saving"), -1.0, _FAR)
        saving = jnp.concatenate([guess, jnp.zeros((*guess.shape[:2], 1))], axis=2)
        sigma = self._sigma(scene.model)[:, None]
        return -sigma * jnp.einsum("jcs,jcq->jsq", share, saving)

    def _at(self, model: Any, value: Any) -> Float[Array, "place sector"]:
        """A number of each place, for every sector."""
        places, sectors = model.shape
        value = jnp.broadcast_to(value, (places,))[:, None]
        return jnp.broadcast_to(value, (places, sectors))

    def _savings(self, model: Any, seen: Any) -> Float[Array, "place chain cut"]:
        found = []
        for chain in model.chains.blocks:
            if len(chain) > 1:
                price = seen.by_cuts[:, chain[-1]]
                best = price[:, len(chain) - 1]
                more = jnp.clip(price - best[:, None], 0.0, _FAR)
                late = jnp.arange(price.shape[1]) >= len(chain)
                found.append(jnp.where(late, 0.0, more)[:, :-1])
        return jnp.stack(found, axis=1)

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Savings are what they were taken to be."""
        seen = scene.model.flows(scene.prices, scene.x)
        return {"saving": self._savings(scene.model, seen) - scene.own(self, "saving")}
