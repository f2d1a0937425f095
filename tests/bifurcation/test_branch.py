"""A branch as arrays: interpolation, crossings, joining, what is said of its points."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from neg.bifurcation.arclength import End
from neg.bifurcation.branch import Kind
from neg.bifurcation.continuation import continuation
from neg.bifurcation.special import enclose
from neg.bifurcation.states import Spectra
from neg.bifurcation.symmetry import Symmetry
from neg.solvers.short_run import short_run
from tests.solvers.toys import circle, fold, pair

ALONE = Symmetry.trivial(2)


@pytest.fixture(scope="module")
def folded():
    return continuation(fold(rate=0.25), "rate", pair(0.6), low=-0.5, high=1.0, group=ALONE)


def test_points_are_in_order_along_the_arc(folded):
    s = folded.x[:, 0] - folded.x[:, 1]
    assert (np.diff(s) > 0).all() or (np.diff(s) < 0).all()
    ahead = np.sum(folded.metric * folded.tangents[:-1] * np.diff(folded.points, axis=0), axis=1)
    assert (ahead > 0).all()
    lengths = np.sum(folded.metric * folded.tangents**2, axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-9)


def test_interpolation_lies_on_the_branch(folded):
    for segment in range(0, len(folded) - 1, 5):
        for fraction in (0.0, 0.3, 1.0):
            u = folded.interpolate(segment, fraction)
            s = u[0] - u[1]
            assert u[-1] == pytest.approx((s - 0.1) ** 2, abs=2e-5)
    np.testing.assert_allclose(folded.interpolate(3, 1.0), folded.points[4])


def test_crossings_find_both_sides_of_the_fold(folded):
    found = [folded.interpolate(*where) for where in folded.crossings(0.3)]
    gaps = sorted(u[0] - u[1] for u in found)
    np.testing.assert_allclose(gaps, [0.1 - 0.3**0.5, 0.1 + 0.3**0.5], atol=1e-2)
    assert folded.crossings(-0.3) == []
    assert len(folded.crossings(folded.parameter[0])) == 1


def test_special_points_know_their_segment(folded):
    for point in folded.special:
        left, right = folded.points[point.index], folded.points[point.index + 1]
        reach = np.sqrt(np.sum(folded.metric * (right - left) ** 2))
        for end in (left, right):
            away = np.sqrt(np.sum(folded.metric * (point.point - end) ** 2))
            assert away <= 1.05 * reach + 1e-12


def test_counts_agree_with_growth(folded):
    told = ~np.isnan(folded.stable)
    unstable = (folded.unstable > 0) | (folded.entering > 0)
    np.testing.assert_array_equal(folded.stable[told] == 0, unstable[told])
    (point,) = folded.of_kind(Kind.FOLD)
    assert abs(np.diff(folded.unstable)[point.index]) == 1


def test_loop_counts_its_shared_point_once():
    branch = continuation(circle(rate=0.3), "rate", pair(0.4), low=-1.0, high=1.0, group=ALONE)
    assert branch.end == End.CLOSED
    assert len(branch.crossings(0.3)) == 2
    assert len(branch.crossings(0.1)) == 2


def test_points_are_equilibria_of_the_model(folded):
    for i in (0, len(folded) // 2):
        model = folded.line.at(folded.model, folded.parameter[i])
        found = short_run(model, np.maximum(folded.x[i], 0.0))
        np.testing.assert_allclose(found.payoff, folded.payoff[i], atol=1e-12)
        assert folded.named_prices(i) == {}
        used = folded.payoff[i][folded.x[i] > 1e-9]
        np.testing.assert_allclose(used, folded.value[i][0], atol=1e-9)


@pytest.mark.parametrize(
    ("function", "zero"),
    [
        (lambda t: t - 0.3, 0.3),
        (lambda t: np.exp(5 * t) - 20, np.log(20) / 5),
        (lambda t: np.tanh(20 * (t - 0.77)) + 0.1, 0.77 - np.arctanh(0.1) / 20),
        (lambda t: (t - 0.4) ** 3, 0.4),
    ],
)
def test_zeros_are_enclosed(function, zero):
    best, left, right, value = enclose(function, function(0.0), function(1.0))
    assert left <= best <= right
    assert left - 1e-15 <= zero <= right + 1e-15
    assert value == function(best)
    assert abs(best - zero) < 1e-4
    flat = enclose(lambda t: float("nan"), -1.0, 1.0)
    assert flat[1:3] == (0.0, 1.0)


def test_outline_reaches_special_points_from_both_sides(folded):
    parameter, x, stable = folded.outline()
    (point,) = folded.of_kind(Kind.FOLD)
    twice = (parameter[:-1] == point.parameter) & (np.diff(parameter) == 0)
    (where,) = np.flatnonzero(twice)
    assert {stable[where], stable[where + 1]} == {0.0, 1.0}
    assert len(parameter) == len(x) == len(folded) + 2


def test_outline_is_stable_up_to_a_point_in_the_middle_that_cannot_be_told(folded):
    plain = dataclasses.replace(folded, special=())
    growth = np.where(np.arange(len(folded)) < 5, -1.0, 1.0)
    growth[5] = 0.0
    parameter, _, stable = dataclasses.replace(plain, growth=growth).outline()
    assert parameter[5] == parameter[6] == folded.parameter[5]
    assert stable[5] == 1.0 and stable[6] == 0.0


def test_a_state_of_a_segment_lies_near_it(folded, monkeypatch):
    from neg.bifurcation import special

    nothing = Spectra(len(folded), [], [])
    finder = special._Finder(folded, nothing, folded.growth)
    assert finder.state(3, 0.5).good
    inner = special.equilibrium_between

    def jump(*args):
        u, *rest = inner(*args)
        return (u + 10 * (folded.points[4] - folded.points[3]), *rest)

    monkeypatch.setattr(special, "equilibrium_between", jump)
    assert not finder.state(3, 0.5).good


def test_outline_keeps_two_special_points_of_one_segment_in_order(folded):
    (fold,) = folded.of_kind(Kind.FOLD)
    left, right = folded.parameter[2], folded.parameter[3]
    first, second = left + 0.3 * (right - left), left + 0.6 * (right - left)
    points = tuple(
        dataclasses.replace(fold, kind=Kind.BRANCH, parameter=value, index=2, change=change)
        for value, change in ((first, 1), (second, 1))
    )
    growth = np.where(np.arange(len(folded)) < 3, -1.0, 1.0)
    quiet = np.zeros(len(folded), dtype=int)
    made = dataclasses.replace(folded, special=points, growth=growth, unstable=quiet)
    parameter, _, stable = made.outline()
    np.testing.assert_array_equal(parameter[2:8], [left, first, first, second, second, right])
    assert stable[2:8].tolist() == [1, 1, 0, 0, 0, 0]
