"""Working capital: interest between order and payment, as a layer of trade cost."""

from __future__ import annotations

from typing import Any, ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.barriers import Barrier
from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError
from neg.core.groups import group
from neg.core.parameters import Parametric, option, parameter
from neg.economy.adding import add
from neg.economy.scene import Scene


class ChainFinance(Parametric):
    """Supply-chain finance: the rate of the lead firm, and a fee.

    >>> round(float(ChainFinance().lead + ChainFinance().chain_fee), 9)
    0.07
    """

    within: ClassVar[str] = "chain"

    lead: Float[Array, ""] = parameter(0.06, "interest of lead firms", low=0.0, unit="1 / year")
    chain_fee: Float[Array, ""] = parameter(
        0.01, "fee of supply-chain finance", low=0.0, unit="1 / year"
    )


class FinanceSupport(Parametric):
    """What the budget pays of working capital: guarantees, interest, the fees of letters.

    Each by place; None switches it off.

    >>> FinanceSupport(subsidy=0.2).guarantee is None
    True
    """

    within: ClassVar[str] = "support"

    guarantee: Float[Array, " place"] | None = parameter(
        None,
        "share of a bank's loss in default that the budget bears",
        low=0.0,
        high=1.0,
        axes=("place",),
        neutral=0.0,
    )
    hazard: Float[Array, ""] = parameter(
        0.0, "fall of the probability of repayment under a full guarantee", low=0.0, high=1.0
    )
    subsidy: Float[Array, " place"] | None = parameter(
        None,
        "share of interest, or of the fee of supply-chain finance, that the budget pays",
        low=0.0,
        high=1.0,
        axes=("place",),
        neutral=0.0,
    )
    letter_subsidy: Float[Array, " place"] | None = parameter(
        None,
        "share of the fee of a letter that the budget pays",
        low=0.0,
        high=1.0,
        axes=("place",),
        neutral=0.0,
    )


class WorkingCapital(Barrier):
    """Sellers borrow the cost of what they sell until they are paid.

        rate_ij = interest days_ij / 365 + risk_ij
        interest = (1 + riskless) / lam - 1,  lam = repaid - hazard guarantee,
                   or that of the lead firm and its fee
        risk_ij  = 1 / (1 - default_ij) - 1      (terms = "open account"),  or the fee of a letter

    ``days`` run from order to payment: door-to-door time and the buyer's terms; with ``under_way =
    "network"`` they are the terms alone, and the hours of the economy's network (or of its layer
    of time) come on top, whatever makes these longer or shorter. ``finance =
    "supply chain"`` is the lead firm's rate plus ``chain_fee`` instead of the small firm's own.
    Resources of lenders: nobody's income. The budget of the origin may pay a part of it: a
    ``guarantee`` bears a share of what a bank loses in default, ``subsidy`` a share of the interest
    that is left or of the fee of supply-chain finance, ``letter_subsidy`` one of the fee of a
    letter. Resources are used as before, and income pays what sellers do not (a general economy;
    ``budget`` reports it). A bank that breaks even passes a guarantee on in full:

        interest paid = interest - (1 - lam) guarantee / lam

    so that it is an interest subsidy of that size, at the same cost to the budget, unless a
    guarantee invites default (``hazard``), which uses more resources.

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
    chain: ChainFinance = group(ChainFinance, "what supply-chain finance costs")
    support: FinanceSupport = group(FinanceSupport, "what the budget pays")
    under_way: str = option(
        "in days", "whether hours of the network are in days already", ("in days", "network")
    )
    finance: str = option("bank", "whose rate firms pay", ("bank", "supply chain"))
    terms: str = option("open account", "how sales are paid", ("open account", "letter of credit"))

    def __check_init__(self) -> None:
        super().__check_init__()
        if self.support.guarantee is not None and self.finance == "supply chain":
            raise InvalidParameterError(
                "support.guarantee is not allowed with finance = 'supply chain', where no bank "
                "lends; must be left out, or with finance = 'bank'"
            )
        lam = self._lam
        if is_concrete(lam) and bool(jnp.any(lam <= 0)):
            raise InvalidParameterError(
                f"support.hazard = {float(self.support.hazard):g} is not allowed; repaid - "
                f"hazard guarantee = {float(jnp.min(lam)):g} must be above 0, or nobody repays"
            )

    @property
    def _lam(self) -> Float[Array, "*place"]:
        """Probability of repayment."""
        backed = self.support.guarantee
        return self.repaid if backed is None else self.repaid - self.support.hazard * backed

    @property
    def interest(self) -> Float[Array, "*place"]:
        """Yearly interest, before any support."""
        if self.finance == "supply chain":
            return self.chain.lead + self.chain.chain_fee
        return (1.0 + self.riskless) / self._lam - 1.0

    @property
    def waits(self) -> bool:
        """For goods on the network."""
        return self.under_way == "network"

    def _years(self, scene: Scene) -> Float[Array, "origin destination *sector"]:
        """Time from order to payment."""
        days = jnp.broadcast_to(self.days, (scene.places, scene.places))
        if self.waits:
            if scene.hours is None:
                raise InvalidParameterError(
                    "under_way = 'network' is not allowed: no part of the economy says how long "
                    "goods take; must be 'in days', or beside a network or a layer of time"
                )
            days = add(days, scene.hours / 24.0)
        return days / 365.0

    def ad_valorem(self, scene: Scene) -> Any:
        """Interest until payment, and the risk of none."""
        risk = self.default / (1.0 - self.default)
        if self.terms == "letter of credit":
            risk = self.letter_fee
        years = self._years(scene)
        interest = _of_origins(self.interest, years)
        return add(interest * years, jnp.broadcast_to(risk, years.shape[:2]))

    def borne(self, scene: Scene) -> Array | None:
        """What the budgets of origins pay of it."""
        given = self.support
        if given.subsidy is given.letter_subsidy is given.guarantee is None:
            return None
        zero, years = jnp.zeros(()), self._years(scene)
        share = zero if given.subsidy is None else given.subsidy
        dear = self.chain.chain_fee if self.finance == "supply chain" else self.interest
        backed = zero
        if given.guarantee is not None:
            backed = (1.0 - self._lam) * given.guarantee / self._lam
        paid = _of_origins(backed + share * (dear - backed), years) * years
        if self.terms == "letter of credit" and given.letter_subsidy is not None:
            paid = paid + _of_origins(given.letter_subsidy, years) * self.letter_fee
        full = jnp.asarray(self.ad_valorem(scene))
        abroad = 1.0 - jnp.eye(scene.places)
        abroad = abroad if full.ndim == 2 else abroad[..., None]
        return (jnp.log1p(full) - jnp.log1p(full - paid)) * abroad


def _of_origins(value: Array, pairs: Array) -> Array:
    """A number, or one for each origin, along the axes of pairs."""
    return jnp.broadcast_to(value, pairs.shape[:1]).reshape(-1, *(1,) * (pairs.ndim - 1))
