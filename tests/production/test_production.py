"""Set-up costs, make or buy, ownership, magnification: published numbers and closed forms."""

from __future__ import annotations

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import short_run
from neg.chains import Chain, best_paths, cheapest_by_cuts, trace
from neg.core.errors import LabelMismatchError, UnknownNameError
from neg.menus import Pareto
from neg.production import (
    fragmentation_menu,
    magnification,
    modes,
    north_south,
    property_rights_menu,
    quadrants,
    spider,
)
from neg.production.make_or_buy import contract_cost

NUMBERS = json.loads((Path(__file__).parent / "numbers.json").read_text())


def pairs(matrices):
    return np.moveaxis(np.asarray(matrices), 0, 2)


def test_published_path_shares():
    want = NUMBERS["chain_path_shares_N4_K3"]
    chain = Chain(want["alpha"], want["theta"])
    assert np.allclose(chain.beta, want["beta"], atol=1e-15)
    cost, productivity = np.asarray(want["c"]).T, np.asarray(want["T"]).T
    found = trace(chain, cost, pairs(want["tau"]), productivity)
    assert np.allclose(found.reach, want["Theta"], rtol=1e-13)
    assert np.allclose(found.crossings, want["crossings_per_unit_by_consumer"], atol=1e-13)
    assert np.allclose(found.gross_trade, want["gross_trade_per_unit_spending"], atol=1e-13)
    share = want["stage_location_share_to_consumer_0"]
    assert np.allclose(found.located[..., 0].T, share, atol=1e-13)
    assert np.allclose(
        found.value_added.sum(axis=1), want["value_added_share_by_place"], atol=1e-13
    )
    best, top = best_paths(found, 0, 3)
    assert best.tolist() == [entry["path"] for entry in want["top_paths_to_consumer_0"]]
    assert np.allclose(top, [entry["share"] for entry in want["top_paths_to_consumer_0"]])


def test_published_shares_of_fragmentation():
    want = NUMBERS["fragmentation_share"]
    given = want["parameters"]
    sizes = Pareto(given["kappa"], given["zmin"]).raised(given["sigma"] - 1.0)
    for i, link in enumerate(want["link_cost"]):
        away = given["wage_south"] * link / given["wage_north"]
        costs = [given["wage_north"], given["wage_north"] * away ** given["alpha_offshored"]]
        for j, set_up in enumerate(want["set_up_cost"]):
            menu = fragmentation_menu(
                costs, given["sigma"], given["B"], given["f_domestic"], set_up
            )
            found = menu.choose(sizes)
            firms, sales = want["share_of_active_firms"][i][j], want["share_of_revenue"][i][j]
            assert float(found.active[2]) == pytest.approx(firms, abs=1e-13)
            assert float(found.sales_share[2]) == pytest.approx(sales, abs=1e-13)


def check_segments(found, want, sigma):
    assert np.allclose(found.firms, want["firm_share"], atol=1e-12)
    assert np.allclose(found.sales_share, want["revenue_share"], atol=1e-12)
    for segment in want["segments"]:
        mode = segment["mode"]
        assert float(found.low[mode]) == pytest.approx(segment["x_from"], rel=1e-12)
        assert float(found.low[mode]) ** (1 / (sigma - 1)) == pytest.approx(segment["z_from"])
        end = np.inf if segment["x_to"] is None else segment["x_to"]
        assert float(found.high[mode]) == pytest.approx(end, rel=1e-12)


def test_published_cuts_and_their_menu():
    want = NUMBERS["cuts_and_set_up_menu"]
    given = want["parameters"]
    cost = np.exp(np.asarray(given["log_cost"])).T
    link = np.exp(pairs(given["log_link"]))
    found = cheapest_by_cuts(Chain(given["alpha"]), cost, link, given["home"])
    assert np.allclose(found.cost, want["cheapest_cost_by_cuts"], rtol=1e-13)
    assert found.path.tolist() == want["cheapest_path_by_cuts"]
    menu = fragmentation_menu(
        found.cost, given["sigma"], given["B"], given["fixed_cost"], given["set_up_per_cut"]
    )
    sizes = Pareto(given["kappa"]).raised(given["sigma"] - 1.0)
    check_segments(menu.choose(sizes), want, given["sigma"])


@pytest.fixture(scope="module")
def south():
    given = NUMBERS["fragmentation_general_equilibrium"]["parameters"]
    settings = {
        "sizes": Pareto(given["kappa"], given["zmin"]).raised(given["sigma"] - 1.0),
        "sigma": given["sigma"],
        "share": given["block_share"],
        "link_cost": given["link_cost"],
        "fixed_cost": given["fixed_cost"],
        "set_up_cost": given["set_up_cost"],
        "entry_cost": given["entry_cost"],
        "labour": (given["L_north"], given["L_south"]),
        "wage_north": given["wage_north"],
    }
    return lambda **changes: north_south(**settings | changes)


@pytest.mark.slow
def test_published_equilibrium_of_north_and_south(south):
    want = NUMBERS["fragmentation_general_equilibrium"]
    found = south()
    assert float(found.wage) == pytest.approx(want["wage_south"], abs=1e-13)
    assert float(found.entrants) == pytest.approx(want["entrants"], rel=1e-12)
    firms, sales = want["share_of_firms_fragmented"], want["share_of_revenue_fragmented"]
    assert float(found.choice.active[2]) == pytest.approx(firms, abs=1e-12)
    assert float(found.choice.sales_share[2]) == pytest.approx(sales, abs=1e-12)
    assert float(found.spending) == pytest.approx(want["world_revenue"], rel=1e-13)
    assert float(found.choice.low[1]) ** (1 / 3) == pytest.approx(want["cutoff"], rel=1e-12)
    ratio = float((found.wage * 1.2) ** (-0.5 * 3.0))
    assert ratio == pytest.approx(want["cost_ratio_term"], rel=1e-12)
    # Cheaper links and cheaper set-up raise the wage of the South; the derivative says by how much.
    assert float(south(link_cost=1.1).wage) > float(found.wage) < float(south(set_up_cost=0.5).wage)
    slope = jax.grad(lambda f: south(set_up_cost=f).wage)(0.6)
    ends = [float(south(set_up_cost=0.6 + s).wage) for s in (1e-5, -1e-5)]
    assert float(slope) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


def test_published_forms_of_ownership():
    want = NUMBERS["make_or_buy_antras_helpman"]
    given = want["parameters"]
    keeps = {"NO": "beta_O", "NV": "beta_NV", "SO": "beta_O", "SV": "beta_SV"}
    settings = {
        "alpha": given["alpha"],
        "eta": given["eta"],
        "keeps": {form: given[name] for form, name in keeps.items()},
        "fixed_cost": given["fixed_cost"],
        "demand": given["X"],
        "wage_north": given["wage_north"],
        "wage_south": given["wage_south"],
    }
    menu = property_rights_menu(**settings)
    assert np.allclose(menu.slope / given["X"], list(want["psi"].values()), rtol=1e-13)
    check_segments(menu.choose(Pareto(given["kappa"]).raised(3.0)), want, 4.0)
    with pytest.raises(UnknownNameError, match="'XX'"):
        property_rights_menu(**settings | {"keeps": {"XX": 0.5}})
    with pytest.raises(LabelMismatchError, match=r"missing \['SV'\]"):
        property_rights_menu(**settings | {"fixed_cost": {"NO": 1.0, "NV": 1.0, "SO": 1.0}})
    low = property_rights_menu(**settings | {"eta": 0.2})
    assert float(low.slope[0]) > float(low.slope[1])  # few headquarter services: no integration


def test_published_quadrants():
    want = NUMBERS["make_or_buy_quadrants_smooth"]
    given = want["parameters"]
    chain, home = Chain(given["alpha"], given["theta"]), given["home"]
    control = jnp.exp(given["governance"] * jnp.asarray(given["distance"][home]))
    contract = contract_cost(
        given["contract"],
        given["institutions"],
        given["supplier_density"],
        given["density_elasticity"],
    )
    choice = modes(chain.elasticity, control, contract, draws=2)
    link = np.asarray(given["tau"])[..., None] * np.asarray(choice.link)[:, None, :]
    found = trace(chain, np.asarray(given["c"]).T, link, np.asarray(given["T"]).T)
    assert float(found.price[home]) == pytest.approx(want["cost_index"], rel=1e-13)
    share = quadrants(chain, found, choice.in_house, home, home)
    for name, value in want["quadrants_share_of_final_value"].items():
        ours = name.replace("_in_house", ", in-house").replace("_arms_length", ", arm's length")
        assert float(share[ours]) == pytest.approx(value, abs=1e-13)
    assert float(sum(share.values())) == pytest.approx(1 - given["alpha"][-1], abs=1e-14)
    same = modes(chain.elasticity, jnp.ones(3), jnp.ones(3))
    assert np.allclose(same.link, 1.0, atol=1e-15) and np.allclose(same.in_house[:, :2], 0.5)
    two = modes(chain.elasticity, jnp.ones(3), jnp.ones(3), draws=2)
    assert np.allclose(two.link[:, :2], 2.0 ** (-1 / chain.elasticity[:2]))


@pytest.mark.parametrize("blocks", [1, 2, 3, 4])
@pytest.mark.parametrize("draws", ["chain", "stage", "value-added"])
def test_published_magnification_and_its_closed_forms(blocks, draws):
    every = NUMBERS["magnification"]
    want = every[f"K{blocks}"][draws.replace("-", "_")]
    theta, tau, places = every["theta"], every["tau"], every["N"]
    chain = Chain.equal(blocks, theta, draws)
    found = magnification(chain, tau, places)
    names = {
        "trade_over_spending": "trade",
        "path_elasticity_all_links": "path_elasticity",
    }
    for name, value in want.items():
        assert np.allclose(getattr(found, names.get(name, name)), value, atol=1e-12), name
    for tau, places in ((1.2, 2), (1.7, 2)) if blocks == 2 else ():
        found = magnification(chain, tau, places)
        power, beta = np.asarray(chain.elasticity), np.asarray(chain.beta)
        x = (places - 1) * tau**-power
        share = x / (1 + x)
        level = (beta * share).sum()
        assert float(found.trade) == pytest.approx(level, rel=1e-12)
        elasticity = (beta * share * (1 - share) * power).sum() / level
        assert float(found.elasticity) == pytest.approx(elasticity, rel=1e-11)


@pytest.mark.slow
def test_a_spider_is_parts_with_draws_of_their_own():
    tau = np.where(np.eye(2, dtype=bool)[..., None], 1.0, 1.3) * np.ones(3)
    economy = spider(
        places=("A", "B"),
        parts={"engine": 0.3, "body": 0.2},
        employment=[[1.0, 0.7, 1.2], [0.8, 1.1, 0.9]],
        tau=tau,
        theta=5.0,
    )
    out = short_run(economy).outcomes
    wage, price = np.asarray(out["wage"]), np.asarray(out["price_index"])[..., 0]
    for part in (0, 1):
        want = ((wage[:, part, None] * tau[..., part]) ** -5.0).sum(axis=0) ** -0.2
        assert np.allclose(price[:, part], want, rtol=1e-10)
    unit = price[:, 0] ** 0.3 * price[:, 1] ** 0.2 * wage[:, 2] ** 0.5
    assert np.allclose(out["unit_cost"][:, 2], unit, rtol=1e-10)
