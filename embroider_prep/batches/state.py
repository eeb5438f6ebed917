"""What a run leaves for the next one: who works here now, and which photos have failed."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from embroider_prep.batches.job import BatchResult
from embroider_prep.batches.sources import STATE
from embroider_prep.batches.storage import Folder, Place
from embroider_prep.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows: there a file that is open cannot be removed, which does for a lock.
    fcntl = None  # type: ignore[assignment]

FAILED = f"{STATE}/failed.jsonl"
LOCK = f"{STATE}/lock"

KEPT_EVERY = 20
"""At an address nothing can be added to a file: it is written anew after so many failures, and at the end."""


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Hold a folder for this run; the system gives it back however the run ends.

    At an address there is no lock: two runs there make the same files twice, and nothing worse.

    Raises
    ------
    OutputError
        When another run holds it.
    """
    if not isinstance(place, Folder):
        yield
        return
    path = place.local(LOCK)
    file = _take(path, place)
    try:
        yield
    finally:
        if fcntl is None:
            file.close()
        with suppress(OSError):
            path.unlink()
        file.close()


def _take(path: Path, place: Place) -> BinaryIO:
    while True:
        try:
            if fcntl is None:
                with suppress(OSError):
                    path.unlink()
            file = path.open("a+b" if fcntl is not None else "x+b")
        except FileExistsError:
            raise _busy(path, place) from None
        except OSError as error:
            raise OutputError(
                f"{place}: cannot write there: {error.strerror or error}", hint="write to a folder of your own"
            ) from error
        if fcntl is None:
            break
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise _busy(path, place) from None
        except OSError:
            # File systems without locks: then nobody is kept out.
            break
        if _is_still(path, file):
            break
        # The run that held it has removed it in this moment.
        file.close()
    file.seek(0)
    file.truncate()
    file.write(f"process {os.getpid()} on {platform.node()}".encode())
    file.flush()
    return file


def _is_still(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except OSError:
        return False


def _busy(path: Path, place: Place) -> OutputError:
    who = ""
    with suppress(OSError):
        who = path.read_text(encoding="utf-8", errors="replace").strip()[:200]
    return OutputError(
        f"{place}: another batch is writing there{f' ({who})' if who else ''}",
        hint="wait for its end, or name another folder with -o",
    )


class Failures:
    """Failures of this run and those before, by the name of the result; each is on the disk once it is noted."""

    def __init__(self, place: Place | None) -> None:
        self.place = place
        self.known: dict[str, dict[str, str]] = {}
        self._unwritten = 0
        for line in (b"" if place is None else place.read(FAILED) or b"").splitlines():
            # A run that was killed while it wrote leaves half a line.
            with suppress(ValueError, AttributeError, TypeError):
                row = json.loads(line)
                stem = str(row.pop("stem"))
                if row:
                    self.known[stem] = {str(name): str(value) for name, value in row.items()}
                else:
                    self.known.pop(stem, None)

    def note(self, result: BatchResult) -> None:
        """Keep a failure, or that there is none any more."""
        if result.status != "failed":
            if self.known.pop(result.stem, None) is not None:
                self._add({"stem": result.stem})
        elif not result.earlier and result.digest and not result.disk_full:
            row = {"photo": result.photo, "digest": result.digest, "error": result.error, "hint": result.hint}
            self.known[result.stem] = row
            self._add({"stem": result.stem, **row})

    def _add(self, row: Mapping[str, str]) -> None:
        if isinstance(self.place, Folder):
            # A failure that cannot be noted is tried again by the next run.
            with suppress(OSError), self.place.local(FAILED).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        elif self.place is not None:
            self._unwritten += 1
            if self._unwritten >= KEPT_EVERY:
                self.settle()

    def settle(self) -> None:
        """Write the failures anew, without those that are none any more."""
        if self.place is None:
            return
        self._unwritten = 0
        lines = [json.dumps({"stem": stem, **row}) + "\n" for stem, row in sorted(self.known.items())]
        if lines:
            self.place.write({FAILED: "".join(lines).encode("utf-8")})
        elif self.place.read(FAILED) is not None:
            self.place.remove(FAILED)
