"""Every shipped file is checked: names, ranges, routes, and that it changes something."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neg.cli import main
from neg.core.records import read_record
from neg.scenario_files import check_scenario, read_scenario, solve_scenario
from neg.scenario_files.reading import FILES

NAMES = sorted(path.stem for path in FILES.glob("*.toml"))
SEARCHES = {"border-effect": "fit", "viet-nam-package": "policy"}
BOTH = {"export-zone-or-linkage": "policy"}
"""Files with edits and a search."""


QUICK = ("afta", "border-effect", "chain-of-blocks", "mekong-cities", "tariff-war")
"""One of a kind: of the table, a fit, a world in a file, cities, duties; others when slow."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in NAMES]
)
def test_a_shipped_file_can_be_used(name):
    assert check_scenario(read_scenario(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SEARCHES])
def test_a_shipped_file_is_solved(name, tmp_path):
    result = solve_scenario(read_scenario(name))
    assert result.converged
    change = result.dataset["real_income_change"]
    assert float(abs(change).max()) > 1e-6
    assert result.write(tmp_path).exists()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "command"), (SEARCHES | BOTH).items())
def test_a_shipped_search_is_run_on_the_command_line(name, command, tmp_path, capsys):
    assert main([command, name, "-o", str(tmp_path)]) == 0
    capsys.readouterr()
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["kind"] == command
    assert all(one["status"] == "converged" for one in record["found"])
    assert (tmp_path / "report.html").stat().st_size > 20_000
    if command == "fit":
        error = record["found"][0]["standard_errors"]["ASEAN borders"]
        assert 0 < error < 0.05
        assert abs(record["found"][0]["moments"]["ASEAN share"] - 0.222) < 1e-8
    else:
        data = read_record(tmp_path / "result.nc")
        np.testing.assert_allclose(data["spending"].sum("lever"), data["budget"], rtol=1e-8)
        if name in BOTH:
            return
        # Firms pay a third of what skills cost, whatever the budget.
        skills = data.sel(lever="skills")
        np.testing.assert_allclose(skills["shared"], 0.333 / 0.667 * skills["spending"], rtol=1e-9)
        assert (np.diff(data["shadow_price"].sel(limit="budget")) < 0).all()
