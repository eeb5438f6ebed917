"""How long a batch will take and how much it will write, from the photos' headers alone."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embroider_prep.batches.job import Job
from embroider_prep.batches.memory import photo_pixels
from embroider_prep.batches.storage import Folder

# Processor seconds, areas, files and preview included: sample photos at 20, 40 and 100 mm.
BASE_S, CM2_S, MEGAPIXEL_S = 0.7, 0.075, 0.08
PAINTING_FACTOR = 6.0

# The same designs: stitch file, preview and report.
BASE_BYTES, CM2_BYTES = 40_000, 19_000


def estimate(jobs: Sequence[Job], workers: int | None = None) -> dict[str, Any]:
    """Return a JSON-safe table: photos with their results, seconds, bytes, and what is free.

    Parameters
    ----------
    jobs : sequence of Job
    workers : int, optional
        Default: cores that this process may use.
    """
    from embroider_prep.runtime import cores

    count = min(workers or cores(), max(1, len(jobs)))
    seconds, size, rows = 0.0, 0.0, []
    for job in jobs:
        megapixels = photo_pixels(job) / 1e6
        for variant in job.variants:
            cm2 = _area_cm2(variant.options)
            painting = variant.options.painting.look == "painting"
            seconds += BASE_S + MEGAPIXEL_S * megapixels + CM2_S * cm2 * (PAINTING_FACTOR if painting else 1)
            size += (BASE_BYTES + CM2_BYTES * cm2) * (1 if job.wanted.preview else 0.25)
        rows.append({
            "photo": job.shown,
            "results": [f"{v.stem}.{suffix}" for v in job.variants for suffix in job.wanted.formats],
        })  # fmt: skip
    return {
        "photos": rows, "count": len(jobs), "workers": count, "seconds": round(seconds / count, 1),
        "bytes": round(size), "free_bytes": _free(jobs),
    }  # fmt: skip


def _area_cm2(options: Any) -> float:
    """Return the area of a design; photos are mostly 3 to 2."""
    size = options.size
    if size.width_mm is not None:
        return float(size.width_mm**2 / 150)
    if size.height_mm is not None:
        return float(size.height_mm**2 * 1.5 / 100)
    from embroider_prep.sizing import field_for

    width, height = field_for(3, 2, options.write)
    return min(width, height * 1.5) ** 2 / 150


def _free(jobs: Sequence[Job]) -> int:
    place = jobs[0].place if jobs else None
    path = place.path.resolve() if isinstance(place, Folder) else Path.cwd()
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free
