"""Where increasing returns end stability, who leaves first, and which equilibria lie beyond."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest

from neg import data
from neg.analysis import UnstableAllocationWarning, calibrate, compare, scenario, trade_costs
from neg.analysis.returns import equilibria_beyond, scale_limit
from neg.core.errors import InvalidDataError, InvalidParameterError, UnknownNameError
from neg.economy.general.build import general_economy
from neg.solvers.long_run import equilibrium_at

LABELS = {"places": ["p0", "p1"], "sectors": ["s0", "s1"]}
LAYERS = trade_costs(**LABELS, layers={"freight": (0.3 * (1 - np.eye(2)), "resource")})


def two_places(mobility="sectors", employment=0.5):
    """Two alike places whose sectors buy most from themselves."""
    return general_economy(
        **LABELS,
        employment=np.full((2, 2), employment),
        input_share=0.5 * np.eye(2),
        parts=LAYERS,
        theta=4.0,
        mobility=mobility,
    )


@pytest.fixture(scope="module")
def limit():
    return scale_limit(two_places(), grid=(0.0, 0.5, 1.0), tolerance=1e-6)


@pytest.mark.slow
def test_stability_ends_where_the_growth_rate_of_the_solver_changes_sign(limit):
    assert limit.converged and limit.interval[0] <= limit.limit <= limit.interval[1]
    assert limit.interval[1] - limit.interval[0] < 1e-4
    assert (np.diff(limit.alpha) > 0).all()
    for alpha, stable in ((limit.limit - 0.01, True), (limit.limit + 0.01, False)):
        economy = two_places().with_(scale=alpha)
        x = economy.initial_distribution()
        assert equilibrium_at(economy, x, x > 0).stable is stable
    # Each place specialises: what one sector of a place gains the other loses.
    np.testing.assert_allclose(np.abs(limit.pattern), 1.0, rtol=1e-6)
    np.testing.assert_allclose(limit.pattern.sum("sector"), 0.0, atol=1e-6)
    np.testing.assert_allclose(limit.pattern.sum("place"), 0.0, atol=1e-6)


@pytest.mark.slow
def test_returns_may_rise_in_one_sector_alone(limit):
    alone = scale_limit(two_places(), ["s0"], grid=(0.0, 0.5, 1.0))
    assert alone.sectors == ("s0",)
    assert np.isnan(alone.limit) or alone.limit > limit.limit
    with pytest.raises(UnknownNameError, match="sector 'x'"):
        scale_limit(two_places(), ["x"])


@pytest.fixture(scope="module")
def beyond(limit):
    return equilibria_beyond(two_places().with_(scale=min(limit.limit + 0.1, 1.0)))


@pytest.mark.slow
def test_both_sides_of_the_unstable_direction_lead_to_mirrored_equilibria(beyond):
    assert len(beyond.equilibria) == 2 and len(beyond.departures) == 2
    first, second = (np.asarray(e.x).reshape(2, 2) for e in beyond.equilibria)
    np.testing.assert_allclose(first, second[::-1], atol=1e-8)
    np.testing.assert_allclose(first.sum(axis=1), 1.0, rtol=1e-9)
    assert np.abs(first - 0.5).max() > 0.1
    for end in beyond.equilibria:
        assert end.stable and float(end.residual) < 1e-9
        again = equilibrium_at(end.model, end.x, end.used)
        np.testing.assert_allclose(again.x, end.x, atol=1e-9)
        assert float(again.growth) == pytest.approx(float(end.growth), rel=1e-6)
    assert "2 distinct stable equilibria" in beyond.statement
    assert "there may be others" in beyond.statement


@pytest.mark.slow
def test_says_who_leaves_first(beyond):
    for departure in beyond.departures:
        times = [time for time, _, _ in departure.leaving]
        assert times == sorted(times)
        end = np.asarray(departure.equilibrium.x).reshape(2, 2)
        left = {(f"p{i}", f"s{s}") for i, s in np.argwhere(end < 0.25)}
        assert left == {(place, sector) for _, place, sector in departure.leaving}


@pytest.mark.slow
def test_full_increasing_returns_empty_cells():
    found = equilibria_beyond(two_places().with_(scale=1.0))
    assert len(found.equilibria) == 2
    for end in found.equilibria:
        np.testing.assert_allclose(np.sort(np.asarray(end.x)), [0, 0, 1, 1], atol=1e-12)
        assert end.stable and int((~np.asarray(end.used)).sum()) == 2


def test_a_stable_allocation_is_said_to_be_stable(limit):
    found = equilibria_beyond(two_places().with_(scale=limit.limit - 0.1))
    assert found.equilibria == [] and "is stable" in found.statement


def test_an_allocation_that_is_no_equilibrium_is_refused():
    uneven = two_places().with_(employment=jnp.asarray([[0.3, 0.7], [0.5, 0.5]]))
    with pytest.raises(InvalidDataError, match="no equilibrium"):
        scale_limit(uneven)


@pytest.mark.slow
def test_scenarios_follow_the_equilibrium_that_is_asked_for(beyond):
    economy = beyond.equilibria[0].model
    cases = [scenario({"name": "cheaper", "edits": [{"layer": "freight", "cost": 0.97}]})]
    results = []
    for start in beyond.equilibria:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a stable start is followed without a warning
            results.append(compare(economy, cases, start=start))
    for result, start in zip(results, beyond.equilibria, strict=True):
        base = result.employment.sel(scenario="baseline").values
        np.testing.assert_allclose(base.ravel(), start.x, atol=1e-9)
        assert result.solve_follows.values[0] == "the stable one next to the given start"
        assert result.solve_follows.values[1] == "the stable one next to the baseline's equilibrium"
    here, there = (result.welfare_change.sel(scenario="cheaper").values for result in results)
    np.testing.assert_allclose(here, there[::-1], rtol=1e-6)
    with pytest.warns(
        UnstableAllocationWarning, match="must be negative.*equilibria_beyond lists those"
    ):
        default = compare(economy, cases)
    assert "dynamics reach from the unstable observed" in default.solve_follows.values[0]
    base = default.employment.sel(scenario="baseline").values.ravel()
    assert min(np.abs(base - np.asarray(e.x)).max() for e in beyond.equilibria) < 1e-8


def test_nobody_can_be_asked_to_follow_where_nobody_moves(beyond):
    with pytest.raises(InvalidParameterError, match="nobody can move"):
        compare(two_places("immobile"), [], start=beyond.equilibria[0])


@pytest.mark.slow
def test_the_observed_allocation_of_2020_is_stable_up_to_three_quarters():
    economy = calibrate(data.load_icio(), uses="common", mobility="sectors")
    limit = scale_limit(economy)
    assert limit.limit == pytest.approx(0.7433, abs=5e-4) and limit.converged
    assert limit.pattern.isel(limit.pattern.argmax(...)).place == "SGP"
    found = equilibria_beyond(economy.with_(scale=0.8))
    assert found.departures[0].growth == pytest.approx(0.0587, abs=1e-4)
    assert len(found.equilibria) == 2
    assert all(float(end.residual) < 1e-9 and end.stable for end in found.equilibria)
