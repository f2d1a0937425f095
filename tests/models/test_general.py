"""The general economy: identities and limits that hold whatever its parameters."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis.baseline import calibrate
from neg.core.errors import (
    InvalidDataError,
    InvalidShapeError,
    NegError,
    SharesError,
    UnknownNameError,
)
from neg.data import load_icio
from neg.economy.general import DEFICIT_RULES
from neg.economy.general.build import general_economy
from neg.economy.general.outcomes import trade as bought_by_use
from neg.parts import switched_on
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run
from neg.solvers.system import flat_prices, market

TABLE = random_table(seed=4)
RNG = np.random.default_rng(11)
TAU = RNG.uniform(0.9, 1.3, (3, 3, 2))
TARIFF = RNG.uniform(0.0, 0.3, (3, 3, 2)) * ~np.eye(3, dtype=bool)[:, :, None]
EXPORT_TAX = RNG.uniform(0.0, 0.1, (3, 3, 2)) * ~np.eye(3, dtype=bool)[:, :, None]


def shocked(**options):
    """An economy away from its baseline: every wedge, deficits, scale and links at once."""
    rule = options.pop("deficit_rule", "fixed")  # under "zero" the table itself is refused
    model = calibrate(TABLE, theta=[4.0, 6.0], alpha=[0.0, 0.4], uses="common", **options)
    return model.with_(tau=TAU, tariff=TARIFF, export_tax=EXPORT_TAX, deficit_rule=rule)


# The 2020 table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("uses", ["common", "separate"])
@pytest.mark.parametrize(("theta", "alpha"), [(4.0, 0.0), (7.0, 0.5)])
def test_baseline_reproduces_every_entry_of_the_table(uses, theta, alpha):
    table = load_icio()
    model = calibrate(table, theta=theta, alpha=alpha, uses=uses)
    x = model.initial_distribution()
    prices = model.initial_prices(x)
    value = market(model, flat_prices(model, x)[0], x)
    assert float(jnp.max(jnp.abs(value))) < 1e-10
    outcomes = model.outcomes(prices, x)
    np.testing.assert_allclose(outcomes["output"], table.output, rtol=1e-8)
    np.testing.assert_allclose(outcomes["trade"], table.flows, rtol=1e-8, atol=1e-6)
    if uses == "separate":
        bought = np.asarray(bought_by_use(model.market, model.flows(prices, x)))
        bought = bought.transpose(0, 2, 1, 3)
        expected = np.concatenate([table.intermediate, np.maximum(table.final, 0)], axis=3)
        np.testing.assert_allclose(bought, expected, rtol=1e-8, atol=1e-8)


# Identities -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [rule for rule in DEFICIT_RULES if rule != "zero"])
@pytest.mark.parametrize("numeraire", ["world", "p1"])
def test_walras_law_and_adding_up(rule, numeraire):
    model = shocked(deficit_rule=rule, numeraire=numeraire)
    solution = short_run(model)
    out = {name: np.asarray(value) for name, value in solution.outcomes.items()}
    trade, share = out["trade"], np.asarray(model.employment)
    wages = (out["wage"] * share).sum(axis=1)
    anchor = wages.sum() / share.sum() if numeraire == "world" else wages[1] / share[1].sum()
    assert anchor == pytest.approx(1.0, abs=1e-10)
    np.testing.assert_allclose(trade.sum(axis=1), out["output"], rtol=1e-10)  # all is sold
    gate = trade * (1 + EXPORT_TAX)
    duty, port = (gate * TARIFF).sum(axis=(0, 2)), (trade * EXPORT_TAX).sum(axis=(1, 2))
    np.testing.assert_allclose(out["tariff_revenue"], duty, rtol=1e-10)
    np.testing.assert_allclose(out["export_tax_revenue"], port, rtol=1e-10)
    assert out["deficit"].sum() == pytest.approx(0.0, abs=1e-10)
    # The trade balance of every place, at the border, is its deficit.
    imports = gate.sum(axis=(0, 2)) - np.einsum("iis->i", gate)
    exports = gate.sum(axis=(1, 2)) - np.einsum("iis->i", gate)
    np.testing.assert_allclose(imports - exports, out["deficit"], atol=1e-10)


@pytest.mark.parametrize("change", [{"deficit": np.zeros(3)}, {"deficit_rule": "zero"}])
def test_without_deficits_trade_is_balanced(change):
    """The rule ``zero`` means zero, whatever deficits there were."""
    model = shocked().with_(**change)
    out = {name: np.asarray(value) for name, value in short_run(model).outcomes.items()}
    gate = out["trade"] * (1 + EXPORT_TAX)
    np.testing.assert_allclose(gate.sum(axis=(0, 2)), gate.sum(axis=(1, 2)), rtol=1e-10)
    np.testing.assert_array_equal(out["deficit"], 0.0)


def test_the_numeraire_is_a_unit_and_no_more():
    """Real outcomes do not depend on it, whatever the rule that keeps deficits real."""
    for rule in ("world-share", "own-share", "zero", "spending-share"):
        world, place = (
            short_run(shocked(deficit_rule=rule, numeraire=numeraire)).outcomes
            for numeraire in ("world", "p1")
        )
        unit = np.asarray(place["wage"][0, 0] / world["wage"][0, 0])
        assert abs(unit - 1) > 1e-3
        for name in ("wage", "income", "trade", "price_index", "deficit"):
            expected = np.asarray(world[name]) * unit
            np.testing.assert_allclose(place[name], expected, rtol=1e-9, atol=1e-12)
        for name in ("consumption", "welfare"):
            np.testing.assert_allclose(place[name], world[name], rtol=1e-9)


@pytest.mark.parametrize("numeraire", ["world", "p1"])
@pytest.mark.parametrize("rule", DEFICIT_RULES)
def test_homogeneity_of_degree_zero_in_money(rule, numeraire):
    """At prices twice as high only the numeraire, whose log is subtracted, is off."""
    model = shocked(deficit_rule=rule, numeraire=numeraire)
    solution = short_run(model)
    if rule == "fixed":  # in units of the numeraire, so that they double with it
        model = model.with_(deficit=2.0 * model.deficit)
    x, prices = solution.x, solution.prices
    double = {name: value + jnp.log(2.0) for name, value in prices.items()}
    residual = model.market_residual(double, x)
    np.testing.assert_allclose(residual["wage"], -np.log(2.0), atol=1e-9)
    np.testing.assert_allclose(residual["cost"], 0.0, atol=1e-9)
    np.testing.assert_allclose(residual["income"], 0.0, atol=1e-9)
    np.testing.assert_allclose(model.payoff(double, x), solution.payoff, atol=1e-10)


def test_relabelling_places_permutes_the_solution():
    table, order = TABLE, np.array([2, 0, 1])
    model = shocked()
    pair = np.ix_(order, order)
    moved = general_economy(
        places=[table.places[i] for i in order],
        sectors=table.sectors,
        employment=np.asarray(model.employment)[order],
        theta=model.theta,
        alpha=model.alpha,
        tau=TAU[pair],
        tariff=TARIFF[pair],
        export_tax=EXPORT_TAX[pair],
        taste=np.asarray(model.taste)[pair],
        reference=np.asarray(model.reference)[order],
        labour_share=np.asarray(model.labour_share)[order],
        tax_share=np.asarray(model.tax_share)[order],
        input_share=np.asarray(model.input_share)[order],
        final_share=np.asarray(model.final_share)[order],
        final_tax=np.asarray(model.final_tax)[order],
        deficit=np.asarray(model.deficit)[order],
    )
    first, second = short_run(model).outcomes, short_run(moved).outcomes
    for name in ("wage", "output", "price_index", "consumption", "welfare"):
        np.testing.assert_allclose(np.asarray(first[name])[order], second[name], rtol=1e-10)
    np.testing.assert_allclose(np.asarray(first["trade"])[pair], second["trade"], rtol=1e-10)


def two_halves(alpha: float):
    """A sector, and the same economy with that sector split into two identical halves."""
    common = {"places": ["a", "b", "c"], "theta": 5.0, "alpha": alpha, "mobility": "sectors"}
    labour = np.array([[2.0, 1.0], [1.0, 1.5], [0.7, 0.9]])
    tau = np.array([[1, 1.4, 1.7], [1.3, 1, 1.5], [1.6, 1.2, 1]])
    whole = general_economy(
        sectors=["s", "t"], employment=labour, tau=tau, final_share=[0.6, 0.4], **common
    )
    split = general_economy(
        sectors=["s1", "s2", "t"],
        employment=np.column_stack([labour[:, :1] / 2, labour[:, :1] / 2, labour[:, 1:]]),
        tau=tau,
        final_share=[0.3, 0.3, 0.4],
        productivity=[2.0**alpha, 2.0**alpha, 1.0],
        **common,
    )
    return whole, split


@pytest.mark.slow
@pytest.mark.parametrize(
    "alpha",
    [pytest.param(0.0, marks=pytest.mark.slow), 0.5, pytest.param(1.0, marks=pytest.mark.slow)],
)
def test_two_identical_halves_of_a_sector_behave_as_one(alpha):
    """Scale is industry-wide: halves with productivity ``2^alpha`` undo lost scale and are one.

    At full scale too: without input links competition holds each half in its places, so that the
    halved equilibrium is stable where that of the whole is. (With links inside a half they would
    be two sectors: the theorem is about halves that buy and are bought alike.)
    """
    whole, split = two_halves(alpha)
    first = equilibrium_at(whole, whole.initial_distribution(), jnp.ones(6, bool))
    second = equilibrium_at(split, split.initial_distribution(), jnp.ones(9, bool))
    x, y = np.asarray(first.x).reshape(3, 2), np.asarray(second.x).reshape(3, 3)
    np.testing.assert_allclose(y[:, 0], y[:, 1], rtol=1e-9)
    np.testing.assert_allclose(y[:, 0] + y[:, 1], x[:, 0], rtol=1e-9)
    for name in ("consumption", "welfare"):
        np.testing.assert_allclose(second.outcomes[name], first.outcomes[name], rtol=1e-9)
    assert first.stable and second.stable


def test_solvers_start_at_the_incomes_of_the_table():
    """Deficits, taxes on final use and stock changes are all in the first guess."""
    table = load_icio()
    model = calibrate(table, uses="common")
    start = model.initial_prices(model.initial_distribution())["income"]
    income = table.final.sum(axis=(0, 1, 3)) + table.net_taxes_final.sum(axis=1)
    np.testing.assert_allclose(jnp.exp(start), income, rtol=1e-6)
    skewed = general_economy(
        places=["a", "b"],
        sectors=["s"],
        employment=1.0,
        theta=4.0,
        tau=np.array([[1, 2.0], [2.0, 1]]),
        final_tax=0.3,
        deficit=[0.6, -0.6],
    )
    start = skewed.initial_prices(skewed.initial_distribution())["income"]
    np.testing.assert_allclose(jnp.exp(start), [1.6 / 0.7, 0.4 / 0.7], rtol=1e-12)


# Limits -----------------------------------------------------------------------------------------


def one_sector(tau, **options):
    return general_economy(
        places=["a", "b", "c"],
        sectors=["goods"],
        employment=np.array([[1.0], [2.0], [0.5]]),
        productivity=np.array([[1.0], [0.5], [3.0]]),
        theta=4.0,
        tau=tau,
        **options,
    )


def test_autarky_is_the_closed_economy():
    """At prohibitive costs a place lives on its own: real wage A^(1/theta), or with scale more."""
    wall = np.where(np.eye(3, dtype=bool), 1.0, 1e60)
    a, labour = np.array([1.0, 0.5, 3.0]), np.array([1.0, 2.0, 0.5])
    armington = short_run(one_sector(wall)).outcomes
    np.testing.assert_allclose(armington["consumption"] / labour, a**0.25, rtol=1e-10)
    krugman = short_run(one_sector(wall, alpha=1.0)).outcomes
    np.testing.assert_allclose(krugman["consumption"] / labour, (a * labour) ** 0.25, rtol=1e-10)


@pytest.mark.slow
def test_autarky_with_input_links_and_land_is_the_closed_form():
    """Log P = (I - G')^-1 (gL log w + gH log r - log A / theta), place by place.

    A place alone is that exactly; two places come to it as the costs between them rise.
    """
    a = np.array([[1.0, 2.0], [0.6, 1.4]])
    inputs, land, beta = np.array([[0.3, 0.1], [0.1, 0.4]]), 0.1, np.array([0.35, 0.45])
    theta, area = np.array([4.0, 6.0]), np.array([1.0, 3.0])

    def settle(places, tau):
        model = general_economy(
            places=["a", "b"][: len(places)],
            sectors=["s", "t"],
            employment=0.5,
            theta=theta,
            tau=tau,
            productivity=a[places],
            input_share=inputs,
            land_share=land,
            housing_share=0.2,
            final_share=beta,
            land=area[places],
            mobility="sectors",
        )
        x = model.initial_distribution()
        return equilibrium_at(model, x, x > 0).outcomes

    alone = []
    for i in range(2):
        out = {name: np.asarray(value)[0] for name, value in settle([i], 1.0).items()}
        output = np.linalg.solve(np.eye(2) - inputs, beta)  # per unit of income
        labour = (1 - land - inputs.sum(axis=0)) * output
        np.testing.assert_allclose(out["output"], output * out["income"], rtol=1e-9)
        np.testing.assert_allclose(out["employment"], labour / labour.sum(), rtol=1e-9)
        rent = (0.2 + land * output.sum()) * out["income"] / area[i]
        assert float(out["rent"]) == pytest.approx(rent, rel=1e-9)
        factors = (1 - land - inputs.sum(axis=0)) * np.log(out["wage"])
        factors = factors + land * np.log(rent) - np.log(a[i]) / theta
        index = np.linalg.solve(np.eye(2) - inputs.T, factors)
        np.testing.assert_allclose(np.log(out["price_index"][:, 0]), index, atol=1e-9)
        alone.append(float(out["consumption"]))
    gaps = []
    for cost in (10.0, 30.0):
        both = settle([0, 1], np.where(np.eye(2, dtype=bool), 1.0, cost))
        gaps.append(np.max(np.asarray(both["consumption"]) / alone - 1))
    assert 0 < gaps[1] < gaps[0] / 50 < 1e-4  # trade falls with the fourth power of the cost


def test_free_trade_equalises_price_indices_and_wages_have_a_closed_form():
    """Without costs w_i ~ (A_i / L_i)^(1/(1+theta)); with free entry w_i ~ A_i^(1/(1+theta))."""
    a, labour = np.array([1.0, 0.5, 3.0]), np.array([1.0, 2.0, 0.5])
    for alpha, shifter in ((0.0, a / labour), (1.0, a)):
        out = short_run(one_sector(1.0, alpha=alpha)).outcomes
        wage = shifter**0.2
        wage /= (wage * labour).sum() / labour.sum()
        np.testing.assert_allclose(out["wage"][:, 0], wage, rtol=1e-10)
        np.testing.assert_allclose(out["price_index"], float(out["price_index"][0, 0, 0]))


def test_missing_pairs_and_missing_producers_stay_missing():
    taste = np.ones((3, 3, 1))
    taste[0, 1] = 0.0
    model = one_sector(1.5, taste=taste).with_(productivity=np.array([[1.0], [0.5], [3.0]]))
    trade = np.asarray(short_run(model).outcomes["trade"])[:, :, 0]
    assert trade[0, 1] == 0.0
    assert np.all(trade[[0, 0, 1, 1, 1, 2, 2, 2], [0, 2, 0, 1, 2, 0, 1, 2]] > 0)


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"theta": [-1.0, 2.0]}, NegError, "theta"),
        ({"tariff": np.full((3, 3, 2), -1.0)}, NegError, "tariff"),
        ({"tau": np.ones((2, 2))}, InvalidShapeError, r"tau has shape \(2, 2.*\(3, 3, 2\)"),
        ({"labour_share": np.full((3, 2), 0.9)}, SharesError, "cost shares"),
        ({"final_share": np.full((3, 2, 1), 0.9)}, SharesError, "spending shares"),
        ({"deficit": np.array([1.0, 0.0, 0.0])}, InvalidDataError, "deficit"),
        ({"deficit_rule": "none"}, UnknownNameError, "deficit_rule"),
        ({"rent_rule": "mine"}, UnknownNameError, "rent_rule"),
        ({"numeraire": "p9"}, UnknownNameError, "numeraire"),
    ],
)
def test_bad_input_is_refused_by_name(change, error, words):
    with pytest.raises(error, match=words):
        shocked().with_(**change)


def test_a_block_crowds_places_whatever_the_sector():
    """Density of a place counts the workers of all its sectors; compiled and not."""
    model = calibrate(TABLE, mobility="places")
    crowded = switched_on(model, ["density"])
    x = model.initial_distribution()
    prices = model.initial_prices(x)
    loss = np.asarray(crowded.payoff(prices, x) - model.payoff(prices, x)).reshape(3, 2)
    np.testing.assert_allclose(loss[:, 0], loss[:, 1], atol=1e-14)
    people = np.asarray(x).reshape(3, 2).sum(axis=1)
    assert np.all(np.diff(loss[np.argsort(people), 0]) < 0)
    compiled = eqx.filter_jit(lambda m: m.payoff(prices, x))(crowded)
    np.testing.assert_allclose(compiled, crowded.payoff(prices, x), atol=1e-13)
