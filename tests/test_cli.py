"""The command line: exact JSON, errors on standard error with exit code 2, files by ending."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from neg.cli import main


def run(capsys, text):
    code = main(text.split())
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path))


def test_thresholds_json(capsys):
    code, out, err = run(capsys, "thresholds core-periphery sigma=5 mu=0.4 --json")
    content = json.loads(out)
    assert code == 0 and err == ""
    assert list(content) == ["model", "parameter", "thresholds", "none_because"]
    assert content["model"] == "core-periphery" and content["parameter"] == "tau"
    assert [list(t) for t in content["thresholds"]] == [
        ["kind", "value", "converged", "pattern"]
    ] * 2
    values = {t["kind"]: t["value"] for t in content["thresholds"]}
    assert values["break"] == pytest.approx(1.626577, abs=5e-7)
    assert values["sustain"] == pytest.approx(1.807313, abs=5e-7)
    assert content["none_because"] is None
    assert all(t["converged"] is True for t in content["thresholds"])


def test_black_hole_json_and_text(capsys):
    _, out, _ = run(capsys, "thresholds core-periphery mu=0.85 --json")
    content = json.loads(out)
    assert content["thresholds"] == [] and "black hole" in content["none_because"]
    code, out, _ = run(capsys, "thresholds core-periphery --parameter phi mu=0.85")
    assert code == 0 and "black hole" in out


def test_equilibria_json(capsys):
    code, out, err = run(capsys, "equilibria core-periphery sigma=5 --json tau=1.7 mu=0.4")
    content = json.loads(out)
    assert code == 0 and err == ""
    assert list(content) == ["equilibria", "completeness"]
    assert [list(e) for e in content["equilibria"]] == [["distribution", "stable", "residual"]] * 5
    assert [e["stable"] for e in content["equilibria"]] == [True, False, False, True, True]
    assert isinstance(content["completeness"], str)
    code, out, _ = run(capsys, "equilibria core-periphery tau=1.7")
    assert code == 0 and out.count("unstable") == 2


def test_models(capsys):
    code, out, _ = run(capsys, "models --json")
    models = {model["name"]: model for model in json.loads(out)["models"]}
    assert code == 0 and {"core-periphery", "vertical-linkages", "puga"} <= set(models)
    sigma = next(p for p in models["core-periphery"]["parameters"] if p["name"] == "sigma")
    assert sigma["low"] == 1.0 and sigma["default"] == 5.0 and sigma["meaning"]
    code, out, _ = run(capsys, "models puga-immobile")
    assert code == 0 and "immobile" in out and "core-periphery" not in out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("thresholds nope --json", "unknown model 'nope'"),
        ("thresholds core-periphery sigma=0.5", "sigma = 0.5 is not allowed"),
        ("thresholds core-periphery foo=1 --json", "unknown parameter"),
        ("thresholds core-periphery sigma=abc", "must be a number"),
        ("thresholds core-periphery sigma=5 sigma=6", "given twice"),
        ("thresholds core-periphery --parameter nope", "unknown parameter 'nope'"),
        ("equilibria core-periphery regions=2.5", "must be an integer"),
        ("equilibria core-periphery places=4", "without geography"),
        ("equilibria core-periphery geography=ring places=4", "unknown geography 'ring'"),
        ("equilibria puga labour=idle", "unknown labour 'idle'"),
        ("diagram core-periphery --over tau=2:1 --out a.png", "LOW must be below HIGH"),
        ("diagram core-periphery --over tau --out a.png", "must be NAME=LOW:HIGH"),
        ("diagram core-periphery --over tau=1.2:2 --out a.gif", "must end in"),
    ],
)
def test_errors_go_to_standard_error_with_code_2(capsys, text, words):
    code, out, err = run(capsys, text)
    assert code == 2 and out == "" and words in err and err.startswith("neg: ")


def test_misuse_exits_with_code_2(capsys):
    for text in ("thresholds", "nothing", "thresholds core-periphery mu"):
        try:
            code = main(text.split())
        except SystemExit as stop:
            code = stop.code
        assert code == 2
        assert capsys.readouterr().out == ""


def test_places_build_the_geography(capsys):
    text = "thresholds core-periphery geography=racetrack places=4 --low 1.5 --json"
    _, out, _ = run(capsys, text)
    found = [t for t in json.loads(out)["thresholds"] if t["kind"] == "break"]
    assert found[0]["pattern"] == pytest.approx([1, -1, 1, -1])


@pytest.mark.slow
def test_diagram_writes_its_file(capsys, tmp_path):
    for ending in (".png", ".nc", ".csv"):
        out = tmp_path / f"diagram{ending}"
        code, text, err = run(capsys, f"diagram core-periphery --over tau=1.4:2 --out {out} --json")
        assert code == 0 and err == "" and out.stat().st_size > 1000
        kinds = {point["kind"] for point in json.loads(text)["special"]}
        assert "branch point" in kinds


@pytest.mark.slow
def test_blocks_by_their_labels(capsys):
    code, out, _ = run(capsys, "models")
    assert code == 0 and "land.h" in out and "tastes.kappa" in out
    code, out, _ = run(capsys, "thresholds core-periphery land.h=0.1 --json")
    found = json.loads(out)["thresholds"]
    assert code == 0 and [p["kind"] for p in found].count("break") == 2  # land disperses again
    code, _, err = run(capsys, "thresholds core-periphery lnd.h=0.1")
    assert code == 2 and "unknown block 'lnd'" in err and "land" in err


def test_help_needs_no_models():
    done = subprocess.run(
        [sys.executable, "-m", "neg.cli", "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "thresholds" in done.stdout
