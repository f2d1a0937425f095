"""Links that slow as trade passes: against the reduced system, and against plain iteration."""

import numpy as np
import pytest
from corridor import EXPECTED, economy_grid

from neg import short_run
from neg.economy.general import general_economy
from neg.network import Carriage, Link, network

CASE = EXPECTED["routing"]["economy"]
LABOUR = np.array(CASE["labour_fixed"])
MADE = np.array(CASE["productivity"]) * LABOUR ** CASE["alpha"]
TRADE = 8.0


def congested(theta, congestion):
    """The grid with routes of this elasticity; trade's is eight."""
    net = economy_grid()
    part = Carriage.on(net, routing="smooth", theta=theta).with_(
        congested="yes", congestion=congestion
    )
    return net, general_economy(
        places=net.names,
        sectors=["goods"],
        employment=LABOUR[:, None],
        theta=TRADE,
        alpha=0.0,
        productivity=MADE[:, None] ** TRADE,
        parts=[part],
    )


def by_iteration(net, theta, congestion):
    """Link costs, routes, wages, traffic and back, halfway each time: nothing but arrays."""
    graph = net.graph
    tail, head = graph.place[graph.tail], graph.place[graph.head]
    free = np.log(net.costs.link_factor)[graph.link]
    load, wage = np.ones(len(free)), np.ones(9)
    for _ in range(2000):
        weight = np.zeros((9, 9))
        weight[tail, head] = np.exp(-theta * (free + congestion * np.log(load)))
        routes = np.linalg.inv(np.eye(9) - weight)
        tau = routes ** (-1.0 / theta)
        for _ in range(20_000):
            cost = (wage / MADE)[:, None] * tau
            index = (cost**-TRADE).sum(axis=0)
            flows = cost**-TRADE / index * (wage * LABOUR)
            ahead = wage * (flows.sum(axis=1) / (wage * LABOUR)) ** (0.5 / (1.0 + TRADE))
            ahead = ahead / (ahead @ LABOUR)
            moved = np.abs(ahead / wage - 1.0).max()
            wage = ahead
            if moved < 1e-15:
                break
        passing = weight * (routes.T @ (flows / routes) @ routes.T)
        new = passing[tail, head] / flows.sum()
        change = np.abs(np.log(new / load)).max()
        load = np.sqrt(load * new)
        if change < 1e-13:
            return load, wage * index ** (1.0 / TRADE)
    raise AssertionError("the plain iteration does not rest")


@pytest.mark.slow
@pytest.mark.parametrize(("theta", "congestion"), [(12.0, 0.05), (8.0, 0.05), (7.0, 0.092)])
def test_congestion_by_plain_iteration(theta, congestion):
    net, economy = congested(theta, congestion)
    load, real = by_iteration(net, theta, congestion)
    out = short_run(economy).outcomes
    found = np.asarray(out["wage"][:, 0] / out["consumer_index"])
    np.testing.assert_allclose(out["network.traffic"], load, rtol=1e-9)
    np.testing.assert_allclose(found, real, rtol=1e-9)
    if theta == TRADE:  # where the reduced system holds
        key = CASE["congested_fixed"]
        np.testing.assert_allclose(found, key["real_wage"], rtol=1e-8)
        np.testing.assert_allclose(out["network.traffic"], key["traffic"], rtol=1e-7)


def three_places(links, **moved):
    net = network(["A", "B", "C"], links)
    part = Carriage.on(net, routing="smooth", theta=12.0)
    return general_economy(
        places=net.names,
        sectors=["goods"],
        employment=[[1.0], [2.0], [1.5]],
        theta=4.0,
        parts=[part.with_(congested="yes", congestion=0.05, **moved)],
    )


@pytest.mark.slow
def test_a_closed_link_is_as_good_as_none_where_links_congest():
    ways = [Link("A", "B", factor=1.3), Link("B", "C", factor=1.4), Link("A", "C", factor=1.5)]
    closed = short_run(three_places(ways, closed=np.array([0.0, 0.0, 1.0]))).outcomes
    without = short_run(three_places(ways[:2])).outcomes
    np.testing.assert_allclose(closed["network.traffic"][:2], without["network.traffic"])
    assert float(closed["network.traffic"][2]) == 0.0
    np.testing.assert_allclose(closed["wage"], without["wage"])
