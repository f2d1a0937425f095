"""The command line ``neg``: models, thresholds, equilibria, bifurcation diagrams, experiments."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neg import __version__
from neg.cli.terminal import quiet_when_unread, use_plain_letters

_ASSIGNMENTS = (
    "parameters (sigma=5), options (labour=immobile), regions=N for equidistant places, "
    "geography=racetrack places=8, or distances=FILE (a matrix of steps, CSV); phi=... and other "
    "aliases where the model has them; blocks (land.h=0.2) as `neg models` lists them"
)


_NO_EXPERIMENTS = (
    "the experiments come with the repository, not with the installed package: clone it and run "
    "`python -m experiments` in its folder"
)


_ON_FILES = {
    "check": "check scenario files without solving",
    "solve": "solve a scenario file into a folder",
    "compare": "solve scenario files side by side",
    "sweep": "solve every case of a file's sweep",
    "fit": "fit the unknowns of a file to its targets",
    "policy": "find the best policy of a file",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns 0 when done, 2 for input that cannot be used, 1 where a solve failed, 130 after an
    interruption. Results go to standard output (with ``--json`` nothing but JSON), errors to
    standard error; a terminal without Greek letters gets their names.
    """
    use_plain_letters()
    with quiet_when_unread():
        try:
            return _run(list(sys.argv[1:] if arguments is None else arguments))
        except KeyboardInterrupt:
            print("neg: interrupted", file=sys.stderr)
            return 130
    return 0  # whoever read the output had enough of it


def _run(words: list[str]) -> int:
    if words[:1] == ["experiments"]:
        return _experiments(words[1:])
    parser = _parser()
    options, extra = parser.parse_known_args(words)
    misplaced = [text for text in extra if text.startswith("-") or "=" not in text]
    if misplaced or (extra and not hasattr(options, "assignments")):
        parser.error(f"unrecognized arguments: {' '.join(misplaced or extra)}")
    if extra:  # assignments that follow a flag
        options.assignments = [*options.assignments, *extra]

    # Here: they import jax, which --help does not need.
    room = "scenarios" if options.command in _ON_FILES else "commands"
    commands = importlib.import_module(f"neg.cli.{room}")
    from neg.core.errors import ConvergenceError, NegError

    try:
        text = getattr(commands, options.command)(options)
    except ConvergenceError as error:
        print(f"neg: ConvergenceError: {error}", file=sys.stderr)
        return 1
    except NegError as error:
        print(f"neg: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"neg: {error}", file=sys.stderr)
        return 2
    print(text)
    return 0


def _experiments(words: list[str]) -> int:
    """Hand over to ``python -m experiments`` of the repository that this package stands in."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "experiments" / "_runner.py").exists():
        print(f"neg: {_NO_EXPERIMENTS}", file=sys.stderr)
        return 2
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    sys.stdout.flush()
    # In its place: a process of its own reads settings before numpy is loaded, and Ctrl-C is its.
    command = [sys.executable, "-P", "-m", "experiments", *words]
    os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": path})
    return 0  # another process by now


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neg", description="Where industry locates, and why it moves."
    )
    parser.add_argument("--version", action="version", version=f"neg {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    models = commands.add_parser("models", help="list the models and their parameters")
    models.add_argument("model", nargs="?", metavar="MODEL", help="only this one")
    find = _about_model(commands, "thresholds", "find break and sustain points")
    find.add_argument(
        "--parameter", default="tau", metavar="NAME", help="what varies (default tau)"
    )
    find.add_argument("--low", type=float, metavar="VALUE", help="search above this value")
    find.add_argument("--high", type=float, metavar="VALUE", help="search below this value")
    every = _about_model(commands, "equilibria", "find all long-run equilibria")
    every.add_argument("--starts", type=int, metavar="N", help="starts for each set of used cells")
    draw = _about_model(commands, "diagram", "follow equilibria as a parameter moves")
    draw.add_argument("--over", required=True, metavar="NAME=LOW:HIGH", help="what varies")
    draw.add_argument(
        "--out", required=True, metavar="FILE", help="where to write: .png, .pdf, .nc or .csv"
    )
    _about_files(commands)
    run = "run the experiments of the repository; see: neg experiments --help"
    commands.add_parser("experiments", help=run, add_help=False)
    for command in (models, find, every, draw):
        command.add_argument("--json", action="store_true", help="print JSON alone")
    return parser


def _about_files(commands: Any) -> None:
    told = "scenario file (TOML), or the name of a shipped one"
    for name, purpose in _ON_FILES.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        count: Any = {"check": "*", "compare": "+"}.get(name, 1)
        command.add_argument("files", nargs=count, metavar="FILE", help=told)
        if name == "check":
            command.add_argument("--list", action="store_true", help="list the shipped files")
            command.add_argument("--json", action="store_true", help="print JSON alone")
            continue
        command.add_argument("-o", "--out", required=True, metavar="DIR", help="result folder")
        if name == "sweep":
            command.add_argument(
                "--jobs", type=int, default=1, metavar="N", help="processes side by side"
            )
            command.add_argument("--resume", action="store_true", help="skip finished cases")


def _about_model(commands: Any, name: str, purpose: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=purpose, description=purpose)
    command.add_argument("model", metavar="MODEL", help="plain name, as in: neg models")
    command.add_argument("assignments", nargs="*", metavar="name=value", help=_ASSIGNMENTS)
    return command
