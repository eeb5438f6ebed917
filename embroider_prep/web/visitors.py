"""Who is there, and what each of them has: photos, ways to sew them, versions. Nobody sees what another one has."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embroider_prep.texts import clean_line
from embroider_prep.web.jobs import Job

PREFIX = "embroider-prep-page-"

IDLE_S = 2 * 3600.0
"""A visitor who has not asked for anything for so long is gone, with all files."""

MOST_VISITORS = 16
MOST_PHOTOS = 60
MOST_VERSIONS = 24
MOST_BYTES = 2_000_000_000
"""Of one visitor, on the disk."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


@dataclass(eq=False, kw_only=True)
class Photo:
    """One photo of a visitor, in a folder of its own."""

    id: str
    title: str
    folder: Path
    bytes: int = 0
    size: dict[str, Any] | None = None
    scene: dict[str, Any] | None = None
    ways: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    masks: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    """What runs or waits: look, try, convert; one of each at most."""
    doing: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    count: int = 0

    @property
    def file(self) -> Path:
        """What was uploaded, as it came; it is read by the workers and given to nobody."""
        return self.folder / "photo"

    @property
    def name(self) -> str:
        """What results are named after: letters, digits and lines only."""
        return file_name(self.title)

    def version(self, number: int) -> dict[str, Any] | None:
        """Return a version by its number."""
        return next((one for one in self.versions if one["number"] == number), None)

    def made(self, number: int) -> Path:
        """Return the file of a version's conversion."""
        return self.folder / f"made{number}"

    def next_number(self) -> int:
        self.count += 1
        return self.count

    def keep(self, version: dict[str, Any]) -> None:
        """Add a version; the oldest of many goes."""
        self.versions.append(version)
        while len(self.versions) > MOST_VERSIONS:
            self.made(self.versions.pop(0)["number"]).unlink(missing_ok=True)

    def stop(self) -> None:
        """Cancel all that runs or waits."""
        for job in list(self.jobs.values()):
            job.cancel()

    def row(self) -> dict[str, Any]:
        """Return what the page shows."""
        return {
            "id": self.id, "title": self.title, "name": self.name, "size": self.size, "scene": self.scene,
            "ways": self.ways, "versions": self.versions, "doing": self.doing or None, "error": self.error,
        }  # fmt: skip


@dataclass(eq=False, kw_only=True)
class Visitor:
    """One browser, known by its cookie."""

    key: str
    folder: Path
    language: str = ""
    photos: dict[str, Photo] = field(default_factory=dict)
    seen: float = field(default_factory=time.monotonic)
    uploads: int = 0

    @property
    def bytes(self) -> int:
        return sum(photo.bytes for photo in self.photos.values())

    def add(self, title: str) -> Photo:
        """Make room for a photo; ``title`` is what its sender calls it, and is shown, never used as a path."""
        number = secrets.token_hex(8)
        folder = self.folder / number
        folder.mkdir(mode=0o700)
        photo = Photo(id=number, title=clean_title(title), folder=folder)
        self.photos[number] = photo
        return photo

    def remove(self, photo: Photo) -> None:
        """Forget a photo and its files."""
        photo.stop()
        self.photos.pop(photo.id, None)
        shutil.rmtree(photo.folder, ignore_errors=True)


class House:
    """All visitors, and the folder that holds theirs."""

    def __init__(self) -> None:
        remove_left_over()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self.visitors: dict[str, Visitor] = {}

    def enter(self) -> Visitor:
        """Make a visitor; of many the one that was idle for the longest time goes."""
        while len(self.visitors) >= MOST_VISITORS:
            self.leave(min(self.visitors.values(), key=lambda one: one.seen))
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        visitor = Visitor(key=secrets.token_urlsafe(32), folder=folder)
        self.visitors[visitor.key] = visitor
        return visitor

    def find(self, key: str) -> Visitor | None:
        visitor = self.visitors.get(key)
        if visitor is not None:
            visitor.seen = time.monotonic()
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """Remove a visitor and all files."""
        for photo in list(visitor.photos.values()):
            visitor.remove(photo)
        self.visitors.pop(visitor.key, None)
        shutil.rmtree(visitor.folder, ignore_errors=True)

    def sweep(self, idle_s: float = IDLE_S) -> None:
        """Remove who has been idle for long."""
        now = time.monotonic()
        for visitor in list(self.visitors.values()):
            busy = any(photo.jobs for photo in visitor.photos.values())
            if now - visitor.seen > idle_s and not busy:
                self.leave(visitor)

    async def keep_clean(self) -> None:
        """Sweep now and then."""
        while True:
            await asyncio.sleep(60)
            self.sweep()

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def clean_title(title: str) -> str:
    """Return a photo's name as it is shown: one line, without folders and suffix."""
    line = clean_line(title.replace("\\", "/").rsplit("/", 1)[-1], most=120).strip()
    stem, dot, suffix = line.rpartition(".")
    return (stem if dot and stem and len(suffix) <= 5 else line) or "photo"


def file_name(title: str) -> str:
    """Return a name for files: of plain letters, digits and lines, whatever the title holds."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", title).strip("_")[:40]
    return name if name and not _RESERVED.fullmatch(name) else f"photo_{name}".strip("_")


def remove_left_over() -> None:
    """Remove folders of servers that were killed: ours, by name, owner and a process that is no more."""
    for folder in _folders():
        match = re.match(rf"{PREFIX}(\d+)-", folder.name)
        if match and not _is_running(int(match.group(1))):
            shutil.rmtree(folder, ignore_errors=True)


def _folders() -> Iterator[Path]:
    uid = os.getuid() if hasattr(os, "getuid") else None
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            facts = folder.lstat()
            if stat.S_ISDIR(facts.st_mode) and (uid is None or facts.st_uid == uid):
                yield folder


def _is_running(number: int) -> bool:
    if os.name == "nt":
        # There is no harmless question there: the system's own clean-up has to do.
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
