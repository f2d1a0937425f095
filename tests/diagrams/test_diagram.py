"""Trees of branches: the canon's two regions, normal forms, relabelling, repetition, records."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from neg.bifurcation.arclength import End
from neg.bifurcation.branch import Kind
from neg.bifurcation.continuation import continuation
from neg.bifurcation.recognition import on_branch, repeats
from neg.core.errors import InvalidParameterError
from neg.diagrams.diagram import NOTHING, Most, diagram, load
from neg.models.core_periphery import CorePeriphery
from neg.models.puga import PugaImmobile
from neg.places.layouts import from_distance, racetrack
from neg.solvers.short_run import short_run
from tests.solvers.toys import Three, Toy, circle, pair, pitchfork


@pytest.fixture(scope="module")
def two_regions():
    return diagram(CorePeriphery(tau=2.0), "tau", 1.4, 2.2)


def test_tomahawk(two_regions):
    # Nothing is missing: the search found no branch that the tree had not.
    assert not [note for note in two_regions.notes if "found by this search" in note]
    assert two_regions.parents[:2] == ((-1, -1), (-1, -1)) != two_regions.parents[2]
    assert two_regions.images == (1, 2, 2)
    points = {(i, point.kind): point.parameter for i, point in two_regions.special}
    assert points[0, Kind.BRANCH] == pytest.approx(1.626577, abs=1e-6)
    assert points[1, Kind.SUSTAIN] == pytest.approx(1.807313, abs=1e-6)
    bridge = two_regions.branches[2]
    assert (bridge.stable[1:-1] == 0).all()
    ends = sorted(bridge.parameter[[0, -1]])
    np.testing.assert_allclose(ends, [1.626576562, 1.807312720], atol=1e-8)
    assert bridge.end in (End.JOINED, End.EMPTIED)


@pytest.mark.parametrize(
    ("tau", "stable", "unstable"), [(1.5, 2, 1), (1.7, 3, 2), (1.9, 1, 0), (1.75, 3, 2)]
)
def test_number_of_equilibria(two_regions, tau, stable, unstable):
    found = two_regions.equilibria(tau)
    assert [sum(e.stable is flag for e in found) for flag in (True, False)] == [stable, unstable]
    for one in found:
        payoff = np.asarray(short_run(CorePeriphery(tau=tau), one.x).payoff)
        used = one.x > 0
        assert np.ptp(payoff[used]) < 1e-9
        assert (payoff[~used] <= payoff[used].max()).all()
    assert len(two_regions.equilibria(tau, mirrored=False)) == {1: 1, 3: 2, 5: 3}[len(found)]


def test_supercritical_pitchfork_to_the_corners():
    found = diagram(pitchfork(rate=-0.5), "rate", -1.0, 1.5, search=NOTHING)
    assert len(found) == 3
    # s = sqrt(rate) reaches the corner at rate = 1, where the corner becomes an equilibrium.
    assert [len(found.equilibria(rate)) for rate in (-0.5, 0.5, 1.2)] == [1, 3, 3]
    assert [sum(e.stable for e in found.equilibria(r)) for r in (-0.5, 0.5, 1.2)] == [1, 2, 2]


@pytest.mark.slow
def test_double_point_and_all_that_hangs_on_it():
    found = diagram(Three(rate=0.2), "rate", 0.1, 1.5, search=NOTHING)
    # Half and half in two cells from 1/4; two large cells up to 1/3, one large cell from there.
    assert [len(found.equilibria(rate)) for rate in (0.2, 0.3, 0.34)] == [1, 7, 7]
    for number, (parent, place) in enumerate(found.parents):
        assert parent < number
        assert (parent == -1) == (place == -1)
    for rate in (0.34, 0.6, 0.9, 1.3):
        for one in found.equilibria(rate):
            payoff = rate * one.x - one.x**3
            used = one.x > 1e-9
            assert np.ptp(payoff[used]) < 1e-9
            assert (payoff[~used] <= payoff[used].max() + 1e-9).all()


def test_isola_needs_a_start_and_is_kept_once():
    alone = dataclasses.replace(NOTHING, corners=False)
    lonely = diagram(circle(rate=0.3), "rate", -1.0, 1.0, search=alone, starts=[pair(0.4)])
    loops = [branch for branch in lonely.branches if branch.end == End.CLOSED]
    assert len(loops) == 1
    again = continuation(
        circle(rate=-0.2), "rate", pair(-(0.21**0.5)), low=-1.0, high=1.0, group=lonely.group
    )
    assert repeats(again, loops, lonely.group)


def test_mirror_image_is_recognised_and_another_branch_is_not(two_regions):
    bridge = two_regions.branches[2]
    i = len(bridge) // 2
    mirrored = bridge.x[i][::-1]
    assert on_branch(mirrored, bridge.used, bridge.parameter[i], bridge, two_regions.group)
    beside = mirrored + np.array([1e-3, -1e-3])
    assert not on_branch(beside, bridge.used, bridge.parameter[i], bridge, two_regions.group)
    assert not repeats(bridge, two_regions.branches[:2], two_regions.group)


@pytest.mark.slow
def test_bell_of_immobile_labour_breaks_twice():
    # Two regional groups that choose between farms and industry; symmetry exchanges the groups.
    found = diagram(PugaImmobile(), "tau", 1.05, 3.0, search=NOTHING)
    even = found.branches[0]
    breaks = even.of_kind(Kind.BRANCH)
    assert len(breaks) == 2
    assert even.stable[[0, len(even) // 2, -1]].tolist()[::2] == [1.0, 1.0]
    between = (even.parameter > breaks[0].parameter) & (even.parameter < breaks[1].parameter)
    assert (even.stable[between] == 0).all()
    middle = 0.5 * (breaks[0].parameter + breaks[1].parameter)
    stable = [one for one in found.equilibria(middle) if one.stable]
    assert len(stable) == 2
    np.testing.assert_allclose(stable[0].x, stable[1].x[[2, 3, 0, 1]], atol=1e-9)
    for branch in found.branches:
        totals = branch.x.reshape(len(branch), 2, 2).sum(axis=2)
        np.testing.assert_allclose(totals, 0.5, atol=1e-9)


@pytest.mark.slow
def test_relabelling_permutes_the_diagram():
    rng = np.random.default_rng(4)
    distance = rng.uniform(0.8, 1.2, (3, 3))
    distance = (distance + distance.T) * (1 - np.eye(3)) / 2
    order = np.array([2, 0, 1])

    def solved(matrix):
        model = CorePeriphery(geography=from_distance(matrix), tau=3.0)
        return diagram(model, "tau", 1.5, 3.0, most=Most(branches=8), search=NOTHING)

    first, second = solved(distance), solved(distance[np.ix_(order, order)])
    assert first.group.order == second.group.order == 1
    for tau in (1.6, 2.0, 2.6):
        left = sorted(tuple(np.round(e.x[order], 7)) for e in first.equilibria(tau))
        right = sorted(tuple(np.round(e.x, 7)) for e in second.equilibria(tau))
        np.testing.assert_allclose(left, right, atol=2e-7)


@pytest.mark.parametrize("at", [0.0, -0.25])
def test_a_start_at_the_break_point_itself_hides_nothing(at):
    found = diagram(pitchfork(rate=at), "rate", -0.5, 0.5, search=NOTHING)
    kinds = [(point.kind, round(point.parameter, 9)) for _, point in found.special]
    assert (Kind.BRANCH, 0.0) in kinds
    assert [one.stable for one in found.equilibria(-0.25)] == [True]
    assert sorted(str(one.stable) for one in found.equilibria(0.25)) == ["False", "True", "True"]


def test_limits_are_said():
    few = diagram(Three(rate=0.2), "rate", 0.1, 1.5, most=Most(branches=2), search=NOTHING)
    assert len(few) == 2
    assert any("most.branches = 2" in note for note in few.notes)
    alone = dataclasses.replace(NOTHING, corners=False)
    flat = diagram(Three(rate=0.2), "rate", 0.1, 1.5, most=Most(depth=0), search=alone)
    assert len(flat) == 1
    assert any("most.depth = 0" in note for note in flat.notes)


def test_start_without_equilibrium_is_said():
    # The payoff difference is one everywhere: all in the first cell, and nowhere else.
    found = diagram(Toy((1, 0, 0, 0, 0, 0, 0)), "rate", 0.0, 1.0, search=NOTHING)
    (only,) = found.equilibria(0.5)
    np.testing.assert_allclose(only.x, [1.0, 0.0])
    assert only.stable


def test_saved_and_loaded(two_regions, tmp_path):
    data = two_regions.to_dataset()
    loaded = load(two_regions.save(tmp_path / "diagram.nc"))
    assert set(loaded.data_vars) == set(data.data_vars)
    for name in data.data_vars:
        if data[name].dtype.kind == "f":
            np.testing.assert_array_equal(loaded[name].values, data[name].values)
        else:
            assert loaded[name].values.tolist() == data[name].values.tolist()
    assert loaded.attrs["notes"] == list(two_regions.notes)
    assert all(variable.attrs["units"] for variable in data.data_vars.values())
    bridge = two_regions.branches[2]
    np.testing.assert_array_equal(loaded["x"].values[2, : len(bridge)], bridge.x)


def test_a_diagram_shows_itself(two_regions):
    frame = two_regions.to_frame()
    assert list(frame["images"]) == [1, 2, 2]
    assert frame["stable_from"][0] == pytest.approx(1.626577, abs=1e-6)
    assert frame["stable_to"][1] == pytest.approx(1.807313, abs=1e-6)
    assert np.isnan(frame["stable_from"][2])
    text = repr(two_regions)
    assert "core-periphery: 3 branches over tau from 1.4 to 2.2" in text
    assert all(note in text for note in two_regions.notes)
    assert "<table" in two_regions._repr_html_()
    axes = two_regions.plot()
    assert axes.get_xlim() == (1.4, 2.2) and axes.get_xlabel() == "τ"
    heights = [y for line in axes.lines for y in line.get_ydata()]
    assert np.nanmin(heights) == pytest.approx(0.0, abs=1e-12)
    assert np.nanmax(heights) == pytest.approx(1.0, abs=1e-12)


def test_basins_are_in_the_record(two_regions):
    data = two_regions.to_dataset()
    for value, restless in zip(two_regions.basins.values, two_regions.basins.restless, strict=True):
        here = data["basin_parameter"].values == value
        counted = data["basin_starts"].values[here].sum() + restless
        assert counted == data["searched_starts"].values[0]
    at = two_regions.basins.values
    shares = {(state.value, state.branch): state.share for state in two_regions.basins.states}
    assert shares[at[0], 1] == 1.0 and shares[at[-1], 0] == 1.0  # all agglomerate; all disperse
    between = at[(at > 1.626577) & (at < 1.807313)][0]
    assert 0 < shares[between, 0] < 1 and 0 < shares[between, 1] < 1


@pytest.mark.slow
def test_racetrack_cascade():
    model = CorePeriphery(geography=racetrack(8)).with_(phi=0.05)
    found = diagram(model, "phi", 0.02, 0.9, most=Most(branches=25), search=NOTHING)
    first = found.branches[0].of_kind(Kind.BRANCH)[0]
    assert first.parameter == pytest.approx(0.071797, abs=1e-6)
    assert [b.symmetry.name for b in found.branches[:2]] == ["D8", "D1"]
    for left, right in itertools.combinations(range(len(found)), 2):
        assert not repeats(found.branches[right], [found.branches[left]], found.group)
    for branch in found.branches:
        assert (branch.residual[np.isfinite(branch.residual)] < 1e-9).all()


def test_ends_of_one_parameter_are_its_values_and_nothing_is_said_beyond_them():
    tree = diagram(CorePeriphery(), {"tau": (2.0, 1.4)}, search=NOTHING)
    assert tree.line.label == "tau" and float(tree.line.low) == 1.4
    assert len(tree.equilibria(1.7)) >= 1
    for value in (1.39, 5.0, np.nan):
        with pytest.raises(InvalidParameterError, match="tau = "):
            tree.equilibria(value)
    with pytest.raises(InvalidParameterError, match="given twice"):
        diagram(CorePeriphery(), {"tau": (1.4, 2.0)}, 1.0, 2.0)
    with pytest.raises(InvalidParameterError, match="values at both ends of the line"):
        diagram(CorePeriphery(), {})
