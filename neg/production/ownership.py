"""Ownership of suppliers in an economy: bought or owned, and in how many places."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from neg.core.parameters import parameter
from neg.economy.scene import Scene
from neg.menus import Choice, Menu, break_even
from neg.production.cutting import Cutting


class Forms(NamedTuple):
    """Lines of the forms of a firm, ``[place, sector, cut, ownership]``: bought, then owned."""

    profit: Array  # share of revenue that is operating profit, over that of complete contracts
    revenue: Array  # revenue of a firm of scale one, over that of complete contracts and any chain
    bought: Array  # share of revenue spent on the chain's good, over that of complete contracts
    cost: Array  # fixed cost, bundles of own inputs


class Chosen(NamedTuple):
    """What firms of each place and sector choose; modes are forms, row by row, after none."""

    profit: Float[Array, "place sector"]  # b, and what it would be under complete contracts
    free: Float[Array, "place sector"]
    choice: Choice
    forms: Forms


class Ownership(Cutting):
    """Firms buy the good of a chain from suppliers at arm's length, or own them (property rights).

    Firms of a sector with free entry (``alpha = 1``, ``theta = sigma - 1``, ``al = theta / sigma``)
    make varieties out of own inputs (headquarters, share ``eta``) and of the good of a chain. A
    share ``c`` of what either side does is contracted; the rest each side does as its share of
    revenue makes worth while, b to headquarters and ``1 - b`` to suppliers. A side payment leaves
    all profit with headquarters. With ``wh = al eta``, ``wm = al (1 - eta)`` the form k (at most q
    cuts of the chain, bought or owned) has

        S = (1 - (1 - c) (b wh + (1 - b) wm)) / (1 - (1 - c) al)
        revenue        R  = M x [(b^(1-c) S^c)^eta ((1 - b)^(1-c) S^c)^(1-eta)]^(sigma-1)
                            (P(q) / P(K-1))^-(sigma-1)(1-eta)
        profit         (1 - al) S R - fixed - q set_up - owned (q + 1) integration
        spending       wm ((1 - c) (1 - b) + c S) R on the chain's good, the rest on own inputs

    x is the scale of a firm, ``b = keeps`` at arm's length, ``owned`` where suppliers are owned and
    the chain is in one place, ``owned_abroad`` where it is cut. Free entry gives M. At given prices
    these are the forms of :func:`neg.production.property_rights_menu` for ``c = 0``. With complete
    contracts (``c = 1``) ownership changes nothing but fixed costs: the economy is that of
    :class:`neg.production.SetUp`, without set-up costs that of the chain. ``input_share`` of the
    economy is what would be spent under complete contracts; factors earn what is spent. Tasks
    under contract run ahead of the others, out of proportion: real income may fall before it
    rises in c.

    Reports by place and sector the share of sales of firms that own suppliers (``owned``) and of
    those that cut the chain (``fragmented``), the share of firms that own (``owning``), entrants,
    the share of revenue spent on the chain's good (``bought``), and firms and sales by form.

    >>> from neg import compose, general_economy, short_run
    >>> base = general_economy(
    ...     places=["north", "south"], sectors=["parts", "assembly", "goods"],
    ...     theta=[5.0, 5.0, 3.0], productivity=[[1.0] * 3, [2.0, 1.0, 0.5]],
    ...     employment=[[0.1, 0.2, 0.4], [0.3, 0.1, 0.1]], alpha=[0.0, 0.0, 1.0], tau=1.1,
    ...     chains=[("parts", "assembly")], own_share=[1.0, 0.5, 1.0],
    ...     input_share=[[0, 0, 0], [0, 0, 0.2], [0, 0, 0]], final_share=[0, 0, 1.0])
    >>> found = short_run(compose(base, [Ownership(set_up=0.5, integration=0.2)])).outcomes
    >>> bool(((found["ownership.owned"][:, 2] > 0)).all())
    True

    Source: Antras and Helpman (2004), JPE 112(3), and (2008) for contracts in part; Grossman and
    Hart (1986). Leaves out: contracts that differ between the two sides, relational ones, suppliers
    that are owned at some links of a chain only.
    """

    label: ClassVar[str] = "ownership"
    lever: ClassVar[str] = "contracts"
    source: ClassVar[str] = "Antras and Helpman 2004, 2008"
    outcome_axes: ClassVar[dict[str, tuple[str, ...]]] = {
        "firms_by_form": ("place", "sector", "cut", "form"),
        "sales_by_form": ("place", "sector", "cut", "form"),
    }

    keeps: Float[Array, " place"] = parameter(
        0.5,
        "share of revenue left to headquarters at arm's length",
        low=0.0,
        high=1.0,
        low_open=True,
        high_open=True,
        axes=("place",),
    )
    owned: Float[Array, " place"] = parameter(
        0.8,
        "the same where suppliers are owned, in one place",
        low=0.0,
        high=1.0,
        low_open=True,
        high_open=True,
        axes=("place",),
    )
    owned_abroad: Float[Array, " place"] = parameter(
        0.65,
        "the same where suppliers are owned, in several places",
        low=0.0,
        high=1.0,
        low_open=True,
        high_open=True,
        axes=("place",),
    )
    integration: Float[Array, " place"] = parameter(
        0.25,
        "fixed cost of owning suppliers, a site",
        low=0.0,
        axes=("place",),
        unit="bundles of own inputs",
    )
    contracts: Float[Array, " place"] = parameter(
        0.0, "share of what is done that is contracted", low=0.0, high=1.0, axes=("place",)
    )

    # What firms choose -----------------------------------------------------------------------

    def _complete(self, model: Any) -> Float[Array, "place chain sector"]:
        """Shares of chains' goods under complete contracts, also where they are bent already."""
        share = self._share(model)
        bent = model.bent.inputs
        return share if bent is None else share * jnp.exp(-bent[:, self._last(model)])

    def _lead(self, model: Any, share: Array) -> Bool[Array, "place sector"]:
        """Where firms choose: inside compiled code too, only those that buy from a chain."""
        return jnp.asarray(self._mask(model)) & (jnp.sum(share, axis=1) > 0)

    def forms(self, scene: Scene) -> Forms:
        """Lines of profit, revenue and spending of every form."""
        model, share = scene.model, self._complete(scene.model)
        cuts, sigma = self._modes(model), self._sigma(model)
        al = (1.0 - 1.0 / sigma)[:, None, None]
        wm = jnp.where(self._lead(model, share), jnp.sum(share, axis=1), 0.0)[..., None, None]
        wh = al - wm
        keeps, owned, abroad, integration, c, fixed, set_up = (
            self._at(model, value)[..., None, None]
            for value in (
                *(self.keeps, self.owned, self.owned_abroad, self.integration),
                *(self.contracts, self.fixed, self.set_up),
            )
        )
        q, own = jnp.arange(cuts)[:, None], jnp.arange(2)
        b = jnp.where(own == 0, keeps, jnp.where(q == 0, owned, abroad))
        profit = (1.0 - (1.0 - c) * (b * wh + (1.0 - b) * wm)) / (1.0 - (1.0 - c) * al)
        log_s = jnp.log(profit)
        made = (1.0 - c) * jnp.log(b) + c * log_s
        supplied = (1.0 - c) * jnp.log1p(-b) + c * log_s
        # (sigma - 1) eta is wh sigma.
        power = sigma[:, None, None] * (wh * made + wm * supplied)
        revenue = jnp.exp(power + self._penalty(scene, share)[..., None])
        bought = (1.0 - c) * (1.0 - b) + c * profit
        cost = fixed + q * set_up + own * (q + 1) * integration
        return Forms(*(jnp.broadcast_to(v, revenue.shape) for v in (profit, revenue, bought, cost)))

    def _chosen(self, scene: Scene) -> Chosen:
        """Profit at free entry, and who owns suppliers in how many places."""
        model = scene.model
        forms = self.forms(scene)
        flat = Forms(*(v.reshape(*model.shape, -1) for v in forms))
        slope = flat.profit * flat.revenue
        # Complete contracts, any chain, no set-up cost: of equal lines the first is taken.
        both = jnp.stack([slope, jnp.ones_like(slope)]), jnp.stack([flat.cost, flat.cost])
        entry = jnp.broadcast_to(self._at(model, self.entry), (2, *model.shape))
        profit, free = break_even(*both, self.size, entry)
        scale = profit[..., None]
        menu = Menu(scale * slope, flat.cost, sales=scale * flat.revenue)
        return Chosen(profit, free, menu.choose(self.size), forms)

    def _spending(self, chosen: Chosen) -> Float[Array, "place sector cut"]:
        """Spending on the chain's good by cuts, over that of complete contracts."""
        mix = chosen.choice.sales_share[..., 1:].reshape(chosen.forms.bought.shape)
        return jnp.sum(mix * chosen.forms.bought, axis=-1)

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Savings, and the log price of own inputs over that of the chain's good."""
        return super().unknowns(scene) | {"relative": jnp.zeros(scene.model.shape)}

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Savings and relative prices are what they were taken to be."""
        lead = self._lead(scene.model, self._share(scene.model))
        own, bought = self._input_prices(scene, lead)
        relative = jnp.where(lead, own - bought, 0.0)
        return super().residual(scene) | {"relative": relative - scene.own(self, "relative")}

    def effects(self, scene: Scene) -> dict[str, Array]:
        """What is spent on the chain's good, in which chains; what varieties then cost."""
        model, chosen = scene.model, self._chosen(scene)
        share, last = self._complete(model), self._last(model)
        lead = self._lead(model, share)
        complete = jnp.sum(share, axis=1)
        by_cuts = self._spending(chosen)
        factor = jnp.where(lead, jnp.sum(by_cuts, axis=-1), 1.0)
        left = (1.0 - complete * factor) / (1.0 - jnp.where(lead, complete, 0.0))
        inputs = jnp.broadcast_to(
            jnp.log(jnp.where(lead, left, 1.0))[:, None], model.technology.input_share.shape
        )
        inputs = inputs.at[:, last].set(jnp.log(factor)[:, None])
        # Unit cost has the shares that are paid: what they do to it is taken back.
        more = complete * (1.0 - factor) * scene.own(self, "relative")
        gain = -jnp.log(chosen.profit / chosen.free) + self._sigma(model) * more
        whole = jnp.zeros(by_cuts.shape[-1]).at[-1].set(1.0)
        return {
            "productivity": jnp.where(lead, gain / model.market.theta, 0.0),
            "cuts": jnp.where(lead[..., None], by_cuts / factor[..., None], whole),
            "inputs": inputs,
        }

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """By place and sector: who owns suppliers, who cuts, what is bought."""
        model, chosen = scene.model, self._chosen(scene)
        seen = model.flows(scene.prices, scene.x)
        shape = chosen.forms.bought.shape
        share = jnp.sum(self._share(model), axis=1)
        lead = self._lead(model, self._share(model))
        made = lead & (seen.revenue > 0)
        choice, al = chosen.choice, 1.0 - 1.0 / self._sigma(model)
        firms, sales = (v[..., 1:].reshape(shape) for v in (choice.active, choice.sales_share))
        # What is left of sales for fixed costs, and what an entrant earns of it.
        left = (1.0 - al) * jnp.sum(sales * chosen.forms.profit, axis=(-2, -1))
        earned = choice.sales[..., 1:].reshape(shape) * chosen.forms.profit
        kept = (1.0 - model.technology.tax_share) * seen.revenue
        bundle = jnp.exp(self._input_prices(scene, lead)[0])
        found = {
            "owned": jnp.sum(sales[..., 1], axis=-1),
            "owning": jnp.sum(firms[..., 1], axis=-1),
            "fragmented": jnp.sum(sales[..., 1:, :], axis=(-2, -1)),
            "entrants": kept * left / (bundle * jnp.sum(earned, axis=(-2, -1))),
            "active": jnp.sum(choice.firms[..., 1:], axis=-1),
            "bought": share,
        }
        found = {name: jnp.where(made, value, 0.0) for name, value in found.items()}
        by_form = {"firms_by_form": firms, "sales_by_form": sales}
        return found | {n: jnp.where(made[..., None, None], v, 0.0) for n, v in by_form.items()}

    @property
    def words(self) -> str:
        """What is held fixed."""
        return "contracts, shares of revenue, fixed costs and the distribution of firms' scale"
