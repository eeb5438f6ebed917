"""How much memory a photo will need, before it is started: a large one does not take the others down."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

from embroider_prep.batches.job import Job
from embroider_prep.batches.sources import SAMPLE
from embroider_prep.batches.storage import is_address
from embroider_prep.limits import MAX_SIDE_MM

WORKER_BYTES = 300 << 20
"""What a worker holds that converts small photos: Python, its modules, the networks that look at a photo."""

PHOTO_BYTES = 16
"""Most bytes for each pixel of the photo at a time: 7 to 9 measured at 12 and 50 megapixels; mending takes more."""

DESIGN_BYTES = 400
"""Most bytes for each pixel of the working picture: 270 measured on a design of 150 mm."""

LIKELY_PX = 12_000_000
"""Pixels of a photo whose header cannot be read from here."""

KEPT_FREE = 0.15
"""Share of the memory that is left to others."""


def available_bytes() -> int:
    """Return the memory that this computer, or the group of processes that this one belongs to, has left."""
    free = 8 << 30
    with suppress(OSError, ValueError, IndexError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))
    for most, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):
            free = min(free, int(Path(most).read_text()) - int(Path(used).read_text()))
    return max(free, 0)


def needed_bytes(job: Job) -> int:
    """Return how much memory a photo will take, estimated from its header and the size of its design."""
    return int(WORKER_BYTES + photo_pixels(job) * PHOTO_BYTES + _design_pixels(job) * DESIGN_BYTES)


def photo_pixels(job: Job) -> int:
    """Return the pixels of a photo as its header says; a usual number where that cannot be read."""
    if job.data is None and (is_address(job.source) or job.source.startswith(SAMPLE)):
        # The larger the file, the more pixels: JPEG takes a few bits for each.
        return max(LIKELY_PX, job.size * 3)
    from PIL import Image

    # Whatever is wrong with the file is said when it is read. HEIC has no reader here.
    with suppress(Exception):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(job.source if job.data is None else io.BytesIO(job.data)) as image:
                return int(image.width * image.height)
    return min(LIKELY_PX, job.size * 8)


def _design_pixels(job: Job) -> float:
    size = job.variants[0].options.size
    side = size.width_mm or size.height_mm or 150.0
    return float(min(side, MAX_SIDE_MM) * size.px_per_mm) ** 2
