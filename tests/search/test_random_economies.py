"""Random economies: complementarity, simulated stability labels, indices and parity."""

from __future__ import annotations

import pytest

from tests.search.random_economies import run


def _holds(tally):
    assert not tally.not_equilibria and not tally.wrong_labels, str(tally)
    assert not tally.wrong_index and not tally.even, str(tally)
    assert tally.labels > 0.7 * tally.equilibria


def test_a_dozen_random_economies():
    tally = run(12, seed=1, kinds=(0,))
    _holds(tally)
    assert tally.economies == 12 and tally.equilibria > 15


@pytest.mark.slow
def test_two_hundred_random_economies():
    tally = run(200, seed=2)
    _holds(tally)
    assert tally.economies == 200
