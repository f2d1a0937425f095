"""Selection with borrowed fixed costs: what support of loans does and costs in an economy."""

from __future__ import annotations

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.errors import InvalidParameterError
from neg.core.parameters import altered, parameter
from neg.economy.general.outcomes import granted
from neg.economy.model import Model
from neg.economy.scene import Scene
from neg.firms.credit import Credit, Loan
from neg.firms.cutoffs import Terms
from neg.firms.selection import Selection


class FinancedSelection(Selection, Credit):
    """Firms borrow a share of the fixed cost of each market from lenders who break even.

        resources_ij = fixed_ij + interest D_ij + monitoring_i        (all in the cost bundle)
        a firm serves j where its operating profit is at least f_eff_ij (:class:`Credit`)
        expected payments = resources - (1 - lam) guarantee (D - C) - lam subsidy

    What the budget pays per loan reaches the firms, so that support raises entry, and is taken
    from the income of the place (under the closure's rule for rebates): the ledger holds it as
    ``grants``. ``platform`` and ``information`` are money a year of the place's budget, spent on
    the basket of its people (:meth:`neg.economy.part.Part.outlay`):

        monitoring_i = monitoring 2^(-platform_i / platform_halves)
        1 - repaid_i = (1 - repaid) 2^(-information_i / information_halves)

    ``budget`` reports all of it by place, so that instruments compare per unit of money. Without
    borrowing (``share = 0``), or with ``repaid = 1`` and free loans, it is :class:`Selection`.

    Source: as :class:`Credit`; the halving of costs by money is an assumption. Leaves out:
    rationing (``cap``), fixed costs paid at destinations. Raises
    :class:`neg.core.errors.InvalidParameterError` for those and for a ``threshold`` besides.
    """

    label: ClassVar[str] = "financed_selection"
    lever: ClassVar[str] = "guarantee"
    source: ClassVar[str] = "Manova 2013; Melitz 2003; Chaney 2008"

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

    def check(self, model: Model) -> None:
        """As selection; terms come from loans, and nobody is rationed."""
        for name in ("cap", "threshold"):
            if getattr(self, name) is not None:
                raise InvalidParameterError(
                    f"{name} is not allowed under financed selection; must be left out"
                )
        super().check(model)

    @property
    def _moves_entry(self) -> bool:
        return True

    def _loan(self, scene: Scene) -> tuple[Loan, Array]:
        """Terms of each loan, and what looking after one costs, in units of the cost bundle."""
        places = (scene.places,)
        less = jnp.exp2(-jnp.broadcast_to(self.platform, places) / self.platform_halves)
        safer = jnp.exp2(-jnp.broadcast_to(self.information, places) / self.information_halves)
        monitoring = (self.monitoring * less)[:, None, None]
        repaid = 1.0 - ((1.0 - self.repaid) * safer)[:, None, None]
        credit = altered(self, monitoring=monitoring, repaid=repaid)
        entry = jnp.broadcast_to(self.entry, places)[:, None, None]
        return credit.loan(self._units(scene), entry), monitoring

    def _terms(self, scene: Scene) -> Terms:
        """Resources, what a firm needs, what the budget pays."""
        loan, monitoring = self._loan(scene)
        resources = self._units(scene) + self.interest * loan.amount
        resources = resources + jnp.where(loan.amount > 0, monitoring, 0.0)
        money = resources * jnp.exp(self._bundle(scene))
        return Terms(money, loan.effective / resources, loan.budget / resources)

    def _grant(self, scene: Scene) -> Float[Array, "origin destination sector"]:
        return jnp.log1p(self._outlaid(scene) * self._terms(scene).support)

    def effects(self, scene: Scene) -> dict[str, Array]:
        """Those of selection, and what budgets pay."""
        return super().effects(scene) | {"grant": self._grant(scene)}

    def outlay(self, scene: Scene) -> Float[Array, " place"]:
        """Platforms and information."""
        return jnp.broadcast_to(self.platform + self.information, (scene.places,))

    def outcomes(self, scene: Scene) -> dict[str, Array]:
        """Those of selection, the budget of each place, and what firms need over resources."""
        paid = granted(scene, self._grant(scene)) + self.outlay(scene)
        needed = jnp.where(jnp.asarray(self._mask(scene.model)), self._terms(scene).threshold, 0.0)
        return super().outcomes(scene) | {"budget": paid, "threshold": needed}
