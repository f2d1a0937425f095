"""Set-up costs of cuts in an economy: the larger a firm, the further it fragments its chain."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

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
from neg.menus import Choice, Menu, Pareto, Productivity, break_even

_FAR = 60.0
"""Largest log saving that counts: nobody does without what is that much cheaper."""


class Chosen(NamedTuple):
    """What firms of each place and sector choose; modes are numbers of cuts after staying out."""

    profit: Float[Array, "place sector"]  # b, and what it would be without set-up costs
    free: Float[Array, "place sector"]
    choice: Choice


class SetUp(Part):
    """Firms that differ in scale pay a set-up cost for every cut of the chain that they buy from.

    Firms of a sector s in place h, with free entry (``alpha = 1``, ``theta = sigma - 1``), make
    varieties out of own inputs and of the good of a chain of K blocks, of which they spend the
    share g of revenue. Chains with at most q cuts, q = 0 ... K - 1, cost them ``P_h(q)``:

        P_h(q)^-theta_c = sum over paths with at most q cuts of prod node link    (draws "chain")
        profit of q     = b a_q x - fixed - q set_up,   a_q = (P_h(q) / P_h(K-1))^(-sigma g)
        E[max(0, max_q profit of q)] = entry                free entry gives b
        log productivity effect = - log(b / reference) / theta

    x is the scale of a firm (``z^(sigma - 1)``, of law ``size``). All fixed costs are paid in own
    inputs of the sector where the firm is (its headquarters): labour, if it has no others. A cut
    is a link between two places, not counting the way from the last block to the firm; a firm
    with q cuts has up to q + 1 sites of blocks. Sales are sigma times operating profit, so that
    ``sum_q b a_q E[x; q]`` is what entrants pay for entry and all fixed costs: no profits are
    left, and a sector of the general economy with the cost ``own^(1 - g) P^g`` is exactly that.

    Without set-up costs everybody takes any chain: the economy without the part. If they are
    without bound nobody cuts: the economy with an integrated sector in place of the chain.
    ``reference`` is the profit b at which nothing is added to productivity; left out, that of
    firms without set-up costs at the same ``fixed`` and ``entry``, whose own effect on the number
    of varieties is then left out too.

    Other buyers of the chain's good pay no set-up cost. Reports, by place and sector, the shares
    of sales and of firms that fragment, cuts of a firm, the least scale that fragments (0 where
    nobody does), entrants and the share of them that is active, money spent on set-up; and firms
    and sales by number of cuts.

    >>> from neg import compose, general_economy, short_run
    >>> base = general_economy(
    ...     places=["north", "south"], sectors=["parts", "assembly", "goods"],
    ...     theta=[5.0, 5.0, 3.0],
    ...     employment=[[0.1, 0.2, 0.4], [0.3, 0.1, 0.1]], alpha=[0.0, 0.0, 1.0], tau=1.1,
    ...     chains=[("parts", "assembly")], own_share=[1.0, 0.5, 1.0],
    ...     input_share=[[0, 0, 0], [0, 0, 0.75], [0, 0, 0]], final_share=[0, 0, 1.0])
    >>> found = short_run(compose(base, [SetUp(set_up=2.0)])).outcomes
    >>> bool(((found["fragmentation.fragmented"][:, 2] > 0)).all())
    True

    Source: Jones and Kierzkowski (1990); Helpman, Melitz and Yeaple (2004); Antras, Fort and
    Tintelnot (2017). Leaves out: sunk costs; the set of sites as a choice (costs are per cut);
    scale of a firm that saves set-up costs in several chains.
    """

    label: ClassVar[str] = "fragmentation"
    lever: ClassVar[str] = "set_up"
    source: ClassVar[str] = "Jones and Kierzkowski 1990; Antras, Fort and Tintelnot 2017"
    outcome_axes: ClassVar[dict[str, tuple[str, ...]]] = {
        "firms_by_cuts": ("place", "sector", "cut"),
        "sales_by_cuts": ("place", "sector", "cut"),
    }

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
    reference: Float[Array, " place"] | None = parameter(
        None, "profit b at which nothing is added", low=0.0, low_open=True, axes=("place",)
    )
    size: Productivity = Pareto(1.5)
    sectors: tuple[str, ...] | None = eqx.field(default=None, static=True)

    # Where it works --------------------------------------------------------------------------

    def check(self, model: Model) -> None:
        """A general economy with chains, and sectors with free entry that buy from one of them."""
        seen: Any = model
        if not any(len(chain) > 1 for chain in blocks_of(model)):
            raise InvalidParameterError(
                f"part 'fragmentation' is not allowed: {type(model).__name__} has no chain of two "
                "blocks or more"
            )
        if seen.chains.draws != "chain":
            raise InvalidParameterError(
                f"draws = {seen.chains.draws!r} is not allowed under part 'fragmentation'; must be "
                "'chain': only there a firm chooses the chain as a whole"
            )
        for name in self.sectors or ():
            if name not in seen.sectors:
                raise unknown_name("sector of fragmentation", name, seen.sectors)
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
                f"{name!r} buys from {int(used.sum())} chains; a sector of part 'fragmentation' "
                "must buy the good of one chain of two blocks or more: name the sectors that do"
            )
        if alpha != 1.0:
            raise InvalidParameterError(
                f"alpha = {alpha:g} of {name!r} is not allowed under part 'fragmentation'; must be "
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

    # What firms choose -----------------------------------------------------------------------

    def _share(self, model: Any) -> Float[Array, "place chain sector"]:
        """Share of the good of each chain in what is left of revenue after production taxes."""
        technology = model.technology
        return technology.input_share[:, self._last(model)] / (1.0 - technology.tax_share)[:, None]

    def _sigma(self, model: Any) -> Float[Array, " sector"]:
        return model.market.theta + 1.0

    def _chosen(self, scene: Scene) -> Chosen:
        """Profit at free entry, and who cuts how often."""
        model = scene.model
        places, modes = scene.places, self._modes(model)
        # Savings are never negative; on the way to a solution they may be guessed so.
        guess = jnp.clip(scene.own(self, "saving"), -1.0, _FAR)
        saving = jnp.concatenate([guess, jnp.zeros((*guess.shape[:2], 1))], axis=2)
        log_slope = -self._sigma(model)[:, None] * jnp.einsum(
            "jcs,jcq->jsq", self._share(model), saving
        )
        sectors = len(model.sectors)

        def at(value: Any) -> Array:
            return jnp.broadcast_to(jnp.broadcast_to(value, (places,))[:, None], (places, sectors))

        cost = at(self.fixed)[..., None] + at(self.set_up)[..., None] * jnp.arange(modes)
        slope = jnp.exp(log_slope)
        # The same without set-up costs: of equal lines the first is taken.
        both = jnp.stack([slope, jnp.ones_like(slope)]), jnp.stack([cost, cost])
        entry = jnp.broadcast_to(at(self.entry), (2, places, sectors))
        profit, free = break_even(*both, self.size, entry)
        return Chosen(profit, free, Menu(profit[..., None] * slope, cost).choose(self.size))

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Log of what a chain with at most q cuts costs over the best, by place and chain."""
        model = scene.model
        shape = (*model.shape, self._modes(model))
        bent = model.bend({"cuts": jnp.zeros(shape).at[..., -1].set(1.0)})
        seen = bent.flows(bent.initial_prices(scene.x), scene.x)
        return {"saving": self._savings(model, seen)}

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

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Fewer varieties where cuts are paid for; who buys which chains."""
        model, chosen = scene.model, self._chosen(scene)
        lead = jnp.asarray(self._mask(model))
        reference = chosen.free
        if self.reference is not None:
            reference = jnp.broadcast_to(self.reference, (scene.places,))[:, None]
        gain = -jnp.log(chosen.profit / reference) / model.market.theta
        whole = jnp.zeros(self._modes(model)).at[-1].set(1.0)
        cuts = jnp.where(lead[:, None], chosen.choice.sales_share[..., 1:], whole)
        return {"productivity": jnp.where(lead, gain, 0.0), "cuts": cuts}

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """By place and sector: who fragments, how far, from which scale on, at what cost."""
        model, (_, _, choice) = scene.model, self._chosen(scene)
        seen = model.flows(scene.prices, scene.x)
        technology = model.technology
        share = jnp.sum(self._share(model), axis=1)
        made = self._mask(model) & (seen.revenue > 0) & (share > 0)
        cuts = jnp.arange(self._modes(model))
        active, firms, sales = (v[..., 1:] for v in (choice.active, choice.firms, choice.sales))
        mix = choice.sales_share[..., 1:]
        # Own inputs of a sector: what is left of its cost without the chain's good.
        index = jnp.einsum(
            "jc,jcs->js", seen.log_index[:, self._last(model), 0], self._share(model)
        )
        bundle = jnp.exp((scene.prices["cost"] - index) / (1.0 - jnp.where(made, share, 0.0)))
        kept = (1.0 - technology.tax_share) * seen.revenue
        entrants = kept / (self._sigma(model) * bundle * jnp.sum(sales, axis=-1))
        paid = (
            jnp.sum(firms * cuts, axis=-1) * jnp.broadcast_to(self.set_up, (scene.places,))[:, None]
        )
        low = jnp.where((firms > 0) & (cuts > 0), choice.low[..., 1:], jnp.inf)
        least = jnp.min(low, axis=-1)
        found = {
            "fragmented": jnp.sum(mix[..., 1:], axis=-1),
            "fragmenting": jnp.sum(active[..., 1:], axis=-1),
            "cuts": active @ cuts,
            "threshold": jnp.where(jnp.isfinite(least), least, 0.0),
            "entrants": entrants,
            "active": jnp.sum(firms, axis=-1),
            "spent": entrants * bundle * paid,
        }
        found = {name: jnp.where(made, value, 0.0) for name, value in found.items()}
        by_cuts = {"firms_by_cuts": active, "sales_by_cuts": mix}
        return found | {n: jnp.where(made[..., None], v, 0.0) for n, v in by_cuts.items()}

    @property
    def words(self) -> str:
        """What is held fixed."""
        return "set-up costs of cuts and the distribution of the scale of firms"
