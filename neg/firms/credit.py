"""A loan for the fixed cost: what must be repaid, who gets it, what support costs the budget."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from neg.core.checks import is_concrete
from neg.core.errors import InvalidParameterError
from neg.core.parameters import Parametric, parameter
from neg.menus import Productivity


class Loan(NamedTuple):
    """Terms of a loan: money per loan, but for ``rate`` (promised interest) and ``granted``."""

    amount: Array
    promised: Array
    effective: Array
    rate: Array
    granted: Array
    budget: Array


class Needs(NamedTuple):
    """Operating profit at which taking part pays, and at which somebody lends; money.

    ``lent`` says whether anybody is lent to, ``credit`` holds zero where nobody is, or where
    nobody is refused; ``profit`` and ``credit`` are per market, as the fixed cost.
    """

    profit: Array
    credit: Array
    lent: Array

    @property
    def both(self) -> Array:
        """The larger of the two; its derivative at a tie is that of the first."""
        return jnp.where(self.credit > self.profit, self.credit, self.profit)


class Participation(NamedTuple):
    """Who takes part under a loan: cut-off productivity, share of firms, sales, budget in all."""

    cutoff: Array
    firms: Array
    volume: Array
    budget: Array


class Credit(Parametric):
    """A share of the fixed cost f is borrowed from a lender who breaks even.

        D = share f,   C = collateral f_E + pledge profit (at most D),   lam = repaid - hazard g
        lam Q + (1 - lam) (C + g (D - C)) = (1 + interest) D + monitoring,      g = guarantee
        f_eff = (1 - share) f + Q - subsidy,    rationed where Q / D - 1 > cap

    A firm takes part where its operating profit is at least ``f_eff`` and somebody lends:
    the cut-off is the larger of that of profit and that of credit (:meth:`needs`). ``f_eff``
    decides who is in, resources used stay f (and defaults). With ``repaid = 1`` and free loans,
    or ``share = 0``, nothing differs from no borrowing.

    Without a ``pledge`` every loan for a market has the same terms, and a cap that binds refuses
    them all. With one, firms that sell more have more to pledge: those below a threshold are
    refused, the larger ones served.

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
    pledge: Float[Array, ""] = parameter(
        0.0,
        "share of the operating profit of a market that serves as collateral",
        low=0.0,
        high=1.0,
    )

    def __check_init__(self) -> None:
        super().__check_init__()
        lam = self.repaid - self.hazard * self.guarantee
        if is_concrete(lam) and bool(jnp.any(lam <= 0)):
            raise InvalidParameterError(
                f"hazard = {float(jnp.max(self.hazard)):g} is not allowed; repaid - hazard "
                f"guarantee = {float(jnp.min(lam)):g} must be above 0, or nobody repays"
            )

    def loan(self, fixed: Any, entry: Any, profit: Any = 0.0) -> Loan:
        """Terms for a fixed cost and an entry cost, arrays of any (equal) shape, money.

        ``profit`` is the firm's operating profit in the market; a share ``pledge`` is collateral.

        >>> credit = Credit(interest=0.05, guarantee=0.6)
        >>> terms = credit.loan(1.0, 0.8)
        >>> round(float(terms.effective), 5), round(float(terms.budget), 5)
        (1.08175, 0.0456)
        """
        fixed, entry = jnp.asarray(fixed, dtype=float), jnp.asarray(entry, dtype=float)
        lam = self.repaid - self.hazard * self.guarantee
        amount = self.share * fixed
        pledged = jnp.minimum(self.collateral * entry + self.pledge * profit, amount)
        lost = pledged + self.guarantee * (amount - pledged)
        # Nobody borrows nothing: no cost of looking after it.
        some = amount > 0
        cost = jnp.where(some, self.monitoring, 0.0)
        promised = ((1.0 + self.interest) * amount + cost - (1.0 - lam) * lost) / lam
        effective = (1.0 - self.share) * fixed + promised - jnp.where(some, self.subsidy, 0.0)
        rate = jnp.where(some, promised / jnp.where(some, amount, 1.0) - 1.0, 0.0)
        granted = jnp.ones_like(rate, dtype=bool) if self.cap is None else rate <= self.cap
        borne = (1.0 - lam) * self.guarantee * (amount - pledged)
        budget = jnp.where(some, borne + lam * self.subsidy, 0.0)
        return Loan(amount, promised, effective, rate, granted, budget)

    def needs(self, fixed: Any, entry: Any) -> Needs:
        """Operating profit that taking part and borrowing take, for costs as of :meth:`loan`.

            h = (1 - lam) (1 - guarantee),   C_0 = collateral f_E (at most D)
            profit = max(f_eff(C_0) / (1 + pledge h / lam), f_eff(D))
            credit = (C_min - C_0) / pledge,  C_min the collateral at which Q / D - 1 = cap

        >>> need = Credit(cap=0.1, pledge=0.05).needs(1.0, 0.8)
        >>> round(float(need.profit), 6), round(float(need.credit), 6)
        (1.081481, 2.0)
        """
        terms, bare = self.loan(fixed, entry), jnp.asarray(fixed, dtype=float)
        lam = self.repaid - self.hazard * self.guarantee
        saved = (1.0 - lam) * (1.0 - self.guarantee)  # what a unit of collateral adds to a loan
        room = self._room(bare, entry)
        half = terms.effective / (1.0 + self.pledge * saved / lam)
        whole = terms.effective - saved / lam * room
        profit = jnp.where(whole > half, whole, half)
        if self.cap is None:
            return Needs(profit, jnp.zeros_like(profit), jnp.ones_like(profit, dtype=bool))
        short = lam * (terms.promised - (1.0 + self.cap) * terms.amount)
        refused = short > 0
        useful = refused & (short <= saved * room) & (self.pledge > 0)
        each = jnp.where(useful, saved * self.pledge, 1.0)
        credit = jnp.where(useful, short / each, 0.0)
        return Needs(profit, credit, ~refused | useful)

    def _room(self, fixed: Any, entry: Any) -> Array:
        """What a loan exceeds the collateral of entry by."""
        amount = self.share * jnp.asarray(fixed, dtype=float)
        return amount - jnp.minimum(self.collateral * jnp.asarray(entry, dtype=float), amount)

    def mean_budget(
        self, fixed: Any, entry: Any, least: Any, size: Productivity, cut: Any
    ) -> Array:
        """Budget per loan over firms above the size ``cut``, where profit is ``least``; money.

        (1 - lam) guarantee (D - C_0 - E[min(pledge profit, D - C_0) | x > cut]) + lam subsidy
        """
        terms = self.loan(fixed, entry)
        lam = self.repaid - self.hazard * self.guarantee
        room, first = self._room(fixed, entry), self.pledge * least
        partly = (first > 0) & (first < room)
        # Firms above ``full`` pledge the whole loan; where none or all do, any number will do.
        full = jnp.where(partly, room / jnp.where(partly, first, 1.0), 2.0) * cut
        above = size.above(0.0, cut)
        some = size.above(1.0, cut) - size.above(1.0, full)
        mean = first * some / cut + room * size.above(0.0, full)
        mean = mean / jnp.where(above > 0, above, 1.0)
        mean = jnp.where(partly, mean, jnp.where(first > 0, room, 0.0))
        return terms.budget - jnp.where(terms.amount > 0, (1.0 - lam) * self.guarantee * mean, 0.0)

    def participation(
        self, fixed: Any, entry: Any, scale: Any, size: Productivity, sigma: Any
    ) -> Participation:
        """Who takes part: ``scale x >= needs`` with ``x = z^(sigma - 1)`` of distribution ``size``.

            z_c = (larger of profit and credit needed / scale)^(1 / (sigma - 1))

        ``scale`` is operating profit per unit of size. The budget is per firm that draws a
        productivity; ``volume`` is ``E[x; in]``, of which sales are ``sigma scale`` times.

        >>> from neg.menus import Pareto
        >>> found = Credit().participation(1.0, 0.8, 0.2, Pareto(4.5).raised(3.0), 4.0)
        >>> round(float(found.cutoff), 9), round(float(found.firms), 9)
        (1.762495599, 0.078059149)
        """
        need, scale = self.needs(fixed, entry), jnp.asarray(scale, dtype=float)
        finite = jnp.maximum(need.both / scale, size.least)
        cut = jnp.where(need.lent, finite, jnp.inf)
        firms = size.above(0.0, cut)
        cutoff = jnp.where(need.lent, finite ** (1.0 / (sigma - 1.0)), jnp.inf)
        budget = self.mean_budget(fixed, entry, scale * finite, size, finite)
        return Participation(cutoff, firms, size.above(1.0, cut), firms * budget)

    def accounts(
        self, fixed: Any, entry: Any, profit: Any = 0.0
    ) -> dict[tuple[str, str, str], Array]:
        """Expected flows of money per loan, ``(payer, payee, what)``; every account adds up.

        The lender pays out the loan and gets back promises kept, collateral and guarantees; what
        it then pays as interest on its own funds and for monitoring leaves it with nothing.
        """
        terms = self.loan(fixed, entry, profit)
        lam = self.repaid - self.hazard * self.guarantee
        own = self.collateral * jnp.asarray(entry, dtype=float) + self.pledge * profit
        pledged = jnp.minimum(own, terms.amount)
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
