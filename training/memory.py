"""How much memory a session takes: measured in processes that hold nothing else."""

from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from embroider_prep.stylizer.card import ModelCard
from embroider_prep.stylizer.session import open_session


def memory_per_px(path: Path, card: ModelCard) -> int:
    """Return the bytes that a CPU session takes per pixel of the window, from the peaks of two fresh processes."""
    small, large = (32 * card.stride, 32 * card.stride), (96 * card.stride, 96 * card.stride)
    peaks = []
    for size in (small, large):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            peaks.append(pool.submit(_peak_bytes, path, card, size).result())
    return max(1, round((peaks[1] - peaks[0]) / (large[0] * large[1] - small[0] * small[1])))


def _peak_bytes(path: Path, card: ModelCard, size: tuple[int, int]) -> int:
    session = open_session(path, card, device="cpu")
    for _ in range(2):
        session.run(np.zeros((1, *size, 3), np.uint8))
    return peak_bytes()


def peak_bytes() -> int:
    """Return the most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Unlike getrusage, which a child inherits from its parent.
        match = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        if match:
            return int(match[1]) * 1024
    import resource
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
