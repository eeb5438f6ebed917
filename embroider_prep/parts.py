"""Temporary files that become results: locked while somebody writes them, renamed together, swept when nobody does.

A run that is killed cannot clear up. Its temporary files have a name of their own and a lock that the system takes
back with the process: the next run that writes into the folder removes those that nobody holds. Before files are
renamed a list of the renames is written; when a run is killed within them, the next one brings them to their end.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # Windows: there an open file cannot be removed, which does for a lock.
    fcntl = None  # type: ignore[assignment]

PREFIX, SUFFIX = ".embroider-prep-", ".part"
"""Short, so that a target with a name of the longest allowed length still has a temporary one."""

OLD_S = 3600.0
"""Without locks: nobody works on one file for an hour."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

LIST_HEAD = b"embroider-prep renames\n"
"""The first line of a list of renames; then a line of JSON: pairs of the names before and after."""

_swept: set[Path] = set()


@dataclass(eq=False)
class Part:
    """A temporary file beside its target; ``lock`` is a file number that keeps it from being swept."""

    path: Path
    target: Path
    lock: int | None = None

    def open(self) -> BinaryIO:
        """Create the file, hold it, and give it for writing and reading back."""
        sweep(self.path.parent)
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)
        while True:
            number = os.open(self.path, flags, 0o666)
            if self._hold(number):
                return os.fdopen(number, "w+b")
            # Swept by another run in the moment before it was held.
            os.close(number)
            self.let_go()

    def _hold(self, number: int) -> bool:
        if fcntl is None:
            return True
        try:
            self.lock = os.dup(number)
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # File systems without locks: then nothing there is ever swept by its lock either.
            return True
        return self.path.exists()

    def discard(self) -> None:
        """Remove the file if it is still there, and let go of it."""
        with suppress(OSError):
            self.path.unlink()
        self.let_go()

    def let_go(self) -> None:
        """Give the lock back."""
        if self.lock is not None:
            with suppress(OSError):
                os.close(self.lock)
            self.lock = None

    def keep_mode(self) -> None:
        """Give the file the permissions of what it will replace."""
        if self.target.exists():
            with suppress(OSError):
                self.path.chmod(stat.S_IMODE(self.target.stat().st_mode))


def part_for(target: Path) -> Part:
    """Return a temporary file for a target, not yet created."""
    return Part(target.with_name(f"{PREFIX}{os.urandom(6).hex()}{SUFFIX}"), target)


def sweep(folder: Path) -> None:
    """Finish and remove what runs that were killed have left in a folder; once for each folder and process."""
    if folder in _swept:
        return
    _swept.add(folder)
    with suppress(OSError):
        left = [Path(item.path) for item in os.scandir(folder) if _is_part(item.name)]
        # Lists of renames first: what they name is no leftover.
        for path in sorted(left, key=lambda path: not _is_list(path)):
            _sweep(path)


def _is_part(name: str) -> bool:
    return name.startswith(PREFIX) and name.endswith(SUFFIX)


def _is_list(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(LIST_HEAD)) == LIST_HEAD
    return False


def _sweep(path: Path) -> None:
    with suppress(OSError):
        if fcntl is None:
            if time.time() - path.stat().st_mtime > OLD_S:
                _finish(path)
            return
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _finish(path)
        finally:
            os.close(number)


def _finish(path: Path) -> None:
    """Bring a list of renames to its end; remove it, or whatever else was left."""
    if _is_list(path):
        with suppress(ValueError, TypeError):
            for before, after in json.loads(path.read_bytes()[len(LIST_HEAD) :]):
                # Names in this folder alone: a list that somebody else has put here reaches no further.
                if _is_part(before) and Path(before).name == before and Path(after).name == after:
                    with suppress(OSError):
                        path.with_name(before).replace(path.with_name(after))
    path.unlink()


def put_in_place(parts: Sequence[Part]) -> None:
    """Rename all files to their targets, in order: all of them, or (when a rename fails) none.

    Signals wait until it is done. What ``kill -9`` in these microseconds leaves shows in the report, which comes last
    and holds the digests of the others, and is brought to its end by the next run.

    Raises
    ------
    OSError
        With ``filename2`` the target; what stood there before is back in its place.
    """
    with signals_wait():
        renamed: list[tuple[Part, Path | None]] = []
        kept: list[Path | None] = []
        lists: list[Part] = []
        try:
            # Whatever was set aside before one fails is in the list, and removed.
            kept.extend(_set_aside(part.target) if len(parts) > 1 else None for part in parts)
            if len(parts) > 1:
                lists = _list_renames(parts)
            for part, old in zip(parts, kept, strict=True):
                part.path.replace(part.target)
                renamed.append((part, old))
        except BaseException as error:
            for part, old in reversed(renamed):
                with suppress(OSError):
                    old.replace(part.target) if old is not None else part.target.unlink()
            if isinstance(error, OSError):
                error.filename2 = str(parts[min(len(renamed), len(parts) - 1)].target)
            raise
        finally:
            for item in lists:
                item.discard()
            for old in kept:
                if old is not None:
                    with suppress(OSError):
                        old.unlink()
        for folder in {part.target.parent for part in parts}:
            _sync_folder(folder)


def _list_renames(parts: Sequence[Part]) -> list[Part]:
    """Write down what will be renamed, in each folder; held as long as this process lives."""
    out: list[Part] = []
    try:
        for folder in dict.fromkeys(part.target.parent for part in parts):
            pairs = [(part.path.name, part.target.name) for part in parts if part.target.parent == folder]
            out.append(part_for(folder / "renames"))
            with out[-1].open() as file:
                file.write(LIST_HEAD + json.dumps(pairs).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
    except BaseException:
        for item in out:
            item.discard()
        raise
    return out


def _set_aside(target: Path) -> Path | None:
    """Give what stands at a target a second name, to be put back from; None when nothing does."""
    if not target.exists():
        return None
    old = part_for(target).path
    try:
        os.link(target, old)
    except OSError:
        # File systems without hard links, and folders that forbid them.
        shutil.copy2(target, old)
    return old


def _sync_folder(folder: Path) -> None:
    """Write the folder's list of names to the disk; systems that cannot are left as they are."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


@contextlib.contextmanager
def signals_wait() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP wait until the block ends; then they do what they would have done.

    Blocking them for this thread would not do: the system gives them to another one, and Python runs the handler in
    the main thread all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before: dict[int, Any] = {}
    try:
        for number in SIGNALS:
            # A handler that was not set from Python cannot be put back.
            if signal.getsignal(number) is not None:
                before[number] = signal.signal(number, note)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(came):
            signal.raise_signal(number)
