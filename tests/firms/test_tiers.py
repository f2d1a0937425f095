"""Tiers of a chain in an economy: the menu's oracle, free entry, neutrality, budgets, policies."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy, short_run
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.ledger import largest_imbalance
from neg.economy.lever import Lever
from neg.firms import Rungs, TierPolicy, Tiers
from neg.menus import LogNormal, Menu, Pareto
from neg.models.core_periphery import CorePeriphery
from neg.models.puga import Puga

VALUE, COST = (0.2, 0.3, 0.45, 0.7), (0.3, 0.6, 1.3, 3.5)


def economy(**changes):
    given = {"employment": [[1.0, 0.5], [2.0, 0.8]], "alpha": [1.0, 0.0], "theta": [4.0, 5.0]}
    given |= {"tau": [[1.0, 1.4], [1.4, 1.0]], "input_share": [[0.1, 0.1], [0.1, 0.0]]}
    return general_economy(places=["a", "b"], sectors=["goods", "services"], **(given | changes))


def tiers(**changes):
    return Tiers(sectors=("goods",)).with_(**changes)


def test_the_menu_of_tiers_is_the_oracle():
    entry = Menu(VALUE, COST).choose(Pareto(1.5)).profit  # at which b is one
    nothing = [0.0] * 4
    part = Tiers(
        Rungs(VALUE, COST, nothing, nothing, nothing),
        TierPolicy(harmonised=[0.0, 0.0]),  # by place, as in the next test: one program for both
        interest=1.0,
        entry=float(entry),
        reference=[1.0, 1.0],
    )
    assert part.profit(2) == pytest.approx(np.ones(2), rel=1e-12)
    chosen = part.choice(part.profit(2), part.costs(2))
    share = [0.45566894604818253, 0.35188096422194226, 0.09325507903995896]
    share += [0.0608882003226866, 0.038306810367229646]
    assert chosen.firms[0] == pytest.approx(share, rel=1e-10)
    revenue = [0.127631205167158, 0.0916142695435519, 0.15107453732478637, 0.6296799879645038]
    assert chosen.sales_share[0, 1:] == pytest.approx(revenue, rel=1e-10)
    found = short_run(compose(CorePeriphery(sigma=5.0, tau=1.5), [part]), [0.6, 0.4]).outcomes
    active = np.asarray(share[1:]) / (1.0 - share[0])
    assert found["tiers.firms"][1] == pytest.approx(active, rel=1e-10)
    assert found["tiers.value_added"][0] == pytest.approx(revenue, rel=1e-10)


def test_the_ladder_of_tiers_is_the_oracle():
    steps = Tiers().ladder([0.25, 0.12, 0.06])
    share = [0.202992843201041, 0.21145087833441772, 0.1951854261548471, 0.3903708523096942]
    assert steps.shares() == pytest.approx(share, rel=1e-12)


@pytest.mark.parametrize("size", [Pareto(1.3), Pareto(2.5), LogNormal(0.0, 1.2)])
@pytest.mark.parametrize("entry", [0.05, 0.5])
def test_entrants_earn_what_entry_costs(size, entry):
    part = Tiers(policy=TierPolicy(harmonised=jnp.array([0.0, 0.5])), size=size, entry=entry)
    profit, costs = np.asarray(part.profit(2)), np.asarray(part.costs(2).resources)
    # Shares above x of exp(-t), so that the thick tail is there; by trapezoids.
    t = np.linspace(0.0, 140.0 if isinstance(size, Pareto) else 34.0, 400_001)
    pareto = isinstance(size, Pareto)
    x = np.exp(t / float(size.kappa)) if pareto else np.asarray(size.quantile(-np.expm1(-t)))
    for i in range(2):
        best = np.maximum(
            0.0, (profit[i] * np.asarray(part.rungs.worth) * x[:, None] - costs[i]).max(1)
        )
        assert np.trapezoid(best * np.exp(-t), t) == pytest.approx(entry, rel=1e-6)
    assert profit[1] < profit[0]  # harmonising lets more firms in and bids profit down


@pytest.mark.slow
def test_tiers_that_are_their_own_reference_change_nothing():
    part = tiers().referred(2)
    plain = short_run(economy()).outcomes
    found = short_run(compose(economy(), [part])).outcomes
    for name in ("wage", "price_index", "trade", "income"):
        assert found[name] == pytest.approx(np.asarray(plain[name]), rel=1e-12), name
    dear = short_run(compose(economy(), [part.with_(harmonised=0.5)])).outcomes
    assert (dear["price_index"][:, 0] < plain["price_index"][:, 0]).all()


def test_a_canonical_model_and_its_twin_agree():
    """Cheaper tiers act as productivity 1 / b to the power 1 / (sigma - 1)."""
    part = Tiers(reference=Tiers().profit(2), policy=TierPolicy(harmonised=jnp.array([0.6, 0.0])))
    solved = short_run(compose(CorePeriphery(sigma=5.0, tau=1.5), [part]), [0.5, 0.5]).outcomes
    # Nominal wages and the price index with the same factor on delivered costs from place 0.
    factor = float(jnp.log(part.profit(2)[0] / part.reference[0]) / 4.0)
    bent = CorePeriphery(sigma=5.0, tau=1.5, barrier=[[factor, factor], [0.0, 0.0]])
    expected = short_run(bent, [0.5, 0.5]).outcomes
    for name in ("wage", "price_index"):
        assert solved[name] == pytest.approx(np.asarray(expected[name]), rel=1e-10), name
    assert factor < 0


@pytest.mark.slow  # another model
def test_tiers_on_a_model_with_sectors():
    solved = short_run(compose(Puga(), [Tiers()]), None)
    assert np.isfinite(solved.outcomes["tiers.profit"]).all()


@pytest.mark.slow
@pytest.mark.parametrize("tariff", [0.0, 0.2])
def test_cost_sharing_and_training_are_paid_from_income(tariff):
    part = tiers(sharing=jnp.array([0.4, 0.0]), training=jnp.array([0.0, 0.03])).with_(
        reference=Tiers().profit(2)
    )
    model = compose(economy(tariff=tariff), [part])
    solved = short_run(model)
    found = solved.outcomes
    assert largest_imbalance(solved.ledger) <= 1e-12
    assert found["trade_balance"] == pytest.approx(0.0, abs=1e-12)
    ledger = solved.ledger
    grants = np.sum(ledger["customs", "firms", "grants"], axis=1)
    taxes = np.sum(ledger["people", "budget", "taxes for outlays"], axis=1)
    assert grants[0] > 0 and grants[1] == 0.0 and taxes == pytest.approx([0.0, 0.03], abs=1e-14)
    assert found["tiers.budget"] == pytest.approx(np.asarray(grants + taxes), rel=1e-10)
    # The budget per firm times firms: entrants from free entry, R = sigma c b V M.
    profit, costs = part.profit(2), part.costs(2)
    chosen = part.choice(profit, costs)
    sold = np.asarray(jnp.sum(found["trade"][0, :, 0]))
    entrants = sold / (5.0 * found["unit_cost"][0, 0] * jnp.sum(chosen.sales[0]))
    paid = entrants * found["unit_cost"][0, 0] * (chosen.firms[0, 1:] @ costs.shared[0])
    assert grants[0] == pytest.approx(float(paid), rel=1e-10)
    # Free entry: sales and grants pay for production, entry and fixed costs.
    fixed = entrants * found["unit_cost"][0, 0] * (0.5 + chosen.firms[0, 1:] @ costs.resources[0])
    assert sold / 5.0 + grants[0] == pytest.approx(float(fixed), rel=1e-10)


@pytest.mark.slow
def test_policies_are_levers_with_derivatives():
    base = compose(economy(), [tiers(sharing=0.0, training=0.0).referred(2)])
    levers = [
        Lever("tiers.harmonised", "set", places=("a",)),
        Lever("tiers.recognised", "set"),
        Lever("tiers.sharing", "set", places=("b",)),
        Lever("tiers.training", "set"),
    ]

    def outcome(values):
        model = base
        for lever, value in zip(levers, values, strict=True):
            model = lever.put(model, value)
        found = short_run(model).outcomes
        return jnp.stack([found["welfare"][0], found["tiers.suppliers"][1], found["wage"][1, 0]])

    at = jnp.array([0.2, 0.1, 0.2, 0.01])
    slopes = jax.jacfwd(outcome)(at)
    for k in range(4):
        step = 1e-5 * np.eye(4)[k]
        numeric = (outcome(at + step) - outcome(at - step)) / 2e-5
        assert slopes[:, k] == pytest.approx(np.asarray(numeric), rel=1e-5, abs=1e-8), k
    assert slopes[0, 0] > 0 and slopes[1, 1] > 0


def test_bad_tiers_are_named():
    with pytest.raises(InvalidParameterError, match="worth"):
        Rungs(worth=(1.0, 0.5, 2.0, 3.0))
    with pytest.raises(InvalidParameterError, match="risk"):
        Rungs(risk=(0.1, 0.2, 0.1, 0.1))
    with pytest.raises(InvalidParameterError, match="quality has 2 tiers"):
        Rungs(quality=(1.0, 2.0))
    with pytest.raises(InvalidParameterError, match="sharing is not allowed on a CorePeriphery"):
        compose(CorePeriphery(), [Tiers(policy=TierPolicy(sharing=0.1))])
    with pytest.raises(UnknownNameError, match="cars"):
        compose(economy(), [Tiers(sectors=("cars",))])
    with pytest.raises(InvalidParameterError, match="alpha = 0"):
        compose(economy(), [Tiers()])
