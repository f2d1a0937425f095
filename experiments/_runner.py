"""Find experiments, run them one after the other, keep records and figures, report failures."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import importlib
import os
import pkgutil
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import xarray as xr
from tqdm import tqdm

import experiments
from experiments._parallel import Work, held_back, side_by_side
from neg.analysis.compare import NumeraireWarning
from neg.core import records
from neg.core.errors import InvalidDataError, NegError, unknown_name

Progress = Callable[[int, int, str], None]

MAIN = (
    "east_asia_scenarios",
    "bell_curve",
    "tomahawk",
    "hysteresis",
    "east_asia_2020",
    "asean_gradient",
    "border_cut_budget",
    "congestion",
)
"""What ``python -m experiments main`` runs: the main job, some minutes on two cores."""

INTERRUPTED = 130
"""Exit code of a run that was interrupted, as shells expect it."""


def names() -> list[str]:
    """Names of all experiments: the files of this package without a leading underscore."""
    found = (module.name for module in pkgutil.iter_modules(experiments.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def select(wanted: Sequence[str]) -> list[str]:
    """The wanted experiments in the order asked for, all if none is named; unknown names raise.

    ``main`` stands for those that show what the library is for (:data:`MAIN`).
    """
    known = names()
    wanted = [one for name in wanted for one in (MAIN if name == "main" else (name,))]
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

    With more than one job experiments run side by side, each job in a process of its own. An
    interruption (Ctrl-C) ends them all, and 130 is returned. Raises
    :class:`neg.core.errors.OutputError` before the work where the folder cannot be written.
    """
    from experiments import _gallery

    selected = list(selected)
    how: dict[str, Any] = {"smoke": smoke, "redraw": redraw, "captions": captions}
    records.check_writable(out, folder=True)
    failures: dict[str, str] = {}
    ended: list[str] = []
    interrupted = False
    with _unfinished(out) as stage, _stopped_by_terminate():
        work = functools.partial(attempt, out=out, changes=dict(changes or {}), stage=stage, **how)
        try:
            order = longest_first(selected, out) if jobs > 1 else selected
            for name, outcome in _with_bar(work, order, jobs):
                ended.append(name)
                if outcome.error:
                    failures[name] = outcome.error
        except KeyboardInterrupt:
            interrupted = True
        finally:
            index = _gallery.write_index(out)
    ran = f"{len(ended) - len(failures)} of {len(selected)} experiments ran"
    if interrupted:
        print(f"interrupted: {ran}; unfinished ones left all files as they were", file=sys.stderr)
        return INTERRUPTED
    print(f"{ran}; see {index}" if index else ran)
    for name, message in failures.items():
        print(f"failed: {name}: {message}", file=sys.stderr)
    return 1 if failures else 0


def _with_bar(work: Work, order: Sequence[str], jobs: int) -> Iterator[tuple[str, Outcome]]:
    """Do the work behind a progress bar, saying how each experiment went."""
    share = dict.fromkeys(order, 0.0)
    interactive = sys.stderr.isatty()
    with tqdm(
        total=len(order),
        bar_format="{percentage:3.0f}% |{bar:24}| {elapsed} {desc}",
        mininterval=0.1 if interactive else 10,
        miniters=0,
        leave=False,
    ) as bar:

        def progress(name: str, part: float, label: str) -> None:
            share[name] = max(share[name], part)
            bar.set_description_str(f"{name}: {label}" if label else name, refresh=False)
            bar.update(sum(share.values()) - bar.n)

        results = side_by_side(work, order, progress, jobs, _lost)
        with contextlib.closing(results):  # so that an interruption here ends the processes
            for name, outcome in results:
                yield name, outcome  # counted first: an interruption may come while it is told
                if outcome.error:
                    bar.write(outcome.traceback or outcome.error, file=sys.stderr)
                bar.write(f"{name:24} {outcome.seconds:7.1f} s  {outcome.verdict}")
                progress(name, 1.0, "")


@contextlib.contextmanager
def _unfinished(out: Path) -> Iterator[Path]:
    """A hidden folder inside ``out`` for what is not ready; it goes, whatever happens."""
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=records.UNFINISHED, dir=out))
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if new and not any(out.iterdir()):
            out.rmdir()


@contextlib.contextmanager
def _stopped_by_terminate() -> Iterator[None]:
    """Let a request to terminate do what Ctrl-C does, so that no process is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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


def _lost(code: int) -> Outcome:
    """What to say of an experiment whose process died."""
    told = "killed, perhaps for want of memory" if code < 0 else f"exit code {code}"
    return Outcome("FAILED", 0.0, f"its process died ({told})")


def attempt(
    name: str,
    progress: Callable[[str, float, str], None],
    *,
    out: Path,
    changes: Mapping[str, Any],
    stage: Path,
    **how: bool,
) -> Outcome:
    """Run one experiment and say how it went, whatever it raises: the others still run."""
    import matplotlib

    matplotlib.use("Agg")
    start = time.perf_counter()

    def step(done: int, total: int, label: str = "") -> None:
        progress(name, min(done / max(total, 1), 1.0), label)

    # Records say what is held fixed, deficits in the numeraire among it: no need to warn as well.
    warnings.simplefilter("ignore", NumeraireWarning)
    try:
        verdict = run_one(name, out, step, changes=changes, stage=stage, **how)
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
    stage: Path | None = None,
) -> str:
    """Run one experiment, write its record and its figures, and return how its solves ended.

    Record and figures are made in a folder of their own (inside ``stage``, else inside ``out``)
    and take their place together: an interruption leaves the old ones, which fit each other.
    Raises :class:`neg.core.errors.InvalidDataError` if a figure at smoke size has faults: nobody
    looks at those. At other sizes the returned words tell them.
    """
    from experiments import _gallery

    module = load(name)
    if stage is None:
        with _unfinished(out) as stage:
            how: dict[str, Any] = {"smoke": smoke, "redraw": redraw, "captions": captions}
            return run_one(name, out, progress, changes=changes, stage=stage, **how)
    ready = stage / name
    ready.mkdir()
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
        path = records.write_record(ready / path.name, record)
    progress(1, 1, "drawing")
    # Drawn from the file, so that what is stored is enough to draw the figure again.
    record = records.read_record(path)
    worded = _gallery.described(module, record)
    if redraw and any(str(worded.attrs[k]) != str(record.attrs.get(k)) for k in worded.attrs):
        records.write_record(ready / path.name, worded)
    try:
        wrong = _gallery.draw(name, module, worded, ready, captions=captions)
        if wrong and smoke:
            raise InvalidDataError(f"figures of {name!r} are not fit to print: {'; '.join(wrong)}")
    except Exception:
        if not redraw:  # what was solved is kept; pictures of other numbers are not
            for half in ready.iterdir():
                if half != path:
                    half.unlink()
            _publish(name, ready, out)
        raise
    _publish(name, ready, out)
    return "; ".join([str(record.attrs["status"]), *wrong])


def _publish(name: str, ready: Path, out: Path) -> None:
    """Put the files of an experiment into their place; its figures that are no more go."""
    old = {name, *(path.stem for path in out.glob(f"{name}-*.png"))}
    new = {path.stem for path in ready.glob("*.png")}
    with held_back(signal.SIGINT, signal.SIGTERM):
        for path in sorted(ready.iterdir()):
            os.replace(path, out / path.name)
        for stem in old - new:
            made = [out / f"{stem}{ending}" for ending in (".png", ".pdf", ".caption.txt")]
            if all(path.exists() for path in made[:2]):
                for path in made:
                    path.unlink(missing_ok=True)
