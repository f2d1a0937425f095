"""Chains in the general economy: the published equilibrium, one block, layers, parts, gradients."""

from __future__ import annotations

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from neg import general_economy, long_run, short_run
from neg.accounting import own_table
from neg.agreements import Agreement, Lines, RuleOfOrigin
from neg.agreements.origin import fixed_point, inputs_of_table
from neg.analysis import Lever, compare, gradient, scenario
from neg.barriers import Layer
from neg.chains import Chain, trace
from neg.core.errors import InvalidDataError, InvalidParameterError
from neg.core.parameters import altered
from neg.economy.composed import compose
from neg.economy.ledger import imbalances, largest_imbalance
from neg.production import MakeOrBuy
from neg.production.make_or_buy import QUADRANTS

WANT = json.loads((Path(__file__).parent / "numbers.json").read_text())["chain_ge_N3_K2"]
PLACES, BLOCKS = ("A", "B", "C"), ("parts", "assembly")
HOME = np.eye(3, dtype=bool)[..., None]


@pytest.fixture(scope="module")
def published():
    gamma = WANT["gamma"]
    economy = general_economy(
        places=PLACES,
        sectors=BLOCKS,
        employment=np.asarray(WANT["L"])[:, None] / 2,
        mobility="sectors",
        theta=WANT["theta"],
        chains=[BLOCKS],
        own_share=WANT["alpha"],
        tau=np.moveaxis(np.asarray(WANT["tau"]), 0, 2),
        productivity=np.asarray(WANT["T"]).T,
        labour_share=gamma,
        input_share=[[0.0, 0.0], [1.0 - gamma, 1.0 - gamma]],
    )
    return long_run(economy)


@pytest.mark.slow
def test_the_published_equilibrium(published):
    out = published.outcomes
    assert np.allclose(out["mean_wage"], WANT["wage"], atol=1e-12)
    assert np.allclose(out["price_index"][:, 1, 0], WANT["price_index"], rtol=1e-11)
    real = out["mean_wage"] / out["price_index"][:, 1, 0]
    assert np.allclose(real, WANT["real_wage"], rtol=1e-11)
    chain = Chain(WANT["alpha"], WANT["theta"])
    found = trace(chain, out["unit_cost"], published.model.tau, published.model.productivity)
    assert np.allclose(found.domestic, WANT["domestic_chain_share"], atol=1e-11)
    # Closed form: real wages from the share of chains that stay at home.
    power = np.asarray(chain.own * chain.beta)
    domestic = np.prod(np.asarray(WANT["T"]).T ** power, axis=1) / found.domestic
    closed = domestic ** (1 / (WANT["theta"] * WANT["gamma"]))
    assert np.allclose(real, closed, rtol=1e-11)
    assert np.allclose(closed, WANT["real_wage_from_domestic_chain"], rtol=1e-11)
    spent = np.asarray(out["income"]) + 0.4 / 0.6 * np.asarray(out["income"])
    assert float(out["output"].sum()) == pytest.approx(spent.sum(), rel=1e-11)
    # Half of the sales at home, as the trace has them.
    sold = np.einsum("ijnb,b->ijn", found.shipped, np.asarray(out["income"]) / WANT["gamma"])
    assert np.allclose(out["trade"], sold, rtol=1e-10)


def random_economy(**given):
    rng = np.random.default_rng(3)
    settings = {
        "places": PLACES,
        "sectors": (*BLOCKS, "food"),
        "employment": 0.5 + rng.random((3, 3)),
        "theta": 4.0,
        "alpha": [0.3, 0.4, 0.0],
        "chains": [BLOCKS],
        "own_share": [1.0, 0.5, 1.0],
        "tau": np.where(HOME, 1.0, 1.2 + 0.4 * rng.random((3, 3, 3))),
        "tariff": 0.1,
        "export_tax": [0.02, 0.0, 0.0],
        "productivity": 0.6 + rng.random((3, 3)),
        "input_share": [[0.0] * 3, [0.1, 0.2, 0.1], [0.2, 0.1, 0.2]],
        "land_share": 0.1,
        "final_share": [0.0, 0.6, 0.3],
        "housing_share": 0.1,
    }
    return general_economy(**settings | given)


@pytest.fixture(scope="module")
def chained():
    return random_economy()


@pytest.fixture(scope="module")
def solved(chained):
    return short_run(chained)


@pytest.mark.slow  # compiles a solve
def test_rules_of_origin_count_what_came_along_the_chain(chained):
    """Inputs that rules of origin see are those of the economy's own table, blocks and all."""
    found = short_run(chained.with_(export_tax=0.0))
    ours = found.model.inputs(found.prices, found.x)
    theirs = inputs_of_table(own_table(found), "common")
    # [origin, place, input, industry]: value before duty over output.
    value, want = (i.bought[..., 0][..., None] * i.used[None] for i in (ours, theirs))
    np.testing.assert_allclose(value, want, rtol=1e-8, atol=1e-12)
    abroad = np.asarray(value)[..., 0, 1] * ~HOME[..., 0]
    assert abroad.sum(axis=0).min() > 0.01  # of assembly, parts from abroad
    # With own inputs and parts counted, content at home falls by what came from abroad.
    zone = Agreement(
        "zone",
        ("A", "B"),
        rule=RuleOfOrigin(0.5, cumulation="none"),
        lines=Lines(excluded=("food",)),
    )
    content = np.asarray(fixed_point(zone, (0, 1), ours))
    want = np.asarray(fixed_point(zone, (0, 1), theirs))
    np.testing.assert_allclose(content, want, rtol=1e-8)
    assert content[:, 1].max() < 0.99


@pytest.mark.slow
def test_every_account_pays_what_it_receives(solved):
    assert {"firms", "people", "customs"} <= set(imbalances(solved.ledger))
    assert largest_imbalance(solved.ledger) <= 1e-11


@pytest.mark.slow
def test_a_chain_of_one_block_is_the_ordinary_sector(chained):
    shares = {
        "input_share": [[0.1, 0.0, 0.2], [0.0, 0.1, 0.1], [0.2, 0.1, 0.1]],
        "final_share": [0.4, 0.2, 0.3],
        "own_share": 1.0,
    }
    plain = random_economy(chains=(), **shares)
    single = random_economy(chains=[("parts",), ("assembly",)], **shares)
    x = plain.initial_distribution()
    rng = np.random.default_rng(9)
    prices = {k: v + 0.1 * rng.normal(size=v.shape) for k, v in plain.initial_prices(x).items()}
    ours, theirs = single.evaluate(prices, x), plain.evaluate(prices, x)
    for name, value in theirs[0].items():
        assert np.allclose(ours[0][name], value, atol=1e-13), name
    assert np.allclose(ours[1], theirs[1], atol=1e-13)
    out, want = single.outcomes(prices, x), plain.outcomes(prices, x)
    for name, value in want.items():
        assert np.allclose(out[name], value, rtol=1e-12, atol=1e-13), name


@pytest.mark.slow
def test_one_block_with_an_empty_cell_has_the_same_first_wage():
    shares = {"input_share": 0.0, "final_share": [0.4, 0.2, 0.3], "own_share": 1.0}
    given = {**shares, "mobility": "free", "alpha": [1.0, 0.5, 0.0]}
    plain = random_economy(chains=(), **given)
    single = random_economy(chains=[("parts",), ("assembly",)], **given)
    x = plain.initial_distribution().at[jnp.array([0, 4])].set(0.0)
    prices = plain.initial_prices(x)
    ours, theirs = single.evaluate(prices, x), plain.evaluate(prices, x)
    assert np.allclose(ours[0]["wage"], theirs[0]["wage"], atol=1e-12)
    assert np.allclose(ours[1], theirs[1], rtol=1e-13)


@pytest.mark.slow
def test_a_first_firm_in_a_block_pays_a_finite_wage_at_full_scale():
    economy = random_economy(mobility="free", alpha=[1.0, 1.0, 0.0])
    x = economy.initial_distribution().at[1].set(0.0)
    residual, value = economy.evaluate(economy.initial_prices(x), x)
    assert all(np.isfinite(r).all() for r in residual.values()) and np.isfinite(value).all()
    assert float(jnp.abs(residual["wage"]).max()) < 50.0
    almost = economy.initial_distribution().at[1].set(1e-9)
    near, _ = economy.evaluate(economy.initial_prices(x), almost)
    assert np.allclose(near["wage"], residual["wage"], atol=1e-6)


@pytest.mark.slow
def test_links_that_cost_everything_leave_chains_in_one_place(solved, chained):
    closed = chained.with_(tau=np.where(HOME, 1.0, [1e9, 1.4, 1.4]), tariff=0.0, export_tax=0.0)
    out = short_run(closed).outcomes
    assert np.asarray(out["trade"])[..., 0][~HOME[..., 0]].max() < 1e-12
    whole = short_run(chained.with_(tariff=0.0, export_tax=0.0)).outcomes
    assert np.asarray(whole["trade"])[..., 0][~HOME[..., 0]].max() > 1e-3
    # Parts and assembly of a place then are one thing: revenue in the ratio of their values.
    assert np.allclose(out["output"][:, 0] / out["output"][:, 1], 1.0, rtol=1e-9)


@pytest.fixture(scope="module")
def composed(chained):
    part = MakeOrBuy(
        governance=0.05,
        distance=[0.0, 1.0, 3.0],
        contract=0.4,
        institutions=[0.9, 0.6, 0.3],
        eta=0.2,
    )
    return compose(chained, [Layer("border", rate=0.1), part])


@pytest.mark.slow
def test_layers_and_make_or_buy_work_on_blocks(composed, chained, solved):
    found = short_run(composed)
    share = np.asarray(found.outcomes["boundary.in_house"])
    assert (share[:, 1:] == 0).all() and (np.diff(share[:, 0]) != 0).all()
    # Four quadrants of what parts earn: A is home, at no distance from headquarters.
    parts = np.asarray(found.outcomes["output"])[:, 0]
    four = [float(found.outcomes[f"boundary.{name}"]) for name in QUADRANTS]
    inside = parts * share[:, 0]
    want = [inside[0], (parts - inside)[0], inside[1:].sum(), (parts - inside)[1:].sum()]
    assert np.allclose(four, want / parts.sum(), rtol=1e-12) and min(four) > 0.01
    assert float(found.outcomes["welfare"].sum()) < float(solved.outcomes["welfare"].sum())
    off = compose(chained, [Layer("border"), MakeOrBuy()])
    x, prices = solved.x, solved.prices
    ours, theirs = off.market_residual(prices, x), chained.market_residual(prices, x)
    assert all(np.allclose(ours[k], theirs[k], atol=1e-13) for k in theirs)
    moved = {"name": "cheap", "edits": [{"path": "boundary.contract", "times": 0.5}]}
    result = compare(composed, [scenario(moved)])
    assert float(result.welfare_change.sel(scenario="cheap").sum()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("path", ["boundary.contract", "border.rate", "own_share", "tau"])
def test_gradients_are_those_of_differences(composed, path):
    def total(out):
        return jnp.log(jnp.sum(out["welfare"]))

    given = {} if path == "boundary.contract" else {"sectors": ("parts",)}
    if path == "own_share":
        given = {"sectors": ("assembly",)}
    lever = Lever(path, "plus", **given)
    slope = float(np.nansum(gradient(composed, total, lever).values))
    step = 1e-5
    ends = [
        float(total(short_run(lever.put(composed, sign * step)).outcomes)) for sign in (1.0, -1.0)
    ]
    assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-8)


def test_bad_chains_are_named(chained):
    with pytest.raises(InvalidDataError, match="final_share of 'parts' is positive"):
        random_economy(final_share=[0.3, 0.3, 0.3])
    with pytest.raises(InvalidParameterError, match="'engines' of a chain is no sector"):
        random_economy(chains=[("engines", "assembly")])
    with pytest.raises(InvalidParameterError, match=r"own_share of 'parts'\[0\] = 0.5"):
        random_economy(own_share=[0.5, 0.5, 1.0])
    with pytest.raises(InvalidParameterError, match=r"own_share of 'parts'\[1\] = 1 .* below 1"):
        random_economy(own_share=[1.0, 1.0, 1.0])
    with pytest.raises(InvalidParameterError, match=r"own_share of 'parts'\[1\] = 1 .* below 1"):
        chained.with_(own_share=[1.0, 1.0, 1.0])
    with pytest.raises(InvalidParameterError, match="theta differs along the chain"):
        chained.with_(theta=[4.0, 5.0, 4.0])
    with pytest.raises(InvalidParameterError, match="'assembly' is a block twice"):
        random_economy(chains=[BLOCKS, ("assembly",)])
    with pytest.raises(InvalidParameterError, match="has no chain of two blocks"):
        compose(random_economy(chains=(), final_share=[0.3, 0.3, 0.3]), [MakeOrBuy()])
    assert altered(chained).chains.blocks == ((0, 1),)
