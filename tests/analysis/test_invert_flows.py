"""Inversion of trade flows: tastes that return the flows when the economy is solved."""

import numpy as np
import pytest

from neg.analysis import calibrate
from neg.analysis.invert_flows import invert_tastes
from neg.core.errors import InvalidDataError, InvalidShapeError
from neg.data import load_icio
from neg.economy.composed import compose
from neg.economy.general.build import general_economy
from neg.economy.general.outcomes import trade
from neg.parts import Density, Hours, Spillovers
from neg.solvers.short_run import short_run

RNG = np.random.default_rng(8)
ABROAD = ~np.eye(4, dtype=bool)[:, :, None]
HOME = np.arange(4)


def truth(**options):
    """An economy with every wedge, land, scale, spillovers, missing pairs and unit home tastes."""
    rng = np.random.default_rng(2)
    taste = rng.uniform(0.3, 1.5, (4, 4, 2))
    taste[HOME, HOME] = 1.0
    taste[0, 1, 0] = taste[2, 3, 1] = 0.0
    given = {
        "places": list("abcd"),
        "sectors": ["s", "t"],
        "employment": rng.uniform(0.5, 2.0, (4, 2)),
        "theta": [4.0, 6.0],
        "alpha": [0.0, 0.4],
        "tau": 1 + rng.uniform(0.1, 0.6, (4, 4, 2)) * ABROAD,
        "tariff": rng.uniform(0.0, 0.3, (4, 4, 2)) * ABROAD,
        "export_tax": rng.uniform(0.0, 0.1, (4, 4, 2)) * ABROAD,
        "taste": taste,
        "productivity": rng.uniform(0.6, 1.6, (4, 2)),
        "input_share": [[0.2, 0.1], [0.15, 0.3]],
        "land_share": 0.1,
        "tax_share": 0.05,
        "housing_share": 0.2,
        "final_tax": 0.1,
        "final_share": [0.3, 0.4],
        "land": rng.uniform(0.5, 2.0, 4),
        "deficit": np.array([0.2, -0.1, -0.3, 0.2]),
    }
    given["parts"] = [
        Density(delta=0.1, residents=0.0, area=given["land"]),
        Spillovers(rho=0.05, area=given["land"]),
    ]
    return general_economy(**given | options)


def forgotten(model):
    """The same economy without what the flows are to tell."""
    return model.with_(
        taste=np.ones_like(model.taste),
        deficit=np.zeros(4),
        final_share=np.full_like(model.final_share, 0.35),
    )


@pytest.mark.parametrize(
    ("rule", "numeraire"),
    [
        pytest.param("fixed", "world", marks=pytest.mark.slow),
        ("world-share", "c"),
        pytest.param("own-share", "c", marks=pytest.mark.slow),
        ("spending-share", "c"),
    ],
)
def test_inversion_recovers_tastes_spending_and_deficits(rule, numeraire):
    model = truth(deficit_rule=rule, numeraire=numeraire)
    out = short_run(model).outcomes
    money = 7.3  # data come in any unit
    found = invert_tastes(
        forgotten(model), money * out["wage"], model.employment, money * out["trade"]
    )
    np.testing.assert_allclose(found.taste, model.taste, rtol=1e-8)
    assert float(found.taste[0, 1, 0, 0]) == float(found.taste[2, 3, 1, 0]) == 0.0
    np.testing.assert_allclose(found.final_share, model.final_share, rtol=1e-9)
    again = short_run(found).outcomes
    for name in ("trade", "wage", "deficit", "consumption", "welfare"):
        np.testing.assert_allclose(again[name], out[name], rtol=1e-9, atol=1e-10, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("uses", [pytest.param("common", marks=pytest.mark.slow), "separate"])
def test_flows_of_the_table_are_returned(uses):
    """The embedded table, with trade costs and wages that it was not calibrated at."""
    table = load_icio()
    sold = np.maximum(table.final, 0.0)  # one entry is a return to stocks, which is no flow
    more = (sold - table.final).sum(axis=(2, 3))
    table = table.replace(final=sold, value_added=table.value_added + more)
    n = len(table.places)
    base = calibrate(table, theta=5.0, alpha=0.3, uses=uses)
    x = base.initial_distribution()
    by_use = np.asarray(trade(base.market, base.flows(base.initial_prices(x), x)))
    wage = np.exp(RNG.normal(0, 0.5, base.shape))
    people = np.asarray(base.employment) / wage
    tau = 1 + RNG.uniform(0.1, 1.0, (n, n, 1)) * ~np.eye(n, dtype=bool)[:, :, None]
    blind = base.with_(
        tau=tau * np.ones(base.tau.shape),
        taste=np.ones(base.taste.shape),
        productivity=np.where(base.active, np.exp(RNG.normal(0, 0.5, base.shape)), 0.0),
    )
    found = invert_tastes(blind, wage, people, by_use if uses == "separate" else table.flows)
    home = np.asarray(found.taste)[np.arange(n), np.arange(n)]
    assert np.all((np.abs(home - 1) < 1e-12) | (home == 0))
    solution = short_run(found)
    scale = np.sum(people) / np.sum(wage * people)
    again = np.asarray(solution.outcomes["trade"]) / scale
    np.testing.assert_allclose(again, table.flows, rtol=1e-9, atol=1e-12 * table.flows.max())
    np.testing.assert_allclose(solution.outcomes["wage"], wage * scale, rtol=1e-9)


def test_a_place_that_buys_nothing_at_home_takes_its_largest_origin_for_one():
    model = truth(deficit=0.0)
    taste = np.array(model.taste)
    taste[1, 1, 0] = 0.0
    model = model.with_(taste=taste)
    out = short_run(model).outcomes
    found = invert_tastes(forgotten(model), out["wage"], model.employment, out["trade"])
    largest = int(np.argmax(np.asarray(out["trade"])[:, 1, 0]))
    assert float(found.taste[1, 1, 0, 0]) == 0.0
    assert float(found.taste[largest, 1, 0, 0]) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(
        short_run(found).outcomes["trade"], out["trade"], rtol=1e-8, atol=1e-12
    )


def test_data_that_no_taste_rationalises_are_refused():
    model = truth(deficit=0.0)
    out = short_run(model).outcomes
    wage, people, flows = (
        np.asarray(out["wage"]),
        np.asarray(model.employment),
        np.array(out["trade"]),
    )
    more = flows.copy()
    more[0, 2, 1] *= 1.1
    with pytest.raises(InvalidDataError, match="sales of a:t add up to"):
        invert_tastes(model, wage, people, more)
    # The same sales, but to places that need less than their inputs cost.
    moved = flows.copy()
    moved[:, 1, 1] += 0.999 * flows[:, 0, 1]
    moved[:, 0, 1] *= 0.001
    with pytest.raises(InvalidDataError, match="a buys .* of t; its inputs cost"):
        invert_tastes(model, wage, people, moved)
    with pytest.raises(InvalidShapeError, match=r"flows has shape \(4, 4\)"):
        invert_tastes(model, wage, people, flows[:, :, 0])
    with pytest.raises(InvalidDataError, match=r"flows\[0, 0, 0, 0\]"):
        invert_tastes(model, wage, people, -flows)
    with pytest.raises(InvalidDataError, match="with the part 'hours' hours are an outcome"):
        invert_tastes(compose(model, [Hours()]), wage, people, flows)
    kept = np.array([[1, 0], [1, 1], [1, 1], [1, 1]])
    silent = model.with_(productivity=model.productivity * kept, employment=people * kept)
    with pytest.raises(InvalidDataError, match="flows leave a:t, which cannot produce"):
        invert_tastes(silent, wage, people * kept, flows)
    with pytest.raises(InvalidDataError, match="balanced trade"):
        skewed = truth()
        out = short_run(skewed).outcomes
        zero = skewed.with_(deficit_rule="zero")
        invert_tastes(zero, out["wage"], people, out["trade"])
