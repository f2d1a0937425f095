"""Best policies against closed forms, grids and differences; budgets, fronts and draws."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg.core.errors import InvalidParameterError, LabelMismatchError, UnknownNameError
from neg.economy.composed import compose
from neg.economy.general.build import general_economy
from neg.economy.lever import Lever
from neg.estimation import (
    Cost,
    atkinson,
    gap,
    marginal_values,
    maximise,
    packages,
    pareto,
    policy_from,
    real_income,
    small_firms,
    usual_cost,
)
from neg.estimation.program import Seen, solve_program
from neg.firms import Selection
from neg.solvers.short_run import short_run

OFF = 1.0 - np.eye(3)


def three(theta=4.0):
    """A home that buys from two partners which are alike."""
    return general_economy(
        places=["home", "east", "west"],
        sectors=["goods"],
        employment=[[1.0], [1.0], [1.0]],
        theta=theta,
        tau=1.0 + 0.4 * OFF,
    )


ECONOMY = three()
HOME = real_income(ECONOMY, ["home"])
LINKS = {
    "east": (Lever("tau", "times", origins="east", destinations="home"), 0.8, 1.0),
    "west": (Lever("tau", "times", origins="west", destinations="home"), 0.8, 1.0),
}
COSTS = {"east": Cost(1.0, 4.0, 0.2), "west": Cost(1.0, 4.0, 0.2)}


def value(east, west, aim=HOME, economy=ECONOMY):
    for name, v in (("east", east), ("west", west)):
        economy = LINKS[name][0].put(economy, v)
    return float(aim(short_run(economy).outcomes))


@pytest.mark.slow
def test_two_links_that_are_alike_share_the_budget():
    best = maximise(ECONOMY, LINKS, HOME, budget=0.2, costs=COSTS)
    assert best.values["east"] == pytest.approx(best.values["west"], abs=1e-6)
    cut = 1.0 - best.values["east"]
    assert 2 * COSTS["east"].at(1 - cut, 1.0, 0.8, 1.0)[0] == pytest.approx(0.2, rel=1e-8)
    assert best.gradient <= 1e-7 and best.outcomes["budget"] == pytest.approx(0.0, abs=1e-9)
    more = maximise(ECONOMY, LINKS, HOME, budget=0.2002, costs=COSTS)
    slope = (more.objective - best.objective) / 0.0002
    assert best.shadow_prices["budget"] == pytest.approx(slope, rel=1e-3)


@pytest.mark.slow
def test_the_best_of_a_grid_is_next_to_the_policy_found():
    """A dearer western link: brute force over the pairs that the budget allows."""
    costs = {"east": COSTS["east"], "west": Cost(1.3, 4.0, 0.2)}
    best = maximise(ECONOMY, LINKS, HOME, budget=0.1, costs=costs)
    grid = np.linspace(0.8, 1.0, 41)
    spent = lambda name, v: costs[name].at(v, 1.0, 0.8, 1.0)[0]
    pairs = [(a, b) for a in grid for b in grid if spent("east", a) + spent("west", b) <= 0.1]

    @eqx.filter_jit
    def every(pairs, economy):
        def one(pair, economy=economy):
            for k, name in enumerate(LINKS):
                economy = LINKS[name][0].put(economy, pair[k])
            return HOME(short_run(economy, throw=False).outcomes)

        return jax.vmap(one)(pairs)

    values = np.asarray(every(jnp.asarray(pairs), ECONOMY))
    at = pairs[int(np.argmax(values))]
    assert best.objective >= values.max()
    assert best.objective - values.max() < 2e-3
    np.testing.assert_allclose([best.values["east"], best.values["west"]], at, atol=0.011)


def test_slopes_are_those_of_differences_inside_and_at_corners():
    h = 1e-5
    inside = maximise(ECONOMY, LINKS, HOME, budget=0.15, costs=COSTS)
    e, w = inside.values["east"], inside.values["west"]
    middle = (value(e + h, w) - value(e - h, w)) / (2 * h)
    assert inside.slope["east"] == pytest.approx(middle, rel=1e-6)
    corner = maximise(ECONOMY, LINKS, HOME)  # nothing costs anything: everything is cut
    assert corner.values == pytest.approx({"east": 0.8, "west": 0.8}, abs=1e-9)
    side = (-3 * value(0.8, 0.8) + 4 * value(0.8 + h, 0.8) - value(0.8 + 2 * h, 0.8)) / (2 * h)
    assert corner.slope["east"] == pytest.approx(side, rel=1e-5)
    assert corner.shadow_prices["low east"] == pytest.approx(-side, rel=1e-5)
    worth = marginal_values(ECONOMY, LINKS, HOME, COSTS)
    below = (3 * value(1, 1) - 4 * value(1 - h, 1) + value(1 - 2 * h, 1)) / (2 * h)
    np.testing.assert_allclose(worth[0, 0], -below, rtol=1e-5)


def test_packages_grow_with_budgets_and_their_shadow_prices_fall():
    found = packages(ECONOMY, LINKS, HOME, [0.1, 0.02, 0.05], COSTS, tolerance=1e-10)
    assert [one.budget for one in found] == [0.02, 0.05, 0.1]
    gains, prices = zip(*((o.gain, o.result.shadow_prices["budget"]) for o in found), strict=True)
    assert (np.diff(gains) > 0).all() and (np.diff(prices) < 0).all()
    for one in found:
        assert sum(one.spending.values()) == pytest.approx(one.budget, rel=1e-8)


@pytest.mark.slow
def test_no_point_of_a_front_is_better_in_both_aims():
    east = real_income(ECONOMY, ["east"])
    levers = LINKS | {"out": (Lever("tau", "times", origins="home"), 0.8, 1.0)}
    levers |= {"between": (Lever("tau", "times", among=["east", "west"]), 0.8, 1.0)}
    costs = COSTS | {"out": COSTS["east"], "between": COSTS["east"]}
    front = pareto(ECONOMY, levers, HOME, east, points=4, budget=0.1, costs=costs)
    both = np.array([[float(aim(r.solution.outcomes)) for aim in (HOME, east)] for r in front])
    assert len(both) == 4
    assert (np.diff(both[:, 0]) < 0).all() and (np.diff(both[:, 1]) > 0).all()


@pytest.mark.slow
def test_expected_and_worst_case_are_those_of_the_draws():
    draws = [three(theta) for theta in (3.0, 4.0, 6.0)]
    expected = maximise(draws, LINKS, HOME, budget=0.1, costs=COSTS)
    worst = maximise(draws, LINKS, HOME, budget=0.1, costs=COSTS, over="worst")
    at = lambda r: [value(r.values["east"], r.values["west"], HOME, one) for one in draws]
    assert expected.objective == pytest.approx(np.mean(at(expected)), rel=1e-9)
    assert worst.objective == pytest.approx(min(at(worst)), rel=1e-7)
    assert worst.objective >= min(at(expected)) - 1e-9
    with pytest.raises(LabelMismatchError, match="economy 1 differs"):
        other = general_economy(
            places=["a", "b"], sectors=["goods"], employment=np.ones((2, 1)), theta=4.0
        )
        maximise([ECONOMY, other], LINKS, HOME)


def test_aversion_zero_counts_the_total_and_more_cares_for_the_poorest():
    out = {"welfare": jnp.asarray([4.0, 1.0, 1.0])}
    people = [1.0, 1.0, 2.0]
    assert float(atkinson(ECONOMY, 0.0, people=people)(out)) == pytest.approx(np.log(6 / 4))
    logs = np.log([4.0, 1.0, 0.5])
    assert float(atkinson(ECONOMY, 1.0, people=people)(out)) == pytest.approx(logs @ people / 4)
    assert float(atkinson(ECONOMY, 60.0, people=people)(out)) == pytest.approx(
        np.log(0.5), abs=0.02
    )
    narrow = gap(ECONOMY, ["home"], ["east", "west"], people=people)
    assert float(narrow(out)) == pytest.approx(np.log(2 / 3) - np.log(4.0))


def test_plain_data_say_the_same_and_mistakes_are_named():
    plain = {
        "levers": {
            name: {
                "path": "tau",
                "operation": "times",
                "origins": [name],
                "destinations": ["home"],
                "low": 0.8,
                "high": 1.0,
            }
            for name in LINKS
        },
        "costs": {name: {"base": 1.0, "steep": 4.0, "reach": 0.2} for name in LINKS},
        "objective": {"kind": "real-income", "places": ["home"]},
        "budget": 0.2,
    }
    found = policy_from(ECONOMY, plain)
    best = maximise(ECONOMY, LINKS, HOME, budget=0.2, costs=COSTS)
    assert found.objective == pytest.approx(best.objective, rel=1e-10)
    with pytest.raises(UnknownNameError, match="'kindness'"):
        policy_from(ECONOMY, plain | {"objective": {"kind": "kindness"}})
    with pytest.raises(InvalidParameterError, match="'west' has no cost"):
        maximise(ECONOMY, LINKS, HOME, budget=0.2, costs={"east": 1.0})
    with pytest.raises(InvalidParameterError, match="budget and costs"):
        maximise(ECONOMY, LINKS, HOME, budget=0.2)


FIRMS = compose(
    general_economy(
        places=["a", "b"],
        sectors=["goods"],
        employment=[[1.0], [2.0]],
        theta=4.5,
        alpha=1.0,
        tau=[[1.0, 1.3], [1.25, 1.0]],
    ),
    [Selection(fixed=[[0.5, 0.8], [0.9, 0.6]], entry=[1.0, 1.2], sigma=4.0, limit=6.0)],
)


@pytest.mark.slow
def test_a_policy_for_small_firms_moves_their_share_of_jobs():
    """The aim is the log of the census's share; its slope that of differences."""
    lever = Lever("selection.fixed", "times", origins="a", destinations="b")
    aim = small_firms(FIRMS, ["a"], of="jobs")
    of = lambda v: short_run(lever.put(FIRMS, v)).outcomes
    share = lambda v: float(of(v)["selection.small_jobs"][0, 0])
    assert float(aim(of(1.0))) == pytest.approx(np.log(share(1.0)), rel=1e-12)
    best = maximise(FIRMS, {"f": (lever, 0.9, 1.1)}, aim)
    at = best.values["f"]
    assert share(at) >= max(share(0.9), share(1.0), share(1.1)) - 1e-12
    h = 1e-5 if at < 1.0 else -1e-5
    slope = (-3 * float(aim(of(at))) + 4 * float(aim(of(at + h))) - float(aim(of(at + 2 * h)))) / (
        2 * h
    )
    assert best.slope["f"] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_only_firms_that_differ_can_be_small():
    with pytest.raises(InvalidParameterError, match="'selection'"):
        small_firms(ECONOMY)
    with pytest.raises(UnknownNameError, match="wealth"):
        small_firms(FIRMS, of="wealth")


@pytest.mark.slow  # five policies
def test_shadow_prices_of_the_budget_are_slopes_for_averse_welfare_a_gap_and_the_worst_case():
    """Differences of the best objective in the budget, at tight first-order conditions."""
    people = [1.0, 1.0, 2.0]
    levers = LINKS | {"out": (Lever("tau", "times", origins="home"), 0.8, 1.0)}
    costs = COSTS | {"out": COSTS["east"]}
    aims = (
        atkinson(ECONOMY, 2.0, people=people),
        gap(ECONOMY, ["home"], ["east", "west"], people=people),
    )
    how = {"costs": costs, "tolerance": 1e-10}
    for aim in aims:
        at = [maximise(ECONOMY, levers, aim, budget=b, **how) for b in (0.0999, 0.1, 0.1001)]
        assert at[1].gradient <= 1e-10
        slope = (at[2].objective - at[0].objective) / 0.0002
        assert at[1].shadow_prices["budget"] == pytest.approx(slope, rel=1e-4)
    draws = [three(theta) for theta in (3.0, 4.0, 6.0)]
    at = [
        maximise(draws, levers, aims[0], budget=b, over="worst", **how) for b in (0.099, 0.1, 0.101)
    ]
    slope = (at[2].objective - at[0].objective) / 0.002
    assert at[1].shadow_prices["budget"] == pytest.approx(slope, rel=1e-3)


@pytest.mark.slow
def test_the_shadow_price_of_a_floor_is_what_raising_it_costs():
    links = LINKS | {"out": (Lever("tau", "times", origins="home", destinations="east"), 0.8, 1.0)}
    costs = COSTS | {"out": Cost(1.0, 4.0, 0.2)}
    partner = real_income(ECONOMY, ["west"])

    def best(**floors):
        return maximise(ECONOMY, links, HOME, budget=0.2, costs=costs, **floors)

    free = float(partner(best().solution.outcomes))
    floors = [free + 0.002 + step for step in (-2e-4, 0.0, 2e-4)]
    low, found, high = (best(floors={"partner": (partner, floor)}) for floor in floors)
    cost = float(HOME(low.solution.outcomes) - HOME(high.solution.outcomes)) / 4e-4
    assert found.shadow_prices["partner"] == pytest.approx(cost, rel=2e-3)
    assert float(partner(found.solution.outcomes)) == pytest.approx(floors[1], abs=1e-8)


def test_users_pay_their_share_and_usual_costs_are_flows():
    half = {name: Cost(1.0, 4.0, 0.2, share=0.5) for name in LINKS}
    (shared,) = packages(ECONOMY, LINKS, HOME, [0.1], half)
    whole = maximise(ECONOMY, LINKS, HOME, budget=0.2, costs=COSTS)
    # Half of the money does the same where users pay the other half.
    assert shared.result.values == pytest.approx(whole.values, abs=1e-7)
    assert shared.shared == pytest.approx(shared.spending, rel=1e-12)
    trade = np.asarray(short_run(ECONOMY).outcomes["trade"])[..., 0]
    lever = Lever("tau", "times", destinations="home")
    assert usual_cost(ECONOMY, lever, price=2.0).base == pytest.approx(2 * trade[1:, 0].sum())
    skills = usual_cost(ECONOMY, Lever("productivity", "times", places="east"), price=3.0)
    assert skills.base == pytest.approx(3 * trade[1].sum() / 4.0)  # theta is 4
    assert skills.reach == pytest.approx(1.05**4 - 1)
    with pytest.raises(InvalidParameterError, match="no usual cost"):
        usual_cost(ECONOMY, Lever("theta", "times"))


@pytest.mark.parametrize("budget", [3.0, 700.0])
def test_a_small_budget_over_wide_levers_is_spent_to_the_last_bit(budget):
    """maximise sum a sqrt(v) subject to sum v + v^2 / 2K <= K: slopes over costs are equal."""
    a = np.array([1.0, 2.0, 3.0])

    def evaluate(v):
        limit = np.array([budget - np.sum(v + v**2 / (2 * budget))])
        return Seen(float(a @ np.sqrt(v)), 0.5 * a / np.sqrt(v), limit, -(1 + v / budget)[None])

    start, low, high = np.full(3, budget / 4), np.full(3, 1e-6), np.full(3, 1e4)
    end = solve_program(evaluate, start, low, high, tolerance=1e-4)
    assert end.residual <= 1e-4
    assert abs(end.seen.limits[0]) <= 2e-14 * budget
    value = 0.5 * a / np.sqrt(end.v) / (1 + end.v / budget)
    np.testing.assert_allclose(value, value[0], rtol=1e-4)
