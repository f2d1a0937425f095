"""Every shipped file is checked: names, ranges, routes, and that it changes something."""

from __future__ import annotations

import pytest

from neg.scenario_files import check_scenario, read_scenario, solve_scenario
from neg.scenario_files.reading import FILES

NAMES = sorted(path.stem for path in FILES.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_can_be_used(name):
    assert check_scenario(read_scenario(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_is_solved(name, tmp_path):
    result = solve_scenario(read_scenario(name))
    assert result.converged
    change = result.dataset["real_income_change"]
    assert float(abs(change).max()) > 1e-6
    assert result.write(tmp_path).exists()
