"""Selection under any law of productivity, with costs at destinations, in compiled code."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from neg import compose, general_economy, short_run
from neg.core.errors import InvalidParameterError
from neg.economy.ledger import largest_imbalance
from neg.economy.lever import Lever
from neg.firms import Melitz, Selection
from neg.menus import LogNormal, Pareto

WORKERS, ENTRY = [1.0, 2.0], [1.0, 1.2]
FIXED, TAU = [[0.5, 0.8], [0.9, 0.6]], [[1.0, 1.3], [1.25, 1.0]]


def economy(theta=3.0, **changes):
    given = {"employment": [[1.0], [2.0]], "alpha": 1.0, "tau": TAU}
    given["productivity"] = [[1.0], [1 / 1.2]]
    return general_economy(places=["a", "b"], sectors=["goods"], theta=theta, **(given | changes))


def selection(**changes):
    return Selection(**({"fixed": FIXED, "entry": ENTRY, "limit": 6.0} | changes))


SAME = ("entrants", "firms", "cutoff", "participation", "small_enterprises", "small_jobs")
SAME = (*SAME, "small_value_added", "small_exports")


@pytest.mark.slow
@pytest.mark.parametrize(
    "law", [LogNormal(0.1, 0.5), pytest.param(Pareto(4.5), marks=pytest.mark.slow)]
)
def test_any_law_makes_the_general_economy_melitz(law):
    twin = compose(economy(), [selection(law=law, premium=0.1)])
    solved = short_run(twin)
    found = solved.outcomes
    given = {"workers": WORKERS, "fixed": FIXED, "entry": ENTRY, "tau": TAU, "limit": 6.0}
    own = short_run(Melitz(**given, premium=0.1, productivity=law)).outcomes
    wage = found["wage"][:, 0]
    assert wage / wage[0] == pytest.approx(np.asarray(own["wage"]), rel=1e-9)
    for name in SAME:
        here = np.asarray(found[f"selection.{name}"])[..., 0]
        assert here == pytest.approx(np.asarray(own[name]), rel=1e-8), name
    share = found["trade"][:, :, 0] / jnp.sum(found["trade"][:, :, 0], axis=0)
    assert share == pytest.approx(np.asarray(own["trade_share"]), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("kappa", [3.4, 4.5, 7.0])
@pytest.mark.parametrize("tariff", [0.0, 0.15])
def test_two_routes_to_pareto(kappa, tariff):
    """Chaney's kernel in closed form, and cut-offs solved for under the same Pareto law.

    Tariffs fall on prices with a mark-up: the first route must be told their elasticity.
    """
    dear = 4.0 * np.asarray(FIXED)  # cut-offs inside the support, or the closed form is void
    response = (4.0 * kappa / 3.0 - 1.0) / kappa
    closed = compose(
        economy(theta=kappa, tariff=tariff, tariff_response=response), [selection(fixed=dear)]
    )
    solved = compose(economy(tariff=tariff), [selection(law=Pareto(kappa), fixed=dear)])
    one, other = short_run(closed).outcomes, short_run(solved).outcomes
    for name in ("wage", "trade", "income", "tariff_revenue"):
        assert other[name] == pytest.approx(np.asarray(one[name]), rel=1e-8, abs=1e-12), name
    for name in ("entrants", "firms", "participation", "small_jobs"):
        pair = (other[f"selection.{name}"], one[f"selection.{name}"])
        assert pair[0] == pytest.approx(np.asarray(pair[1]), rel=1e-7), name


@pytest.mark.slow
def test_log_normal_against_a_million_firms():
    law = LogNormal(0.0, 0.6)
    found = short_run(compose(economy(), [selection(law=law)])).outcomes
    z = np.asarray(law.draw(jax.random.key(3), 1_000_000))
    cut = np.asarray(found["selection.cutoff"][:, :, 0])
    for i in range(2):
        for j in range(2):
            share = float(found["selection.participation"][i, j, 0])
            assert np.mean(z > cut[i, j]) == pytest.approx(share, abs=5 * np.sqrt(share / 1e6))
    # Free entry in the population: profit over cut-offs, mean sales as the economy has them.
    cost = np.asarray(found["unit_cost"][:, 0])
    for i in range(2):
        x = z**3.0
        fixed = np.asarray(FIXED)[i] * cost[i]
        slope = fixed / cut[i] ** 3.0
        profit = ((x[:, None] * slope - fixed) * (z[:, None] > cut[i])).sum(axis=1)
        error = profit.std() / 1e3
        assert profit.mean() == pytest.approx(ENTRY[i] * cost[i], abs=5 * error)


@pytest.mark.slow
@pytest.mark.parametrize("destination", [0.3, 1.0])
@pytest.mark.parametrize("kappa", [3.6, 5.0])
def test_destination_costs_under_tariffs(destination, kappa):
    part = selection(destination=destination)
    model = compose(economy(theta=kappa, tariff=0.2, export_tax=0.03), [part])
    solved = short_run(model)
    assert largest_imbalance(solved.ledger) <= 1e-12
    found = solved.outcomes
    share = destination * (kappa - 3.0) / (kappa * 4.0)
    sold = np.asarray(found["trade"][:, :, 0])
    output = (1.0 - share) * sold.sum(axis=1) + share * sold.sum(axis=0)
    assert found["output"][:, 0] == pytest.approx(output, rel=1e-10)


@pytest.mark.slow  # a closed form that the tests against Melitz hold
def test_where_fixed_costs_are_paid_does_not_matter_between_twins():
    twins = {"employment": [[1.0], [1.0]], "productivity": 1.0, "tau": [[1.0, 1.3], [1.3, 1.0]]}
    found = [
        short_run(
            compose(
                economy(theta=4.5, tariff=0.15, **twins),
                [Selection(fixed=[[0.5, 0.8], [0.8, 0.5]], destination=d)],
            )
        ).outcomes
        for d in (None, 0.5, 1.0)
    ]
    for other in found[1:]:
        for name in ("price_index", "trade", "income", "welfare"):
            assert other[name] == pytest.approx(np.asarray(found[0][name]), rel=1e-10), name


@pytest.mark.slow
def test_recognition_is_a_cut_of_fixed_costs_abroad():
    cut = np.array([[1.0, 0.7], [0.7, 1.0]]) * np.asarray(FIXED)
    one = short_run(compose(economy(4.5), [selection(recognition=0.3)])).outcomes
    other = short_run(compose(economy(4.5), [selection(fixed=cut)])).outcomes
    for name, value in other.items():
        assert one[name] == pytest.approx(np.asarray(value), rel=1e-11), name


@pytest.mark.slow  # a program inside a program
def test_levers_move_inside_compiled_code():
    model = compose(economy(4.5), [selection()])
    lever = Lever("productivity", "times", places=("a",))

    @jax.jit
    def wage(value):
        return short_run(lever.put(model, value)).outcomes["wage"]

    outside = short_run(lever.put(model, 1.1)).outcomes["wage"]
    assert wage(1.1) == pytest.approx(np.asarray(outside), rel=1e-12)
    moved = jax.jit(lambda v: model.with_(tau=v).base.tau)(1.2)
    abroad = ~np.eye(len(moved), dtype=bool)
    assert moved[abroad] == pytest.approx(1.2) and moved[~abroad] == pytest.approx(1.0)


def test_bad_laws_are_named():
    with pytest.raises(InvalidParameterError, match=r"theta = 4.5 .* law"):
        compose(economy(4.5), [selection(law=LogNormal())])
    with pytest.raises(InvalidParameterError, match="destination is not allowed"):
        compose(economy(), [selection(law=LogNormal(), destination=0.5)])
    with pytest.raises(InvalidParameterError, match="destination is not allowed"):
        compose(economy(4.5), [selection(threshold=1.2, destination=0.5)])
