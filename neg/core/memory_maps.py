"""Room for compiled programs in a process that compiles many of them.

Linux lets a process hold some 65,000 memory maps (``vm.max_map_count``). Each compiled program of
JAX keeps dozens, an economy that is solved and differentiated some 3,000: after two dozen different
economies the next compilation ends the process with "Cannot allocate memory". Before that happens
the programs are forgotten; those that are still needed are compiled again, or read from the cache
of compiled programs.
"""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from typing import Any

import jax

_LOG = logging.getLogger("neg")
_MAPS = Path("/proc/self/maps")
_MOST = Path("/proc/sys/vm/max_map_count")
_USUAL = 65_530
_FULL = 0.6  # share of the maps at which programs are forgotten
_EVERY = 50  # compiled programs between two counts: none of them takes more than some hundred maps


class _Compiled:
    count = 0


def _notice(event: str, duration_secs: float, **_: Any) -> None:
    if event.endswith("backend_compile_duration"):
        _Compiled.count += 1


jax.monitoring.register_event_duration_secs_listener(_notice)


def make_room(full: float = _FULL, every: int = _EVERY) -> bool:
    """Forget compiled programs if they fill the memory maps of the process; whether it was done.

    Looks only once in ``every`` compiled programs, and does nothing where the system has no such
    limit. To be called outside of compiled code.
    """
    if _Compiled.count < every:
        return False
    _Compiled.count = 0
    held, most = _maps()
    if held <= full * most:
        return False
    _LOG.info("%d of %d memory maps are in use: compiled programs are forgotten", held, most)
    jax.clear_caches()
    gc.collect()
    return True


def _maps() -> tuple[int, int]:
    """Memory maps of this process, and how many it may have."""
    try:
        with _MAPS.open("rb") as lines:
            held = sum(1 for _ in lines)
    except OSError:  # another system
        return 0, _USUAL
    try:
        return held, int(_MOST.read_text())
    except (OSError, ValueError):
        return held, _USUAL
