"""What the tests of `batch` share: an executor without processes, small photos, and a folder's content."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

SMALL = {"width_mm": 20.0, "threads": 3}
LISTS = ("summary.", "threads.", "schedule.", "contact")
FLAGS = ("--width", "20mm", "--threads", "3")


class Here:
    """Does the work at once, in this process."""

    def submit(self, work: Callable[[Any], Any], /, job: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(job))
        return future


def draw(seed: int = 0, width: int = 120, height: int = 80) -> npt.NDArray[np.uint8]:
    """Return a picture of a few large discs."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    out = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(3):
        x, y, radius = rng.integers(10, width - 10), rng.integers(10, height - 10), rng.integers(15, 35)
        out[(columns - x) ** 2 + (rows - y) ** 2 < radius**2] = rng.integers(0, 256, 3)
    return out


def save(path: Path, seed: int = 0, **size: int) -> Path:
    """Write such a picture to a file; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw(seed, **size)).save(path)
    return path


def content(folder: Path, *, lists: bool = True) -> dict[str, bytes]:
    """Return all files below a folder, without what a batch keeps for itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".embroider-prep-batch" not in path.parts and (lists or not path.name.startswith(LISTS))
    }
