"""Economies without an equilibrium, in blocks, or nearly so: named, solved in parts, or solved."""

import numpy as np
import pytest

from neg.core.errors import ConvergenceError
from neg.core.status import Status
from neg.economy.general import general_economy
from neg.economy.ledger import imbalances
from neg.solvers.long_run import equilibrium_at
from neg.solvers.short_run import short_run

OFF = ~np.eye(4, dtype=bool)[:, :, None]


def economy(factor=1.0, deficit=0.0, apart=(), seed=0, **options):
    """Four places, two sectors; ``apart`` lists pairs that do not trade, either way."""
    rng = np.random.default_rng(seed)
    taste = rng.uniform(0.5, 2.0, (4, 4, 2, 1))
    for i, j in apart:
        taste[i, j] = taste[j, i] = 0.0
    return general_economy(
        places=["A", "B", "C", "D"],
        sectors=["x", "y"],
        employment=rng.uniform(0.5, 2.0, (4, 2)),
        theta=[4.0, 6.0],
        tau=np.where(OFF, factor * rng.uniform(1.2, 2.0, (4, 4, 2)), 1.0),
        taste=taste,
        productivity=rng.uniform(0.5, 2.0, (4, 2)),
        input_share=np.full((2, 2), 0.15),
        deficit=deficit,
        **options,
    )


ISLAND = [(0, 1), (0, 2), (0, 3)]
PAIRS = [(0, 2), (0, 3), (1, 2), (1, 3)]


def real_income(solution):
    return np.exp(np.asarray(solution.payoff))


# Nearly and fully apart -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_places_that_hardly_trade_tend_to_autarky(seed):
    """Real incomes fall with trade costs towards those of places that do not trade at all."""
    everybody = [(i, j) for i in range(4) for j in range(i)]
    alone = real_income(short_run(economy(apart=everybody, seed=seed)))
    for factor in (30.0, 100.0, 300.0, 1e3, 1e5, 1e8):
        found = short_run(economy(factor, seed=seed))
        assert float(found.residual) < 1e-11
        np.testing.assert_allclose(real_income(found), alone, rtol=50.0 * factor**-4 + 1e-12)


def test_an_island_does_not_change():
    before = short_run(economy(apart=ISLAND))
    after = short_run(economy(1.3, deficit=[0.0, 0.1, -0.1, 0.0], apart=ISLAND))
    for name in ("wage", "cost", "income"):
        np.testing.assert_allclose(after.prices[name][0], before.prices[name][0], atol=1e-11)
    assert np.all(np.abs(after.prices["wage"][1:] - before.prices["wage"][1:]) > 1e-6)
    assert float(after.condition) > 1e-4  # no family of solutions


def test_two_blocks_are_what_each_is_by_itself():
    both = short_run(economy(apart=PAIRS))
    assert float(both.condition) > 1e-4
    for pair in ([0, 1], [2, 3]):
        whole = economy(apart=PAIRS)
        alone = short_run(
            general_economy(
                places=[whole.places[i] for i in pair],
                sectors=whole.sectors,
                employment=whole.employment[np.array(pair)],
                theta=whole.theta,
                tau=whole.tau[np.ix_(pair, pair)],
                taste=whole.taste[np.ix_(pair, pair)],
                productivity=whole.productivity[np.array(pair)],
                input_share=np.full((2, 2), 0.15),
            )
        )
        np.testing.assert_allclose(
            np.asarray(both.prices["wage"])[pair], alone.prices["wage"], atol=1e-10
        )


@pytest.mark.slow
def test_people_who_cannot_leave_an_island_settle_there():
    model = economy(apart=ISLAND, mobility="sectors")
    x = model.initial_distribution()
    found = equilibrium_at(model, x, x > 0)
    assert found.stable and float(found.condition) > 1e-6
    with pytest.raises(ConvergenceError, match="A trades with nobody else"):
        lends = model.with_(deficit=[0.2, -0.1, -0.1, 0.0])
        equilibrium_at(lends, x, x > 0)


# Refused ----------------------------------------------------------------------------------------


def test_a_deficit_that_must_cross_nothing_is_named():
    model = economy(deficit=[0.2, -0.1, -0.1, 0.0], apart=ISLAND)
    with pytest.raises(ConvergenceError, match="no_equilibrium.*A trades with nobody else.*0.2"):
        short_run(model)
    failed = short_run(model, throw=False)
    assert failed.status == Status.NO_EQUILIBRIUM and np.isnan(failed.payoff).all()
    assert "A trades" in failed.reason and "A trades" in repr(failed)


def test_deficits_of_two_blocks_in_one_money_are_refused():
    model = economy(deficit=[0.1, -0.1, 0.1, -0.1], apart=PAIRS)
    with pytest.raises(ConvergenceError, match="undetermined.*A, B; C, D"):
        short_run(model)
    model = economy(deficit=[0.1, -0.1, 0.0, 0.0], apart=PAIRS, numeraire="C")
    with pytest.raises(ConvergenceError, match="undetermined.*A, B; C, D"):
        short_run(model)
    short_run(economy(deficit=[0.1, -0.1, 0.0, 0.0], apart=PAIRS, numeraire="A"))


def test_who_only_sells_must_lend():
    model = economy()
    taste = np.array(model.taste)
    taste[1:, 0] = 0.0  # nobody sells to A
    with pytest.raises(ConvergenceError, match="A can sell to others and buy nothing from them"):
        short_run(model.with_(taste=taste))
    lends = short_run(model.with_(taste=taste, deficit=[-0.1, 0.1, 0.0, 0.0]))
    exports = np.asarray(lends.outcomes["trade"])[0, 1:].sum()
    assert exports == pytest.approx(0.1, rel=1e-9)


@pytest.mark.parametrize("factor", [15.0, pytest.param(40.0, marks=pytest.mark.slow)])
def test_transfers_that_nobody_can_pay_are_named(factor):
    """Dear trade cannot carry the deficits: the branch from balanced trade ends."""
    deficit = [0.9, -0.7, -0.1, -0.1]
    fine = short_run(economy(12.0, deficit=deficit))
    assert float(fine.residual) < 1e-11
    failed = short_run(economy(factor, deficit=deficit), throw=False)
    assert failed.status == Status.NO_EQUILIBRIUM
    assert "income of B falls to nothing" in failed.reason
    # Just inside the end there is an equilibrium, just outside there is none: as reported.
    share = float(failed.reason.rsplit("end at ", 1)[1].split("%")[0]) / 100
    for part, there in ((share - 0.01, True), (share + 0.01, False)):
        near = short_run(economy(factor, deficit=np.multiply(deficit, part)), throw=False)
        assert (near.status == Status.CONVERGED) == there


# Goods that nobody sells ------------------------------------------------------------------------


def one_maker(**options):
    """Both places make g, only a makes h; both buy both."""
    given = {"employment": [[1.0, 1.0], [1.0, 0.0]], "productivity": [[1.0, 1.0], [1.0, 0.0]]}
    return general_economy(
        places=["a", "b"], sectors=["g", "h"], theta=4.0, **{"tau": 1.5} | given | options
    )


CLOSED = np.ones((2, 2, 2))
CLOSED[0, 1, 1] = 0.0  # a does not sell h to b
NOBODY = {"employment": [[1.0, 0.0], [1.0, 0.0]], "productivity": [[1.0, 0.0], [1.0, 0.0]]}
INPUTS = np.array([[[0.1, 0.1], [0.2, 0.1]]] * 2)


@pytest.mark.parametrize(
    ("options", "buyer"),
    [
        (NOBODY, "a"),
        ({"employment": NOBODY["employment"], "productivity": 1.0}, "a"),
        ({"taste": CLOSED}, "b"),
        ({"tau": 1e200}, "b"),
        ({"taste": CLOSED, "final_share": [[0.5, 0.5], [1.0, 0.0]], "input_share": INPUTS}, "b"),
    ],
)
def test_a_good_that_nobody_sells_to_its_buyer_is_named(options, buyer):
    found = short_run(one_maker(**options), throw=False)
    assert found.status == Status.NO_EQUILIBRIUM
    assert f"h is bought in {buyer}, and nobody who makes it sells there" in found.reason
    assert np.isnan(np.asarray(found.outcomes["wage"])).all()


@pytest.mark.parametrize(
    "options", [{}, {"taste": CLOSED, "final_share": [[0.5, 0.5], [1.0, 0.0]]}]
)
def test_a_good_that_is_served_or_not_bought_is_no_obstacle(options):
    found = short_run(one_maker(**options))
    assert max(imbalances(found.ledger).values()) < 1e-12


def test_a_set_of_cells_that_fails_is_not_taken_for_a_good_that_nobody_makes():
    """Who would move to an empty cell makes it no equilibrium; all goods are made and sold."""
    model = economy(mobility="sectors", alpha=[1.0, 0.2])
    x = np.array(model.initial_distribution())
    x[:2] = 0.0, x[:2].sum()
    found = equilibrium_at(model, x, x > 0, throw=False)
    assert found.status == Status.NOT_EQUILIBRIUM and not found.reason
    assert model.obstacle(np.full(8, np.nan)) is None
