"""Derivatives of every outcome of economies with parts of firms, against differences."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy, long_run, short_run
from neg.economy.lever import Lever
from neg.firms import (
    Clusters,
    Credit,
    FinancedSelection,
    FinanceSupport,
    Selection,
    TierPolicy,
    Tiers,
    WaysIn,
    WorkingCapital,
)
from neg.menus import LogNormal
from neg.parts import Tastes

FIXED = np.array([[1.0, 1.5, 1.4], [1.3, 1.0, 1.6], [1.5, 1.7, 1.1]])
FIXED = np.repeat(FIXED[..., None], 2, axis=2)


def economy(**changes):
    """Two sectors with inputs, three places that differ, firms that differ in one sector."""
    given = {
        "employment": [[0.5, 0.5], [0.4, 0.5], [0.3, 0.4]],
        "theta": [5.0, 4.0],
        "alpha": [1.0, 0.0],
        "tau": 1.0 + np.array([[0.0, 0.3, 0.4], [0.35, 0.0, 0.5], [0.45, 0.4, 0.0]]),
        "input_share": [[0.2, 0.1], [0.1, 0.1]],
    }
    return general_economy(
        places=["a", "b", "c"], sectors=["goods", "services"], **(given | changes)
    )


def selection(**changes):
    return Selection(**({"fixed": FIXED, "sectors": ("goods",)} | changes))


def at(path, operation="times", start=1.0, **chosen):
    return Lever(path, operation, **chosen), start


ALONE = {
    "selection": (
        [selection(limit=6.0, premium=0.1, recognition=0.1)],
        [
            at("selection.fixed", origins=("a",)),
            at("selection.entry", places=("b",)),
            at("selection.limit", "set", 6.0),
            at("selection.premium", "set", 0.1),
            at("selection.recognition", "set", 0.1, among=("a", "b")),
        ],
    ),
    "threshold": ([selection(threshold=1.2)], [at("selection.threshold", destinations=("c",))]),
    "law": (
        [selection(sigma=6.0, law=LogNormal(0.0, 0.4), limit=6.0)],
        [at("selection.fixed", origins=("a",)), at("tau", destinations=("b",))],
    ),
    "destination": ([selection(destination=0.4)], [at("selection.destination", "set", 0.4)]),
    "loans": (
        [
            FinancedSelection(
                fixed=FIXED,
                sectors=("goods",),
                credit=Credit(
                    interest=0.05, monitoring=0.03, guarantee=0.3, hazard=0.1, subsidy=0.01
                ),
            )
        ],
        [
            at("financed_selection.guarantee", "set", 0.3),
            at("financed_selection.repaid", "set", 0.8),
            at("financed_selection.platform", "plus", 0.01, places=("a",)),
        ],
    ),
    "working capital": (
        [WorkingCapital(support=FinanceSupport(subsidy=0.2, hazard=0.05))],
        [
            at("working_capital.repaid", "set", 0.9),
            at("working_capital.guarantee", "plus", 0.3, places=("a",)),
            at("working_capital.days", origins=("a",)),
            at("working_capital.subsidy", "set", 0.2, places=("b",)),
        ],
    ),
    "stages": ([WaysIn(process="stages")], [at("ways_in.lift", places=("a",))]),
    "contacts": ([WaysIn(process="contacts")], [at("ways_in.lift", places=("a",))]),
    "born global": ([WaysIn(process="born global")], [at("ways_in.lift", places=("a",))]),
    "open clusters": (
        [Clusters(members="open", fee=0.2)],
        [at("clusters.fee", "set", 0.2), at("clusters.distance", places=("b",))],
    ),
    "managed clusters": (
        [Clusters(members="managed", fee=0.2, cut=0.5, support=0.1)],
        [at("clusters.cut", "set", 0.5), at("clusters.support", "set", 0.1)],
    ),
    "tiers": (
        [Tiers(sectors=("goods",), policy=TierPolicy(sharing=0.1))],
        [at("tiers.harmonised", "set", 0.2, places=("a",)), at("tiers.sharing", "set", 0.1)],
    ),
}


def check(model, levers, solve, step=1e-5, rel=2e-5):
    """Every outcome's derivative to every lever, in one forward pass, against differences."""
    starts = jnp.asarray([start for _, start in levers])

    def outcomes(values):
        moved = model
        for (lever, _), value in zip(levers, values, strict=True):
            moved = lever.put(moved, value)
        return solve(moved).outcomes

    slopes = jax.jacfwd(outcomes)(starts)
    moved_something = []
    for k in range(len(levers)):
        shift = step * np.eye(len(levers))[k]
        high, low = outcomes(starts + shift), outcomes(starts - shift)
        for name, slope in slopes.items():
            up, down = np.asarray(high[name]), np.asarray(low[name])
            moved = up != down  # cut-offs without bound stay where they are
            numeric = np.subtract(up, down, where=moved, out=np.zeros(up.shape)) / (2.0 * step)
            scale = 1.0 + float(np.abs(numeric).max())
            assert slope[..., k] == pytest.approx(numeric, rel=rel, abs=rel * scale), (name, k)
        moved_something.append(
            max(float(np.abs(np.asarray(slope)[..., k]).max()) for slope in slopes.values())
        )
    assert min(moved_something) > 1e-6  # no lever does nothing
    return outcomes, starts, slopes


@pytest.mark.slow
def test_firms_where_nobody_makes_anything():
    """An empty cell has no firms, hence no smallest one: no derivative may be lost on that."""
    model = compose(
        economy(employment=[[0.5, 0.5], [0.4, 0.5], [0.0, 0.4]]), [selection(limit=6.0)]
    )
    levers = [at("tau", destinations=("a",)), at("selection.fixed", origins=("a",))]
    _, _, slopes = check(model, levers, short_run)
    assert (np.asarray(slopes["selection.firms"])[2] == 0.0).all()

    def jobs(value):
        found = short_run(levers[1][0].put(model, value)).outcomes
        return found["selection.small_jobs"][0, 0]

    expected = float(slopes["selection.small_jobs"][0, 0, 1])
    assert jax.grad(jobs)(1.0) == pytest.approx(expected, rel=1e-8)


@pytest.mark.slow  # a compilation of its own for each part
@pytest.mark.parametrize("name", ALONE)
def test_parts_alone(name):
    parts, levers = ALONE[name]
    check(compose(economy(), parts), [at("tau", destinations=("a",)), *levers], short_run)


@pytest.mark.slow  # a long run of everything together
@pytest.mark.parametrize("members", ["open", "managed"])
def test_parts_together_in_the_long_run(members):
    parts = [
        selection(limit=6.0),
        Tastes(0.5),
        WorkingCapital(support=FinanceSupport(subsidy=0.1)),
        WaysIn(process="stages"),
        Clusters(members=members, fee=0.2, cut=0.3),
    ]
    model = compose(economy(mobility="free"), parts)
    levers = [
        at("tau", destinations=("a",)),
        at("productivity", places=("b",)),
        at("selection.fixed", origins=("a",)),
        at("working_capital.repaid", "set", 0.9),
        at("ways_in.lift", places=("a",)),
        at("clusters.fee", "set", 0.2),
    ]

    def solve(moved):
        return long_run(moved, model.initial_distribution())

    outcomes, starts, slopes = check(model, levers, solve, step=1e-4, rel=2e-4)
    # Reverse mode, of an outcome that policy may aim at.
    aim = jax.grad(lambda v: outcomes(v)["selection.small_jobs"][0, 0])(starts)
    assert aim == pytest.approx(np.asarray(slopes["selection.small_jobs"][0, 0]), rel=1e-8)
