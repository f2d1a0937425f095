"""Chains: shares against enumeration, quantities against gradients, limits, best paths, input."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.chains import DRAWS, Chain, best_paths, cheapest_by_cuts, cheapest_path, trace
from neg.core.errors import InvalidDataError, InvalidParameterError, InvalidShapeError

N, K = 3, 3


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(11)
    link = 1.0 + 0.5 * rng.random((N, N, K)) * (1 - np.eye(N))[..., None]
    return {
        "cost": 0.6 + rng.random((N, K)),
        "link": link,
        "productivity": 0.5 + rng.random((N, K)),
    }


def enumerated(chain, world, weight=1.0, duty=0.0):
    """Weight of every path to every buyer, straight from the definition."""
    own, beta = np.asarray(chain.own), np.asarray(chain.beta)
    theta = float(chain.theta)
    link = world["link"] * (1 + duty)
    node = weight * (world["productivity"] * world["cost"] ** -theta) ** (own * beta)
    edge = link ** (-theta * beta)
    found = {}
    for path in itertools.product(range(N), repeat=K):
        value = np.prod([node[i, n] for n, i in enumerate(path)])
        value *= np.prod([edge[path[n], path[n + 1], n] for n in range(K - 1)])
        found[path] = value * edge[path[-1], :, -1]
    return found


def test_values_add_up_to_one():
    for own in ([1.0], [1.0, 0.45], [1.0, 0.2, 0.9, 0.5]):
        chain = Chain(own)
        assert abs(float(jnp.sum(chain.own * chain.beta)) - 1.0) < 1e-15


@pytest.mark.parametrize("theta", [0.7, 5.0, 40.0])
def test_path_shares_are_those_of_enumeration(world, theta):
    chain = Chain([1.0, 0.4, 0.3], theta)
    paths = enumerated(chain, world)
    total = sum(paths.values())
    found = trace(chain, **world)
    assert np.allclose(found.reach, total, rtol=1e-12)
    every = list(paths)
    for j in range(N):
        share = np.asarray(found.path_share(every, j))
        assert abs(share.sum() - 1.0) < 1e-12
        assert np.abs(share - [paths[p][j] / total[j] for p in every]).max() < 1e-12
        best, top = best_paths(found, j, 4)
        order = np.argsort(-share)[:4]
        assert [tuple(p) for p in best] == [every[k] for k in order]
        assert np.allclose(top, share[order], atol=1e-14)


@pytest.mark.parametrize("draws", DRAWS)
def test_quantities_are_gradients_of_the_price(world, draws):
    chain = Chain([1.0, 0.4, 0.3], 4.0, draws)

    def log_price(log_cost, log_link):
        cost, link = jnp.exp(log_cost), jnp.exp(log_link)
        return jnp.log(trace(chain, cost, link, world["productivity"]).price)

    found = trace(chain, **world)
    by_cost, by_link = jax.jacobian(log_price, argnums=(0, 1))(
        jnp.log(world["cost"]), jnp.log(world["link"])
    )
    assert np.allclose(np.moveaxis(by_cost, 0, 2), found.value_added, atol=1e-13)
    assert np.allclose(np.moveaxis(by_link, 0, 3), found.shipped, atol=1e-13)
    assert np.allclose(found.value_added.sum(axis=(0, 1)), 1.0, atol=1e-14)
    step = 1e-6
    ahead = world["cost"].copy()
    ahead[1, 0] *= np.exp(step)
    slope = (jnp.log(trace(chain, **world | {"cost": ahead}).price) - jnp.log(found.price)) / step
    assert np.allclose(slope, by_cost[:, 1, 0], atol=1e-5)


def test_one_block_is_the_ordinary_model(world):
    one = {name: value[..., :1] for name, value in world.items()}
    supply = one["productivity"][:, 0] * one["cost"][:, 0] ** -4.0
    kernel = supply[:, None] * one["link"][..., 0] ** -4.0
    for draws in DRAWS:
        found = trace(Chain([1.0], 4.0, draws), **one)
        assert np.allclose(found.price, kernel.sum(axis=0) ** -0.25, rtol=1e-14)
        assert np.allclose(found.bought[..., 0], kernel / kernel.sum(axis=0), atol=1e-15)


def test_every_stage_with_its_own_draws_is_a_row_of_ordinary_sectors(world):
    chain, theta = Chain([1.0, 0.4, 0.3], 4.0, "stage"), 4.0
    price = np.ones(N)
    for n, own in enumerate(np.asarray(chain.own)):
        unit = world["cost"][:, n] ** own * price ** (1 - own)
        kernel = (world["productivity"][:, n] * unit**-theta)[:, None]
        price = (kernel * world["link"][..., n] ** -theta).sum(axis=0) ** (-1 / theta)
    assert np.allclose(trace(chain, **world).price, price, rtol=1e-13)


def test_tariffs_are_taken_out_on_the_way(world):
    chain = Chain([1.0, 0.4, 0.3], 4.0)
    duty = np.random.default_rng(2).random((N, N, K)) * (1 - np.eye(N))[..., None]
    found = trace(chain, **world, tariff=duty)
    total = found.value_added.sum(axis=(0, 1)) + found.customs.sum(axis=0)
    assert np.allclose(total, 1.0, atol=1e-14)
    paths = enumerated(chain, world, duty=duty)
    reach, beta = sum(paths.values()), np.asarray(chain.beta)
    earned, customs = np.zeros((N, K, N)), np.zeros((N, N))
    for path, weight in paths.items():
        for j in range(N):
            ends = (*path[1:], j)
            left = weight[j] / reach[j]
            for n in range(K - 1, -1, -1):
                t = duty[path[n], ends[n], n]
                customs[ends[n], j] += t * beta[n] * left / (1 + t)
                left /= 1 + t
                earned[path[n], n, j] += float(chain.own[n]) * beta[n] * left
    assert np.allclose(found.value_added, earned, atol=1e-14)
    assert np.allclose(found.customs, customs, atol=1e-14)


def test_where_blocks_are_made_and_borders_crossed_are_those_of_paths_under_tariffs(world):
    duty = 2.0 * np.random.default_rng(2).random((N, N, K)) * (1 - np.eye(N))[..., None]
    every = np.array(list(itertools.product(range(N), repeat=K)))
    for draws in DRAWS:
        found = trace(Chain([1.0, 0.4, 0.3], 4.0, draws), **world, tariff=duty)
        for j in range(N):
            share = np.asarray(found.path_share(every, j))
            made = [[share[every[:, n] == i].sum() for n in range(K)] for i in range(N)]
            assert np.allclose(found.located[..., j], made, atol=1e-14)
            ends = np.column_stack([every[:, 1:], np.full(len(every), j)])
            assert float(found.crossings[j]) == pytest.approx(share @ (every != ends).sum(axis=1))


def test_suppliers_stand_outside_the_power(world):
    chain = Chain([1.0, 0.4, 0.3], 4.0)
    many = np.ones((N, K))
    many[1, 0] = 2.5
    paths = enumerated(chain, world, weight=many)
    assert np.allclose(trace(chain, **world, suppliers=many).reach, sum(paths.values()), rtol=1e-13)


def test_links_without_end_keep_chains_in_one_place(world):
    chain = Chain([1.0, 0.4, 0.3], 4.0)
    link = np.where(np.eye(N, dtype=bool)[..., None], 1.0, np.inf) * np.ones(K)
    link[..., -1] = world["link"][..., -1]
    closed = trace(chain, world["cost"], link, world["productivity"])
    paths = enumerated(chain, world | {"link": np.where(np.isfinite(link), link, 1e300)})
    assert np.allclose(closed.reach, sum(paths[i, i, i] for i in range(N)), rtol=1e-13)
    far = world["link"] * np.where(np.eye(N, dtype=bool)[..., None], 1.0, [1e8, 1e8, 1.0])
    assert np.allclose(closed.price, trace(chain, world["cost"], far, world["productivity"]).price)
    slope = jax.grad(lambda c: jnp.sum(trace(chain, c, link, world["productivity"]).price))
    assert np.isfinite(slope(jnp.asarray(world["cost"]))).all()


def test_free_links_put_blocks_where_they_are_cheapest_whatever_the_others_do(world):
    chain = Chain([1.0, 0.4, 0.3], 4.0)
    found = trace(chain, world["cost"], np.ones((N, N, K)), world["productivity"])
    node = (world["productivity"] * world["cost"] ** -4.0) ** np.asarray(chain.own * chain.beta)
    assert np.allclose(found.located[..., 0], node / node.sum(axis=0), atol=1e-14)


def test_many_draws_alike_give_the_cheapest_path(world):
    chain = Chain([1.0, 0.4, 0.3], 2000.0)
    found = cheapest_path(chain, world["cost"], world["link"], 0)
    limit = trace(chain, world["cost"], world["link"]).price[0]
    assert float(limit) == pytest.approx(float(found.cost), rel=2e-3)
    own, beta = np.asarray(chain.own), np.asarray(chain.beta)
    costs, cuts = [], []
    for path in itertools.product(range(N), repeat=K):
        ends = (*path[1:], 0)
        log = sum(
            beta[n] * (own[n] * np.log(world["cost"][i, n]) + np.log(world["link"][i, ends[n], n]))
            for n, i in enumerate(path)
        )
        costs.append(np.exp(log))
        cuts.append(sum(path[n] != path[n + 1] for n in range(K - 1)))
    by_cuts = cheapest_by_cuts(chain, world["cost"], world["link"], 0)
    for q in range(K):
        want = min(c for c, n in zip(costs, cuts, strict=True) if n == q)
        assert float(by_cuts.cost[q]) == pytest.approx(want, rel=1e-13)
    assert float(found.cost) == pytest.approx(min(costs), rel=1e-13)
    slope = jax.grad(lambda c: cheapest_path(chain, c, world["link"], 0).cost)
    weight = np.asarray(slope(jnp.asarray(world["cost"]))) * world["cost"] / min(costs)
    assert weight.sum() == pytest.approx(1.0)


def test_no_path_is_listed_twice_and_none_that_nobody_takes():
    link = np.full((2, 2, 2), 1.2)
    for closed, number in ((1.2, 4), (np.inf, 3)):
        link[0, 1, 0] = closed
        found = trace(Chain([1.0, 0.5]), np.ones((2, 2)), link)
        for count in (number, number + 1, 20):
            best, top = best_paths(found, 1, count)
            assert len({tuple(path) for path in best}) == len(best) == len(top) == number
            assert np.allclose(top, found.path_share(best, 1), atol=1e-15)
            assert top.sum() == pytest.approx(1.0, abs=1e-14)
    with pytest.raises(InvalidParameterError, match="count = 0 is not allowed"):
        best_paths(found, 1, 0)


def test_bad_input_is_named(world):
    with pytest.raises(InvalidParameterError, match=r"own\[0\] = 0.5"):
        Chain([0.5, 0.5])
    for draws in DRAWS:
        with pytest.raises(InvalidParameterError, match=r"own\[2\] = 1 .* must be below 1 after"):
            Chain([1.0, 0.5, 1.0, 0.4], 4.0, draws)
    with pytest.raises(InvalidParameterError, match=r"own\[1\] = 1 is not allowed"):
        Chain([1.0, 0.5]).with_(own=[1.0, 1.0])
    chain = Chain([1.0, 0.4, 0.3], 4.0)
    with pytest.raises(InvalidShapeError, match="link has shape"):
        trace(chain, world["cost"], np.ones((N, N)))
    none = world["productivity"].copy()
    none[:, 1] = 0.0
    with pytest.raises(InvalidDataError, match="no chain reaches buyer 0"):
        trace(chain, world["cost"], world["link"], none)
    one = none.copy()
    one[2, 1] = 1.0
    assert float(trace(chain, world["cost"], world["link"], one).located[2, 1].sum()) == N
