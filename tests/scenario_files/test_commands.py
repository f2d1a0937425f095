"""The command line on scenario files: exit codes, folders, resumption, interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from neg.cli import main
from neg.core.errors import ConvergenceError
from neg.core.records import read_record


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "cache"))


def run(capsys, *words):
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_check_lists_and_names_what_is_wrong(capsys, folder, tmp_path):
    code, out, _ = run(capsys, "check", "--list", "--json")
    assert code == 0 and "tariff-war" in json.loads(out)
    assert run(capsys, "check", folder / "small.toml")[:2] == (0, f"{folder / 'small.toml'}: ok\n")
    bad = tmp_path / "bad.toml"
    bad.write_text('schema = 1\nname = "bad"\n[economy]\nthta = 1.0\n')
    code, out, err = run(capsys, "check", folder / "small.toml", bad)
    assert code == 2 and "small.toml: ok" in out
    assert "bad.toml: economy.thta is no key; did you mean 'theta'?" in err
    assert run(capsys, "check")[0] == 2
    assert run(capsys, "check", tmp_path / "none.toml")[0] == 2


def test_solve_compare_and_sweep_write_folders(capsys, folder, tmp_path, monkeypatch):
    file = folder / "small.toml"
    code, out, _ = run(capsys, "solve", file, "-o", tmp_path / "one")
    assert code == 0 and "report.html" in out
    assert (tmp_path / "one" / "scenario.toml").read_bytes() == file.read_bytes()
    other = folder / "other.toml"
    other.write_text(file.read_text().replace('name = "small"', 'name = "other"'))
    code, _, _ = run(capsys, "compare", file, other, "-o", tmp_path / "two")
    assert code == 0 and (tmp_path / "two" / "other.toml").exists()
    code, _, _ = run(capsys, "sweep", file, "-o", tmp_path / "all")
    assert code == 0 and read_record(tmp_path / "all" / "result.nc").sizes["case"] == 6
    code, _, err = run(capsys, "sweep", file, "-o", tmp_path / "all")
    assert code == 2 and "resume" in err
    assert run(capsys, "sweep", file, "--resume", "-o", tmp_path / "all")[0] == 0

    def fail(*_, **__):
        raise ConvergenceError("no equilibrium")

    monkeypatch.setattr("neg.cli.scenarios.compare_scenarios", fail)
    assert run(capsys, "solve", file, "-o", tmp_path / "three")[0] == 1
    assert not (tmp_path / "three").exists()


@pytest.mark.slow
def test_processes_side_by_side_give_the_same_and_stop_within_two_seconds(
    folder, tmp_path, hears_ctrl_c
):
    text = (folder / "small.toml").read_text()
    text = text.replace("steps = 3", "steps = 400").replace("[4.0, 5.0]", "[4.0, 4.5, 5.0, 5.5]")
    file = folder / "many.toml"
    file.write_text(text)
    words = [sys.executable, "-m", "neg.cli", "sweep", str(file)]
    process = subprocess.Popen([*words, "-o", str(tmp_path / "cut")], stderr=subprocess.DEVNULL)
    ledger = tmp_path / "cut" / "cases.jsonl"
    until = time.monotonic() + 120
    while not ledger.exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert process.wait(timeout=60) == 130
    assert time.monotonic() - began < 2.0
    subprocess.run([*words, "--resume", "-o", str(tmp_path / "cut")], check=True)
    subprocess.run([*words, "--jobs", "2", "-o", str(tmp_path / "whole")], check=True)
    one, other = (read_record(tmp_path / name / "result.nc") for name in ("cut", "whole"))
    assert one.identical(other) and one.sizes["case"] == 1600
    assert os.path.exists(tmp_path / "whole" / "report.html")
