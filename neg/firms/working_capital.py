"""Working capital: interest between order and payment, as a layer of trade cost."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.barriers import Barrier
from neg.core.parameters import option, parameter
from neg.economy.scene import Scene


class WorkingCapital(Barrier):
    """Sellers borrow the cost of what they sell until they are paid.

        rate_ij = interest days_ij / 365 + risk_ij
        interest = (1 + riskless) / repaid - 1,  or that of the lead firm and its fee
        risk_ij  = 1 / (1 - default_ij) - 1      (terms = "open account"),  or the fee of a letter

    ``days`` run from order to payment: door-to-door time and the buyer's terms. ``finance =
    "supply chain"`` is the lead firm's rate plus ``chain_fee`` instead of the small firm's own.
    Resources of lenders: nobody's income. The budget of the origin may pay a share of it
    (``subsidy`` of a bank's interest or of the fee of supply-chain finance, ``letter_subsidy`` of
    the fee of a letter): resources are used as before, and income pays what sellers do not
    (a general economy; ``budget`` reports it).

    Source: Manova (2013); Antras and Foley (2015), Journal of Political Economy 123(4). Leaves
    out: who chooses the terms; late payment.
    """

    label: ClassVar[str] = "working_capital"
    lever: ClassVar[str] = "repaid"
    source: ClassVar[str] = "Manova 2013; Antras and Foley 2015"

    days: Float[Array, "origin destination"] = parameter(
        60.0, "time from order to payment", low=0.0, axes=("origin", "destination"), unit="days"
    )
    riskless: Float[Array, ""] = parameter(0.05, "riskless interest", low=0.0, unit="1 / year")
    repaid: Float[Array, ""] = parameter(
        0.9, "probability that a small firm repays", low=0.0, high=1.0, low_open=True
    )
    lead: Float[Array, ""] = parameter(0.06, "interest of lead firms", low=0.0, unit="1 / year")
    chain_fee: Float[Array, ""] = parameter(
        0.01, "fee of supply-chain finance", low=0.0, unit="1 / year"
    )
    default: Float[Array, "origin destination"] = parameter(
        0.0,
        "probability that a buyer does not pay",
        low=0.0,
        high=1.0,
        high_open=True,
        axes=("origin", "destination"),
    )
    letter_fee: Float[Array, ""] = parameter(
        0.01, "fee of a letter of credit", low=0.0, unit="share of value"
    )
    subsidy: Float[Array, " place"] | None = parameter(
        None,
        "share of interest, or of the fee of supply-chain finance, that the budget pays",
        low=0.0,
        high=1.0,
        axes=("place",),
    )
    letter_subsidy: Float[Array, " place"] | None = parameter(
        None,
        "share of the fee of a letter that the budget pays",
        low=0.0,
        high=1.0,
        axes=("place",),
    )
    finance: str = option("bank", "whose rate firms pay", ("bank", "supply chain"))
    terms: str = option("open account", "how sales are paid", ("open account", "letter of credit"))

    @property
    def interest(self) -> Float[Array, ""]:
        """Yearly interest."""
        if self.finance == "supply chain":
            return self.lead + self.chain_fee
        return (1.0 + self.riskless) / self.repaid - 1.0

    def ad_valorem(self, scene: Scene) -> Any:
        """Interest until payment, and the risk of none."""
        risk = self.default / (1.0 - self.default)
        if self.terms == "letter of credit":
            risk = self.letter_fee
        pairs = (scene.places, scene.places)
        return jnp.broadcast_to(self.interest * self.days / 365.0 + risk, pairs)

    def borne(self, scene: Scene) -> Array | None:
        """What the budgets of origins pay of it."""
        if self.subsidy is None and self.letter_subsidy is None:
            return None
        places = (scene.places,)
        zero = jnp.zeros(())
        share = zero if self.subsidy is None else self.subsidy
        dear = self.chain_fee if self.finance == "supply chain" else self.interest
        paid = jnp.broadcast_to(share, places)[:, None] * dear * self.days / 365.0
        if self.terms == "letter of credit" and self.letter_subsidy is not None:
            paid = paid + jnp.broadcast_to(self.letter_subsidy, places)[:, None] * self.letter_fee
        full = jnp.asarray(self.ad_valorem(scene))
        abroad = 1.0 - jnp.eye(scene.places)
        return (jnp.log1p(full) - jnp.log1p(full - paid)) * abroad
