"""Find experiments, run them one after the other, keep records and figures, report failures."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import pkgutil
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import xarray as xr
from tqdm import tqdm

import experiments
from experiments._parallel import side_by_side
from neg.core import records
from neg.core.errors import InvalidDataError, NegError, unknown_name

Progress = Callable[[int, int, str], None]


def names() -> list[str]:
    """Names of all experiments: the files of this package without a leading underscore."""
    found = (module.name for module in pkgutil.iter_modules(experiments.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def select(wanted: Sequence[str]) -> list[str]:
    """The wanted experiments in the order asked for, all if none is named; unknown names raise."""
    known = names()
    for name in wanted:
        if name not in known:
            raise unknown_name("experiment", name, known)
    return list(dict.fromkeys(wanted)) or known


def summary(name: str) -> str:
    """First line of the docstring, read without importing the experiment."""
    for folder in experiments.__path__:
        path = Path(folder) / f"{name}.py"
        if path.exists():
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            return text.partition("\n")[0]
    raise unknown_name("experiment", name, names())


def load(name: str) -> ModuleType:
    """Import an experiment and check that it has all the parts of one."""
    module = importlib.import_module(f"experiments.{name}")
    missing = [part for part in ("CONFIG", "SMOKE", "run", "draw") if not hasattr(module, part)]
    if missing:
        raise InvalidDataError(f"experiment {name!r} lacks {missing}")
    return module


def override(config: Any, changes: Mapping[str, Any]) -> Any:
    """A copy of the settings (dict or dataclass) with changes; an unknown key raises."""
    known = settings_of(config)
    for key in changes:
        if key not in known:
            raise unknown_name("setting", key, known)
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        return dataclasses.replace(config, **changes)
    return {**config, **changes}


def settings_of(config: Any) -> dict[str, Any]:
    """The settings by name."""
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        return {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    return dict(config)


def run_all(
    selected: Iterable[str],
    out: Path,
    *,
    changes: Mapping[str, Any] | None = None,
    smoke: bool = False,
    redraw: bool = False,
    captions: bool = False,
    jobs: int = 1,
) -> int:
    """Run the selected experiments into a folder; 0 if all went well, 1 if one or more failed.

    With more than one job experiments run side by side, each job in a process of its own.
    """
    from experiments import _gallery

    selected = list(selected)
    how: dict[str, Any] = {"smoke": smoke, "redraw": redraw, "captions": captions}
    work = functools.partial(attempt, out=out, changes=dict(changes or {}), **how)
    failures: dict[str, str] = {}
    share = dict.fromkeys(selected, 0.0)
    interactive = sys.stderr.isatty()
    with tqdm(
        total=len(selected),
        bar_format="{percentage:3.0f}% |{bar:24}| {elapsed} {desc}",
        mininterval=0.1 if interactive else 10,
        miniters=0,
        leave=False,
    ) as bar:

        def progress(name: str, part: float, label: str) -> None:
            share[name] = max(share[name], part)
            bar.set_description_str(f"{name}: {label}" if label else name, refresh=False)
            bar.update(sum(share.values()) - bar.n)

        order = longest_first(selected, out) if jobs > 1 else selected
        for name, outcome in side_by_side(work, order, progress, jobs):
            if outcome.error:
                failures[name] = outcome.error
                bar.write(outcome.traceback, file=sys.stderr)
            bar.write(f"{name:24} {outcome.seconds:7.1f} s  {outcome.verdict}")
            progress(name, 1.0, "")
    _gallery.write_index(out)
    print(
        f"{len(selected) - len(failures)} of {len(selected)} experiments ran; see {out}/README.md"
    )
    for name, message in failures.items():
        print(f"failed: {name}: {message}", file=sys.stderr)
    return 1 if failures else 0


def longest_first(selected: Iterable[str], out: Path) -> list[str]:
    """The experiments in falling order of what they took at their last run, by their records."""

    def seconds(name: str) -> float:
        try:
            return float(records.read_record(out / f"{name}.nc").attrs.get("seconds", 0.0))
        except (NegError, OSError, TypeError, ValueError):
            return 0.0  # no record that can be read: no telling

    return sorted(selected, key=seconds, reverse=True)


class Outcome(NamedTuple):
    """How one experiment went; ``error`` is empty if it went well."""

    verdict: str
    seconds: float
    error: str = ""
    traceback: str = ""


def attempt(
    name: str,
    progress: Callable[[str, float, str], None],
    *,
    out: Path,
    changes: Mapping[str, Any],
    **how: bool,
) -> Outcome:
    """Run one experiment and say how it went, whatever it raises: the others still run."""
    import matplotlib

    matplotlib.use("Agg")
    start = time.perf_counter()

    def step(done: int, total: int, label: str = "") -> None:
        progress(name, min(done / max(total, 1), 1.0), label)

    try:
        verdict = run_one(name, out, step, changes=changes, **how)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        return Outcome("FAILED", time.perf_counter() - start, message, traceback.format_exc())
    return Outcome(verdict, time.perf_counter() - start)


def run_one(
    name: str,
    out: Path,
    progress: Progress,
    *,
    changes: Mapping[str, Any] | None = None,
    smoke: bool = False,
    redraw: bool = False,
    captions: bool = False,
) -> str:
    """Run one experiment, write its record and its figures, and return how its solves ended.

    Raises :class:`neg.core.errors.InvalidDataError` if a figure at smoke size has faults: nobody
    looks at those. At other sizes the returned words tell them.
    """
    from experiments import _gallery

    module = load(name)
    path = out / f"{name}.nc"
    if not redraw:
        config = override(module.CONFIG, {**(module.SMOKE if smoke else {}), **(changes or {})})
        progress(0, 1, "solving")
        began = time.perf_counter()
        record: xr.Dataset = records.stamp(
            module.run(config, progress), settings={**settings_of(config), "smoke": smoke}
        )
        record.attrs["seconds"] = round(time.perf_counter() - began, 1)
        record = _gallery.described(module, record)
        records.check_record(record)
        records.write_record(path, record)
    progress(1, 1, "drawing")
    # Drawn from the file, so that what is stored is enough to draw the figure again.
    record = records.read_record(path)
    worded = _gallery.described(module, record)
    if redraw and any(str(worded.attrs[k]) != str(record.attrs.get(k)) for k in worded.attrs):
        records.write_record(path, worded)
    wrong = _gallery.draw(name, module, worded, out, captions=captions)
    if wrong and smoke:
        raise InvalidDataError(f"figures of {name!r} are not fit to print: {'; '.join(wrong)}")
    return "; ".join([str(record.attrs["status"]), *wrong])
