"""Selection into markets as a part of the general economy: only productive firms serve a place."""

from __future__ import annotations

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError, unknown_name
from neg.core.parameters import parameter
from neg.economy.general.general import GeneralEconomy
from neg.economy.general.outcomes import trade
from neg.economy.model import Model
from neg.economy.part import Part
from neg.economy.scene import Scene
from neg.firms.census import Sales, census
from neg.firms.productivity import Pareto


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

    Reports, by place and sector, entrants and the shares of firms of at most ``limit`` workers;
    by pair, firms that serve it and the share of entrants that do. Combines with inputs,
    mobility, layers of trade cost that burn resources, hours; tariffs with ``destination = 0``.

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
    Leaves out: other distributions (see :class:`neg.firms.Melitz`), fixed costs in part of inputs.
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
    )
    entry: Float[Array, " place"] = parameter(
        1.0, "cost of entry, for the count of firms", low=0.0, low_open=True, axes=("place",)
    )
    sigma: Float[Array, ""] = parameter(
        4.0, "elasticity of substitution between varieties", low=1.0, low_open=True
    )
    destination: Float[Array, ""] = parameter(
        0.0, "share of fixed costs paid where goods are sold", low=0.0, high=1.0
    )
    limit: Float[Array, ""] = parameter(
        10.0, "workers of the largest small firm", low=0.0, low_open=True, unit="workers"
    )
    premium: Float[Array, ""] = parameter(
        0.0, "elasticity of value added per worker to size", low=0.0, high=1.0, high_open=True
    )
    sectors: tuple[str, ...] | None = eqx.field(default=None, static=True)

    def check(self, model: Model) -> None:
        """A general economy, whose chosen sectors have free entry and ``theta >= sigma - 1``."""
        if not isinstance(model, GeneralEconomy):
            raise InvalidParameterError(
                f"part 'selection' is not allowed on a {type(model).__name__}; must be on a "
                "general economy, where fixed costs can be paid"
            )
        for name in self.sectors or ():
            if name not in model.sectors:
                raise unknown_name("sector of selection", name, model.sectors)
        chosen = self._mask(model)
        market = model.market
        if not is_concrete((market.alpha, market.theta, self.sigma, self.destination)):
            return
        alpha, theta = np.asarray(market.alpha)[chosen], np.asarray(market.theta)[chosen]
        if (alpha != 1.0).any():
            raise InvalidParameterError(
                f"alpha = {alpha[alpha != 1.0][0]:g} is not allowed under selection; must be 1 "
                "(free entry): name the sectors where it is"
            )
        if (theta < float(self.sigma) - 1.0).any():
            raise InvalidParameterError(
                f"theta = {theta.min():g} is not allowed under selection; must be at least "
                f"sigma - 1 = {float(self.sigma) - 1.0:g}"
            )
        if float(self.destination) > 0 and bool(jnp.any(market.wedge != 1.0)):
            raise InvalidParameterError(
                f"destination = {float(self.destination):g} is not allowed with tariffs or export "
                "taxes; must be 0"
            )
        if float(self.destination) > 0 and self.threshold is not None:
            raise InvalidParameterError(
                f"destination = {float(self.destination):g} is not allowed with a threshold; "
                "must be 0"
            )

    def _mask(self, model: Any) -> np.ndarray:
        same = np.asarray(model.technology.homogeneous)
        named = np.isin(model.sectors, self.sectors or model.sectors)
        return named & ~same

    def _sizes(self, scene: Scene) -> dict[str, int]:
        return {axis: len(names) for axis, names in scene.model.labels.items()}

    def _gap(self, scene: Scene) -> Float[Array, " sector"]:
        """``1 / (sigma - 1) - 1 / kappa``, zero in other sectors."""
        gap = 1.0 / (self.sigma - 1.0) - 1.0 / scene.model.market.theta
        return jnp.where(self._mask(scene.model), gap, 0.0)

    def _overhead(self, scene: Scene) -> Float[Array, " sector"]:
        """Fixed costs over sales: ``(kappa - sigma + 1) / (kappa sigma)``."""
        return self._gap(scene) * (self.sigma - 1.0) / self.sigma

    def _log_fixed(self, scene: Scene) -> Float[Array, "origin destination sector"]:
        """Log of the fixed cost in money."""
        cost = scene.prices["cost"]
        fixed = jnp.log(self.full("fixed", self._sizes(scene)))
        return fixed + (1.0 - self.destination) * cost[:, None] + self.destination * cost

    def unknowns(self, scene: Scene) -> dict[str, Array]:
        """Log spending of every market; log of what thresholds add to entry."""
        seen = scene.model.flows(scene.model.initial_prices(scene.x), scene.x)
        found = {"market": _log(jnp.sum(seen.spending, axis=2))}
        if self.threshold is not None:
            found["entry"] = jnp.zeros(scene.model.shape)
        return found

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Costlier deliveries to small markets; entry; what is paid at destinations."""
        needed = self._log_fixed(scene) - scene.own(self, "market")
        found = {}
        if self.threshold is not None:
            needed = needed + jnp.log(self.full("threshold", self._sizes(scene)))
            found["productivity"] = scene.own(self, "entry") / scene.model.market.theta
        found["barrier"] = self._gap(scene) * needed
        if not (is_concrete(self.destination) and float(self.destination) == 0.0):
            found["margin"] = self.destination * self._overhead(scene)
        return found

    def residual(self, scene: Scene) -> dict[str, Array]:
        """Markets are as large as spending; entry is what thresholds leave to sellers."""
        seen = scene.model.flows(scene.prices, scene.x)
        market = _log(jnp.sum(seen.spending, axis=2)) - scene.own(self, "market")
        found = {"market": market}
        if self.threshold is not None:
            share = self._overhead(scene)
            sold = self._sold(scene)
            total = jnp.sum(sold, axis=1)
            paid = jnp.sum(sold / self.full("threshold", self._sizes(scene)), axis=1)
            kept = 1.0 / self.sigma - share * paid / jnp.where(total > 0, total, 1.0)
            gain = jnp.log(kept / (1.0 / self.sigma - share))
            found["entry"] = jnp.where(total > 0, gain, 0.0) - scene.own(self, "entry")
        return found

    def _sold(self, scene: Scene) -> Float[Array, "origin destination sector"]:
        """Sales at sellers' prices."""
        market = scene.model.market
        bought = trade(market, scene.model.flows(scene.prices, scene.x))
        return jnp.sum(bought / market.wedge[..., None], axis=3)

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Entrants, who serves what, and small firms' shares."""
        model, sold = scene.model, self._sold(scene)
        kappa, share = model.market.theta, self._overhead(scene)
        threshold = 1.0 if self.threshold is None else self.full("threshold", self._sizes(scene))
        fixed = jnp.exp(self._log_fixed(scene))
        firms = sold * share / (fixed * threshold)
        left = jnp.sum(sold * (1.0 / self.sigma - share / threshold), axis=1)
        cost = jnp.exp(scene.prices["cost"])
        entry = cost * jnp.broadcast_to(self.entry, (scene.places,))[:, None]
        entrants = left / entry
        on = jnp.asarray(self._mask(model)) & (share > 0)
        serves = on & (firms > 0)
        part = jnp.where(serves, firms / jnp.where(entrants > 0, entrants, 1.0)[:, None], 1.0)
        few = self._census(scene, sold, fixed, entrants, part)
        return {
            "entrants": jnp.where(on, entrants, 0.0),
            "firms": jnp.where(on, firms, 0.0),
            "participation": jnp.where(on, part, 0.0),
            "cutoff": jnp.where(on, part ** (-1.0 / kappa), 1.0),
        } | {name: jnp.where(on, value, 0.0) for name, value in few.items()}

    def _census(
        self, scene: Scene, sold: Array, fixed: Array, entrants: Array, part: Array
    ) -> dict[str, Array]:
        """Shares of small firms, by place and sector; workers go by the sector's labour share."""
        wage = jnp.exp(scene.prices["wage"])
        hired = (scene.model.technology.labour_share / wage)[:, None]  # workers per money of cost
        a_firm = sold / jnp.where(entrants > 0, entrants, 1.0)[:, None]
        overhead = (1.0 - self.destination) * fixed * hired
        home = jnp.eye(scene.places)

        def one(shape: Array, *by_pair: Array) -> Any:
            reached, bought, workers, hires = by_pair
            size = Pareto(shape)
            cut = reached ** (-1.0 / shape)
            revenue = bought / size.above(1.0, cut)
            labour = (self.sigma - 1.0) / self.sigma * revenue * hires
            return census(
                Sales(cut, labour, workers, revenue), size, self.limit, self.premium, home
            )

        # Sectors in which firms are alike have no distribution: any shape above one will do.
        alike = scene.model.market.theta <= self.sigma - 1.0
        shape = jnp.where(alike, 2.0, scene.model.market.theta / (self.sigma - 1.0))
        by_pair = (part, a_firm, overhead, jnp.broadcast_to(hired, sold.shape))
        few = jax.vmap(one, in_axes=(0, 2, 2, 2, 2), out_axes=1)(shape, *by_pair)
        names = ("enterprises", "jobs", "value_added", "exports")
        return {f"small_{name}": value for name, value in zip(names, few, strict=False)}

    @property
    def words(self) -> str:
        """Fixed costs."""
        return "fixed costs of serving places"


def _log(value: Array) -> Array:
    some = value > 0
    return jnp.where(some, jnp.log(jnp.where(some, value, 1.0)), 0.0)
