"""Commands on scenario files: check, solve, compare, sweep, fit, policy."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from neg.cli.texts import table
from neg.core.compilation import compile_quickly, keep_compiled
from neg.core.errors import ConvergenceError, InvalidDataError, NegError
from neg.core.records import check_writable
from neg.scenario_files import (
    ScenarioFile,
    Solved,
    check_scenario,
    compare_scenarios,
    fit_scenario,
    policy_scenario,
    read_scenario,
    shipped,
    sweep_scenario,
)

T = TypeVar("T")


def check(options: argparse.Namespace) -> str:
    """Names, units, reach and whether anything changes, of every file; errors of all together."""
    if options.list:
        names = shipped()
        if options.json:
            return json.dumps(names)
        return table(["name", "what it is about"], [list(item) for item in names.items()])
    if not options.files:
        raise InvalidDataError("check needs files, or --list; got neither")
    keep_compiled()
    found: list[dict[str, Any]] = []
    for name in options.files:
        one: dict[str, Any] = {"file": name, "ok": True, "warnings": [], "error": None}
        try:
            one["warnings"] = check_scenario(read_scenario(name), folder=_folder(name))
        except (NegError, OSError) as error:
            one |= {"ok": False, "error": f"{type(error).__name__}: {error}"}
        found.append(one)
    bad = [one for one in found if not one["ok"]]
    if options.json:
        text = json.dumps(found)
    else:
        text = "\n".join(_said(one) for one in found if one["ok"])
    if bad:
        if text:
            print(text)
        told = "\n".join(f"{one['file']}: {one['error']}" for one in bad)
        raise InvalidDataError(f"{len(bad)} of {len(found)} files cannot be used\n{told}")
    return text


def _said(one: dict[str, Any]) -> str:
    lines = [f"{one['file']}: {'ok' if not one['warnings'] else 'ok, but'}"]
    return "\n".join([*lines, *(f"  warning: {text}" for text in one["warnings"])])


def solve(options: argparse.Namespace) -> str:
    """Solve one file and write its folder."""
    return _compared(options)


def compare(options: argparse.Namespace) -> str:
    """Solve files side by side and write one folder."""
    return _compared(options)


def _compared(options: argparse.Namespace) -> str:
    read = [read_scenario(name) for name in options.files]
    check_writable(options.out, folder=True)
    folders = [_folder(name) for name in options.files]
    with _Bar("equilibria") as bar:
        result = interruptible(
            lambda: compare_scenarios(read, folders=folders, progress=bar.at), bar
        )
    return _written(result, options, read)


def sweep(options: argparse.Namespace) -> str:
    """Solve every case, each put down as it is finished; then write the folder."""
    name = options.files[0]
    read = read_scenario(name)
    check_writable(options.out, folder=True)
    with _Bar("cases") as bar:
        result = interruptible(
            lambda: sweep_scenario(
                read,
                options.out,
                folder=_folder(name),
                jobs=options.jobs,
                resume=options.resume,
                progress=bar.at,
            ),
            bar,
        )
    return _written(result, options, [read])


def fit(options: argparse.Namespace) -> str:
    """Fit the unknowns of a file to its targets and write the folder."""
    return _searched(options, fit_scenario)


def policy(options: argparse.Namespace) -> str:
    """Find the best policy of a file and write the folder."""
    return _searched(options, policy_scenario)


def _searched(options: argparse.Namespace, search: Callable[..., Solved]) -> str:
    name = options.files[0]
    read = read_scenario(name)
    check_writable(options.out, folder=True)
    compile_quickly()
    keep_compiled()
    with _Bar("equilibria") as bar:
        result = interruptible(lambda: search(read, folder=_folder(name), progress=bar.at), bar)
    return _written(result, options, [read])


def _written(result: Solved, options: argparse.Namespace, read: list[ScenarioFile]) -> str:
    sources = tuple(_source(name) for name in options.files)
    path = result.write(options.out, sources=sources)
    if not result.converged:
        raise ConvergenceError(
            f"not every case was solved ({result.dataset.attrs['status']}); what there is stands "
            f"in {path}"
        )
    return f"wrote {path}"


def _source(name: str) -> bytes:
    """The file as it was read."""
    from neg.scenario_files.reading import FILES

    path = Path(name)
    return (path if path.exists() else FILES / f"{name}.toml").read_bytes()


def _folder(name: str) -> Path:
    """Where paths in a file start: beside it."""
    path = Path(name)
    return path.parent if path.exists() else Path(".")


class _Bar:
    """A progress bar on standard error, fed with done, total and a name; warnings beside it."""

    def __init__(self, unit: str) -> None:
        self._bar = tqdm(unit=f" {unit}", file=sys.stderr, disable=None)

    def __enter__(self) -> _Bar:
        self._caught = warnings.catch_warnings()
        self._caught.__enter__()
        # Of types: its type has a default for each argument.
        warnings.showwarning = self._show  # type: ignore[assignment]
        return self

    def __exit__(self, *raised: Any) -> None:
        self._caught.__exit__(*raised)
        self._bar.close()

    def _show(self, message: Any, *_: Any, **__: Any) -> None:
        tqdm.write(f"neg: warning: {message}", file=sys.stderr)

    def at(self, done: int, total: int, name: str) -> None:
        """Show how far it is."""
        self._bar.total = total
        self._bar.set_description(name, refresh=False)
        self._bar.n = done
        self._bar.refresh()


def interruptible(work: Callable[[], T], bar: _Bar | None = None) -> T:
    """The result of ``work``, done beside the main thread so that Ctrl-C is heard at once.

    Compiled code hears no signal until it ends. After an interruption the process is left where it
    stands: what was finished is on disk whole, what was not is not there.
    """
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = work()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.1)
    except KeyboardInterrupt:
        for child in multiprocessing.active_children():
            child.terminate()
        print("\nneg: interrupted; finished cases are kept", file=sys.stderr, flush=True)
        os._exit(130)
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]
