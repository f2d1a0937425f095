"""The benchmark runner compares results before it times them, and reports ratios with spread."""

from __future__ import annotations

import json
import sys
import time

import jax.numpy as jnp
import numpy as np
import pytest

import benchmarks
from benchmarks.__main__ import main
from benchmarks._timing import Pair, Start

CASE = '''
"""Sum of numbers."""
import time
from benchmarks._timing import Pair

def agree(ours, peer):
    assert ours == peer

def cases():
    return [Pair("sum", lambda: 1, lambda: time.sleep(0.002) or 1, agree, "sleeper", repeats=3)]
'''


def test_a_slower_peer_gives_a_ratio_above_one():
    pair = Pair(
        "sleep",
        ours=lambda: time.sleep(0.002),
        peer=lambda: time.sleep(0.02),
        agree=lambda ours, peer: None,
        repeats=5,
    )
    measured = pair.measure()
    assert measured["ratio_min"] <= measured["ratio"] <= measured["ratio_max"]
    assert measured["ratio"] > 2
    assert measured["ours_s"] >= 0.002


def test_two_ways_that_disagree_are_not_timed():
    pair = Pair("no", lambda: jnp.ones(2), lambda: np.zeros(2), np.testing.assert_allclose)
    with pytest.raises(AssertionError, match="Mismatched elements"):
        pair.measure()


def test_a_process_is_timed_from_start_to_end():
    measured = Start("sleep", "import time; time.sleep(0.05)", repeats=1).measure()
    assert measured["cold_s"] > 0.05
    assert measured["warm_s"] > 0.05


def test_cases_are_found_by_their_file_name_and_results_kept(tmp_path, monkeypatch, capsys):
    (tmp_path / "case_total.py").write_text(CASE)
    monkeypatch.setattr(benchmarks, "__path__", [str(tmp_path)])
    results = tmp_path / "results.json"
    try:
        assert main(["total", "--out", str(results)]) == 0
    finally:
        sys.modules.pop("benchmarks.case_total", None)
    assert "sleeper" in capsys.readouterr().out
    content = json.loads(results.read_text())
    assert content["cases"]["total: sum"]["ratio"] > 1
    assert set(content["machine"]) >= {"cores", "neg", "jax"}
    assert main(["nothing", "--out", str(results)]) == 2
    assert "unknown benchmark 'nothing'; allowed: total" in capsys.readouterr().err
