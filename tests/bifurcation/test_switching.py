"""Directions of the equivariant branching lemma, and the branches that leave along them."""

from __future__ import annotations

import numpy as np
import pytest

from neg.bifurcation.arclength import End, Steps
from neg.bifurcation.branch import Kind
from neg.bifurcation.continuation import continuation
from neg.bifurcation.course import Course
from neg.bifurcation.directions import directions
from neg.bifurcation.line import line_symmetries, parameter_line
from neg.bifurcation.switching import exits, leave
from neg.bifurcation.symmetry import Symmetry, automorphisms, pattern
from neg.places.layouts import equidistant, hexagonal_torus, racetrack, square_torus
from tests.solvers.toys import Three, pitchfork, subcritical


def kernels(geography):
    """Eigenspaces of a function of distance, the critical modes of the even distribution."""
    distance = np.asarray(geography.distance)
    group = automorphisms(np.unique(distance, return_inverse=True)[1].reshape(distance.shape))
    values, vectors = np.linalg.eigh(np.exp(-0.7 * distance))
    labels = np.concatenate([[0], np.cumsum(np.diff(values) > 1e-8)])
    parts = [vectors[:, labels == label] for label in range(labels.max() + 1)]
    return group, [part for part in parts if np.abs(part.sum(axis=0)).max() < 1e-8]


def test_racetrack_directions():
    group, parts = kernels(racetrack(8))
    found = [
        sorted((d.symmetry.name, pattern(d.mode + 1)) for d in directions(part, group).found)
        for part in parts
    ]
    assert [("D4", "4+4")] in found  # period doubling
    assert [("D2", "2+4+2"), ("D2", "4+4")] in found
    assert found.count([("D1", "1+2+2+2+1"), ("Z2", "2+2+2+2")]) == 2


def test_hexagonal_lattice_directions():
    group, parts = kernels(hexagonal_torus(6))
    by_size = {}
    for part in parts:
        leaving = directions(part, group)
        assert leaving.complete
        by_size.setdefault(part.shape[1], []).append(leaving)
    # The two patterns with hexagonal symmetry that one mode family makes: every third place
    # (both signs differ) and every fourth place, with stripes beside it.
    (third,) = by_size[2]
    assert [(d.symmetry.order, pattern(d.mode + 1), d.mirrored) for d in third.found] == [
        (144, "12+24", False)
    ]
    (fourth,) = by_size[3]
    assert [(d.symmetry.order, pattern(d.mode + 1), d.mirrored) for d in fourth.found] == [
        (108, "9+27", False),
        (72, "18+18", True),
    ]


@pytest.mark.parametrize(
    "geography", [racetrack(8), racetrack(9), square_torus(4), hexagonal_torus(4), equidistant(5)]
)
def test_each_direction_is_alone_with_its_symmetry(geography):
    group, parts = kernels(geography)
    for part in parts:
        leaving = directions(part, group)
        assert leaving.found
        for one in leaving.found:
            orbits = one.symmetry.orbits
            members = np.eye(orbits.max() + 1)[orbits]
            fixed = members @ np.linalg.pinv(members)
            inside = np.linalg.svd(fixed @ part)[1]
            assert (inside > 1 - 1e-8).sum() == 1  # the fixed space meets the kernel in a line
            np.testing.assert_allclose(fixed @ one.mode, one.mode, atol=1e-8)
            images = one.mode[group.elements]
            assert one.mirrored == (np.abs(images + one.mode).max(axis=1) < 1e-6).any()


def test_asymmetric_kernel_of_dimension_two_is_reported():
    leaving = directions(np.eye(4)[:, :2], Symmetry.trivial(4))
    assert (leaving.found, leaving.larger) == ([], [2])


@pytest.mark.parametrize(("build", "sign"), [(pitchfork, 1.0), (subcritical, -1.0)])
def test_pitchfork_branch_is_the_closed_form(build, sign):
    model = build(rate=-0.2 * sign)
    line = parameter_line(model, "rate", -0.6, 0.6)
    group = line_symmetries(model, line)
    trunk = continuation(model, "rate", low=-0.6, high=0.6, group=group)
    (point,) = trunk.of_kind(Kind.BRANCH)
    assert point.parameter == pytest.approx(0.0, abs=1e-10)
    ways, _ = exits(trunk, point, group)
    assert len(ways) == 1  # the other half is its mirror image
    branch = leave(Course(model, line, group, Steps()), ways[0])
    s = branch.x[:, 0] - branch.x[:, 1]
    np.testing.assert_allclose(branch.parameter, sign * s**2, atol=1e-8)
    assert abs(branch.parameter[-1]) == pytest.approx(0.6)
    assert np.unique(branch.stable[2:]).tolist() == [float(sign > 0)]


def test_double_point_of_three_cells():
    model = Three(rate=0.2)
    line = parameter_line(model, "rate", 0.1, 0.6)
    group = line_symmetries(model, line)
    trunk = continuation(model, "rate", low=0.1, high=0.6, group=group)
    (point,) = trunk.of_kind(Kind.BRANCH)
    assert point.multiplicity == 2  # an even kernel: the determinant does not change its sign
    assert point.parameter == pytest.approx(1 / 3, abs=1e-9)
    ways, leaving = exits(trunk, point, group)
    assert [d.symmetry.order for d in leaving.found] == [2]
    assert len(ways) == 2  # one large cell, or two
    for way in ways:
        branch = leave(Course(model, line, group, Steps()), way)
        shares = np.sort(branch.x, axis=1)
        double = np.abs(shares[:, 0] - shares[:, 1]) < np.abs(shares[:, 1] - shares[:, 2])
        a = np.where(double, shares[:, 0], shares[:, 2])
        b = np.where(double, shares[:, 2], shares[:, 0])
        np.testing.assert_allclose(branch.parameter, a**2 + a * b + b**2, atol=1e-7)
        assert branch.end in (End.EMPTIED, End.HIGH)
