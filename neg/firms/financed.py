"""Selection with borrowed fixed costs: what support of loans does and costs in an economy."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError
from neg.core.groups import group
from neg.core.parameters import Parametric, altered, parameter
from neg.economy.general.outcomes import granted
from neg.economy.model import Model
from neg.economy.scene import Scene
from neg.firms.credit import Credit, Loan, Needs
from neg.firms.cutoffs import Served, Terms
from neg.firms.selection import Selection
from neg.menus import Pareto


class ClosedMarketWarning(UserWarning):
    """A cap on interest at which nobody is lent to for a market: it is closed."""


class Lenders(Parametric):
    """What budgets spend to make loans safer and cheaper to look after.

    Equations: :class:`FinancedSelection`.

    >>> float(Lenders().platform)
    0.0
    """

    within: ClassVar[str] = "lenders"

    platform: Float[Array, " place"] = parameter(
        0.0, "budget of a digital platform for loans", low=0.0, axes=("place",), unit="money / year"
    )
    platform_halves: Float[Array, ""] = parameter(
        0.01, "budget at which a platform halves monitoring", low=0.0, low_open=True, unit="money"
    )
    information: Float[Array, " place"] = parameter(
        0.0, "budget of credit information", low=0.0, axes=("place",), unit="money / year"
    )
    information_halves: Float[Array, ""] = parameter(
        0.01, "budget at which information halves default", low=0.0, low_open=True, unit="money"
    )


class FinancedSelection(Selection):
    """Firms borrow a share of the fixed cost of each market from lenders who break even.

        resources_ij = fixed_ij + interest D_ij + monitoring_i        (all in the cost bundle)
        a firm serves j where its operating profit is at least what it needs (:class:`Credit`)
        needed_ij = larger of f_eff_ij and, under a ``cap``, the profit at which somebody lends
        expected payments = resources - (1 - lam) guarantee (D - C) - lam subsidy

    What the budget pays per loan reaches the firms, so that support raises entry, and is taken
    from the income of the place (under the closure's rule for rebates): the ledger holds it as
    ``grants``. ``platform`` and ``information`` are money a year of the place's budget, spent on
    the basket of its people (:meth:`neg.economy.part.Part.outlay`):

        monitoring_i = monitoring 2^(-platform_i / platform_halves)
        1 - repaid_i = (1 - repaid) 2^(-information_i / information_halves)

    ``budget`` reports all of it by place, so that instruments compare per unit of money. Without
    borrowing (``share = 0``), or with ``repaid = 1`` and free loans, it is :class:`Selection`.

    Rationing: under a ``cap`` on interest lenders refuse firms whose collateral does not cover
    enough of the loan; where sales are pledged (``pledge``) those are the firms below a threshold,
    which ``rationed`` counts as a share of those that would pay. Without a pledge all loans for a
    market are alike: a cap that binds closes the whole market at once, whatever firms would earn
    there, and nothing is sold. That is a jump that no derivative sees; :class:`ClosedMarketWarning`
    names such markets where the numbers are known, and the outcome ``closed`` is one for them, in
    compiled code too. Otherwise derivatives are those of the side on which the economy is.

    Source: as :class:`Credit`; the halving of costs by money is an assumption. Leaves out: fixed
    costs paid at destinations. Raises :class:`neg.core.errors.InvalidParameterError` for subsidies
    above all that firms need, and for a cap at which the firms of a place are lent nothing for any
    market.
    """

    label: ClassVar[str] = "financed_selection"
    lever: ClassVar[str] = "guarantee"
    source: ClassVar[str] = "Manova 2013; Melitz 2003; Chaney 2008"

    credit: Credit = group(Credit, "terms of loans")
    lenders: Lenders = group(Lenders, "what the budget spends on lenders")
    # Fixed costs under loans are paid at home, and loans say what firms need.
    threshold: None = eqx.field(init=False, default=None)
    destination: None = eqx.field(init=False, default=None)

    def check(self, model: Model) -> None:
        """As selection; terms come from loans, which somebody must get."""
        super().check(model)
        need, _, _ = self._loan(Scene(model, model.initial_distribution(), {}, {}))
        on = self._mask(model)
        if not is_concrete((need.both, need.lent)):
            return
        if bool(jnp.any(need.profit[..., on] <= 0)):
            raise InvalidParameterError(
                f"subsidy = {float(self.credit.subsidy):g} is not allowed; must be below "
                f"{float(jnp.min(need.profit[..., on]) + self.credit.subsidy):g}, what the "
                "cheapest market asks of firms without it"
            )
        if not bool(jnp.all(jnp.any(need.lent[..., on], axis=1))):
            raise InvalidParameterError(
                f"cap = {float(jnp.asarray(self.credit.cap)):g} is not allowed; must be so high "
                "that the firms of every place are lent to for some market"
            )

    def notice(self, model: Any) -> None:
        """Name the markets that a cap closes."""
        if self.credit.cap is None:
            return
        need, _, _ = self._loan(Scene(model, model.initial_distribution(), {}, {}))
        if not is_concrete(need.lent):
            return
        at = np.argwhere(np.asarray(~need.lent) & self._mask(model))
        if not len(at):
            return
        names = [
            f"{model.sectors[s]} from {model.places[i]} to {model.places[j]}" for i, j, s in at[:3]
        ]
        more = f" and {len(at) - 3} more" if len(at) > 3 else ""
        warnings.warn(
            f"cap = {float(jnp.asarray(self.credit.cap)):g} closes markets, as no loan for them is "
            f"made and nothing is sold: {'; '.join(names)}{more}; raise it, or let firms pledge "
            "sales (pledge)",
            ClosedMarketWarning,
            stacklevel=4,
        )

    @property
    def _moves_entry(self) -> bool:
        return True

    def _loan(self, scene: Scene) -> tuple[Needs, Loan, Credit]:
        """What each market asks of firms, terms without a pledge, and the lenders of each place.

        All in units of the cost bundle.
        """
        places = (scene.places,)
        less = jnp.exp2(
            -jnp.broadcast_to(self.lenders.platform, places) / self.lenders.platform_halves
        )
        safer = jnp.exp2(
            -jnp.broadcast_to(self.lenders.information, places) / self.lenders.information_halves
        )
        monitoring = (self.credit.monitoring * less)[:, None, None]
        repaid = 1.0 - ((1.0 - self.credit.repaid) * safer)[:, None, None]
        credit = altered(self.credit, monitoring=monitoring, repaid=repaid)
        fixed, entry = self._units(scene), self._collateral(scene)
        return credit.needs(fixed, entry), credit.loan(fixed, entry), credit

    def _collateral(self, scene: Scene) -> Float[Array, "place 1 1"]:
        """Cost of entry, a share of which serves as collateral."""
        return jnp.broadcast_to(self.entry, (scene.places,))[:, None, None]

    def _terms(self, scene: Scene) -> Terms:
        """Resources, what a firm needs, what the budget pays on average, and who is refused."""
        need, loan, credit = self._loan(scene)
        units = self._units(scene)
        resources = units + self.credit.interest * loan.amount
        resources = resources + jnp.where(loan.amount > 0, credit.monitoring, 0.0)
        if self.law is None:
            cut, size = jnp.ones_like(units), altered(Pareto(), kappa=self._shape(scene))
        else:
            cut, size = jnp.exp(scene.own(self, "cut")), self._size()
        paid = credit.mean_budget(units, self._collateral(scene), need.both, size, cut)
        money = resources * jnp.exp(self._bundle(scene))
        return Terms(money, need.both / resources, paid / resources, need.lent)

    def _rationed(self, scene: Scene, served: Served) -> Float[Array, "origin destination sector"]:
        """Share of the firms that would pay for a market whom nobody lends to."""
        need, _, _ = self._loan(scene)
        least = need.profit / need.both
        if self.law is None:
            return jnp.where(need.lent, 1.0 - least ** self._shape(scene), 1.0)
        would = self._size().above(0.0, jnp.where(served.number > 0, served.cut * least, 1.0))
        return jnp.where(served.number > 0, 1.0 - served.number / would, 1.0)

    def _grant(self, scene: Scene) -> Float[Array, "origin destination sector"]:
        return jnp.log1p(self._outlaid(scene) * self._terms(scene).support)

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Those of selection, and what budgets pay."""
        return super().effects(scene) | {"grant": self._grant(scene)}

    def outlay(self, scene: Scene) -> Float[Array, " place"]:
        """Platforms and information."""
        return jnp.broadcast_to(self.lenders.platform + self.lenders.information, (scene.places,))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Those of selection, the budget of each place, and what firms need over resources."""
        paid = granted(scene, self._grant(scene)) + self.outlay(scene)
        terms, on = self._terms(scene), jnp.asarray(self._mask(scene.model))
        needed = jnp.where(terms.open, terms.threshold, jnp.inf)
        found = {"budget": paid, "threshold": jnp.where(on, needed, 0.0)}
        if self.credit.cap is not None:
            found["rationed"] = jnp.where(on, self._rationed(scene, self._served_now(scene)), 0.0)
            found["closed"] = jnp.where(on & ~terms.open, 1.0, 0.0)
        return super().outcomes(scene) | found
