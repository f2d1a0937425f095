"""The runner finds every experiment, skips none, keeps going after a failure, and says so."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import experiments
from experiments import _parallel, _runner
from experiments.__main__ import main
from neg.core import records
from neg.core.errors import UnknownNameError

GOOD = '''
"""Squares of small numbers.

More words.
"""
import xarray as xr
from neg.figures import style

CONFIG = {"points": 50, "power": 2}
SMOKE = {"points": 3}


def run(config, progress):
    values = []
    for i in range(config["points"]):
        progress(i, config["points"], f"point {i}")
        values.append(float(i ** config["power"]))
    return xr.Dataset(
        {"y": ("x", values, {"units": "1"})},
        coords={"x": range(len(values))},
        attrs={"title": "Squares", "caption": "They grow.", "caption_b": "Own.", "status": "ok"},
    )


def describe(record):
    return {"title": f"Squares reach {float(record['y'][-1]):g}", "checks": "within 2e-08"}


def draw(record):
    figures = {}
    for key in "ab":
        figures[key], axes = style.sheet(width="column", height=2)
        axes.plot(record["x"], record["y"])
    return figures
'''

BROKEN = '''
"""Always fails."""
CONFIG, SMOKE = {"points": 1}, {}


def run(config, progress):
    raise ValueError("no such economy")


def draw(record):
    raise AssertionError
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stand-in for the folder of experiments, with one that works and one that fails."""
    importlib.import_module("experiments._gallery")  # while the folder is still the true one
    source = tmp_path / "source"
    source.mkdir()
    (source / "zz_good.py").write_text(GOOD)
    (source / "aa_broken.py").write_text(BROKEN)
    (source / "_helper.py").write_text("raise RuntimeError('hidden files are not experiments')")
    monkeypatch.setattr(experiments, "__path__", [str(source)])
    yield source
    for name in ("zz_good", "aa_broken"):
        sys.modules.pop(f"experiments.{name}", None)
        vars(experiments).pop(name, None)


def test_the_list_shows_names_and_first_lines(folder, capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "aa_broken  Always fails.",
        "zz_good    Squares of small numbers.",
    ]


def test_a_failure_neither_stops_the_others_nor_stays_hidden(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["--smoke", "--jobs", "1", "--out", str(out)]) == 1
    streams = capsys.readouterr()
    assert "1 of 2 experiments ran" in streams.out
    assert "failed: aa_broken: ValueError: no such economy" in streams.err
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "zz_good-a.caption.txt",
        "zz_good-a.pdf",
        "zz_good-a.png",
        "zz_good-b.caption.txt",
        "zz_good-b.pdf",
        "zz_good-b.png",
        "zz_good.nc",
    ]
    record = records.read_record(out / "zz_good.nc")
    np.testing.assert_array_equal(record["y"], [0.0, 1.0, 4.0])
    assert json.loads(record.attrs["settings"]) == {"points": 3, "power": 2, "smoke": True}
    index = (out / "README.md").read_text()
    assert "zz_good-a.png" in index
    assert "## Squares reach 4" in index
    assert index.index("They grow.") < index.index("zz_good-a.png") < index.index("Own.")
    beside = (out / "zz_good-b.caption.txt").read_text()
    assert beside == "Squares reach 4\n\nOwn.\n\nSolves: ok (within 2 × 10⁻⁸).\n"


def test_settings_can_be_changed_and_the_record_drawn_again(folder, tmp_path):
    out = tmp_path / "out"
    assert main(["zz_good", "--out", str(out), "--set", "points=4", "--set", "power=3"]) == 0
    np.testing.assert_array_equal(records.read_record(out / "zz_good.nc")["y"], [0, 1, 8, 27])
    picture, record = (out / "zz_good-a.png").read_bytes(), (out / "zz_good.nc").read_bytes()
    (out / "zz_good-a.png").unlink()
    assert main(["zz_good", "--out", str(out), "--redraw"]) == 0
    assert (out / "zz_good-a.png").read_bytes() == picture
    assert (out / "zz_good.nc").read_bytes() == record


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "unknown experiment 'nowhere'; allowed: aa_broken, zz_good"),
        (["zz_good", "--set", "colour=1"], "unknown setting 'colour'; allowed: points, power"),
        (["zz_good", "--set", "points"], "must be KEY=VALUE"),
    ],
)
def test_a_wrong_call_is_explained(folder, tmp_path, capsys, arguments, message):
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_those_that_took_longest_begin_first(folder, tmp_path):
    assert _runner.longest_first(["aa_broken", "zz_good"], tmp_path) == ["aa_broken", "zz_good"]
    main(["zz_good", "--out", str(tmp_path)])
    record = records.read_record(tmp_path / "zz_good.nc").assign_attrs(seconds=3.0)
    records.write_record(tmp_path / "zz_good.nc", record)
    (tmp_path / "aa_broken.nc").write_text("no record")
    assert _runner.longest_first(["aa_broken", "zz_good"], tmp_path) == ["zz_good", "aa_broken"]


def test_settings_may_be_a_dataclass():
    @dataclasses.dataclass(frozen=True)
    class Config:
        sigma: float = 5.0

    assert _runner.override(Config(), {"sigma": 4.0}) == Config(4.0)
    with pytest.raises(UnknownNameError, match="unknown setting 'mu'; allowed: sigma"):
        _runner.override(Config(), {"mu": 0.4})


def test_captions_are_burnt_in_only_where_asked_for(folder, tmp_path):
    from matplotlib.image import imread

    out = tmp_path / "out"
    assert main(["zz_good", "--smoke", "--out", str(out)]) == 0
    bare = imread(out / "zz_good-a.png").shape
    assert bare[1] == 3.5 * 200  # as wide as it is printed
    assert main(["zz_good", "--redraw", "--captions", "--out", str(out)]) == 0
    assert imread(out / "zz_good-a.png").shape[0] > bare[0]


def test_words_are_written_anew_when_a_record_is_drawn_again(folder, tmp_path):
    out = tmp_path / "out"
    assert main(["zz_good", "--smoke", "--out", str(out)]) == 0
    record = records.read_record(out / "zz_good.nc").assign_attrs(title="Old words")
    records.write_record(out / "zz_good.nc", record)
    assert main(["zz_good", "--redraw", "--out", str(out)]) == 0
    assert records.read_record(out / "zz_good.nc").attrs["title"] == "Squares reach 4"


def test_a_figure_unfit_to_print_fails_at_smoke_size_and_is_told_at_others(
    folder, tmp_path, capsys
):
    bad = GOOD.replace('style.sheet(width="column", height=2)', "plt.subplots(figsize=(9, 2))")
    bad = bad.replace("from neg.figures import style", "from matplotlib import pyplot as plt")
    (folder / "zz_good.py").write_text(bad)
    assert main(["zz_good", "--smoke", "--out", str(tmp_path / "out")]) == 1
    assert "zz_good-a: is 9 inches wide" in capsys.readouterr().err
    assert main(["zz_good", "--redraw", "--out", str(tmp_path / "out")]) == 0
    assert "ok; zz_good-a: is 9 inches wide" in capsys.readouterr().out


def test_an_output_folder_that_cannot_be_written_is_noticed_before_the_work(
    folder, tmp_path, capsys
):
    (tmp_path / "file").write_text("")
    assert main(["zz_good", "--out", str(tmp_path / "file")]) == 2
    streams = capsys.readouterr()
    assert "file cannot be written" in streams.err and "is not a folder" in streams.err


def test_pictures_that_are_no_longer_drawn_go_and_foreign_files_stay(folder, tmp_path):
    out = tmp_path / "out"
    main(["zz_good", "--smoke", "--out", str(out)])
    for ending in ("png", "pdf"):
        shutil.copy(out / f"zz_good-a.{ending}", out / f"zz_good-old.{ending}")
    (out / "zz_good-own.png").write_text("of somebody else")
    (out / "foreign.nc").write_text("no record")
    assert main(["zz_good", "--smoke", "--out", str(out)]) == 0
    names = {path.name for path in out.iterdir()}
    assert "zz_good-old.png" not in names and {"zz_good-own.png", "foreign.nc"} <= names


def test_a_failing_picture_loses_no_numbers_and_leaves_none_of_others(folder, tmp_path, capsys):
    out = tmp_path / "out"
    main(["zz_good", "--smoke", "--out", str(out)])
    text = (folder / "zz_good.py").read_text()
    (folder / "zz_good.py").write_text(text.replace('"ab"', "range(1 / 0)"))
    sys.modules.pop("experiments.zz_good")
    assert main(["zz_good", "--out", str(out)]) == 1
    assert {path.name for path in out.iterdir()} == {"README.md", "zz_good.nc"}
    assert records.read_record(out / "zz_good.nc").sizes["x"] == 50
    assert "ZeroDivisionError" in capsys.readouterr().err


# In processes of their own ----------------------------------------------------------------------

SLOW = GOOD.replace("    values = []", "    import time; time.sleep(60)\n    values = []")
DYING = GOOD.replace("    values = []", "    import os; os._exit(3)\n    values = []")


@pytest.fixture
def own(tmp_path, hears_ctrl_c):
    """A copy of the runner beside experiments that end, sleep, or die."""
    runs = []
    root = Path(_runner.__file__).parents[1]
    (tmp_path / "experiments").mkdir()
    for path in (root / "experiments").glob("_*.py"):
        shutil.copy(path, tmp_path / "experiments")
    for name, text in {"good": GOOD, "slow": SLOW, "slower": SLOW, "dying": DYING}.items():
        (tmp_path / "experiments" / f"{name}.py").write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}

    def start(*arguments: str, **options) -> subprocess.Popen:
        command = [sys.executable, "-m", "experiments", *arguments]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        run = subprocess.Popen(
            command, cwd=tmp_path, env=environment, start_new_session=True, **options
        )
        runs.append(run)
        return run

    yield start
    for run in runs:
        if run.poll() is None:  # after a failure
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()


def living(group: int) -> list[str]:
    """Processes of a group that have not ended, as Linux tells; nothing elsewhere."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # ended in the meantime
            state, _, own, *_ = path.read_text().rpartition(")")[2].split()
            if own == str(group) and state not in "ZX":
                found.append(path.parent.name)
    return found


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_an_interruption_ends_all_processes_with_one_line(own, tmp_path, number):
    run = own("good", "slow", "slower", "--smoke", "--jobs", "2")
    assert run.stdout.readline().startswith("good")
    began = time.monotonic()
    if number == signal.SIGINT:
        os.killpg(run.pid, number)  # as a terminal does: to every process
    else:
        run.send_signal(number)
    out, err = run.communicate(timeout=20)
    assert time.monotonic() - began < 2.0
    assert run.returncode == 130 and out == ""
    lines = [line for line in err.splitlines() if "%" not in line and line.strip()]
    told = "unfinished ones left all files as they were"
    assert lines == [f"interrupted: 1 of 3 experiments ran; {told}"]
    while living(run.pid):  # the one that watches over shared memory follows when we are gone
        assert time.monotonic() - began < 4.0
        time.sleep(0.05)
    names = {path.name for path in (tmp_path / "smoke").iterdir()}
    pictures = {f"good-{key}.{ending}" for key in "ab" for ending in ("caption.txt", "png", "pdf")}
    assert names == {"README.md", "good.nc", *pictures}


@pytest.mark.slow
def test_a_process_that_dies_fails_alone(own):
    run = own("dying", "good", "--smoke", "--jobs", "2")
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1 and "1 of 2 experiments ran" in out
    assert "failed: dying: its process died (exit code 3)" in err and "Traceback" not in err


def test_a_reader_that_has_enough_sees_no_traceback(own):
    reading, writing = os.pipe()
    os.close(reading)
    run = own("--list", stdout=writing)
    os.close(writing)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0 and err == ""


@pytest.mark.parametrize("name", _runner.names())
def test_every_experiment_has_all_parts_and_a_smoke_size_of_known_settings(name):
    assert _runner.summary(name).endswith(".")
    module = _runner.load(name)
    _runner.override(module.CONFIG, module.SMOKE)


def test_main_stands_for_the_experiments_of_the_main_job():
    assert _runner.select(["main"]) == list(_runner.MAIN)
    assert _runner.select(["tomahawk", "main"])[0] == "tomahawk"
    assert set(_runner.MAIN) < set(_runner.names())


def test_an_interruption_that_comes_inside_a_destructor_is_remembered(monkeypatch, hears_ctrl_c):
    class Ends:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    ignored = []
    monkeypatch.setattr(sys, "unraisablehook", lambda one: ignored.append(one.exc_type))
    before = signal.getsignal(signal.SIGINT)
    with _parallel.interruptions() as heard:
        Ends()
        assert ignored == [KeyboardInterrupt] and heard == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is before
