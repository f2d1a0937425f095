"""Commuting: against a direct statement of the model, and its limits."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from neg import parts
from neg.analysis import Lever, gradient, labelled
from neg.core.errors import InvalidDataError, LabelMismatchError, NegError
from neg.economy.general import general_economy
from neg.economy.ledger import largest_imbalance
from neg.models.commuting import Commuting
from neg.models.helpman import Helpman
from neg.places.layouts import Geography
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run


def region(n=6, seed=0, **changes):
    rng = np.random.default_rng(seed)
    place = rng.uniform(size=(n, 2))
    distance = np.linalg.norm(place[:, None] - place[None], axis=2)
    given = {
        "iceberg": np.exp(0.4 * distance),
        "commuting_cost": np.exp(1.2 * distance),
        "amenity": rng.uniform(0.5, 1.5, (n, n)),
        "productivity": rng.uniform(0.8, 1.2, n),
        "land": rng.uniform(0.5, 1.5, n),
        "names": tuple(f"p{i}" for i in range(n)),
    }
    return Commuting(**given | changes)


def solved(model, method="auto"):
    x = model.initial_distribution()
    return equilibrium_at(model, x, jnp.ones(x.shape, bool), method=method)


@pytest.mark.parametrize(
    "case",
    [
        "whole",
        pytest.param("nobody lives in p2", marks=pytest.mark.slow),
        pytest.param("nobody works in p3", marks=pytest.mark.slow),
    ],
)
def test_equilibrium_satisfies_the_published_equations(case):
    amenity = np.array(region().amenity)
    if "lives" in case:
        amenity[2] = 0.0
    if "works" in case:
        amenity[:, 3] = 0.0
    model = region(amenity=amenity)
    lived = amenity.any(axis=1)
    found = solved(model)  # every place is said to be used, those where nobody can live as well
    out = {name: np.asarray(value) for name, value in found.outcomes.items()}
    assert all(np.isfinite(value).all() for value in out.values())
    assert found.stable and np.isfinite(found.x).all()
    assert np.all(out["residents"][~lived] == 0.0) and np.all(out["rent"][~lived] == 0.0)
    w, price, rent = out["wage"], out["price_index"], np.where(lived, out["rent"], 1.0)
    epsilon, alpha, sigma = 3.3, 0.6, 4.0
    cost = np.asarray(model.commuting_cost)
    utility = amenity * (
        (cost * (price**alpha * rent ** (1 - alpha))[:, None]) ** -epsilon * w[None, :] ** epsilon
    )
    joint = utility / utility.sum()  # probability to live in n and work in i
    np.testing.assert_allclose(out["commuting"], joint, rtol=1e-9)
    np.testing.assert_allclose(out["residents"], joint.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(out["workers"], joint.sum(axis=0), rtol=1e-9)
    income = (joint * w).sum(axis=1)  # total income of residents
    delivered = (w / np.asarray(model.productivity))[:, None] * np.asarray(model.iceberg)
    weight = out["workers"][:, None] * delivered ** (1 - sigma)
    share = weight / weight.sum(axis=0)
    np.testing.assert_allclose(share @ income, w * out["workers"], rtol=1e-9)
    assert (w * out["workers"]).sum() == pytest.approx(1.0, abs=1e-10)
    land_bill = out["rent"] * np.asarray(model.land)
    np.testing.assert_allclose(land_bill, (1 - alpha) * income, rtol=1e-9)
    assert largest_imbalance(found.ledger) <= 1e-10
    free = solved(model, "matrix-free")
    np.testing.assert_allclose(free.outcomes["residents"], out["residents"], rtol=1e-8)
    if "lives" in case:  # the same when it is said to be unused, and when people start there
        x = model.initial_distribution()
        assert x[2] == 0.0
        unused = equilibrium_at(model, x, x > 0)
        np.testing.assert_allclose(unused.outcomes["residents"], out["residents"], rtol=1e-8)
        left = long_run(model, np.full(6, 1 / 6))
        assert left.x[2] == 0.0 and not left.used[2]
        np.testing.assert_allclose(left.x, out["residents"], rtol=1e-8)


def twin(model, people, **given):
    """The same economy, composed: one sector, and people who choose by wage, way and taste."""
    theta = float(model.sigma) - 1.0
    ease = np.asarray(model.amenity) * np.asarray(model.commuting_cost) ** -float(model.epsilon)
    return general_economy(
        places=model.names,
        sectors=("goods",),
        employment=np.asarray(people)[:, None],
        theta=theta,
        alpha=1.0,
        tau=np.asarray(model.iceberg),
        productivity=np.asarray(model.productivity)[:, None] ** theta,
        housing_share=1.0 - float(model.alpha),
        land=np.asarray(model.land) / float(model.alpha),  # rents are spent on housing again
        mobility="free",
        parts=[parts.Commuting(model.epsilon, ease), parts.Tastes(1.0 / float(model.epsilon))],
        **given,
    )


@pytest.mark.slow
def test_it_is_the_general_economy_with_commuting_and_tastes():
    model = region(n=5)
    for run in (short_run, lambda m, x: equilibrium_at(m, x, x > 0)):
        start = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
        ours = run(model, start)
        general = twin(model, start)
        theirs = run(general, start)
        one, other = ours.outcomes, theirs.outcomes
        close = {"rtol": 1e-9}
        np.testing.assert_allclose(ours.x, theirs.x, **close)
        np.testing.assert_allclose(one["wage"], other["wage"][:, 0], **close)
        np.testing.assert_allclose(one["workers"], other["employment"][:, 0], **close)
        np.testing.assert_allclose(one["rent"], other["rent"], **close)
        np.testing.assert_allclose(one["price_index"], other["price_index"][:, 0, 0], **close)
        np.testing.assert_allclose(one["commuting"], other["commuting.flow"], **close)
        gap = np.asarray(theirs.payoff) - np.asarray(ours.payoff)  # local rents are income there
        np.testing.assert_allclose(gap, -np.log(0.6), atol=1e-9)
    assert labelled(theirs)["commuting.flow"].dims == ("residence", "workplace")


@pytest.mark.slow
def test_in_the_twin_too_nobody_lives_where_no_job_is_in_reach():
    amenity = np.array(region(n=5).amenity)
    amenity[1] = 0.0
    model = region(n=5, amenity=amenity)
    start = model.initial_distribution()
    general = twin(model, start)
    theirs = equilibrium_at(general, start, start > 0)
    ours = equilibrium_at(model, start, start > 0)
    np.testing.assert_allclose(theirs.x, ours.x, rtol=1e-9)
    assert theirs.x[1] == 0.0
    assert all(np.isfinite(value).all() for value in theirs.outcomes.values())
    with pytest.raises(InvalidDataError, match="people live in 'p1'.*commuting.matrix"):
        twin(model, np.full(5, 0.2))


@pytest.mark.slow
def test_money_adds_up_with_two_sectors_and_commuters():
    rng = np.random.default_rng(4)
    n, s = 4, 2
    economy = general_economy(
        places=[f"p{i}" for i in range(n)],
        sectors=("food", "cars"),
        employment=rng.uniform(1, 2, (n, s)),
        theta=(4.0, 6.0),
        alpha=0.3,
        tau=np.exp(rng.uniform(0.0, 0.5, (n, n))),
        input_share=rng.uniform(0.1, 0.2, (n, s, s)),
        housing_share=0.2,
        deficit=[0.1, -0.1, 0.2, -0.2],
        parts=[parts.Commuting(matrix=rng.uniform(0.1, 1.0, (n, n)))],
    )
    found = short_run(economy)
    assert largest_imbalance(found.ledger) <= 1e-9
    wages = np.asarray(found.ledger["firms", "people", "wages"])
    out = found.outcomes
    flow = np.asarray(out["commuting.flow"])
    assert np.all(wages[~np.eye(n, dtype=bool)] > 0)  # workplaces pay residences
    np.testing.assert_allclose(
        wages.sum(axis=1), np.sum(out["wage"] * out["employment"], axis=1), rtol=1e-9
    )
    np.testing.assert_allclose(flow.sum(axis=1), economy.cells.employment.sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(flow.sum(axis=0), out["employment"].sum(axis=1), rtol=1e-9)


def test_without_commuting_it_is_helpman_with_tastes():
    """At prohibitive commuting costs everybody works at home: Helpman's wages at the same x."""
    tau = np.exp(0.5 * (1 - np.eye(3)))
    model = region(
        n=3,
        iceberg=tau,
        commuting_cost=np.where(np.eye(3, dtype=bool), 1.0, 1e9),
        amenity=np.ones((3, 3)),
        productivity=np.ones(3),
        land=np.full(3, 1 / 3),
    )
    x = np.array([0.5, 0.3, 0.2])
    ours = short_run(model, x)
    helpman = short_run(
        Helpman(sigma=4.0, a=0.6, tau=np.e, geography=Geography.from_iceberg(tau)), x
    )
    np.testing.assert_allclose(ours.outcomes["wage"], helpman.outcomes["wage"], rtol=1e-9)
    np.testing.assert_allclose(ours.outcomes["workers"], x, rtol=1e-9)


def test_bad_input_is_refused():
    with pytest.raises(NegError, match="land"):
        region(land=np.zeros(6))
    with pytest.raises(NegError, match="iceberg"):
        region(iceberg=np.full((6, 6), 0.5))
    with pytest.raises(NegError, match="amenity has shape"):
        region(amenity=np.ones((6, 5)))
    with pytest.raises(InvalidDataError, match="residents of 'p1' are 0.5 and no job"):
        region(amenity=np.eye(6) * (np.arange(6) != 1), residents=np.full(6, 0.5))
    with pytest.raises(InvalidDataError, match="residents are zero"):
        region(residents=np.zeros(6))
    with pytest.raises(LabelMismatchError, match="names"):
        region(names=("p0",) * 6)


@pytest.mark.slow
def test_head_counts_and_money_are_units_only():
    model = region(n=5)
    counted = model.with_(residents=np.full(5, 2000.0), mean_wage=3000.0)
    plain, units = solved(model).outcomes, solved(counted).outcomes
    np.testing.assert_allclose(units["wage"], 3000.0 * plain["wage"], rtol=1e-9)
    np.testing.assert_allclose(units["commuting"], 1e4 * plain["commuting"], rtol=1e-9)
    np.testing.assert_allclose(units["rent"], 3e7 * plain["rent"], rtol=1e-9)


def test_levers_and_labels_reach_every_parameter():
    model = region(n=5)
    cheaper = Lever("commuting_cost", "times", origins="p0").put(model, 0.5)
    ratio = np.asarray(cheaper.commuting_cost / model.commuting_cost)
    assert ratio[0].tolist() == [1.0, 0.5, 0.5, 0.5, 0.5] and np.all(ratio[1:] == 1.0)
    there = Lever("commuting_cost", "times", destinations="p1", abroad_only=False).put(model, 0.5)
    assert np.all(np.asarray(there.commuting_cost / model.commuting_cost)[:, 1] == 0.5)
    assert Lever("land", places="p3").put(model, 9.0).land[3] == 9.0
    assert np.all(np.asarray(model.with_(productivity=2.0).productivity) == 2.0)
    mixed = xr.DataArray(np.arange(1.0, 6.0), {"place": ["p4", "p3", "p2", "p1", "p0"]})
    assert model.with_(land=mixed).land.tolist() == [5.0, 4.0, 3.0, 2.0, 1.0]
    with pytest.raises(LabelMismatchError, match="land"):
        model.with_(land=mixed.assign_coords(place=list("abcde")))


@pytest.mark.slow
def test_gradients_are_those_of_solving_again():
    model = region(n=5)
    at = solved(model)
    lever = Lever("commuting_cost", "times", origins="p0")
    slope = gradient(model, lambda out: jnp.log(out["rent"][0]), lever, at=at)
    assert slope.dims == ("residence", "workplace") and np.isnan(slope.sel(residence="p1")).all()
    ends = [solved(lever.put(model, 1.0 + h)).outcomes["rent"][0] for h in (1e-4, -1e-4)]
    step = float(jnp.log(ends[0] / ends[1])) / 2e-4
    assert float(slope.sum()) == pytest.approx(step, rel=1e-6)
