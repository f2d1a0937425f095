"""Agreements on the 2020 table: in force at the baseline, the table is the equilibrium."""

import jax
import numpy as np
import pytest

from neg import data, short_run
from neg.agreements import Agreements, Lines, RuleOfOrigin, hub_and_spokes, observed, origin_gap
from neg.analysis import calibrate
from neg.data.aggregate import aggregate


@pytest.fixture(scope="module")
def world():
    table = data.load_icio()
    small = aggregate(table, {}, {"goods": table.sectors[:2], "services": table.sectors[2:]})
    bowl = hub_and_spokes(rule=RuleOfOrigin(0.7), lines=Lines(excluded=("services",)))
    part = observed(Agreements(bowl, mfn=0.05), small)
    return calibrate(small, theta=5.0, parts=[part], deficit_rule="own-share")


@pytest.mark.slow
def test_the_table_is_the_equilibrium_with_the_bowl_in_force(world):
    x = world.initial_distribution()
    prices = world.initial_prices(x)
    start = prices | {"wage": 0.0 * prices["wage"], "cost": 0.0 * prices["cost"]}
    residual = jax.jit(lambda p: world.market_residual(p, x))(start)
    contents = {name: value for name, value in residual.items() if name.startswith("agreements.")}
    assert len(contents) == 6
    for name, value in contents.items():
        np.testing.assert_allclose(value, 0.0, atol=1e-10, err_msg=name)
    np.testing.assert_allclose(residual["cost"], 0.0, atol=1e-10)


@pytest.mark.slow  # compiles a solve with six agreements
def test_the_bowl_leaves_at_no_cost_to_the_solver(world):
    now = short_run(world)
    np.testing.assert_allclose(now.outcomes["wage"], 1.0, atol=1e-8)
    assert max(max(gap) for gap in origin_gap(now).values()) < 1e-9
    names = [one.name for one in world.part("agreements").agreements]
    mfn = short_run(world.with_(**{f"agreements.{name}.kept": 1.0 for name in names}))
    assert float(np.asarray(mfn.outcomes["agreements.use_count"]).max()) == 0.0
