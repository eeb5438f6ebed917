"""Photos as they arrive in a folder: only whole files, each once for what it holds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from embroider_prep.batches.job import Job
from embroider_prep.batches.plan import Plan
from embroider_prep.batches.sources import Item, find_photos
from embroider_prep.errors import InputError, OptionsError

LOOK_S = 2.0
"""How often a folder is looked at; a file that did not change in between has been copied."""

PATIENCE_S = 60.0
"""A file without its end that did not grow for so long will not: what is wrong with it is said."""

ENDS = {b"\xff\xd8\xff": b"\xff\xd9", b"\x89PNG\r\n\x1a\n": b"IEND", b"GIF8": b";"}
"""What files begin with, and what stands within their last bytes."""

END_BYTES = 4096
"""Cameras and phones write something behind the end of a JPEG file."""


def is_whole(path: str | Path) -> bool:
    """Say whether a file has its end; of kinds that have none, any file has."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(8)
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - END_BYTES))
            end = file.read()
    except OSError:
        # Said when its turn comes.
        return True
    mark = next((mark for begin, mark in ENDS.items() if start.startswith(begin)), b"")
    return bool(start) and mark in end


def arrivals(
    planned: Plan, folders: Sequence[str | Path], *, output: str | Path, pause: Callable[[float], object] = time.sleep
) -> Iterator[tuple[Job, ...]]:
    """Give the jobs of photos that have arrived, look after look, without end; empty when there are none.

    Parameters
    ----------
    planned : Plan
        Without photos.
    folders : sequence of str or Path
    output : str or Path
        Nothing below it is a photo.
    pause : callable (seconds)
        Waits until the next look.

    Raises
    ------
    OptionsError
        When one of them is no folder.
    """
    for folder in folders:
        if not Path(folder).is_dir():
            raise OptionsError(f"watch: {folder} is not a folder", hint="name the folder that photos arrive in")
    taken: dict[str, tuple[int, int]] = {}
    seen: dict[str, tuple[tuple[int, int], float]] = {}
    while True:
        ready: list[Item] = []
        for item in _there(folders, output):
            state = _state(item.source)
            if state is None or taken.get(item.source) == state:
                continue
            before, since = seen.get(item.source, (None, 0.0))
            if before != state:
                # A file that is old already has not to be waited for.
                old = time.time() - state[1] / 1e9 > LOOK_S
                since = time.monotonic() - (LOOK_S if old else 0.0)
                seen[item.source] = (state, since)
            still_s = time.monotonic() - since
            if still_s >= LOOK_S and (is_whole(item.source) or still_s >= PATIENCE_S):
                taken[item.source] = state
                seen.pop(item.source, None)
                ready.append(item)
        yield planned.with_photos(ready).jobs
        if not ready:
            pause(LOOK_S)


def _there(folders: Sequence[str | Path], output: str | Path) -> list[Item]:
    try:
        return find_photos(folders, output=output)
    except InputError:
        # Empty so far: one of several folders may be, so each is asked by itself.
        out = []
        for folder in folders if len(folders) > 1 else ():
            out += _there([folder], output)
        return out


def _state(source: str) -> tuple[int, int] | None:
    try:
        found = Path(source).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
