"""Who does the work: processes beside this one, or any executor; what they give and what became of them.

Each worker process has an executor of its own: when the system kills one, the others do not notice.
"""

from __future__ import annotations

import os
import queue
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from typing import Any, Protocol

from embroider_prep.batches.job import prepare

Work = Callable[[Any], Any]

STOP_S = 3.0
"""How long a worker that is asked to stop may take to remove its temporary files."""


class Executor(Protocol):
    """What is asked of an executor: `concurrent.futures` has it, and so has Dask's client."""

    def submit(self, work: Work, /, job: Any) -> Any:
        """Return a future with `add_done_callback` and `result`."""


class Pool:
    """Work that is under way in an executor; ``room`` is how much of it there may be at a time."""

    def __init__(self, executor: Executor, room: int) -> None:
        self.executor, self.room = executor, room
        self.running: dict[int, Any] = {}
        self._done: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._count = 0

    def start(self, work: Work, job: Any) -> None:
        """Begin a job."""
        self._count += 1
        number = self._count
        self.running[number] = job
        future = self._submit(work, job)
        future.add_done_callback(lambda done: self._done.put((number, done)))

    def _submit(self, work: Work, job: Any) -> Any:
        return self.executor.submit(work, job)

    def wait(self) -> tuple[Any, Any, BaseException | None]:
        """Wait for any job; return it, its result, and (when its worker is lost) why."""
        number, future = self._done.get()
        job = self.running.pop(number)
        try:
            return job, future.result(), None
        except Exception as error:
            if not self.is_loss(error):
                raise
            return job, None, error

    def is_loss(self, error: Exception) -> bool:
        """Say whether an error means that the worker is gone, not that the work failed."""
        return isinstance(error, BrokenExecutor | MemoryError)

    def close(self) -> None:
        """The executor belongs to whoever gave it."""


class Processes(Pool):
    """Worker processes of our own; one that is lost is replaced."""

    def __init__(self, workers: int, *, threads: int, style: str) -> None:
        super().__init__(self, workers)  # type: ignore[arg-type]
        self.settings = (threads, style)
        self.idle: list[ProcessPoolExecutor] = []
        self.lanes: list[ProcessPoolExecutor] = []

    def _lane(self) -> ProcessPoolExecutor:
        lane = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin, initargs=self.settings)
        self.lanes.append(lane)
        return lane

    def _submit(self, work: Work, job: Any) -> Any:
        lane = self.idle.pop() if self.idle else self._lane()
        try:
            with without_main():
                future = lane.submit(work, job)
        except BrokenExecutor:
            # It died while it was idle.
            self.lanes.remove(lane)
            lane.shutdown(wait=False)
            lane = self._lane()
            with without_main():
                future = lane.submit(work, job)
        future.lane = lane  # type: ignore[attr-defined]
        return future

    def wait(self) -> tuple[Any, Any, BaseException | None]:
        number, future = self._done.get()
        job = self.running.pop(number)
        lane = future.lane
        try:
            result = future.result()
        except MemoryError as error:
            self.idle.append(lane)
            return job, None, error
        except BrokenExecutor as error:
            self.lanes.remove(lane)
            lane.shutdown(wait=False)
            return job, None, error
        self.idle.append(lane)
        return job, result, None

    def close(self) -> None:
        """Stop all workers: those that work as well, which remove their temporary files first."""
        busy = bool(self.running)
        processes = [process for lane in self.lanes for process in (getattr(lane, "_processes", None) or {}).values()]
        for lane in self.lanes:
            lane.shutdown(wait=False, cancel_futures=True)
        if busy:
            for process in processes:
                process.terminate()
        for process in processes:
            process.join(STOP_S)
            if process.is_alive():
                process.kill()
                process.join(STOP_S)
        for lane in self.lanes:
            lane.shutdown(wait=True)
        self.lanes, self.idle = [], []


@contextmanager
def without_main() -> Iterator[None]:
    """Start a process that does not run the caller's script again: nothing in it is needed there."""
    main = sys.modules.get("__main__")
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        if main is not None:
            sys.modules["__main__"] = main


def _begin(threads: int, style: str) -> None:
    """Begin a worker process."""
    import signal
    import threading

    # A terminal sends Ctrl-C to all processes of a command; the one that was started decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Unwind: temporary files are removed.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # What libraries write has no place in a table of results.
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    prepare(threads, style)


def _end_with(parent: Any) -> None:
    """End when the parent is gone, however it ended: nobody waits for the result."""
    parent.join()
    os._exit(1)
