"""Time two callables in turn, or a process from start to end, and say how sure the ratio is."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax

BUSY = 0.75
"""The machine counts as busy when other work occupies more than this many cores."""


@dataclass(frozen=True)
class Pair:
    """Our way and a peer's way to the same result.

    ``agree(ours(), peer())`` is asked once before timing: it raises if the two do not compute the
    same. ``inner`` calls are timed together where one is too short for the clock.
    """

    name: str
    ours: Callable[[], Any]
    peer: Callable[[], Any]
    agree: Callable[[Any, Any], None]
    peer_name: str = "peer"
    repeats: int = 15
    inner: int = 1
    peer_sample: int = 1
    """The peer does one part in so many of the work; its time is that many times as long."""
    note: str = ""

    def measure(self) -> dict[str, Any]:
        """Medians in seconds, and the ratio peer over ours with its spread over the repeats."""
        self.agree(_done(self.ours()), _done(self.peer()))  # also compiles
        busy = Busy()
        ours, peer = [], []
        for _ in range(self.repeats):
            ours.append(_seconds(self.ours, self.inner))
            peer.append(self.peer_sample * _seconds(self.peer, self.inner))
        ratios = [b / a for a, b in zip(ours, peer, strict=True)]
        return {
            "ours_s": statistics.median(ours),
            "peer_s": statistics.median(peer),
            "peer_name": self.peer_name,
            "ratio": statistics.median(ratios),
            "ratio_min": min(ratios),
            "ratio_max": max(ratios),
            "repeats": self.repeats,
            "note": self.note,
            **busy.verdict(),
        }


@dataclass(frozen=True)
class Start:
    """A Python program timed from process start to end; ``code`` is its text.

    Cold: nothing compiled before. Warm: with the compilation cache that an earlier run left.
    """

    name: str
    code: str
    repeats: int = 5
    note: str = ""

    def measure(self) -> dict[str, Any]:
        """Medians in seconds, cold and warm, and the ratio cold over warm with its spread."""
        busy = Busy()
        cold, warm = [], []
        for _ in range(self.repeats):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(process_seconds(self.code, cache))
                warm.append(process_seconds(self.code, cache))
        ratios = [a / b for a, b in zip(cold, warm, strict=True)]
        return {
            "cold_s": statistics.median(cold),
            "warm_s": statistics.median(warm),
            "ratio": statistics.median(ratios),
            "ratio_min": min(ratios),
            "ratio_max": max(ratios),
            "repeats": self.repeats,
            "note": self.note,
            **busy.verdict(),
        }


def process_seconds(code: str, cache: str) -> float:
    """Seconds from the start to the end of a Python process with a compilation cache folder."""
    environment = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": cache,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


class Busy:
    """Whether other work ran on the machine while a case was timed."""

    def __init__(self) -> None:
        self._start = _clocks()

    def verdict(self) -> dict[str, Any]:
        """Cores that other processes kept busy meanwhile, and whether that is too many."""
        wall, machine, own = (now - then for now, then in zip(_clocks(), self._start, strict=True))
        others = max(machine - own, 0.0) / max(wall, 1e-9)
        return {"other_load": round(others, 2), "busy": others > BUSY}


def _clocks() -> tuple[float, float, float]:
    """Seconds on the wall; processor seconds of the whole machine; of this process and its own."""
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    user, nice, system, _idle, _waiting, irq, softirq, steal = ticks
    machine = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return time.perf_counter(), machine, own


def _seconds(call: Callable[[], Any], inner: int) -> float:
    start = time.perf_counter()
    for _ in range(inner):
        result = call()
    _done(result)
    return (time.perf_counter() - start) / inner


def _done(result: Any) -> Any:
    """Wait until a result is there: JAX returns before it has computed."""
    return jax.block_until_ready(result)
