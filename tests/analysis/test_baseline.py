"""Calibration: the table is the equilibrium, whatever the elasticities and costs of its year."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from economies import random_table

from neg.analysis import calibrate
from neg.barriers import ExchangeRisk
from neg.core.errors import (
    InvalidDataError,
    InvalidParameterError,
    InvalidShapeError,
    LabelMismatchError,
    UnknownNameError,
)
from neg.data.table import Table
from neg.economy.general import Mobility
from neg.parts import Commuting, Hours, Tastes, moving_costs
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

RNG = np.random.default_rng(3)
ABROAD = ~np.eye(3, dtype=bool)[:, :, None]
FREIGHT = RNG.uniform(0.02, 0.3, (3, 3, 2)) * ABROAD
DUTY = RNG.uniform(0.0, 0.25, (3, 3, 2)) * ABROAD

PLAIN = random_table(seed=8, tariffs=False)
TAXED = random_table(seed=9, tariffs=True)


def seen(model):
    """The market as layers leave it."""
    x = model.initial_distribution()
    return model.bent_at(model.initial_prices(x), x).market


@eqx.filter_jit
def at_one(model, income):
    """Largest market residual, and outcomes, at wages and costs of one and the table's incomes."""
    x = model.initial_distribution()
    ones = jnp.zeros(model.shape)
    prices = {"wage": ones, "cost": ones, "income": jnp.log(income)}
    residual = jnp.concatenate([jnp.ravel(r) for r in model.market_residual(prices, x).values()])
    return jnp.max(jnp.abs(residual)), model.outcomes(prices, x)


def silent(table: Table) -> Table:
    """The table without the second sector of the first place."""
    inputs, final = table.intermediate.copy(), table.final.copy()
    inputs[0, 1], inputs[:, :, 0, 1], final[0, 1] = 0.0, 0.0, 0.0
    output = inputs.sum(axis=(2, 3)) + final.sum(axis=(2, 3))
    taxes = table.net_taxes_industry * (output > 0)
    return table.replace(
        intermediate=inputs,
        final=final,
        net_taxes_industry=taxes,
        value_added=output - inputs.sum(axis=(0, 1)) - taxes,
    )


def returning(table: Table) -> Table:
    """The table with some of a sale taken out of stocks: a negative final flow."""
    final = table.final.copy()
    final[0, 0, 1, 0], final[1, 1, 1, 0] = -0.05, -0.02
    output = table.intermediate.sum(axis=(2, 3)) + final.sum(axis=(2, 3))
    spent = table.intermediate.sum(axis=(0, 1)) + table.net_taxes_industry
    return table.replace(final=final, value_added=output - spent)


@pytest.mark.parametrize("uses", ["common", "separate"])
@pytest.mark.parametrize(
    ("table", "layers"),
    [
        pytest.param(PLAIN, {}, id="no costs"),
        pytest.param(TAXED, {}, id="tariffs of the table"),
        pytest.param(PLAIN, {"freight": (FREIGHT, "resource")}, id="freight"),
        pytest.param(PLAIN, {"duty": (DUTY, "tariff")}, id="duty layer"),
        pytest.param(
            PLAIN,
            {"freight": (FREIGHT, "resource"), "risk": (0.1, "risk"), "duty": (DUTY, "tariff")},
            id="all layers",
        ),
        pytest.param(silent(PLAIN), {}, id="a silent sector"),
        pytest.param(returning(PLAIN), {}, id="stock changes"),
    ],
)
def test_the_table_is_the_equilibrium_at_prices_of_one(uses, table, layers):
    for theta, alpha in ((4.0, 0.0), ([3.0, 8.0], [0.3, 0.9])):
        model = calibrate(table, theta=theta, alpha=alpha, layers=layers, uses=uses)
        income = table.final.sum(axis=(0, 1, 3)) + table.net_taxes_final.sum(axis=1)
        residual, out = at_one(model, income)
        assert residual < 1e-12
        np.testing.assert_allclose(out["trade"], table.flows, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(out["output"], table.output, rtol=1e-12, atol=1e-14)
        active = table.output > 0
        np.testing.assert_allclose(np.asarray(out["unit_cost"])[active], 1.0, rtol=1e-12)
        duty = np.zeros((3, 3, 2)) if table.tariff is None else table.tariff
        duty = DUTY if "duty" in layers else duty
        np.testing.assert_allclose(seen(model).tariff, duty, rtol=1e-13, atol=1e-15)
        revenue = (duty * table.flows).sum(axis=(0, 2))
        np.testing.assert_allclose(out["tariff_revenue"], revenue, rtol=1e-12, atol=1e-14)


def test_costs_of_the_year_only_move_into_tastes():
    """A table that already bears freight: home bias is partly freight, partly taste."""
    bare = calibrate(PLAIN, uses="common")
    loaded = calibrate(PLAIN, layers={"freight": (FREIGHT, "resource")}, uses="common")
    np.testing.assert_array_equal(loaded.tau, 1.0)
    np.testing.assert_allclose(seen(loaded).tau, 1 + FREIGHT, rtol=1e-14)
    effective = np.asarray(loaded.taste) * ((1 + FREIGHT) ** -4.0)[..., None]
    np.testing.assert_allclose(effective, bare.taste, rtol=1e-13)


def test_a_silent_sector_is_no_cell():
    model = calibrate(silent(PLAIN), mobility="sectors", uses="common")
    assert model.groups.cells == 5 and "p0:s1" not in model.cell_labels
    assert not bool(model.active[0, 1])


@pytest.mark.parametrize(
    ("rule", "groups", "sizes"),
    [("immobile", 6, [1] * 6), ("sectors", 3, [2] * 3), ("places", 2, [3] * 2), ("free", 1, [6])],
)
def test_mobility_of_labour(rule, groups, sizes):
    model = calibrate(PLAIN, mobility=rule, uses="common")
    assert model.groups.count == groups
    np.testing.assert_array_equal(model.groups.size(), sizes)
    assert float(model.groups.mass.sum()) == pytest.approx(PLAIN.value_added.sum(), rel=1e-12)


# People who move ---------------------------------------------------------------------------------

RESIDENTS = np.array([[0.8, 0.1, 0.3], [0.0, 0.9, 0.2], [0.1, 0.05, 0.6]])


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            {"mobility": Mobility("places", residents=RESIDENTS), "parts": [Tastes(kappa=0.6)]},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {
                "mobility": Mobility("free", residents=RESIDENTS),
                "parts": [Tastes(kappa=0.4, sectors=0.1), Hours(psi=0.5)],
                "rebate": "lump-sum",
            },
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"parts": [Tastes(kappa=0.0, sectors=0.3)], "mobility": "sectors"},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {
                "parts": [Tastes(kappa=0.7)],
                "mobility": {"s0": "immobile", "s1": "places"},
                "alpha": 0.2,
            },
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_observed_people_are_a_long_run_equilibrium(options):
    """At the start, and where Newton's method ends from there: nothing moves."""
    model = calibrate(TAXED, **{"theta": [3.0, 8.0], "uses": "common"} | options)
    x = model.initial_distribution()
    found = equilibrium_at(model, x, x > 0)
    assert float(found.residual) < 1e-10 and found.stable
    np.testing.assert_allclose(found.x, x, rtol=1e-9)
    np.testing.assert_allclose(found.outcomes["trade"], TAXED.flows, rtol=1e-9)
    cost, people = np.asarray(model.value("moving.cost")), np.asarray(x)
    place, member = model.cells.cell // 2, model.cells.group
    home = place == np.asarray(model.cells.origin)[member]
    for group in range(model.groups.count):
        here = (member == group) & (home | (model.cells.origin[group] < 0))
        assert abs(people[here] @ cost[here]) < 1e-10 * people[here].sum()
    if options["mobility"] == "places":
        np.testing.assert_allclose(cost[home], 0.0, atol=1e-15)
        assert np.all(cost[~home] != 0.0)
        assert model.groups.cells == 16  # one pair of places is closed, in both sectors


def test_given_moving_costs_are_kept():
    cost = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]])
    options = {"mobility": Mobility("places", residents=RESIDENTS), "uses": "common"}
    given = moving_costs(calibrate(PLAIN, **options), cost)
    model = calibrate(PLAIN, **options, parts=[Tastes(kappa=0.5), given])
    assert sorted(set(np.asarray(model.value("moving.cost")).tolist())) == [0.0, 1.0, 2.0]
    np.testing.assert_array_equal(model.value("moving.cost"), given.cost)


RATE = RNG.uniform(0.02, 0.3, (3, 3, 2)) * ABROAD


def named(**labels):
    """Rates with labels, in the order given."""
    axes = {"origin": PLAIN.places, "destination": PLAIN.places, "sector": PLAIN.sectors}
    coords = {axis: list(names) for axis, names in (axes | labels).items()}
    return xr.DataArray(RATE, coords=coords)


def test_layers_with_labels_are_aligned_and_wrong_labels_refused():
    order = {"origin": ["p2", "p0", "p1"], "sector": ["s1", "s0"]}
    ours = calibrate(PLAIN, layers={"border": (RATE, "tariff")}, uses="common")
    theirs = calibrate(PLAIN, layers={"border": (named().sel(order), "tariff")}, uses="common")
    np.testing.assert_array_equal(theirs.value("border.rate"), ours.value("border.rate"))
    np.testing.assert_array_equal(theirs.taste, ours.taste)


def test_tariffs_are_those_of_the_table_or_of_its_layers():
    """Said twice and alike they are one; said twice and otherwise they are refused by name."""
    stated = np.asarray(TAXED.tariff)
    once = calibrate(TAXED, uses="common")
    twice = calibrate(TAXED, uses="common", layers={"duty": (stated, "tariff")})
    np.testing.assert_array_equal(once.tariff, stated)
    np.testing.assert_array_equal(twice.tariff, 0.0)
    np.testing.assert_allclose(twice.taste, once.taste, rtol=1e-12)
    other = stated.copy()
    other[1, 2, 0] += 0.01
    words = rf"tariff on s0 from p1 to p2 is {stated[1, 2, 0]:g} and that of the layers"
    with pytest.raises(InvalidDataError, match=words):
        calibrate(TAXED, layers={"duty": (other, "tariff")})


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"uses": "mine"}, UnknownNameError, "uses 'mine'; allowed: separate, common"),
        ({"theta": -1.0}, InvalidParameterError, r"theta.* = -1 .*\(0, inf\)"),
        ({"theta": [4.0, np.inf]}, InvalidParameterError, r"theta\[1\] = inf .*finite"),
        ({"theta": {"s0": 4.0, "x": 5.0}}, LabelMismatchError, r"theta .*missing \['s1'\]"),
        ({"alpha": 1.5}, InvalidParameterError, r"alpha.* = 1.5 .*\[0, 1\]"),
        (
            {"theta": [4.0, 5.0, 6.0]},
            *(InvalidShapeError, r"theta has shape \(3,\); must be .*\(2,\)"),
        ),
        ({"mobility": "fast"}, UnknownNameError, "mobility of s0 'fast'; allowed: immobile"),
        ({"mobility": {"s0": "free"}}, LabelMismatchError, r"\['s0'\]; must name exactly"),
        (
            {"mobility": Mobility(areas={"EU": ["p0", "p9"]})},
            *(UnknownNameError, "area EU 'p9'; allowed: p0, p1, p2"),
        ),
        (
            {"areas": {"EU": ["p0"]}},
            *(InvalidParameterError, r"must be given as mobility=Mobility\(areas=...\)"),
        ),
        (
            {"mobility": Mobility(areas={"EU": ["p0"], "UK": ["p0"]})},
            *(LabelMismatchError, "'p0' is in the areas 'EU' and 'UK'"),
        ),
        ({"deficit_rule": "own"}, UnknownNameError, "deficit_rule 'own'; allowed: fixed"),
        ({"numeraire": "p9"}, UnknownNameError, "numeraire 'p9'; allowed: world, p0"),
        ({"costs": None}, UnknownNameError, "argument of general_economy 'costs'; allowed: alpha"),
        (
            {"layers": {"border": (named(origin=["p0", "p2", "x"]), "resource")}},
            *(LabelMismatchError, r"origin of rate of layer 'border' .*\['p1'\], .*\['x'\]"),
        ),
        (
            {"layers": {"border": (named(sector=["s0", "x"]), "resource")}},
            *(LabelMismatchError, r"sector of .* missing \['s1'\], unexpected \['x'\]"),
        ),
        (
            {"layers": {"port": (0.1, "export-tax")}},
            *(InvalidDataError, "export taxes .* must be 0"),
        ),
        (
            {"parts": [ExchangeRisk(coverage=0.5, line=0.1)]},
            *(InvalidDataError, "grants at the baseline .* must be 0"),
        ),
        (
            {"parts": [Commuting(matrix=np.eye(3) + 0.1)]},
            *(InvalidDataError, "workers by workplace; part 'commuting' needs residents"),
        ),
    ],
)
def test_bad_input_is_refused_by_name(options, error, words):
    with pytest.raises(error, match=words):
        calibrate(PLAIN, **options)


def test_rents_of_land_leave_the_table_as_it_is_and_land_is_like_productivity():
    """A share of value added is rent; its twin: land as productivity by its share in costs."""
    model = calibrate(PLAIN, theta=4.0, uses="common", land_share=0.1)
    plain = calibrate(PLAIN, theta=4.0, uses="common")
    here, there = short_run(model).outcomes, short_run(plain).outcomes
    for name in ("trade", "welfare", "income"):
        np.testing.assert_allclose(here[name], there[name], rtol=1e-9)
    np.testing.assert_allclose(here["rent"], 1.0, rtol=1e-9)
    np.testing.assert_allclose(model.value("land"), 0.1 * PLAIN.value_added.sum(axis=1), rtol=1e-9)
    # Land enters unit costs by its rent: a tenth more of it is as good as so much productivity.
    share = np.asarray(model.value("land_share") / (1.0 - model.value("tax_share")))
    twin = model.with_(productivity=model.value("productivity") * 1.1 ** (4.0 * share))
    more = short_run(model.with_(land=1.1 * model.value("land"))).outcomes
    for name in ("trade", "welfare", "income"):
        np.testing.assert_allclose(more[name], short_run(twin).outcomes[name], rtol=1e-8)
    assert (np.asarray(more["welfare"]) > np.asarray(here["welfare"])).all()
    with pytest.raises(InvalidParameterError, match=r"land_share\[0, 0\] = 1 "):
        calibrate(PLAIN, land_share=1.0)
