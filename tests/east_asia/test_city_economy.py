"""The economy of cities: its baseline is the table, and people stay where they are."""

from __future__ import annotations

import numpy as np
import pytest

from neg import data
from neg.core.errors import InvalidDataError, UnknownNameError
from neg.core.status import Stability, Status
from neg.east_asia import Strengths, Where, city_economy, city_places, fit_blocks
from neg.east_asia.accounts import split
from neg.economy.lever import Lever
from neg.network import Carriage
from neg.solvers.short_run import short_run


@pytest.mark.parametrize("seed", range(3))
def test_flows_have_all_their_sums(seed):
    rng = np.random.default_rng(seed)
    member = np.array([0, 0, 0, 1, 1, 2])
    kernel = np.exp(-3.0 * rng.uniform(size=(6, 6)))
    wanted = kernel * np.outer(rng.uniform(1, 3, 6), rng.uniform(1, 3, 6))
    wanted *= rng.uniform(0.2, 2.0, (3, 3))[np.ix_(member, member)]
    of = np.eye(3)[member]
    found = fit_blocks(kernel, wanted.sum(axis=1), wanted.sum(axis=0), of.T @ wanted @ of, member)
    pair = found.pair[np.ix_(member, member)]
    flows = found.origin[:, None] * found.destination * pair * kernel
    np.testing.assert_allclose(flows, wanted, rtol=1e-10)  # the only one of this form
    assert found.gap <= 1e-12


def test_a_pair_without_trade_has_none():
    member, kernel = np.array([0, 0, 1]), np.ones((3, 3))
    blocks = np.array([[6.0, 0.0], [0.0, 4.0]])
    found = fit_blocks(kernel, np.array([2.0, 4.0, 4.0]), np.array([3.0, 3.0, 4.0]), blocks, member)
    assert found.pair[0, 1] == found.pair[1, 0] == 0.0


def test_sums_that_contradict_each_other_are_refused():
    member, kernel = np.array([0, 0, 1]), np.ones((3, 3))
    blocks = np.array([[6.0, 1.0], [1.0, 4.0]])
    with pytest.raises(InvalidDataError, match="sales of the places of economy 0"):
        fit_blocks(kernel, np.array([2.0, 4.0, 5.0]), np.array([3.0, 4.0, 5.0]), blocks, member)


def test_accounts_add_up_to_the_table_and_to_workers():
    places, table = city_places(5), data.load_icio()
    own = split(table, places)
    count = len(table.places)
    np.testing.assert_allclose(np.bincount(own.member, own.share, count), 1.0, rtol=1e-12)
    made = np.zeros_like(table.output)
    np.add.at(made, own.member, own.by_place(table.output))
    np.testing.assert_allclose(made, table.output, rtol=1e-12)
    workers = np.bincount(own.member, own.workers, count)[:18]
    np.testing.assert_allclose(
        workers, data.facts()["employment"].to_series()[list(table.places[:18])]
    )
    china = own.member == table.places.index("CHN")
    slope = np.polyfit(np.log(own.workers[china]), np.log(own.wage[china]), 1)[0]
    assert slope == pytest.approx(0.05, abs=1e-10)
    with pytest.raises(InvalidDataError, match="differ by"):
        split(table.aggregate({"ASIA": ["CHN", "JPN"]}), places)


@pytest.fixture(scope="module")
def cities():
    return city_economy(Where(most=2))


def test_the_baseline_is_the_table_and_people_stay(cities):
    found = cities.solve()
    assert Status(int(found.status)) is Status.CONVERGED
    assert found.stability is Stability.STABLE
    assert float(found.residual) <= 1e-9
    assert cities.misfit(found) <= 1e-8
    totals = cities.totals(found)
    np.testing.assert_allclose(totals["output"], totals["output_table"], rtol=1e-8)
    np.testing.assert_allclose(totals["gdp"], totals["gdp_table"], rtol=1e-8)
    assert cities.gap <= 1e-12
    # Flows between economies too are those of the table.
    member = np.eye(21)[cities.accounts.member]
    trade = np.einsum("io,ijs,jd->ods", member, np.asarray(found.outcomes["trade"]), member)
    np.testing.assert_allclose(trade * cities.money, cities.accounts.table.flows, rtol=1e-7)


@pytest.mark.slow
def test_prices_sought_from_afar_are_those_of_the_baseline(cities):
    """Markets are solved from wages of one, not from the prices that the inversion knows."""
    found = short_run(cities.economy)
    wage = np.log(cities.accounts.wage / cities.money)
    np.testing.assert_allclose(found.prices["wage"], wage[:, None].repeat(5, 1), atol=1e-8)


@pytest.mark.slow
def test_only_goods_travel_and_borders_hurt_them(cities):
    economy = cities.economy
    part = next(one for one in economy.parts if isinstance(one, Carriage))
    assert part.carried == ("primary", "manufacturing")
    found = short_run(economy).outcomes
    hours = np.asarray(found["network.hours"])
    assert (hours[..., 2:] == 0).all() and (hours[0, 1:, :2] > 0).all()
    slower = Lever("network.border_hours", "times").put(economy, 2.0)
    after = short_run(slower).outcomes
    names = list(economy.places)
    k = names.index("Vientiane")
    assert float(after["consumption"][k]) < float(found["consumption"][k])
    np.testing.assert_allclose(after["network.factor"][..., 2:], 1.0)


def test_which_places_may_be_said_in_two_ways():
    """By how many, or as a table, which has the same network."""
    frame, net = Where(most=1).found()
    same, again = Where(places=city_places(most=1)).found()
    assert list(frame.index) == list(same.index)
    assert net.names == again.names and net.labels == again.labels
    assert Where(places=same, network=net).found()[1] is net


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(UnknownNameError, match="manufactures"):
        city_economy(Where(most=1), carried=("manufactures",))


@pytest.mark.slow
@pytest.mark.parametrize(
    "given", [{}, {"routing": "smooth", "route_theta": 700.0}, {"strengths": Strengths(alpha=0.05)}]
)
def test_the_whole_map_is_an_equilibrium(given):
    cities = city_economy(**given)
    found = cities.solve()
    assert 300 <= len(cities.economy.places) <= 1000
    assert Status(int(found.status)) is Status.CONVERGED and found.stability is Stability.STABLE
    assert cities.misfit(found) <= 1e-8
    totals = cities.totals(found)
    np.testing.assert_allclose(totals["output"], totals["output_table"], rtol=1e-8)
    np.testing.assert_allclose(totals["gdp"], totals["gdp_table"], rtol=1e-8)
