"""Photos and results between computers that do not see the same files: both go as bytes."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from embroider_prep.batches.job import BatchResult, Job, failed, known, pair_name, real_path
from embroider_prep.batches.storage import Folder, is_address, read_source
from embroider_prep.errors import EmbroiderPrepError


def before_sending(job: Job) -> tuple[Job, list[BatchResult] | None]:
    """Return a job whose photo travels with it and whose files come back; or its results, when there are some already.

    For workers that see neither the photo nor the output.
    """
    place = job.place
    if is_address(job.source) and not isinstance(place, Folder):
        return job, None
    try:
        data = job.data if job.data is not None else read_source(real_path(job.source))
    except EmbroiderPrepError as error:
        return job, [failed(job, variant, error) for variant in job.variants]
    from embroider_prep.conversion import digest_of

    sha256 = hashlib.sha256(data).hexdigest()
    there: list[BatchResult] = []
    for variant in job.variants:
        try:
            digest = digest_of(variant.options, sha256)
            found = known(job, variant, digest, data)
        except EmbroiderPrepError as error:
            digest, found = "", failed(job, variant, error)
        if found is not None:
            there.append(replace(found, digest=digest))
    if len(there) == len(job.variants):
        return job, there
    # Of several hoops those that are there are made once more: one photo travels once.
    return replace(job, data=data, place=None if isinstance(place, Folder) else place, failed={}), None


def bring_home(job: Job, sent: Job, found: list[BatchResult]) -> list[BatchResult]:
    """Write what came back from another computer where it belongs."""
    from embroider_prep.targets import Guard

    if job.place is None or sent.place is not None:
        return found
    out = []
    for result, variant in zip(found, job.variants, strict=True):
        home = result
        if result.status != "failed":
            try:
                guard = Guard([], [], force=job.wanted.force)
                job.place.write(result.content, guard)
                if result.pair:
                    job.place.write({pair_name(variant.stem): result.pair})
                files = tuple(f"{job.place}/{name}" for name in result.content)
                home = replace(result, files=files, content={}, pair=b"")
            except EmbroiderPrepError as error:
                home = replace(failed(job, variant, error), digest=result.digest)
        out.append(home)
    return out
