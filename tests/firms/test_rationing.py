"""Lenders who refuse: thresholds of firms, closed markets, and what they do in an economy."""

from __future__ import annotations

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy, short_run
from neg.core.errors import InvalidParameterError
from neg.economy.ledger import largest_imbalance
from neg.economy.lever import Lever
from neg.estimation.welfare import small_firms
from neg.firms import ClosedMarketWarning, Credit, FinancedSelection
from neg.menus import LogNormal, Pareto

FIXED = np.array([[0.5, 0.8], [0.9, 0.6]])
ENTRY = np.array([1.0, 1.2])
LOANS = {"interest": 0.05, "monitoring": 0.02, "collateral": 0.2, "pledge": 0.1, "guarantee": 0.3}
BINDS = LOANS | {"cap": 0.185, "subsidy": 0.01}


def economy(theta=4.5, **changes):
    given = {"employment": [[1.0, 0.4], [2.0, 0.9]], "theta": [theta, 4.0], "alpha": [1.0, 0.0]}
    given |= {"tau": [[1.0, 1.3], [1.25, 1.0]], "input_share": [[0.1, 0.1], [0.1, 0.0]]}
    return general_economy(places=["a", "b"], sectors=["goods", "services"], **(given | changes))


def loans(**credit):
    given = {"fixed": FIXED, "entry": ENTRY, "sectors": ("goods",)}
    return FinancedSelection().with_(**(given | credit))


def outcome(found, name):
    return np.asarray(found[f"financed_selection.{name}"])[..., 0]


@pytest.mark.parametrize("seed", range(6))
def test_who_is_in_is_who_pays_and_is_lent_to(seed):
    """The closed form against the terms of firms of every size, one at a time."""
    rng = np.random.default_rng(seed)
    low = np.array([0.2, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.01])
    high = np.array([1.0, 0.5, 1.0, 0.1, 0.05, 0.9, 0.05, 0.2, 0.3])
    names = ("share", "collateral", "repaid", "interest", "monitoring", "guarantee", "subsidy")
    given = dict(zip((*names, "hazard", "pledge"), rng.uniform(low, high), strict=True))
    free = Credit(**given)
    rate = float(free.loan(1.0, 0.8).rate)
    for cap in (rate - 0.02, rate - 0.001, rate + 0.001, None):
        credit = free if cap is None else free.with_(cap=max(cap, 0.0))
        need = credit.needs(1.0, 0.8)
        profit = np.linspace(0.0, 6.0, 30_001)
        terms = credit.loan(np.ones_like(profit), 0.8, profit)
        inside = np.asarray((profit >= terms.effective) & terms.granted)
        if not need.lent or float(need.both) > 6.0:
            assert not inside.any()
            continue
        assert inside.any() and inside[np.argmax(inside) :].all()  # one threshold
        assert profit[np.argmax(inside)] == pytest.approx(float(need.both), abs=4e-4)


@pytest.mark.parametrize("size", [Pareto(1.5), Pareto(3.0, 0.5), LogNormal(0.0, 0.9)])
@pytest.mark.parametrize("pledge", [0.0, 0.02, 0.2, 1.0])
def test_the_mean_budget_is_that_of_each_loan(size, pledge):
    credit = Credit(guarantee=0.6, subsidy=0.01, interest=0.05, pledge=pledge)
    scale, cut = 0.4, 2.5
    t = np.linspace(0.0, 30.0, 400_001)  # share above the size of exp(-t), from that at the cut
    share = np.exp(-t) * float(size.above(0.0, jnp.asarray(cut)))
    pareto = isinstance(size, Pareto)
    x = cut * np.exp(t / float(size.kappa)) if pareto else np.asarray(size.quantile(1.0 - share))
    each = credit.loan(np.ones_like(t), 0.8, scale * x).budget
    expected = np.trapezoid(np.asarray(each) * np.exp(-t), t)
    found = credit.mean_budget(1.0, 0.8, scale * cut, size, cut)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow  # two economies
@pytest.mark.parametrize("law", [None, Pareto(4.5)])
def test_credit_oracle_through_an_economy(law):
    """Free entry at which a unit of size earns 0.2: the cut-off is Manova's, rationed or not."""
    plain, tight = Credit(), Credit(cap=0.1, pledge=0.05)
    base = economy(
        4.5 if law is None else 3.0, employment=[[1.0, 0.0], [1.0, 0.0]], input_share=0.0
    )
    expected = (1.7624955988019464, 0.07805914943756867), (10 ** (1 / 3), 10**-1.5)
    for credit, (cutoff, firms) in zip((plain, tight), expected, strict=True):
        alone = credit.participation(1.0, 0.8, 0.2, Pareto(1.5), 4.0)
        assert (alone.cutoff, alone.firms) == pytest.approx((cutoff, firms), rel=1e-12)
        entry = float(0.2 * alone.volume - alone.firms)
        part = loans(
            fixed=np.where(np.eye(2) > 0, 1.0, 1e9),  # nobody sells abroad
            entry=entry,
            collateral=0.4 * 0.8 / entry,
            law=law,
            pledge=credit.pledge,
            cap=10.0 if credit.cap is None else credit.cap,
        )
        shut = 1.0 + 1e6 * (1.0 - np.eye(2))
        found = short_run(compose(base.with_(tau=shut), [part])).outcomes
        assert outcome(found, "cutoff")[0, 0] == pytest.approx(cutoff, rel=1e-10)
        assert outcome(found, "participation")[0, 0] == pytest.approx(firms, rel=1e-10)


@pytest.mark.slow  # an economy
@pytest.mark.parametrize("law", [None, LogNormal(0.0, 0.8)])
def test_an_economy_with_refused_firms(law):
    """Cut-offs are those of the lender at what a unit of size earns; every account adds up."""
    model = compose(economy(4.5 if law is None else 3.0), [loans(**BINDS, law=law)])
    solved = short_run(model)
    found = solved.outcomes
    size = Pareto(1.5) if law is None else law.raised(3.0)
    cost = np.asarray(found["unit_cost"])[:, :1]
    firms, cut = outcome(found, "firms"), outcome(found, "cutoff") ** 3.0
    sold, entrants = np.asarray(found["trade"])[:, :, 0], outcome(found, "entrants")[:, None]
    scale = sold / (4.0 * entrants * np.asarray(size.above(1.0, cut)) * cost)
    credit = Credit(**BINDS)
    alone = credit.participation(FIXED, ENTRY[:, None], scale, size, 4.0)
    assert outcome(found, "cutoff") == pytest.approx(np.asarray(alone.cutoff), rel=1e-9)
    assert firms == pytest.approx(entrants * np.asarray(alone.firms), rel=1e-9)
    free = credit.with_(cap=None).participation(FIXED, ENTRY[:, None], scale, size, 4.0)
    rationed = 1.0 - np.asarray(alone.firms / free.firms)
    assert outcome(found, "rationed") == pytest.approx(rationed, rel=1e-9, abs=1e-12)
    assert rationed.max() > 0.1 and rationed.min() == 0.0  # kinked: it binds in some markets
    spent = (entrants * np.asarray(alone.budget) * cost).sum(axis=1)
    assert found["financed_selection.budget"] == pytest.approx(spent, rel=1e-9)
    assert largest_imbalance(solved.ledger) <= 1e-12
    # As an aim of policy: small firms' share in the jobs of the goods sector.
    jobs, people = outcome(found, "small_jobs"), np.array([1.0, 2.0])
    aim = small_firms(model)(found)
    assert aim == pytest.approx(np.log(jobs @ people / people.sum()), rel=1e-12)
    # Free entry: what is left of operating profit pays for entry.
    used = FIXED * (1.0 + 0.05 * 0.7) + 0.02
    profit = (sold / 4.0 - firms * cost * used).sum(axis=1) + spent
    assert profit == pytest.approx(entrants[:, 0] * cost[:, 0] * ENTRY, rel=1e-9)


@pytest.mark.slow  # four economies
def test_a_guarantee_lifts_a_cap_and_a_subsidy_does_not():
    bare = BINDS | {"guarantee": 0.0, "cap": 0.2}
    before, backed, paid = (
        outcome(short_run(compose(economy(), [loans(**(bare | tool))])).outcomes, "rationed")
        for tool in ({}, {"guarantee": 0.5}, {"subsidy": 0.05})
    )
    assert (before > 0.05).any() and (backed[before > 0] < before[before > 0]).all()
    assert (paid[before > 0] > before[before > 0]).all()  # more would pay, no more are lent to
    loose = short_run(compose(economy(), [loans(**(LOANS | {"cap": 5.0}))])).outcomes
    free = short_run(compose(economy(), [loans(**LOANS)])).outcomes
    for name, value in free.items():
        assert loose[name] == pytest.approx(np.asarray(value), rel=1e-13), name
    assert (outcome(loose, "rationed") == 0.0).all()


@pytest.mark.slow  # three economies
@pytest.mark.parametrize("law", [None, LogNormal(0.0, 0.8)])
def test_a_market_that_nobody_is_lent_for_is_closed(law):
    """As one whose goods nobody wants there: small loans pay most for being looked after."""
    theta = 4.5 if law is None else 3.0
    fixed = np.array([[0.5, 0.2], [0.9, 0.6]])
    given = {"fixed": fixed, "monitoring": 0.03, "collateral": 0.4, "law": law, "limit": 6.0}
    rate = np.asarray(Credit(monitoring=0.03).loan(fixed, ENTRY[:, None]).rate)
    cap = 0.5 * (rate[0, 1] + np.delete(rate.ravel(), 1).max())
    with pytest.warns(ClosedMarketWarning, match="goods from a to b"):
        model = compose(economy(theta), [loans(**given, cap=cap)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClosedMarketWarning)
        found = short_run(model).outcomes
    taste = np.ones((2, 2, 2))
    taste[0, 1, 0] = 0.0
    other = short_run(compose(economy(theta, taste=taste), [loans(**given)])).outcomes
    for name in ("rationed", "closed"):
        assert outcome(found, name) == pytest.approx(np.array([[0.0, 1.0], [0.0, 0.0]])), name
    closed = {"financed_selection.threshold"}
    for name, value in other.items():
        if name not in closed:
            assert found[name] == pytest.approx(np.asarray(value), rel=1e-9, abs=1e-12), name
    assert outcome(found, "firms")[0, 1] == 0.0 and outcome(found, "cutoff")[0, 1] == np.inf


@pytest.mark.slow  # a jacobian
@pytest.mark.parametrize("law", [None, LogNormal(0.0, 0.8)])
def test_derivatives_under_a_cap_and_at_its_kink(law):
    model = compose(economy(4.5 if law is None else 3.0), [loans(**BINDS, law=law)])
    names = ("cap", "pledge", "guarantee", "repaid", "collateral", "monitoring", "subsidy")

    def outcomes(values):
        moved = model
        for name, value in zip(names, values, strict=True):
            moved = Lever(f"financed_selection.{name}", "plus").put(moved, value)
        found = short_run(moved).outcomes
        return {k: found[k] for k in found if k.startswith("financed") or k == "welfare"}

    starts = jnp.zeros(len(names))
    slopes = jax.jacfwd(outcomes)(starts)
    for k, name in enumerate(names):
        step = 1e-6 * np.eye(len(names))[k]
        high, low = outcomes(starts + step), outcomes(starts - step)
        for key, slope in slopes.items():
            numeric = (np.asarray(high[key]) - np.asarray(low[key])) / 2e-6
            scale = 1.0 + np.abs(numeric).max()
            assert slope[..., k] == pytest.approx(numeric, rel=1e-4, abs=1e-5 * scale), (name, key)
    # Where both cut-offs are the same the derivative is that of profit: the side of a loose cap.
    credit = Credit(**LOANS)
    need = credit.needs(1.0, 0.8)
    short = (1.0 - credit.repaid) * (1.0 - credit.guarantee) * credit.pledge * need.profit
    terms = credit.loan(1.0, 0.8)
    cap = float(terms.rate - short / credit.repaid / terms.amount)

    def both(cap):
        return credit.with_(cap=cap).needs(1.0, 0.8).both

    assert jax.grad(both)(cap + 1e-9) == 0.0
    assert jax.grad(both)(cap - 1e-9) < -1.0


def test_a_market_that_a_cap_closes_is_not_silent():
    """Named when the cap is given, and when a lever reaches it; not where sales are pledged."""
    rate = np.asarray(Credit(monitoring=0.03).loan(FIXED, ENTRY[:, None]).rate)
    cap = 0.5 * (rate.max() + np.sort(rate.ravel())[-2])
    given = {"monitoring": 0.03, "share": 0.7}
    i, j = np.unravel_index(rate.argmax(), rate.shape)
    words = f"closes markets.*goods from {'ab'[i]} to {'ab'[j]}; raise it"
    with pytest.warns(ClosedMarketWarning, match=words):
        compose(economy(), [loans(**given, cap=cap)])
    model = compose(economy(), [loans(**given, cap=1.0)])
    with pytest.warns(ClosedMarketWarning, match=words):
        Lever("financed_selection.cap", "set").put(model, cap)
    compose(economy(), [loans(**given, cap=cap, pledge=0.5)])


def test_bad_rationing_is_named():
    with pytest.raises(InvalidParameterError, match=r"cap = 0.001 is not allowed; must be so high"):
        compose(economy(), [loans(cap=0.001, interest=0.05)])
    with pytest.raises(InvalidParameterError, match=r"subsidy = 3 is not allowed; must be below"):
        compose(economy(), [loans(subsidy=3.0)])
    with pytest.raises(InvalidParameterError, match=r"hazard = 0.9 is not allowed"):
        Credit(hazard=0.9, guarantee=1.0)
    with pytest.raises(InvalidParameterError, match="pledge = 2 is not allowed"):
        Credit(pledge=2.0)
