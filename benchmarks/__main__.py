"""Command line: time all cases, or those named, and print ratios with their spread."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import benchmarks
from benchmarks._timing import Pair, Start
from neg.core import records
from neg.core.errors import unknown_name

RESULTS = Path(__file__).parent / "results.json"


def main(arguments: list[str] | None = None) -> int:
    """Time what the arguments ask for; 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="files case_NAME.py; all if none")
    parser.add_argument("--list", action="store_true", help="print what there is")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FILE", help="results as JSON")
    options = parser.parse_args(arguments)
    known = names()
    if unknown := [name for name in options.names if name not in known]:
        error = unknown_name("benchmark", unknown[0], known)
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(known))
        return 0
    results = _read(options.out)
    for name in options.names or known:
        module = importlib.import_module(f"benchmarks.case_{name}")
        for case in module.cases():
            measured = case.measure()
            print(line(case, measured), flush=True)
            results[f"{name}: {case.name}"] = measured
            # After each case, so that an interruption loses only the one that runs.
            _write(options.out, results)
    return 0


def names() -> list[str]:
    """Names of all files ``case_<name>.py``."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name.removeprefix("case_") for name in found if name.startswith("case_"))


def line(case: Pair | Start, measured: Mapping[str, Any]) -> str:
    """One line for a reader: two times, the ratio with its spread, and a warning if busy."""
    if isinstance(case, Pair):
        first, second = ("ours", "ours_s"), (case.peer_name, "peer_s")
    else:
        first, second = ("cold", "cold_s"), ("warm", "warm_s")
    text = f"{case.name:44} " + "   ".join(
        f"{label} {_time(measured[key])}" for label, key in (first, second)
    )
    text += "   ratio {ratio:.3g} ({ratio_min:.3g} to {ratio_max:.3g})".format(**measured)
    if measured["busy"]:
        text += f"   BUSY: other work on {measured['other_load']} cores"
    return text


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3)):
        if seconds * scale >= 1.0:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else {}


def _write(path: Path, results: Mapping[str, Any]) -> None:
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), **records.versions()}
    content = {"machine": machine, "cases": dict(sorted(results.items()))}
    records.write_text(path, json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
