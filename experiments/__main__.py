"""Command line: run all experiments, or those named, with a progress bar."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments import _runner
from neg.cli.terminal import quiet_when_unread, use_plain_letters
from neg.core.errors import NegError


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments ask for.

    Returns 0 if all went well, 1 if one failed, 2 for a wrong call, 130 after an interruption.
    """
    use_plain_letters()
    options = _parser().parse_args(arguments)
    with quiet_when_unread():
        try:
            return _run(options)
        except NegError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return _runner.INTERRUPTED
    return 0 if options.list else 1  # the reader of the output had enough


def _run(options: argparse.Namespace) -> int:
    names = _runner.select(options.names)
    if options.list:
        width = max((len(name) for name in names), default=0)
        for name in names:
            print(f"{name:{width}}  {_runner.summary(name)}")
        return 0
    changes = dict(_setting(text) for text in options.set)
    if changes:
        for name in names:
            _runner.override(_runner.load(name).CONFIG, changes)
    with _shared_compilations():
        return _runner.run_all(
            names,
            options.out or Path("smoke" if options.smoke else "figures"),
            changes=changes,
            smoke=options.smoke,
            redraw=options.redraw,
            captions=options.captions,
            jobs=options.jobs,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="experiments, or main: those that show what it is for; all if none",
    )
    parser.add_argument("--list", action="store_true", help="print what there is")
    parser.add_argument("--smoke", action="store_true", help="run at the smallest size")
    parser.add_argument("--redraw", action="store_true", help="draw the stored records, solve none")
    parser.add_argument("--captions", action="store_true", help="write captions into the pictures")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: figures, of smoke runs the folder smoke"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=min(os.cpu_count() or 1, 4),
        metavar="N",
        help="experiments side by side; default: one a core, 4 at most",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change one setting of CONFIG (value as JSON); may be repeated",
    )
    return parser


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise NegError(f"--set {text!r} is not allowed; must be KEY=VALUE")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


@contextlib.contextmanager
def _shared_compilations() -> Iterator[None]:
    """Processes side by side share what they compile, in the named folder or one for this run."""
    with tempfile.TemporaryDirectory(prefix="neg-experiments-") as folder:
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        try:
            yield
        finally:
            if os.environ["JAX_COMPILATION_CACHE_DIR"] == folder:
                del os.environ["JAX_COMPILATION_CACHE_DIR"]


if __name__ == "__main__":
    code = main()
    if code == _runner.INTERRUPTED:  # all is put away; Python would take seconds to forget it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
