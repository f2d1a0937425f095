"""A loan for the fixed cost: what must be repaid, who gets it, what support costs the budget."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.parameters import Parametric, parameter
from neg.firms.productivity import Productivity


class Loan(NamedTuple):
    """Terms of a loan: money per loan, but for ``rate`` (promised interest) and ``granted``."""

    amount: Array
    promised: Array
    effective: Array
    rate: Array
    granted: Array
    budget: Array


class Participation(NamedTuple):
    """Who takes part under a loan: cut-off productivity, share of firms, sales, budget in all."""

    cutoff: Array
    firms: Array
    volume: Array
    budget: Array


class Credit(Parametric):
    """A share of the fixed cost f is borrowed from a lender who breaks even.

        D = share f,   C = collateral f_E (at most D),   lam = repaid - hazard guarantee
        lam Q + (1 - lam) (C + guarantee (D - C)) = (1 + interest) D + monitoring
        f_eff = (1 - share) f + Q - subsidy,    rationed where Q / D - 1 > cap

    A firm takes part where its operating profit is at least ``f_eff``; ``f_eff`` decides who is
    in, resources used stay f (and defaults). With ``repaid = 1`` and free loans, or ``share = 0``,
    nothing differs from no borrowing.

    The public budget pays ``(1 - lam) guarantee (D - C)`` for a guarantee and ``lam subsidy`` for
    an interest subsidy, per loan: the same for the same cut-off, unless the guarantee invites
    default (``hazard``), loans are rationed (``cap``), or those who pay differ.

    Source: Manova (2013), Review of Economic Studies 80(2); rationing: Stiglitz and Weiss (1981).
    Leaves out: how net worth builds up; capital of banks.
    """

    share: Float[Array, ""] = parameter(
        0.7, "share of the fixed cost that is borrowed", low=0.0, high=1.0
    )
    collateral: Float[Array, ""] = parameter(
        0.4, "share of the entry cost that serves as collateral", low=0.0
    )
    repaid: Float[Array, ""] = parameter(
        0.8, "probability of repayment", low=0.0, high=1.0, low_open=True
    )
    interest: Float[Array, ""] = parameter(0.0, "riskless interest", low=0.0, unit="share")
    monitoring: Float[Array, ""] = parameter(
        0.0, "cost of looking after a loan: a platform lowers it", low=0.0, unit="money per loan"
    )
    guarantee: Float[Array, ""] = parameter(
        0.0, "share of the lender's net loss that the budget bears", low=0.0, high=1.0
    )
    subsidy: Float[Array, ""] = parameter(
        0.0, "interest subsidy to those who repay", low=0.0, unit="money per loan"
    )
    hazard: Float[Array, ""] = parameter(
        0.0, "fall of the probability of repayment under a full guarantee", low=0.0, high=1.0
    )
    cap: Float[Array, ""] | None = parameter(
        None, "interest rate above which nobody lends; None for none", low=0.0
    )

    def loan(self, fixed: Any, entry: Any) -> Loan:
        """Terms for a fixed cost and an entry cost, arrays of any (equal) shape, money.

        >>> credit = Credit(interest=0.05, guarantee=0.6)
        >>> terms = credit.loan(1.0, 0.8)
        >>> round(float(terms.effective), 5), round(float(terms.budget), 5)
        (1.08175, 0.0456)
        """
        fixed, entry = jnp.asarray(fixed, dtype=float), jnp.asarray(entry, dtype=float)
        lam = self.repaid - self.hazard * self.guarantee
        amount = self.share * fixed
        pledged = jnp.minimum(self.collateral * entry, amount)
        lost = pledged + self.guarantee * (amount - pledged)
        # Nobody borrows nothing: no cost of looking after it.
        cost = jnp.where(amount > 0, self.monitoring, 0.0)
        promised = ((1.0 + self.interest) * amount + cost - (1.0 - lam) * lost) / lam
        effective = (1.0 - self.share) * fixed + promised - jnp.where(amount > 0, self.subsidy, 0.0)
        some = amount > 0
        rate = jnp.where(some, promised / jnp.where(some, amount, 1.0) - 1.0, 0.0)
        granted = jnp.ones_like(rate, dtype=bool) if self.cap is None else rate <= self.cap
        borne = (1.0 - lam) * self.guarantee * (amount - pledged)
        budget = jnp.where(some, borne + lam * self.subsidy, 0.0)
        return Loan(amount, promised, effective, rate, granted, budget)

    def participation(
        self, fixed: Any, entry: Any, scale: Any, size: Productivity, sigma: Any
    ) -> Participation:
        """Who takes part: ``scale x >= f_eff`` with ``x = z^(sigma - 1)`` of distribution ``size``.

            z_c = (f_eff / scale)^(1 / (sigma - 1))

        ``scale`` is operating profit per unit of size. The budget is per firm that draws a
        productivity; ``volume`` is ``E[x; in]``, of which sales are ``sigma scale`` times.

        >>> from neg.firms import Pareto
        >>> found = Credit().participation(1.0, 0.8, 0.2, Pareto(4.5).raised(3.0), 4.0)
        >>> round(float(found.cutoff), 9), round(float(found.firms), 9)
        (1.762495599, 0.078059149)
        """
        terms = self.loan(fixed, entry)
        cut = jnp.maximum(terms.effective / jnp.asarray(scale, dtype=float), size.least)
        cut = jnp.where(terms.granted, cut, jnp.inf)
        firms = size.above(0.0, cut)
        finite = jnp.where(terms.granted, cut, 1.0)
        cutoff = jnp.where(terms.granted, finite ** (1.0 / (sigma - 1.0)), jnp.inf)
        return Participation(cutoff, firms, size.above(1.0, cut), firms * terms.budget)

    def accounts(self, fixed: Any, entry: Any) -> dict[tuple[str, str, str], Array]:
        """Expected flows of money per loan, ``(payer, payee, what)``; every account adds up.

        The lender pays out the loan and gets back promises kept, collateral and guarantees; what
        it then pays as interest on its own funds and for monitoring leaves it with nothing.
        """
        terms = self.loan(fixed, entry)
        lam = self.repaid - self.hazard * self.guarantee
        pledged = jnp.minimum(self.collateral * jnp.asarray(entry, dtype=float), terms.amount)
        borne = (1.0 - lam) * self.guarantee * (terms.amount - pledged)
        return {
            ("lender", "firm", "loan"): terms.amount,
            ("firm", "lender", "repayment"): lam * terms.promised,
            ("firm", "lender", "collateral"): (1.0 - lam) * pledged,
            ("budget", "lender", "guarantee"): borne,
            ("budget", "firm", "interest subsidy"): terms.budget - borne,
            ("people", "budget", "taxes"): terms.budget,
            ("lender", "savers", "funds and interest"): (1.0 + self.interest) * terms.amount,
            ("savers", "lender", "funds"): terms.amount,
            ("lender", "monitors", "monitoring"): jnp.where(terms.amount > 0, self.monitoring, 0.0),
        }
