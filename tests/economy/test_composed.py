"""Economies composed of a model and parts: twins, refusals, names, stocks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from economies import random_table

from neg.analysis import calibrate, compare, labelled, scenario
from neg.barriers import Barrier, Layer
from neg.core.errors import InvalidParameterError, LabelMismatchError, UnknownNameError
from neg.core.parameters import parameter
from neg.economy.composed import compose
from neg.economy.general import general_economy
from neg.economy.part import Part
from neg.models.allen_arkolakis import AllenArkolakis
from neg.models.core_periphery import CorePeriphery
from neg.models.helpman import Helpman
from neg.models.ottaviano_tabuchi_thisse import OttavianoTabuchiThisse
from neg.parts import Density, Hours, Knowledge, Land, Pollution, Tastes, Traffic
from neg.solvers.dynamics import paths
from neg.solvers.long_run import equilibrium_at, long_run
from neg.solvers.short_run import short_run

TABLE = random_table(seed=3)
UNEVEN = np.array([0.7, 0.3])


class Customs(Barrier):
    label = "customs"
    hours: jax.Array = parameter(24.0, "hours at the border", low=0.0, unit="hours")
    daily: jax.Array = parameter(0.01, "share of value that a day costs", low=0.0)

    def ad_valorem(self, scene):
        return self.daily * self.hours / 24.0


def test_a_layer_on_a_canonical_model_is_a_higher_trade_cost():
    layered = compose(CorePeriphery(tau=1.5), [Layer("border", 0.2)])
    plain = CorePeriphery(tau=1.8)
    for x in (UNEVEN, np.array([1.0, 0.0])):
        np.testing.assert_allclose(
            short_run(layered, x).payoff, short_run(plain, x).payoff, rtol=1e-12
        )
    half = layered.with_(**{"border.factor": 0.5})
    np.testing.assert_allclose(
        short_run(half, UNEVEN).payoff, short_run(CorePeriphery(tau=1.65), UNEVEN).payoff
    )


def test_layers_are_calibrated_with_the_economy_and_leave_the_baseline_alone():
    parts = [Customs(), Layer("duty", 0.1, kind="tariff"), Hours(0.4)]
    table = random_table(seed=3, tariffs=False)
    model = calibrate(table, theta=5.0, alpha=0.2, uses="common", parts=parts)
    found = short_run(model)
    np.testing.assert_allclose(found.outcomes["trade"], table.flows, rtol=1e-9)
    np.testing.assert_allclose(found.outcomes["wage"], 1.0, rtol=1e-9)
    faster = model.with_(**{"customs.hours": 12.0})
    assert np.all(np.asarray(short_run(faster).outcomes["welfare"]) > found.outcomes["welfare"])


def test_what_is_said_twice_is_refused_by_name():
    with pytest.raises(InvalidParameterError, match=r"part 'land'.*Helpman already says land"):
        compose(Helpman(), [Land()])
    with pytest.raises(InvalidParameterError, match="'land'"):
        compose(_housing(), [Land()])
    with pytest.raises(LabelMismatchError, match="land"):
        compose(compose(CorePeriphery(), [Land()]), [Land()])
    with pytest.raises(InvalidParameterError, match="barrier.*does not take up"):
        compose(OttavianoTabuchiThisse(), [Layer("border", 0.1)])
    with pytest.raises(InvalidParameterError, match=r"pollution\.reach"):
        compose(_housing(housing_share=0.0), [Pollution(reach=0.5)])
    with pytest.raises(UnknownNameError, match="part 'nothing'"):
        compose(CorePeriphery(), [Land()]).with_(**{"nothing.h": 1.0})


def _housing(**given):
    return general_economy(
        places=["a", "b"],
        sectors=["goods"],
        employment=0.5,
        theta=4.0,
        alpha=1.0,
        tau=[[1.0, 1.5], [1.5, 1.0]],
        mobility="free",
        **{"housing_share": 0.2} | given,
    )


@pytest.mark.parametrize("x", [[0.6, 0.4], pytest.param([1.0, 0.0], marks=pytest.mark.slow)])
def test_a_part_does_the_same_to_the_canonical_model_and_to_its_twin(x):
    """Density on Allen-Arkolakis and its twin: one log of nothing, also in corners."""
    tau = np.array([[1.0, 1.5], [1.5, 1.0]])
    parts = [Density(delta=1e-3, residents=0.0)]
    canon = compose(AllenArkolakis(sigma=5.0, alpha=0.25, beta=0.0, tau=1.5), parts)
    twin = general_economy(
        places=["a", "b"],
        sectors=["goods"],
        employment=0.5,
        theta=4.0,
        alpha=1.0,
        tau=tau,
        mobility="free",
        parts=parts,
    )
    ours, theirs = (np.asarray(short_run(m, np.array(x)).payoff) for m in (twin, canon))
    np.testing.assert_allclose(ours - ours[0], theirs - theirs[0], rtol=1e-9, atol=1e-9)
    if x[1] == 0.0:
        assert ours[1] - ours[0] > 900  # nobody leaves an empty place empty
        used = np.array([True, False])
        assert {int(equilibrium_at(m, x, used, throw=False).status) for m in (twin, canon)} == {6}


def test_traffic_lengthens_the_way_in_both_worlds():
    parts = [Traffic(slope=0.4, power=1.0)]
    canon = compose(AllenArkolakis(sigma=5.0, alpha=0.0, beta=0.0, tau=1.5), parts)
    twin = general_economy(
        places=["a", "b"],
        sectors=["goods"],
        employment=0.5,
        theta=4.0,
        tau=[[1.0, 1.5], [1.5, 1.0]],
        mobility="free",
        parts=parts,
    )
    ours, theirs = (np.asarray(short_run(m, UNEVEN).payoff) for m in (twin, canon))
    np.testing.assert_allclose(ours - ours[0], theirs - theirs[0], atol=1e-10)


@pytest.mark.slow
def test_knowledge_at_rest_is_a_local_externality():
    """Without a start, knowledge is learning x / forgetting: beta rises by gamma."""
    base = AllenArkolakis(alpha=0.05, beta=-0.2, tau=1.4)
    model = compose(base, [Knowledge(gamma=0.1, start=0.0, learning=2.0, forgetting=0.5)])
    twin = AllenArkolakis(alpha=0.05, beta=-0.1, tau=1.4)
    start = [0.6, 0.4]
    found, other = long_run(model, start), long_run(twin, start)
    np.testing.assert_allclose(found.x, other.x, atol=1e-9)
    level = np.exp(np.asarray(found.prices["knowledge.level"]))
    np.testing.assert_allclose(level, 2.0 * np.asarray(found.x) / 0.5, rtol=1e-9)


# Stocks in time: an economy so symmetric that knowledge alone decides -----------------------------


@pytest.mark.slow
def test_a_stock_at_given_industry_follows_its_closed_form():
    """k(t) = rest + (k(0) - rest) exp(-forgetting t) where industry stands still."""
    part = Knowledge(gamma=0.0, learning=2.0, forgetting=0.5, start=0.1)
    model = compose(AllenArkolakis(alpha=0.0, beta=0.0, tau=1.0), [part])
    times = np.linspace(0.0, 4.0, 5)
    level = np.array([3.0, 0.4])
    found = paths(model, [0.5, 0.5], times, stocks={"knowledge.level": level})
    rest = (0.1 + 2.0 * 0.5) / 0.5
    expected = rest + (level - rest) * np.exp(-0.5 * times)[:, None]
    np.testing.assert_allclose(found["knowledge.level"][0], expected, rtol=1e-6)
    resting = paths(model, [0.5, 0.5], times)
    np.testing.assert_allclose(resting["knowledge.level"], rest, rtol=1e-7)


@pytest.mark.parametrize("speed", [0.05, 50.0])
def test_growth_of_people_and_knowledge_together_is_that_of_a_two_by_two_matrix(speed):
    """Odd deviations (u of log shares, v of log knowledge): u' = a u + g v, v' = f (u - v).

    With ``a`` the growth rate without knowledge, ``g`` its gain in payoffs and ``f`` the speed at
    which it is forgotten; without a start, log knowledge rests at the log share.
    """
    base = AllenArkolakis(alpha=0.05, beta=-0.3, tau=1.4)
    part = Knowledge(gamma=0.2, start=0.0, learning=speed, forgetting=speed)
    found = equilibrium_at(compose(base, [part]), [0.5, 0.5], [True, True])
    alone = float(equilibrium_at(base, [0.5, 0.5], [True, True]).growth)
    matrix = [[alone, 0.5 * 2 * 0.2], [speed, -speed]]
    exact = np.linalg.eigvals(np.array(matrix)).real.max()
    assert float(found.growth) == pytest.approx(exact, rel=1e-7)


@pytest.mark.slow
def test_paths_with_knowledge_end_where_the_long_run_rests():
    base = AllenArkolakis(alpha=0.05, beta=-0.3, tau=1.4)
    model = compose(base, [Knowledge(gamma=0.1, start=0.05)])
    end = paths(model, [0.7, 0.3], [0.0, 400.0])
    rest = equilibrium_at(model, end["x"].values[0, -1], [True, True])
    np.testing.assert_allclose(end["x"][0, -1], rest.x, atol=1e-5)
    np.testing.assert_allclose(
        end["knowledge.level"][0, -1], np.exp(rest.prices["knowledge.level"]), rtol=1e-4
    )


def test_compare_and_labelled_run_on_a_canonical_model_with_parts():
    model = compose(CorePeriphery(tau=1.3), [Land(h=0.2), Layer("border", 0.1), Tastes(0.05)])
    cases = [
        scenario({"name": "open", "edits": [{"layer": "border", "cost": 0.9}]}),
        scenario({"name": "land", "edits": [{"path": "land.supply", "times": 2.0}]}),
    ]
    result = compare(model, cases)
    assert result.sizes["scenario"] == 3 and list(result.place.values) == ["0", "1"]
    assert set(result["land.rent"].dims) == {"scenario", "place"}
    assert float(result["land.rent"].sel(scenario="land").max()) < float(
        result["land.rent"].sel(scenario="baseline").max()
    )
    assert labelled(long_run(model, UNEVEN))["payoff"].dims == ("place",)


def test_own_parts_with_unknowns_and_effects_compose():
    class Toll(Part):
        """A toll that just pays for a bridge: an unknown of the part's own."""

        label = "toll"
        cost: jax.Array = parameter(0.02, "cost of the bridge", low=0.0)

        def unknowns(self, scene):
            return {"rate": jnp.zeros(())}

        def effects(self, scene):
            away = 1.0 - jnp.eye(scene.places)
            return {"barrier": away * jnp.exp(scene.own(self, "rate") - 3.0)}

        def residual(self, scene):
            traffic = jnp.sum(scene.mass) / scene.places
            return {"rate": jnp.log(self.cost / traffic) + 3.0 - scene.own(self, "rate")}

    model = compose(CorePeriphery(tau=1.5), [Toll()])
    found = short_run(model, UNEVEN)
    raised = CorePeriphery(tau=1.5 * np.exp(0.04))
    np.testing.assert_allclose(found.payoff, short_run(raised, UNEVEN).payoff, rtol=1e-9)
    slope = jax.grad(lambda c: short_run(model.with_(**{"toll.cost": c}), UNEVEN).payoff[0])(0.02)
    up, down = (
        short_run(model.with_(**{"toll.cost": c}), UNEVEN).payoff[0] for c in (0.0201, 0.0199)
    )
    assert float(slope) == pytest.approx(float(up - down) / 2e-4, rel=1e-5)
