"""The process that a command runs in: its standard streams, and what happens when somebody stops it.

Standard output holds data and standard error what we say, nothing else: libraries that write to either by their
number write to nowhere. A stream that is closed or full stops nothing that does not need it.
"""

from __future__ import annotations

import _thread
import contextlib
import io
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import Any

from embroider_prep.errors import OutputError

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

PATIENCE_S = 5.0
"""Clearing up takes well under a second: whoever asks again after this long wants an end at once."""

AGAIN_S = 1.0
"""When a stop that nobody has answered is raised again.

What a signal raises is lost now and then: in `__del__` and other callbacks, and where the interpreter itself looks
whether something has an attribute.
"""

_stopped_at: float | None = None
_stopped_by = 0
_raised = False
_answered = False


def prepare() -> None:
    """Take over the standard streams and the signals of this process."""
    _occupy_streams()
    _part_from_libraries()
    if not sys.warnoptions:
        # What a library would like its programmer to know is nothing for the person at the machine.
        warnings.simplefilter("ignore")
    sys.unraisablehook = _unraisable
    for number in SIGNALS:
        # What the caller chose to ignore (nohup, a job in the background) stays ignored.
        with contextlib.suppress(ValueError):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    """Unwind, which removes temporary files; while that goes on, further signals wait."""
    global _stopped_at, _stopped_by, _raised
    now = time.monotonic()
    if _stopped_at is None:
        _stopped_at, _stopped_by = now, number
    elif now - _stopped_at > PATIENCE_S and not _answered:
        os._exit(128 + number)
    if _raised or _answered:
        return
    _raised = True
    _remind_later()
    if _stopped_by == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + _stopped_by)


def _remind_later() -> None:
    timer = threading.Timer(AGAIN_S, _remind)
    timer.daemon = True
    timer.start()


def _remind() -> None:
    """Send the signal once more when what it raised has not arrived."""
    global _raised
    if _answered:
        return
    _raised = False
    if hasattr(signal, "pthread_kill"):
        # A real one, that also ends a wait of the main thread.
        signal.pthread_kill(threading.main_thread().ident or 0, _stopped_by)
    else:
        _thread.interrupt_main(signal.Signals(_stopped_by))


def answer() -> None:
    """Say that a stop has arrived: it is not raised again."""
    global _answered
    _answered = True


def stop_code() -> int:
    """Return the exit code that shells expect when somebody has stopped this process, else 0.

    Whatever fails after a stop fails because of it: libraries make errors of their own of what unwinds them.
    """
    return 128 + _stopped_by if _stopped_at is not None else 0


def _unraisable(problem: Any) -> None:
    """A stop that is lost in a callback of the interpreter comes again and needs no words."""
    if not stop_code():
        sys.__unraisablehook__(problem)


def _occupy_streams() -> None:
    """Open what the caller has closed: the next file would get its number, and somebody's messages as content."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # A standard output that was closed is one that nothing can be written to.
            os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115, open until the process ends


class _Stream(io.FileIO):
    """A standard stream whose failures are said as ours are."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"standard output: cannot write: {error.strerror}", hint="send it to a file or another program"
            ) from error


def _part_from_libraries() -> None:
    """Move our streams to numbers that no library knows; what is written to 1 and 2 goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for name, number in (("stdout", 1), ("stderr", 2)):
        before = getattr(sys, name)
        if before is not None:
            with contextlib.suppress(OSError):
                before.flush()
        # A terminal that cannot show a letter is no reason to stop.
        ours = io.TextIOWrapper(
            io.BufferedWriter(_Stream(os.dup(number), "w")),
            encoding=getattr(before, "encoding", None) or "utf-8",
            errors="backslashreplace",
            line_buffering=number == 2 or os.isatty(number),
        )
        os.dup2(nowhere, number)
        setattr(sys, name, ours)
    os.close(nowhere)


def settle() -> bool:
    """Write out what is buffered, and say whether standard output took all of it; nothing complains later."""
    whole = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, OutputError):
            whole = whole and stream is not sys.stdout
            with contextlib.suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
    return whole


@contextlib.contextmanager
def saying() -> Iterator[None]:
    """Around what is said on standard error: that nobody can hear it stops nothing."""
    with contextlib.suppress(OSError, ValueError, AttributeError, OutputError):
        yield
