"""Set-up costs of cuts in an economy: the larger a firm, the further it fragments its chain."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import parameter
from neg.economy.scene import Scene
from neg.menus import Choice, Menu, break_even
from neg.production.cutting import Cutting


class Chosen(NamedTuple):
    """What firms of each place and sector choose; modes are numbers of cuts after staying out."""

    profit: Float[Array, "place sector"]  # b, and what it would be without set-up costs
    free: Float[Array, "place sector"]
    choice: Choice


class SetUp(Cutting):
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

    reference: Float[Array, " place"] | None = parameter(
        None, "profit b at which nothing is added", low=0.0, low_open=True, axes=("place",)
    )

    def _chosen(self, scene: Scene) -> Chosen:
        """Profit at free entry, and who cuts how often."""
        model = scene.model
        slope = jnp.exp(self._penalty(scene, self._share(model)))
        fixed, set_up = (self._at(model, v)[..., None] for v in (self.fixed, self.set_up))
        cost = fixed + set_up * jnp.arange(self._modes(model))
        # The same without set-up costs: of equal lines the first is taken.
        both = jnp.stack([slope, jnp.ones_like(slope)]), jnp.stack([cost, cost])
        entry = jnp.broadcast_to(self._at(model, self.entry), (2, *model.shape))
        profit, free = break_even(*both, self.size, entry)
        return Chosen(profit, free, Menu(profit[..., None] * slope, cost).choose(self.size))

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
        bundle = jnp.exp(self._input_prices(scene, made)[0])
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
