"""Scenarios: layers in a solved economy, comparison with the baseline, stability, gradients."""

import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import (
    UnstableAllocationWarning,
    calibrate,
    compare,
    real_income_gradient,
    scenario,
    solve,
    trade_costs,
    with_costs,
)
from neg.core.errors import InvalidParameterError, UnknownNameError
from neg.economy.general.build import general_economy
from neg.solvers.short_run import short_run
from neg.solvers.system import flat_prices, market

TABLE = random_table(seed=6, tariffs=False)
ABROAD = ~np.eye(3, dtype=bool)[:, :, None] & np.ones((3, 3, 2), dtype=bool)
COSTS = trade_costs(
    TABLE.places,
    TABLE.sectors,
    {"freight": (0.2 * ABROAD, "resource"), "risk": (0.0, "risk"), "duty": (0.1 * ABROAD, "tariff")}
    | {"port": (0.0, "export-tax")},
)
ECONOMY = calibrate(TABLE, theta=5.0, alpha=0.2, costs=COSTS, uses="common")


def outcomes(costs, economy=ECONOMY):
    found = short_run(with_costs(economy, costs)).outcomes
    return {name: np.asarray(value) for name, value in found.items()}


# What layers do to an economy -------------------------------------------------------------------


def alike(costs):
    """Three alike places without input links: every wage stays one, whatever the costs."""
    economy = general_economy(
        places=TABLE.places,
        sectors=TABLE.sectors,
        kinds=TABLE.uses,
        employment=np.full((3, 2), 0.5),
        theta=5.0,
    )
    return outcomes(costs, economy)


def layer(kind, rate=0.3):
    return trade_costs(TABLE.places, TABLE.sectors, {"wedge": (rate * ABROAD, kind)})


def test_a_tariff_raises_revenue_where_freight_burns():
    """The same wedge, the same prices; income differs by exactly the revenue."""
    burnt, paid = alike(layer("resource")), alike(layer("tariff"))
    for out in (burnt, paid):
        np.testing.assert_allclose(out["wage"], 1.0, rtol=1e-10)
    np.testing.assert_allclose(paid["price_index"], burnt["price_index"], rtol=1e-10)
    np.testing.assert_allclose(burnt["tariff_revenue"], 0.0, atol=1e-15)
    foreign = 2 * 1.3**-5 / (1 + 2 * 1.3**-5)  # share of imports in spending
    revenue = 0.3 / 1.3 * foreign
    np.testing.assert_allclose(paid["tariff_revenue"] / paid["income"], revenue, rtol=1e-10)
    np.testing.assert_allclose(burnt["real_income"] / paid["real_income"], 1 - revenue, rtol=1e-10)


def test_risk_weighs_like_a_resource_and_export_taxes_pay_the_origin():
    burnt, risky = alike(layer("resource")), alike(layer("risk"))
    for name, value in burnt.items():
        np.testing.assert_allclose(risky[name], value, rtol=1e-12, err_msg=name)
    paid, port = alike(layer("tariff")), alike(layer("export-tax"))
    # Among alike places it does not matter which side of the border collects.
    np.testing.assert_allclose(port["export_tax_revenue"], paid["tariff_revenue"], rtol=1e-9)
    np.testing.assert_allclose(port["tariff_revenue"], 0.0, atol=1e-15)
    np.testing.assert_allclose(port["real_income"], paid["real_income"], rtol=1e-9)


@pytest.mark.parametrize("name", ["freight", "risk", "duty", "port"])
def test_each_layer_alone_moves_the_economy(name):
    costs = COSTS.change(name, cost=1.1)
    before, after = outcomes(COSTS), outcomes(costs)
    assert np.all(after["real_income"] != before["real_income"])
    home = np.einsum("iis->is", after["trade"]) / after["output"]
    assert np.all(home > np.einsum("iis->is", before["trade"]) / before["output"])
    duty, tax = np.asarray(costs.tariff), np.asarray(costs.export_tax)
    gate = after["trade"] * (1 + tax)
    np.testing.assert_allclose(after["tariff_revenue"], (duty * gate).sum((0, 2)), rtol=1e-9)
    revenue = (tax * after["trade"]).sum((1, 2))
    np.testing.assert_allclose(after["export_tax_revenue"], revenue, rtol=1e-9, atol=1e-14)


def test_which_layer_burns_decides_little_else():
    """Costs that multiply to the same factor are the same economy."""
    first = outcomes(COSTS.change("freight", cost=1.1))
    second = outcomes(COSTS.change("risk", cost=1.1))
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=1e-10, err_msg=name)


# Scenarios as data ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (
            {"name": "a", "edit": []},
            *(InvalidParameterError, "scenario 'a': edit: .*not permitted"),
        ),
        (
            {"name": "a", "edits": [{"layer": "freight", "by": 2}]},
            *(InvalidParameterError, r"scenario 'a': edits.0.by: .*not permitted"),
        ),
        ({"edits": []}, InvalidParameterError, r"scenario '\?': name: Field required"),
        (
            {"name": "a", "edits": [{"layer": "freight", "factor": "much"}]},
            *(InvalidParameterError, "edits.0.factor: .*number"),
        ),
        (
            {"name": "a", "edits": [{"factor": 0.9}]},
            *(InvalidParameterError, "edits.0.layer: Field required"),
        ),
    ],
)
def test_unknown_keys_are_refused_by_name(data, error, words):
    with pytest.raises(error, match=words):
        scenario(data)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"layer": "tolls", "factor": 0.9}, "layer 'tolls'; allowed: freight, risk, duty, port"),
        ({"layer": "duty", "factor": 0.9, "among": ["p0", "EU"]}, "'EU'; allowed: p0, p1, p2"),
        ({"layer": "duty", "factor": 0.9, "sectors": ["x"]}, "sector 'x'; allowed: s0, s1"),
    ],
)
def test_unknown_layers_places_and_sectors_are_refused_by_name(edit, words):
    with pytest.raises(UnknownNameError, match=words):
        scenario({"name": "a", "edits": [edit]}).apply(COSTS)


def test_edits_compose_in_order():
    made = scenario(
        {
            "name": "deal",
            "edits": [
                {"layer": "duty", "rate": 0.0, "among": ["p0", "p1"]},
                {"layer": "freight", "cost": 0.9},
            ],
        }
    )
    expected = COSTS.change("duty", rate=0.0, among=["p0", "p1"]).change("freight", cost=0.9)
    np.testing.assert_array_equal(made.apply(COSTS).buyer_factor, expected.buyer_factor)


# Comparison with the baseline -------------------------------------------------------------------


@pytest.fixture(scope="module")
def compared():
    cases = [
        scenario({"name": "nothing"}),
        scenario({"name": "cheaper", "edits": [{"layer": "freight", "cost": 0.95}]}),
        scenario(
            {"name": "union", "edits": [{"layer": "duty", "rate": 0.0, "among": ["p0", "p1"]}]}
        ),
    ]
    seen = []
    result = compare(ECONOMY, COSTS, cases, progress=lambda *args: seen.append(args))
    assert seen == [(0, 4, "baseline"), (1, 4, "nothing"), (2, 4, "cheaper"), (3, 4, "union")]
    return result


def test_the_baseline_is_the_table(compared):
    base = compared.sel(scenario="baseline")
    np.testing.assert_allclose(base.output, TABLE.output, rtol=1e-9)
    np.testing.assert_allclose(base.trade, TABLE.flows, rtol=1e-9)


def test_a_scenario_without_edits_changes_nothing(compared):
    for name in compared.data_vars:
        if name.endswith("_change"):
            values = compared[name].sel(scenario="nothing")
            np.testing.assert_allclose(values, 0.0, atol=1e-7, err_msg=name)
            assert bool(compared[name].sel(scenario="cheaper").notnull().all())


def test_changes_are_exact_per_cents(compared):
    for name in ("real_income", "trade", "wage"):
        base, level = (compared[name].sel(scenario=s) for s in ("baseline", "cheaper"))
        expected = 100 * (level.values / base.values - 1)
        np.testing.assert_allclose(compared[f"{name}_change"].sel(scenario="cheaper"), expected)
        assert compared[f"{name}_change"].attrs["units"] == "per cent"
    assert bool((compared.real_income_change.sel(scenario="cheaper") > 0).all())
    union = compared.trade_change.sel(scenario="union", sector="s0")
    assert float(union.sel(origin="p0", destination="p1")) > 0
    assert float(union.sel(origin="p2", destination="p1")) < 0  # trade diverted


def test_a_comparison_says_status_labels_and_what_is_held_fixed(compared):
    assert list(compared.scenario.values) == ["baseline", "nothing", "cheaper", "union"]
    assert list(compared.place.values) == list(TABLE.places)
    assert compared.attrs["status"] == "converged"
    assert set(compared.solve_status.values) == {"converged"}
    assert float(compared.solve_residual.max()) < 1e-10
    assert "employment of every place and sector" in compared.attrs["held_fixed"]


# Stability of the observed allocation -----------------------------------------------------------


def test_a_stable_allocation_is_kept_without_a_warning():
    economy = calibrate(TABLE, theta=5.0, alpha=0.0, uses="common", mobility="sectors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = solve(economy)
    assert found.stable and float(found.residual) < 1e-10
    np.testing.assert_allclose(found.x, economy.initial_distribution(), rtol=1e-8)


@pytest.fixture(scope="module")
def agglomerating():
    """Two alike places whose sectors buy most from themselves, with full increasing returns."""
    costs = trade_costs(
        ["p0", "p1"], ["s0", "s1"], {"freight": (0.3 * (1 - np.eye(2)), "resource")}
    )
    economy = general_economy(
        places=costs.places,
        sectors=costs.sectors,
        employment=np.full((2, 2), 0.5),
        input_share=0.5 * np.eye(2),
        tau=costs.tau,
        theta=4.0,
        alpha=1.0,
        mobility="sectors",
    )
    cases = [scenario({"name": "cheaper", "edits": [{"layer": "freight", "cost": 0.97}]})]
    with pytest.warns(UnstableAllocationWarning, match="observed allocation is not stable") as seen:
        return compare(economy, costs, cases), [str(warning.message) for warning in seen]


def test_an_unstable_allocation_is_left_for_a_stable_one(agglomerating):
    result, messages = agglomerating
    assert len(messages) == 1  # the scenario starts from the equilibrium found
    assert "status converged, growth rate 0." in messages[0]
    assert set(result.solve_stable.values) == {"true"}
    assert set(result.solve_status.values) == {"converged"}
    assert float(result.solve_growth_rate.max()) < 0
    people = result.employment.sel(scenario="baseline").values
    np.testing.assert_allclose(people.sum(axis=1), 1.0, rtol=1e-9)  # nobody left her place
    np.testing.assert_allclose(np.sort(people.ravel()), [0, 0, 1, 1], atol=1e-12)
    unused = {f"p{i}:s{s}" for i, s in np.argwhere(people == 0)}
    assert set(str(result.solve_unused_cells.values[0]).split(", ")) == unused
    # Specialised places are still alike: each gains the same from cheaper freight.
    gain = result.real_income_change.sel(scenario="cheaper").values
    assert gain[0] == pytest.approx(gain[1], rel=1e-9) and gain[0] > 0


# Gradients --------------------------------------------------------------------------------------

WEIGHTS = jnp.array([1.0, 0.5, 2.0])


def welfare(log_tau):
    moved = eqx.tree_at(lambda e: e.tau, ECONOMY, jnp.exp(log_tau))
    return jnp.log(WEIGHTS @ short_run(moved).outcomes["real_income"])


@pytest.fixture(scope="module")
def gradient():
    return np.asarray(real_income_gradient(ECONOMY, WEIGHTS))


def test_gradient_to_all_trade_costs_equals_central_differences(gradient):
    log_tau, h = jnp.log(ECONOMY.tau), 1e-4
    assert gradient.shape == (3, 3, 2) and np.all(gradient[ABROAD] != 0)
    for entry in [(0, 1, 0), (2, 0, 1), (1, 1, 0)]:
        step = jnp.zeros_like(log_tau).at[entry].set(h)
        # Of fourth order, so that only rounding is left.
        near = float(welfare(log_tau + step) - welfare(log_tau - step))
        far = float(welfare(log_tau + 2 * step) - welfare(log_tau - 2 * step))
        assert gradient[entry] == pytest.approx((8 * near - far) / (12 * h), rel=1e-6)


@pytest.mark.slow  # compiles the derivative of every Newton step
def test_gradient_to_all_trade_costs_equals_that_of_an_unrolled_solver(gradient):
    def unrolled(log_tau):
        moved = eqx.tree_at(lambda e: e.tau, ECONOMY, jnp.exp(log_tau))
        x = ECONOMY.initial_distribution()
        p, unravel = flat_prices(ECONOMY, x)
        for _ in range(6):
            jacobian = jax.jacfwd(lambda q: market(moved, q, x))(p)
            p = p - jnp.linalg.solve(jacobian, market(moved, p, x))
        return jnp.log(WEIGHTS @ moved.outcomes(unravel(p), x)["real_income"])

    other = jax.jit(jax.grad(unrolled))(jnp.log(ECONOMY.tau))
    np.testing.assert_allclose(gradient, other, rtol=1e-8, atol=1e-12)


@pytest.mark.slow  # compiles second derivatives
def test_second_derivatives_of_welfare_equal_differences_of_first():
    first = jax.jit(jax.grad(welfare))
    log_tau, h = jnp.log(ECONOMY.tau), 1e-4
    way = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (3, 3, 2)))
    exact = jax.jit(lambda at: jax.jvp(first, (at,), (way,))[1])(log_tau)
    difference = (first(log_tau + h * way) - first(log_tau - h * way)) / (2 * h)
    np.testing.assert_allclose(exact, difference, rtol=1e-5, atol=1e-9)
