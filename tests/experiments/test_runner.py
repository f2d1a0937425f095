"""The runner finds every experiment, skips none, keeps going after a failure, and says so."""

from __future__ import annotations

import dataclasses
import json
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import experiments
from experiments import _gallery, _runner
from experiments.__main__ import main
from neg.core import records
from neg.core.errors import UnknownNameError

GOOD = '''
"""Squares of small numbers.

More words.
"""
import xarray as xr
from matplotlib import pyplot as plt

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


def draw(record):
    figures = {}
    for key in "ab":
        figures[key], axes = plt.subplots(figsize=(2, 2))
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
        "zz_good-a.pdf",
        "zz_good-a.png",
        "zz_good-b.pdf",
        "zz_good-b.png",
        "zz_good.nc",
    ]
    record = records.read_record(out / "zz_good.nc")
    np.testing.assert_array_equal(record["y"], [0.0, 1.0, 4.0])
    assert json.loads(record.attrs["settings"]) == {"points": 3, "power": 2, "smoke": True}
    index = (out / "README.md").read_text()
    assert "zz_good-a.png" in index
    assert "They grow." in index
    assert "Own." in index


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


def test_a_caption_stands_below_the_canvas_and_inside_its_width():
    figure = Figure(figsize=(4, 3))
    _gallery.add_caption(figure, "Many words about a finding. " * 20)
    (text,) = figure.texts
    box = text.get_window_extent()
    assert box.y1 < 0
    assert box.x1 <= figure.bbox.width
    assert text.get_text().replace("\n", " ") == ("Many words about a finding. " * 20).strip()


@pytest.mark.parametrize("name", _runner.names())
def test_every_experiment_has_all_parts_and_a_smoke_size_of_known_settings(name):
    assert _runner.summary(name).endswith(".")
    module = _runner.load(name)
    _runner.override(module.CONFIG, module.SMOKE)
