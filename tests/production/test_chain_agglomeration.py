"""Chains with increasing returns in blocks: the scale at which they gather, by two routes."""

from __future__ import annotations

import numpy as np
import pytest

from neg import compose, diagram, general_economy, long_run, short_run, thresholds
from neg.analysis import Lever, compare, scenario
from neg.chains import Chain
from neg.diagrams.diagram import NOTHING
from neg.economy.lever import in_hand
from neg.estimation import Cost, maximise, real_income
from neg.parts import Commuting

BLOCKS = ("parts", "assembly")
DENSITY = Lever("alpha", "set", sectors=BLOCKS)


def two(scale=0.1, **given):
    """Two places that are alike: a chain that buys its own good as an input, and food."""
    settings = {
        "places": ["A", "B"],
        "sectors": (*BLOCKS, "food"),
        "employment": np.full((2, 3), 1 / 3),
        "mobility": "sectors",
        "theta": 4.0,
        "alpha": [scale, scale, 0.0],
        "chains": [BLOCKS],
        "own_share": [1.0, 0.5, 1.0],
        "tau": np.where(np.eye(2, dtype=bool)[..., None], 1.0, 1.3),
        "input_share": [[0.0] * 3, [0.5, 0.5, 0.0], [0.0] * 3],
        "final_share": [0.0, 0.5, 0.5],
    }
    return general_economy(**settings | given)


@pytest.fixture(scope="module")
def found():
    held, name = in_hand(two(), DENSITY, "density")
    points = thresholds(held, name, 0.05, 0.95, nodes=17).of_kind("break")
    return points[0]


def even(economy):
    """The equilibrium in which both places are alike."""
    start = economy.initial_distribution()
    return long_run(economy, long_run(economy.with_(alpha=0.0), start).x)


def growth_by_differences(economy):
    """Fastest growth of replicator dynamics from payoffs at moved distributions alone."""
    at = even(economy)
    x, index = np.asarray(at.x), np.asarray(economy.groups.index)
    mass = np.asarray(economy.groups.mass)
    slope, step = np.empty((x.size, x.size)), 1e-5

    def payoff(y):
        # What is moved is taken from the same cells in proportion: the group keeps its mass.
        return np.asarray(short_run(economy, y).payoff)

    directions = []
    for g in range(len(mass)):
        cells = np.flatnonzero(index == g)
        for other in cells[1:]:
            direction = np.zeros(x.size)
            direction[other], direction[cells[0]] = 1.0, -1.0
            directions.append(direction)
    basis = np.linalg.qr(np.array(directions).T)[0]
    slope = np.stack(
        [(payoff(x + step * d) - payoff(x - step * d)) / (2 * step) for d in basis.T], axis=1
    )
    mean = np.stack([np.bincount(index, x * c) / mass for c in slope.T], axis=1)
    flow = basis.T @ (x[:, None] * (slope - mean[index]))
    return float(np.linalg.eigvals(flow).real.max())


@pytest.mark.slow
def test_a_chain_gathers_above_a_scale_that_thresholds_find(found):
    assert found.converged and found.below == "stable"
    density = found.value
    assert 0.5 < density < 0.95
    for change, sign in ((-0.02, -1.0), (0.02, 1.0)):
        economy = DENSITY.put(two(), density + change)
        growth = growth_by_differences(economy)
        assert np.sign(growth) == sign
        assert float(even(economy).growth) == pytest.approx(growth, rel=1e-5)
    assert abs(growth_by_differences(DENSITY.put(two(), density))) < 1e-7


@pytest.mark.slow
def test_beyond_it_the_dynamics_leave_the_even_split(found):
    near = long_run(DENSITY.put(two(), found.value + 0.05))
    share = np.asarray(near.outcomes["output_share"])[:, :2]
    assert np.abs(share[0] - share[1]).min() > 0.1
    before = long_run(DENSITY.put(two(), found.value - 0.05))
    assert np.allclose(np.asarray(before.outcomes["output_share"])[:, :2], 0.5, atol=1e-6)


@pytest.mark.slow
def test_land_in_blocks_keeps_chains_apart(found):
    """Rents rise where a chain gathers: it takes more scale, or never gathers at all."""
    given = {
        "land_share": [0.1, 0.1, 0.0],
        "input_share": [[0.0] * 3, [0.5, 0.5, 0.0], [0.0] * 3],
    }
    held, name = in_hand(two(**given), DENSITY, "density")
    points = thresholds(held, name, 0.05, 0.95, nodes=17).of_kind("break")
    assert not points or points[0].value > found.value + 0.01


@pytest.mark.slow
def test_chains_with_commuting():
    """Blocks hire who comes: at ruinous commuting costs the chain is what it is without."""
    x = np.asarray(even(two(scale=0.3)).x)
    economy = two(scale=0.3, mobility="immobile", employment=x.reshape(2, 3))
    at_home = compose(economy, [Commuting(matrix=np.eye(2))])
    ours, theirs = short_run(at_home, x), short_run(economy, x)
    assert np.allclose(ours.outcomes["output"], theirs.outcomes["output"], rtol=1e-9)
    open_ = compose(economy, [Commuting(matrix=np.array([[1.0, 0.5], [0.1, 1.0]]))])
    moved = short_run(open_, x).outcomes
    assert float(moved["employment"][1].sum()) > float(moved["employment"][0].sum())


@pytest.mark.slow
def test_a_diagram_of_density(found):
    held, name = in_hand(two(), DENSITY, "density")
    low, high = found.value - 0.1, found.value + 0.08
    branches = diagram(held, name, low, high, search=NOTHING)
    at = [point.parameter for _, point in branches.special if point.kind != "fold"]
    assert min(abs(value - found.value) for value in at) < 1e-6


@pytest.mark.slow
def test_a_scenario_and_a_policy_on_blocks():
    """What edits of scenarios and a budget do to links of a chain, against brute force."""
    economy = two(scale=0.3, mobility="immobile")
    edits = [{"path": "tau", "times": 0.9, "sectors": ["parts"]}]
    gain = compare(economy, [scenario({"name": "cheap parts", "edits": edits})]).welfare_change
    assert float(gain.sel(scenario="cheap parts").min()) > 0
    levers = {block: (Lever("tau", "times", sectors=(block,)), 0.8, 1.0) for block in BLOCKS}
    aim = real_income(economy, ["A", "B"])
    cost = Cost(1.0, 4.0, 0.2)
    best = maximise(economy, levers, aim, budget=0.1, costs=dict.fromkeys(BLOCKS, cost))
    # Goods cross with their whole value at the last link: it matters more (Chain.beta rises).
    beta = np.asarray(Chain([1.0, 0.5], 4.0).beta)
    assert beta[1] > beta[0] and best.values["assembly"] < best.values["parts"] - 1e-3

    def total(values):
        here = economy
        for block, value in zip(BLOCKS, values, strict=True):
            here = levers[block][0].put(here, value)
        return float(aim(short_run(here).outcomes))

    grid = [(p, a) for p in np.linspace(0.9, 1.0, 6) for a in np.linspace(0.9, 1.0, 6)]
    within = [v for v in grid if sum(cost.at(one, 1.0, 0.8, 1.0)[0] for one in v) <= 0.1]
    assert len(within) > 5
    assert best.objective >= max(total(v) for v in within) - 1e-9
    assert best.objective > total((1.0, 1.0)) + 1e-3
