"""Ladders, ways in, credit, clusters and size facts: published numbers, limits, second routes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize

from neg.core.errors import InvalidParameterError, InvalidShapeError
from neg.firms import (
    BornGlobal,
    Cluster,
    Contacts,
    Credit,
    Hub,
    LogNormal,
    Pareto,
    Stages,
    ladder,
    size_facts,
)

SIZE = Pareto(1.5)
LOAN = (1.0, 0.8)  # fixed cost, entry cost
SCALE = 0.2


def take_part(**credit):
    return Credit(**credit).participation(*LOAN, SCALE, SIZE, 4.0)


# Ladders ------------------------------------------------------------------------------------------


def test_tiers_as_a_ladder():
    tiers = ladder([0.25, 0.12, 0.06], [0.2, 0.12, 0.07, 0.03])
    mass = [2.2222222222222223, 2.314814814814815, 2.1367521367521367, 4.273504273504273]
    assert tiers.masses() == pytest.approx(mass, rel=1e-14)
    life = [10.947293447293447, 15.705128205128206, 23.076923076923077, 33.333333333333336]
    assert tiers.lives() == pytest.approx(life, rel=1e-14)
    assert np.sum(tiers.masses()) == pytest.approx(float(tiers.lives()[0]), rel=1e-14)
    value = tiers.masses() * jnp.array([1.0, 2.0, 4.0, 8.0])
    shares = [0.04481470841712152, 0.09336397586900316, 0.17236426314277506, 0.6894570525711002]
    assert value / value.sum() == pytest.approx(shares, rel=1e-13)


def test_a_ladder_comes_to_rest_where_it_says():
    tiers = ladder([0.3, 0.1], [0.2, 0.15, 0.05], births=2.0)
    path = integrate.solve_ivp(
        lambda t, m: np.asarray(tiers.change(jnp.asarray(m))), (0, 400), np.zeros(3), rtol=1e-10
    )
    assert path.y[:, -1] == pytest.approx(np.asarray(tiers.masses()), rel=1e-6)
    assert tiers.change(tiers.masses()) == pytest.approx(0.0, abs=1e-14)
    with pytest.raises(InvalidShapeError, match="one shorter"):
        ladder([0.1, 0.1], [0.1, 0.1])
    with pytest.raises(InvalidParameterError, match="out"):
        ladder([0.1], [0.1, 0.0])


def test_training_lifts_the_upper_tiers():
    def top(lift):
        return ladder(jnp.array([0.25, 0.12, 0.06]) * lift, [0.2, 0.12, 0.07, 0.03]).shares()[-1]

    numeric = (top(1.0 + 1e-6) - top(1.0 - 1e-6)) / 2e-6
    assert jax.grad(top)(1.0) == pytest.approx(float(numeric), rel=1e-8)
    assert numeric > 0


# Ways in ------------------------------------------------------------------------------------------


def test_three_ways_in_reach_the_oracle():
    stages = Stages()
    assert stages.success() == pytest.approx(
        [0.3535533905932738, 0.5544820906887964, 0.8696010194633045, 1.0, 1.0], rel=1e-13
    )
    assert stages.shares() == pytest.approx(
        [
            0.36130209551358533,
            0.16930763827762227,
            0.08776922565842714,
            0.06360350675839423,
            0.05300292229866186,
            0.2650146114933093,
        ],
        rel=1e-12,
    )
    assert stages.mean() == pytest.approx(2.072741356530853, rel=1e-13)
    contacts = Contacts()
    share = [0.3333333333333333, 0.1851851851851852, 0.11463844797178131, 0.07642563198118754]
    assert contacts.shares(3) == pytest.approx(share, rel=1e-13)
    assert contacts.mean() == pytest.approx(5.0, rel=1e-14)
    assert contacts.at_age(10.0) == pytest.approx(2.7403960013016966, rel=1e-13)
    assert contacts.tail == pytest.approx(1.6666666666666667)
    p = np.asarray(contacts.shares(199_999))
    assert p @ np.arange(200_000.0) == pytest.approx(4.993685116982431, rel=1e-9)
    assert BornGlobal().share() == pytest.approx(0.0743135250139569, rel=1e-13)


def test_contacts_need_exit_above_search_by_contacts():
    with pytest.raises(InvalidParameterError, match=r"through = 0.2"):
        Contacts(through=0.2)
    slow = Contacts(through=1e-9)
    assert slow.at_age(10.0) == pytest.approx(2.0, rel=1e-7)
    assert Contacts(through=0.0).at_age(10.0) == pytest.approx(2.0)


def test_born_global_against_simulation_and_at_equal_shapes():
    rng = np.random.default_rng(2)
    x, y = rng.pareto(1.2, 1_000_000) + 1, rng.pareto(3.0, 1_000_000) + 1
    firms = BornGlobal(f0=0.5, markets=4, shape=1.2, talent=3.0)
    share = float(firms.share())
    assert np.mean(x * y >= 2.0) == pytest.approx(share, abs=5 * np.sqrt(share / 1e6))
    equal, near = BornGlobal(shape=1.5, talent=1.5), BornGlobal(shape=1.5, talent=1.5 + 1e-5)
    assert equal.share() == pytest.approx(10**-1.5 * (1 + 1.5 * np.log(10)), rel=1e-12)
    assert near.share() == pytest.approx(float(equal.share()), rel=1e-4)
    assert BornGlobal(profit=100.0).share() == 1.0
    assert np.isfinite(jax.grad(lambda nu: BornGlobal(talent=nu).share())(1.5))


# Credit -------------------------------------------------------------------------------------------


def test_manova():
    found = take_part()
    assert found.cutoff == pytest.approx(1.7624955988019464, rel=1e-13)
    assert found.firms == pytest.approx(0.07805914943756867, rel=1e-13)
    terms = Credit().loan(*LOAN)
    assert terms.effective == pytest.approx(1.095, rel=1e-14)
    assert terms.promised == pytest.approx(0.795, rel=1e-14)
    free = take_part(share=0.0)
    assert free.cutoff == pytest.approx(1.7099759466766968, rel=1e-13)
    assert 1.0 - found.volume / free.volume == pytest.approx(0.04436303486500692, rel=1e-12)
    x = SIZE.draw(jax.random.key(0), 1_000_000)
    assert jnp.mean(SCALE * x >= terms.effective) == pytest.approx(float(found.firms), abs=1.4e-3)


@pytest.mark.parametrize(
    ("support", "effective", "firms", "total"),
    [
        ({}, 1.13875, 0.07360416810133596, 0.0),
        ({"guarantee": 0.6}, 1.08175, 0.07949771349255183, 0.0036250957352603613),
        (
            {"guarantee": 0.6, "hazard": 0.1},
            1.1007027027027028,
            0.07745330321550335,
            0.004591431814615038,
        ),
        ({"subsidy": 0.057}, 1.08175, 0.07949771349255183, 0.0036250957352603596),
    ],
)
def test_instruments(support, effective, firms, total):
    assert Credit(interest=0.05, **support).loan(*LOAN).effective == pytest.approx(effective)
    found = take_part(interest=0.05, **support)
    assert found.firms == pytest.approx(firms, rel=1e-12)
    assert found.budget == pytest.approx(total, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("repaid", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("monitoring", [0.0, 0.03])
def test_guarantee_and_subsidy_cost_the_same_unless_something_breaks_it(repaid, monitoring):
    base = {"repaid": repaid, "interest": 0.04, "monitoring": monitoring}
    none = Credit(**base).loan(*LOAN)
    backed = Credit(**base, guarantee=0.5).loan(*LOAN)
    saved = float(none.effective - backed.effective)
    paid = Credit(**base, subsidy=saved).loan(*LOAN)
    assert paid.effective == pytest.approx(float(backed.effective), rel=1e-14)
    assert paid.budget == pytest.approx(float(backed.budget), rel=1e-12)
    risky = Credit(**base, guarantee=0.5, hazard=0.02).loan(*LOAN)
    costly = Credit(**base, subsidy=float(none.effective - risky.effective)).loan(*LOAN)
    assert risky.budget > costly.budget  # moral hazard: the guarantee costs more
    cap = float(0.5 * (none.rate + backed.rate))
    assert not Credit(**base, cap=cap).loan(*LOAN).granted
    assert not Credit(**base, cap=cap, subsidy=saved).loan(*LOAN).granted
    assert Credit(**base, cap=cap, guarantee=0.5).loan(*LOAN).granted  # rationing: it lifts it


def test_the_lender_breaks_even_and_every_account_adds_up():
    credit = Credit(interest=0.05, guarantee=0.4, hazard=0.1, monitoring=0.02, subsidy=0.01)
    balance: dict[str, float] = {}
    for (payer, payee, _), amount in credit.accounts(*LOAN).items():
        balance[payer] = balance.get(payer, 0.0) - float(amount)
        balance[payee] = balance.get(payee, 0.0) + float(amount)
    assert balance["lender"] == pytest.approx(0.0, abs=1e-14)
    assert balance["budget"] == pytest.approx(0.0, abs=1e-14)
    assert sum(balance.values()) == pytest.approx(0.0, abs=1e-14)


def test_free_loans_and_full_collateral_change_nothing():
    for free in (
        {"repaid": 1.0},
        {"share": 0.0, "interest": 0.1, "monitoring": 0.2, "subsidy": 0.1},
    ):
        assert Credit(**free).loan(*LOAN).effective == 1.0
    assert Credit(collateral=5.0).loan(*LOAN).effective == pytest.approx(1.0, rel=1e-14)
    rationed = take_part(cap=0.01)
    assert rationed.firms == 0.0 and rationed.cutoff == np.inf


def test_credit_under_log_normal_sizes_and_its_gradients():
    def firms(repaid, size):
        return Credit(repaid=repaid).participation(*LOAN, SCALE, size, 4.0).firms

    for size in (SIZE, LogNormal(0.0, 1.5)):
        numeric = (firms(0.8 + 1e-6, size) - firms(0.8 - 1e-6, size)) / 2e-6
        assert jax.grad(firms)(0.8, size) == pytest.approx(float(numeric), rel=1e-7)


# Clusters -----------------------------------------------------------------------------------------


def test_cluster_oracle():
    alone, managed = Cluster(), Cluster(fee=2.0, cut=0.6)
    assert alone.best_size() == pytest.approx(5.0)
    assert alone.open_access() == pytest.approx(25.0, rel=1e-13)
    assert alone.critical_mass() == pytest.approx(1.0, rel=1e-13)
    assert alone.best_cost() == pytest.approx(3.6)
    assert managed.best_size() == pytest.approx(8.660254037844386, rel=1e-13)
    assert managed.best_cost() == pytest.approx(2.611281292110204, rel=1e-13)
    assert managed.best_integer() == 9
    assert managed.cost(9) == pytest.approx(2.6133333333333333, rel=1e-13)
    assert managed.open_access() == pytest.approx(62.296071760539014, rel=1e-13)
    assert managed.critical_mass() == pytest.approx(1.2039282394609716, rel=1e-13)
    assert managed.largest_fee() == pytest.approx(12.09, rel=1e-13)
    indifferent = managed.with_(fee=float(managed.largest_fee()))
    assert indifferent.best_cost() == pytest.approx(float(alone.best_cost()), rel=1e-13)


def test_cluster_against_minimisation_and_dynamics():
    cluster = Cluster(shared=7.0, coordination=0.3, fee=1.0, cut=0.2)
    best = optimize.minimize_scalar(lambda n: float(cluster.cost(n)), bounds=(1, 50))
    assert cluster.best_size() == pytest.approx(best.x, rel=1e-5)
    for start, end in ((1.3, float(cluster.open_access())), (60.0, float(cluster.open_access()))):
        path = integrate.solve_ivp(
            lambda t, n: n * np.asarray(cluster.growth(n)), (0, 400), [start], rtol=1e-9
        )
        assert path.y[0, -1] == pytest.approx(end, rel=1e-5)
    assert cluster.growth(0.99 * cluster.critical_mass()) < 0
    assert np.isnan(Cluster(shared=1.0, coordination=5.0, fee=9.0).open_access())


def test_a_hub_needs_fewer_links_but_keeps_some():
    hub = Hub()
    assert [float(n) for n in hub.links(6.0)] == [6.0, 15.0]
    assert hub.income(4.0) == pytest.approx(0.7 * float(hub.surplus(4.0)))


# Facts --------------------------------------------------------------------------------------------


def test_size_facts_oracle():
    pareto, normal = size_facts(0.96, 0.62, 0.45), size_facts(0.96, 0.62, 0.45, "log-normal")
    assert pareto.shape == pytest.approx(1.2280916235409194, rel=1e-12)
    assert pareto.cutoff == pytest.approx(13.75, rel=1e-12)
    assert pareto.by_revenue == pytest.approx(0.14106888539938833, rel=1e-11)
    assert pareto.by_employment == pytest.approx(0.16423771708978427, rel=1e-11)
    assert normal.shape == pytest.approx(1.8763474181072435, rel=1e-12)
    assert normal.spread == pytest.approx(1.445205283152772, rel=1e-12)
    assert normal.by_employment == pytest.approx(0.2983258779776379, rel=1e-11)
    assert pareto.gap == pytest.approx(1.9941520467836258, rel=1e-12)


def test_size_facts_hold_in_a_population_on_a_grid():
    facts = size_facts(0.93, 0.7, 0.5)
    size = Pareto(facts.shape)
    below = [
        float(size.between(p, jnp.asarray(1.0), facts.cutoff) / size.above(p, jnp.asarray(1.0)))
        for p in (0.0, 1.0 - facts.by_revenue, 1.0)
    ]
    assert below == pytest.approx([0.93, 0.7, 0.5], rel=1e-10)
    with pytest.raises(InvalidParameterError, match="enterprises = 0.6"):
        size_facts(0.6, 0.62, 0.45)
