"""Scenarios: layers in a solved economy, comparison with the baseline, stability, gradients."""

import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import (
    NumeraireWarning,
    UnstableAllocationWarning,
    calibrate,
    compare,
    real_income_gradient,
    scenario,
    solve,
    trade_costs,
)
from neg.analysis.compare import _warn_of_numeraire
from neg.core.errors import InvalidDataError, InvalidParameterError, UnknownNameError
from neg.economy.general.build import general_economy
from neg.models.core_periphery import CorePeriphery
from neg.places.layouts import line
from neg.solvers.long_run import long_run
from neg.solvers.short_run import short_run
from neg.solvers.system import flat_prices, market

TABLE = random_table(seed=6, tariffs=False)
ABROAD = ~np.eye(3, dtype=bool)[:, :, None] & np.ones((3, 3, 2), dtype=bool)
LAYERS = {
    "freight": (0.2 * ABROAD, "resource"),
    "risk": (0.0, "risk"),
    "duty": (0.1 * ABROAD, "tariff"),
    "port": (0.0, "export-tax"),
}
ECONOMY = calibrate(TABLE, theta=5.0, alpha=0.2, layers=LAYERS, uses="common")


def outcomes(economy):
    return {name: np.asarray(value) for name, value in short_run(economy).outcomes.items()}


def changed(**edit):
    """The economy after one edit."""
    return scenario({"name": "s", "edits": [edit]}).apply(ECONOMY)


def seen(economy):
    """The market as the layers leave it."""
    x = economy.initial_distribution()
    return economy.bent_at(economy.initial_prices(x), x).market


# What layers do to an economy -------------------------------------------------------------------


def alike(kind, rate=0.3):
    """Three alike places without input links: every wage stays one, whatever the costs."""
    economy = general_economy(
        places=TABLE.places,
        sectors=TABLE.sectors,
        employment=np.full((3, 2), 0.5),
        theta=5.0,
        parts=trade_costs(TABLE.places, TABLE.sectors, {"wedge": (rate * ABROAD, kind)}),
    )
    return outcomes(economy)


def test_a_tariff_raises_revenue_where_freight_burns():
    """The same wedge, the same prices; income differs by exactly the revenue."""
    burnt, paid = alike("resource"), alike("tariff")
    for out in (burnt, paid):
        np.testing.assert_allclose(out["wage"], 1.0, rtol=1e-10)
    np.testing.assert_allclose(paid["price_index"], burnt["price_index"], rtol=1e-10)
    np.testing.assert_allclose(burnt["tariff_revenue"], 0.0, atol=1e-15)
    foreign = 2 * 1.3**-5 / (1 + 2 * 1.3**-5)  # share of imports in spending
    revenue = 0.3 / 1.3 * foreign
    np.testing.assert_allclose(paid["tariff_revenue"] / paid["income"], revenue, rtol=1e-10)
    for name in ("consumption", "welfare"):
        np.testing.assert_allclose(burnt[name] / paid[name], 1 - revenue, rtol=1e-10)


@pytest.mark.slow
def test_risk_weighs_like_a_resource_and_export_taxes_pay_the_origin():
    burnt, risky = alike("resource"), alike("risk")
    for name, value in burnt.items():
        np.testing.assert_allclose(risky[name], value, rtol=1e-12, err_msg=name)
    paid, port = alike("tariff"), alike("export-tax")
    # Among alike places it does not matter which side of the border collects.
    np.testing.assert_allclose(port["export_tax_revenue"], paid["tariff_revenue"], rtol=1e-9)
    np.testing.assert_allclose(port["tariff_revenue"], 0.0, atol=1e-15)
    np.testing.assert_allclose(port["welfare"], paid["welfare"], rtol=1e-9)


@pytest.mark.parametrize("name", ["freight", "risk", "duty", "port"])
def test_each_layer_alone_moves_the_economy(name):
    economy = changed(layer=name, cost=1.1)
    before, after = outcomes(ECONOMY), outcomes(economy)
    assert np.all(after["welfare"] != before["welfare"])
    home = np.einsum("iis->is", after["trade"]) / after["output"]
    assert np.all(home > np.einsum("iis->is", before["trade"]) / before["output"])
    duty, tax = np.asarray(seen(economy).tariff), np.asarray(seen(economy).export_tax)
    gate = after["trade"] * (1 + tax)
    np.testing.assert_allclose(after["tariff_revenue"], (duty * gate).sum((0, 2)), rtol=1e-9)
    revenue = (tax * after["trade"]).sum((1, 2))
    np.testing.assert_allclose(after["export_tax_revenue"], revenue, rtol=1e-9, atol=1e-14)


def test_which_layer_burns_decides_little_else():
    """Costs that multiply to the same factor are the same economy."""
    first = outcomes(changed(layer="freight", cost=1.1))
    second = outcomes(changed(layer="risk", cost=1.1))
    for name, value in first.items():
        if name.endswith(".factor"):  # what each layer is, not what it does
            continue
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
            *(InvalidParameterError, "edits.0.factor: .*'much'; must be a number"),
        ),
        (
            {"name": "a", "edits": [{"factor": 0.9}]},
            *(InvalidParameterError, "edits.0: .*exactly one of path and layer"),
        ),
        (
            {"name": "a", "edits": [{"layer": "freight", "times": 0.9}]},
            *(InvalidParameterError, r"edits.0: .*gives \['times'\]; .*'factor', 'rate', 'cost'"),
        ),
        (
            {"name": "a", "edits": [{"path": "theta", "set": 4.0, "plus": 1.0}]},
            *(InvalidParameterError, r"edits.0: .*gives \['set', 'plus'\]; must give exactly one"),
        ),
        (
            {"name": "a", "edits": [{"layer": "freight", "factor": 0.9, "sectors": []}]},
            *(InvalidParameterError, "sectors of lever 'freight.factor' is empty"),
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
        ({"path": "magic", "set": 1.0}, "parameter 'magic'; allowed: .*productivity.*duty.rate"),
        ({"path": "productivity", "times": 2.0, "places": ["x"]}, "place 'x'; allowed: p0, p1"),
    ],
)
def test_unknown_layers_places_and_sectors_are_refused_by_name(edit, words):
    with pytest.raises(UnknownNameError, match=words):
        changed(**edit)


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
    market = seen(made.apply(ECONOMY))
    union = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)[:, :, None]
    np.testing.assert_allclose(market.tariff, np.where(union, 0.0, 0.1 * ABROAD), atol=1e-15)
    np.testing.assert_allclose(market.tau, np.where(ABROAD, 0.9 * 1.2, 1.0), rtol=1e-14)


def test_scenarios_edit_anything_that_has_a_name():
    made = scenario(
        {
            "name": "more",
            "edits": [
                {"path": "productivity", "times": 1.1, "places": ["p1"]},
                {"path": "productivity", "times": 1.1, "places": ["p1"], "sectors": ["s0"]},
                {"path": "scale", "set": 0.3},
                {"path": "land", "plus": 0.5},
                {"path": "deficit", "times": 0.0},
            ],
        }
    )
    economy = made.apply(ECONOMY)
    ratio = np.asarray(economy.productivity / ECONOMY.productivity)
    np.testing.assert_allclose(ratio, [[1, 1], [1.21, 1.1], [1, 1]], rtol=1e-14)
    np.testing.assert_array_equal(economy.alpha, [0.3, 0.3])
    np.testing.assert_array_equal(economy.land, 1.5)
    np.testing.assert_array_equal(economy.deficit, 0.0)


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
    calls = []
    # The table has deficits, which are fixed in units of the numeraire: that is said.
    with pytest.warns(NumeraireWarning, match="fixed in units of the numeraire.*deficit_rule"):
        result = compare(ECONOMY, cases, progress=lambda *args: calls.append(args))
    assert calls == [(0, 4, "baseline"), (1, 4, "nothing"), (2, 4, "cheaper"), (3, 4, "union")]
    return result


def test_the_baseline_is_the_table(compared):
    base = compared.sel(scenario="baseline")
    np.testing.assert_allclose(base.output, TABLE.output, rtol=1e-9)
    np.testing.assert_allclose(base.trade, TABLE.flows, rtol=1e-9)
    earned = TABLE.value_added.sum(axis=1) + TABLE.net_taxes_industry.sum(axis=1)
    gdp = earned + TABLE.net_taxes_final.sum(axis=1)  # what duties bring is taken out of them
    np.testing.assert_allclose(base.gdp, gdp, rtol=1e-9)
    abroad = TABLE.flows * ABROAD
    np.testing.assert_allclose(base.tariff_revenue, 0.1 * abroad.sum(axis=(0, 2)), rtol=1e-9)
    balance = abroad.sum(axis=(1, 2)) - abroad.sum(axis=(0, 2))
    np.testing.assert_allclose(base.trade_balance, balance, rtol=1e-8, atol=1e-12)


def test_a_scenario_without_edits_changes_nothing(compared):
    for name in compared.data_vars:
        if name.endswith("_change"):
            values = compared[name].sel(scenario="nothing")
            level = compared[name.removesuffix("_change")].sel(scenario="baseline")
            # What is nowhere (here rents and export taxes) has no change in per cent.
            if bool((level == 0).all()):
                assert name in ("rent_change", "export_tax_revenue_change")
                continue
            np.testing.assert_allclose(values, 0.0, atol=1e-7, err_msg=name)
            assert bool(compared[name].sel(scenario="cheaper").notnull().all())


def test_changes_are_exact_per_cents(compared):
    for name in ("welfare", "consumption", "trade", "wage"):
        base, level = (compared[name].sel(scenario=s) for s in ("baseline", "cheaper"))
        expected = 100 * (level.values / base.values - 1)
        np.testing.assert_allclose(compared[f"{name}_change"].sel(scenario="cheaper"), expected)
        assert compared[f"{name}_change"].attrs["units"] == "per cent"
    assert bool((compared.welfare_change.sel(scenario="cheaper") > 0).all())
    balance = compared.trade_balance.sel(scenario=["baseline", "cheaper"]).values
    change = compared.trade_balance_change.sel(scenario="cheaper")
    np.testing.assert_allclose(change, balance[1] - balance[0], atol=1e-12)  # may have either sign
    assert compared.trade_balance_change.attrs["units"] == "units of the numeraire"
    money = compared.equivalent_variation.sel(scenario="cheaper")
    gain = compared.welfare_change.sel(scenario="cheaper") / 100
    np.testing.assert_allclose(money, gain * compared.income.sel(scenario="baseline"), rtol=1e-9)
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


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, True),
        ({"deficit_rule": "world-share"}, False),
        ({"deficit_rule": "zero"}, False),
        ({"deficit": 0.0}, False),
    ],
)
def test_the_numeraire_is_spoken_of_where_results_depend_on_it(changes, told):
    economy = ECONOMY.with_(**changes)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        _warn_of_numeraire([economy, economy])
        _warn_of_numeraire([economy])  # nothing is compared
    assert len(seen) == told


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
    labels = {"places": ["p0", "p1"], "sectors": ["s0", "s1"]}
    economy = general_economy(
        **labels,
        employment=np.full((2, 2), 0.5),
        input_share=0.5 * np.eye(2),
        parts=trade_costs(**labels, layers={"freight": (0.3 * (1 - np.eye(2)), "resource")}),
        theta=4.0,
        alpha=1.0,
        mobility="sectors",
    )
    cases = [scenario({"name": "cheaper", "edits": [{"layer": "freight", "cost": 0.97}]})]
    with pytest.warns(UnstableAllocationWarning, match="observed allocation is not stable") as seen:
        return compare(economy, cases), [str(warning.message) for warning in seen]


@pytest.mark.slow
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
    gain = result.welfare_change.sel(scenario="cheaper").values
    assert gain[0] == pytest.approx(gain[1], rel=1e-9) and gain[0] > 0


# Gradients --------------------------------------------------------------------------------------

WEIGHTS = jnp.array([1.0, 0.5, 2.0])


def welfare(log_tau):
    moved = eqx.tree_at(lambda e: e.base.market.tau, ECONOMY, jnp.exp(log_tau))
    return jnp.log(WEIGHTS @ short_run(moved).outcomes["welfare"])


@pytest.fixture(scope="module")
def gradient():
    found = real_income_gradient(ECONOMY, WEIGHTS)
    assert found.dims == ("origin", "destination", "sector") and found.attrs["outcome"] == "welfare"
    assert list(found.origin.values) == list(TABLE.places)
    return np.asarray(found)


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
        moved = eqx.tree_at(lambda e: e.base.market.tau, ECONOMY, jnp.exp(log_tau))
        x = ECONOMY.initial_distribution()
        p, unravel = flat_prices(ECONOMY, x)
        for _ in range(6):
            jacobian = jax.jacfwd(lambda q: market(moved, q, x))(p)
            p = p - jnp.linalg.solve(jacobian, market(moved, p, x))
        return jnp.log(WEIGHTS @ moved.outcomes(unravel(p), x)["welfare"])

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


def test_a_start_is_an_equilibrium_of_the_same_cells_or_refused():
    """A start that is none would be passed over, and the result said to be next to it."""
    model = CorePeriphery(tau=1.7)
    apart = long_run(model, [1.0, 0.0])
    assert "given start" in str(compare(model, [], start=apart).solve_follows.values[0])
    for given in (short_run(model), [1.0, 0.0], 3):
        with pytest.raises(InvalidDataError, match="start is a .*; must be a LongRun"):
            compare(model, [], start=given)
        with pytest.raises(InvalidDataError, match="start is a .*; must be a LongRun"):
            solve(model, given)
    with pytest.raises(InvalidParameterError, match="start is an equilibrium of 3 cells"):
        solve(model, long_run(CorePeriphery(geography=line(3), tau=1.7), [1.0, 0.0, 0.0]))
