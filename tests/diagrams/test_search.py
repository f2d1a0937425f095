"""States that hang on no branch followed: found from every equilibrium and from the dynamics."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from neg import equilibria, get_model
from neg.bifurcation.arclength import End
from neg.bifurcation.line import line_symmetries, parameter_line
from neg.bifurcation.symmetry import automorphisms
from neg.core.errors import InvalidParameterError
from neg.diagrams.basins import follow_to_rest
from neg.diagrams.diagram import NOTHING, Most, Search, diagram
from neg.diagrams.starts import patterns
from neg.economy.composed import compose
from neg.economy.lever import Lever
from neg.models.footloose_entrepreneur import FootlooseEntrepreneur
from neg.parts import Land
from neg.places.layouts import from_distance, hexagonal_torus, racetrack, square_torus
from neg.solvers.short_run import short_run
from tests.solvers.toys import circle, pitchfork

DYNAMICS = Search(values=5, starts=8, exact=False)


def stable_at(found, value):
    """Sizes of the clusters of each stable state that the diagram has, mirror images apart."""
    states = [one.x for one in found.equilibria(value, mirrored=False) if one.stable]
    return {tuple(np.round(np.sort(x[x > 1e-6])[::-1], 4)) for x in states}


@pytest.mark.slow
def test_a_closed_loop_is_found_without_a_start():
    found = diagram(circle(rate=0.7), "rate", -1.0, 1.0, search=Search(values=0))
    assert [branch.end for branch in found.branches].count(End.CLOSED) == 1
    assert any("all equilibria searched for at rate = -1" in note for note in found.notes)
    assert any("1 branches were found by this search, at rate = 0" in note for note in found.notes)


def test_where_no_state_is_stable_is_searched_again_or_said():
    # s^2 = rate is stable from 0 on; the tree may not grow there by itself.
    sparse = Search(values=1, starts=4, exact=False, corners=False)
    rising = pitchfork(rate=-0.5)
    found = diagram(rising, "rate", -1.0, 0.8, most=Most(branches=1), search=sparse)
    assert [bool(one.stable) for one in found.equilibria(0.6)] == [False, True, True]
    assert any("1 branches were found by this search, at rate = 0.4" in n for n in found.notes)
    assert not any("no stable state is known" in note for note in found.notes)
    alone = dataclasses.replace(NOTHING, corners=False)
    blind = diagram(rising, "rate", -1.0, 0.8, most=Most(branches=1), search=alone)
    assert blind.notes[0] == "not searched: states that hang on none of the branches followed"
    assert any("no stable state is known for rate from" in note for note in blind.notes)


def test_basins_of_a_pitchfork():
    model = pitchfork(rate=0.5)
    line = parameter_line(model, "rate", -1.0, 1.0)
    group = line_symmetries(model, line)
    starts = np.array([[0.6, 0.4], [0.1, 0.9], [0.7, 0.3], [0.45, 0.55]])
    found = follow_to_rest(model, line, group, np.array([-0.5, 0.25]), starts, [np.full(2, 0.5)])
    even, apart = (state for state in found.states if state.starts)
    np.testing.assert_allclose(even.x, 0.5, atol=1e-9)
    np.testing.assert_allclose(np.sort(apart.x), [0.25, 0.75], atol=1e-9)
    assert even.share == apart.share == 1.0 and apart.growth < 0
    # Of the start that is no random one the rest point at rate 0.25 is unstable: not listed.
    assert len(found.states) == 2 and found.restless.tolist() == [0, 0]


def test_a_lever_is_an_axis():
    found = diagram(pitchfork(rate=0.25), Lever("rate", "plus"), -0.5, 0.25, search=NOTHING)
    assert found.line.label == "rate" and "Toy" in repr(found)
    rest = np.sort([one.x[0] for one in found.equilibria(0.0)])
    np.testing.assert_allclose(rest, [0.25, 0.5, 0.75], atol=1e-9)


def test_patterns_are_at_rest_at_every_parameter():
    model = FootlooseEntrepreneur(geography=racetrack(6), sigma=5.0, mu=0.4)
    line = parameter_line(model, "tau", 1.1, 2.0)
    found = patterns(model, line_symmetries(model, line))
    sizes = sorted(int((x > 0).sum()) for x in found)
    # Pairs at distance 1, 2 and 3; every second place; three opposite pairs less one: rectangles.
    assert sizes == [2, 2, 2, 3, 4]
    for x in found:
        for tau in (1.2, 1.7):
            paid = np.asarray(short_run(model.with_(tau=tau), x).payoff)[x > 0]
            assert np.ptp(paid) < 1e-10


@pytest.mark.parametrize(
    ("geography", "sizes"),
    [(square_torus(4), {8, 4, 2}), (racetrack(12), {6, 4, 3, 2}), (hexagonal_torus(3), {3, 6})],
)
def test_patterns_of_lattices(geography, sizes):
    distance = np.round(np.asarray(geography.distance), 6)
    colours = np.unique(distance, return_inverse=True)[1].reshape(distance.shape)
    model = FootlooseEntrepreneur(geography=geography)
    group = automorphisms(colours)
    found = patterns(model, group)
    assert sizes <= {int((x > 0).sum()) for x in found}
    for x in found:  # no two are mirror images
        images = x[group.elements]
        assert sum(any(np.array_equal(y, image) for image in images) for y in found) == 1


def test_opposite_places_of_a_racetrack():
    model = FootlooseEntrepreneur(geography=racetrack(4), sigma=5.0, mu=0.4)
    found = diagram(model, "tau", 1.15, 1.25, search=DYNAMICS)
    for tau in (1.15, 1.2, 1.25):
        assert stable_at(found, tau) == {(0.5, 0.5)}
        used = [np.flatnonzero(e.x).tolist() for e in found.equilibria(tau) if e.stable]
        assert sorted(used) == [[0, 2], [1, 3]]
    assert {state.share for state in found.basins.states if state.starts} == {1.0}


@pytest.mark.slow
def test_both_stable_states_of_helpman():
    model = get_model("helpman")(sigma=4.0, a=0.8)
    found = diagram(model, "tau", 2.0, 4.0, search=Search(values=2, starts=2))
    known = [point.x for point in equilibria(model.with_(tau=3.0)).stable]
    drawn = [one.x for one in found.equilibria(3.0) if one.stable]
    assert len(known) == len(drawn) == 2
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(known, axis=0), rtol=1e-7)
    assert not any("no stable state" in note for note in found.notes)


@pytest.mark.parametrize("field", [{"values": -1}, {"starts": -2}])
def test_a_search_of_negative_size_is_refused(field):
    with pytest.raises(InvalidParameterError, match=next(iter(field))):
        Search(**field)


@pytest.mark.slow
def test_blocks_and_unequal_regions():
    distance = from_distance([[0.0, 1.0], [1.3, 0.0]])
    model = compose(get_model("core-periphery")(geography=distance, tau=1.5), [Land(h=0.1)])
    found = diagram(model, "land.h", 0.01, 0.4, search=Search(values=3, starts=6))
    for value in (0.01, 0.205, 0.4):
        known = equilibria(model.with_(**{"land.h": value})).points
        drawn = found.equilibria(value)
        assert len(known) == len(drawn)
        assert sum(bool(p.stable) for p in known) == sum(bool(one.stable) for one in drawn)


@pytest.mark.slow
def test_checkerboard_of_a_torus():
    model = FootlooseEntrepreneur(geography=square_torus(4), sigma=5.0, mu=0.4)
    found = diagram(model, "tau", 1.1, 1.4, most=Most(branches=10))
    assert (0.125,) * 8 in stable_at(found, 1.39)
    assert not any("no stable state" in note for note in found.notes)


@pytest.mark.slow
def test_period_three_of_twelve_places():
    model = FootlooseEntrepreneur(geography=racetrack(12), sigma=5.0, mu=0.4)
    found = diagram(model, "tau", 1.05, 1.3, most=Most(branches=10))
    assert (0.25,) * 4 in stable_at(found, 1.1343)
    assert not any("no stable state" in note for note in found.notes)
    for _, point in found.special:
        assert 1.05 - 1e-9 <= point.parameter <= 1.3 + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(("phi", "centres"), [(0.66, 2), (0.62, 3)])
def test_two_and_three_centres_of_a_hexagonal_lattice(phi, centres):
    model = FootlooseEntrepreneur(geography=hexagonal_torus(6), sigma=5.0, mu=0.4)
    found = diagram(
        model, "phi", 0.6, 0.68, most=Most(branches=4), search=Search(values=3, starts=12)
    )
    assert (round(1 / centres, 4),) * centres in stable_at(found, phi)
    assert not any("no stable state" in note for note in found.notes)
