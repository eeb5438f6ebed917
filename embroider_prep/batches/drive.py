"""Jobs are given to a pool, as many as there is room and memory for, and their results come as they are ready."""

from __future__ import annotations

from collections.abc import Iterator

from embroider_prep.batches.job import BatchResult, Job, run
from embroider_prep.batches.memory import KEPT_FREE, available_bytes, needed_bytes
from embroider_prep.batches.pools import Pool, Processes, Work

LOST = "its worker process was lost, and once more when it was tried alone; most often memory ran out"
LOST_HINT = "use a smaller picture, --px-per-mm or --width; fewer --jobs leave more memory to each"


def drive(waiting: Iterator[Job], pool: Pool, work: Work = run) -> Iterator[BatchResult]:
    """Give jobs to a pool, as many as it and the memory have room for, and give their results as they come.

    A photo whose worker is lost is tried once more when nothing else is under way.
    """
    free = int(available_bytes() * (1 - KEPT_FREE)) if isinstance(pool, Processes) else None
    needs: dict[int, int] = {}
    lost: list[Job] = []
    following: Job | None = next(waiting, None)
    full = False
    while (following is not None and not full) or pool.running:
        while following is not None and not full and len(pool.running) < pool.room:
            need = 0 if free is None else needed_bytes(following)
            taken = sum(needs[job.number] for job in pool.running.values()) if free is not None else 0
            if free is not None and pool.running and taken + need > free:
                break
            needs[following.number] = need
            pool.start(work, following)
            following = next(waiting, None)
        job, found, gone = pool.wait()
        needs.pop(job.number, None)
        if gone is not None or any(result.out_of_memory for result in found):
            lost.append(job)
            continue
        full = full or any(result.disk_full for result in found)
        yield from found
    for job in lost:
        if full:
            break
        pool.start(work, job)
        _, found, gone = pool.wait()
        yield from found if gone is None else _given_up(job)


def _given_up(job: Job) -> Iterator[BatchResult]:
    """Say that a photo cannot be done here; the digest keeps the next run from trying."""
    digests = _digests(job)
    for variant in job.variants:
        yield BatchResult(
            photo=job.shown, stem=variant.stem, number=job.number, status="failed", error=LOST, hint=LOST_HINT,
            digest=digests.get(variant.stem, ""),
        )  # fmt: skip


def _digests(job: Job) -> dict[str, str]:
    import hashlib

    from embroider_prep.batches.storage import read_source
    from embroider_prep.conversion import digest_of
    from embroider_prep.errors import EmbroiderPrepError

    try:
        data = job.data if job.data is not None else read_source(job.source)
        sha256 = hashlib.sha256(data).hexdigest()
        return {variant.stem: digest_of(variant.options, sha256) for variant in job.variants}
    except (EmbroiderPrepError, OSError):
        return {}
