"""Work side by side in processes of their own, with progress from all of them."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from typing import Any

Report = Callable[[str, float, str], None]
Work = Callable[[str, Report], Any]


def side_by_side(
    work: Work, names: Sequence[str], progress: Report, jobs: int
) -> Iterator[tuple[str, Any]]:
    """Yield ``(name, work(name, progress))`` as each ends; ``work`` is importable, never raises.

    With one job the work is done here, in order. With more it is done by that many processes,
    started afresh (a compiled program's threads do not survive a fork).
    """
    if jobs <= 1 or len(names) <= 1:
        for name in names:
            yield name, work(name, progress)
        return
    context = multiprocessing.get_context("spawn")
    with (
        context.Manager() as manager,
        ProcessPoolExecutor(min(jobs, len(names)), mp_context=context) as pool,
    ):
        messages: Any = manager.Queue()
        pending = {pool.submit(work, name, _Sender(messages)): name for name in names}
        while pending:
            done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            for message in _received(messages):
                progress(*message)
            for future in done:
                yield pending.pop(future), future.result()


class _Sender:
    """Progress of another process, sent to this one."""

    def __init__(self, messages: Any) -> None:
        self.messages = messages

    def __call__(self, name: str, part: float, label: str) -> None:
        self.messages.put((name, part, label))


def _received(messages: Any) -> Iterator[tuple[str, float, str]]:
    while True:
        try:
            yield messages.get_nowait()
        except queue.Empty:
            return
