"""Routes: the cheapest, those by taste, their use, layers, modes, times; and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from corridor import EXPECTED, corridor, patterned

from neg.core.errors import (
    DisconnectedPlaceError,
    DuplicateLinkError,
    InvalidDataError,
    InvalidParameterError,
    RoutesDoNotConvergeError,
    SharesError,
    UnknownNameError,
)
from neg.network import (
    Link,
    Transfer,
    grid,
    least_routes,
    nested_cost,
    network,
    smallest_elasticity,
    smooth_routes,
    smooth_time_layers,
    spectral_radius,
    switch_values,
    time_layers,
)
from neg.network.routing import smooth_costs
from neg.network.transactions import EDGES, layer_index

MULTI, SMALL = EXPECTED["multimodal"], EXPECTED["small"]


@pytest.fixture(scope="module")
def net():
    """The corridor."""
    return corridor()


def pair(array, ends):
    """An entry of a labelled matrix, by ``origin-destination``."""
    origin, destination = ends.split("-")
    return float(array.sel(origin=origin, destination=destination))


# Least cost -------------------------------------------------------------------------------------


def test_cheapest_routes_of_the_corridor(net):
    for vot in MULTI["network"]["vot"]:
        found = least_routes(net, value_of_time=vot)
        for case in MULTI["routes"]:
            if case["value_of_time_usd_per_hour"] != vot:
                continue
            ends = f"{case['from']}-{case['to']}"
            assert pair(found.cost, ends) == pytest.approx(case["generalised_cost"], rel=1e-10)
            assert pair(found.usd, ends) == pytest.approx(case["money_usd"], rel=1e-10)
            assert pair(found.hours, ends) == pytest.approx(case["hours"], rel=1e-10)
            assert found.path(case["from"], case["to"]) == case["path"]
        assert not found.tied.sel(origin="BKK", destination="HAN")


def test_values_of_time_at_which_routes_switch(net):
    for case in MULTI["switches"]:
        found = switch_values(net, case["from"], case["to"])
        np.testing.assert_allclose(found, case["switch_values_usd_per_hour"], rtol=1e-9)


def test_ties_are_reported():
    square = grid(2, 2, 1.5)
    found = least_routes(square, shipment=1.0, daily=0.0)
    assert bool(found.tied.sel(origin="0", destination="3"))
    assert not bool(found.tied.sel(origin="0", destination="1"))


def test_a_change_of_vehicle_is_paid_by_who_passes_only(net):
    slow = corridor(transfers=[Transfer("SVK", "road", "road", usd=100.0, hours=8.0)])
    before, after = (least_routes(n, value_of_time=5.0) for n in (net, slow))
    assert pair(after.cost, "DAD-BKK") == pytest.approx(pair(before.cost, "DAD-BKK") + 140.0)
    for ends in ("SVK-BKK", "DAD-SVK", "SVK-SVK"):
        assert pair(after.cost, ends) == pytest.approx(pair(before.cost, ends))
    free = corridor(transfers=[Transfer("SVK", "road", "road")])
    smooth = [smooth_routes(n, theta=240.0).log_tau for n in (net, free)]
    np.testing.assert_allclose(smooth[0], smooth[1], atol=1e-12)


# Smooth routing -----------------------------------------------------------------------------------


def test_smooth_routes_of_the_corridor(net):
    for case in MULTI["smooth"]["cases"]:
        if case["tau"] is None:
            with pytest.raises(RoutesDoNotConvergeError, match=r"radius of 1\.00998.*above 162"):
                smooth_routes(net, theta=case["theta"])
            continue
        found = smooth_routes(net, theta=case["theta"], shipment=30000.0, daily=0.01)
        cheapest = least_routes(net, shipment=30000.0, daily=0.01)
        assert found.spectral_radius == pytest.approx(case["spectral_radius"], rel=1e-9)
        for ends, tau in case["tau"].items():
            assert pair(found.tau, ends) == pytest.approx(tau, rel=1e-12)
            least = np.exp(pair(cheapest.cost, ends))
            assert least == pytest.approx(case["least_cost_tau"][ends], rel=1e-12)
            assert tau <= least
        assert np.diag(found.log_tau).max() <= 0.0


def test_a_uniform_grid():
    case = EXPECTED["uniform"]
    found = smooth_routes(grid(5, 5, 1.25), theta=case["theta"])
    assert found.spectral_radius == pytest.approx(case["spectral_radius"], rel=1e-12)
    for ends, tau in case["tau"].items():
        assert pair(found.tau, ends) == pytest.approx(tau, rel=1e-11)
    assert float(found.log_tau.sum()) == pytest.approx(case["sum_log_tau"], rel=1e-11)
    use = found.expected_use("0", "24").loc["12-13:road", "12", "13"]
    assert use == pytest.approx(case["intensity"]["value"], rel=1e-10)
    expected = pair(found.expected_log_cost, "0-24")
    assert expected == pytest.approx(case["expected_log_cost_of_route"], rel=1e-11)
    assert pair(found.entropy, "0-24") == pytest.approx(case["route_entropy"], rel=1e-10)
    other = smooth_routes(grid(5, 5, 1.5), theta=4.0)
    assert other.spectral_radius == pytest.approx(0.684267, abs=5e-7)
    assert pair(other.tau, "0-24") == pytest.approx(6.621846, abs=5e-7)


@pytest.mark.slow
@pytest.mark.parametrize("case", EXPECTED["grids"], ids=["5x5", "3x4"])
def test_grids_whose_links_differ(case):
    net = patterned(*case["grid"], case["pattern"])
    found = smooth_routes(net, theta=case["theta"])
    least = np.exp(least_routes(net, shipment=1.0, daily=0.0).cost)
    assert found.spectral_radius == pytest.approx(case["spectral_radius"], rel=1e-10)
    for ends, tau in case["tau"].items():
        assert pair(found.tau, ends) == pytest.approx(tau, rel=1e-11)
        assert pair(least, ends) == pytest.approx(case["least_cost"][ends], rel=1e-12)
    assert float(found.log_tau.sum()) == pytest.approx(case["sum_log_tau"], rel=1e-11)
    last = str(case["grid"][0] * case["grid"][1] - 1)
    link = [str(k) for k in case["intensity"]["link"]]
    use = found.expected_use("0", last)[f"{link[0]}-{link[1]}:road", link[0], link[1]]
    assert use == pytest.approx(case["intensity"]["value"], rel=1e-9)
    expected = pair(found.expected_log_cost, f"0-{last}")
    assert expected == pytest.approx(case["expected_log_cost_of_route"], rel=1e-10)
    assert pair(found.entropy, f"0-{last}") == pytest.approx(case["route_entropy"], rel=1e-9)


@pytest.mark.slow
def test_smooth_routes_tend_to_the_cheapest():
    case = EXPECTED["limit"]
    net = patterned(5, 5, case["pattern"])
    least = least_routes(net, shipment=1.0, daily=0.0).cost
    off, gaps = ~np.eye(25, dtype=bool), []
    for theta in (4.0, 16.0, 64.0):
        found, expected = smooth_routes(net, theta=theta), case[f"{theta:g}"]
        assert found.spectral_radius == pytest.approx(expected["spectral_radius"], rel=1e-9)
        for ends, tau in expected["tau"].items():
            assert pair(found.tau, ends) == pytest.approx(tau, rel=1e-11)
        gaps.append(float((least - found.log_tau).values[off].max()))
        assert gaps[-1] == pytest.approx(expected["max_log_gap_to_least_cost"], rel=1e-9)
        assert theta * gaps[-1] == pytest.approx(expected["theta_times_max_gap"], rel=1e-9)
    for ends, tau in case["least_cost"].items():
        assert np.exp(pair(least, ends)) == pytest.approx(tau, rel=1e-12)
    assert gaps[0] > gaps[1] > gaps[2]


def test_the_smallest_elasticity_of_routes():
    """Uniform m by n grids: the radius in closed form is one there."""
    for m, n, d in ((5, 5, 1.07), (3, 4, 1.2), (2, 7, 1.01)):
        graph = grid(m, n, d).graph
        cost = np.full(graph.arcs, np.log(d))
        size = 2 * np.cos(np.pi / (m + 1)) + 2 * np.cos(np.pi / (n + 1))
        expected = np.log(size) / np.log(d)
        assert smallest_elasticity(graph, cost) == pytest.approx(expected, rel=1e-10)
        assert spectral_radius(graph, cost, 9.0) == pytest.approx(d**-9.0 * size, rel=1e-11)
    case = SMALL["smallest_dispersion"]
    net = patterned(*case["grid"], case["pattern"])
    found = smallest_elasticity(net.graph, np.log(net.costs.link_factor)[net.graph.link])
    assert found == pytest.approx(case["smallest_admissible_dispersion"], rel=1e-10)


@pytest.mark.slow
def test_two_nodes():
    for case in SMALL["two_node"]:
        theta = case["theta"]
        links = [
            Link("1", "2", factor=case["a12"] ** (-1 / theta), two_way=False),
            Link("2", "1", factor=case["a21"] ** (-1 / theta), two_way=False),
        ]
        found = smooth_routes(network(["1", "2"], links), theta=theta)
        for ends, tau in case["tau"].items():
            assert pair(found.tau, "-".join(ends)) == pytest.approx(tau, rel=1e-12)
        use = found.expected_use("1", "2")
        assert use["1-2:road", "1", "2"] == pytest.approx(case["intensity_12_of_pair_12"])
        assert use["2-1:road", "2", "1"] == pytest.approx(case["intensity_21_of_pair_12"])


def test_conservation_and_totals_of_traffic(net):
    rng = np.random.default_rng(0)
    flows = rng.uniform(size=(8, 8))
    found = smooth_routes(net, theta=240.0)
    traffic = found.traffic(flows)
    links = traffic[traffic.index.get_level_values("from") != traffic.index.get_level_values("to")]
    for k, place in enumerate(net.names):
        into = links[links.index.get_level_values("to") == place].sum()
        out = links[links.index.get_level_values("from") == place].sum()
        assert flows[k].sum() + into == pytest.approx(flows[:, k].sum() + out, rel=1e-9)
    layers = found.layers
    np.testing.assert_allclose(layers.sum("layer"), found.log_tau, atol=1e-12)
    # What is paid on links, link by link, is what pairs pay on average.
    hours = np.array(net.costs.link_hours) @ found.link_loads(flows).values
    assert hours < float((found.hours * flows).sum())
    assert found.mode_shares(flows).sum() == pytest.approx(1.0)


def test_tau_against_a_dense_inverse_far_beyond_underflow():
    """Weights of e^-2000, which no double holds: by the reduced costs of each origin."""
    rng = np.random.default_rng(2)
    links = [
        (str(k), str(k + 1), "road", 0.0, None, None, None, None, float(f))
        for k, f in enumerate(rng.uniform(1.2, 1.5, 29))
    ]
    links += [
        (str(k), str(k + 2), "road", 0.0, None, None, None, None, float(f))
        for k, f in enumerate(rng.uniform(1.5, 2.0, 28))
    ]
    line = network([str(k) for k in range(30)], links)
    for theta in (20.0, 60.0, 400.0):
        found = smooth_routes(line, theta=theta).log_tau
        least = np.log(np.exp(least_routes(line, shipment=1.0, daily=0.0).cost))
        off = ~np.eye(30, dtype=bool)
        gap = (least - found).values[off]
        assert gap.min() >= -1e-13
        assert gap.max() <= 10.0 / theta
        if theta == 20.0:
            graph = line.graph
            weights = np.zeros((30, 30))
            weights[graph.tail, graph.head] = line.costs.link_factor[graph.link] ** -theta
            dense = np.linalg.inv(np.eye(30) - weights)
            np.testing.assert_allclose(
                np.exp(-theta * found)[off.nonzero()[0][:1]], dense[off.nonzero()[0][:1]], rtol=1e-9
            )
            np.testing.assert_allclose(found, -np.log(dense) / theta, rtol=1e-9, atol=1e-13)


def test_gradients_of_links(net):
    """Against differences and, of second order, against differences of the gradient."""
    graph = net.graph
    cost = jnp.asarray(np.random.default_rng(1).uniform(0.03, 0.1, graph.arcs))
    opened = jnp.ones(graph.arcs)
    places = np.arange(8)

    def total(c, o=opened, theta=240.0):
        return jnp.sum(smooth_costs(graph, c, o, jnp.asarray(theta), places, places[:5]) ** 2)

    total, eager = jax.jit(total), total
    slope = jax.jit(jax.grad(eager))
    step = 1e-6 * np.random.default_rng(3).normal(size=graph.arcs)
    difference = float(total(cost + step) - total(cost - step)) / 2
    assert float(slope(cost) @ step) == pytest.approx(difference, rel=1e-6)
    second = (slope(cost + step) - slope(cost - step)) / 2
    curve = jax.jit(lambda c, s: jax.jvp(slope, (c,), (s,))[1])(cost, jnp.asarray(step))
    np.testing.assert_allclose(curve, second, rtol=1e-4, atol=1e-9)
    by_theta = jax.jit(jax.grad(eager, 2))(cost, opened, 240.0)
    ahead, behind = (float(total(cost, opened, 240.0 + s)) for s in (1e-3, -1e-3))
    assert float(by_theta) == pytest.approx((ahead - behind) / 2e-3, rel=1e-6)
    shut = opened.at[4].set(0.0)
    assert np.isfinite(slope(cost, shut)).all() and float(slope(cost, shut)[4]) == 0.0


@pytest.mark.slow
def test_more_and_cheaper_links_never_raise_costs():
    names = ["a", "b", "c"]
    base = [("a", "b", "road", 10), ("b", "c", "road", 10)]
    mode = {"road": {"usd_per_km": 100.0, "kmh": 50.0}}
    costs = []
    for links in (base, [*base, ("a", "c", "road", 25)], [*base, ("a", "c", "road", 24)]):
        made = network(names, links, modes=mode)
        smooth = smooth_routes(made, theta=60.0).log_tau.values
        least = least_routes(made, shipment=30000.0, daily=0.01).cost.values
        costs.append((smooth, least))
    for before, after in zip(costs, costs[1:], strict=False):
        assert all((new <= old + 1e-14).all() for old, new in zip(before, after, strict=True))
    tau = np.exp(costs[0][0])
    assert tau[0, 2] <= tau[0, 1] * tau[1, 2] / tau[1, 1] + 1e-12


# Modes and times ----------------------------------------------------------------------------------


def test_nested_modes():
    for case in SMALL["nested_modes"]:
        cost, share = nested_cost(case["mode_cost"], case["mode_weight"], case["eta"])
        assert float(cost) == pytest.approx(case["link_cost"], rel=1e-12)
        assert float(cost) ** -case["theta"] == pytest.approx(case["a_kl"], rel=1e-12)
        np.testing.assert_allclose(share, case["mode_share"], rtol=1e-12)
        slope = jax.grad(
            lambda logs, c=case: jnp.log(nested_cost(jnp.exp(logs), c["mode_weight"], c["eta"])[0])
        )(jnp.log(jnp.asarray(case["mode_cost"])))
        np.testing.assert_allclose(slope, share, rtol=1e-12)
    cost, share = nested_cost([1.3, np.inf], [0.7, 0.3])
    assert np.isfinite(cost) and float(share[1]) == 0.0
    with pytest.raises(SharesError):
        nested_cost([1.3, 1.5], [1.0, 1.0])


def test_time_layers():
    case = SMALL["time_layers"]
    names = ("local", "neighbouring", "regional", "world")
    assert [names[k] for k in layer_index(case["hours"])] == case["layer"]
    found = time_layers(case["hours"], case["value"])
    for name, share in case["share"].items():
        assert float(found.sel(layer=name)) == pytest.approx(share, rel=1e-14)
    away = np.array([1.0, 100.0, 200.0, 900.0])
    sharp = time_layers(away, [1, 2, 3, 4])
    np.testing.assert_allclose(
        smooth_time_layers(away, [1, 2, 3, 4], width=1e-3), sharp, atol=1e-12
    )
    slope = jax.grad(lambda h: smooth_time_layers(h, jnp.ones(4))[0])(jnp.array([0.0, 2, 3, 9]))
    assert np.isfinite(slope).all() and (slope[1:3] < 0).all()
    assert list(EDGES) == case["edges_hours"]
    with pytest.raises(InvalidDataError):
        time_layers([1.0], [0.0])


@pytest.mark.slow
def test_layers_of_one_route():
    for case in SMALL["layers"]:
        given = case["input"]
        link = {"from": "a", "to": "b", "fixed_usd": given["money"], "fixed_hours": given["hours"]}
        border = {
            "first": "A",
            "second": "B",
            "usd": given["border_fee"],
            "hours": given["border_hours"],
        }
        net = network({"a": "A", "b": "B"}, [link], borders=[border])
        found = smooth_routes(
            net, theta=4000.0, shipment=given["value"], daily=given["rate_per_day"]
        ).layers.sel(origin="a", destination="b")
        for name in ("freight", "time", "border_fee", "border_time"):
            rate = np.expm1(float(found.sel(layer=name)))
            assert rate == pytest.approx(case["layer_rates"][name], rel=1e-10)


# What is refused ----------------------------------------------------------------------------------

ROAD = {"road": {"usd_per_km": 1.0, "kmh": 40.0}}


@pytest.mark.parametrize(
    ("error", "match", "places", "links", "more"),
    [
        (UnknownNameError, "place of link", ["a", "b"], [("a", "x")], {}),
        (UnknownNameError, "mode of link", ["a", "b"], [("a", "b", "rail")], {"modes": ROAD}),
        (
            UnknownNameError,
            "did you mean 'kmh'",
            ["a", "b"],
            [{"from": "a", "to": "b", "km_h": 4}],
            {},
        ),
        (
            InvalidParameterError,
            "fixed_hours.*-3",
            ["a", "b"],
            [{"from": "a", "to": "b", "fixed_hours": -3.0}],
            {},
        ),
        (
            InvalidParameterError,
            "factor.*0.9",
            ["a", "b"],
            [{"from": "a", "to": "b", "factor": 0.9}],
            {},
        ),
        (InvalidParameterError, "to itself", ["a", "b"], [("a", "a"), ("a", "b")], {}),
        (DuplicateLinkError, "given twice", ["a", "b"], [("a", "b"), ("b", "a")], {}),
        (DisconnectedPlaceError, "'c'", ["a", "b", "c"], [("a", "b")], {}),
        (
            DisconnectedPlaceError,
            "to and from",
            ["a", "b"],
            [{"from": "a", "to": "b", "two_way": False}],
            {},
        ),
        (
            UnknownNameError,
            "economy of border",
            ["a", "b"],
            [("a", "b")],
            {"borders": [("A", "B")]},
        ),
        (
            UnknownNameError,
            "place of transfer",
            ["a", "b"],
            [("a", "b")],
            {"transfers": [("x", "road", "road")]},
        ),
    ],
)
def test_bad_networks_are_refused(error, match, places, links, more):
    with pytest.raises(error, match=match):
        network(places, links, **more)


def test_a_change_of_mode_that_is_nowhere_possible():
    links = [("a", "b", "road", 1), ("b", "c", "rail", 1)]
    made = network(["a", "b", "c"], links)
    with pytest.raises(DisconnectedPlaceError, match="needs a transfer"):
        least_routes(made, value_of_time=1.0)
    named = [("a", "b", "road", 1.0, 1.0), ("b", "c", "rail", 1.0, 1.0)]
    made = network(["a", "b", "c"], named)
    with pytest.raises(DisconnectedPlaceError, match="needs a transfer"):
        _ = smooth_routes(made, theta=4e5).log_tau
    free = [Transfer("b", "road", "rail")]
    with pytest.raises(InvalidParameterError, match="costs nothing"):
        smooth_routes(network(["a", "b", "c"], named, transfers=free), theta=4e5)


def test_networks_are_read_from_tables():
    table = pd.DataFrame(
        {
            "from": ["a", "b"],
            "to": ["b", "c"],
            "mode": "road",
            "km": [40.0, 80.0],
            "kmh": [40.0, np.nan],
        }
    )
    places = pd.DataFrame({"name": ["a", "b", "c"], "economy": ["A", "A", "B"]})
    made = network(places, table, modes={"road": {"kmh": 80.0}}, borders=[{"usd": 5.0}])
    np.testing.assert_allclose(made.costs.link_hours, [1.0, 1.0])
    assert made.labels["border"] == ("A-B",)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (("A", "B", "road", "80"), "km of links.0. is '80'; must be a number"),
        (("A", "B", "road", None), "km of links.0. is None; must be a number"),
        (("A", "B", "road", True), "km of links.0. is True; must be a number"),
        ({"from": "A", "to": "B", "km": 80, "kmh": "40"}, "kmh of links.0. is '40'"),
        ({"from": "A", "to": "B", "km": 80, "two_way": "no"}, "two_way .* 'no'; must be true"),
        (("A", "B", "road"), "km of link 'A-B:road' is 0, so that it costs nothing"),
    ],
)
def test_links_that_cannot_be_meant_are_named(link, words):
    with pytest.raises((InvalidDataError, InvalidParameterError), match=words):
        network(["A", "B"], [link], modes=ROAD)


@pytest.mark.parametrize(
    ("places", "border", "words"),
    [
        ({"a": "A", "b": "B"}, {"first": "A", "second": "A", "usd": 1.0}, "'A' to itself"),
        ({"a": "A", "b": "B"}, {"first": "A", "usd": 1.0}, "names one economy, 'A'"),
        (["a", "b"], {"usd": 1.0}, "no place lies in an economy"),
        ({"a": "A", "b": "B"}, {"usd": "1"}, "usd of borders.0. is '1'; must be a number"),
    ],
)
def test_borders_that_cannot_be_meant_are_named(places, border, words):
    with pytest.raises((InvalidDataError, InvalidParameterError), match=words):
        network(places, [("a", "b", "road", 80)], modes=ROAD, borders=[border])


def test_a_border_that_no_link_crosses_yet_may_stand():
    places, links = {"a": "A", "b": "B", "c": "C"}, [("a", "b", "road", 8), ("b", "c", "road", 8)]
    borders = [{"first": one, "second": "C", "usd": 5.0} for one in "AB"]
    assert network(places, links, borders=borders).labels["border"] == ("B-C",)


def test_a_place_that_was_not_asked_for_is_named():
    net = network(["A", "B"], [("A", "B", "road", 80)], modes=ROAD)
    least = least_routes(net, value_of_time=1.0, origins="A", destinations="B")
    smooth = smooth_routes(net, origins="A", destinations="B")
    for ask in (least.path, smooth.expected_use):
        assert len(ask("A", "B")) == 2
        with pytest.raises(UnknownNameError, match=r"origin of the routes 'B'; allowed: A"):
            ask("B", "A")
