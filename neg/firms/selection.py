"""Selection into markets as a part of the general economy: only productive firms serve a place."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError
from neg.core.parameters import parameter
from neg.economy.general.general import GeneralEconomy
from neg.economy.general.outcomes import sales
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene
from neg.firms.census import Census, by_sector
from neg.firms.cutoffs import CLOSED, Served, Terms, any_law, least_size, log_or_zero, pareto
from neg.firms.entering import check_entered, entered
from neg.firms.twins import how_to_write
from neg.menus import Pareto, Productivity
from neg.menus.given import check_mean, law_of_productivity, sector_names

_SMALL = ("enterprises", "jobs", "value_added", "exports")


class Selection(Part):
    """Firms of Pareto productivity pay a fixed cost for every place that they serve.

    In a sector with free entry (``alpha = 1``) whose trade elasticity is the Pareto shape
    (``theta = kappa``), the model of Melitz and Chaney is the general economy with deliveries

        log barrier_ij = (1 / (sigma - 1) - 1 / kappa) log(F_ij threshold_ij / E_j)
        F_ij = fixed_ij c_i^(1 - d) c_j^d,     c the unit cost (the wage, without inputs)

    d (``destination``) is the share of fixed costs that is paid to the sector where goods are sold.
    ``threshold`` (at least one) multiplies the profit that a firm needs to take part but no
    resources: what a credit constraint does (``Loan.effective / fixed``); sellers that are in then
    earn more, and more enter. At ``kappa = sigma - 1`` firms are alike in effect and the
    economy is what it is without the part. The levels of price indices lack a constant.

    With a ``law`` of productivity cut-offs are solved for, in sectors with ``theta = sigma - 1``:

        log barrier_ij = -log E[x; x > x_ij] / (sigma - 1),   x = z^(sigma - 1)
        sales of the firm at x_ij = sigma F_ij threshold_ij;   entrants from free entry

    That holds for log-normal productivity, and for Pareto where fixed costs are so low that every
    firm serves a market: a ``participation`` above one says that the closed form is void.

    ``sectors`` are those of such firms; left out, all but homogeneous goods and blocks of chains.
    Reports, by place and sector, entrants, the shares of firms of at most ``limit`` workers and
    what the others produce per worker over them (``productivity_gap``); by pair, firms that serve
    it and the share of entrants that do. Combines with inputs, mobility, layers, hours, tariffs.
    ``recognition`` is the share of fixed costs that mutual recognition saves abroad.

    >>> from neg import compose, general_economy, short_run
    >>> base = general_economy(
    ...     places=["a", "b"], sectors=["goods"], employment=[[1.0], [2.0]], theta=4.5, alpha=1.0,
    ...     tau=[[1.0, 1.3], [1.25, 1.0]], productivity=[[1.0], [1.0 / 1.2]],
    ... )
    >>> firms = Selection(fixed=[[0.5, 0.8], [0.9, 0.6]], entry=[1.0, 1.2], sigma=4.0)
    >>> wage = short_run(compose(base, [firms])).outcomes["wage"]
    >>> round(float(wage[1, 0] / wage[0, 0]), 9)
    1.014700066

    Source: Melitz (2003), Econometrica 71(6); Chaney (2008), American Economic Review 98(4).
    Log-normal: Head, Mayer and Thoenig (2014). Leaves out: fixed costs in part of inputs; with a
    law, threshold or loans, fixed costs at destinations.
    """

    label: ClassVar[str] = "selection"
    lever: ClassVar[str] = "fixed"
    source: ClassVar[str] = "Melitz 2003; Chaney 2008"
    says: ClassVar[frozenset[str]] = frozenset({"selection"})

    fixed: Float[Array, "origin destination sector"] = parameter(
        1.0,
        "fixed cost of serving a place",
        low=0.0,
        low_open=True,
        axes=("origin", "destination", "sector"),
        unit="units of the cost bundle",
    )
    threshold: Float[Array, "origin destination sector"] | None = parameter(
        None,
        "profit needed to take part over the fixed cost",
        low=0.0,
        low_open=True,
        axes=("origin", "destination", "sector"),
        neutral=1.0,
    )
    entry: Float[Array, " place"] = parameter(
        1.0, "cost of entry, for the count of firms", low=0.0, low_open=True, axes=("place",)
    )
    sigma: Float[Array, ""] = parameter(
        4.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    recognition: Float[Array, "origin destination"] = parameter(
        0.0,
        "share of fixed costs that mutual recognition saves abroad",
        low=0.0,
        high=1.0,
        high_open=True,
        axes=("origin", "destination"),
    )
    destination: Float[Array, ""] | None = parameter(
        None, "share of fixed costs paid where goods are sold", low=0.0, high=1.0, neutral=0.0
    )
    limit: Float[Array, ""] = parameter(
        10.0, "workers of the largest small firm", low=0.0, low_open=True, unit="workers"
    )
    premium: Float[Array, ""] = parameter(
        0.0, "elasticity of value added per worker to size", low=0.0, high=1.0, high_open=True
    )
    law: Productivity | None = eqx.field(default=None, converter=law_of_productivity)
    sectors: tuple[str, ...] | None = eqx.field(default=None, static=True, converter=sector_names)

    def check(self, model: Model) -> None:
        """A general economy, whose chosen sectors have free entry and ``theta >= sigma - 1``."""
        if not isinstance(model, GeneralEconomy):
            raise InvalidParameterError(
                f"part {self.label!r} is not allowed on a {type(model).__name__}; must be on a "
                f"general economy, where fixed costs can be paid: {how_to_write(model)}"
            )
        check_entered(self.label, model, self.sectors)
        chosen = self._mask(model)
        market = model.market
        if self.destination is not None and (self.law is not None or self._moves_entry):
            raise InvalidParameterError(
                "destination is not allowed with a threshold, loans or a law other than Pareto, "
                "under which fixed costs are no fixed share of sales; must be left out"
            )
        if not is_concrete((market.alpha, market.theta, self.sigma)):
            return
        if self.law is not None:
            check_mean(f"under this law and sigma = {float(self.sigma):g} sizes", self._size())
        alpha, theta = np.asarray(market.alpha)[chosen], np.asarray(market.theta)[chosen]
        least = float(self.sigma) - 1.0
        if (alpha != 1.0).any():
            raise InvalidParameterError(
                f"alpha = {alpha[alpha != 1.0][0]:g} is not allowed under selection; must be 1 "
                "(free entry): name the sectors where it is"
            )
        if self.law is not None and (theta != least).any():
            raise InvalidParameterError(
                f"theta = {theta[theta != least][0]:g} is not allowed under a law of productivity; "
                f"must be sigma - 1 = {least:g}, for the law makes the rest of the elasticity"
            )
        if (theta < least).any():
            raise InvalidParameterError(
                f"theta = {theta.min():g} is not allowed under selection; must be at least "
                f"sigma - 1 = {least:g}"
            )

    def _mask(self, model: Any) -> np.ndarray:
        return entered(model, self.sectors)

    def enters(self, model: Any) -> tuple[str, ...]:
        """The chosen sectors."""
        return tuple(np.array(model.sectors)[self._mask(model)].tolist())

    def _sizes(self, scene: Scene) -> dict[str, int]:
        return {axis: len(names) for axis, names in scene.model.labels.items()}

    @property
    def _moves_entry(self) -> bool:
        """Whether entry is another share of sales than it is where firms pay for everything."""
        return self.threshold is not None or self.law is not None

    def _gap(self, scene: Scene) -> Float[Array, " sector"]:
        """``1 / (sigma - 1) - 1 / kappa``, zero in other sectors."""
        gap = 1.0 / (self.sigma - 1.0) - 1.0 / scene.model.market.theta
        return jnp.where(self._mask(scene.model), gap, 0.0)

    def _overhead(self, scene: Scene) -> Float[Array, " sector"]:
        """Fixed costs over sales under Pareto: ``(kappa - sigma + 1) / (kappa sigma)``."""
        return self._gap(scene) * (self.sigma - 1.0) / self.sigma

    def _units(self, scene: Scene) -> Float[Array, "origin destination sector"]:
        """Fixed cost of serving a place, in units of the cost bundle."""
        sizes = self._sizes(scene)
        abroad = 1.0 - jnp.eye(scene.places)
        kept = 1.0 - self.full("recognition", sizes) * abroad
        return self.full("fixed", sizes) * kept[..., None]

    def _bundle(self, scene: Scene) -> Float[Array, "origin destination sector"]:
        """Log price of a unit of fixed costs."""
        cost, there = scene.prices["cost"], self._there
        return (1.0 - there) * cost[:, None] + there * cost

    @property
    def _there(self) -> Any:
        return 0.0 if self.destination is None else self.destination

    def _entry(self, scene: Scene) -> Float[Array, "place sector"]:
        """Money that entry costs."""
        return (
            jnp.exp(scene.prices["cost"]) * jnp.broadcast_to(self.entry, (scene.places,))[:, None]
        )

    def _terms(self, scene: Scene) -> Terms:
        """What serving each market takes."""
        fixed = self._units(scene) * jnp.exp(self._bundle(scene))
        one = jnp.ones_like(fixed)
        threshold = one if self.threshold is None else self.full("threshold", self._sizes(scene))
        return Terms(fixed, threshold, jnp.zeros_like(fixed), jnp.ones_like(fixed, dtype=bool))

    def _size(self) -> Any:
        return None if self.law is None else self.law.raised(self.sigma - 1.0)

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Log spending of every market, or log cut-offs; entry; sales of the firms of a cell."""
        found = {}
        if self.law is None:
            seen = scene.model.flows(scene.model.initial_prices(scene.x), scene.x)
            found["market"] = log_or_zero(jnp.sum(seen.spending, axis=2))
        else:
            entry = jnp.broadcast_to(self.entry, (scene.places,))[:, None, None]
            cut = least_size(self._size(), self._units(scene), entry)
            found["cut"] = jnp.where(self._mask(scene.model), jnp.log(cut), 0.0)
        if self._moves_entry:
            found["entry"] = jnp.zeros(scene.model.shape)
        if self.destination is not None:
            found["made"] = jnp.zeros(scene.model.shape)
        return found

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Costlier deliveries to small markets; entry; what budgets and destinations are paid."""
        terms, mask = self._terms(scene), self._mask(scene.model)
        theta = scene.model.market.theta
        found = {}
        if self.law is None:
            needed = jnp.log(terms.fixed * terms.threshold) - scene.own(self, "market")
            barrier = self._gap(scene) * needed
        else:
            volume = self._size().above(1.0, jnp.exp(scene.own(self, "cut")))
            barrier = -jnp.log(volume) / theta
        shut = jnp.minimum(CLOSED / theta, 2.0 * CLOSED)
        found["barrier"] = jnp.where(mask, jnp.where(terms.open, barrier, shut), 0.0)
        if self._moves_entry:
            found["productivity"] = scene.own(self, "entry") / theta
        if self.destination is not None:
            found["margin"] = self.destination * self._overhead(scene)
            found["made"] = scene.own(self, "made")
        return found

    def _outlaid(self, scene: Scene) -> Float[Array, "origin destination sector"]:
        """Fixed costs over sales before grants."""
        terms = self._terms(scene)
        if self.law is None:
            return self._overhead(scene) / terms.threshold
        cut, size = jnp.exp(scene.own(self, "cut")), self._size()
        share = size.above(0.0, cut) * cut / (self.sigma * size.above(1.0, cut) * terms.threshold)
        return jnp.where(self._mask(scene.model), share, 0.0)

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Markets or cut-offs, entry, and sales are what they were taken to be."""
        seen = scene.model.flows(scene.prices, scene.x)
        served, found = self._served(scene, seen), {}
        mask, total = self._mask(scene.model), jnp.sum(served.sold, axis=1)
        if self.law is None:
            found["market"] = log_or_zero(jnp.sum(seen.spending, axis=2))
            found["market"] = found["market"] - scene.own(self, "market")
        else:
            own, terms = scene.own(self, "cut"), served.terms
            volume = self._size().above(1.0, served.cut)
            worth = self.sigma * served.entrants[:, None] * volume * terms.fixed * terms.threshold
            some = mask & jnp.isfinite(served.cut)
            least = log_or_zero(jnp.where(some, worth, 1.0) / jnp.where(some, served.sold, 1.0))
            found["cut"] = jnp.where(some, least, 0.0) - own
        if self._moves_entry:
            receipts = total + jnp.sum(served.granted, axis=1)
            plain = 1.0 / self.sigma - (self._overhead(scene) if self.law is None else 0.0)
            some = mask & (receipts > 0)
            kept = served.entrants * self._entry(scene) / jnp.where(some, receipts, 1.0)
            gain = jnp.log(jnp.where(some, kept / plain, 1.0))
            found["entry"] = gain - scene.own(self, "entry")
        if self.destination is not None:
            # What firms sell is what they would at this guess, or markets' level would be free.
            margin = self.destination * self._overhead(scene)
            made = seen.revenue * jnp.exp(scene.own(self, "made"))
            earned = (1.0 - margin) * made + margin * jnp.sum(served.sold, axis=0)
            some = (earned > 0) & (seen.revenue > 0)
            ratio = jnp.where(some, seen.revenue, 1.0) / jnp.where(some, earned, 1.0)
            found["made"] = jnp.where(some, jnp.log(ratio), -scene.own(self, "made"))
        return found

    def _served(self, scene: Scene, seen: Any) -> Served:
        """Who serves what."""
        model, terms, entry = scene.model, self._terms(scene), self._entry(scene)
        sold = sales(model.market, model.bent, seen)
        if self.law is None:
            kappa, overhead = self._shape(scene), self._overhead(scene)
            return pareto(sold, terms, entry, kappa, overhead, self.sigma)
        cut = jnp.exp(scene.own(self, "cut"))
        return any_law(sold, terms, entry, self._size(), cut, self.sigma)

    def _shape(self, scene: Scene) -> Float[Array, " sector"]:
        """Pareto shape of size; any above one where firms are alike in effect."""
        theta = scene.model.market.theta
        alike = (theta <= self.sigma - 1.0) | ~jnp.asarray(self._mask(scene.model))
        return jnp.where(alike, 2.0, jnp.where(alike, 1.0, theta) / (self.sigma - 1.0))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Entrants, who serves what, small firms' shares, and what the budget pays."""
        served, on = self._served_now(scene), self._differ(scene)
        few = self._census(scene, served)
        return {
            "entrants": jnp.where(on, served.entrants, 0.0),
            "firms": jnp.where(on, served.firms, 0.0),
            "participation": jnp.where(on, served.number, 0.0),
            "cutoff": jnp.where(on, served.cutoff(self.sigma), 1.0),
            "productivity_gap": few.productivity_gap,
        } | {f"small_{name}": getattr(few, name) for name in _SMALL}

    def _differ(self, scene: Scene) -> Array:
        """Sectors whose firms differ in effect."""
        on = jnp.asarray(self._mask(scene.model))
        return on if self.law is not None else on & (self._gap(scene) > 0)

    def _served_now(self, scene: Scene) -> Served:
        return self._served(scene, scene.model.flows(scene.prices, scene.x))

    def small(self, scene: Scene) -> Census:
        """Shares of firms with at most ``limit`` workers, by place and sector."""
        return self._census(scene, self._served_now(scene))

    def _census(self, scene: Scene, served: Served) -> Census:
        """Shares of small firms, by place and sector; workers go by the sector's labour share."""
        wage = jnp.exp(scene.prices["wage"])
        hired = (scene.model.technology.labour_share / wage)[:, None]  # workers per money of cost
        some = served.entrants > 0
        a_firm = served.sold / jnp.where(some, served.entrants, 1.0)[:, None]
        overhead = (1.0 - self._there) * served.terms.fixed * hired
        by_pair = (served.cut, a_firm, overhead, jnp.broadcast_to(hired, a_firm.shape))

        def law(shape: Array) -> Productivity:
            return Pareto(shape) if self.law is None else self._size()

        few = by_sector(law, self._shape(scene), by_pair, self.sigma, self.limit, self.premium)
        on = self._differ(scene)
        return Census(*(jnp.where(on, value, 0.0) for value in few))

    @property
    def words(self) -> str:
        """Fixed costs."""
        return "fixed costs of serving places"
