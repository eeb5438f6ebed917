"""Somebody else's program (a network) run within bounds: it can be stopped, it has an end, and it leaves memory.

The work goes to a thread of its own, for only the main thread hears signals and only between two lines of Python.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from embroider_prep.errors import ModelError

Result = TypeVar("Result")

LOOK_S = 0.05
"""How often the clock is looked at."""

GRACE_S = 5.0
"""How long a cancelled run may take to come back: it looks for that between two operators."""

THREAD = "embroider-prep model"


def run_bounded(
    work: Callable[[], Result], cancel: Callable[[], None], *, seconds: float, more_bytes: int | None, what: str
) -> Result:
    """Return what ``work`` returns, or stop it.

    Parameters
    ----------
    work : callable
    cancel : callable
        Asks ``work`` to give up; called from another thread.
    seconds : float
        Longest time.
    more_bytes : int or None
        Most address space that may be taken on top of what the process has (Linux; elsewhere there is no such bound);
        None: no bound. It holds for all threads of the process while ``work`` runs.
    what : str
        Name for messages.

    Raises
    ------
    ModelError
        When the time is over.
    BaseException
        What ``work`` raises; KeyboardInterrupt or SystemExit of a signal, once ``work`` has come back.
    """
    results: list[Result] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    end = time.monotonic() + seconds
    with _address_space(more_bytes):
        threading.Thread(target=run, name=THREAD, daemon=True).start()
        try:
            while not done.wait(LOOK_S):
                if time.monotonic() > end:
                    cancel()
                    done.wait(GRACE_S)
                    raise ModelError(
                        f"{what}: no result after {seconds:g} s; stopped",
                        hint="smaller tiles (--tile 256) take less time; if it never ends, it is not a style model",
                    )
        except (KeyboardInterrupt, SystemExit):
            cancel()
            done.wait(GRACE_S)
            raise
    if errors:
        raise errors[0]
    return results[0]


def still_running() -> bool:
    """Say whether a run that was cancelled has not come back: the interpreter cannot end in good order then."""
    return any(thread.name == THREAD and thread.is_alive() for thread in threading.enumerate())


@contextlib.contextmanager
def _address_space(more_bytes: int | None) -> Iterator[None]:
    """Let the process grow by no more than ``more_bytes`` within the block."""
    here = None if more_bytes is None else _size_bytes()
    if here is None or more_bytes is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = here + more_bytes
    if resource.RLIM_INFINITY != soft <= wanted:
        yield
        return
    try:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    except (OSError, ValueError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _size_bytes() -> int | None:
    """Return the address space of this process in bytes, where the system tells (Linux)."""
    try:
        import resource

        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError, IndexError):
        return None
