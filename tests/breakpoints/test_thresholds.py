"""Break and sustain points against closed forms, their gradients, and the cases with none."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from neg.breakpoints.scale import scale_of
from neg.breakpoints.thresholds import threshold, threshold_gradient, thresholds
from neg.core.errors import BlackHoleError, InvalidParameterError, UnknownNameError
from neg.firms import TakeOff
from neg.models.core_periphery import CorePeriphery
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.models.puga import PugaImmobile
from neg.models.vertical_linkages import VerticalLinkages
from neg.places.layouts import equidistant, from_distance, line, racetrack
from neg.solvers.short_run import short_run
from neg.solvers.stability import growth_rate
from neg.solvers.system import slopes


def break_of(sigma, mu, n=2):
    """FKV eq. 5.17 for n equidistant regions, from chi = (1-phi)/(1+(n-1)phi)."""
    rho = (sigma - 1) / sigma
    chi = mu * (1 + rho) / (rho + mu**2)
    return ((1 + (n - 1) * chi) / (1 - chi)) ** (1 / (sigma - 1))


def sustain_of(sigma, mu, n=2):
    def gap(t):
        phi = t ** (1 - sigma)
        inner = (1 + (n - 1) * mu) / n * phi + (1 - mu) / (n * phi) + (n - 2) * (1 - mu) / n
        return -mu * sigma * np.log(t) + np.log(inner)

    return brentq(gap, break_of(sigma, mu, n) * 1.0000001, 1e4, xtol=1e-14)


@pytest.mark.parametrize(
    ("sigma", "mu"), [(5.0, 0.4), (4.0, 0.2), (8.0, 0.6), (2.5, 0.3), (5.0, 0.75)]
)
def test_core_periphery_has_its_break_and_sustain_points(sigma, mu):
    found = thresholds(CorePeriphery(sigma=sigma, mu=mu))
    assert [point.kind for point in found.points] == ["break", "sustain"]
    bifurcation, sustain = found.points
    assert bifurcation.converged and sustain.converged and found.none_because is None
    assert bifurcation.value == pytest.approx(break_of(sigma, mu), rel=1e-11)
    assert sustain.value == pytest.approx(sustain_of(sigma, mu), rel=1e-11)
    assert bifurcation.interval[0] < bifurcation.value < bifurcation.interval[1]
    np.testing.assert_allclose(bifurcation.pattern, [1, -1], atol=1e-9)
    np.testing.assert_array_equal(sustain.pattern, [1, 0])
    assert sustain.places == ("0", "1") and bifurcation.below == "unstable"


def test_values_of_the_textbook_case():
    values = [p.value for p in thresholds(CorePeriphery(sigma=5.0, mu=0.4)).points]
    np.testing.assert_allclose(values, [1.626577, 1.807313], atol=5e-7)


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 5])
def test_equidistant_regions(n):
    found = thresholds(CorePeriphery(geography=equidistant(n)))
    (bifurcation,), (sustain,) = found.of_kind("break"), found.of_kind("sustain")
    assert bifurcation.value == pytest.approx(break_of(5.0, 0.4, n), rel=1e-11)
    assert sustain.value == pytest.approx(sustain_of(5.0, 0.4, n), rel=1e-11)
    assert len(sustain.places) == n


@pytest.mark.slow
def test_racetrack_breaks_by_period_doubling():
    found = thresholds(CorePeriphery(geography=racetrack(8)), modes=3)
    first = [p for p in found.of_kind("break") if p.rank == 0]
    assert len(first) == 1
    assert first[0].value ** -4.0 == pytest.approx(0.071797, abs=5e-7)
    np.testing.assert_allclose(first[0].pattern, [1, -1] * 4, atol=1e-8)
    later = [p for p in found.of_kind("break") if p.rank > 0]
    chi, angle = 0.4 * 1.8 / (0.8 + 0.16), 2 * np.pi * np.arange(8) / 8
    for point in later:  # the other modes cross where their eigenvalue of the geography is chi_B
        r = point.value**-4.0
        row = r ** np.minimum(np.arange(8), 8 - np.arange(8))
        values = [(row * np.cos(m * angle)).sum() / row.sum() for m in (1, 2, 3)]
        assert np.min(np.abs(np.array(values) - chi)) < 1e-9
    assert later


@pytest.mark.parametrize(
    ("name", "kind", "inside"),
    [
        ("tau", "cost", (1.001, 1.7, 40.0)),  # declared to be a cost factor
        ("sigma", "above", (1.001, 5.0, 40.0)),  # a lower bound of one alone makes no cost of it
        ("mu", "between", (0.01, 0.4, 0.99)),
        ("phi", "between", (0.01, 0.4, 0.99)),
    ],
)
def test_where_a_parameter_is_searched_follows_what_is_declared_of_it(name, kind, inside):
    scale = scale_of(CorePeriphery(), name)
    assert scale.kind == kind
    for value in inside:
        at = scale.coordinate(value)
        assert float(scale.first) < at < float(scale.last)
        assert float(scale.value(at)) == pytest.approx(value, rel=1e-12)


@pytest.mark.slow
def test_other_parameters_and_aliases_trace_the_same_surface():
    model = CorePeriphery(sigma=5.0, mu=0.4)
    tau = thresholds(model).of_kind("break")[0].value
    phi = thresholds(model, "phi").of_kind("break")[0].value
    assert phi == pytest.approx(tau**-4.0, rel=1e-10)
    mu = thresholds(model.with_(tau=tau), "mu").of_kind("break")[0].value
    assert mu == pytest.approx(0.4, abs=1e-10)


@pytest.mark.parametrize("model", [FootlooseEntrepreneur(), FootlooseEntrepreneur(sigma=3.0)])
def test_footloose_entrepreneur(model):
    found = thresholds(model, "phi")
    sigma, mu = float(model.sigma), float(model.mu)
    closed = (sigma - mu) * (sigma - 1 - mu) / ((sigma + mu) * (sigma - 1 + mu))
    assert found.of_kind("break")[0].value == pytest.approx(closed, rel=1e-10)
    twin = CorePeriphery(sigma=sigma, mu=mu / sigma)
    values = [p.value for p in thresholds(twin, "phi").points]
    np.testing.assert_allclose([p.value for p in found.points], values, rtol=1e-9)


@pytest.mark.slow
def test_several_groups_agglomerate_their_industry():
    found = thresholds(VerticalLinkages(sigma=5.0, alpha=0.4, mu=0.3))
    np.testing.assert_allclose([p.value for p in found.points], [1.626577, 1.807313], atol=5e-7)
    assert found.points[1].places == ("0 industry", "1 industry")


@pytest.mark.slow
def test_the_bell_has_two_break_points():
    found = thresholds(PugaImmobile())
    breaks = found.of_kind("break")
    assert [point.below for point in breaks] == ["stable", "unstable"]
    assert all(point.converged for point in found.points)

    @eqx.filter_jit
    def growth(model):  # checked without the search: the symmetric state on either side
        state = short_run(model, throw=False)
        flat = jax.flatten_util.ravel_pytree(state.prices)[0]
        slope = slopes(model, flat, state.x)
        used = jnp.ones(4, bool)
        return growth_rate(model.groups, state.x, slope.payoff, slope.total, used)

    for point in breaks:
        below, above = (growth(found.model.with_(tau=point.value * f)) for f in (0.9999, 1.0001))
        assert np.sign(below) == -np.sign(above) == (-1 if point.below == "stable" else 1)


def test_none_is_said_with_its_reason():
    hole = thresholds(CorePeriphery(mu=0.85))
    assert hole.points == () and "black hole" in hole.none_because
    with pytest.raises(BlackHoleError, match="black hole"):
        threshold(CorePeriphery(mu=0.85))
    away = thresholds(CorePeriphery(mu=0.4), low=2.0, high=3.0)
    assert away.points == () and "no agglomeration" in away.none_because


@pytest.mark.slow
def test_a_pole_of_the_growth_rate_is_no_break_point():
    """With strong input links (alpha above rho) market clearing is singular at one trade cost."""
    found = thresholds(VerticalLinkages(alpha=0.85, sigma=3.0))
    assert found.of_kind("break") == ()
    assert "through infinity" in found.none_because


@pytest.mark.parametrize("kind", ["break", "sustain"])
def test_gradients_agree_with_the_closed_forms(kind):
    closed = break_of if kind == "break" else sustain_of
    point = thresholds(CorePeriphery()).of_kind(kind)[0]
    found = point.gradient()
    for name, at in (("sigma", (5.0, 0.4)), ("mu", (5.0, 0.4))):
        step = np.array([1e-5, 0.0]) if name == "sigma" else np.array([0.0, 1e-5])
        difference = (closed(*(at + step)) - closed(*(at - step))) / 2e-5
        assert found[name] == pytest.approx(difference, rel=1e-6)
    direct = jax.grad(lambda s: threshold(CorePeriphery(sigma=s), kind))(5.0)
    assert direct == pytest.approx(found["sigma"], rel=1e-9)


@pytest.mark.slow
def test_gradient_includes_the_response_of_the_equilibrium():
    """On a line the interior equilibrium is uneven and moves with the parameters."""
    model = CorePeriphery(geography=line(3))
    point = thresholds(model, low=1.5, high=3.0).of_kind("fold")[0]
    found = threshold_gradient(point)
    for name, step in (("sigma", 1e-4), ("mu", 1e-5)):
        ends = [
            thresholds(model.with_(**{name: model.get(name) + s}), low=1.5, high=3.0)
            .of_kind("fold")[0]
            .value
            for s in (-step, step)
        ]
        assert found[name] == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-5)


@pytest.mark.slow
def test_asymmetric_places_have_their_own_sustain_points_and_relabelling_permutes_them():
    distance = np.array([[0, 1.0, 1.4], [0.9, 0, 1.1], [1.5, 1.2, 0]])
    order = np.array([2, 0, 1])
    first = thresholds(CorePeriphery(geography=from_distance(distance)))
    second = thresholds(CorePeriphery(geography=from_distance(distance[np.ix_(order, order)])))
    one = {p.places[0]: p.value for p in first.of_kind("sustain")}
    two = {p.places[0]: p.value for p in second.of_kind("sustain")}
    assert len(one) == 3 and len(set(np.round(list(one.values()), 6))) == 3
    for new, old in enumerate(order):
        assert two[str(new)] == pytest.approx(one[str(old)], rel=1e-10)
    np.testing.assert_allclose(
        [p.value for p in first.of_kind("break")],
        [p.value for p in second.of_kind("break")],
        rtol=1e-9,
    )


def test_bad_input_is_named():
    model = CorePeriphery()
    with pytest.raises(UnknownNameError, match="unknown parameter 'tauu'"):
        thresholds(model, "tauu")
    with pytest.raises(InvalidParameterError, match="low = 0.5"):
        thresholds(model, low=0.5)
    with pytest.raises(InvalidParameterError, match="below high"):
        thresholds(model, low=2.0, high=1.5)
    with pytest.raises(InvalidParameterError, match="outside of jit"):
        jax.jit(lambda s: threshold(CorePeriphery(sigma=s)))(5.0)


@pytest.mark.slow
def test_one_place_has_no_full_agglomeration():
    found = thresholds(TakeOff(), "lam", 0.15, 0.4)
    assert [point.kind for point in found.points] == ["fold", "fold"]
    assert found.followed["corner"] == 0
    assert "industry has one place only" in found.missing["sustain"]


@pytest.mark.slow
def test_no_threshold_is_claimed_only_as_far_as_branches_could_be_followed():
    """Where a rule begins to bind equations have a kink, and two states meet and vanish there."""
    host = TakeOff().with_(lam=0.25, forced=0.6)
    learnt = jnp.linspace(0.001, 0.999, 4001)

    def states(rule):
        here = host.with_(rule=rule)
        rising = np.asarray(here.learning(learnt, here.plants_at(learnt))) > 0.0
        return int(np.sum(rising[1:] != rising[:-1]))

    assert states(0.21) == states(0.22) + 2
    found = thresholds(host, "rule", 0.0, 0.8)
    assert not found.points and "none found" in repr(found)
    assert any("could not be followed beyond rule" in note for note in found.notes)
    for reason in (found.missing["break"], found.none_because):
        assert "there may be one at rule" in reason and "0.2152" in reason
        assert "at every rule" not in reason
