"""Lead firms against clusters of peers: limits, the economy by another route, small firms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from linked_by_hand import by_hand, lines

from neg import compose, general_economy, short_run
from neg.core.errors import InvalidParameterError
from neg.economy.ledger import largest_imbalance
from neg.economy.lever import Lever
from neg.firms import Cluster, HorizontalLinks, LeadFirms, Peers, TierPolicy, Tiers, VerticalLinks
from neg.firms.small_suppliers import small_suppliers
from neg.menus import Pareto
from neg.models.core_periphery import CorePeriphery

PEOPLE, TAU, SIGMA = np.array([1.0, 2.0]), np.array([[1.0, 1.4], [1.4, 1.0]]), 5.0


def economy(part):
    base = general_economy(
        places=["home", "abroad"],
        sectors=["goods"],
        employment=PEOPLE[:, None],
        theta=SIGMA - 1.0,
        alpha=1.0,
        tau=TAU,
    )
    return compose(base, [part])


def test_off_they_are_tiers():
    plain = Tiers()
    for part in (
        VerticalLinks(lead=LeadFirms(kept=0.0, brought=0.0)),
        HorizontalLinks(cluster=Peers(members="open")),
        HorizontalLinks(cluster=Peers(members="open", fee=0.05, cut=0.9)),
        HorizontalLinks(cluster=Peers(coordination=1e3)),
    ):
        assert part.profit(2) == pytest.approx(np.asarray(plain.profit(2)), rel=1e-13)
        assert part.costs(2).resources == pytest.approx(np.asarray(plain.costs(2).resources))


@pytest.mark.parametrize("seed", range(5))
def test_clusters_of_a_tier_are_clusters(seed):
    rng = np.random.default_rng(seed)
    chi, fee, cut, support = rng.uniform([0.005, 0.0, 0.0, 0.0], [0.05, 0.1, 0.7, 1.0])
    alone = np.asarray(Tiers().costs(1).resources)[0]
    given = {"coordination": chi, "fee": fee, "cut": cut, "support": support}
    for members in ("managed", "open"):
        part = HorizontalLinks(cluster=Peers(members=members, **given))
        costs, n = part.costs(1), np.asarray(part._clusters(1)[1])[0]
        assert costs.resources[0, 0] == alone[0] and n[0] == 1.0
        for t in (1, 2, 3):
            own = Cluster(alone[t], chi, fee * (1.0 - support), cut)
            size = float(own.best_size() if members == "managed" else own.open_access())
            if not np.isfinite(size) or float(own.cost(size)) > alone[t] * (1.0 + 1e-9):
                assert n[t] == 1.0 and costs.resources[0, t] == pytest.approx(alone[t])
                continue
            assert n[t] == pytest.approx(size, rel=1e-10)
            assert costs.shared[0, t] == pytest.approx(fee * support / size, rel=1e-10)
            paid = float(costs.resources[0, t] - costs.shared[0, t])
            assert paid == pytest.approx(float(own.cost(size)), rel=1e-10)
            if members == "open":  # whatever the budget pays is lost
                assert paid == pytest.approx(alone[t], rel=1e-10)


FORMS = {
    "vertical": (
        VerticalLinks(
            lead=LeadFirms(kept=jnp.array([0.3, 0.0])),
            policy=TierPolicy(sharing=jnp.array([0.4, 0.0])),
        ),
        None,
    ),
    "owned abroad": (
        VerticalLinks(
            lead=LeadFirms(kept=jnp.array([0.3, 0.1]), link=0.02, owners=jnp.array([0.0, 1.0]))
        ),
        1,
    ),
    "horizontal": (
        HorizontalLinks(
            cluster=Peers(fee=0.05, cut=0.6, support=jnp.array([1.0, 0.0])),
            policy=TierPolicy(sharing=0.1),
        ),
        None,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n != "owned abroad")) for n in FORMS]
)
def test_an_economy_by_another_route(name):
    part, owner = FORMS[name]
    model = economy(part)
    solved = short_run(model)
    found, (rest, profit) = solved.outcomes, by_hand(part, owner, PEOPLE, TAU, SIGMA)
    assert found[f"{part.label}.profit"] == pytest.approx(profit, rel=1e-6)
    level = found["wage"][:, 0] / found["wage"][1, 0]
    assert level == pytest.approx(rest.wage, rel=1e-6)
    assert found["consumption"] == pytest.approx(rest.consumption, rel=2e-6)
    trade = np.asarray(found["trade"][:, :, 0] / found["wage"][1, 0])
    assert trade == pytest.approx(rest.bought, rel=5e-6)
    assert largest_imbalance(solved.ledger) <= 1e-12
    few = census(part)
    for key, value in few._asdict().items():
        assert found[f"{part.label}.small_{key}"] == pytest.approx(np.asarray(value)), key
    if owner is not None:
        kept = np.asarray(found["vertical.kept"])
        assert kept.min() > 1e-3
        assert found["deficit"] == pytest.approx([-kept[0], kept[0]], rel=1e-9)


def census(part):
    """Shares of small firms in a place where workers are the cost bundle."""
    costs, profit = part.costs(2), part.profit(2)
    chosen = part.choice(profit, costs)
    one = jnp.ones((2, 1))
    return small_suppliers(chosen, part.size, costs.resources, one, jnp.array([SIGMA]), part.limit)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [VerticalLinks(limit=4.0), VerticalLinks(limit=30.0), HorizontalLinks(limit=9.0)]
)
def test_shares_of_small_firms_are_those_of_a_million(part):
    found = census(part)
    x = np.asarray(Pareto(1.5).draw(jax.random.key(5), 1_000_000))
    b = float(part.profit(1)[0])
    resources, shared, left = lines(part, 0)
    sales = b * np.asarray(part.rungs.worth) * x[:, None]
    each = left * (sales - resources + shared)
    at, some = each.argmax(1), each.max(1) > 0
    made = np.take_along_axis(sales, at[:, None], 1)[:, 0]
    heads = (SIGMA - 1.0) * made + resources[at]
    small = heads <= float(part.limit)
    weights = {"enterprises": np.ones_like(made), "jobs": heads, "value_added": made}
    for name, weight in weights.items():
        share = weight[some & small].sum() / weight[some].sum()
        error = np.sqrt((weight[some] ** 2 * (small[some] - share) ** 2).sum()) / weight[some].sum()
        expected = float(getattr(found, name)[0, 0])
        assert 0.1 < expected < 0.99, name
        assert share == pytest.approx(expected, abs=5 * error), name


@pytest.mark.slow  # jacobians
@pytest.mark.parametrize("name", ["owned abroad", "horizontal"])
def test_derivatives(name):
    model = economy(FORMS[name][0])
    names = {
        "owned abroad": ("vertical.kept", "vertical.brought", "vertical.link", "vertical.limit"),
        "horizontal": ("horizontal.support", "horizontal.coordination", "horizontal.fee"),
    }[name]

    def outcomes(values):
        moved = model
        for path, value in zip(names, values, strict=True):
            moved = Lever(path, "times").put(moved, value)
        found = short_run(moved).outcomes
        return jnp.concatenate(
            [found[k].reshape(-1) for k in sorted(found) if "." in k and "cutoff" not in k]
            + [found["welfare"]]
        )

    at = 0.9 * jnp.ones(len(names))
    slopes = jax.jacfwd(outcomes)(at)
    for k in range(len(names)):
        step = 1e-6 * np.eye(len(names))[k]
        numeric = (outcomes(at + step) - outcomes(at - step)) / 2e-6
        assert slopes[:, k] == pytest.approx(np.asarray(numeric), rel=1e-4, abs=1e-6), names[k]


def test_bad_links_are_named():
    with pytest.raises(InvalidParameterError, match="part 'vertical' is not allowed|kept is not"):
        compose(CorePeriphery(), [VerticalLinks()])
    with pytest.raises(InvalidParameterError, match="support is not allowed on a CorePeriphery"):
        compose(CorePeriphery(), [HorizontalLinks(cluster=Peers(support=0.5))])
    with pytest.raises(InvalidParameterError, match="owners = 0 is not allowed"):
        economy(VerticalLinks(lead=LeadFirms(owners=0.0)))
    with pytest.raises(InvalidParameterError, match="kept = 1 is not allowed"):
        LeadFirms(kept=1.0)
    with pytest.raises(InvalidParameterError, match="already says tiers"):
        compose(economy(VerticalLinks()).base, [VerticalLinks(), HorizontalLinks()])
