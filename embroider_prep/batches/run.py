"""`batch`: all photos of a list, as their results come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from embroider_prep.batches.job import Again, BatchResult, Job, Variant, Wanted, cores_for, run
from embroider_prep.batches.lists import Lists
from embroider_prep.batches.memory import KEPT_FREE, available_bytes, needed_bytes
from embroider_prep.batches.overrides import apply, read_overrides
from embroider_prep.batches.pools import Executor, Pool, Processes, Work
from embroider_prep.batches.sources import find_photos
from embroider_prep.batches.state import Failures, locked
from embroider_prep.batches.storage import Folder, Place, place_at
from embroider_prep.errors import FormatError, OptionsError, OutputError
from embroider_prep.options import ConvertOptions

LOST = "its worker process was lost, and once more when it was tried alone; most often memory ran out"
LOST_HINT = "use a smaller picture, --px-per-mm or --width; fewer --jobs leave more memory to each"

PhotoSource = str | Path | bytes


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a batch will do: one job a photo, and where results go (None: they come back)."""

    jobs: tuple[Job, ...]
    place: Place | None
    failures: Failures
    overrides: Mapping[str, Mapping[str, str]]


def batch(
    sources: Iterable[PhotoSource],
    options: ConvertOptions | None = None,
    *,
    output: str | Path | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    shared: bool = False,
    formats: Sequence[str] = (),
    hoops: Sequence[str] = (),
    preview: bool = True,
    contact: bool = True,
    sheet: bool | Literal["html", "pdf"] | Sequence[Literal["html", "pdf"]] = False,
    paper: str = "a4",
    overrides: str | Path | None = None,
    again: Again = "none",
    force: bool = False,
    **values: Any,
) -> Iterator[BatchResult]:
    """Convert many photos, and give each result as it comes.

    What is wrong is said before this function returns; the work begins with the first result that is asked for. What
    an earlier run has made of the same photo, options, model and version is not made again. Behind the last result
    the lists are written: ``summary.csv``, ``threads.csv``, ``schedule.csv``, ``contact.html`` and ``contact.pdf``.

    Parameters
    ----------
    sources : iterable of str, Path or bytes
        Files, folders, patterns, addresses (``s3://``), ``sample:NAME``; see `batches.sources.find_photos`.
    options : ConvertOptions, optional
        For all photos.
    output : str or Path, optional
        Folder or address for the results; folders of photos are mirrored there. Without one the files come back in
        ``BatchResult.content``.
    executor : executor, optional
        Any of `concurrent.futures`, or a Dask client; default: worker processes of its own.
    jobs : int, optional
        Photos at a time; default: cores that this process may use, each worker with its share of threads.
    cluster : str, optional
        Address of a Dask scheduler (``tcp://host:8786``), or ``local`` for one of its own.
    shared : bool
        With a Dask cluster: its workers see photos and output under the same names; else files travel as bytes.
    formats : sequence of str
        Suffixes of the stitch files, ``("pes", "dst")``; default: the machine's.
    hoops : sequence of str
        One result for each, named after it; default: that of the options.
    preview, sheet, paper, force
        As in `Conversion.save`; the report is always written.
    contact : bool
        Contact sheet of all results, as HTML and PDF.
    overrides : str or Path, optional
        Table of what is different for single photos: see `batches.overrides`.
    again : {"none", "failed", "all"}
        What is done again though an earlier run has done it: nothing, what failed, all.
    **values
        Single options by name: ``width_mm=90, threads=8``.

    Yields
    ------
    BatchResult

    Raises
    ------
    EmbroiderPrepError
        Before the first photo: no photos, wrong options, an output that cannot be used, another run on it. A photo
        that fails is a result, not an error.
    """
    kinds = ("html",) if sheet is True else () if sheet is False else (sheet,) if isinstance(sheet, str) else sheet
    wanted = Wanted(preview=preview, pairs=contact, sheets=tuple(kinds), paper=paper, force=force)
    planned = plan_batch(
        sources, (options or ConvertOptions()).with_values(values), output=output, formats=formats, hoops=hoops,
        wanted=wanted, overrides=overrides, again=again,
    )  # fmt: skip
    return run_batch(planned, executor=executor, jobs=jobs, cluster=cluster, shared=shared)


def plan_batch(
    sources: Iterable[PhotoSource],
    options: ConvertOptions,
    *,
    output: str | Path | None = None,
    formats: Sequence[str] = (),
    hoops: Sequence[str] = (),
    wanted: Wanted | None = None,
    overrides: str | Path | None = None,
    again: Again = "none",
) -> Plan:
    """Return what a batch will do, without doing any of it. Parameters and errors as in `batch`."""
    if again not in ("none", "failed", "all"):
        raise OptionsError(f"again: {again!r} is unknown; allowed: none, failed, all")
    place = None if output is None else place_at(output)
    if isinstance(place, Folder) and place.path.exists() and not place.path.is_dir():
        raise OutputError(f"{place}: not a folder", hint="name a folder with -o")
    wanted = replace(wanted or Wanted(), formats=_formats(formats, options))
    found = find_photos(sources, output=output)
    failures = Failures(place)
    own = {} if overrides is None else read_overrides(overrides, found)
    jobs = []
    for number, item in enumerate(found, 1):
        changed = apply(options, own[item.stem], f"{overrides}: {item.shown}") if item.stem in own else options
        variants = tuple(
            Variant(stem=f"{item.stem}-{_word(hoop)}" if hoop and len(hoops) > 1 else item.stem,
                    options=changed if hoop is None else changed.with_values({"hoop": hoop}))
            for hoop in tuple(hoops) or (None,)
        )  # fmt: skip
        jobs.append(
            Job(
                number=number, shown=item.shown, source=item.source, data=item.data, variants=variants, wanted=wanted,
                place=place, again=again, size=item.size,
                failed={v.stem: failures.known[v.stem] for v in variants if v.stem in failures.known},
            )
        )  # fmt: skip
    by_result = {v.stem: own[item.stem] for job, item in zip(jobs, found, strict=True) if item.stem in own
                 for v in job.variants}  # fmt: skip
    return Plan(jobs=tuple(jobs), place=place, failures=failures, overrides=by_result)


def _word(hoop: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in hoop.lower())


def _formats(names: Sequence[str], options: ConvertOptions) -> tuple[str, ...]:
    from embroider_prep.formats import FORMATS, find_format
    from embroider_prep.machines import candidate_hoops, find_machine

    machine = find_machine(options.write.machine)
    candidate_hoops(options.write.hoop, machine)
    if not names:
        first = next((name for name in machine.formats if FORMATS[name].writes), None)
        if first is None:
            raise OptionsError(f"no format of the machine is written here: {', '.join(machine.formats)}",
                               hint="name one with --format")  # fmt: skip
        return (FORMATS[first].suffix.lstrip("."),)
    try:
        found = [find_format(f".{name.lstrip('.')}", to="write").suffix.lstrip(".") for name in names]
    except FormatError as error:
        raise OptionsError(error.message, hint=error.hint) from error
    return tuple(dict.fromkeys(found))


@contextmanager
def _held(place: Place | None) -> Iterator[None]:
    if place is None:
        yield
        return
    if isinstance(place, Folder):
        place.local("any")
    with locked(place):
        yield


def run_batch(
    planned: Plan,
    *,
    executor: Executor | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    shared: bool = False,
) -> Iterator[BatchResult]:
    """Do what was planned; parameters as in `batch`."""
    from embroider_prep.runtime import cores

    if executor is not None and cluster is not None:
        raise OptionsError("executor and cluster are both given; allowed is one of them")
    if jobs is not None and jobs < 1:
        raise OptionsError(f"jobs: {jobs} is out of range; allowed: 1 or more", hint="leave it out for all cores")
    workers = min(jobs or cores(), max(1, len(planned.jobs)))
    style = planned.jobs[0].variants[0].options.stylize.style if planned.jobs else "none"

    def results() -> Iterator[BatchResult]:
        with _held(planned.place):
            pool, work = _pool(planned, executor or cluster, workers, style=style, shared=shared), planned.jobs
            if isinstance(executor or cluster, str) or _is_client(executor):
                work = _for_cluster(work, shared or cluster == "local")
            lists = Lists(planned.place, planned.overrides, pairs=planned.jobs[0].wanted.pairs)
            try:
                for result in drive(iter(work), pool):
                    planned.failures.note(result)
                    lists.add(result)
                    yield result
            finally:
                pool.close()
                planned.failures.settle()
                lists.write()

    return results()


def _pool(planned: Plan, executor: Any, workers: int, *, style: str, shared: bool) -> Pool:
    from embroider_prep.runtime import cores

    if executor is None:
        return Processes(workers, threads=cores_for(workers, cores()), style=style)
    if isinstance(executor, str) or _is_client(executor):
        from embroider_prep.batches.cluster import Dask

        return Dask(executor, workers=workers, shared=shared, style=style)
    return Pool(executor, 2 * (getattr(executor, "_max_workers", None) or cores()))


def _is_client(executor: Any) -> bool:
    # Asked of the name of its module: importing Dask takes a second.
    return type(executor).__module__.partition(".")[0] == "distributed"


def _for_cluster(jobs: Sequence[Job], shared: bool) -> tuple[Job, ...]:
    from embroider_prep.batches.cluster import absolute, check_travels

    if not shared:
        for options in {variant.options for job in jobs for variant in job.variants}:
            check_travels(options)
    return tuple(absolute(job) for job in jobs)


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
