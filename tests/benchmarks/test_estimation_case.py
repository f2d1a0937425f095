"""Gradients need fifty times fewer solves than methods without, and cost less than a solve."""

import pytest

from benchmarks.case_estimation import counts, pairs, problem


@pytest.mark.slow  # thousands of solves
def test_ten_unknowns_take_fifty_times_fewer_solves_and_more_take_more():
    found = counts((5, 10))
    for method, solves in found.items():
        if method != "gradients":
            ratio = {size: solves[size] / found["gradients"][size] for size in (5, 10)}
            assert ratio[10] >= 50 and ratio[10] > ratio[5] > 1, method


@pytest.mark.parametrize("size", [10, 100, 1000, 1560])
def test_levers_of_the_timings_move_about_as_many_costs_as_they_say(size):
    economy = problem(2, 40)[0]
    lever = pairs(list(economy.places), size)
    count = int(lever.mask(economy, economy.parameters()["tau"]).sum())
    assert abs(count - size) <= 0.05 * size
