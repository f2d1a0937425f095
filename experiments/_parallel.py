"""Work side by side in processes of their own, with progress from all of them."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from multiprocessing import connection
from typing import Any

Report = Callable[[str, float, str], None]
Work = Callable[[str, Report], Any]

_LOOK = 0.2  # seconds between two looks for an interruption that was raised where none is seen
_PATIENCE = 1.0  # seconds that a process has to end when told to, before it is killed


def side_by_side(
    work: Work, names: Sequence[str], progress: Report, jobs: int, lost: Callable[[int], Any]
) -> Generator[tuple[str, Any], None, None]:
    """Yield ``(name, work(name, progress))`` as each ends; ``work`` is importable, never raises.

    With one job the work is done here, in order. With more it is done by that many processes,
    started afresh (a compiled program's threads do not survive a fork). For one that dies (out of
    memory, say) ``lost(exit code)`` takes the place of its outcome, and another one goes on. When
    the caller stops early, by an interruption too, all processes are ended at once.
    """
    if jobs <= 1 or len(names) <= 1:
        for name in names:
            yield name, work(name, progress)
        return
    with interruptions() as heard:
        yield from _served(work, list(names), progress, jobs, lost, heard)


def _served(
    work: Work,
    waiting: list[str],
    progress: Report,
    jobs: int,
    lost: Callable[[int], Any],
    heard: list[int],
) -> Generator[tuple[str, Any], None, None]:
    workers: dict[Any, _Worker] = {}
    try:
        for _ in range(min(jobs, len(waiting))):
            worker = _Worker(work, waiting.pop(0))
            workers[worker.line] = worker
        while workers:
            found = connection.wait(list(workers), _LOOK)
            if heard:
                raise KeyboardInterrupt
            for line in found:
                worker = workers[line]
                message = worker.receive()
                if isinstance(message, _Progress):
                    progress(worker.name, *message.told)
                    continue
                name = worker.name
                if message is None:
                    del workers[line]
                    outcome = lost(worker.end())
                    if waiting:
                        worker = _Worker(work, waiting.pop(0))
                        workers[worker.line] = worker
                else:
                    outcome = message.value
                    if waiting:
                        worker.begin(waiting.pop(0))
                    else:
                        del workers[line]
                        worker.end()
                yield name, outcome
    finally:
        with held_back(signal.SIGINT):  # a second Ctrl-C waits until all have ended
            _end_all(list(workers.values()))


@contextlib.contextmanager
def held_back(*signals: signal.Signals) -> Iterator[None]:
    """Keep these signals waiting inside the block; a process started there never sees them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def interruptions() -> Iterator[list[int]]:
    """Signals that asked to stop, as they come; each interrupts as always.

    What is raised inside a destructor is lost: who waits looks here as well.
    """
    heard: list[int] = []

    def note(number: int, frame: Any) -> None:
        heard.append(number)
        signal.default_int_handler(number, frame)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is signal.default_int_handler:
                before[number] = signal.signal(number, note)
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_all(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.process.terminate()
    patience = _PATIENCE
    for worker in workers:
        began = time.monotonic()
        worker.end(patience)
        patience = max(0.0, patience - (time.monotonic() - began))


class _Progress:
    """Sent while work goes on."""

    def __init__(self, *told: Any) -> None:
        self.told = told


class _Outcome:
    """Sent when work has ended."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Worker:
    """A process that does one piece of work after the other, and the line to it.

    Ctrl-C reaches every process of a terminal: only the one that leads acts on it.
    """

    def __init__(self, work: Work, name: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(work, other), daemon=True)
        with held_back(signal.SIGINT):
            self.process.start()
        other.close()  # so that the end of the process is the end of the line
        self.begin(name)

    def begin(self, name: str) -> None:
        self.name = name
        with contextlib.suppress(OSError):  # it died in the meantime, which `receive` tells
            self.line.send(name)

    def receive(self) -> Any:
        """What the process sent; None if it died."""
        try:
            return self.line.recv()
        except (EOFError, OSError):
            return None

    def end(self, patience: float = _PATIENCE) -> int:
        """Wait until the process has ended, or kill it; its exit code."""
        self.line.close()
        self.process.join(patience)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return int(self.process.exitcode or 0)


def _serve(work: Work, line: Any) -> None:
    """Do what arrives on the line until it is closed."""

    def progress(_: str, part: float, label: str) -> None:
        line.send(_Progress(part, label))

    try:
        while True:
            line.send(_Outcome(work(line.recv(), progress)))
    except (EOFError, OSError):
        return
