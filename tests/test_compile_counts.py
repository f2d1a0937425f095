"""New parameter values compile nothing new: counted by how often equations are traced."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate, compare, scenario
from neg.economy.general import DEFICIT_RULES, REBATES, RENT_RULES
from neg.economy.model import Model
from neg.models.core_periphery import CorePeriphery
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run


@pytest.fixture
def traces(monkeypatch):
    """How often the equations of a model were evaluated by Python, that is, traced."""
    count = {"payoff": 0}
    registry = dict(Model.registry)

    class Counted(CorePeriphery):
        def payoff(self, prices, x):
            count["payoff"] += 1
            return super().payoff(prices, x)

    yield Counted, count
    Model.registry.clear()
    Model.registry.update(registry)


def test_the_count_counts(traces):
    counted, count = traces
    model = counted()
    x = jnp.array([0.5, 0.5])
    for _ in range(3):
        model.payoff(model.initial_prices(x), x)
    assert count["payoff"] == 3


@pytest.mark.parametrize(
    "solve",
    [
        pytest.param(lambda m, x: long_run(m, x), id="long_run"),
        pytest.param(lambda m, x: equilibrium_at(m, x, [True, True]), id="equilibrium_at"),
    ],
)
def test_new_values_of_every_kind_compile_nothing(traces, solve):
    counted, count = traces
    solve(counted(tau=1.7), [0.55, 0.45])
    first = count["payoff"]
    assert first > 0
    for model in (
        counted(tau=1.8),
        counted(tau=2, sigma=5, mu=np.float64(0.41)),  # an integer, a numpy number
        counted(tau=jnp.asarray(1.9), sigma=jnp.asarray(4.5)),
        counted(tau=1.7).with_(phi=0.1),
    ):
        solve(model, np.array([0.52, 0.48]))
    assert count["payoff"] == first


def compiled(function):
    """How many programs a compiled function holds."""
    return function._cached._cache_size()


def test_scenarios_of_one_economy_share_one_program():
    from neg.solvers import short_run as module

    table = random_table(2, 2, seed=3, tariffs=False)
    layers = {"border": (0.1, "resource")}
    cases = [
        scenario({"name": f"cost {c}", "edits": [{"layer": "border", "cost": c}]})
        for c in (0.9, 0.95, 1.05)
    ]
    before = compiled(module._solve)
    compare(calibrate(table, uses="common", layers=layers), cases)
    assert compiled(module._solve) == before + 2  # the baseline, and one for all scenarios
    other = calibrate(table, uses="common", layers=layers, theta=[3, 7], alpha=0.3)
    compare(other, cases[:1])
    assert compiled(module._solve) == before + 2


def test_rules_of_the_closure_are_data():
    """Another deficit rule, rent rule, rebate or numeraire compiles nothing."""
    from neg.solvers import short_run as module

    table = random_table(2, 2, seed=3, tariffs=False)
    economy = calibrate(table, uses="common", layers={"border": (0.1, "resource")})
    short_run(economy)
    first = compiled(module._solve)
    for rule in (
        *({"deficit_rule": name} for name in DEFICIT_RULES),
        *({"rent_rule": name} for name in RENT_RULES),
        *({"rebate": name} for name in REBATES),
        {"numeraire": "p1"},
    ):
        short_run(economy.with_(**rule))
        if rule != {"deficit_rule": "zero"}:  # this table has deficits
            short_run(calibrate(table, uses="common", layers={"border": (0.2, "resource")}, **rule))
    assert compiled(module._solve) == first


def test_a_sweep_inside_one_program_traces_once():
    count = 0

    @eqx.filter_jit
    def sweep(taus):
        nonlocal count
        count += 1
        return jax.lax.map(lambda tau: short_run(CorePeriphery(tau=tau), [0.6, 0.4]).payoff, taus)

    first = sweep(jnp.linspace(1.2, 2.0, 5))
    second = sweep(jnp.linspace(1.3, 2.1, 5))
    assert count == 1 and not np.allclose(first, second)
