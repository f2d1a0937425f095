"""A network as layers of trade cost in economies: off, on, edited, differentiated, congested."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from corridor import EXPECTED, corridor

from neg import compose, get_model, short_run
from neg.analysis import Lever, gradient, scenario
from neg.analysis.outcomes import labelled
from neg.core.errors import InvalidParameterError, LabelMismatchError, RoutesDoNotConvergeError
from neg.economy.general import general_economy
from neg.network import Carriage, Crowding, grid, least_routes, network, smooth_routes
from neg.parts import Land
from neg.places.layouts import Geography

SMALL = EXPECTED["small"]["decoupled_dispersion"]
CASE = EXPECTED["routing"]["economy"]


def places(*names):
    """A geography without distance: all trade costs come from the network."""
    flat = np.zeros((len(names), len(names)))
    return Geography(flat, np.zeros((len(names), 2)), tuple(names))


def armington(net, trade, productivity, labour, parts=(), **carriage):
    """One sector, no scale, people who stay, on a network."""
    return general_economy(
        places=net.names,
        sectors=["goods"],
        employment=np.array(labour)[:, None],
        theta=trade,
        alpha=0.0,
        productivity=np.array(productivity)[:, None] ** trade,
        parts=[*parts, Carriage.on(net, **carriage)],
    )


@pytest.fixture(scope="module")
def decoupled():
    """Elasticity of routes 80, of trade 5."""
    net = grid(3, 3, SMALL["links"])
    economy = armington(
        net, 5.0, SMALL["productivity"], SMALL["labour"], routing="smooth", theta=80.0
    )
    return net, economy, short_run(economy)


@pytest.mark.slow
def test_two_dispersions(decoupled):
    net, economy, found = decoupled
    routes = smooth_routes(net, theta=80.0)
    assert routes.spectral_radius == pytest.approx(SMALL["spectral_radius"], rel=1e-9)
    with pytest.raises(RoutesDoNotConvergeError) as error:
        smooth_routes(net, theta=5.0)
    assert error.value.radius == pytest.approx(SMALL["spectral_radius_if_same_theta"], rel=1e-9)
    assert float(routes.tau[0, 8]) == pytest.approx(SMALL["tau_corner"], rel=1e-11)
    out = found.outcomes
    real = out["wage"][:, 0] / out["consumer_index"]
    np.testing.assert_allclose(real, SMALL["real_wage"], rtol=1e-9)
    trade = np.asarray(out["trade"])[..., 0]
    traffic = routes.link_loads(trade / trade.sum())
    np.testing.assert_allclose(traffic, SMALL["traffic"], rtol=1e-8)
    # Every link at once: minus its traffic.
    income = np.asarray(out["income"]) / np.sum(out["income"])
    lever = Lever("network.link_factor", "times")
    slope = gradient(economy, lambda o: income @ jnp.log(o["consumption"]), lever, at=found)
    assert slope.dims == ("link",) and list(slope.link.values) == list(net.labels["link"])
    np.testing.assert_allclose(slope, -np.array(SMALL["traffic"]), rtol=1e-7)
    np.testing.assert_allclose(slope, SMALL["elasticity_fd"], atol=3e-7)


@pytest.mark.slow
def test_outcomes_are_labelled_and_add_up(decoupled):
    _, _, found = decoupled
    out = labelled(found)
    total = sum(
        out[f"network.{name}"]
        for name in ("freight", "time", "border_fee", "border_time", "own", "variety")
    )
    np.testing.assert_allclose(total, np.log(out["network.factor"]), atol=1e-13)
    assert out["network.hours"].dims == ("origin", "destination")


def test_a_network_that_costs_nothing_changes_nothing():
    model = get_model("core-periphery")(geography=places("a", "b"), tau=1.4)
    free = compose(model, [Carriage.on(network(["a", "b"], [("a", "b")]))])
    x = jnp.array([0.7, 0.3])
    prices = {name: value + 0.1 for name, value in model.initial_prices(x).items()}
    for name, value in model.market_residual(prices, x).items():
        np.testing.assert_allclose(free.market_residual(prices, x)[name], value, atol=1e-14)
    np.testing.assert_allclose(free.payoff(prices, x), model.payoff(prices, x), atol=1e-14)


@pytest.fixture(scope="module")
def core():
    """Core and periphery at the two ends of a border, beside land."""
    road = {"road": {"usd_per_km": 1.0, "kmh": 40.0}}
    net = network(
        {"a": "A", "b": "B"},
        [("a", "b", "road", 800)],
        modes=road,
        borders=[{"usd": 300.0, "hours": 100.0}],
    )
    part = Carriage.on(net, shipment=5000.0, daily=0.02)
    return net, compose(get_model("core-periphery")(geography=places("a", "b")), [part, Land(0.1)])


def test_a_canonical_model_feels_what_the_route_costs(core):
    net, economy = core
    tau = float(np.exp(least_routes(net, shipment=5000.0, daily=0.02).cost[0, 1]))
    plain = compose(get_model("core-periphery")(tau=tau), [Land(0.1)])
    x = jnp.array([0.6, 0.4])
    prices = {name: value + 0.1 for name, value in plain.initial_prices(x).items()}
    for name, value in plain.market_residual(prices, x).items():
        np.testing.assert_allclose(economy.market_residual(prices, x)[name], value, rtol=1e-10)
    np.testing.assert_allclose(economy.payoff(prices, x), plain.payoff(prices, x), rtol=1e-10)


@pytest.mark.slow
def test_edits_and_gradients_of_a_border(core):
    _, economy = core
    fast = scenario(
        {
            "name": "fast",
            "edits": [
                {"path": "network.border_hours", "times": 0.5, "borders": ["A-B"]},
                {"path": "network.link_hours", "times": 0.5, "links": ["a-b:road"]},
            ],
        }
    )
    after = fast.apply(economy)
    assert float(after.part("network").costs.border_hours[0]) == 50.0
    start = jnp.array([0.6, 0.4])
    at = short_run(economy, start)
    slope = gradient(economy, lambda o: o["payoff"][1], Lever("network.border_hours"), at=at)
    ahead, behind = (
        float(short_run(Lever("network.border_hours").put(economy, 100.0 + s), start).payoff[1])
        for s in (0.01, -0.01)
    )
    assert float(slope.sel(border="A-B")) == pytest.approx((ahead - behind) / 0.02, rel=1e-6)


def test_fees_as_revenue_and_shipments_by_sector():
    net = network(
        {"a": "A", "b": "B"},
        [{"from": "a", "to": "b", "fixed_usd": 600.0}],
        borders=[{"usd": 900.0, "hours": 24.0}],
    )
    for fees in ("nobody", "destination"):
        economy = general_economy(
            places=net.names,
            sectors=["light", "heavy"],
            employment=1.0,
            theta=4.0,
            parts=[Carriage.on(net, fees=fees, shipment=np.array([10000.0, 30000.0]), daily=0.01)],
        )
        x = economy.initial_distribution()
        market = economy.bent_at(economy.initial_prices(x), x).market
        total = np.exp(600.0 / 1e4 + 0.01 + 900.0 / 1e4), np.exp(0.02 + 0.01 + 0.03)
        np.testing.assert_allclose((market.tau * market.wedge)[0, 1], total, rtol=1e-12)
        duty = (np.exp(0.09) - 1, np.exp(0.03) - 1) if fees == "destination" else (0.0, 0.0)
        np.testing.assert_allclose(market.tariff[0, 1], duty, atol=1e-12)
        np.testing.assert_allclose(market.tau[0, 0], 1.0)


def test_what_does_not_fit_is_refused():
    model = get_model("core-periphery")(geography=places("a", "b"))
    with pytest.raises(LabelMismatchError, match="not on the network"):
        compose(model, [Carriage.on(grid(1, 2, 1.5))])
    net = network(["a", "b"], [{"from": "a", "to": "b", "factor": 1.01}])
    dear = network(
        list("abc"),
        [{"from": "a", "to": "b", "factor": 1.01}, {"from": "b", "to": "c", "factor": 1.01}],
    )
    with pytest.raises(RoutesDoNotConvergeError, match="theta above 34.8"):
        compose(
            get_model("core-periphery")(geography=places(*"abc")),
            [Carriage.on(dear, routing="smooth", theta=30.0)],
        )
    with pytest.raises(InvalidParameterError, match="congested"):
        compose(model, [Carriage.on(net, routing="smooth", crowding=Crowding(congested="yes"))])


@pytest.mark.slow
def test_a_closed_link_and_the_corridor_in_an_economy():
    net = corridor()
    part = Carriage.on(net, routing="least", shipment=30000.0, daily=0.01)
    economy = compose(get_model("allen-arkolakis")(geography=places(*net.names)), [part])
    shut = Lever("network.closed", "set", links="BKK-VTE:road").put(economy, 1.0)
    factor = [short_run(e).outcomes["network.factor"] for e in (economy, shut)]
    assert (factor[1] >= factor[0] - 1e-14).all() and float((factor[1] - factor[0]).max()) > 1e-4
    routes = least_routes(net, shipment=30000.0, daily=0.01)
    np.testing.assert_allclose(np.log(factor[0]), routes.cost, atol=1e-13)


@pytest.mark.slow
def test_routes_found_ahead_are_those_found_inside():
    """Programs without a call back, the same costs and slopes; other costs drop the routes."""
    net = corridor()
    economy = armington(net, 5.0, np.ones(8), np.ones(8), shipment=9000.0, daily=0.02)
    found = economy.ahead()
    x = economy.initial_distribution()

    def tau(one):
        return one.bent_at(one.initial_prices(x), x).market.tau[..., 0]

    def calls(one):
        return "pure_callback" in str(eqx.filter_make_jaxpr(tau)(one)[0])

    assert calls(economy) and not calls(found)
    np.testing.assert_allclose(tau(found), tau(economy), rtol=1e-14)
    assert found.part("network").routes is not None
    assert found.behind().part("network").routes is None
    dearer = {"network.link_usd": 3.0 * economy.value("network.link_usd")}
    assert found.with_(**dearer).part("network").routes is None
    np.testing.assert_allclose(tau(found.with_(**dearer)), tau(economy.with_(**dearer)), rtol=1e-14)

    def total(usd, one):
        there = eqx.tree_at(lambda e: e.part("network").costs.link_usd, one, usd)
        return jnp.sum(jnp.log(tau(there)) * jnp.arange(64.0).reshape(8, 8))

    usd = economy.value("network.link_usd")
    slope = [np.asarray(jax.grad(total)(usd, one)) for one in (found, economy)]
    np.testing.assert_allclose(*slope, rtol=1e-12)
    link = int(np.argmax(slope[0]))
    ends = [float(total(usd.at[link].add(step), economy)) for step in (1e-3, -1e-3)]
    assert slope[0][link] == pytest.approx((ends[0] - ends[1]) / 2e-3, rel=1e-6)
