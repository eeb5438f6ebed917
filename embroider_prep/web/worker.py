"""What runs in a worker process: takes jobs from a pipe, one after the other, and says how they go."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

TELL_S = 0.08
"""Steps are told no more often than that."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a worker may take: memory, and the size of one file. None: what the system allows."""

    memory_bytes: int | None = None
    file_bytes: int | None = None


class Stopped(Exception):
    """Raised within a job that was cancelled."""


class Talk:
    """How a job says what it does; each word may raise `Stopped`."""

    def __init__(self, send: Callable[[tuple[Any, ...]], None], number: int, stopped: Callable[[], bool]) -> None:
        self._send, self._number, self._stopped = send, number, stopped
        self._last, self._step = 0.0, ""

    def step(self, step: str, done: int, total: int) -> None:
        """Take what the pipeline tells."""
        self.check()
        now = time.monotonic()
        if step != self._step or now - self._last > TELL_S:
            self._last, self._step = now, step
            self._send(("step", self._number, step, done, total))

    def part(self, data: Any) -> None:
        """Hand over a part of the result."""
        self.check()
        self._send(("part", self._number, data))

    def check(self) -> None:
        if self._stopped():
            raise Stopped


def main(pipe: Connection, limits: Limits, nice: int) -> None:
    """Work until the other end of the pipe is closed."""
    # Ctrl-C reaches all processes of a terminal: the server ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o077)
    if nice and hasattr(os, "nice"):
        os.nice(nice)
    _limit(limits)
    jobs: queue.SimpleQueue[tuple[int, str, dict[str, Any]]] = queue.SimpleQueue()
    cancelled: set[int] = set()
    threading.Thread(target=_listen, args=(pipe, jobs, cancelled), daemon=True).start()
    work = import_module("embroider_prep.web.work")
    while True:
        number, kind, values = jobs.get()
        talk = Talk(pipe.send, number, lambda number=number: number in cancelled)  # type: ignore[misc]
        answer: tuple[Any, ...]
        try:
            answer = ("done", number, work.run(kind, values, talk), _resident_bytes())
        except Stopped:
            answer = ("stopped", number)
        except BaseException as error:
            answer = ("failed", number, *work.words(error, values))
        cancelled.discard(number)
        with contextlib.suppress(BrokenPipeError):
            pipe.send(answer)


def _listen(pipe: Connection, jobs: queue.SimpleQueue[Any], cancelled: set[int]) -> None:
    while True:
        try:
            what, number, *rest = pipe.recv()
        except (EOFError, OSError):
            # The server is gone.
            os._exit(0)
        if what == "cancel":
            cancelled.add(number)
        else:
            jobs.put((number, *rest))


def _limit(limits: Limits) -> None:
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.file_bytes is not None:
        # A write that goes too far is an error, not the end of the process.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
    if limits.memory_bytes is not None and sys.platform == "linux":
        # What is written to memory; address space alone is no cost, and drivers reserve a lot of it.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0
