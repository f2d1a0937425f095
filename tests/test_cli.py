"""The command line: exact JSON, errors on standard error with exit code 2, files by ending."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neg.cli
from neg.cli import main
from neg.cli.matrix import read_distances


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
    assert {"model", "parameter", "thresholds", "none_because"} <= set(content)
    assert content["model"] == "core-periphery" and content["parameter"] == "tau"
    assert content["parameters"] == {"sigma": 5.0, "mu": 0.4}  # what varies has no one value
    assert content["places"] == ["0", "1"] and content["geography"] == "equidistant"
    low, high = content["searched"]
    for point in content["thresholds"]:
        assert low < point["interval"][0] <= point["value"] <= point["interval"][1] < high
        assert point["places"] == (["0", "1"] if point["kind"] == "sustain" else [])
        assert len(point["equilibrium"]) == len(point["pattern"]) == 2 and point["below"]
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
    assert content["parameters"] == {"sigma": 5.0, "mu": 0.4, "tau": 1.7}
    assert content["certified"] is True and content["index_sum"] == 1
    assert [e["growth"] < 0 for e in content["equilibria"]] == [True, False, False, True, True]
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
        ("equilibria core-periphery regions=nan", "regions = nan is not allowed; must be an int"),
        ("equilibria core-periphery regions=-inf", "regions = -inf is not allowed"),
        ("equilibria core-periphery geography=line places=nan", "places = nan is not allowed"),
        ("equilibria core-periphery tau=1.5 phi=0.2", "phi is not allowed beside tau"),
        ("equilibria core-periphery phi=0", "phi = 0.0 is not allowed: tau = inf"),
        (
            "equilibria core-periphery regions=2 distances=x.csv",
            "regions is not allowed beside distances",
        ),
        ("equilibria core-periphery distances=nowhere.csv", "nowhere.csv"),
        ("thresholds core-periphery tau=1.5", "tau = 1.5 is not allowed: tau is what varies"),
        ("thresholds core-periphery phi=0.2", "phi = 0.2 is not allowed: tau is what varies"),
        ("thresholds core-periphery --parameter phi tau=1.5", "what varies (as phi)"),
        ("thresholds core-periphery --parameter land.h land.h=0.1", "land.h is what varies"),
        ("thresholds core-periphery --low nan", "low = nan is not allowed"),
        ("diagram core-periphery tau=2 --over tau=1:2 --out a.png", "tau is what varies"),
        ("diagram core-periphery --over tau=1:inf --out a.png", "inf is not allowed"),
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


@pytest.mark.slow
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
    assert code == 2 and "unknown part 'lnd'" in err and "land" in err


def test_help_needs_no_models():
    done = subprocess.run(
        [sys.executable, "-m", "neg.cli", "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "thresholds" in done.stdout


def test_an_output_that_cannot_be_written_is_noticed_before_the_work(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "a.csv"
    code, _, err = run(capsys, f"diagram core-periphery --over tau=1.4:2 --out {out}")
    assert code == 2 and f"OutputError: {out} cannot be written" in err


MATRICES = {
    "bare.csv": "0,1,2\n1.5,0,1\n2,1,0\n",
    "blanks.txt": "0 1 2\n1.5  0 1\n2 1 0\n",
    "both.csv": "\ufeff,A,B,C\nA,0,1,2\nB,1.5,0,1\nC,2,1,0\n",
    "order.csv": "from,C,A,B\nA,2,0,1\nB,1,1.5,0\nC,0,2,1\n",
    "above.csv": "A;B;C\n0;1;2\n1,5;0;1\n2;1;0\n",
    "beside.tsv": "A\t0\t1\t2\nB\t1.5\t0\t1\n\nC\t2\t1\t0\n",
    "digits.csv": '"id","1","2","3"\n1,0,1,2\n2,1.5,0,1\n3,2,1,0\n',
    "short.csv": "A B C\nA 0 1 2\nB 1.5 0 1\nC 2 1 0\n",
}


@pytest.mark.parametrize("name", MATRICES)
def test_unequal_geographies_come_from_a_file(tmp_path, name):
    (tmp_path / name).write_text(MATRICES[name], encoding="utf-8")
    places = read_distances(str(tmp_path / name))
    np.testing.assert_array_equal(places.distance, [[0, 1, 2], [1.5, 0, 1], [2, 1, 0]])
    bare = {"bare.csv": "012", "blanks.txt": "012", "digits.csv": "123"}
    assert "".join(places.names) == bare.get(name, "ABC")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("A,B\n", "0 rows and 2 columns; must be square"),
        ("0,1,2\n1,0,1\n", "2 rows and 3 columns; must be square"),
        ("0,1\n1\n", "row 2: 1 fields; must be 2"),
        (",A,B\nA,0,x\nB,1,0\n", "row 2, column 3: 'x' is not allowed"),
        (",A,B\nA,0,-1\nB,1,0\n", "row 2, column 3: '-1' is not allowed"),
        (",A,B\nA,0,\nB,1,0\n", "row 2, column 3: '' is not allowed"),
        (",A,B\nA,0,1\nZ,1,0\n", "missing ['B'], unexpected ['Z']"),
        (",A,A\nA,0,1\nB,1,0\n", "'A' twice"),
    ],
)
def test_matrices_that_cannot_be_used_are_explained(capsys, tmp_path, text, words):
    (tmp_path / "m.csv").write_text(text)
    code, out, err = run(capsys, f"equilibria core-periphery distances={tmp_path / 'm.csv'}")
    assert code == 2 and out == "" and words in err and "m.csv" in err


def test_what_stays_is_said(capsys):
    text = "thresholds core-periphery phi=0.2 --parameter mu --low 0.3 --high 0.5"
    code, out, _ = run(capsys, text)
    assert code == 0 and "phi = 0.2 sets tau = 1.49535, which stays as mu varies" in out
    assert "searched: mu from 0.3 to 0.5" in out


# In processes of their own ----------------------------------------------------------------------


def start(*words, module="neg.cli", **options):
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen([sys.executable, "-m", module, *words], **settings)


def test_ascii_terminals_get_plain_letters(tmp_path):
    code = "from neg.cli.terminal import use_plain_letters as f; f(); print('φ − τ × é ☃')"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert done.stdout.decode("ascii").strip() == "phi - tau x ? ?" and done.returncode == 0
    run = start("models", env=environment)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0 and err == b"" and "core-periphery" in out.decode("ascii")


def test_a_reader_that_has_enough_sees_no_traceback():
    for words in (("models",), ("--help",)):
        reading, writing = os.pipe()
        os.close(reading)
        run = start(*words, stdout=writing)
        os.close(writing)
        _, err = run.communicate(timeout=60)
        assert run.returncode == 0 and err == b""


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0 and capsys.readouterr().out == f"neg {neg.__version__}\n"


def test_experiments_are_handed_over_or_explained(capsys, monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(os, "execve", lambda *call: calls.append(call))
    main(["experiments", "--list", "tomahawk"])
    ((_, command, environment),) = calls
    assert command[-4:] == ["-m", "experiments", "--list", "tomahawk"]
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(Path(neg.__file__).parents[1])
    monkeypatch.setattr(neg.cli, "__file__", str(tmp_path / "site" / "neg" / "cli" / "__init__.py"))
    assert main(["experiments", "--list"]) == 2
    assert "come with the repository, not with the installed package" in capsys.readouterr().err


def test_an_interruption_is_one_line(capsys, monkeypatch):
    def stop(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("neg.cli.commands.models", stop)
    assert main(["models"]) == 130
    assert capsys.readouterr().err == "neg: interrupted\n"
