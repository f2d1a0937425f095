"""Hours that answer wages, and rebates, in the general economy."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis.baseline import calibrate
from neg.core.errors import InvalidParameterError
from neg.economy.composed import compose
from neg.economy.general import REBATES
from neg.economy.general.build import general_economy
from neg.parts import Hours
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

TABLE = random_table(seed=4)
RNG = np.random.default_rng(11)
TAU = RNG.uniform(0.9, 1.3, (3, 3, 2))
TARIFF = RNG.uniform(0.0, 0.3, (3, 3, 2)) * ~np.eye(3, dtype=bool)[:, :, None]
PSI = np.array([0.3, 1.2, 0.7])


def baseline(**options):
    given = {"theta": [4.0, 6.0], "alpha": [0.0, 0.4], "uses": "common"}
    return calibrate(TABLE, **given | options)


def shocked(psi=PSI, **options):
    parts = [] if psi is None else [Hours(psi=psi, reach=options.pop("reach", 0.0))]
    return compose(baseline(**options).with_(tau=TAU, tariff=TARIFF), parts)


def numbers(solution):
    return {name: np.asarray(value) for name, value in solution.outcomes.items()}


# Hours ------------------------------------------------------------------------------------------


def test_hours_are_one_at_the_calibrated_baseline():
    out = numbers(short_run(baseline(parts=[Hours(psi=PSI)])))
    np.testing.assert_allclose(out["hours"], 1.0, rtol=1e-10)
    np.testing.assert_allclose(out["trade"], TABLE.flows, rtol=1e-9)


def test_elasticity_of_hours_to_the_real_wage_is_psi():
    out = numbers(short_run(shocked()))
    log_wage = np.log(out["wage"] / out["consumer_index"][:, None])
    np.testing.assert_allclose(np.log(out["hours"]), PSI[:, None] * log_wage, rtol=1e-9)
    assert np.ptp(log_wage) > 0.05


@pytest.mark.slow
def test_supply_of_elasticity_zero_is_no_labour_supply():
    zero, off = short_run(shocked(0.0)), short_run(shocked(None))
    assert "hours.index" in zero.prices and "hours.index" not in off.prices
    assert "hours" not in off.outcomes
    for name, value in numbers(off).items():
        np.testing.assert_allclose(numbers(zero)[name], value, rtol=1e-12, atol=1e-13)


def test_markets_clear_in_hours_and_money_is_neutral():
    model = shocked(deficit_rule="own-share")
    solution = short_run(model)
    out, prices = numbers(solution), solution.prices
    people = np.asarray(model.employment)
    np.testing.assert_allclose(out["trade"].sum(axis=1), out["output"], rtol=1e-10)
    labour = out["wage"] * people * out["hours"]
    active_share = np.asarray(model.labour_share)
    np.testing.assert_allclose(labour, active_share * out["output"], rtol=1e-10)
    mean = labour.sum(axis=1) / people.sum(axis=1)
    np.testing.assert_allclose(out["mean_wage"], mean, rtol=1e-10)
    double = {name: value + jnp.log(2.0) for name, value in prices.items()}
    residual = model.market_residual(double, solution.x)
    for name, value in residual.items():
        expected = -np.log(2.0) if name == "wage" else 0.0
        np.testing.assert_allclose(value, expected, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(model.payoff(double, solution.x), solution.payoff, atol=1e-10)


@pytest.mark.slow
def test_gains_under_labour_supply_in_one_sector_are_those_of_real_wages():
    """Without transfers utility is log((w/P)^(1+psi) / (1+psi)): gains from trade, magnified."""
    psi, theta = 0.8, 5.0
    tau = np.where(np.eye(3, dtype=bool), 1.0, 1.6)
    model = general_economy(
        places=list("abc"),
        sectors=["goods"],
        employment=[[1.0], [2.0], [0.5]],
        productivity=[[1.0], [0.5], [3.0]],
        theta=theta,
        tau=tau,
        parts=[Hours(psi=psi)],
    )
    after = short_run(model.with_(tau=tau[..., None] ** 0.5))
    before = short_run(model)
    home = [
        np.einsum("iis->i", o.outcomes["trade"]) / o.outcomes["income"] for o in (after, before)
    ]
    real_wage = -np.log(home[0] / home[1]) / theta
    np.testing.assert_allclose(after.payoff - before.payoff, (1 + psi) * real_wage, rtol=1e-9)
    wage = np.asarray(before.outcomes["wage"])[:, 0]
    expected = (1 + psi) * np.log(wage / before.outcomes["consumer_index"]) - np.log1p(psi)
    np.testing.assert_allclose(before.payoff, expected, rtol=1e-9)


def test_hours_are_those_that_a_worker_would_choose():
    """No other hours give her a higher utility at the same transfer."""
    model = shocked()
    out = numbers(short_run(model))
    people = np.asarray(model.employment)
    wages = (out["wage"] * people * out["hours"]).sum(axis=1)
    transfer = (out["income"] / wages)[:, None] - 1.0
    real = out["wage"] / out["consumer_index"][:, None]
    psi = PSI[:, None]

    def utility(hours):
        consumption = real * hours + transfer * real * out["hours"]
        return np.log(consumption - psi / (1 + psi) * hours ** (1 + 1 / psi))

    chosen = utility(out["hours"])
    np.testing.assert_allclose(chosen, out["payoff"], rtol=1e-9)
    for factor in (0.97, 1.03):
        assert np.all(utility(factor * out["hours"]) < chosen)


@pytest.mark.slow
def test_gradient_with_respect_to_labour_supply_equals_central_differences():
    model = shocked()

    @eqx.filter_jit
    def solved(psi):
        return short_run(model.with_(**{"hours.psi": psi})).payoff[0]

    gradient = eqx.filter_grad(solved)(jnp.asarray(PSI))
    way, h = np.array([0.5, -1.0, 0.7]), 1e-5
    ends = solved(jnp.asarray(PSI + h * way)), solved(jnp.asarray(PSI - h * way))
    assert float(gradient @ way) == pytest.approx(float(ends[0] - ends[1]) / (2 * h), rel=1e-6)


@pytest.mark.slow
def test_matrix_free_markets_with_hours():
    model = shocked()
    dense, free = short_run(model), short_run(model, method="matrix-free")
    for name, value in dense.prices.items():
        np.testing.assert_allclose(free.prices[name], value, atol=1e-9)


@pytest.mark.slow
def test_mobile_workers_with_hours_earn_the_same_in_every_sector():
    model = shocked(mobility="sectors")
    x = model.initial_distribution()
    found = equilibrium_at(model, x, jnp.ones(6, bool))
    value = np.asarray(found.payoff).reshape(3, 2)
    np.testing.assert_allclose(value[:, 0], value[:, 1], atol=1e-9)
    np.testing.assert_allclose(found.outcomes["hours"][:, 0], found.outcomes["hours"][:, 1])
    free = equilibrium_at(model, x, jnp.ones(6, bool), method="matrix-free")
    np.testing.assert_allclose(free.x, found.x, rtol=1e-8)


def test_a_negative_elasticity_is_refused():
    with pytest.raises(InvalidParameterError, match=r"psi = -0.1 .*\[0, inf\)"):
        shocked(-0.1)
    with pytest.raises(InvalidParameterError, match=r"reach = 1.5 .*\[0, 1\]"):
        shocked(reach=1.5)


def test_welfare_is_utility_below_consumption():
    """Effort has a price: welfare is what people maximise, summed over the people of a place."""
    model = shocked()
    out = numbers(short_run(model))
    people = np.asarray(model.employment)
    np.testing.assert_allclose(out["welfare"], (people * np.exp(out["payoff"])).sum(axis=1))
    psi = PSI[:, None]
    effort = psi / (1 + psi) * out["hours"] ** (1 + 1 / psi) * people
    lost = out["consumption"] - effort.sum(axis=1)
    np.testing.assert_allclose(out["welfare"], lost, rtol=1e-9)
    assert np.all(out["welfare"] < 0.95 * out["consumption"])
    without = numbers(short_run(shocked(None)))
    np.testing.assert_allclose(without["welfare"], without["consumption"], rtol=1e-12)


# Transfers in proportion to wages ---------------------------------------------------------------


@pytest.mark.parametrize("reach", [0.0, 0.4, 1.0])
def test_an_income_tax_relief_reaches_hours(reach):
    """A tax t handed back in proportion to wages adds 1 / (1 - t) to what an hour earns.

    Alone in the world, at a wage and prices of one, hours are ``(1 - t)^(-psi reach)``.
    """
    psi, tax = 0.7, 0.2
    alone = general_economy(
        places=["a"],
        sectors=["goods"],
        employment=2.0,
        theta=5.0,
        tax_share=tax,
        parts=[Hours(psi=psi, reach=reach)],
    )
    out = numbers(short_run(alone))
    np.testing.assert_allclose(out["wage"], 1.0, rtol=1e-12)
    np.testing.assert_allclose(out["hours"], (1 - tax) ** (-psi * reach), rtol=1e-10)


@pytest.mark.parametrize("reach", [pytest.param(0.0, marks=pytest.mark.slow), 1.0])
def test_transfers_of_every_kind_reach_hours(reach):
    """Tariffs, taxes and deficits: h = (w R^reach / P)^psi with R spendable income over wages."""
    model = shocked(reach=reach)
    out = numbers(short_run(model))
    wages = (out["wage"] * np.asarray(model.employment) * out["hours"]).sum(axis=1)
    reward = out["wage"] * ((out["income"] / wages) ** reach / out["consumer_index"])[:, None]
    np.testing.assert_allclose(out["hours"], reward ** PSI[:, None], rtol=1e-9)
    assert np.all(out["income"] > wages) and np.ptp(out["income"] / wages) > 0.1


def test_hours_under_a_full_reach_are_those_of_a_worker_who_keeps_the_transfer():
    """She takes the rate of the transfer as given: no other hours make her better off."""
    model = shocked(reach=1.0)
    out = numbers(short_run(model))
    people = np.asarray(model.employment)
    wages = (out["wage"] * people * out["hours"]).sum(axis=1)
    real = out["wage"] * (out["income"] / wages / out["consumer_index"])[:, None]
    psi = PSI[:, None]

    def utility(hours):
        return np.log(real * hours - psi / (1 + psi) * hours ** (1 + 1 / psi))

    chosen = utility(out["hours"])
    np.testing.assert_allclose(chosen, out["payoff"], rtol=1e-9, atol=1e-12)
    for factor in (0.97, 1.03):
        assert np.all(utility(factor * out["hours"]) < chosen)


def test_a_half_reach_lies_between():
    none, half, full = (numbers(short_run(shocked(reach=r)))["hours"] for r in (0.0, 0.5, 1.0))
    assert np.all((none < half) & (half < full))  # transfers are positive here


# Rebates ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_lump_sum_rebate_favours_those_who_earn_less():
    """Equal per head: the same aggregates, another real income of workers of each sector."""
    proportional, equal = shocked(None), shocked(None, rebate="lump-sum")
    first, second = short_run(proportional), short_run(equal)
    ours, theirs = numbers(first), numbers(second)
    for name in ("wage", "income", "trade", "consumption"):
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-10)
    people = np.asarray(equal.employment)
    wages = (ours["wage"] * people).sum(axis=1)
    per_head = (ours["income"] - wages) / people.sum(axis=1)
    index = ours["consumer_index"][:, None]
    expected = np.log((ours["wage"] + per_head[:, None]) / index)
    np.testing.assert_allclose(theirs["payoff"], expected, rtol=1e-9, atol=1e-12)
    # Money spent adds up either way.
    for out in (ours, theirs):
        spent = (np.exp(out["payoff"]) * people).sum(axis=1)
        np.testing.assert_allclose(spent, out["consumption"], rtol=1e-9)
        np.testing.assert_allclose(out["welfare"], out["consumption"], rtol=1e-9)
    gap = np.log(ours["wage"][:, 0] / ours["wage"][:, 1])
    narrower = theirs["payoff"][:, 0] - theirs["payoff"][:, 1]
    assert np.all(np.abs(narrower) < np.abs(gap))  # transfers are positive here
    assert np.all(per_head > 0)


@pytest.mark.slow
def test_rebates_agree_where_all_earn_the_same():
    kinds = [shocked(0.5, rebate=rebate, mobility="sectors") for rebate in REBATES]
    x = kinds[0].initial_distribution()
    found = [equilibrium_at(model, x, jnp.ones(6, bool)) for model in kinds]
    np.testing.assert_allclose(found[0].x, found[1].x, rtol=1e-8)
    np.testing.assert_allclose(found[0].value, found[1].value, atol=1e-9)
