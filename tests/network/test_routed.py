"""People and trade on networks: congestion, welfare elasticities of links, best improvements."""

import jax.numpy as jnp
import numpy as np
import pytest
from corridor import EXPECTED, economy_grid

from neg import short_run
from neg.analysis import Lever, gradient
from neg.core.errors import InvalidParameterError, SpectralRadiusError
from neg.economy.ledger import largest_imbalance
from neg.network import Link, RoutedTrade, Transfer, grid, improve_links, network, smooth_routes
from neg.network.investment import ConvexImprovementWarning
from neg.solvers.long_run import equilibrium_at

CASE = EXPECTED["routing"]["economy"]


def economy(congestion, **more):
    """The three by three economy."""
    return RoutedTrade.on(
        economy_grid(),
        theta=CASE["theta"],
        alpha=CASE["alpha"],
        beta=CASE["beta"],
        productivity=np.array(CASE["productivity"]),
        amenity=np.array(CASE["amenity"]),
        congestion=congestion,
        **more,
    )


@pytest.mark.parametrize(
    ("key", "congestion"),
    [pytest.param("fixed", 0.0, marks=pytest.mark.slow), ("congested_fixed", 0.05)],
)
def test_people_who_stay(key, congestion):
    expected, model = CASE[key], economy(congestion)
    found = short_run(model, np.array(CASE["labour_fixed"]))
    assert largest_imbalance(found.ledger) <= 1e-10
    out = found.outcomes
    np.testing.assert_allclose(out["wage"], expected["wage"], rtol=1e-10)
    np.testing.assert_allclose(out["wage"] / out["price_index"], expected["real_wage"], rtol=1e-10)
    np.testing.assert_allclose(out["arc_traffic"], expected["traffic"], rtol=1e-9)
    if congestion:
        np.testing.assert_allclose(out["arc_cost"], expected["link_cost"], rtol=1e-10)
        assert model.radius(found.prices) == pytest.approx(expected["spectral_radius"], rel=1e-9)
    else:
        np.testing.assert_allclose(out["price_index"], expected["price_index"], rtol=1e-10)
        # The same traffic from routes and flows: the second way to it.
        routes = smooth_routes(model.network, theta=CASE["theta"])
        tau = routes.tau.values
        cost = out["wage"] / (np.array(CASE["productivity"]) * found.x ** CASE["alpha"])
        kernel = (np.asarray(cost)[:, None] * tau) ** -CASE["theta"]
        flows = kernel / kernel.sum(axis=0) * np.asarray(out["income"])
        traffic = routes.link_loads(flows)
        np.testing.assert_allclose(traffic, out["traffic"], rtol=1e-9)
        assert traffic.sum() == pytest.approx(expected["traffic_total"], rel=1e-9)
        # Nobody moves: the elasticity of income-weighted welfare is minus the traffic.
        income = out["income"] / out["income"].sum()
        lever = Lever("factor", "times")
        slope = gradient(model, lambda o: income @ o["payoff"], lever, at=found)
        np.testing.assert_allclose(slope, -np.array(expected["traffic"]), rtol=1e-8)
        np.testing.assert_allclose(slope, expected["elasticity_fd"], atol=3e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "congestion"),
    [("mobile", 0.0), ("congested_mobile", 0.05)],
)
def test_people_who_move(key, congestion):
    expected, model = CASE[key], economy(congestion)
    found = equilibrium_at(model, model.initial_distribution(), jnp.ones(9, bool))
    out = found.outcomes
    np.testing.assert_allclose(found.x, expected["population"], rtol=1e-9)
    np.testing.assert_allclose(found.payoff, expected["log_welfare"], rtol=1e-9)
    np.testing.assert_allclose(out["wage"], expected["wage"], rtol=1e-9)
    np.testing.assert_allclose(out["arc_traffic"], expected["traffic"], rtol=1e-8)
    np.testing.assert_allclose(out["arc_cost"], expected["link_cost"], rtol=1e-9)
    slope = gradient(model, lambda o: o["payoff"].mean(), Lever("factor", "times"), at=found)
    np.testing.assert_allclose(slope, expected["accounting_identity"], atol=2e-10)
    np.testing.assert_allclose(slope, expected["elasticity_fd"], atol=3e-7)
    assert np.abs(slope + np.array(expected["traffic"])).max() > 1e-4, "traffic is not it"


@pytest.mark.slow
def test_without_externalities_the_elasticity_is_minus_the_traffic():
    model = RoutedTrade.on(
        grid(1, 3, 1.6), theta=5.0, alpha=0.0, beta=0.0, productivity=np.array([1.0, 1.1, 1.05])
    )
    found = equilibrium_at(model, np.array([0.3, 0.4, 0.3]), jnp.ones(3, bool))
    slope = gradient(model, lambda o: o["payoff"].mean(), Lever("factor", "times"), at=found)
    np.testing.assert_allclose(slope, -np.asarray(found.outcomes["traffic"]), rtol=1e-8)


@pytest.mark.slow
def test_parallel_links_and_two_modes_are_counted_once():
    """Two equal parallel links are one that costs 2^(-1/theta) times as much."""
    two = network(["0", "1"], [Link("0", "1", factor=1.8, name=n) for n in "ab"])
    one = grid(1, 2, 1.8 * 2 ** (-1 / 5.0))
    found = [
        short_run(RoutedTrade.on(net, theta=5.0), np.array([0.4, 0.6])).payoff for net in (two, one)
    ]
    np.testing.assert_allclose(*found, rtol=1e-11)
    trucks = network(
        ["0", "1"], [Link("0", "1", factor=1.8)], transfers=[Transfer("0", "road", "road", usd=1.0)]
    )
    with pytest.raises(InvalidParameterError, match="Carriage"):
        RoutedTrade.on(trucks)


# Improvements -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("case", EXPECTED["routing"]["two_link"], ids=["equal", "prices"])
def test_two_links(case):
    pair = network(
        ["a", "b"], [Link("a", "b", factor=t, name=f"l{k}") for k, t in enumerate(case["tbar"])]
    )
    model = RoutedTrade.on(pair, theta=case["theta"], alpha=0.0, beta=0.0)
    found = improve_links(
        model,
        case["budget"],
        gamma=case["gamma"],
        price=np.array(case["price"]),
        mobile=False,
        starts=2,
    )
    np.testing.assert_allclose(found.table["improvement"], case["optimal_I"], rtol=1e-9)
    np.testing.assert_allclose(found.table["share"], case["spend_share"], rtol=1e-9)
    traffic = found.table["traffic"] / found.table["traffic"].sum()
    np.testing.assert_allclose(traffic, case["mode_share"], rtol=1e-9)
    assert found.log_welfare == pytest.approx(case["log_welfare"], rel=1e-10)
    assert found.log_welfare_equal == pytest.approx(case["log_welfare_equal_split"], rel=1e-10)
    assert found.kkt < 1e-10


@pytest.mark.slow
def test_rising_returns_end_in_a_corner_and_warn():
    case = EXPECTED["small"]["investment_corner"]
    pair = network(
        ["a", "b"], [Link("a", "b", factor=t, name=f"l{k}") for k, t in enumerate(case["tbar"])]
    )
    model = RoutedTrade.on(pair, theta=case["theta"], alpha=0.0, beta=0.0)
    with pytest.warns(ConvexImprovementWarning, match=r"1\.6"):
        found = improve_links(model, case["budget"], gamma=case["gamma"], mobile=False, starts=3)
    assert found.table["share"].iloc[case["best_link"]] == pytest.approx(1.0, abs=1e-8)
    tau = case["tbar"][0] * case["grid_argmax_I0"] ** -case["gamma"]
    assert tau ** -case["theta"] == pytest.approx(case["a12_at_corner"], rel=1e-12)
    assert found.log_welfare == pytest.approx(-np.log1p(-case["a12_at_corner"]) / 8.0, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("case", EXPECTED["routing"]["five_link"], ids=["plain", "congested"])
def test_five_links(case):
    links = [
        Link(str(a), str(b), factor=t)
        for (a, b), t in zip(case["links"], case["tbar"], strict=True)
    ]
    model = RoutedTrade.on(
        network([str(k) for k in range(4)], links),
        theta=case["theta"],
        alpha=case["alpha"],
        beta=case["beta"],
        congestion=case["lambda"],
        productivity=np.array(case["productivity"]),
        amenity=np.array(case["amenity"]),
    )
    found = improve_links(
        model, case["budget"], gamma=case["gamma"], price=np.array(case["price"]), starts=2
    )
    np.testing.assert_allclose(found.table["share"], case["spend_share"], atol=5e-7)
    np.testing.assert_allclose(found.table["improvement"], case["optimal_I"], atol=2e-6)
    np.testing.assert_allclose(found.table["traffic"], case["traffic_two_way"], atol=1e-8)
    np.testing.assert_allclose(found.equilibrium.x, case["population"], atol=1e-8)
    assert found.log_welfare == pytest.approx(case["log_welfare"], rel=1e-10)
    assert found.log_welfare_equal == pytest.approx(case["log_welfare_equal_split"], rel=1e-9)
    assert found.kkt < 1e-8 and found.agree == 2


@pytest.mark.slow
@pytest.mark.parametrize(("factors", "budget"), [((1.2, 3.0), 8.0), ((1.3, 1.3), 1e5)])
def test_a_budget_that_makes_routes_infinite_is_refused(factors, budget):
    links = [Link("A", "B", factor=factors[0]), Link("B", "C", factor=factors[1])]
    model = RoutedTrade.on(network(["A", "B", "C"], links), theta=5.0, alpha=0.0, beta=-0.4)
    with pytest.raises(SpectralRadiusError, match=r"spectral radius.*smaller budget"):
        improve_links(model, budget, gamma=0.1, starts=2)
