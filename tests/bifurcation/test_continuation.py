"""Branches with closed forms, ends by name, failed steps reported, oracles of the canon."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from neg.bifurcation.arclength import End, Steps
from neg.bifurcation.branch import Kind
from neg.bifurcation.continuation import continuation
from neg.bifurcation.symmetry import Symmetry
from neg.core.errors import ConvergenceError, InvalidParameterError, UnknownNameError
from neg.core.status import Status
from neg.models.core_periphery import CorePeriphery
from neg.places.layouts import racetrack
from tests.solvers.toys import Cliff, circle, fold, pair, pitchfork, transcritical

ALONE = Symmetry.trivial(2)


def gap(branch):
    return branch.x[:, 0] - branch.x[:, 1]


def test_fold_is_passed_and_enclosed():
    branch = continuation(fold(rate=0.25), "rate", pair(0.6), low=-0.5, high=1.0, group=ALONE)
    np.testing.assert_allclose(branch.parameter, (gap(branch) - 0.1) ** 2, atol=1e-9)
    assert {branch.start, branch.end} == {End.EMPTIED, End.HIGH}
    (point,) = branch.of_kind(Kind.FOLD)
    assert point.converged
    assert point.interval[0] <= point.parameter <= point.interval[1]
    assert point.parameter == pytest.approx(0.0, abs=1e-10)
    assert point.x[0] - point.x[1] == pytest.approx(0.1, abs=1e-6)
    assert not branch.of_kind(Kind.BRANCH)
    away = (np.abs(gap(branch) - 0.1) > 1e-3) & (gap(branch) < 1 - 1e-9)
    np.testing.assert_array_equal(branch.stable[away], (gap(branch) > 0.1)[away])


def test_corner_ends_the_branch_exactly():
    branch = continuation(fold(rate=0.25), "rate", pair(0.6), low=-0.5, high=1.0, group=ALONE)
    (corner,) = branch.of_kind(Kind.EMPTIED)
    assert corner.parameter == pytest.approx(0.81, abs=1e-9)
    assert corner.cells == (1,)
    np.testing.assert_allclose(corner.x, [1.0, 0.0], atol=1e-12)
    assert (branch.x >= -1e-12).all()


def test_line_through_two_parameters():
    branch = continuation(
        fold(), {"rate": (0.25, 1.0), "shift": (0.0, 0.5)}, pair(0.6), group=ALONE
    )
    # rate - shift = 1/4 + position / 4
    np.testing.assert_allclose(gap(branch), 0.1 + np.sqrt(0.25 + branch.parameter / 4), atol=1e-9)
    assert {branch.start, branch.end} == {End.LOW, End.HIGH}
    assert set(branch.parameter[[0, -1]]) == {0.0, 1.0}


def test_closed_loop_is_recognised():
    branch = continuation(circle(rate=0.3), "rate", pair(0.4), low=-1.0, high=1.0, group=ALONE)
    assert branch.end == End.CLOSED
    np.testing.assert_allclose(branch.points[0], branch.points[-1])
    np.testing.assert_allclose(gap(branch) ** 2 + branch.parameter**2, 0.25, atol=1e-9)
    folds = sorted(point.parameter for point in branch.of_kind(Kind.FOLD))
    np.testing.assert_allclose(folds, [-0.5, 0.5], atol=1e-9)
    # Once round and no further: the angle never turns back.
    angle = np.unwrap(np.arctan2(branch.parameter, gap(branch)))
    assert abs(angle[-1] - angle[0]) == pytest.approx(2 * np.pi, abs=1e-6)


def test_failed_steps_are_reported_and_never_copied_onward():
    branch = continuation(Cliff(rate=0.0), "rate", pair(0.5**0.5), low=-0.5, high=1.0, group=ALONE)
    assert branch.end == End.FAILED
    assert branch.trouble is not Status.CONVERGED
    assert not branch.converged
    assert branch.parameter.max() < 0.5
    np.testing.assert_allclose(gap(branch), np.sqrt(0.5 - branch.parameter), atol=1e-8)
    assert (branch.residual <= 1e-10).all()
    assert (np.abs(np.diff(branch.points, axis=0)).max(axis=1) > 0).all()
    assert branch.failures.sum() > 0


def test_limit_on_points_is_named():
    branch = continuation(
        fold(rate=0.25), "rate", pair(0.6), low=-0.5, high=1.0, group=ALONE, max_points=4
    )
    assert branch.end == End.MAX_POINTS
    assert len(branch) == 7
    assert not branch.converged


def test_transcritical_point_is_found_from_both_branches():
    trunk = continuation(transcritical(), "rate", pair(0.2), low=-0.5, high=0.6, group=ALONE)
    other = continuation(transcritical(), "rate", pair(0.7), low=-0.5, high=0.6, group=ALONE)
    np.testing.assert_allclose(gap(other), 0.2 + other.parameter, atol=1e-8)
    for branch in (trunk, other):
        (point,) = branch.of_kind(Kind.BRANCH)
        assert point.parameter == pytest.approx(0.0, abs=1e-6)
        assert np.unique(branch.stable[np.abs(branch.parameter) > 1e-4]).tolist() == [0.0, 1.0]


def test_a_start_at_the_break_point_itself_is_passed():
    branch = continuation(pitchfork(rate=0.0), "rate", low=-0.5, high=0.5)
    assert branch.parameter[[0, -1]].tolist() == [-0.5, 0.5]
    (point,) = branch.of_kind(Kind.BRANCH)
    assert point.parameter == pytest.approx(0.0, abs=1e-9)


def test_without_symmetry_the_even_branch_is_followed_through_its_break():
    branch = continuation(pitchfork(), "rate", pair(0.0), low=-0.5, high=0.5, group=ALONE)
    np.testing.assert_allclose(gap(branch), 0.0, atol=1e-9)
    (point,) = branch.of_kind(Kind.BRANCH)
    assert point.parameter == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(np.abs(point.modes[:, 0]), 0.5**0.5, atol=1e-9)


def test_bad_input_is_named():
    with pytest.raises(UnknownNameError, match="speed"):
        continuation(fold(), "speed", low=0, high=1)
    with pytest.raises(InvalidParameterError, match="low"):
        continuation(fold(), "rate", low=1, high=0)
    with pytest.raises(InvalidParameterError, match="tau"):
        continuation(CorePeriphery(), "tau", low=0.5, high=2)
    with pytest.raises(InvalidParameterError, match="at"):
        continuation(fold(rate=5.0), "rate", low=0, high=1)
    with pytest.raises(ConvergenceError, match="rate"):
        continuation(Cliff(rate=0.8), "rate", low=-0.5, high=1.0, group=ALONE)


@pytest.mark.parametrize(("sigma", "mu"), [(5.0, 0.4), (4.0, 0.3), (7.0, 0.5)])
def test_core_periphery_breaks_and_sustains_where_theory_says(sigma, mu):
    rho = (sigma - 1) / sigma
    tau_break = ((rho + mu) * (1 + mu) / ((rho - mu) * (1 - mu))) ** (1 / (sigma - 1))

    def holds(tau):
        phi = tau ** (1 - sigma)
        return tau ** (-mu * sigma) * ((1 + mu) / 2 * phi + (1 - mu) / 2 / phi) - 1

    tau_sustain = brentq(holds, 1.01 * tau_break, 5.0, xtol=1e-14)
    model = CorePeriphery(sigma=sigma, mu=mu, tau=1.1 * tau_sustain)
    low, high = 0.8 * tau_break, 1.2 * tau_sustain
    even = continuation(model, "tau", low=low, high=high)
    (point,) = even.special
    assert (point.kind, point.multiplicity) == (Kind.BRANCH, 1)
    assert point.converged
    assert point.parameter == pytest.approx(tau_break, rel=1e-9)
    assert point.interval[0] <= point.parameter <= point.interval[1]
    assert point.interval[1] - point.interval[0] < 1e-6
    core = continuation(model, "tau", [1.0, 0.0], low=low, high=high)
    (point,) = core.special
    assert (point.kind, point.cells) == (Kind.SUSTAIN, (1,))
    assert point.parameter == pytest.approx(tau_sustain, rel=1e-9)
    np.testing.assert_array_equal(core.stable[[0, -1]], [1.0, 0.0])
    np.testing.assert_array_equal(even.stable[[0, -1]], [0.0, 1.0])


@pytest.mark.parametrize(("sigma", "mu"), [(5.0, 0.4), (6.0, 0.3)])
def test_racetrack_modes_cross_where_theory_says(sigma, mu):
    places = 8
    rho = (sigma - 1) / sigma
    critical = mu * (1 + rho) / (rho + mu**2)

    def chi(r, m):
        wave = (1 - r) ** 2 / (1 - 2 * r * np.cos(2 * np.pi * m / places) + r**2)
        return wave * (1 - (-1) ** m * r ** (places / 2)) / (1 - r ** (places / 2))

    expected = sorted(brentq(lambda r, m=m: chi(r, m) - critical, 1e-6, 0.99) for m in (1, 2, 3, 4))
    first = (1 - critical**0.5) / (1 + critical**0.5)
    assert expected[0] == pytest.approx(first)

    model = CorePeriphery(sigma=sigma, mu=mu, geography=racetrack(places)).with_(phi=0.05)
    branch = continuation(model, "phi", low=0.02, high=0.9)
    points = branch.of_kind(Kind.BRANCH)
    np.testing.assert_allclose([point.parameter for point in points], expected, rtol=1e-8)
    assert [point.multiplicity for point in points] == [1, 2, 2, 2]
    alternating = points[0].modes[:, 0]
    np.testing.assert_allclose(alternating * alternating[0], 0.125 * (-1.0) ** np.arange(places))


def test_step_control_keeps_the_solution():
    model = fold(rate=0.25)
    fine = Steps(largest=0.005)
    branch = continuation(model, "rate", pair(0.6), low=-0.5, high=1.0, group=ALONE, steps=fine)
    assert branch.length.max() <= 1.2 * 0.005
    np.testing.assert_allclose(branch.parameter, (gap(branch) - 0.1) ** 2, atol=1e-9)
