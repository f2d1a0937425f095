"""Random economies: complementarity, simulated stability, indices, parity, brute force."""

from __future__ import annotations

import pytest

from tests.search.random_economies import UNBOUNDED, run


def _holds(tally):
    assert not tally.faults, f"{tally} {tally.faults}"
    assert tally.labels > 0.7 * tally.equilibria
    assert tally.certified > 0.9 * tally.economies, tally.doubts


def test_a_few_random_economies():
    tally = run(2, seed=1, kinds=(0,), starts=2)
    _holds(tally)
    assert tally.economies == 2 and tally.equilibria > 2


@pytest.mark.slow
def test_a_dozen_random_economies():
    tally = run(12, seed=1, kinds=(0,), starts=2)
    _holds(tally)
    assert tally.economies == 12 and tally.equilibria > 15


@pytest.mark.slow
def test_a_dozen_with_rents_that_have_no_floor():
    tally = run(12, seed=11, kinds=(3,), sizes=(2,), starts=4)
    _holds(tally)
    assert tally.tiny >= 4, str(tally)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [(3,), (4,), (5, 6, 7)])
def test_random_economies_with_dispersion_that_has_no_bound(kinds):
    assert set(kinds) <= set(UNBOUNDED)
    tally = run(30, seed=3, kinds=kinds)
    _holds(tally)
    assert tally.tiny > 4, str(tally)


@pytest.mark.slow
def test_two_hundred_random_economies():
    tally = run(200, seed=2)
    _holds(tally)
    assert tally.economies == 200
