"""Set-up costs in an economy: chains by cuts, both limits, the published equilibrium, accounts."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy, short_run
from neg.analysis import Lever, gradient
from neg.chains import Chain, ChainBlocks, cheapest_by_cuts, passed, passed_by_cuts
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.ledger import largest_imbalance
from neg.menus import LogNormal, Pareto
from neg.production import SetUp

WANT = json.loads((Path(__file__).parent / "numbers.json").read_text())
by_cuts = jax.jit(passed_by_cuts)


@eqx.filter_jit
def seen_at(model, prices, x):
    return *model.evaluate(prices, x), model.outcomes(prices, x)


def world(seed: int, places: int, blocks: int):
    rng = np.random.default_rng(seed)
    own = np.concatenate([[1.0], rng.uniform(0.3, 0.7, blocks - 1)])
    cost = jnp.asarray(rng.normal(0.0, 0.3, (blocks, places)))
    link = jnp.asarray(rng.uniform(0.0, 0.4, (blocks, places, places)))
    weight = jnp.asarray(rng.uniform(0.5, 2.0, (blocks, places)))
    weight = weight.at[0, 0].set(0.0)
    return own, cost, link, weight


@pytest.mark.parametrize(
    ("places", "blocks", "theta"),
    [(3, 3, 2.0), pytest.param(2, 4, 6.0, marks=pytest.mark.slow), (4, 1, 5.0)],
)
def test_chains_by_cuts_are_those_of_enumeration(places, blocks, theta):
    own, cost, link, weight = world(blocks, places, blocks)
    chain = Chain(own, theta)
    beta = np.asarray(chain.beta)
    rng = np.random.default_rng(8)
    wedge = jnp.asarray(1.0 + rng.uniform(0.0, 0.2, link.shape))
    spending = jnp.asarray(rng.random((blocks, places)))
    given = ChainBlocks(chain.own, chain.elasticity, cost, link, weight, wedge)
    found, price = by_cuts(given, spending)
    draws = np.zeros((blocks, places))
    earned = np.zeros((blocks, places))
    shares = []
    for path in itertools.product(range(places), repeat=blocks):
        cuts = sum(a != b for a, b in itertools.pairwise(path))
        for buyer in range(places):
            ends = (*path[1:], buyer)
            log = sum(
                float(np.log(max(weight[n, i], 1e-300)))
                - theta * beta[n] * float(own[n] * cost[n, i] + link[n, i, k])
                for n, (i, k) in enumerate(zip(path, ends, strict=True))
            )
            draws[cuts:, buyer] += np.exp(log)
            shares.append((path, ends, cuts, buyer, np.exp(log)))
    np.testing.assert_allclose(price, -np.log(draws) / theta, rtol=1e-11)
    for path, ends, cuts, buyer, value in shares:
        for most in range(cuts, blocks):
            left = float(spending[most, buyer]) * value / draws[most, buyer]
            for n in range(blocks - 1, -1, -1):
                left /= float(wedge[n, path[n], ends[n]])
                earned[n, path[n]] += own[n] * left
                left *= 1.0 - own[n]
    np.testing.assert_allclose(found.earned, earned, rtol=1e-11, atol=1e-14)
    customs = jnp.sum(found.paid - found.received)
    assert float(found.earned.sum() + customs) == pytest.approx(float(spending.sum()), rel=1e-13)
    # Buyers of any chain alone: the plain messages, in every number.
    whole = spending.at[:-1].set(0.0)
    every, _ = by_cuts(given, whole)
    for ours, theirs in zip(every, passed(given, whole[-1]), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.slow
def test_many_draws_alike_give_the_cheapest_with_so_many_cuts():
    own, cost, link, _ = world(3, 4, 3)
    chain = Chain(own, 3e4)
    ones = jnp.ones((3, 4))
    given = ChainBlocks(chain.own, chain.elasticity, cost, link, ones, jnp.ones_like(link))
    found = by_cuts(given, ones).log_price
    for buyer in range(4):
        best = cheapest_by_cuts(chain, jnp.exp(cost.T), jnp.exp(jnp.moveaxis(link, 0, 2)), buyer)
        least = np.minimum.accumulate(np.log(best.cost))
        np.testing.assert_allclose(found[:, buyer], least, atol=1e-4)


SECTORS = ("parts", "modules", "assembly", "goods", "food")


def economy(**given):
    rng = np.random.default_rng(4)
    inputs = np.zeros((5, 5))
    inputs[2, 3], inputs[4, 3], inputs[4, 0], inputs[3, 2] = 0.6, 0.05, 0.1, 0.1
    home = np.eye(3, dtype=bool)[..., None]
    settings = {
        "places": ("A", "B", "C"),
        "sectors": SECTORS,
        "employment": 0.5 + rng.random((3, 5)),
        "theta": [5.0, 5.0, 5.0, 3.0, 4.0],
        "alpha": [0.2, 0.0, 0.1, 1.0, 0.0],
        "chains": [SECTORS[:3]],
        "own_share": [1.0, 0.5, 0.4, 1.0, 1.0],
        "tau": np.where(home, 1.0, 1.1 + 0.2 * rng.random((3, 3, 5))),
        "tariff": 0.05,
        "productivity": 0.7 + rng.random((3, 5)),
        "input_share": inputs,
        "land_share": 0.05,
        "tax_share": [0.0, 0.02, 0.0, 0.05, 0.0],
        "final_share": [0.0, 0.0, 0.1, 0.5, 0.4],
    }
    return general_economy(**settings | given)


def consistent(composed, prices, x):
    """The prices with savings that are what they are taken to be."""
    residual, *_ = seen_at(composed, prices, x)
    name = "fragmentation.saving"
    for _ in range(3):
        prices = prices | {name: prices[name] + residual[name]}
        residual, *_ = seen_at(composed, prices, x)
    assert float(jnp.abs(residual[name]).max()) < 1e-12
    return prices


def moved(model, seed=1):
    x = model.initial_distribution()
    rng = np.random.default_rng(seed)
    start = model.initial_prices(x)
    return {k: v + 0.05 * rng.normal(size=v.shape) for k, v in start.items()}, x


@pytest.mark.slow  # compiles an economy
def test_without_set_up_costs_it_is_the_chain():
    base = economy()
    composed = compose(base, [SetUp(set_up=0.0)])
    prices, x = moved(base)
    named = {n: v for n, v in composed.initial_prices(x).items() if n not in prices}
    full = consistent(composed, prices | named, x)
    (ours, value, out), (theirs, want, plain) = seen_at(composed, full, x), seen_at(base, prices, x)
    for name, residual in theirs.items():
        np.testing.assert_allclose(ours[name], residual, atol=1e-13)
    np.testing.assert_allclose(value, want, atol=1e-13)
    for name, number in plain.items():
        np.testing.assert_allclose(out[name], number, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(out["fragmentation.fragmented"][:, 3], 1.0)


@pytest.mark.slow  # compiles an economy
def test_with_set_up_costs_without_bound_it_is_the_integrated_sector():
    own = np.array([1.0, 0.5, 0.4])
    power = own * np.array([0.3, 0.6, 1.0])
    rng = np.random.default_rng(6)
    tau = np.where(np.eye(2, dtype=bool)[..., None], 1.0, 1.1 + 0.2 * rng.random((2, 2, 4)))
    skill = 0.5 + rng.random((2, 3))
    people = 0.5 + rng.random((2, 2))

    def build(blocks, **given):
        sectors = (*blocks, "goods")
        inputs = np.zeros((len(sectors),) * 2)
        inputs[-2, -1] = 0.6
        return general_economy(
            places=("A", "B"),
            sectors=sectors,
            theta=[5.0] * len(blocks) + [3.0],
            alpha=[0.0] * len(blocks) + [1.0],
            tau=tau[..., -len(sectors) :],
            input_share=inputs,
            final_share=[0.0] * len(blocks) + [1.0],
            **given,
        )

    whole = build(
        ("assembly",),
        employment=people,
        productivity=np.stack([np.prod(skill**power, axis=1), np.ones(2)], axis=1),
    )
    chained = build(
        SECTORS[:3],
        employment=np.column_stack([people[:, :1] * power, people[:, 1]]),
        productivity=np.column_stack([skill, np.ones(2)]),
        chains=[SECTORS[:3]],
        own_share=[*own, 1.0],
    )
    composed = compose(chained, [SetUp(set_up=1e30)])
    prices, x = moved(whole)
    y = chained.initial_distribution()
    spread = {
        name: prices[name][:, [0, 0, 0, 1]] if prices[name].ndim == 2 else prices[name]
        for name in prices
    }
    start = composed.initial_prices(y)
    full = consistent(composed, start | spread, y)
    # Unit cost of goods is stated at the price of any chain, from which nobody buys.
    more = 0.6 * full["fragmentation.saving"][:, 0, 0]
    full = full | {"cost": full["cost"].at[:, 3].add(-more)}
    (ours, _, out), (theirs, _, plain) = seen_at(composed, full, y), seen_at(whole, prices, x)
    for name in ("wage", "cost"):
        np.testing.assert_allclose(ours[name][:, 3], theirs[name][:, 1], atol=1e-12)
        for block in range(3):
            np.testing.assert_allclose(ours[name][:, block], theirs[name][:, 0], atol=1e-12)
    np.testing.assert_allclose(ours["income"], theirs["income"], atol=1e-12)
    trade = np.asarray(out["trade"])
    np.testing.assert_allclose(trade[..., 2], np.asarray(plain["trade"])[..., 0], rtol=1e-12)
    assert trade[..., 0][~np.eye(2, dtype=bool)].max() < 1e-13  # blocks stay together


@pytest.fixture(scope="module")
def published():
    want = WANT["fragmentation_general_equilibrium"]
    given = want["parameters"]
    sigma = given["sigma"]
    variable, share = (sigma - 1.0) / sigma, given["block_share"]
    world, abroad = want["world_revenue"], want["share_of_revenue_fragmented"]
    wage = want["wage_south"]
    # Blocks by where they are made: the first one in the South for firms that fragment.
    parts = [variable * share * (1.0 - abroad) * world, wage * given["L_south"]]
    people = [[parts[0], variable * (1.0 - share) * world, world / sigma], [given["L_south"], 0, 0]]
    base = general_economy(
        places=("North", "South"),
        sectors=("parts", "modules", "goods"),
        employment=people,
        productivity=[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]],
        theta=[200.0, 200.0, sigma - 1.0],  # draws hardly differ: in the source they do not
        alpha=[0.0, 0.0, 1.0],
        chains=[("parts", "modules")],
        own_share=[1.0, 1.0 - share, 1.0],
        input_share=[[0, 0, 0], [0, 0, variable], [0, 0, 0]],
        final_share=[0.0, 0.0, 1.0],
        tau=np.where(np.eye(2, dtype=bool)[..., None], 1.0, [given["link_cost"], 1.0, 1.0]),
        numeraire="North",
    )
    part = SetUp(
        set_up=given["set_up_cost"],
        fixed=given["fixed_cost"],
        entry=given["entry_cost"],
        size=Pareto(given["kappa"] / (sigma - 1.0)),
    )
    return compose(base, [part]), want


@pytest.mark.slow  # compiles an economy
def test_the_published_equilibrium_of_north_and_south(published):
    composed, want = published
    x = composed.initial_distribution()
    start = composed.initial_prices(x)
    wage = jnp.zeros((2, 3)).at[1, 0].set(np.log(want["wage_south"]))
    income = jnp.asarray([1.0, want["wage_south"] * 0.9])
    prices = start | {"wage": wage, "income": jnp.log(income)}
    for _ in range(4):  # unit costs follow from wages
        residual, *_ = seen_at(composed, prices, x)
        prices = {k: v if k in ("wage", "income") else v + residual[k] for k, v in prices.items()}
    residual, _, out = seen_at(composed, prices, x)
    for name, value in residual.items():
        assert float(jnp.abs(value).max()) < 1e-12, name
    report = {k: float(out[f"fragmentation.{k}"][0, 2]) for k in ("fragmented", "fragmenting")}
    assert report["fragmented"] == pytest.approx(want["share_of_revenue_fragmented"], abs=1e-12)
    assert report["fragmenting"] == pytest.approx(want["share_of_firms_fragmented"], abs=1e-12)
    entrants = float(out["fragmentation.entrants"][0, 2])
    assert entrants == pytest.approx(want["entrants"], rel=1e-12)
    # Those who fragment are a Pareto tail of the active.
    cut = want["cutoff"] ** 3.0
    least = cut * want["share_of_firms_fragmented"] ** (-1.0 / 1.5)
    assert float(out["fragmentation.threshold"][0, 2]) == pytest.approx(least, rel=1e-10)


COSTS = np.array([1.0, 1.5, 2.5])


@pytest.fixture(scope="module")
def solved():
    return short_run(compose(economy(), [SetUp(set_up=COSTS, sectors=("goods",))]))


@pytest.mark.slow
def test_every_account_pays_what_it_receives_and_no_profit_is_left(solved):
    assert largest_imbalance(solved.ledger) <= 1e-12
    out = {k.removeprefix("fragmentation."): np.asarray(v)[:, 3] for k, v in _report(solved)}
    assert ((out["fragmented"] > 0.01) & (out["fragmented"] < 0.99)).all()
    assert (out["fragmented"] > out["fragmenting"]).all()  # the large fragment
    assert (np.diff(out["threshold"]) > 0).all()
    # What entrants pay for entry, for being active and for cuts is sales over sigma.
    whole = np.asarray(solved.outcomes["output"])[:, 3] * 0.95  # after production taxes
    per_cut = out["spent"] / (out["entrants"] * out["cuts"] * COSTS)
    active = out["active"]
    bundle = per_cut / active
    fixed = out["entrants"] * bundle * (0.5 + active * (1.0 + out["cuts"] * COSTS))
    np.testing.assert_allclose(fixed, whole / 4.0, rtol=1e-11)


def _report(found):
    return [(k, v) for k, v in found.outcomes.items() if k.startswith("fragmentation.")]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["fragmentation.set_up", "tau", "productivity"])
def test_gradients_are_those_of_differences(solved, path):
    """The three levers: set-up cost, link cost, saving in blocks."""

    def total(out):
        return jnp.sum(out["fragmentation.fragmented"][:, 3] + jnp.log(out["welfare"]))

    given = {
        "fragmentation.set_up": {"places": ("A",)},
        "tau": {"sectors": ("parts",)},
        "productivity": {"sectors": ("parts",), "places": ("B",)},
    }[path]
    lever = Lever(path, "times", **given)
    slope = float(np.nansum(gradient(solved.model, total, lever).values))
    step = 1e-5
    ends = [
        float(total(short_run(lever.put(solved.model, 1.0 + sign * step)).outcomes))
        for sign in (1.0, -1.0)
    ]
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)
    assert slope * {"productivity": 1.0}.get(path, -1.0) > 0


def test_what_makes_no_sense_is_named():
    base = economy()
    for model, given, told in (
        (economy(chains=(), own_share=1.0), {}, "has no chain of two blocks"),
        (economy(draws="stage"), {}, "draws = 'stage' is not allowed"),
        (economy(alpha=[0.2, 0.0, 0.1, 0.5, 0.0]), {}, "alpha = 0.5 of 'goods'"),
        (base, {"sectors": ("food",)}, "'food' buys from 0 chains"),
        (base, {"sectors": ("parts",)}, "'parts' is a block of a chain"),
        (economy(theta=[5.0, 5.0, 5.0, 1.2, 4.0]), {}, "must be at most"),
        (base, {"set_up": -1.0}, "set_up = -1"),
    ):
        with pytest.raises(InvalidParameterError, match=told):
            compose(model, [SetUp(**given)])
    with pytest.raises(UnknownNameError, match="sector of fragmentation"):
        compose(base, [SetUp(sectors=("cars",))])


@pytest.mark.slow  # compiles an economy
def test_a_law_of_scale_of_ones_own():
    composed = compose(economy(), [SetUp(size=LogNormal(0.0, 1.0))])
    x = composed.initial_distribution()
    _, _, found = seen_at(composed, composed.initial_prices(x), x)
    share = np.asarray(found["fragmentation.sales_by_cuts"])[:, 3]
    np.testing.assert_allclose(share.sum(axis=1), 1.0, rtol=1e-12)
